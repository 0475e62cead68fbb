//! Several files together, files of both layouts, and files that are none.

use super::*;

#[test]
fn both_layouts_give_the_same_catalog_and_series() {
    let folder = TempDir::new().expect("a folder");
    let (groups, arrays) = (
        folder.path().join("groups.h5"),
        folder.path().join("arrays.nc"),
    );
    Groups {
        numbers: &[1, 2, 3],
        steps: 6,
        path: groups.clone(),
    }
    .write();
    write_arrays(&arrays, &[1, 2, 3], 6, None);
    let groups = Inputs::open(&spec(&[&groups])).expect("inputs");
    let arrays = Inputs::open(&spec(&[&arrays])).expect("inputs");
    assert_eq!(
        read_all(&groups, &[0, 1, 2], 1),
        read_all(&arrays, &[0, 1, 2], 1)
    );
    assert_eq!(groups.catalog().catchments, arrays.catalog().catchments);
    assert_eq!(groups.catalog().time, arrays.catalog().time);
}

#[test]
fn files_are_joined_by_id_whatever_their_order() {
    let folder = TempDir::new().expect("a folder");
    let (first, second) = (
        folder.path().join("first.nc"),
        folder.path().join("second.nc"),
    );
    write_arrays(&first, &[5, 3, 4], 6, Some((2, 1)))
        .unlink("precipitation")
        .expect("unlinked");
    let other = write_arrays(&second, &[3, 4, 5], 6, Some((2, 2)));
    other.unlink("temperature").expect("unlinked");
    let kinds = arr1(&[3_i64, 4, 5]);
    let kind = other
        .new_dataset_builder()
        .with_data(&kinds)
        .create("kind")
        .expect("a variable");
    dims(&other, &kind, &["gauge"]);
    drop(kind);
    other.close().expect("closed");
    let inputs = Inputs::open(&spec(&[&first, &second])).expect("inputs");
    assert_eq!(ids(&inputs), ["5", "3", "4"]);
    assert_eq!(
        inputs.catalog().parameters.get("kind", 0),
        Some(&Value::Integer(5))
    );
    for bytes in [1, 2 * 6 * 8 * 2, 1 << 20] {
        expect_values(&read_all(&inputs, &[0, 1, 2], bytes), &[5, 3, 4], 6);
    }
    drop(inputs);
    let against = |name: &str, numbers: &[usize], steps: usize, without: Option<&str>| {
        let path = folder.path().join(name);
        let file = write_arrays(&path, numbers, steps, None);
        without
            .into_iter()
            .for_each(|series| file.unlink(series).expect("unlinked"));
        file.close().expect("closed");
        message(&spec(&[&first, &path]))
    };
    let text = against("ids.nc", &[3, 4, 6, 7], 6, Some("temperature"));
    assert!(
        text.contains("ids.nc but in") && text.contains("first.nc: 5;"),
        "{text}"
    );
    assert!(text.contains("ids.nc: 6, 7 "), "{text}");
    let text = against("twice.nc", &[3, 4, 5], 6, None);
    assert!(text.contains("`temperature` is in both"), "{text}");
    let text = against("time.nc", &[3, 4, 5], 7, Some("temperature"));
    assert!(text.contains("has 6 time steps"), "{text}");
}

#[test]
fn unreadable_files_are_named() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("x.nc");
    assert!(message(&spec(&[&path])).contains("x.nc: the input file can't be read"));
    for (content, expected) in [
        (&b""[..], "the file is empty"),
        (&b"CDF\x01rest"[..], "classic netCDF file can't be read"),
        (&b"something else"[..], "x.nc: the file can't be opened"),
    ] {
        std::fs::write(&path, content).expect("written");
        let text = message(&spec(&[&path]));
        assert!(text.contains(expected), "{text}");
    }
    write_arrays(&path, &[1, 2], 3, None)
        .close()
        .expect("closed");
    let bytes = std::fs::read(&path).expect("bytes");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
    assert!(message(&spec(&[&path])).contains("x.nc"));
}

#[test]
fn inputs_can_move_to_the_thread_that_reads() {
    fn sendable<T: Send>() {}
    sendable::<Inputs>();
    assert!(CatchmentId::new("a") < CatchmentId::new("b"));
}
