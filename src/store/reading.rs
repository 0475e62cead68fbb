//! Queries. Nothing here changes the store.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::machine::Machine;
use crate::data::run_cost::RunCost;
use crate::data::scenario::ScenarioName;

use super::{
    Attempt, ColumnSummary, Failed, Last, ResultId, ResultSummary, Store, StoreError, StoredColumn,
};
use crate::store::checksum::{result_checksum, verified};

/// The parts of a catchment's key and those of its recipe, as they were given.
pub(crate) type Parts = (Vec<u8>, Vec<u8>);

/// What a key is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredExplanation {
    /// The digest of the recipe, for [`Store::recipe`].
    pub recipe: Digest,
    /// The catchment's own parts, as they were given.
    pub parts: Vec<u8>,
}

/// The memo of this kind and name; see [`Store::memo`].
pub(super) fn memo(
    connection: &Connection,
    kind: &str,
    name: &str,
) -> rusqlite::Result<Option<Vec<u8>>> {
    let query = "SELECT payload FROM memo WHERE kind = ?1 AND name = ?2";
    let mut statement = connection.prepare_cached(query)?;
    let row = statement.query_row([kind, name], |row| row.get::<_, Vec<u8>>(0));
    let place: [&[u8]; 2] = [kind.as_bytes(), name.as_bytes()];
    let found = row.optional()?;
    Ok(found.and_then(|record| verified(&place, &record).map(<[u8]>::to_vec)))
}

impl Store {
    /// The memo of this kind and name; `None` if there is none or it is damaged, since it can be found out again.
    pub fn memo(&self, kind: &str, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.map_error(memo(&self.connection, kind, name))
    }

    /// A digest that changes whenever a result is added or replaced, or a simulator was run: of the latest result with its content, and
    /// of the latest attempt. A result that replaces another is the latest. One that is removed takes with it what tells that nothing is
    /// left to do, by a trigger.
    pub fn results(&self) -> Result<Digest, StoreError> {
        let query = "SELECT id, seal, (SELECT ifnull(max(id), 0) FROM attempt)
            FROM result ORDER BY id DESC LIMIT 1";
        let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Vec<u8>> {
            let numbers = [row.get::<_, i64>(0)?, row.get(2)?].map(i64::to_le_bytes);
            Ok([numbers.concat(), row.get(1)?].concat())
        };
        let latest = self.map_error(self.connection.query_row(query, [], row).optional())?;
        Ok(Digest::of(&latest.unwrap_or_default()))
    }

    /// What is known of the result of this key; `None` if there is no such result.
    ///
    /// Its columns' bytes are not looked at. [`StoreError::Damaged`] if their descriptions have changed since they
    /// were stored.
    pub fn summary(&self, key: &Digest) -> Result<Option<ResultSummary>, StoreError> {
        let Some((summary, intact)) = self.map_error(summary(&self.connection, key))? else {
            return Ok(None);
        };
        if !intact {
            return Err(self.damaged(key, "its description does not match its seal"));
        }
        Ok(Some(summary))
    }

