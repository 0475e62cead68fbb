//! What tasks that ended have left over: the runs that they have not done, and what is to be known when those are packed again.

use anyhow::Result;

use super::{Again, OpenPackage};
use crate::cluster::ids::BatchNumber;
use crate::cluster::segment::TaskEnd;
use crate::cluster::standing::{BatchEnd, BatchStanding, Stage};
use crate::plan::key::Key;

impl OpenPackage {
    /// The runs that tasks have not done which have ended since the last call.
    pub(super) fn newly_left_over(&mut self) -> Result<Vec<(Key, Again)>> {
        let ended: Vec<BatchNumber> = (self.standing.batches.iter())
            .filter(|(number, batch)| batch.end.is_some() && !self.returned.contains(number))
            .map(|(number, _)| *number)
            .collect();
        let mut left = Vec::new();
        for number in ended {
            self.returned.insert(number);
            left.extend(self.left_over(number)?);
        }
        Ok(left)
    }

    /// The runs that the task of this batch has not done, which has ended.
    fn left_over(&self, number: BatchNumber) -> Result<Vec<(Key, Again)>> {
        let standing: &BatchStanding = &self.standing.batches[&number];
        let batch = self.batch(number)?;
        let array = self.standing.arrays.get(&standing.array);
        let Some(end) = &standing.end else {
            return Ok(Vec::new());
        };
        let did_nothing = standing.done.is_empty();
        let was_submitted = array.is_some_and(|array| array.stage != Stage::Dropped);
        let fruitless = match end {
            BatchEnd::Told(TaskEnd::Obstacle { .. }) if did_nothing => batch.fruitless + 1,
            BatchEnd::Silent { is_loss: false, .. }
                if did_nothing && was_submitted && !self.standing.cancelled =>
            {
                batch.fruitless + 1
            }
            _ => 0,
        };
        let again = match end {
            BatchEnd::Told(TaskEnd::Time) => Again {
                losses: batch.losses,
                asked: array.map_or(0, |array| array.seconds),
                had_it_all: array.is_some_and(|array| batch.orders.len() <= array.cores as usize),
                ..Again::default()
            },
            BatchEnd::Told(TaskEnd::Cancelled | TaskEnd::Obstacle { .. }) => Again {
                losses: batch.losses,
                ..Again::default()
            },
            // A task that says that it is done, and is not.
            BatchEnd::Told(TaskEnd::Done) => Again {
                losses: batch.losses + 1,
                ..Again::default()
            },
            BatchEnd::Silent { is_loss, .. } => Again {
                losses: batch.losses + u32::from(*is_loss),
                ..Again::default()
            },
        };
        let again = Again { fruitless, ..again };
        let orders = batch.orders.iter().enumerate();
        let orders = orders.filter(|(place, _)| !standing.has(*place));
        Ok(orders.map(|(_, order)| (order.order.key, again)).collect())
    }
}
