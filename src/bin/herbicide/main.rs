//! `herbicide`: how much of a herbicide reaches the stream of one catchment, and when.
//!
//! An example of the programs that rerunoff reruns: a standalone simulator of one catchment after the published
//! substance-transfer model (Moser et al. 2018, Hydrol. Earth Syst. Sci. 22, 4229-4249). It knows nothing of rerunoff
//! and uses nothing of its library. The equations are in `model.rs`.
//!
//! ```text
//! herbicide layout.xml RUN param.txt out.txt
//! ```
//!
//! It reads the layout (`layout.rs`), the parameters (`parameters.rs`) and the series table that the layout names
//! (`table.rs`), and writes that table with the computed columns added. Like many such programs it tells of an error
//! on standard output only, as `[Error]: …`, and exits 0 all the same; a layout that makes no sense is also
//! `Model layout is not valid`. Nothing it prints or writes depends on the machine or the clock.

mod draft;
mod layout;
mod model;
mod parameters;
mod table;

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, bail};

use crate::layout::{Layout, LayoutError};
use crate::parameters::Parameters;
use crate::table::Table;

fn main() {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let said = match run(&arguments) {
        Ok(steps) => format!("RUN completed: {steps} time steps\n"),
        Err(error) => {
            let mut said = format!("[Error]: {error:#}\n");
            if error.downcast_ref::<LayoutError>().is_some() {
                said.push_str("Model layout is not valid for RUN\n");
            }
            said
        }
    };
    // Nobody is left to tell if standard output is closed.
    let _ = io::stdout().write_all(said.as_bytes());
}

/// Runs the model and gives the number of time steps; writes nothing unless all went well.
fn run(arguments: &[String]) -> anyhow::Result<usize> {
    let [layout, verb, parameters, output] = arguments else {
        bail!("usage: herbicide layout.xml RUN param.txt out.txt");
    };
    if verb != "RUN" {
        bail!("unknown command '{verb}', the only one is RUN");
    }
    let layout = Layout::parse(&read(layout)?).with_context(|| layout.clone())?;
    let parameters = Parameters::parse(&read(parameters)?).with_context(|| parameters.clone())?;
    let series =
        Table::parse(&read(&layout.series_file)?).with_context(|| layout.series_file.clone())?;
    let forcing = layout
        .forcing(&series)
        .with_context(|| layout.series_file.clone())?;
    let results = model::simulate(&layout.catchment, &parameters, &forcing);
    let computed: Vec<(&str, &[f64])> = layout
        .outputs
        .iter()
        .map(|(column, output)| (column.as_str(), results.column(*output)))
        .collect();
    std::fs::write(Path::new(output), series.with_columns(&computed))
        .with_context(|| output.clone())?;
    Ok(series.len())
}

fn read(path: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(arguments: &[&str]) -> String {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        format!("{:#}", run(&arguments).expect_err("an error"))
    }

    #[test]
    fn a_wrong_call_is_an_error() {
        assert!(said(&[]).contains("usage: herbicide"));
        assert!(
            said(&["layout.xml", "CALIBRATE", "p", "o"]).contains("unknown command 'CALIBRATE'")
        );
        assert!(said(&["/nowhere/layout.xml", "RUN", "p", "o"]).contains("/nowhere/layout.xml"));
    }

    #[test]
    fn a_whole_run_writes_the_table() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let layout = include_str!("../../../templates/layout.xml")
            .replace("{input_file_name}", &path("input.txt"))
            .replace("{id}", "70001")
            .replace("{R_appl}", "0.05")
            .replace("{A_tot}", "9000000")
            .replace("{A_appl}", "900000");
        std::fs::write(path("layout.xml"), layout)?;
        std::fs::write(
            path("param.txt"),
            "k\t0.01\ntheta\t1.08\nbeta\t6e-5\nC_back\t2\nT_objective\t0\n",
        )?;
        std::fs::write(
            path("input.txt"),
            "step\tT\tP\tQ\tQloc\tEmptymeas\n0\t20\t0\t1.5\t0.25\tN/A\n0.5\t20\t0\t1.5\t0\tN/A\n",
        )?;
        let steps = run(&[
            path("layout.xml"),
            "RUN".into(),
            path("param.txt"),
            path("out.txt"),
        ])?;
        assert_eq!(steps, 2);
        let output = std::fs::read_to_string(path("out.txt"))?;
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(
            lines[0],
            "step\tT\tP\tQ\tQloc\tEmptymeas\tConc_70001\tLoad\tM\tTsum"
        );
        assert!(lines[1].starts_with("0\t20\t0\t1.5\t0.25\tNA\t"));
        assert!(lines[2].starts_with("0.5\t20\t0\t1.5\t0\tNA\tNA\t0\t"));
        assert_eq!(lines.len(), 3);
        Ok(())
    }

    #[test]
    fn an_invalid_layout_is_told_apart() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder
            .path()
            .join("layout.xml")
            .to_string_lossy()
            .into_owned();
        std::fs::write(&path, "<layout><data></layout>")?;
        let error = run(&[path, "RUN".into(), "p".into(), "o".into()]).expect_err("an error");
        assert!(error.downcast_ref::<LayoutError>().is_some());
        Ok(())
    }
}
