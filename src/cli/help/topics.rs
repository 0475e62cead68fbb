//! The pages that `rerunoff help TOPIC` shows.

use crate::cli::exit::Exit;

/// A page.
pub(super) struct Topic {
    pub name: &'static str,
    /// What it tells of, in a line.
    pub about: &'static str,
    text: Text,
}

enum Text {
    /// A file of the documentation.
    File(&'static str),
    /// What the exit codes mean.
    ExitCodes,
}

pub(super) const TOPICS: &[Topic] = &[
    Topic {
        name: "exit-codes",
        about: "How it ends, for make and scripts",
        text: Text::ExitCodes,
    },
    Topic {
        name: "readme",
        about: "All of it in short; the project file, field by field",
        text: Text::File(include_str!("../../../README.md")),
    },
    Topic {
        name: "simulators",
        about: "What simulators are given, and what is taken from them",
        text: Text::File(include_str!("../../../docs/simulators.md")),
    },
    Topic {
        name: "reading",
        about: "What is read of other people's files, and how",
        text: Text::File(include_str!("../../../docs/reading.md")),
    },
    Topic {
        name: "calibration",
        about: "Samplers and calibrators: SPOTPY, PEST++, Dakota and others",
        text: Text::File(include_str!("../../../docs/calibration.md")),
    },
    Topic {
        name: "objectives",
        about: "What is compared with what was measured, and the formulas",
        text: Text::File(include_str!("../../../docs/objectives.md")),
    },
    Topic {
        name: "reports",
        about: "The file for a browser, and pictures in the terminal",
        text: Text::File(include_str!("../../../docs/report.md")),
    },
    Topic {
        name: "tools",
        about: "The product in R, CDO, NCO, GDAL, QGIS, Octave and others",
        text: Text::File(include_str!("../../../docs/tools.md")),
    },
    Topic {
        name: "cluster",
        about: "Slurm, Grid Engine and others",
        text: Text::File(include_str!("../../../docs/cluster.md")),
    },
    Topic {
        name: "json",
        about: "What `--json` prints",
        text: Text::File(include_str!("../../../docs/json.md")),
    },
    Topic {
        name: "python",
        about: "The package for Python: data frames and datasets",
        text: Text::File(include_str!("../../../docs/python.md")),
    },
    Topic {
        name: "reliability",
        about: "What holds, whatever is killed, full or damaged",
        text: Text::File(include_str!("../../../docs/reliability.md")),
    },
    Topic {
        name: "performance",
        about: "What it costs, and where the time goes",
        text: Text::File(include_str!("../../../docs/performance.md")),
    },
];

impl Topic {
    /// The page.
    pub(super) fn text(&self) -> String {
        match self.text {
            Text::File(text) => text.to_owned(),
            Text::ExitCodes => exit_codes(),
        }
    }
}

/// Each exit code with what it means and what to do.
fn exit_codes() -> String {
    let line = |exit: Exit| format!("{:>5}  {}\n", exit.code(), exit.meaning());
    let lines: String = Exit::ALL.into_iter().map(line).collect();
    format!(
        "rerunoff ends with\n\n{lines}\n\
         Make takes all but 0 for an error, and does not make what depends on the product. With `--json` a code from 2 on comes\n\
         with an `error` in the document, which says what kind it is: `rerunoff help json`.\n"
    )
}
