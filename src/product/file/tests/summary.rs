//! Summaries: computed where results are fetched, taken over where they are not.

use super::patched::{patched_over, with};
use super::*;

fn summarised(path: &Path, catchments: usize, steps: i64) -> ProductContent {
    let mut product = product(path, catchments, steps);
    product.spec.summaries = vec![
        summary("q_mean", 0, Statistic::Mean),
        summary("load_max", 1, Statistic::Max),
        summary("load_p90", 1, Statistic::Quantile(0.9)),
    ];
    product
}

fn numbers(product: &ProductContent, name: &str) -> Vec<f64> {
    let file = hdf5::File::open(&product.spec.path).expect("a file");
    file.dataset(name).expect(name).read_raw().expect(name)
}

#[test]
fn summaries_are_of_the_values_before_they_are_stored() {
    let folder = tempfile::tempdir().expect("a folder");
    let product = summarised(&folder.path().join("p.nc"), 150, 600);
    assert_eq!(make(&product, 2).fetched, 149);
    let (mean, max) = (numbers(&product, "q_mean"), numbers(&product, "load_max"));
    for (row, (mean, max)) in mean.into_iter().zip(max).enumerate() {
        let series = |variable: usize| -> Vec<f64> {
            let steps = 0..600;
            steps
                .map(|step| expected(&product, row, step)[variable])
                .collect()
        };
        assert!(same(mean, Statistic::Mean.of(&series(0))), "{row}");
        // The variable is stored in 32 bits, its summary is not.
        assert!(same(max, Statistic::Max.of(&series(1))), "{row}");
    }
}

#[test]
fn nothing_is_fetched_for_summaries_of_unchanged_blocks() {
    let earlier = |path: &Path| summarised(path, 200, 600);
    let patched = |change: &dyn Fn(&mut ProductContent)| {
        let assembled = patched_over(earlier, |path| with(earlier(path), change));
        (assembled.fetched, assembled.chunks_copied)
    };
    assert_eq!(patched(&|_| ()), (0, 130));
    let tweak = |s: &mut ProductContent| s.catchments[70].content = Some(Digest::of(b"new"));
    assert_eq!(patched(&tweak), (16, 120));
    assert_eq!(patched(&|s| s.spec.summaries[0].units = None), (0, 130));
    let another = |s: &mut ProductContent| {
        s.spec.summaries[2].kind = SummaryKind::Statistic(Statistic::Quantile(0.8));
    };
    assert_eq!(patched(&another), (199, 0));
    assert_eq!(patched(&|s| drop(s.spec.summaries.pop())), (199, 0));
}

#[test]
fn tables_of_steps_have_a_table_of_summaries() {
    #[derive(hdf5::H5Type, Clone)]
    #[repr(C, packed)]
    struct Line {
        catchment: hdf5::types::FixedAscii<10>,
        q_mean: f64,
        load_max: f64,
        load_p90: f64,
    }
    let folder = tempfile::tempdir().expect("a folder");
    let grid = summarised(&folder.path().join("p.nc"), 20, 30);
    make(&grid, 2);
    let steps = laid_out(
        Layout::Steps,
        summarised(&folder.path().join("p.h5"), 20, 30),
    );
    make(&steps, 2);
    let file = hdf5::File::open(&steps.spec.path).expect("a file");
    let lines = file.dataset("summary").expect("a table");
    let lines = lines.read_1d::<Line>().expect("lines");
    let columns: [fn(&Line) -> f64; 3] = [|l| l.q_mean, |l| l.load_max, |l| l.load_p90];
    for (name, column) in ["q_mean", "load_max", "load_p90"].into_iter().zip(columns) {
        for (line, number) in lines.iter().zip(numbers(&grid, name)) {
            assert!(same(column(line), number));
        }
    }
}
