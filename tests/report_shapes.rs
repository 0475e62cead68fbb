//! The map of `rerunoff report`: shapes out of files of all formats, cells around places, and squares.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::{Project, id, json as parsed, python};

/// The catchments of the projects here.
const CATCHMENTS: usize = 5;

/// A report's map with its arrays in place of their names, and the notes of the report.
fn map(project: &Project) -> (Value, Vec<String>) {
    let said = project.rerunoff(&["report", "--json"]).expect(0).stdout;
    let document = parsed(&said);
    let mut map = document["map"].clone();
    for name in ["ring_points", "ring_ends", "catchment_rings", "centres"] {
        if let Some(array) = map[name].as_str() {
            map[name] = document["arrays"][array].clone();
        }
    }
    let notes = document["notes"].as_array().expect("notes");
    let notes = notes
        .iter()
        .filter_map(|note| note.as_str().map(str::to_owned));
    (map, notes.collect())
}

/// The project with this text under `[report]`.
fn with_report(project: &Project, text: &str) {
    project.write_toml(&format!("{}\n[report]\n{text}\n", project.toml()));
}

/// Squares of a tenth of a degree, from west to east, as GeoJSON; with the text of a further member.
fn squares(ids: &[&str], member: &str) -> String {
    let squares = ids.iter().enumerate().map(|(at, id)| {
        let [west, east] = [8.0 + 0.1 * at as f64, 8.1 + 0.1 * at as f64];
        format!(
            "{{\"type\": \"Feature\", \"properties\": {{\"id\": {id:?}, \"name\": \"b\"}}, \"geometry\": {{\"type\": \"Polygon\", \
             \"coordinates\": [[[{west}, 50], [{east}, 50], [{east}, 50.1], [{west}, 50.1], [{west}, 50]]]}}}}"
        )
    });
    let squares: Vec<String> = squares.collect();
    format!(
        "{{\"type\": \"FeatureCollection\"{member}, \"features\": [{}]}}",
        squares.join(",")
    )
}

fn ids() -> Vec<String> {
    (0..CATCHMENTS).map(id).collect()
}

#[test]
fn shapes_of_every_format_are_where_gdal_put_them() {
    let project = Project::ran(CATCHMENTS);
    let folder = project.root();
    python("make_shapes.py", &[folder, Path::new(&ids().join(","))]);
    let document = folder.join("map.json");
    let mut whole: Option<Value> = None;
    for (report, missing) in [
        (
            "shapes = \"basins.gpkg\"\nid = \"id\"\nlayer = \"basins\"",
            4,
        ),
        ("shapes = \"basins.geojson\"\nid = \"id\"", 4),
        ("shapes = \"basins.shp\"\nid = \"id\"", 4),
    ] {
        with_report(&project, report);
        let said = project.rerunoff(&["report", "--json"]).expect(0).stdout;
        std::fs::write(&document, said).expect("written");
        let expected = folder.join("expected.txt");
        let place = PathBuf::from(missing.to_string());
        python("check_shapes.py", &[&document, &expected, &place]);
        let (map, notes) = map(&project);
        assert_eq!(map["kind"], "polygons");
        assert!(
            notes
                .iter()
                .any(|note| note.contains("no shape for 1 of 5 catchments: 70005")),
            "{notes:?}"
        );
        // Whatever the file, the map is the same, to the few units that its digits make.
        match &whole {
            Some(whole) => assert_eq!(whole["proj"], map["proj"]),
            None => whole = Some(map),
        }
    }
    with_report(&project, "shapes = \"deleted.shp\"\nid = \"id\"");
    let (_, notes) = map(&project);
    assert!(
        notes
            .iter()
            .any(|note| note.contains("no shape for 2 of 5 catchments: 70003, 70005")),
        "{notes:?}"
    );
}

#[test]
fn what_is_no_area_is_refused_by_name() {
    let project = Project::ran(CATCHMENTS);
    python(
        "make_shapes.py",
        &[project.root(), Path::new(&ids().join(","))],
    );
    let refused = |report: &str| {
        with_report(&project, report);
        project.rerunoff(&["report"]).expect(4)
    };
    refused("shapes = \"lines.gpkg\"\nid = \"id\"").says(
        "the shape of catchment 70001 is a MultiLineString; only polygons and points will do",
    );
    refused("shapes = \"basins.gpkg\"\nid = \"id\"")
        .says("it has several layers: \"basins\", \"others\"; name one as `layer` under [report]");
}

