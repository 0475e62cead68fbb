//! Claims of several processes on the same things: who has one does the work, and the others leave it to him.
//!
//! All claims of a folder are [locks on bytes](ByteLocks) of one empty file, each on the byte that stands for what is claimed: they end
//! with their holder however that ends, and a network file system carries them to other machines. No child inherits a claim; only a
//! [`Lane`] is handed on to guards, by purpose.
//!
//! The lower half of the range is that of [`Claims`], by digest; the upper half that of [`Lane`]s, by number. What is claimed is not
//! known here.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::data::digest::Digest;
use crate::system::byte_locks::ByteLocks;

/// The first byte of the lanes: claims have the 62 bits below it.
const LANES: u64 = 1 << 62;

/// How many lanes there may be.
const MOST_LANES: u64 = 1 << 32;

/// How long the simulators of a killed run may take to die: a page fault on a slow disk, hardly more.
const LAST_MOMENTS: Duration = Duration::from_secs(10);

/// The claims of this process. Two of one process are two claimants.
#[derive(Debug)]
pub(crate) struct Claims(ByteLocks);

/// A number that no other process has at the same time, the lowest one that was free.
#[derive(Debug)]
pub(crate) struct Lane {
    number: u64,
    locks: ByteLocks,
}

impl Claims {
    /// Those on things of which `path` is the file; it is made where it is missing, but not its folder.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        ByteLocks::open(path).map(Self)
    }

    /// Claims what has this digest; `false` if somebody else has a claim on it.
    pub(crate) fn claim(&self, digest: &Digest) -> io::Result<bool> {
        self.0.try_lock(place(digest))
    }

    /// Gives a claim up. One that is not held does no harm.
    pub(crate) fn release(&self, digest: &Digest) {
        self.0.unlock(place(digest));
    }
}

impl Lane {
    /// The lowest lane that is free.
    pub(crate) fn take(path: &Path) -> io::Result<Self> {
        let locks = ByteLocks::open(path)?;
        for number in 0..MOST_LANES {
            if locks.try_lock(LANES + number)? {
                return Ok(Self { number, locks });
            }
        }
        Err(io::Error::other("all lanes are in use"))
    }

    /// The lane with this number, if it is free.
    pub(crate) fn take_if_free(path: &Path, number: u64) -> io::Result<Option<Self>> {
        if number >= MOST_LANES {
            return Ok(None);
        }
        let locks = ByteLocks::open(path)?;
        let is_free = locks.try_lock(LANES + number)?;
        Ok(is_free.then_some(Self { number, locks }))
    }

    /// Waits a moment for what has lanes to end; returns whether none is in use any more.
    ///
    /// For whoever knows that all who took one are gone: guards keep those of a killed run until its last simulator is gone.
    pub(crate) fn wait_for_the_dead(path: &Path) -> io::Result<bool> {
        let (locks, since) = (ByteLocks::open(path)?, Instant::now());
        loop {
            if locks.try_lock_from(LANES)? {
                return Ok(true);
            }
            if since.elapsed() > LAST_MOMENTS {
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its number.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The open file: a process that keeps it open keeps the lane, even beyond the end of this one.
    pub(crate) fn keeper(&self) -> &File {
        self.locks.opening()
    }
}

/// The byte that stands for a digest. That two have the same is as likely as that two random numbers of 62 bits are equal, and costs
/// no more than that one waits for the other.
fn place(digest: &Digest) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) % LANES
}

#[cfg(test)]
pub(crate) mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("claims");
        (folder, path)
    }

    /// Whether something comes true in a while. A program that another test is just starting has all files open until it begins.
    pub(crate) fn soon(is_so: impl Fn() -> io::Result<bool>) -> bool {
        for _ in 0..500 {
            if is_so().expect("asked") {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    #[test]
    fn one_has_a_claim_until_it_is_given_up_or_its_holder_ends() {
        let (_folder, path) = file();
        let [one, other] = [(); 2].map(|()| Claims::open(&path).expect("opened"));
        let [a, b] = [b"a", b"b"].map(|text| Digest::of(text));
        assert!(one.claim(&a).expect("claimed"));
        assert!(one.claim(&a).expect("claimed"), "its own");
        assert!(!other.claim(&a).expect("asked"));
        assert!(other.claim(&b).expect("claimed"));
        other.release(&a);
        assert!(!other.claim(&a).expect("asked"));
        one.release(&a);
        assert!(other.claim(&a).expect("claimed"));
        drop(other);
        assert!(soon(|| one.claim(&a)) && soon(|| one.claim(&b)));
        assert_eq!(std::fs::metadata(&path).expect("there").len(), 0);
    }

    #[test]
    fn no_child_inherits_a_claim() {
        let (_folder, path) = file();
        let one = Claims::open(&path).expect("opened");
        let a = Digest::of(b"a");
        assert!(one.claim(&a).expect("claimed"));
        let mut child = Command::new("sleep")
            .arg("1000")
            .stdin(Stdio::null())
            .spawn()
            .expect("a child");
        drop(one);
        let other = Claims::open(&path).expect("opened");
        let is_free = soon(|| other.claim(&a));
        child.kill().expect("ended");
        child.wait().expect("its end");
        assert!(is_free);
    }

    #[test]
    fn many_claimants_have_each_thing_once() {
        let (_folder, path) = file();
        let done = std::sync::Mutex::new(Vec::new());
        let all_have_asked = std::sync::Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let claims = Claims::open(&path).expect("opened");
                    for thing in 0u32..500 {
                        if claims
                            .claim(&Digest::of(&thing.to_le_bytes()))
                            .expect("asked")
                        {
                            done.lock().expect("no panic").push(thing);
                        }
                    }
                    all_have_asked.wait();
                });
            }
        });
        let mut done = done.into_inner().expect("no panic");
        done.sort_unstable();
        assert_eq!(done, (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn lanes_are_taken_from_the_lowest_and_kept_beyond_their_process() {
        let (_folder, path) = file();
        let lane = || Lane::take(&path).expect("taken");
        let (first, second, third) = (lane(), lane(), lane());
        assert_eq!([&first, &second, &third].map(Lane::number), [0, 1, 2]);
        let claims = Claims::open(&path).expect("opened");
        assert!(
            claims.claim(&Digest::of(b"a")).expect("claimed"),
            "beside lanes"
        );
        // As a guard does.
        let keeper = second.keeper().try_clone().expect("kept open");
        drop((first, second));
        assert!(Lane::take_if_free(&path, 1).expect("asked").is_none());
        assert!(
            Lane::take_if_free(&path, u64::MAX)
                .expect("asked")
                .is_none()
        );
        assert!(soon(|| Ok(Lane::take_if_free(&path, 0)?.is_some())));
        assert_eq!(lane().number(), 0);
        drop((keeper, third));
        assert!(soon(|| Ok(Lane::take_if_free(&path, 1)?.is_some())));
        assert!(Lane::wait_for_the_dead(&path).expect("asked"));
    }
}
