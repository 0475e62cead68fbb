//! GeoPackages (<https://www.geopackage.org/spec140/>): layers of other people's, which lie in SQLite databases.
//!
//! It reads the cells of one column with the blobs beside them, and what a layer says of its reference system. What is in a blob,
//! and what a reference system means, it does not know. Nothing is written, no lock and no journal beside the file, unless a
//! program has left a transaction there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::connection::{at_rest, immutable_uri};
use crate::system::regular;

/// Tables that only a GeoPackage has, both of them where it has layers of shapes.
const OWN_TABLES: [&str; 2] = ["gpkg_contents", "gpkg_geometry_columns"];

/// Whole numbers up to this, 2^53, are exact as floating point ones.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A layer may be a view, and that without end: how many operations of SQLite's it may take to read one, in thousands. It is enough
/// for ten million rows of a table, and a few seconds' work.
const MOST_THOUSANDS: u32 = 200_000;

/// One layer of a GeoPackage.
pub(crate) struct GeoPackageLayer {
    connection: Connection,
    /// How many thousands of operations a statement may take, and how many are left.
    most: u32,
    left: Arc<AtomicU32>,
    path: PathBuf,
    table: String,
    blobs: String,
    /// Its columns but for the one of the blobs, in its order.
    pub columns: Vec<String>,
    /// Its reference system.
    pub reference: SpatialReference,
}

/// What a GeoPackage says of a reference system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SpatialReference {
    /// Nobody knows which it is, but it is a plane.
    Plane,
    /// Nobody knows which it is, but it has longitudes and latitudes.
    LonLat,
    /// It is a known one.
    Known {
        /// Who gave it its number: `EPSG`.
        organization: String,
        /// The number.
        code: i64,
        /// What it is, in well-known text.
        definition: String,
    },
}

impl GeoPackageLayer {
    /// Opens a layer of a GeoPackage: the one of this name, or the only one.
    pub(crate) fn open(path: &Path, name: Option<&str>) -> Result<Self> {
        regular::open(path).context("it can't be opened")?;
        let path = std::path::absolute(path)?;
        let mut connection = connect(&path)?;
        let left = Arc::new(AtomicU32::new(MOST_THOUSANDS));
        let counted = Arc::clone(&left);
        let is_too_much = move || counted.fetch_sub(1, Ordering::Relaxed) <= 1;
        connection.progress_handler(1000, Some(is_too_much))?;
        let own = "SELECT count(*) FROM sqlite_schema WHERE name IN (?1, ?2)";
        let found: i64 = connection
            .query_row(own, OWN_TABLES, |row| row.get(0))
            .context("it is no GeoPackage, or it is damaged")?;
        if found < OWN_TABLES.len() as i64 {
            bail!("it is an SQLite database, but no GeoPackage with layers of shapes");
        }
        let (table, blobs, system) = choose(&connection, name)?;
        let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
        let columns = statement.query_map([&table], |row| row.get(0))?;
        let mut columns = columns.collect::<rusqlite::Result<Vec<String>>>()?;
        drop(statement);
        columns.retain(|column| *column != blobs);
        Ok(Self {
            reference: reference(&connection, system)?,
            connection,
            most: MOST_THOUSANDS,
            left,
            path,
            table,
            blobs,
            columns,
        })
    }

    /// Gives the cells of a column, as texts, to `take`; those without a value are left out.
    pub(crate) fn cells(&self, column: &str, take: &mut dyn FnMut(&str)) -> Result<()> {
        let [column, table] = [column, &self.table].map(quoted);
        // With the table's name before it, a column that is not there is an error and not a text.
        let statement = format!("SELECT t.{column} FROM {table} AS t");
        self.each(&statement, |row| {
            text(row.get_ref(0)?).iter().for_each(|cell| take(cell));
            Ok(())
        })
    }

