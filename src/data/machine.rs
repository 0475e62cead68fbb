//! The machine that a simulator ran on: its name, and the class of what computes in it.
//!
//! Two machines of one class are expected to give the same bits; of two classes nobody can tell before trying. What a class is made
//! of is [`crate::system::machine`]'s business: here it is a text, and equal or not.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A machine. Both texts are empty where it is not known, as for what earlier versions stored.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Machine {
    /// Its name in the network.
    pub host: String,
    /// The class of its processor and mathematical library: `x86_64-v4, AMD EPYC 9554 64-Core Processor, glibc 2.36`.
    pub class: String,
}

impl Machine {
    /// Whether anything is known of it.
    pub fn is_known(&self) -> bool {
        !self.host.is_empty()
    }
}

/// `node7 (x86_64-v4, …)`.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_known() {
            true => write!(f, "{} ({})", self.host, self.class),
            false => f.write_str("an unknown machine"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_named_with_its_class() {
        let machine = Machine {
            host: "node7".to_owned(),
            class: "x86_64-v4, glibc 2.36".to_owned(),
        };
        assert_eq!(machine.to_string(), "node7 (x86_64-v4, glibc 2.36)");
        assert_eq!(Machine::default().to_string(), "an unknown machine");
    }
}
