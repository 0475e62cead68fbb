//! The catchments of which finer curves are gathered than of the others: gauges, outlets, those that failed, then any, evenly spread.

use std::collections::BTreeSet;

/// Catchments in the order in which they are looked at most, each once.
#[derive(Default)]
pub(super) struct Chosen {
    order: Vec<usize>,
    seen: BTreeSet<usize>,
}

impl Chosen {
    /// Adds these as long as there are fewer than `most`.
    pub(super) fn add(&mut self, catchments: impl IntoIterator<Item = usize>, most: usize) {
        for catchment in catchments {
            if self.order.len() >= most {
                return;
            }
            if self.seen.insert(catchment) {
                self.order.push(catchment);
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// All of them.
    pub(super) fn into_order(self) -> Vec<usize> {
        self.order
    }
}

/// So many of these, from end to end.
pub(super) fn spread(these: &[usize], count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(these.len());
    (0..count).map(move |at| these[at * these.len() / count])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_chosen_once_and_no_more_than_fit() {
        let mut chosen = Chosen::default();
        chosen.add([7, 3, 7], 4);
        let these: Vec<usize> = (0..10).collect();
        chosen.add(spread(&these, 5), 4);
        assert_eq!(chosen.into_order(), [7, 3, 0, 2]);
        assert_eq!(spread(&[4, 6, 7], 5).collect::<Vec<_>>(), [4, 6, 7]);
    }
}
