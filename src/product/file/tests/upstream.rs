//! Sums over all upstream, compared with sums made directly.

use std::collections::BTreeSet;

use super::patched::{patched_over, with};
use super::*;

/// Pseudo-random numbers, the same in each run.
struct RandomNumbers(u64);

impl RandomNumbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// A random forest whose links lead to and fro among the positions.
fn random_links(count: usize, seed: u64) -> Vec<Option<usize>> {
    let mut random = RandomNumbers(seed);
    let mut places: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        places.swap(at, random.below(at + 1));
    }
    let mut links = vec![None; count];
    for rank in 1..count {
        if random.below(50) > 0 {
            // Mostly into one of the last few: long rivers with many tributaries.
            let back = 1 + random.below(rank.min(12));
            links[places[rank]] = Some(places[rank - back]);
        }
    }
    links
}

fn network(product: &ProductContent, links: &[Option<usize>]) -> Network {
    let ids: Vec<&str> = (0..links.len())
        .map(|at| product.catchments[at].id.as_str())
        .collect();
    let links: Vec<NetworkLink> = links
        .iter()
        .map(|link| {
            link.map_or(NetworkLink::Outlet, |to| {
                NetworkLink::To(ids[to].to_owned())
            })
        })
        .collect();
    Network::new(&ids, &links).expect("a network")
}

/// The made-up product with a third variable: the first one over all upstream.
fn summed(path: &Path, links: &[Option<usize>], steps: i64) -> ProductContent {
    let mut product = product(path, links.len(), steps);
    product.spec.variables.push(ProductVariable {
        upstream: Some(Outlets::All),
        ..variable("q_total", VariableSource::Column(1))
    });
    product.networks = vec![network(&product, links)];
    product.spec.summaries = vec![SummaryVariable {
        units: None,
        ..summary("q_total_max", 2, Statistic::Max)
    }];
    product
}

/// The sums at one step, each made by itself over all upstream in the order of the catchments.
fn direct(
    product: &ProductContent,
    links: &[Option<usize>],
    first: usize,
    step: usize,
) -> Vec<f64> {
    let mut sums = vec![0.0; links.len()];
    for source in 0..links.len() {
        let value = expected(product, first + source, step)[0];
        let mut at = Some(source);
        while let Some(place) = at {
            sums[place] += value;
            at = links[place];
        }
    }
    sums
}

fn read(product: &ProductContent, name: &str) -> Vec<f64> {
    let file = hdf5::File::open(&product.spec.path).expect("a file");
    file.dataset(name).expect(name).read_raw().expect(name)
}

fn assert_near(found: f64, wanted: f64) {
    let near = (found - wanted).abs() <= 1e-12 * wanted.abs();
    assert!(
        near || (found.is_nan() && wanted.is_nan()),
        "{found} for {wanted}"
    );
}

#[test]
fn sums_in_random_forests_are_those_made_directly() {
    let folder = tempfile::tempdir().expect("a folder");
    for (seed, count, steps) in [(1, 1_000, 24), (2, 1_000, 24), (3, 70, 600), (4, 3, 2)] {
        let links = random_links(count, seed);
        let product = summed(&folder.path().join("p.nc"), &links, steps as i64);
        let assembled = make(&product, 2);
        assert_eq!(assembled.fetched, count - 1, "each result once");
        let found = read(&product, "q_total");
        let mut most = vec![f64::NEG_INFINITY; count];
        for step in 0..steps {
            let wanted = direct(&product, &links, 0, step);
            for (at, wanted) in wanted.into_iter().enumerate() {
                assert_near(found[step * count + at], wanted);
                most[at] = most[at].max(found[step * count + at]);
            }
        }
        // Of the failed catchment and all downstream of it there is no sum.
        let mut at = Some(2);
        while let Some(place) = at {
            assert!(found[place].is_nan());
            most[place] = f64::NAN;
            at = links[place];
        }
        for (found, wanted) in read(&product, "q_total_max").into_iter().zip(most) {
            assert!(same(found, wanted));
        }
        fs::remove_file(&product.spec.path).expect("the product");
    }
}