    /// Gives every row's cell of a column and its blob to `take`; rows without the one or the other are left out.
    pub(crate) fn rows(
        &self,
        column: &str,
        mut take: impl FnMut(String, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let [column, blobs, table] = [column, &self.blobs, &self.table].map(quoted);
        let statement = format!("SELECT t.{column}, t.{blobs} FROM {table} AS t");
        self.each(&statement, |row| {
            match (text(row.get_ref(0)?), row.get_ref(1)?) {
                (Some(cell), ValueRef::Blob(blob)) => take(cell, blob),
                _ => Ok(()),
            }
        })
    }

    fn each(
        &self,
        statement: &str,
        mut take: impl FnMut(&rusqlite::Row<'_>) -> Result<()>,
    ) -> Result<()> {
        self.left.store(self.most, Ordering::Relaxed);
        let damaged = || match self.left.load(Ordering::Relaxed) {
            1.. => format!("{}: it can't be read", self.path.display()),
            0 => "its layer takes too long to read, if it ever ends: is it a view?".to_owned(),
        };
        let mut statement = self.connection.prepare(statement).with_context(damaged)?;
        let mut rows = statement.query([]).with_context(damaged)?;
        while let Some(row) = rows.next().with_context(damaged)? {
            take(row)?;
        }
        Ok(())
    }
}

/// Opens the database so that nothing of it can run.
fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if at_rest(path) {
        let uri = immutable_uri(path);
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
    } else {
        Connection::open_with_flags(path, flags)
    };
    let connection = connection.context("it can't be opened")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// The layer of this name, or the only one: its table, its column with the blobs, the number of its reference system.
fn choose(connection: &Connection, name: Option<&str>) -> Result<(String, String, i64)> {
    let mut statement = connection.prepare(
        "SELECT c.table_name, g.column_name, g.srs_id FROM gpkg_contents c
            JOIN gpkg_geometry_columns g ON lower(g.table_name) = lower(c.table_name)
            WHERE c.data_type = 'features' ORDER BY c.table_name",
    )?;
    let layers = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut layers = layers.collect::<rusqlite::Result<Vec<(String, String, i64)>>>()?;
    let names: Vec<String> = layers
        .iter()
        .map(|layer| format!("{:?}", layer.0))
        .collect();
    let names = names.join(", ");
    if let Some(name) = name {
        return match layers.into_iter().find(|layer| layer.0 == name) {
            Some(layer) => Ok(layer),
            None => bail!("it has no layer {name:?}; its layers are: {names}"),
        };
    }
    match (layers.pop(), layers.is_empty()) {
        (Some(layer), true) => Ok(layer),
        (Some(_), false) => {
            bail!("it has several layers: {names}; name one as `layer` under [report]")
        }
        (None, _) => bail!("it has no layer with shapes"),
    }
}

/// What is known of the reference system of this number.
fn reference(connection: &Connection, number: i64) -> Result<SpatialReference> {
    // The specification reserves these two.
    match number {
        -1 => return Ok(SpatialReference::Plane),
        0 => return Ok(SpatialReference::LonLat),
        _ => {}
    }
    let mut statement = connection.prepare(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1",
    )?;
    let known = statement.query_row([number], |row| {
        Ok(SpatialReference::Known {
            organization: row.get(0)?,
            code: row.get(1)?,
            // Some leave it out where the number is enough.
            definition: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        })
    });
    Ok(known.optional()?.unwrap_or(SpatialReference::Plane))
}

/// A name as SQL writes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What stands in a cell, if it is a text or a number.
fn text(cell: ValueRef<'_>) -> Option<String> {
    match cell {
        ValueRef::Integer(whole) => Some(whole.to_string()),
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() <= EXACT => {
            Some(format!("{number:.0}"))
        }
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).trim().to_owned()),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A GeoPackage with these layers, each with the number of its reference system.
    fn made(path: &Path, layers: &[(&str, i64)]) {
        let connection = Connection::open(path).expect("a database");
        let tables = "CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT);
            CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INTEGER);
            CREATE TABLE gpkg_spatial_ref_sys (srs_id INTEGER, organization TEXT, organization_coordsys_id INTEGER, definition TEXT);
            INSERT INTO gpkg_spatial_ref_sys VALUES (25832, 'EPSG', 25832, 'PROJCS[...]');";
        connection.execute_batch(tables).expect("tables");
        for (name, number) in layers {
            let layer = format!(
                "CREATE TABLE {0} (fid INTEGER PRIMARY KEY, geom BLOB, id REAL, name TEXT);
                INSERT INTO gpkg_contents VALUES ('{1}', 'features');
                INSERT INTO gpkg_geometry_columns VALUES ('{1}', 'geom', {number});
                INSERT INTO {0} VALUES (1, x'47', 70007.0, ' b '), (2, NULL, 2, 'a'), (3, x'48', NULL, 'c'), (4, x'49', 1.5, NULL);",
                quoted(name),
                name.replace('\'', "''"),
            );
            connection.execute_batch(&layer).expect("a layer");
        }
    }

