//! One pass over a scenario's results: every series that is wanted, catchment by catchment, its own values and sums over all upstream.
//!
//! Whatever is made of whole series without a file is made in such a pass: numbers, and the curves of a page. Each result is decoded once for
//! every group of axes, and memory holds a few catchments and the open sums, however many there are. What becomes of a series is the
//! caller's.

use std::collections::HashMap;

use anyhow::{Context, Result};

use super::super::file::{AxisGroup, OpenSums, ProductContent, ProductRow, RowSummary};
use super::super::gauges::Comparisons;
use super::super::results::{find_results, leave_out_lacking};
use super::super::{axes, decode, describe, gauges};
use crate::data::catchment::CatchmentId;
use crate::plan::snapshot::ScenarioSnapshot;
use crate::project::Project;
use crate::project::product_spec::SummaryVariable;
use crate::store::{ResultId, Store, StoredColumn};
use crate::system::parallel::ordered;

/// About so many values go to a thread at a time: those of several catchments where they are few, as handing each over alone takes
/// longer than decoding it.
const VALUES_AT_ONCE: usize = 2048;

/// A variable's values in a catchment.
pub(crate) struct Seen<'s> {
    content: &'s ProductContent,
    /// The axes that the values lie over.
    pub(crate) group: &'s AxisGroup<'s>,
    /// The catchment, by its place in the product.
    pub(crate) row: usize,
    /// The variable, by number.
    pub(crate) variable: usize,
    /// Time step by time step, and within each along the further dimension; NaN is missing.
    pub(crate) values: &'s [f64],
}

impl Seen<'_> {
    /// The variable's summaries in this catchment.
    pub(crate) fn summaries(&self) -> Vec<RowSummary> {
        (self.content).summarise(self.group, self.row, self.variable, self.values)
    }
}

/// Which series are to be seen: by the variable's number and the catchment's place.
pub(crate) type IsWanted<'a> = dyn Fn(usize, usize) -> bool + Sync + 'a;

/// Makes something of a series, on any thread.
pub(crate) type See<'a, M> = dyn Fn(&Seen<'_>) -> Result<M> + Sync + 'a;

/// Takes what was made, on the calling thread, always in the same order.
pub(crate) type Take<'a, M> = dyn FnMut(M) -> Result<()> + 'a;

/// A scenario as it was, with its results.
pub(crate) struct ScenarioResults {
    content: ProductContent,
    results: Vec<Option<ResultId>>,
    left_out: Vec<String>,
}

impl ScenarioResults {
    /// Finds all results of a scenario snapshot, for these summaries in place of the project's. Variables that these results lack are
    /// left out.
    ///
    /// # Errors
    /// If a result was collected or is damaged; if the product needs what the snapshot has not.
    pub(crate) fn open(
        project: &Project,
        store: &Store,
        scenario_snapshot: &ScenarioSnapshot,
        summaries: Vec<SummaryVariable>,
    ) -> Result<Self> {
        let (time, results) = find_results(store, scenario_snapshot)?;
        let mut content = describe::describe(project, scenario_snapshot, 1)?;
        content.spec.summaries = summaries;
        let mut left_out = leave_out_lacking(&mut content, &results, store)?;
        let unknown = axes::give(&mut content, project, time.as_ref(), &results, store)?;
        left_out.extend(unknown);
        gauges::give(&mut content, project, &mut Comparisons::default())?;
        Ok(Self {
            content,
            results,
            left_out,
        })
    }

    /// The project's variables that these results lack.
    pub(crate) fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The product that they would make.
    pub(crate) fn content(&self) -> &ProductContent {
        &self.content
    }

    /// Whether a catchment has a result.
    pub(crate) fn has(&self, row: usize) -> bool {
        self.results[row].is_some()
    }

    /// Whether a catchment drains into no other; of none where it is not known how they drain.
    pub(crate) fn is_outlet(&self, row: usize) -> bool {
        let network = self.content.networks.first();
        network.is_some_and(|network| network.downstream(row).is_none())
    }

