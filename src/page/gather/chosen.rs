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

/// So many of all, from end to end.
pub(super) fn spread(all: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(all);
    (0..count).map(move |at| at * all / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_chosen_once_and_no_more_than_fit() {
        let mut chosen = Chosen::default();
        chosen.add([7, 3, 7], 4);
        chosen.add(spread(10, 5), 4);
        assert_eq!(chosen.into_order(), [7, 3, 0, 2]);
        assert_eq!(spread(3, 5).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