    #[test]
    fn a_layer_gives_its_cells_and_blobs() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("it's 100 %.gpkg");
        made(&path, &[("a \"b\"", 25832)]);
        let layer = GeoPackageLayer::open(&path, None).expect("a layer");
        assert_eq!(layer.columns, ["fid", "id", "name"]);
        let mut cells = Vec::new();
        let taken = layer.cells("id", &mut |cell| cells.push(cell.to_owned()));
        taken.expect("cells");
        assert_eq!(cells, ["70007", "2", "1.5"]);
        let mut rows = Vec::new();
        let taken = layer.rows("name", |cell, blob| {
            rows.push((cell, blob.to_vec()));
            Ok(())
        });
        taken.expect("rows");
        assert_eq!(
            rows,
            [("b".to_owned(), vec![0x47]), ("c".to_owned(), vec![0x48])]
        );
        let known = SpatialReference::Known {
            organization: "EPSG".to_owned(),
            code: 25832,
            definition: "PROJCS[...]".to_owned(),
        };
        assert_eq!(layer.reference, known);
        let beside = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(beside, 1, "something was written beside it");
    }

    #[test]
    fn a_layer_is_named_where_there_are_several() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.gpkg");
        made(&path, &[("rivers", -1), ("basins", 0)]);
        let said = |name| {
            let layer = GeoPackageLayer::open(&path, name).map(|layer| layer.reference);
            layer.map_err(|error| error.to_string())
        };
        let several =
            "it has several layers: \"basins\", \"rivers\"; name one as `layer` under [report]";
        assert_eq!(said(None), Err(several.to_owned()));
        let none = "it has no layer \"x\"; its layers are: \"basins\", \"rivers\"";
        assert_eq!(said(Some("x")), Err(none.to_owned()));
        assert_eq!(said(Some("basins")), Ok(SpatialReference::LonLat));
        assert_eq!(said(Some("rivers")), Ok(SpatialReference::Plane));
    }

    #[test]
    fn a_layer_without_end_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.gpkg");
        made(&path, &[]);
        let all = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS id, x'47' AS geom FROM c";
        // With or without a first row.
        let layers = [("rows", ""), ("none", "WHERE x < 0")].map(|(name, which)| {
            format!(
                "CREATE VIEW {name} AS {all} {which};
                INSERT INTO gpkg_contents VALUES ('{name}', 'features');
                INSERT INTO gpkg_geometry_columns VALUES ('{name}', 'geom', -1);"
            )
        });
        Connection::open(&path)
            .and_then(|it| it.execute_batch(&layers.concat()))
            .expect("views");
        for name in ["rows", "none"] {
            let mut layer = GeoPackageLayer::open(&path, Some(name)).expect("a layer");
            layer.most = 100;
            let refused = layer.cells("id", &mut |_| {}).expect_err("no end");
            let said = refused.to_string();
            assert!(said.contains("if it ever ends"), "{said}");
        }
    }

    #[test]
    fn what_a_code_is_need_not_be_defined() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.gpkg");
        made(&path, &[("basins", 25832)]);
        Connection::open(&path)
            .and_then(|it| it.execute_batch("UPDATE gpkg_spatial_ref_sys SET definition = NULL"))
            .expect("a database");
        let layer = GeoPackageLayer::open(&path, None).expect("a layer");
        let SpatialReference::Known {
            code, definition, ..
        } = layer.reference
        else {
            panic!("{:?}", layer.reference);
        };
        assert_eq!((code, definition.as_str()), (25832, ""));
    }

    #[test]
    fn what_is_no_geopackage_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.gpkg");
        std::fs::write(
            &path,
            "no database at all, but long enough to be taken for one",
        )
        .expect("a file");
        let refused = GeoPackageLayer::open(&path, None).err().expect("an error");
        assert!(refused.to_string().contains("no GeoPackage"), "{refused}");
        let other = folder.path().join("b.gpkg");
        Connection::open(&other)
            .and_then(|it| it.execute_batch("CREATE TABLE a (b)"))
            .expect("a database");
        let refused = GeoPackageLayer::open(&other, None).err().expect("an error");
        assert!(refused.to_string().contains("no GeoPackage"), "{refused}");
    }
}
