//! Products of variables over different axes: every value in its place, and what of an earlier product is copied.

use super::patched::{patched_over, with};
use super::*;

/// Two variables over hours, one over days, one over days and layers, one over layers, two numbers.
fn various(path: &Path, catchments: usize) -> ProductContent {
    let mut product = product(path, catchments, 300);
    let layers = ["top", "middle", "bottom"].map(str::to_owned).into();
    product.axes.push(axis("day", hours(40)));
    product.axes.push(axis("layer", AxisValues::Texts(layers)));
    for (name, axes) in [
        ("melt", along(Some("day"), None)),
        ("wet", along(Some("day"), Some("layer"))),
        ("depth", along(None, Some("layer"))),
        ("total", along(None, None)),
    ] {
        let of = VariableSource::Column(product.columns.len());
        product.columns.push(ResultColumn {
            name: name.to_owned(),
            header: name.to_owned(),
            axes: axes.clone(),
        });
        product.spec.variables.push(ProductVariable {
            axes,
            ..variable(name, of)
        });
    }
    for (name, text, axes) in [
        ("share", "melt / total", along(Some("day"), None)),
        ("half", "total * factor / 4", along(None, None)),
    ] {
        product.spec.variables.push(ProductVariable {
            axes,
            ..variable(name, formula(text))
        });
    }
    product.spec.summaries = vec![
        summary("melt_max", 2, Statistic::Max),
        summary("wet_mean", 3, Statistic::Mean),
    ];
    product
}

fn values(file: &hdf5::File, name: &str) -> (Vec<usize>, Vec<f64>) {
    let dataset = file.dataset(name).expect(name);
    (dataset.shape(), dataset.read_raw().expect(name))
}

#[test]
fn every_value_is_in_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let product = various(&folder.path().join("p.nc"), 150);
    // By group: 149 results for hours, days, days and layers, layers, numbers.
    assert_eq!(make(&product, 2).fetched, 5 * 149);
    let file = hdf5::File::open(&product.spec.path).expect("a file");
    let [melt, wet, depth, total, share, half] =
        ["melt", "wet", "depth", "total", "share", "half"].map(|name| values(&file, name));
    let shapes = [&melt, &wet, &depth, &total, &share, &half].map(|(shape, _)| shape.clone());
    let expected: [&[usize]; 6] = [
        &[40, 150],
        &[40, 3, 150],
        &[3, 150],
        &[150],
        &[40, 150],
        &[150],
    ];
    assert_eq!(shapes, expected);
    let [melt_max, wet_mean] = ["melt_max", "wet_mean"].map(|name| values(&file, name));
    assert_eq!(melt_max.0, [150]);
    assert_eq!(wet_mean.0, [3, 150]);
    for (row, catchment) in product.catchments.iter().enumerate() {
        let is_ok = catchment.status == Status::Ok;
        let key = catchment.content.expect("a key");
        let of = |k: usize, rows: usize| match is_ok {
            true => column(&key, k, rows),
            false => vec![f64::NAN; rows],
        };
        let at = |values: &(Vec<usize>, Vec<f64>), row_of: usize| values.1[row_of * 150 + row];
        let number = of(5, 1)[0];
        for (day, value) in of(2, 40).into_iter().enumerate() {
            assert!(same(at(&melt, day), value));
            assert!(same(at(&share, day), value / number));
        }
        for (place, value) in of(3, 120).into_iter().enumerate() {
            assert!(same(at(&wet, place), value));
        }
        for (layer, value) in of(4, 3).into_iter().enumerate() {
            assert!(same(at(&depth, layer), value));
            let series: Vec<f64> = of(3, 120).into_iter().skip(layer).step_by(3).collect();
            assert!(same(at(&wet_mean, layer), Statistic::Mean.of(&series)));
        }
        assert!(same(at(&total, 0), number));
        assert!(same(at(&half, 0), number / 2.0));
        assert!(same(at(&melt_max, 0), Statistic::Max.of(&of(2, 40))));
    }
    let days = file.dataset("day").expect("an axis");
    assert_eq!(days.read_raw::<f64>().expect("hours")[39], 39.0);
}

#[test]
fn of_every_axis_what_is_unchanged_is_copied() {
    let patched = |change: &dyn Fn(&mut ProductContent)| {
        let earlier = |path: &Path| various(path, 200);
        let assembled = patched_over(earlier, |path| with(earlier(path), change));
        (assembled.fetched, assembled.chunks_copied)
    };
    // Two variables of 13 blocks and 3 slabs, two of 4 blocks (40 × 32), one of 13 (120 × 16), one of one (3 × 200), two of one.
    let all = 2 * 13 * 3 + 2 * 7 + 13 + 1 + 2;
    assert_eq!(patched(&|_| ()), (0, all));
    let one = |s: &mut ProductContent| s.catchments[70].content = Some(Digest::of(b"new"));
    // The blocks of 16, of 32 and of all catchments but the one that failed.
    assert_eq!(
        patched(&one),
        (16 + 32 + 16 + 199 + 199, all - 2 * 3 - 2 - 1 - 1 - 2)
    );
    // What an axis is called and where it is: nothing of it is in the chunks.
    let moved = |s: &mut ProductContent| {
        let stamps = (0..40).map(|day| 24 * day * HOUR).collect();
        s.axes[1].values = AxisValues::Time(TimeAxis::new(stamps).expect("an axis"));
    };
    assert_eq!(patched(&moved), (0, all));
    assert_eq!(patched(&|s| drop(s.spec.summaries.pop())), (5 * 199, 0));
}