    /// The keys of all results, damaged ones included.
    pub fn keys(&self) -> Result<Vec<Digest>, StoreError> {
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached("SELECT key FROM result")?;
            let rows = statement.query_map([], |row| digest(row, 0))?;
            rows.collect()
        })())
    }

    /// The named columns of a result, still encoded and unchecked, in the order of `names`.
    ///
    /// [`StoreError::Damaged`] if one of them is not there.
    pub fn columns(
        &self,
        result: ResultId,
        names: &[&str],
    ) -> Result<Vec<StoredColumn>, StoreError> {
        let query = "SELECT result.steps, payload.bytes, series.checksum FROM series
            JOIN result ON result.id = series.result JOIN payload ON payload.id = series.payload
            WHERE series.result = ?1 AND series.name = ?2";
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let found = self.map_error((|| {
                let mut statement = self.connection.prepare_cached(query)?;
                let column = |row: &Row<'_>| {
                    Ok(StoredColumn {
                        steps: count(row, 0)?,
                        bytes: row.get(1)?,
                        checksum: digest(row, 2)?,
                    })
                };
                statement
                    .query_row(params![result.0, name], column)
                    .optional()
            })())?;
            columns.push(match found {
                Some(column) => column,
                None => return Err(self.no_column(result, name)),
            });
        }
        Ok(columns)
    }

    /// The checksum of a result's column, if it has it: equal ones mean equal columns, to the bit.
    pub fn checksum(&self, result: ResultId, name: &str) -> Result<Option<Digest>, StoreError> {
        let query = "SELECT checksum FROM series WHERE result = ?1 AND name = ?2";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let checksum = statement.query_row(params![result.0, name], |row| digest(row, 0));
            checksum.optional()
        })())
    }

    /// The names of a result's columns.
    pub fn column_names(&self, result: ResultId) -> Result<HashSet<String>, StoreError> {
        self.map_error((|| {
            let query = "SELECT name FROM series WHERE result = ?1";
            let mut statement = self.connection.prepare_cached(query)?;
            let names = statement.query_map([result.0], |row| row.get(0))?;
            names.collect()
        })())
    }

    /// Every catchment of a scenario as the last run left it.
    pub fn last(&self, scenario: &ScenarioName) -> Result<HashMap<CatchmentId, Last>, StoreError> {
        let query = "SELECT catchment, key, recipe, failure_code, failure_reason, attempts, wall, user, system,
            peak_bytes FROM state WHERE scenario = ?1";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map([scenario.as_str()], |row| {
                Ok((CatchmentId::new(row.get_ref(0)?.as_str()?), last(row, 1)?))
            })?;
            rows.collect()
        })())
    }

    /// Every catchment of all scenarios as the last run left it, those that the project no longer has included.
    pub fn states(&self) -> Result<HashMap<(ScenarioName, CatchmentId), Last>, StoreError> {
        let query = "SELECT scenario, catchment, key, recipe, failure_code, failure_reason, attempts, wall, user, system,
            peak_bytes FROM state";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map([], |row| {
                let scenario = ScenarioName::known(row.get(0)?);
                let catchment = CatchmentId::new(row.get_ref(1)?.as_str()?);
                Ok(((scenario, catchment), last(row, 2)?))
            })?;
            rows.collect()
        })())
    }

    /// The seconds that the latest good run of every catchment took, in all scenarios.
    pub(crate) fn walls(&self) -> Result<HashMap<(ScenarioName, CatchmentId), f64>, StoreError> {
        let query = "SELECT scenario, catchment, wall FROM state WHERE wall IS NOT NULL";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map([], |row| {
                let scenario = ScenarioName::known(row.get(0)?);
                let catchment = CatchmentId::new(row.get_ref(1)?.as_str()?);
                Ok(((scenario, catchment), row.get(2)?))
            })?;
            rows.collect()
        })())
    }

    /// The parts of the catchment's key and of its recipe, as the last run left them; `None` if there are none, or they are
    /// damaged.
    pub fn parts(
        &self,
        scenario: &ScenarioName,
        catchment: &CatchmentId,
    ) -> Result<Option<Parts>, StoreError> {
        let query = "SELECT key FROM state WHERE scenario = ?1 AND catchment = ?2";
        let key = self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let unit = [scenario.as_str(), catchment.as_str()];
            let key = statement.query_row(unit, |row| digest(row, 0));
            key.optional()
        })())?;
        let Some(key) = key else {
            return Ok(None);
        };
        let Some(StoredExplanation { recipe, parts }) = self.explanation(&key)? else {
            return Ok(None);
        };
        Ok(self
            .recipe(&recipe)?
            .map(|recipe_parts| (parts, recipe_parts)))
    }

    /// What this key is made of; `None` if it is not known or damaged.
    pub fn explanation(&self, key: &Digest) -> Result<Option<StoredExplanation>, StoreError> {
        let query = "SELECT recipe, parts FROM explanation WHERE key = ?1";
        let found = self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let parts = |row: &Row<'_>| Ok((digest(row, 0)?, row.get::<_, Vec<u8>>(1)?));
            statement.query_row([key.as_bytes()], parts).optional()
        })())?;
        Ok(found.and_then(|(recipe, record)| {
            let parts = verified(&[key.as_bytes(), recipe.as_bytes()], &record)?.to_vec();
            Some(StoredExplanation { recipe, parts })
        }))
    }

    /// The parts of the recipe with this digest; `None` if they are not known or damaged.
    pub fn recipe(&self, recipe: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let query = "SELECT parts FROM recipe WHERE digest = ?1";
        let found = self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let parts = statement.query_row([recipe.as_bytes()], |row| row.get::<_, Vec<u8>>(0));
            parts.optional()
        })())?;
        Ok(found.and_then(|record| Some(verified(&[recipe.as_bytes()], &record)?.to_vec())))
    }

    /// The latest attempts at this catchment with the keys they were for, the latest first; at most
    /// [`super::ATTEMPTS_KEPT`].
    pub fn attempts(
        &self,
        scenario: &ScenarioName,
        catchment: &CatchmentId,
    ) -> Result<Vec<(Digest, Attempt)>, StoreError> {
        let query = "SELECT key, started, failure_code, failure_reason, tail, wall, user, system, peak_bytes,
            host, class FROM attempt LEFT JOIN machine ON machine.id = attempt.machine
            WHERE scenario = ?1 AND catchment = ?2 ORDER BY attempt.id DESC";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map([scenario.as_str(), catchment.as_str()], |row| {
                let attempt = Attempt {
                    started: row.get(1)?,
                    failure: failure(row, 2)?,
                    cost: cost(row, row.get(5)?, 6)?,
                    tail: row.get(4)?,
                    machine: machine(row, 9)?,
                };
                Ok((digest(row, 0)?, attempt))
            })?;
            rows.collect()
        })())
    }

    /// The machine that made this key's result, unknown if no machine or no result is.
    pub fn made_on(&self, key: &Digest) -> Result<Machine, StoreError> {
        self.map_error(made_on(&self.connection, key))
    }

    pub(super) fn damaged(&self, key: &Digest, what: &str) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            key: *key,
            what: what.to_owned(),
        }
    }

    fn no_column(&self, result: ResultId, name: &str) -> StoreError {
        let query = "SELECT key FROM result WHERE id = ?1";
        match self.map_error(
            self.connection
                .query_row(query, [result.0], |row| digest(row, 0)),
        ) {
            Ok(key) => self.damaged(&key, &format!("it has no column {name:?}")),
            Err(error) => error,
        }
    }
}