    /// By row: whether the values of the catchment itself are the same in another state of this scenario.
    pub(crate) fn same_values(&self, other: &Self) -> Vec<bool> {
        let places = other.content.catchments.iter().enumerate();
        let places: HashMap<&CatchmentId, usize> = places.map(|(at, row)| (&row.id, at)).collect();
        let has_same_axes = self.content.axes == other.content.axes;
        let bits = |scalars: &[f64]| -> Vec<u64> { scalars.iter().map(|x| x.to_bits()).collect() };
        let is_same = |(at, row): (usize, &ProductRow)| {
            let Some(&place) = places.get(&row.id).filter(|_| has_same_axes) else {
                return false;
            };
            let there = &other.content.catchments[place];
            match (self.has(at), other.has(place)) {
                (true, true) => {
                    row.content == there.content && bits(&row.scalars) == bits(&there.scalars)
                }
                (here, there) => here == there,
            }
        };
        self.content
            .catchments
            .iter()
            .enumerate()
            .map(is_same)
            .collect()
    }

    /// By row: whether the sums over all upstream are the same, where the values of these catchments themselves are.
    pub(crate) fn same_sums(&self, other: &Self, same_values: &[bool]) -> Vec<bool> {
        let networks = (
            self.content.networks.first(),
            other.content.networks.first(),
        );
        let (Some(network), Some(there)) = networks else {
            return vec![false; same_values.len()];
        };
        let [ids, ids_there] =
            [self, other].map(|it| it.content.catchments.iter().map(|row| &row.id));
        // Other links add up in another order.
        if !network.has_same_links(there) || !ids.eq(ids_there) {
            return vec![false; same_values.len()];
        }
        network
            .with_downstream(same_values.iter().map(|is_same| !is_same).collect())
            .into_iter()
            .map(|is_changed| !is_changed)
            .collect()
    }

    /// Sees every series that is wanted. Of a catchment without a result there are none but sums, which are missing.
    pub(crate) fn visit<M: Send>(
        &self,
        store: &Store,
        threads: usize,
        is_wanted: &IsWanted<'_>,
        see: &See<'_, M>,
        take: &mut Take<'_, M>,
    ) -> Result<()> {
        for group in self.content.axis_groups() {
            let pass = GroupPass::of(&self.content, is_wanted, group);
            pass.run(&self.results, store, threads, see, take)?;
        }
        Ok(())
    }
}

/// The pass over the variables that lie over the same axes.
pub(super) struct GroupPass<'a> {
    content: &'a ProductContent,
    is_wanted: &'a IsWanted<'a>,
    group: AxisGroup<'a>,
    /// The variables whose values are the catchments' own, and those that are sums.
    own: Vec<usize>,
    sums: Vec<usize>,
    /// By catchment: whether an own variable is wanted; whether it goes into a sum.
    is_own: Vec<bool>,
    is_summed: Vec<bool>,
}

/// What a thread has made of a catchment's result.
struct Made<M> {
    row: usize,
    own: Vec<M>,
    /// The catchment's values that go into sums, variable by variable.
    series: Vec<f64>,
}

impl<'a> GroupPass<'a> {
    pub(super) fn of(
        content: &'a ProductContent,
        is_wanted: &'a IsWanted<'a>,
        group: AxisGroup<'a>,
    ) -> Self {
        let is_sum = |variable: &usize| content.spec.variables[*variable].upstream.is_some();
        let (sums, own): (Vec<usize>, Vec<usize>) =
            group.variables.iter().partition(|it| is_sum(it));
        let of_any = |variables: &[usize]| -> Vec<bool> {
            let rows = 0..content.catchments.len();
            rows.map(|row| variables.iter().any(|&it| is_wanted(it, row)))
                .collect()
        };
        let is_own = of_any(&own);
        let is_summed = match content.networks.first() {
            Some(network) if !sums.is_empty() => network.with_upstream(of_any(&sums)),
            _ => vec![false; content.catchments.len()],
        };
        Self {
            content,
            is_wanted,
            group,
            own,
            sums,
            is_own,
            is_summed,
        }
    }

