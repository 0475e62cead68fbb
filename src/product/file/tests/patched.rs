//! A product over an earlier one: what of it is copied and what is written again.

use super::*;

/// Writes a product over an earlier one and from nothing: the bytes are the same. Returns what was done.
pub(super) fn patched_over(
    earlier: impl Fn(&Path) -> ProductContent,
    changed: impl Fn(&Path) -> ProductContent,
) -> Assembled {
    let folder = tempfile::tempdir().expect("a folder");
    let patched = folder.path().join("patched.nc");
    make(&earlier(&patched), 2);
    let mut changed = changed(&patched);
    let assembled = make(&changed, 2);
    changed.spec.path = folder.path().join("full.nc");
    let rebuilt = make(&changed, 2);
    assert_eq!(rebuilt.chunks_copied, 0);
    assert_eq!(rebuilt.digest, assembled.digest);
    assert!(fs::read(&patched).expect("a file") == fs::read(&changed.spec.path).expect("a file"));
    assembled
}

/// The product with a change.
pub(super) fn with(
    mut product: ProductContent,
    change: impl Fn(&mut ProductContent),
) -> ProductContent {
    change(&mut product);
    product
}

/// The made-up product changed.
fn patched(change: impl Fn(&mut ProductContent)) -> Assembled {
    patched_from(|_| (), change)
}

/// The same with something changed before.
fn patched_from(
    before: impl Fn(&mut ProductContent),
    change: impl Fn(&mut ProductContent),
) -> Assembled {
    let earlier = |path: &Path| with(product(path, 200, 600), &before);
    patched_over(earlier, |path| with(earlier(path), &change))
}

fn clear_parameters(product: &mut ProductContent) {
    product.spec.parameters.clear();
    product.parameters.clear();
}

#[test]
fn a_patched_product_equals_a_full_one() {
    // 200 catchments: twelve blocks of 16 and one of 8; two variables and five slabs: ten chunks a block.
    let counts = |a: Assembled| (a.fetched, a.chunks_copied);
    assert_eq!(counts(patched(|_| ())), (0, 130));
    assert_eq!(
        counts(patched(
            |s| s.catchments[70].content = Some(Digest::of(b"new"))
        )),
        (16, 120)
    );
    assert_eq!(
        counts(patched(|s| s.catchments[199].status = Status::NotRun)),
        (7, 120)
    );
    assert_eq!(
        counts(patched(|s| s.catchments[1].scalars[0] = -2.0)),
        (15, 120)
    );
    assert_eq!(
        counts(patched(|s| s.catchments.swap(0, 190))),
        (15 + 16, 110)
    );
    assert_eq!(counts(patched(|s| s.title.push('!'))), (0, 130));
    let units = |s: &mut ProductContent| s.spec.variables[0].units = Some("kg/d".to_owned());
    assert_eq!(counts(patched(units)), (0, 130));
    assert_eq!(
        counts(patched(
            |s| s.spec.variables[1].source = formula("first + factor")
        )),
        (199, 0)
    );
    assert_eq!(
        counts(patched(|s| s.spec.variables[0].name.push('2'))),
        (199, 0)
    );
    assert_eq!(counts(patched(|s| s.spec.compression = 0)), (199, 0));
    let remove = |s: &mut ProductContent| {
        s.catchments.truncate(195);
        clear_parameters(s);
    };
    assert_eq!(counts(patched(remove)), (3, 120));
    let append = |s: &mut ProductContent| {
        s.catchments
            .extend((0..70).map(|i| row(&format!("more {i}"))));
        clear_parameters(s);
    };
    assert_eq!(counts(patched(append)), (78, 120));
}

#[test]
fn of_a_changed_block_the_variables_that_have_not_changed_are_copied() {
    let other = |at: usize| {
        let mut bytes = *Digest::of(b"70070").as_bytes();
        bytes[at] ^= 1;
        Some(Digest::from(bytes))
    };
    let becomes = |at: usize| {
        move |s: &mut ProductContent| {
            let row = &mut s.catchments[70];
            (row.key, row.content) = (other(at), other(at));
        }
    };
    let copied = |assembled: Assembled| assembled.chunks_copied;
    // Column 0 is what `load` is computed from, column 1 is `q`.
    assert_eq!(copied(patched(becomes(0))), 125);
    assert_eq!(copied(patched(becomes(2))), 120);
    let both = |s: &mut ProductContent| {
        becomes(0)(s);
        s.catchments[71].content = Some(Digest::of(b"of another key"));
    };
    assert_eq!(copied(patched(both)), 120);
    let with_a_number = |s: &mut ProductContent| {
        becomes(0)(s);
        s.catchments[70].scalars[0] = -2.0;
    };
    assert_eq!(copied(patched(with_a_number)), 120);
    let summed = |s: &mut ProductContent| s.spec.variables[0].upstream = Some(Outlets::All);
    let networked = |s: &mut ProductContent| {
        let ids: Vec<&str> = s.catchments.iter().map(|row| row.id.as_str()).collect();
        let links: Vec<NetworkLink> = ids.iter().map(|_| NetworkLink::Outlet).collect();
        let network = Network::new(&ids, &links).expect("a network");
        s.networks = vec![network];
        summed(s);
    };
    assert_eq!(copied(patched_from(networked, becomes(0))), 120);
    // The product was made of another result than the one that the key has now.
    let replaced = |s: &mut ProductContent| s.catchments[70].content = other(2);
    assert_eq!(copied(patched_from(replaced, becomes(0))), 120);
}

#[test]
fn a_damaged_earlier_product_is_rebuilt() {
    let folder = tempfile::tempdir().expect("a folder");
    let product = product(&folder.path().join("p.nc"), 200, 600);
    make(&product, 2);
    let whole = fs::read(&product.spec.path).expect("a file");
    for length in [0, 100, 5_000, whole.len() - 5_000] {
        fs::write(&product.spec.path, &whole[..length]).expect("a file");
        assert_eq!(make(&product, 2).fetched, 199);
        assert!(fs::read(&product.spec.path).expect("a file") == whole);
    }
}
