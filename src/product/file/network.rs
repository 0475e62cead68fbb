//! Which catchment drains into which, and so the order in which sums over all upstream are made.
//!
//! Every catchment has at most one downstream, so they form a forest whose roots are the outlets. The order is depth first,
//! the largest tributary first: then the number of open sums never exceeds the logarithm of the number of catchments. The
//! order depends on the links alone, and so do the bits of the sums. Pure; nothing recurses, so rivers may be long.

use std::collections::HashMap;
use std::fmt;

use crate::data::value::Value;
use crate::text::wording::{self, Quotes};

/// Where a catchment drains to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkLink {
    /// Out of the basin.
    Outlet,
    /// Into the catchment of this id.
    To(String),
}

impl From<Option<&Value>> for NetworkLink {
    /// No value, an empty text, 0 and negative numbers (also as text) mean an outlet.
    fn from(value: Option<&Value>) -> Self {
        match value {
            None => Self::Outlet,
            Some(Value::Integer(number)) if *number <= 0 => Self::Outlet,
            Some(Value::Number(number)) if number.is_nan() || *number <= 0.0 => Self::Outlet,
            // Tables of GIS programs have whole numbers as floating point ones.
            Some(Value::Number(number)) if number.fract() == 0.0 => {
                Self::To(format!("{number:.0}"))
            }
            Some(Value::Text(text)) => {
                let text = text.trim();
                let is_mark =
                    text.is_empty() || text.parse().is_ok_and(|n: f64| n.is_nan() || n <= 0.0);
                if is_mark {
                    Self::Outlet
                } else {
                    Self::To(text.to_owned())
                }
            }
            Some(other) => Self::To(other.to_string()),
        }
    }
}

/// Why links do not make a network.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// A link leads nowhere.
    Unknown {
        /// The catchment with the link.
        catchment: String,
        /// The id that no catchment has.
        link: String,
        /// The id that was probably meant, as a message adds it; empty if none comes close.
        hint: String,
    },
    /// Water would flow in a circle. The catchments, with the first one again at the end.
    Cycle(Vec<String>),
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown {
                catchment,
                link,
                hint,
            } => {
                write!(
                    f,
                    "catchment {catchment} drains into {link:?}, which is neither a catchment nor the mark of an outlet (nothing, 0 or a negative number){hint}"
                )
            }
            Self::Cycle(ids) => {
                // Of a long way round, both ends show where it is.
                let way = match ids.len() {
                    0..=12 => ids.join(" → "),
                    many => format!(
                        "{} → … → {}",
                        ids[..6].join(" → "),
                        ids[many - 6..].join(" → ")
                    ),
                };
                write!(
                    f,
                    "catchments drain in a circle of {}: {way}",
                    ids.len() - 1
                )
            }
        }
    }
}

/// The links of all catchments, free of circles.
#[derive(Clone, Debug)]
pub struct Network {
    downstream: Vec<Option<usize>>,
    order: Vec<usize>,
}

impl Network {
    /// The network of these catchments, each with its link; ids are unique.
    pub fn new(ids: &[&str], links: &[NetworkLink]) -> Result<Self, NetworkError> {
        let places: HashMap<&str, usize> =
            ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let place = |(id, link): (&&str, &NetworkLink)| match link {
            NetworkLink::Outlet => Ok(None),
            NetworkLink::To(to) => match places.get(to.as_str()) {
                Some(place) => Ok(Some(*place)),
                None => Err(NetworkError::Unknown {
                    catchment: (*id).to_owned(),
                    link: to.clone(),
                    hint: wording::hint(to, ids.iter().copied(), Quotes::Double)
                        .unwrap_or_default(),
                }),
            },
        };
        let downstream: Vec<Option<usize>> =
            ids.iter().zip(links).map(place).collect::<Result<_, _>>()?;
        let sizes = sizes(&downstream).map_err(|at| {
            let onward = std::iter::successors(downstream[at], |&next| downstream[next]);
            let mut way = vec![at];
            way.extend(onward.take_while(|&next| next != at));
            way.push(at);
            NetworkError::Cycle(way.into_iter().map(|at| ids[at].to_owned()).collect())
        })?;
        let order = depth_first(&downstream, &sizes);
        Ok(Self { downstream, order })
    }

    /// Where a catchment drains to.
    pub(in crate::product) fn downstream(&self, catchment: usize) -> Option<usize> {
        self.downstream[catchment]
    }

    /// All catchments, each after all upstream of it. Those that drain into the same one come in the order in which they are
    /// added.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// Whether the catchments drain alike.
    pub(in crate::product) fn has_same_links(&self, other: &Self) -> bool {
        self.downstream == other.downstream
    }

    /// These catchments and all downstream of them.
    pub(in crate::product) fn with_downstream(&self, mut these: Vec<bool>) -> Vec<bool> {
        for &catchment in &self.order {
            if let Some(down) = self.downstream[catchment].filter(|_| these[catchment]) {
                these[down] = true;
            }
        }
        these
    }

