//! A batch: the orders of one task, as the head wrote them and the task reads them.
//!
//! Names of scenarios are written once and counted from then on, so that an order takes some 60 bytes: its key, its catchment, its times.
//! What is damaged or cut off is refused whole: a task that did without some of its orders would say that it has done them all.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::frame::{self, FrameError, Frames, write_frame};
use super::ids::BatchNumber;
use super::shared_folder;
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::execute::order::Order;
use crate::plan::key::Key;

const KIND: &str = "batch";
/// Counted up whenever the bytes of any part change.
const VERSION: u32 = 1;
/// Orders in one frame.
const SIDE_BY_SIDE: usize = 4096;

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
    /// How many tasks in a row that had these orders ended without having done any, for a reason that was no order's.
    pub fruitless: u32,
}

/// The first frame of a batch's file.
#[derive(Serialize, Deserialize)]
struct Head {
    number: BatchNumber,
    orders: u64,
    predicted: f64,
    mean_wall: f64,
    losses: u32,
    fruitless: u32,
    scenarios: Vec<ScenarioName>,
}

/// An order as it is written; scenarios by their places in the head's list.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    scenario: u32,
    catchment: &'a str,
    key: Key,
    time_limit: Option<Duration>,
    last_wall: Option<f64>,
    keeps_series: bool,
    #[serde(borrow)]
    others: Vec<(u32, &'a str)>,
}

impl Batch {
    /// Writes it to its place in the package.
    ///
    /// # Errors
    /// With the path, if it can't be written to the disk.
    pub fn write(&self, path: &Path) -> Result<()> {
        let bytes = self
            .bytes()
            .with_context(|| format!("can't write {}", path.display()))?;
        shared_folder::write(path, |file| file.write_all(&bytes))
    }

    /// Reads what [`Batch::write`] wrote.
    ///
    /// # Errors
    /// With the path, if it can't be read or is not whole.
    pub fn read(path: &Path) -> Result<Self> {
        let context = || format!("can't read the batch {}", path.display());
        let file = File::open(path).with_context(context)?;
        Self::parse(BufReader::new(file)).with_context(context)
    }

    /// How many orders the batch at this path has, by its first frame alone.
    ///
    /// # Errors
    /// With the path, if that can't be read or is not whole.
    pub fn count(path: &Path) -> Result<u64> {
        let context = || format!("can't read the batch {}", path.display());
        let file = File::open(path).with_context(context)?;
        let (head, _) = Head::read(BufReader::new(file)).with_context(context)?;
        Ok(head.orders)
    }

    /// The keys of the orders at this path, in their order: without the rest, which takes longer to read.
    ///
    /// # Errors
    /// With the path, if it can't be read or is not whole.
    pub fn keys(path: &Path) -> Result<Vec<Key>> {
        let context = || format!("can't read the batch {}", path.display());
        let file = File::open(path).with_context(context)?;
        let mut keys = Vec::new();
        let keep = |packed: Packed<'_>, _: &[ScenarioName]| {
            keys.push(packed.key);
            Ok(())
        };
        each(BufReader::new(file), keep).with_context(context)?;
        Ok(keys)
    }

    /// Reads a batch from a file's bytes.
    ///
    /// # Errors
    /// If they are no whole batch.
    pub fn parse(reader: impl Read) -> Result<Self> {
        let mut orders = Vec::new();
        let head = each(reader, |packed, scenarios| {
            orders.push(unpacked(packed, scenarios)?);
            Ok(())
        })?;
        Ok(Self {
            number: head.number,
            orders,
            predicted: head.predicted,
            mean_wall: head.mean_wall,
            losses: head.losses,
            fruitless: head.fruitless,
        })
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut places = Places::default();
        let packed: Vec<Packed<'_>> = self
            .orders
            .iter()
            .map(|order| places.packed(order))
            .collect();
        let head = Head {
            number: self.number,
            orders: self.orders.len() as u64,
            predicted: self.predicted,
            mean_wall: self.mean_wall,
            losses: self.losses,
            fruitless: self.fruitless,
            scenarios: places.names.into_iter().cloned().collect(),
        };
        let mut bytes = frame::opening(KIND, VERSION).into_bytes();
        write_frame(&mut bytes, &frame::encode(&head)?)?;
        for packed in packed.chunks(SIDE_BY_SIDE) {
            write_frame(&mut bytes, &frame::encode(packed)?)?;
        }
        Ok(bytes)
    }
}

impl Head {
    /// The head of a batch, and the frames behind it.
    fn read<R: Read>(mut reader: R) -> Result<(Self, Frames<R>)> {
        frame::read_opening(&mut reader, KIND, VERSION..=VERSION)?;
        let mut frames = Frames::new(reader);
        let head = frames.next().ok_or(FrameError::Torn)??;
        Ok((frame::decode(&head)?, frames))
    }
}

/// Names of scenarios, each with its place in the order in which they first came.
#[derive(Default)]
struct Places<'a> {
    names: Vec<&'a ScenarioName>,
    places: HashMap<&'a ScenarioName, u32>,
}

impl<'a> Places<'a> {
    fn of(&mut self, name: &'a ScenarioName) -> u32 {
        *self.places.entry(name).or_insert_with(|| {
            self.names.push(name);
            (self.names.len() - 1) as u32
        })
    }

