//! The seccomp filter of a restricted thread, and its listener: which system calls are held up until somebody has looked at them.
//!
//! The filter looks at the number of a call alone, so the kernel knows beforehand for each number that it is let through, and calls
//! that nobody asks about cost nothing.
//!
//! Programs of another architecture, 32-bit ones for example, are let through: Landlock still holds what they read and write.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use libc::{c_long, sock_filter};

/// A call that waits for an answer.
pub(super) struct Notice {
    id: u64,
    /// The thread that made it.
    pub thread: u32,
    pub number: c_long,
    pub arguments: [u64; 6],
}

/// The answer to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Let the kernel do it, who may refuse.
    GoOn,
    /// It is not permitted.
    NotPermitted,
}

/// Where calls are told of that a thread's filter holds up. At its end when nothing is left that has the filter.
pub(super) struct Listener(OwnedFd);

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_003e);
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_00b7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: Option<u32> = None;

/// Numbers from here on are those of x32, another way to make the same calls.
const X32: u32 = 0x4000_0000;

/// The program of a filter that holds these calls up.
fn program(numbers: &[c_long], architecture: u32) -> Vec<sock_filter> {
    let statement = |code: u32, k: u32| sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    };
    let jump = |code: u32, k: u32, jt: u8, jf: u8| sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let at_least = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
    let give = libc::BPF_RET | libc::BPF_K;
    // Offsets of `arch` and `nr` in struct seccomp_data.
    let mut program = vec![
        statement(load, 4),
        jump(equal, architecture, 1, 0),
        statement(give, libc::SECCOMP_RET_ALLOW),
        statement(load, 0),
    ];
    if cfg!(target_arch = "x86_64") {
        program.push(jump(at_least, X32, 0, 1));
        program.push(statement(
            give,
            libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32,
        ));
    }
    for number in numbers {
        program.push(jump(equal, *number as u32, 0, 1));
        program.push(statement(give, libc::SECCOMP_RET_USER_NOTIF));
    }
    program.push(statement(give, libc::SECCOMP_RET_ALLOW));
    program
}

/// Puts a filter on this thread, and all that it starts from now on, which holds these calls up. The thread can gain no privileges
/// any more: that has been seen to.
///
/// # Errors
/// If there can be none: the kernel is old, or somebody else listens to all of rerunoff already, as some containers do.
#[allow(unsafe_code)]
pub(super) fn install(numbers: &[c_long]) -> io::Result<Listener> {
    let architecture = ARCHITECTURE.ok_or(io::ErrorKind::Unsupported)?;
    let mut program = program(numbers, architecture);
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // A signal does not break off a call that somebody looks at; kernels before 5.19 don't know that.
    let wanted = [
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
    ];
    for flags in wanted {
        // SAFETY: `program` points to its instructions, which live until the call returns; the kernel copies them. The filter
        // changes no memory: calls of this thread may only wait for an answer, or be refused.
        let made = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                flags,
                &program,
            )
        };
        if let Ok(listener) = i32::try_from(made)
            && listener >= 0
        {
            // SAFETY: the kernel has just made this descriptor for us, and nothing else owns it.
            return Ok(Listener(unsafe { OwnedFd::from_raw_fd(listener) }));
        }
        if io::Error::last_os_error().raw_os_error() != Some(libc::EINVAL) {
            break;
        }
    }
    Err(io::Error::last_os_error())
}

impl Listener {
    /// Waits for the next call; `None` when no more can come.
    pub(super) fn next(&self) -> io::Result<Option<Notice>> {
        use rustix::event::{PollFd, PollFlags, poll};
        use rustix::io::Errno;
        loop {
            let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let events = fds[0].revents();
            if events.contains(PollFlags::IN) {
                match self.receive() {
                    // Who made it was killed meanwhile.
                    Err(error)
                        if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => {}
                    Err(error) => return Err(error),
                    Ok(notice) => return Ok(Some(notice)),
                }
            } else if !events.is_empty() {
                return Ok(None);
            }
        }
    }

    #[allow(unsafe_code)]
    fn receive(&self) -> io::Result<Notice> {
        // SAFETY: a plain C struct of integers, for which all zeros is a valid value; the kernel asks for zeros.
        let mut notice: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel writes one such struct, whose size is part of the number, into this exclusively borrowed local.
        let done = unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_RECV,
                &mut notice,
            )
        };
        if done < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Notice {
            id: notice.id,
            thread: notice.pid,
            number: notice.data.nr.into(),
            arguments: notice.data.args,
        })
    }

    /// Whether the thread that made the call still waits: then all that was read of it was its own.
    #[allow(unsafe_code)]
    pub(super) fn is_waiting(&self, notice: &Notice) -> bool {
        // SAFETY: the kernel reads one `u64` from this borrowed field.
        let done = unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_ID_VALID,
                &notice.id,
            )
        };
        done == 0
    }

    /// Answers. That the thread may be gone is no error.
    #[allow(unsafe_code)]
    pub(super) fn answer(&self, notice: &Notice, answer: Answer) {
        let (error, flags) = match answer {
            Answer::GoOn => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
            Answer::NotPermitted => (-libc::EPERM, 0),
        };
        let mut response = libc::seccomp_notif_resp {
            id: notice.id,
            val: 0,
            error,
            flags,
        };
        // SAFETY: the kernel reads one such struct, whose size is part of the number, from this exclusively borrowed local.
        unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_SEND,
                &mut response,
            )
        };
    }
}
