//! What tasks owe: the keys of orders that are in a batch whose task is not known to have ended, and have not been answered.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Result;

use crate::cluster::batch::Batch;
use crate::cluster::package::Package;
use crate::cluster::package::manifest::Purpose;
use crate::cluster::standing::Standing;
use crate::plan::key::Key;

/// Of one package.
pub(crate) fn of(package: &Package, standing: &Standing) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    for number in standing.live() {
        let ordered = Batch::keys(&package.batch(number))?;
        let answered = &standing.batches[&number];
        let ordered = ordered.into_iter().enumerate();
        let left = ordered.filter(|(place, _)| !answered.has(*place));
        keys.extend(left.map(|(_, key)| key));
    }
    Ok(keys)
}

/// Of all packages in this folder that bring results up to date, as their journals tell; nothing is taken in or changed.
pub(crate) fn of_all(packages: &Path) -> Result<HashSet<Key>> {
    let mut keys = HashSet::new();
    for (package, manifest) in Package::open_all(packages)?.into_values() {
        if let Ok(Some(manifest)) = manifest
            && manifest.purpose == Purpose::Run
        {
            let standing = Standing::read(&package)?;
            keys.extend(of(&package, &standing)?);
        }
    }
    Ok(keys)
}