    fn packed(&mut self, batch_order: &'a BatchOrder) -> Packed<'a> {
        let BatchOrder { order, others } = batch_order;
        let others = others.iter();
        Packed {
            scenario: self.of(&order.scenario),
            catchment: order.catchment.as_str(),
            key: order.key,
            time_limit: order.time_limit,
            last_wall: order.last_wall,
            keeps_series: order.keeps_series,
            others: others
                .map(|(name, id)| (self.of(name), id.as_str()))
                .collect(),
        }
    }
}

/// Hands on each order of a batch with the names of its scenarios; an error unless the batch is whole.
fn each(
    reader: impl Read,
    mut take: impl FnMut(Packed<'_>, &[ScenarioName]) -> Result<()>,
) -> Result<Head> {
    let (head, frames) = Head::read(reader)?;
    let mut orders = 0;
    for content in frames {
        let content = content?;
        let packed: Vec<Packed<'_>> = frame::decode(&content)?;
        orders += packed.len() as u64;
        for packed in packed {
            take(packed, &head.scenarios)?;
        }
    }
    ensure!(orders == head.orders, "it was not written to its end");
    Ok(head)
}

fn unpacked(packed: Packed<'_>, scenarios: &[ScenarioName]) -> Result<BatchOrder> {
    let named = |place: u32| match scenarios.get(place as usize) {
        Some(name) => Ok(name.clone()),
        None => bail!("it has an order of a scenario that it does not name"),
    };
    let others = packed.others.into_iter();
    Ok(BatchOrder {
        order: Order {
            scenario: named(packed.scenario)?,
            catchment: CatchmentId::new(packed.catchment),
            key: packed.key,
            time_limit: packed.time_limit,
            last_wall: packed.last_wall,
            keeps_series: packed.keeps_series,
        },
        others: others
            .map(|(place, id)| Ok((named(place)?, CatchmentId::new(id))))
            .collect::<Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::data::digest::Digest;

    /// So many orders of three scenarios, as a study has them.
    fn batch(orders: u32) -> Batch {
        let names = ["", "diuron", "2,4-D/β"].map(|name| ScenarioName::known(name.to_owned()));
        let order = |number: u32| BatchOrder {
            order: Order {
                scenario: names[number as usize % 3].clone(),
                catchment: CatchmentId::new(format!("{}", 70_000 + number / 3)),
                key: Key(Digest::of(&number.to_le_bytes())),
                time_limit: (!number.is_multiple_of(5))
                    .then(|| Duration::from_secs_f64(f64::from(number) * 1.01)),
                last_wall: (!number.is_multiple_of(7)).then(|| f64::from(number) / 7.0),
                keeps_series: number.is_multiple_of(3),
            },
            others: match number % 11 {
                0 => vec![
                    (names[2].clone(), CatchmentId::new("../x")),
                    (names[0].clone(), CatchmentId::new("")),
                ],
                _ => Vec::new(),
            },
        };
        Batch {
            number: BatchNumber(9),
            orders: (0..orders).map(order).collect(),
            predicted: 1234.5,
            mean_wall: 0.1,
            losses: 2,
            fruitless: 1,
        }
    }

    #[test]
    fn a_batch_is_read_as_it_was_written_and_is_small() {
        let folder = tempfile::tempdir().expect("a folder");
        for orders in [0, 1, 4096, 10_000] {
            let (path, batch) = (folder.path().join("9"), batch(orders));
            batch.write(&path).expect("written");
            assert_eq!(Batch::read(&path).expect("read"), batch);
            let keys = batch.orders.iter().map(|order| order.order.key);
            assert_eq!(Batch::keys(&path).expect("read"), keys.collect::<Vec<_>>());
            assert_eq!(Batch::count(&path).expect("read"), u64::from(orders));
            let size = path.metadata().expect("there").len();
            assert!(
                size < 200 + 65 * u64::from(orders),
                "{orders} orders: {size} bytes"
            );
        }
    }

    #[test]
    fn nothing_of_a_batch_is_read_unless_it_is_whole() {
        let good = batch(20).bytes().expect("written");
        for cut in 0..good.len() {
            assert!(Batch::parse(&good[..cut]).is_err(), "cut at {cut}");
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[cut] ^= 1 << bit;
                assert!(Batch::parse(bad.as_slice()).is_err(), "bit {bit} of {cut}");
            }
        }
        // One frame of two is whole, but it is not all.
        let whole = batch(SIDE_BY_SIDE as u32 + 1).bytes().expect("written");
        let mut frames = Frames::new(&whole[frame::opening(KIND, VERSION).len()..]);
        let lengths: Vec<usize> = frames
            .by_ref()
            .map(|frame| frame.expect("whole").len() + frame::AROUND)
            .collect();
        let error = Batch::parse(&whole[..whole.len() - lengths[2]]).expect_err("cut");
        assert_eq!(error.to_string(), "it was not written to its end");
    }

    #[test]
    fn what_is_no_batch_is_told_with_its_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("9");
        let said = |content: &[u8]| {
            std::fs::write(&path, content).expect("written");
            let error = Batch::read(&path).expect_err("no batch");
            let text = format!("{error:#}");
            let start = format!("can't read the batch {}: ", path.display());
            text.strip_prefix(&start).expect("the path").to_owned()
        };
        assert_eq!(said(b""), "it was not written to its end");
        assert_eq!(
            said(b"rerunoff segment 1\n"),
            "it is no such file of rerunoff's"
        );
        assert_eq!(
            said(b"rerunoff batch 7\n"),
            "its format 7 is not known to this version of rerunoff"
        );
        std::fs::remove_file(&path).expect("removed");
        assert!(Batch::read(&path).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_batch_or_refused(contents in vec(vec(any::<u8>(), 0..100), 0..4)) {
            let mut bytes = frame::opening(KIND, VERSION).into_bytes();
            for content in contents {
                write_frame(&mut bytes, &content).expect("written");
            }
            if let Ok(batch) = Batch::parse(bytes.as_slice()) {
                let again = Batch::parse(batch.bytes().expect("written").as_slice());
                prop_assert_eq!(format!("{:?}", again.expect("read")), format!("{batch:?}"));
            }
        }
    }
}
