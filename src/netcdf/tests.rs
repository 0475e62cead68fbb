//! Files are written, read back through the `hdf5` crate, and compared byte for byte.

use std::fs;

use proptest::prelude::*;

use super::*;

const STEPS: usize = 5;
const IDS: [&str; 4] = ["70007", "", "Aäre", "a\0b"];

fn attributes(list: &[(&str, Attribute)]) -> Vec<(String, Attribute)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn value(step: usize, catchment: usize) -> f64 {
    step as f64 + 100.0 * catchment as f64
}

fn write(path: &Path) {
    let mut file = NetcdfFile::create(path).expect("a file");
    file.attribute("title", &"a file".into())
        .expect("an attribute");
    file.attribute("empty", &"".into()).expect("an attribute");
    let hours: Vec<f64> = (0..STEPS).map(|h| h as f64).collect();
    let units = attributes(&[("units", "hours since 2009-01-01 00:00:00".into())]);
    let time = file
        .record_coordinate("time", &hours, &units)
        .expect("time");
    let catchment = file
        .text_coordinate("catchment", "catchment_length", &IDS, &[])
        .expect("ids");
    let size = file.dimension("word_length", 4).expect("a length");
    let words = ["a", "four", "", "ä"];
    file.variable("word", &[catchment, size], Data::Characters(&words, 4), &[])
        .expect("words");
    let long = file.variable("long", &[size], Data::Characters(&["four and"], 4), &[]);
    assert!(long.is_err(), "too long");
    file.variable("free", &[catchment], Data::Texts(&IDS), &[])
        .expect("texts");
    let flags = attributes(&[("flag_values", Attribute::Bytes(vec![0, 1]))]);
    file.variable("status", &[catchment], Data::Bytes(&[0, 1, 0, 0]), &flags)
        .expect("flags");
    file.variable("number", &[catchment], Data::I32(&[1, 2, 3, 4]), &[])
        .expect("numbers");
    for (name, precision) in [("load", Precision::F64), ("half", Precision::F32)] {
        let chunking = Chunking {
            chunk: &[3, 2],
            precision,
            level: 1,
        };
        let variable = file
            .chunked(name, &[time, catchment], &chunking, &[])
            .expect("a variable");
        for t in [0, 3] {
            for c in [0, 2] {
                let values: Vec<f64> = (0..6).map(|i| value(t + i / 2, c + i % 2)).collect();
                let bytes = encode_chunk(&values, precision, 1);
                file.write_chunk(variable, &[t, c], Chunk::Made(bytes))
                    .expect("a chunk");
            }
        }
    }
    assert!(!path.exists(), "nothing is at the target before the end");
    file.finish().expect("the end");
}

#[test]
fn a_file_reads_back_and_repeats_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (folder.path().join("one.nc"), folder.path().join("two.nc"));
    write(&one);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    fs::write(folder.path().join("two.nc.part"), vec![7; 100_000]).expect("a leftover");
    write(&two);
    assert!(fs::read(&one).expect("a file") == fs::read(&two).expect("a file"));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);

    let file = hdf5::File::open(&one).expect("a file");
    let load = file
        .dataset("load")
        .expect("a variable")
        .read_2d::<f64>()
        .expect("values");
    let half = file
        .dataset("half")
        .expect("a variable")
        .read_2d::<f32>()
        .expect("values");
    for name in ["time", "load", "half"] {
        assert!(file.dataset(name).expect(name).is_resizable(), "{name}");
    }
    assert!(!file.dataset("status").expect("flags").is_resizable());
    for step in 0..STEPS {
        for catchment in 0..IDS.len() {
            assert_eq!(load[[step, catchment]], value(step, catchment));
            assert_eq!(half[[step, catchment]], value(step, catchment) as f32);
        }
    }
    file.close().expect("closed");
    let previous = PreviousFile::open(&one).expect("a file");
    assert_eq!(previous.attribute("title").as_deref(), Some("a file"));
    assert_eq!(previous.attribute("none"), None);
    assert_eq!(
        previous.texts("catchment").expect("ids"),
        ["70007", "", "Aäre", "a\\0b"]
    );
    assert_eq!(
        previous.texts("word").expect("words"),
        ["a", "four", "", "ä"]
    );
    assert_eq!(previous.integers("number").expect("numbers"), [1, 2, 3, 4]);
    assert_eq!(previous.bytes("status").expect("flags"), [0, 1, 0, 0]);
    let values: Vec<f64> = [(3, 2), (3, 3), (4, 2), (4, 3), (5, 2), (5, 3)]
        .map(|(t, c)| value(t, c))
        .to_vec();
    let load = previous.chunked("load").expect("a variable");
    let chunk = load.chunk(&[3, 2], 1000).expect("a chunk");
    let (start, length) = (chunk.address as usize, chunk.length as usize);
    let bytes = &fs::read(&one).expect("a file")[start..start + length];
    assert_eq!(bytes, encode_chunk(&values, Precision::F64, 1));
}

