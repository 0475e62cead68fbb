//! A pager: the user's own program to read a text screen by screen, on the terminal and with the environment that rerunoff has.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGQUIT};
use signal_hook::{flag, low_level};

/// What `less` does where the user has not said: it ends where the text fits, shows colours and leaves the text on the screen.
const LESS: (&str, &str) = ("LESS", "FRX");

/// Has a text shown by a command line of the shell, and returns when it has ended; `false` if it could not be started.
pub(crate) fn show(command_line: &str, text: &str) -> bool {
    // What is typed to stop the pager, or what it shows, goes to the whole terminal.
    let ignored = Arc::new(AtomicBool::new(false));
    let signals = [SIGINT, SIGQUIT].map(|signal| flag::register(signal, Arc::clone(&ignored)));
    let is_shown = start(command_line, text);
    for signal in signals.into_iter().flatten() {
        low_level::unregister(signal);
    }
    is_shown
}

fn start(command_line: &str, text: &str) -> bool {
    // Words and quotes are the shell's affair; its own answer that there is no such program is 127, that it is none 126.
    let mut command = Command::new("sh");
    command.args(["-c", command_line]).stdin(Stdio::piped());
    if env::var_os(LESS.0).is_none() {
        command.env(LESS.0, LESS.1);
    }
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    if let Some(mut input) = child.stdin.take() {
        // Who has seen enough closes it.
        input.write_all(text.as_bytes()).ok();
    }
    child
        .wait()
        .is_ok_and(|status| !matches!(status.code(), Some(126 | 127)))
}
