//! Examples of calls, the most frequent first: each is understood, and a test runs them on the example project.

/// A verb with what its help ends with.
pub(super) struct Verb {
    pub name: &'static str,
    /// Calls, each with what it does.
    pub examples: &'static [(&'static str, &'static str)],
    /// Topics that tell more.
    pub more: &'static [&'static str],
}

/// How to begin.
pub(super) const FIRST: &[(&str, &str)] = &[
    (
        "rerunoff init --example rhine",
        "A project to try things on",
    ),
    (
        "rerunoff -C rhine run",
        "Run it; a second time, nothing is run",
    ),
    (
        "rerunoff -C rhine status",
        "What is fresh, what is stale and why",
    ),
    ("rerunoff help run", "What a verb does, with examples"),
];

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "run",
        examples: &[
            ("rerunoff run", "What is stale, then the product"),
            (
                "rerunoff run --dry-run",
                "Only tell what would be run, and why",
            ),
            (
                "rerunoff run --only 70003,70004 -j 2",
                "Two catchments, two at once",
            ),
            (
                "rerunoff run --max-rerun 5%",
                "Not if over a twentieth would be run",
            ),
            (
                "rerunoff run --set k=0.013 --as trial7",
                "With another value; the outcome is the tag trial7",
            ),
            (
                "rerunoff run --at calibrated",
                "A tag's product again, running nothing",
            ),
        ],
        more: &["exit-codes", "readme", "cluster"],
    },
    Verb {
        name: "import",
        examples: &[
            ("rerunoff import", "If one of the tables changed"),
            ("rerunoff import --force", "In any case"),
        ],
        more: &["reading"],
    },
    Verb {
        name: "status",
        examples: &[
            ("rerunoff status", "What is fresh, what is stale and why"),
            (
                "rerunoff status --set k=0.013",
                "What would this value have run?",
            ),
            ("rerunoff status --json", "For machines"),
        ],
        more: &["json"],
    },
    Verb {
        name: "why",
        examples: &[
            ("rerunoff why 70007", "What changed for this catchment"),
            ("rerunoff why 70007 70003 --no-pager", "Two, all at once"),
            (
                "rerunoff why 70007 --set k=0.013",
                "What this value would change",
            ),
        ],
        more: &[],
    },
    Verb {
        name: "tag",
        examples: &[
            ("rerunoff tag calibrated", "Name what there is now"),
            (
                "rerunoff tag calibrated --replace",
                "Give the name to what there is now",
            ),
            ("rerunoff tag calibrated --delete", "Take the name away"),
        ],
        more: &[],
    },
    Verb {
        name: "tags",
        examples: &[
            (
                "rerunoff tags",
                "Names, times, and how many results each has",
            ),
            ("rerunoff tags --json", "For machines"),
        ],
        more: &[],
    },
    Verb {
        name: "runs",
        examples: &[
            ("rerunoff runs", "The last twenty"),
            ("rerunoff runs --json", "All, with costs and failures"),
        ],
        more: &["json"],
    },
    Verb {
        name: "diff",
        examples: &[
            ("rerunoff diff", "The last run and the one before"),
            ("rerunoff diff calibrated", "A tag and the last run"),
            (
                "rerunoff diff calibrated trial7",
                "Two tags; or two scenarios",
            ),
            ("rerunoff diff calibrated --plot", "With pictures"),
            (
                "rerunoff diff calibrated --csv > changes.csv",
                "Every catchment and variable",
            ),
        ],
        more: &["reports"],
    },
    Verb {
        name: "evaluate",
        examples: &[
            (
                "rerunoff evaluate --set k=0.013 --set beta=5e-5",
                "One set of values",
            ),
            (
                "rerunoff evaluate --samples lhs.csv -o numbers.csv",
                "A set a row, its numbers likewise",
            ),
            (
                "rerunoff evaluate --samples lhs.csv --at 70007 --numbers c_p95",
                "One number at one catchment",
            ),
            (
                "rerunoff evaluate --dakota params.in results.out",
                "As Dakota's analysis driver",
            ),
        ],
        more: &["calibration", "objectives"],
    },
    Verb {
        name: "report",
        examples: &[
            ("rerunoff report", "report.html, for any browser"),
            (
                "rerunoff report --since calibrated basin.html",
                "With what changed since a tag",
            ),
            (
                "rerunoff report --only 70003,70007 two.html",
                "Of two catchments",
            ),
        ],
        more: &["reports"],
    },
    Verb {
        name: "export",
        examples: &[
            (
                "rerunoff export 70007 --csv > 70007.csv",
                "Its columns, a row a time step",
            ),
            ("rerunoff export 70007 --at calibrated", "As of a tag"),
            ("rerunoff export 70007 --plot", "Curves in the terminal"),
            (
                "rerunoff export --summary --csv --output summary.csv",
                "A row a catchment, to join to a map",
            ),
        ],
        more: &["reports"],
    },
    Verb {
        name: "gc",
        examples: &[
            ("rerunoff gc --dry-run", "How much would go?"),
            ("rerunoff gc", "All that nothing needs"),
            ("rerunoff gc --max-size '20 GB'", "Only until the rest fits"),
        ],
        more: &["reliability"],
    },
    Verb {
        name: "check",
        examples: &[
            ("rerunoff check", "Is the project as it should be?"),
            (
                "rerunoff check 70007 --render look",
                "The files of a catchment, to look at",
            ),
        ],
        more: &["readme", "simulators"],
    },
    Verb {
        name: "try",
        examples: &[
            ("rerunoff try", "The first catchment"),
            (
                "rerunoff try 70007 --keep left",
                "Another one; keep what it leaves",
            ),
            ("rerunoff try --set k=0.013", "With another value"),
        ],
        more: &["simulators"],
    },
    Verb {
        name: "assemble",
        examples: &[("rerunoff assemble", "Nothing is run")],
        more: &[],
    },
    Verb {
        name: "cancel",
        examples: &[("rerunoff cancel", "All that this project has under way")],
        more: &["cluster"],
    },
    Verb {
        name: "log",
        examples: &[
            ("rerunoff log 70007", "Reasons, costs, what was printed"),
            ("rerunoff log 70007 --json", "For machines"),
        ],
        more: &[],
    },
    Verb {
        name: "repro",
        examples: &[(
            "rerunoff repro 70007 by-hand",
            "Files and command of a catchment",
        )],
        more: &["simulators"],
    },
    Verb {
        name: "verify",
        examples: &[
            ("rerunoff verify", "One of a hundred, drawn at random"),
            (
                "rerunoff verify --sample 5 --seed 7",
                "The five of an earlier draw",
            ),
            ("rerunoff verify --only 70003,70007", "These two"),
        ],
        more: &["reliability"],
    },
    Verb {
        name: "doctor",
        examples: &[
            ("rerunoff doctor --dry-run", "Is anything damaged?"),
            ("rerunoff doctor", "Drop what is"),
        ],
        more: &["reliability"],
    },
    Verb {
        name: "init",
        examples: &[
            ("rerunoff init basin", "A commented project file, templates"),
            (
                "rerunoff init --example rhine",
                "A project to try things on",
            ),
            (
                "rerunoff init --example --catchments 1000 meuse",
                "A larger one",
            ),
        ],
        more: &["readme", "simulators"],
    },
    Verb {
        name: "help",
        examples: &[
            ("rerunoff help run", "What a verb does, with examples"),
            ("rerunoff help exit-codes", "A page of the documentation"),
        ],
        more: &[],
    },
];