    /// These catchments and all upstream of them.
    pub(in crate::product) fn with_upstream(&self, mut these: Vec<bool>) -> Vec<bool> {
        for &catchment in self.order.iter().rev() {
            these[catchment] |= self.downstream[catchment].is_some_and(|down| these[down]);
        }
        these
    }
}

/// How many catchments drain through each, itself included. The error is a catchment in a circle.
fn sizes(downstream: &[Option<usize>]) -> Result<Vec<usize>, usize> {
    let mut open = vec![0_usize; downstream.len()];
    downstream
        .iter()
        .flatten()
        .for_each(|&down| open[down] += 1);
    let mut ready: Vec<usize> = (0..downstream.len()).filter(|&at| open[at] == 0).collect();
    let mut sizes = vec![1; downstream.len()];
    while let Some(at) = ready.pop() {
        if let Some(down) = downstream[at] {
            sizes[down] += sizes[at];
            open[down] -= 1;
            if open[down] == 0 {
                ready.push(down);
            }
        }
    }
    // What never became ready waits for itself, and nothing is downstream of a circle.
    open.iter()
        .position(|&open| open > 0)
        .map_or(Ok(sizes), Err)
}

fn depth_first(downstream: &[Option<usize>], sizes: &[usize]) -> Vec<usize> {
    let mut upstream: Vec<Vec<usize>> = vec![Vec::new(); downstream.len()];
    for (at, down) in downstream.iter().enumerate() {
        if let Some(down) = down {
            upstream[*down].push(at);
        }
    }
    // Of equal sizes the first in the product's order.
    upstream
        .iter_mut()
        .for_each(|these| these.sort_by_key(|&at| std::cmp::Reverse(sizes[at])));
    let mut order = Vec::with_capacity(downstream.len());
    for outlet in (0..downstream.len()).filter(|&at| downstream[at].is_none()) {
        let mut path = vec![(outlet, 0)];
        while let Some((at, next)) = path.last_mut() {
            if let Some(&further) = upstream[*at].get(*next) {
                *next += 1;
                path.push((further, 0));
            } else {
                order.push(*at);
                path.pop();
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(links: &[(&str, &str)]) -> Result<Network, NetworkError> {
        let ids: Vec<&str> = links.iter().map(|(id, _)| *id).collect();
        let links: Vec<NetworkLink> = links
            .iter()
            .map(|(_, to)| NetworkLink::from(Some(&Value::Text((*to).to_owned()))))
            .collect();
        Network::new(&ids, &links)
    }

    #[test]
    fn the_largest_part_comes_first() {
        let found = network(&[("a", "c"), ("b", "d"), ("c", "d"), ("d", "0"), ("e", "")]);
        assert_eq!(found.expect("a network").order(), [0, 2, 1, 3, 4]);
    }

    #[test]
    fn marks_of_outlets_are_known() {
        for value in [
            Value::Integer(0),
            Value::Integer(-9999),
            Value::Number(0.0),
            Value::Number(f64::NAN),
        ] {
            assert_eq!(
                NetworkLink::from(Some(&value)),
                NetworkLink::Outlet,
                "{value:?}"
            );
        }
        for text in ["", " ", "0", "-1", "-9999.0", "nan"] {
            assert_eq!(
                NetworkLink::from(Some(&Value::Text(text.to_owned()))),
                NetworkLink::Outlet,
                "{text:?}"
            );
        }
        assert_eq!(NetworkLink::from(None), NetworkLink::Outlet);
        let to = |text: &str| NetworkLink::To(text.to_owned());
        assert_eq!(
            NetworkLink::from(Some(&Value::Number(70007.0))),
            to("70007")
        );
        assert_eq!(NetworkLink::from(Some(&Value::Integer(70007))), to("70007"));
        assert_eq!(
            NetworkLink::from(Some(&Value::Text(" weir 7".to_owned()))),
            to("weir 7")
        );
    }

    #[test]
    fn what_is_no_network_is_named() {
        let error = network(&[("70001", "70002"), ("70002", "7003"), ("70003", "0")]);
        assert_eq!(
            error.expect_err("an error").to_string(),
            "catchment 70002 drains into \"7003\", which is neither a catchment nor the mark of an outlet (nothing, 0 or a negative number); did you mean \"70003\"?"
        );
        let error = network(&[("x", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("d", "")]);
        assert_eq!(
            error.expect_err("an error").to_string(),
            "catchments drain in a circle of 3: a → b → c → a"
        );
        let error = network(&[("a", "a")]);
        assert_eq!(
            error.expect_err("an error").to_string(),
            "catchments drain in a circle of 1: a → a"
        );
    }

    #[test]
    fn upstream_is_all_of_it() {
        let found = network(&[("a", "c"), ("b", "d"), ("c", "d"), ("d", "0"), ("e", "")]);
        let these = found
            .expect("a network")
            .with_upstream(vec![false, false, true, false, true]);
        assert_eq!(these, [true, false, true, false, true]);
        let found = network(&[("a", "c"), ("b", "d"), ("c", "d"), ("d", "0"), ("e", "")]);
        let these = found
            .expect("a network")
            .with_downstream(vec![true, false, false, false, false]);
        assert_eq!(these, [true, false, true, true, false]);
    }
}
