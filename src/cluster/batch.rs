//! A batch: the orders of one task, as the head wrote them and the task reads them.

use crate::cluster::ids::BatchNumber;
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::execute::order::Order;

/// One order of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchOrder {
    /// What is to be run.
    pub order: Order,
    /// Who else waits for this key.
    pub others: Vec<(ScenarioName, CatchmentId)>,
}

/// The orders of one task.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its place in the package.
    pub number: BatchNumber,
    /// What is to be run, in the order in which the input is read fastest.
    pub orders: Vec<BatchOrder>,
    /// How long all of it would take one core, in seconds.
    pub predicted: f64,
    /// How long an order without a last time takes, in seconds.
    pub mean_wall: f64,
    /// How many tasks that had these orders were lost.
    pub losses: u32,
}