#[test]
fn a_file_that_does_not_fit_is_refused_with_what_would() {
    let project = Project::ran(CATCHMENTS);
    let ids = ids();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    project.write("basins.geojson", &squares(&names[..4], ""));
    let refused = |report: &str| {
        with_report(&project, &format!("shapes = \"basins.geojson\"\n{report}"));
        project.rerunoff(&["report"]).expect(4)
    };
    refused("id = \"name\"").says(
        "no `name` in it is the id of a catchment; columns that have such ids: `id` (4 of 5)",
    );
    refused("id = \"ID\"").says("it has no column `ID`; columns that have such ids: `id` (4 of 5)");
    refused("").says("`id` under [report]; columns that have such ids: `id` (4 of 5)");
    refused("id = \"id\"\ncrs = \"EPSG:1\"").says("EPSG:1 is not known");
    project.write("basins.geojson", &squares(&["1", "2"], ""));
    refused("id = \"id\"").says("no column has such ids (70001, 70002, 70003): `id`, `name`");
    project.write("basins.geojson", "lat,lon");
    refused("id = \"id\"").says("it is no GeoJSON");
    std::fs::remove_file(project.path("basins.geojson")).expect("removed");
    refused("id = \"id\"").says("basins.geojson: the catchments' shapes can't be read");
}

#[test]
fn what_coordinates_mean_is_asked_for_where_it_can_not_be() {
    let project = Project::ran(CATCHMENTS);
    let ids = ids();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let metres = squares(&names, "").replace("[8", "[500008");
    project.write("basins.geojson", &metres);
    with_report(&project, "shapes = \"basins.geojson\"\nid = \"id\"");
    project.rerunoff(&["report"]).expect(4).says(
        "500008, 50 is no longitude and latitude; state the right one as `crs` under [report]",
    );
    with_report(
        &project,
        "shapes = \"basins.geojson\"\nid = \"id\"\ncrs = \"EPSG:25832\"",
    );
    let (found, _) = map(&project);
    assert!(
        found["proj"]
            .as_str()
            .is_some_and(|proj| proj.contains("+lon_0=9")),
        "{found}"
    );
    // What nobody knows is drawn as it is.
    let unknown = squares(
        &names,
        ", \"crs\": {\"type\": \"name\", \"properties\": {\"name\": \"local grid\"}}",
    );
    project.write("basins.geojson", &unknown);
    with_report(&project, "shapes = \"basins.geojson\"\nid = \"id\"");
    let (found, notes) = map(&project);
    assert_eq!(found["proj"], Value::Null);
    let edges = found["edges"].as_array().expect("edges").iter();
    let edges: Vec<f64> = edges.filter_map(Value::as_f64).collect();
    let meant = [8.0, 50.0, 8.5, 50.1];
    let off = edges
        .iter()
        .zip(meant)
        .map(|(edge, meant)| (edge - meant).abs());
    assert!(edges.len() == 4 && off.sum::<f64>() < 1e-4, "{edges:?}");
    assert!(
        notes
            .iter()
            .any(|note| note.contains("drawn as x and y of a plane; state `crs`")),
        "{notes:?}"
    );
}

#[test]
fn shapes_rerun_nothing() {
    let project = Project::ran(CATCHMENTS);
    let product = project.read("output.h5");
    let ids = ids();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    project.write("basins.geojson", &squares(&names, ""));
    with_report(&project, "shapes = \"basins.geojson\"\nid = \"id\"");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
    assert!(project.read("output.h5") == product);
    let (found, _) = map(&project);
    assert_eq!(found["ring_ends"], json!([4, 8, 12, 16, 20]));
    // No run fails for want of them, but a report does.
    std::fs::remove_file(project.path("basins.geojson")).expect("removed");
    project.rerunoff(&["run"]).expect(0);
}

#[test]
fn without_shapes_there_are_cells_or_squares() {
    let project = Project::ran(CATCHMENTS);
    let (found, notes) = map(&project);
    assert_eq!(found["kind"], "grid");
    assert_eq!(found["ring_points"], Value::Null);
    assert_eq!(
        found["centres"].as_array().map(Vec::len),
        Some(2 * CATCHMENTS)
    );
    assert!(
        notes
            .iter()
            .any(|note| note.contains("squares in the order of the input")),
        "{notes:?}"
    );
    let text = "catchment,mode,factor,Lat,Lon\n70001,ok,2,50,8\n70002,ok,2,50.1,8\n70003,ok,2,50,8.1\n70004,ok,2,50.1,8.1\n70005,ok,2,,\n";
    project.write("catchments.csv", text);
    let (found, notes) = map(&project);
    assert_eq!(found["kind"], "cells");
    assert_eq!(found["catchment_rings"], json!([1, 2, 3, 4, 4]));
    assert_eq!(found["centres"][8], 65535);
    assert!(
        notes.iter().any(|note| note
            .contains("1 of 5 catchments have no Lon and Lat, and are not on the map: 70005")),
        "{notes:?}"
    );
}
