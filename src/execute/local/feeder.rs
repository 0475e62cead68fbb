//! The thread that reads the series of the ordered catchments and hands them on as jobs.
//!
//! It alone reads the input during a run, in the order in which that is fastest.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use anyhow::Result;

use super::forcing::Forcing;
use super::job::Job;
use super::{LocalExecutor, LocatedOrder};
use crate::execute::timings::Phase;
use crate::inputs::BadInput;
use crate::plan::series::SeriesReader;

/// What the thread has.
pub(super) struct Feeder<'a> {
    pub(super) executor: &'a LocalExecutor<'a>,
    pub(super) jobs: SyncSender<Job<'a>>,
    pub(super) stop: &'a AtomicBool,
}

impl<'a> Feeder<'a> {
    /// Hands on a job for each of these orders.
    ///
    /// Scenarios that use the same series are served by one reading.
    pub(super) fn feed(&self, orders: &[LocatedOrder<'a>]) -> Result<()> {
        let mut groups: BTreeMap<&[usize], Vec<LocatedOrder<'a>>> = BTreeMap::new();
        for located in orders {
            let columns = self.executor.loaded_study[located.unit.scenario]
                .recipe
                .columns();
            groups.entry(columns).or_default().push(*located);
        }
        for (columns, orders) in groups {
            self.feed_group(columns, orders)?;
        }
        Ok(())
    }

    /// The same for orders that use the same series columns.
    fn feed_group(&self, columns: &[usize], mut orders: Vec<LocatedOrder<'a>>) -> Result<()> {
        let loaded_study = self.executor.loaded_study;
        let Some(first) = orders.first() else {
            return Ok(());
        };
        if columns.is_empty() {
            let _: ControlFlow<()> =
                (orders.iter()).try_for_each(|located| self.hand_on(*located, Ok(Arc::default())));
            return Ok(());
        }
        // Series columns are the same in all scenarios.
        let loaded = &loaded_study[first.unit.scenario];
        let place = |located: &LocatedOrder<'_>| {
            let unit = located.unit;
            loaded_study[unit.scenario].basin.place(unit.catchment)
        };
        orders.sort_by_key(place);
        let places: Vec<usize> = orders.iter().map(place).collect();
        let reader = SeriesReader::open(&loaded.basin, columns)?;
        let reader = reader.with_scratch(self.executor.work_folders.scratch());
        let mut since = Instant::now();
        reader.read(&places, &mut |place, series| {
            let timings = self.executor.run_context.timings;
            timings.add(Phase::Read, since.elapsed());
            let first = places.partition_point(|&other| other < place);
            let sharing = places[first..].partition_point(|&other| other == place);
            let forcing = series.map(|columns| match sharing {
                1 => Arc::new(Forcing::new(columns)),
                _ => Arc::new(Forcing::shared(columns)),
            });
            let mut sharing = orders[first..][..sharing].iter();
            let next = sharing.try_for_each(|located| self.hand_on(*located, forcing.clone()));
            // With the last job that has it, it is gone.
            drop(forcing);
            since = Instant::now();
            next
        })
    }

    /// Hands a job on, unless nobody wants it any more.
    fn hand_on(
        &self,
        LocatedOrder { unit, order }: LocatedOrder<'a>,
        forcing: Result<Arc<Forcing>, BadInput>,
    ) -> ControlFlow<()> {
        let job = Job {
            unit,
            order,
            forcing,
        };
        match self.executor.is_stopping(self.stop) || self.jobs.send(job).is_err() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}
