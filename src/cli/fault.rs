//! What went wrong: text for people on standard error and, with `--json`, one document for machines on standard output.
//!
//! Only this file knows which exit code an error has and how it looks as JSON. A verb with `--json` prints exactly one document,
//! however it ends: its own, `{"error": …}`, or its own with an `error` in it.

use std::io::{Write, stderr};
use std::path::Path;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::document::{Cause, FailureOf};
use super::exit::{Exit, Usage};
use super::hint;
use super::refusal::{CannotRun, TooMany};
use super::terminal::{print_document, say};
use crate::example::InTheWay;
use crate::product::numbers::ChoiceError;
use crate::project::ProjectError;
use crate::store::StoreError;
use crate::system::lock::{Holder, LockError};

/// An error for machines.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Fault<'a> {
    /// What kind of error it is.
    kind: Kind,
    /// That of the program.
    exit_code: u8,
    /// The text on standard error; for a fault in the project file, what follows the place.
    message: String,
    /// Its causes, the most immediate first.
    causes: Vec<String>,
    /// The file that it is about, where one is known.
    file: Option<String>,
    /// The line in the file, counted from 1, where one is known.
    line: Option<usize>,
    /// The column in the line, counted from 1, where one is known.
    column: Option<usize>,
    /// Who holds the project; of the kind `locked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<&'a Holder>,
    /// All catchments that can't be run; of the kind `bad input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    cannot_run: Option<&'a [FailureOf]>,
    /// How many catchments would be run; of the kind `refused`, as the two that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    would_run: Option<usize>,
    /// Of so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    catchments: Option<usize>,
    /// What they would be run for.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a [Cause]>,
}

/// What kind of error it is.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// The command line, or what it names.
    Usage,
    /// The project file, or a template that it names.
    #[serde(rename = "project file")]
    ProjectFile,
    /// Somebody is at work on the project, and one of the two needs it alone or its cluster has a head already.
    Locked,
    /// The input, the store or the product can't be read or written.
    Unreadable,
    /// Catchments can't be run with the input there is.
    #[serde(rename = "bad input")]
    BadInput,
    /// More would be run than is allowed.
    Refused,
    /// A signal came.
    Interrupted,
}

/// A document that is nothing but an error.
#[derive(Serialize, JsonSchema)]
pub(super) struct Failed<'a> {
    /// What went wrong.
    error: Fault<'a>,
}

impl Kind {
    fn exit(self) -> Exit {
        match self {
            Self::Usage | Self::ProjectFile => Exit::Usage,
            Self::Locked => Exit::Locked,
            Self::Unreadable | Self::BadInput => Exit::Unreadable,
            Self::Refused => Exit::Refused,
            Self::Interrupted => Exit::Interrupted,
        }
    }
}

impl<'a> Fault<'a> {
    /// An error as machines get it.
    pub(super) fn of(error: &'a anyhow::Error) -> Self {
        let causes = error.chain().skip(1).map(ToString::to_string).collect();
        let message = format!("{error:#}");
        let fault = |kind| Self {
            causes,
            ..Self::new(kind, message)
        };
        if let Some(ProjectError {
            file,
            place,
            message,
        }) = error.downcast_ref()
        {
            Self {
                message: message.clone(),
                line: place.map(|(line, _)| line),
                column: place.map(|(_, column)| column),
                ..fault(Kind::ProjectFile).about(file)
            }
        } else if error.is::<Usage>() || error.is::<ChoiceError>() || error.is::<InTheWay>() {
            fault(Kind::Usage)
        } else if let Some(refused) = error.downcast_ref::<TooMany>() {
            Self {
                would_run: Some(refused.would_run),
                catchments: Some(refused.all),
                why: Some(&refused.causes),
                ..fault(Kind::Refused)
            }
        } else if let Some(CannotRun { catchments, .. }) = error.downcast_ref() {
            Self {
                cannot_run: Some(catchments),
                ..fault(Kind::BadInput)
            }
        } else if let Some(LockError::Held(holder) | LockError::Alone(holder)) =
            error.downcast_ref()
        {
            Self {
                holder: Some(holder),
                ..fault(Kind::Locked)
            }
        } else if let Some(LockError::Io { path, .. }) = error.downcast_ref() {
            fault(Kind::Unreadable).about(path)
        } else if let Some(error) = error.downcast_ref::<StoreError>() {
            fault(Kind::Unreadable).about(error.path())
        } else {
            fault(Kind::Unreadable)
        }
    }

    /// A signal came, and this message was printed.
    pub(super) fn interrupted(message: &str) -> Self {
        Self::new(Kind::Interrupted, message.to_owned())
    }

    fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            exit_code: kind.exit().code(),
            message,
            causes: Vec::new(),
            file: None,
            line: None,
            column: None,
            holder: None,
            cannot_run: None,
            would_run: None,
            catchments: None,
            why: None,
        }
    }

    fn about(self, file: &Path) -> Self {
        let file = Some(file.display().to_string());
        Self { file, ..self }
    }

    /// The exit code that goes with it.
    pub(super) fn exit(&self) -> Exit {
        self.kind.exit()
    }
}

/// Prints an error that ended a verb, and returns the exit code for it.
pub fn print_error(error: &anyhow::Error, json: bool) -> Exit {
    // With standard error gone there is nobody to tell; the exit code still does.
    writeln!(stderr(), "error: {error:#}").ok();
    let fault = Fault::of(error);
    let exit = fault.exit();
    if json {
        // If even that can't be written, there is still the exit code.
        print_document(&Failed { error: fault }).ok();
    }
    exit
}

/// Says that a signal ended a verb, and returns the exit code for it.
pub(super) fn print_interrupted(message: &str, json: bool) -> Result<Exit> {
    say(message);
    if json {
        let error = Fault::interrupted(message);
        print_document(&Failed { error })?;
    }
    Ok(Exit::Interrupted)
}

/// Prints what is wrong with a command line, or the help or version that it asks for, and returns the exit code for it.
pub fn print_unparsed(mut error: clap::Error) -> Exit {
    hint::add(&mut error);
    error.print().ok();
    if !error.use_stderr() {
        return Exit::Fine;
    }
    // There are no arguments yet, only words.
    let words = std::env::args_os().skip(1).take_while(|word| word != "--");
    let is_json = |word: &str| word == "--json" || word.starts_with("--json=");
    if words
        .into_iter()
        .any(|word| word.to_str().is_some_and(is_json))
    {
        let text = error.render().to_string();
        let help = ["\n\nUsage:", "\n\nFor more information"];
        let end = help.iter().filter_map(|help| text.find(help)).min();
        let message = text[..end.unwrap_or(text.len())].trim_end();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let error = Fault::new(Kind::Usage, message.to_owned());
        print_document(&Failed { error }).ok();
    }
    Exit::Usage
}