/// The summary of a key's result, and whether its checksum is right.
pub(super) fn summary(
    connection: &Connection,
    key: &Digest,
) -> rusqlite::Result<Option<(ResultSummary, bool)>> {
    let query = "SELECT result.id, steps, seal, name, minimum, maximum, missing, checksum
        FROM result LEFT JOIN series ON series.result = result.id WHERE key = ?1 ORDER BY position";
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query([key.as_bytes()])?;
    let mut found = None;
    while let Some(row) = rows.next()? {
        let (summary, _) = match &mut found {
            Some(found) => found,
            None => found.insert((
                ResultSummary {
                    result: ResultId(row.get(0)?),
                    steps: count(row, 1)?,
                    columns: Vec::new(),
                },
                digest(row, 2)?,
            )),
        };
        if let Some(name) = row.get(3)? {
            summary.columns.push(ColumnSummary {
                name,
                minimum: row.get(4)?,
                maximum: row.get(5)?,
                missing: count(row, 6)?,
                checksum: digest(row, 7)?,
            });
        }
    }
    Ok(found.map(|(summary, checksum)| {
        let intact = result_checksum(key, summary.steps as i64, &summary.columns) == checksum;
        (summary, intact)
    }))
}

/// See [`Store::made_on`].
pub(super) fn made_on(connection: &Connection, key: &Digest) -> rusqlite::Result<Machine> {
    let query =
        "SELECT host, class FROM result JOIN machine ON machine.id = result.machine WHERE key = ?1";
    let mut statement = connection.prepare_cached(query)?;
    let found = statement.query_row([key.as_bytes()], |row| machine(row, 0));
    Ok(found.optional()?.unwrap_or_default())
}

pub(super) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    Ok(Digest::from(row.get::<_, [u8; 32]>(column)?))
}

/// A number that is never negative in a sound store.
pub(super) fn count<T: TryFrom<i64>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let number: i64 = row.get(column)?;
    T::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A state's columns from `key` on.
fn last(row: &Row<'_>, column: usize) -> rusqlite::Result<Last> {
    Ok(Last {
        key: digest(row, column)?,
        recipe: digest(row, column + 1)?,
        failure: failure(row, column + 2)?,
        attempts: row.get(column + 4)?,
        cost: match row.get(column + 5)? {
            None => None,
            Some(wall) => Some(cost(row, wall, column + 6)?),
        },
    })
}

fn failure(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Failed>> {
    let Some(code) = row.get(column)? else {
        return Ok(None);
    };
    let reason: Option<String> = row.get(column + 1)?;
    Ok(Some(Failed {
        code,
        reason: reason.unwrap_or_default(),
    }))
}

/// Host and class from a join that may have found nothing.
fn machine(row: &Row<'_>, column: usize) -> rusqlite::Result<Machine> {
    let host: Option<String> = row.get(column)?;
    let class: Option<String> = row.get(column + 1)?;
    Ok(Machine {
        host: host.unwrap_or_default(),
        class: class.unwrap_or_default(),
    })
}

fn cost(row: &Row<'_>, wall: f64, column: usize) -> rusqlite::Result<RunCost> {
    Ok(RunCost {
        wall,
        user: row.get(column)?,
        system: row.get(column + 1)?,
        peak_bytes: count(row, column + 2)?,
    })
}
