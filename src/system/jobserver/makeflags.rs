//! What `make` tells the programs that it starts, in the variable `MAKEFLAGS`. Pure.
//!
//! The format is that of GNU make's manual, "Communicating Options to a Sub-make" and "POSIX Jobserver": single-letter
//! flags without a dash come first, if there are any; long options follow; variables come after `--`. Make 4.2 and 4.3 name
//! their jobserver `--jobserver-auth=R,W`, earlier ones `--jobserver-fds=R,W`, and from 4.4 on it may be `fifo:PATH`.

use std::path::PathBuf;

/// The flags of make's call that matter here.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MakeFlags {
    /// `-n`, `-q` or `-t`: nothing is really to be done. Lines that begin with `+` are started even then.
    pub pretend: bool,
    /// N of `-j N`.
    pub jobs: Option<usize>,
    /// How to reach the jobserver, if there is one.
    pub auth: Option<Auth>,
}

/// How a jobserver is reached.
#[derive(Debug, PartialEq, Eq)]
pub enum Auth {
    /// An inherited pipe: the descriptors to read and to write.
    Pipe(i32, i32),
    /// A named pipe.
    Fifo(PathBuf),
}

impl MakeFlags {
    /// Reads the value of `MAKEFLAGS`.
    pub fn parse(flags: &str) -> Self {
        let mut found = Self::default();
        for (i, word) in flags.split(' ').enumerate() {
            if word == "--" {
                break;
            }
            if let Some(auth) = (word.strip_prefix("--jobserver-auth="))
                .or_else(|| word.strip_prefix("--jobserver-fds="))
            {
                // The last one counts: a make inside of another one appends its own.
                found.auth = Auth::parse(auth);
            } else if let Some(jobs) = word.strip_prefix("-j") {
                found.jobs = jobs.parse().ok().filter(|&jobs| jobs > 0);
            } else if i == 0 && !word.starts_with('-') && !word.contains('=') {
                found.pretend = word.contains(['n', 'q', 't']);
            }
        }
        found
    }

    /// The flags that this program was started with.
    pub fn of_environment() -> Self {
        let flags = std::env::var_os("MAKEFLAGS").unwrap_or_default();
        Self::parse(&flags.to_string_lossy())
    }
}

impl Auth {
    fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("fifo:") {
            return Some(Self::Fifo(path.into()));
        }
        let (read, write) = text.split_once(',')?;
        Some(Self::Pipe(read.parse().ok()?, write.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_say() {
        let of = MakeFlags::parse;
        assert_eq!(of(""), MakeFlags::default());
        let pipe = MakeFlags {
            pretend: false,
            jobs: Some(4),
            auth: Some(Auth::Pipe(3, 4)),
        };
        assert_eq!(of(" -j4 --jobserver-auth=3,4"), pipe);
        assert_eq!(of("k -j4 --jobserver-fds=3,4"), pipe);
        let fifo = MakeFlags {
            auth: Some(Auth::Fifo("/tmp/GMfifo12".into())),
            jobs: Some(4),
            pretend: true,
        };
        assert_eq!(
            of("kn -j4 --jobserver-auth=fifo:/tmp/GMfifo12 -- A=1"),
            fifo
        );
    }

    #[test]
    fn only_flags_are_flags() {
        let of = MakeFlags::parse;
        assert!(of("n").pretend && of("kqs").pretend && of("t").pretend);
        assert!(!of(" --no-print-directory").pretend);
        assert!(!of("--no-print-directory").pretend);
        assert!(!of(" -- name=n").pretend, "a variable");
        assert!(!of("name=n").pretend, "a variable of an old make");
        assert_eq!(of(" -- X=--jobserver-auth=3,4"), MakeFlags::default());
        assert_eq!(of(" -j").jobs, None, "as many as there are");
        assert_eq!(of(" -j4 --jobserver-auth=a,b").auth, None);
    }
}