#[test]
fn an_earlier_file_is_not_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("one.nc");
    write(&path);
    let previous = PreviousFile::open(&path).expect("a file");
    assert!(previous.texts("status").is_err());
    assert!(previous.texts("free").is_err());
    assert!(previous.integers("word").is_err());
    assert!(previous.texts("nothing").is_err());
    let load = previous.chunked("load").expect("a variable");
    assert!(load.chunk(&[3, 2], 5).is_err(), "too large");
    assert!(
        load.chunk(&[3], 1000).is_err(),
        "one offset for two dimensions"
    );
    assert!(load.chunk(&[300, 2], 1000).is_err(), "outside");
    assert!(previous.chunked("status").is_err(), "no chunks");
    let end = load.chunk(&[3, 2], 1000).expect("a chunk");
    let half = fs::File::options().write(true).open(&path).expect("a file");
    half.set_len(end.address + end.length - 1).expect("shorter");
    let load = previous.chunked("load").expect("a variable");
    assert!(load.chunk(&[3, 2], 1000).is_err(), "beyond the end");
    let other = folder.path().join("other.nc");
    fs::write(&other, b"no HDF5 at all").expect("a file");
    assert!(PreviousFile::open(&other).is_err());
}

#[test]
fn placed_variables_are_written_by_all_and_read_by_the_library() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, sync: bool| {
        let path = folder.path().join(name);
        let mut file = NetcdfFile::create(&path).expect("a file");
        let length = |n: usize| (0..n).map(|i| i as f64).collect::<Vec<_>>();
        let rows = file.coordinate("rows", Data::F64(&length(7)), &[]);
        let columns = file.coordinate("columns", Data::F64(&length(300)), &[]);
        let dimensions = [rows.expect("rows"), columns.expect("columns")];
        for name in ["one", "two"] {
            let units = attributes(&[("units", name.into())]);
            let variable = file
                .contiguous(name, &dimensions, &units)
                .expect("a variable");
            let variable = &variable;
            std::thread::scope(|scope| {
                for row in (0..7).rev() {
                    let numbers: Vec<[u8; 8]> = (0..300)
                        .map(|column| value(column, row).to_le_bytes())
                        .collect();
                    scope.spawn(move || variable.write(row * 300, &numbers).expect("written"));
                }
            });
            assert!(variable.write(2099, &[[0; 8]; 2]).is_err(), "too many");
            assert!(variable.write(2101, &[]).is_err(), "outside");
        }
        match sync {
            true => file.finish(),
            false => file.finish_unsynced(),
        }
        .expect("the end");
        path
    };
    let (one, two) = (write("one.nc", true), write("two.nc", false));
    assert!(fs::read(&one).expect("a file") == fs::read(&two).expect("a file"));
    let size = fs::metadata(&one).expect("a file").len();
    assert!(
        size < 2 * 2100 * 8 + 20_000,
        "no room is left in it: {size}"
    );
    let file = hdf5::File::open(&two).expect("a file");
    for name in ["one", "two"] {
        let values = file.dataset(name).expect("a variable").read_2d::<f64>();
        let values = values.expect("values");
        assert_eq!(values.dim(), (7, 300));
        for ((row, column), found) in values.indexed_iter() {
            assert_eq!(*found, value(column, row));
        }
    }
}

#[test]
fn an_unfinished_file_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("one.nc");
    fs::write(&path, b"what was there").expect("a file");
    let mut file = NetcdfFile::create(&path).expect("a file");
    file.coordinate("time", Data::F64(&[0.0]), &[])
        .expect("time");
    drop(file);
    assert_eq!(fs::read(&path).expect("a file"), b"what was there");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn errors_name_the_path_and_the_thing() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = NetcdfFile::create(&folder.path().join("no/such/x.nc"))
        .err()
        .expect("an error");
    assert!(
        format!("{error:#}").contains("no/such/x.nc.part: No such file"),
        "{error:#}"
    );
    let path = folder.path().join("x.nc");
    let mut file = NetcdfFile::create(&path).expect("a file");
    let bad = attributes(&[("DIMENSION_LIST", "x".into())]);
    let error = file
        .coordinate("time", Data::F64(&[0.0]), &bad)
        .expect_err("an error");
    assert!(
        format!("{error:#}").contains("`DIMENSION_LIST`"),
        "{error:#}"
    );
}

#[test]
fn a_linked_target_stays_a_link() {
    let folder = tempfile::tempdir().expect("a folder");
    let (real, link) = (folder.path().join("real.nc"), folder.path().join("link.nc"));
    fs::write(&real, b"old").expect("a file");
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    let file = NetcdfFile::create(&link).expect("a file");
    file.finish().expect("the end");
    assert!(link.is_symlink());
    assert!(PreviousFile::open(&real).is_ok());
}

proptest! {
    #[test]
    fn storable_texts_stay_different(a in "[a\\\\0\0]{0,6}", b in "[a\\\\0\0]{0,6}") {
        prop_assert!(!storable(&a).contains('\0'));
        prop_assert_eq!(a == b, storable(&a) == storable(&b));
    }
}
