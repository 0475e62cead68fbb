//! Submitting: what is to be run is packed, written down as batches, and handed to the engine as array jobs.
//!
//! What is about to be submitted is in the journal before the engine hears of it, since its answer may be lost on the way. Nothing is
//! submitted twice by guessing: see [`super::attend`].

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{Errand, Head, Intake, OpenPackage};
use crate::cluster::batch::{Batch, BatchOrder};
use crate::cluster::engine::{Submission, Submitted, job_script};
use crate::cluster::ids::{ArrayNumber, BatchNumber, Epoch};
use crate::cluster::journal::Event;
use crate::cluster::pack::{Item, Parcel};
use crate::cluster::package::freeze::freeze;
use crate::cluster::package::manifest::Occasion;
use crate::cluster::shared_folder;

impl Head {
    /// Submits as much of an errand as the queue may hold.
    pub(super) fn top_up(
        &mut self,
        errand: &mut Errand<'_>,
        intake: &mut dyn Intake,
    ) -> Result<()> {
        let live = self.live();
        let room = errand.spec.max_queued.saturating_sub(live);
        // Not an array for each task that ends.
        let is_too_little = live > 0 && room < errand.spec.max_queued.div_ceil(4);
        let is_full = errand
            .full_until
            .is_some_and(|until| Instant::now() < until);
        if errand.pending.is_empty() || room == 0 || is_too_little || is_full {
            return Ok(());
        }
        errand.learn();
        if !errand.rules.is_anything_known() && live > 0 {
            // The scouts are not back yet, which perhaps an earlier run sent.
            return Ok(());
        }
        let parcels = errand.rules.pack(&errand.pending, room);
        let open = self.package_of(errand, intake)?;
        let mut submitted = vec![false; errand.pending.len()];
        for array in parcels.chunks(errand.most_tasks.min(parcels.len()).max(1)) {
            if !open.submit(array, errand, intake)? {
                break;
            }
            for at in array.iter().flat_map(|parcel| &parcel.items) {
                submitted[*at as usize] = true;
            }
        }
        let mut submitted = submitted.into_iter();
        errand
            .pending
            .retain(|_| !submitted.next().unwrap_or(false));
        Ok(())
    }

    /// The errand's package, made at its first use.
    fn package_of(
        &mut self,
        errand: &mut Errand<'_>,
        intake: &mut dyn Intake,
    ) -> Result<&mut OpenPackage> {
        let at = match self.packages.iter().position(|open| errand.owns(open)) {
            Some(at) => at,
            None => {
                self.prepare_folder()?;
                self.take_seat()?;
                let (package, manifest) = freeze(
                    &self.folder,
                    errand.study,
                    errand.loaded_study,
                    intake.store(),
                    Occasion {
                        spec: errand.spec,
                        purpose: self.purpose,
                        causes: errand.causes,
                    },
                )?;
                errand.package = Some(manifest.id.clone());
                self.packages.push(OpenPackage::new(package, manifest)?);
                self.packages.len() - 1
            }
        };
        Ok(&mut self.packages[at])
    }

    /// The folder of all packages, for this user alone: job scripts hold variables that were handed on.
    fn prepare_folder(&self) -> Result<()> {
        let context = || format!("can't make {}", self.folder.display());
        fs::create_dir_all(&self.folder).with_context(context)?;
        fs::set_permissions(&self.folder, Permissions::from_mode(0o700)).with_context(context)
    }
}