#[test]
fn few_sums_are_open_at_any_time() {
    let folder = tempfile::tempdir().expect("a folder");
    for seed in 0..20 {
        let links = random_links(1_000, seed);
        let network = network(&product(&folder.path().join("p.nc"), 1_000, 1), &links);
        let mut open = BTreeSet::new();
        for &at in network.order() {
            open.remove(&at);
            open.extend(links[at]);
            assert!(open.len() <= 10, "{} open, of 1,000", open.len());
        }
    }
}

#[test]
fn threads_do_not_matter_to_sums() {
    let folder = tempfile::tempdir().expect("a folder");
    let links = random_links(300, 7);
    for layout in [Layout::Grid, Layout::Steps] {
        let files = [1, 5].map(|threads| {
            let product = laid_out(
                layout,
                summed(&folder.path().join(threads.to_string()), &links, 40),
            );
            make(&product, threads);
            fs::read(product.spec.path).expect("a file")
        });
        assert!(files[0] == files[1]);
    }
}

#[test]
fn a_river_may_be_long() {
    let folder = tempfile::tempdir().expect("a folder");
    let links: Vec<Option<usize>> = (0..10_000)
        .map(|at| (at < 9_999).then_some(at + 1))
        .collect();
    let mut product = summed(&folder.path().join("p.nc"), &links, 2);
    product.catchments[2].status = Status::Ok;
    make(&product, 2);
    let found = read(&product, "q_total");
    let mut sum = 0.0;
    for (at, found) in found.into_iter().take(10_000).enumerate() {
        // From the spring down this is the very order in which it is added.
        sum += expected(&product, at, 0)[0];
        assert_eq!(found, sum);
    }
}

/// What is fetched, written and copied where a product changes.
fn patched(
    make_product: &dyn Fn(&Path) -> ProductContent,
    change: &dyn Fn(&mut ProductContent),
) -> (usize, usize, usize) {
    let assembled = patched_over(make_product, |path| with(make_product(path), change));
    (
        assembled.fetched,
        assembled.chunks_written,
        assembled.chunks_copied,
    )
}

#[test]
fn a_tweak_changes_only_chunks_with_something_downstream() {
    // Two rivers that share no block: one is the first 128, the other the rest.
    let mouth = |at: usize| [127, 199][usize::from(at >= 128)];
    let links: Vec<Option<usize>> = (0..200)
        .map(|at| (at != mouth(at)).then_some(at + 1))
        .collect();
    let tall = |path: &Path| summed(path, &links, 600);
    // Twelve blocks of 16 and one of 8; five slabs: ten own chunks a block, and five of sums.
    assert_eq!(patched(&tall, &|_| ()), (0, 0, 195));
    let tweak = |at: usize| {
        move |s: &mut ProductContent| s.catchments[at].content = Some(Digest::of(b"new"))
    };
    // In the first river: all eight of its blocks have other sums, one has other values; all of it is fetched.
    assert_eq!(patched(&tall, &tweak(10)), (127, 50, 145));
    // At the mouth of the second nothing is downstream; its river is fetched, and the block's other values.
    assert_eq!(patched(&tall, &tweak(199)), (72, 15, 180));
    // A failure in the second river: its own block and all downstream.
    let fail = |s: &mut ProductContent| s.catchments[130].status = Status::Failed;
    assert_eq!(patched(&tall, &fail), (71, 35, 160));
    // Another way down changes sums alone.
    let relink = |s: &mut ProductContent| {
        let mut other = links.clone();
        other[150] = None;
        s.networks = vec![network(s, &other)];
    };
    assert_eq!(patched(&tall, &relink), (72, 20, 175));
    // Without sums in the block, nothing changes in it but the catchment's own.
    let few = |path: &Path| {
        let mut product = summed(path, &links, 600);
        let ids = BTreeSet::from([CatchmentId::new("70127"), CatchmentId::new("70199")]);
        product.spec.variables[2].upstream = Some(Outlets::These(ids));
        product
    };
    assert_eq!(patched(&few, &tweak(10)), (127, 15, 180));
    assert_eq!(
        patched(&tall, &|s| s.spec.variables[2].upstream =
            few(Path::new("")).spec.variables.remove(2).upstream),
        (199, 195, 0)
    );
}

