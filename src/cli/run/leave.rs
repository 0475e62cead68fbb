//! Leaving tasks to themselves: what an interrupt of a run means that waits for a cluster.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cli::terminal::say;
use crate::cluster::head::Head;
use crate::project::cluster::OnInterrupt;
use crate::system::process::Interrupt;

/// How long a second Ctrl-C is waited for.
const SECOND: Duration = Duration::from_secs(3);

/// Leaves the tasks at work or ends them, as the project and a second Ctrl-C say. What was done, for people.
///
/// A place in a queue may have taken days to get, so it is not given up by reflex. TERM and HUP come when a login node is restarted
/// or a connection is lost: then nobody is there to be asked, and the tasks go on whatever the project says.
pub(super) fn leave(head: &mut Head, wish: OnInterrupt, interrupt: &Interrupt) -> Result<String> {
    let tasks = match head.live() {
        1 => "1 task".to_owned(),
        tasks => format!("{tasks} tasks"),
    };
    let goes_on = format!(
        "interrupted: {tasks} under way; `rerunoff run` waits for them again, `rerunoff cancel` ends them"
    );
    if !interrupt.is_typed() {
        return Ok(goes_on);
    }
    if wish == OnInterrupt::Leave {
        say("the tasks go on without this run; Ctrl-C once more ends them too");
        let since = Instant::now();
        while !interrupt.is_repeated() {
            if since.elapsed() > SECOND {
                return Ok(goes_on);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    head.cancel()?;
    Ok(format!(
        "interrupted: {tasks} are being ended; what they have published is kept, `rerunoff run` goes on from there"
    ))
}
