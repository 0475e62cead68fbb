//! The programs that people use: each with a deck and a project file, and no script around it.
//!
//! The tests are Python scripts, since what reads the programs' own outputs is; `tests/models/README.md` says what they show.
//! They need the programs, which `make test-models` installs by name.

use crate::common::foreign::check;

#[test]
#[ignore = "installs programs: make test-models"]
fn swatplus_with_a_deck_that_it_overwrites_and_tables_of_channels() {
    check("models", "swatplus");
}

#[test]
#[ignore = "installs programs: make test-models"]
fn swmm_with_a_file_for_each_network_and_its_report() {
    check("models", "swmm");
}

#[test]
#[ignore = "installs programs: make test-models"]
fn epanet_with_series_in_the_midst_of_its_file_and_a_report_in_blocks() {
    check("models", "epanet");
}

#[test]
#[ignore = "installs programs: make test-models"]
fn raven_with_a_deck_for_each_catchment_and_netcdf() {
    check("models", "raven");
}

#[test]
#[ignore = "installs programs: make test-models"]
fn mhm_with_a_domain_that_it_writes_into_and_netcdf() {
    check("models", "mhm");
}
