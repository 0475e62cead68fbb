//! Sums over a catchment and all upstream of it, time step by time step.
//!
//! The values of each catchment go to a scratch file as they come. Then the network is walked once from the headwaters
//! down: what a catchment receives is added up, its own values are added last, and the sum takes their place in the file.
//! Memory holds one series for each open branch, at most the logarithm of the number of catchments. A missing value makes
//! all sums downstream of it missing, so that no sum is silently too small.

use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result};

use super::ProductContent;
use super::digest::values_digest;
use super::network::Network;
use super::scratch::unnamed;
use crate::data::digest::Digest;
use crate::plan::snapshot::Status;

/// A scratch file with a series of each catchment of one scenario: first its own values, later the sums.
pub(super) struct SumScratch {
    file: File,
    bytes_each: usize,
}

impl SumScratch {
    /// An empty file for series of `values_each` values.
    pub(super) fn create(product: &ProductContent, values_each: usize) -> Result<Self> {
        Ok(Self {
            file: unnamed(&product.spec.path)?,
            bytes_each: 8 * values_each,
        })
    }

    /// Writes a catchment's series.
    pub(super) fn put(&self, catchment: usize, series: &[f64]) -> Result<()> {
        let bytes: Vec<u8> = series
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.file
            .write_all_at(&bytes, (catchment * self.bytes_each) as u64)
            .context("cannot write to the scratch file: is the disk full?")
    }

    /// Reads a catchment's series.
    pub(super) fn get(&self, catchment: usize, series: &mut Vec<f64>) -> Result<()> {
        let mut bytes = vec![0; self.bytes_each];
        self.file
            .read_exact_at(&mut bytes, (catchment * self.bytes_each) as u64)
            .context("cannot read the scratch file")?;
        series.clear();
        series.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|bytes| f64::from_le_bytes(*bytes)),
        );
        Ok(())
    }

    /// Replaces the series of these catchments by sums. All catchments upstream of them are among them; `is_there` says
    /// which have a series.
    pub(super) fn accumulate(
        &self,
        network: &Network,
        these: &[bool],
        is_there: &dyn Fn(usize) -> bool,
    ) -> Result<()> {
        let mut open_sums = OpenSums::new(network, these);
        let mut series = Vec::new();
        for catchment in open_sums.order() {
            if is_there(catchment) {
                self.get(catchment, &mut series)?;
            } else {
                series.clear();
                series.resize(self.bytes_each / 8, f64::NAN);
            }
            open_sums.add(catchment, &mut series, &mut |sum| self.put(catchment, sum))?;
        }
        Ok(())
    }
}

/// Sums in the making: what catchments further down have received so far.
pub(in crate::product) struct OpenSums<'n> {
    network: &'n Network,
    these: &'n [bool],
    /// By catchment.
    received: Vec<Option<Vec<f64>>>,
}

impl<'n> OpenSums<'n> {
    /// For sums over these catchments, among which are all that are upstream of one of them.
    pub(in crate::product) fn new(network: &'n Network, these: &'n [bool]) -> Self {
        Self {
            network,
            these,
            received: vec![None; these.len()],
        }
    }

    /// The catchments in the order in which they have to be [added](Self::add).
    pub(in crate::product) fn order(&self) -> impl Iterator<Item = usize> + use<'n> {
        let these = self.these;
        let order = self.network.order().iter().copied();
        order.filter(|&catchment| these[catchment])
    }

    /// Adds a catchment's own values to what it has received; the sum goes to `take`, and is received further down. What is then in
    /// `own` is of no use.
    pub(in crate::product) fn add(
        &mut self,
        catchment: usize,
        own: &mut Vec<f64>,
        take: &mut dyn FnMut(&[f64]) -> Result<()>,
    ) -> Result<()> {
        let mut sum = self.received[catchment].take().unwrap_or_default();
        if sum.is_empty() {
            std::mem::swap(&mut sum, own);
        } else {
            add(&mut sum, own);
        }
        take(&sum)?;
        let down = self.network.downstream(catchment);
        if let Some(down) = down.filter(|&down| self.these[down]) {
            match &mut self.received[down] {
                Some(before) => add(before, &sum),
                place => *place = Some(sum),
            }
        }
        Ok(())
    }
}

fn add(sum: &mut [f64], values: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
        // Which of many NaNs comes out is the processor's choice; the file needs always the same.
        if sum.is_nan() {
            *sum = f64::NAN;
        }
    }
}

/// For every row the digest of all that its sums are made of: its own values and those upstream of it, in the order in
/// which they are added. `None` if a result among them has no digest.
pub(super) fn upstream_digests(product: &ProductContent) -> Vec<Option<Digest>> {
    let each = product.catchments_each();
    let mut digests = vec![None; product.catchments.len()];
    for (scenario, network) in product.networks.iter().enumerate() {
        let first = scenario * each;
        let mut received: Vec<Option<Vec<u8>>> = vec![Some(Vec::new()); each];
        for &catchment in network.order() {
            let row = &product.catchments[first + catchment];
            let is_known = row.status != Status::Ok || row.content.is_some();
            let parts = received[catchment].take().filter(|_| is_known);
            let digest = parts
                .map(|parts| Digest::of(&[values_digest(row).as_bytes(), b":", &parts].concat()));
            digests[first + catchment] = digest;
            if let Some(down) = network.downstream(catchment) {
                match (&mut received[down], digest) {
                    (Some(parts), Some(digest)) => parts.extend(digest.as_bytes()),
                    (parts, _) => *parts = None,
                }
            }
        }
    }
    digests
}