    /// Reads the results and has each wanted series seen.
    pub(super) fn run<M: Send>(
        &self,
        results: &[Option<ResultId>],
        store: &Store,
        threads: usize,
        see: &See<'_, M>,
        take: &mut Take<'_, M>,
    ) -> Result<()> {
        let headers: Vec<&str> = self.content.headers().collect();
        let headers: Vec<&str> = self.group.columns.iter().map(|&at| headers[at]).collect();
        let network = self.content.networks.first();
        let mut open_sums = network.map(|network| OpenSums::new(network, &self.is_summed));
        // Those that go into sums as the sums want them, then the others.
        let in_order = open_sums.as_ref().map(OpenSums::order);
        let others = (0..results.len()).filter(|&row| self.is_own[row] && !self.is_summed[row]);
        let rows: Vec<usize> = in_order.into_iter().flatten().chain(others).collect();
        let values = self.group.rows().max(1) * headers.len().max(1);
        let fetch = |row: usize| {
            let columns = results[row].map(|result| store.columns(result, &headers));
            let context = || format!("{}: cannot fetch its result", self.content.row_name(row));
            Ok((row, columns.transpose().with_context(context)?))
        };
        let fetched = rows.chunks((VALUES_AT_ONCE / values).max(1)).map(|rows| {
            // One look at the file for all.
            let _transaction = store.read_transaction()?;
            let fetched = rows.iter().map(|&row| fetch(row));
            fetched.collect::<Result<Vec<_>>>()
        });
        let work = |fetched: Vec<(usize, Option<Vec<StoredColumn>>)>| {
            let rows = fetched.into_iter();
            let made = rows.map(|(row, columns)| self.row(row, columns, see));
            made.collect::<Result<Vec<_>>>()
        };
        ordered(threads, fetched, &work, &mut |all: Vec<Made<M>>| {
            for mut made in all {
                for own in made.own {
                    take(own)?;
                }
                let Some(open_sums) = open_sums.as_mut().filter(|_| self.is_summed[made.row])
                else {
                    continue;
                };
                open_sums.add(made.row, &mut made.series, &mut |sum| {
                    self.see_sums(made.row, sum, see, take)
                })?;
            }
            Ok(())
        })
    }

    /// What is wanted of a catchment's result. Without one, all sums with it are missing.
    fn row<M>(
        &self,
        row: usize,
        columns: Option<Vec<StoredColumn>>,
        see: &See<'_, M>,
    ) -> Result<Made<M>> {
        let context = || format!("{}: cannot decode its result", self.content.row_name(row));
        let columns = columns.map(|columns| decode(&columns)).transpose();
        let columns = columns.with_context(context)?;
        let mut made = Made {
            row,
            own: Vec::new(),
            series: Vec::new(),
        };
        let values = |variable: usize| {
            let columns = columns.as_deref();
            let values =
                columns.map(|columns| self.content.values(&self.group, row, variable, columns));
            values.transpose()
        };
        let own = self.own.iter();
        for &variable in own.filter(|variable| (self.is_wanted)(**variable, row)) {
            if let Some(values) = values(variable)? {
                made.own.push(see(&self.seen(row, variable, &values))?);
            }
        }
        for &variable in self.sums.iter().filter(|_| self.is_summed[row]) {
            match values(variable)? {
                Some(values) => made.series.extend_from_slice(&values),
                None => made
                    .series
                    .resize(made.series.len() + self.group.rows(), f64::NAN),
            }
        }
        Ok(made)
    }

    /// The sums of a catchment that are wanted, where the variables have any.
    fn see_sums<M>(
        &self,
        row: usize,
        sum: &[f64],
        see: &See<'_, M>,
        take: &mut Take<'_, M>,
    ) -> Result<()> {
        let id = &self.content.catchments[row].id;
        for (&variable, series) in self.sums.iter().zip(sum.chunks_exact(self.group.rows())) {
            let outlets = self.content.spec.variables[variable].upstream.as_ref();
            let is_there = outlets.is_some_and(|outlets| outlets.contain(id));
            if is_there && (self.is_wanted)(variable, row) {
                take(see(&self.seen(row, variable, series))?)?;
            }
        }
        Ok(())
    }

    fn seen<'s>(&'s self, row: usize, variable: usize, values: &'s [f64]) -> Seen<'s> {
        Seen {
            content: self.content,
            group: &self.group,
            row,
            variable,
            values,
        }
    }
}