impl OpenPackage {
    /// Submits these parcels as one array. `false` if the engine takes no more for now; then nothing was submitted.
    fn submit(
        &mut self,
        parcels: &[Parcel],
        errand: &mut Errand<'_>,
        intake: &mut dyn Intake,
    ) -> Result<bool> {
        let array = self.standing.next_array();
        let first = self.standing.next_batch();
        for (number, parcel) in (first.0..).zip(parcels) {
            let orders = parcel.items.iter().map(|at| {
                let Item {
                    unit,
                    key,
                    estimate,
                    ..
                } = errand.pending[*at as usize];
                BatchOrder {
                    order: errand.maker.order(unit, key, &estimate),
                    others: errand.others(&key),
                }
            });
            let batch = Batch {
                number: BatchNumber(number),
                orders: orders.collect(),
                predicted: parcel.predicted,
                mean_wall: parcel.mean_wall,
                losses: parcel.losses,
                fruitless: parcel.fruitless,
            };
            batch.write(&self.package.batch(batch.number))?;
        }
        let memory = parcels.iter().filter_map(|parcel| parcel.memory).max();
        let event = Event::Intend {
            array,
            epoch: Epoch(0),
            first,
            batches: parcels.len() as u32,
            seconds: parcels
                .iter()
                .map(|parcel| parcel.seconds)
                .max()
                .unwrap_or_default(),
            memory: memory.map(|bytes| bytes * errand.memory_factor),
            cores: errand.rules.cores,
            exclude: errand.exclude.iter().cloned().collect(),
        };
        self.note(&event)?;
        match self.hand_over(array, intake)? {
            Submitted::Accepted(_) | Submitted::Unclear(_) => Ok(true),
            Submitted::Full(_) => {
                errand.full_until = Some(Instant::now() + self.pause().max(Duration::from_secs(1)));
                // Perhaps so many are too many at any time.
                errand.most_tasks = (parcels.len() / 2).max(1);
                Ok(false)
            }
            // Perhaps the engine has other names for its nodes.
            Submitted::Refused(_) if !errand.exclude.is_empty() => {
                errand.exclude.clear();
                Ok(false)
            }
            Submitted::Refused(why) => {
                bail!(
                    "{} refused the tasks: {why}; `rerunoff check` tells more, `rerunoff run --local` runs here",
                    self.manifest.spec.engine
                )
            }
        }
    }

    /// Hands an array to the engine, which has been intended.
    pub(super) fn hand_over(
        &mut self,
        number: ArrayNumber,
        intake: &mut dyn Intake,
    ) -> Result<Submitted> {
        let array = self.standing.arrays[&number].clone();
        let script = self.package.script(number, array.epoch);
        let text = job_script(
            &self.package,
            &self.manifest,
            number,
            array.epoch,
            array.first,
        )?;
        shared_folder::write(&script, |file| {
            file.set_permissions(Permissions::from_mode(0o700))?;
            file.write_all(text.as_bytes())
        })?;
        let name = self.job_name(number, &array);
        let submitted = self.engine.submit(&Submission {
            name: &name,
            script: &script,
            tasks: array.batches,
            seconds: array.seconds,
            memory: array.memory,
            cores: array.cores,
            exclude: &array.exclude,
        });
        let (array, epoch) = (number, array.epoch);
        match &submitted {
            Submitted::Accepted(job) => self.note(&Event::Got {
                array,
                epoch,
                job: job.clone(),
            })?,
            Submitted::Refused(why) => self.refuse(array, why)?,
            Submitted::Full(why) => {
                self.refuse(array, why)?;
                let engine = self.manifest.spec.engine;
                let message =
                    format!("{engine} takes no more tasks for now ({why}); the rest waits");
                self.say_once(message, &mut |text| intake.say(text));
            }
            Submitted::Unclear(why) => {
                self.unclear = Some(why.clone());
                self.missing.insert(array, Instant::now() + self.patience());
                let engine = self.manifest.spec.engine;
                let message = format!(
                    "{engine} gave no clear answer ({why}); it is asked whether it has the job {name}"
                );
                self.say_once(message, &mut |text| intake.say(text));
            }
        }
        Ok(submitted)
    }

    /// The engine does not want an array. Its runs are as if they had never been handed over.
    fn refuse(&mut self, number: ArrayNumber, why: &str) -> Result<()> {
        let array = &self.standing.arrays[&number];
        let (epoch, batches) = (array.epoch, array.numbers());
        self.returned.extend(batches);
        self.note(&Event::Refused {
            array: number,
            epoch,
            why: why.to_owned(),
        })
    }
}