#[test]
fn only_the_outlets_that_are_asked_for_have_sums() {
    let folder = tempfile::tempdir().expect("a folder");
    let links = random_links(100, 3);
    let mut product = summed(&folder.path().join("p.nc"), &links, 5);
    let all = {
        make(&product, 2);
        read(&product, "q_total")
    };
    fs::remove_file(&product.spec.path).expect("the product");
    let outlets = [17, 60].map(|at: usize| product.catchments[at].id.clone());
    product.spec.variables[2].upstream = Some(Outlets::These(BTreeSet::from(outlets)));
    make(&product, 2);
    for (i, (found, all)) in read(&product, "q_total").into_iter().zip(all).enumerate() {
        match i % 100 {
            17 | 60 => assert!(same(found, all)),
            _ => assert!(found.is_nan()),
        }
    }
}

#[test]
fn tables_of_steps_hold_the_same_sums() {
    #[derive(hdf5::H5Type, Clone)]
    #[repr(C, packed)]
    struct Line {
        catchment: hdf5::types::FixedAscii<10>,
        q: f64,
        q_total: f64,
        load: f64,
    }
    let folder = tempfile::tempdir().expect("a folder");
    let links = random_links(150, 5);
    let between = |path: &Path| {
        let mut product = summed(path, &links, 300);
        product.spec.variables.swap(1, 2);
        product.spec.summaries.clear();
        product
    };
    let grid = between(&folder.path().join("p.nc"));
    make(&grid, 2);
    let steps = laid_out(Layout::Steps, between(&folder.path().join("p.h5")));
    make(&steps, 2);
    let (sums, own) = (read(&grid, "q_total"), read(&grid, "q"));
    let file = hdf5::File::open(&steps.spec.path).expect("a file");
    for step in [0, 200, 299] {
        let table = file
            .dataset(&format!("step_{step}/values"))
            .expect("a table");
        for (at, line) in table.read_1d::<Line>().expect("lines").iter().enumerate() {
            assert!(same(line.q_total, sums[step * 150 + at]));
            assert!(same(line.q, own[step * 150 + at]));
        }
    }
}

#[test]
fn scenarios_have_sums_and_networks_of_their_own() {
    let links = [random_links(130, 8), random_links(130, 9)];
    let both = |path: &Path| {
        let mut product = super::scenarios::several(path, &["a", "b"], 130, 600);
        let one = summed(path, &links[0], 600);
        product.spec.variables = one.spec.variables;
        product.spec.summaries = one.spec.summaries;
        product.networks = links
            .each_ref()
            .map(|links| network(&product, links))
            .into();
        product
    };
    let folder = tempfile::tempdir().expect("a folder");
    let product = both(&folder.path().join("p.nc"));
    make(&product, 2);
    let found = read(&product, "q_total");
    for (scenario, links) in links.iter().enumerate() {
        for step in [0, 599] {
            let wanted = direct(&product, links, scenario * 130, step);
            for (at, wanted) in wanted.into_iter().enumerate() {
                assert_near(found[(step * 2 + scenario) * 130 + at], wanted);
            }
        }
    }
    // Nine blocks a scenario: the first one's 135 chunks are copied.
    let change = |s: &mut ProductContent| s.catchments[140].content = Some(Digest::of(b"new"));
    let (_, written, copied) = patched(&both, &change);
    assert_eq!(written + copied, 270);
    assert!(copied >= 135, "{copied}");
    let other = |s: &mut ProductContent| {
        s.scenarios.as_mut().expect("scenarios").names[1] = "c".to_owned();
    };
    let (_, written, copied) = patched(&both, &other);
    assert_eq!((written, copied), (135, 135));
}
