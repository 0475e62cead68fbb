//! Limits on the arenas into which the C library's allocator divides memory among threads, and on what they keep.
//!
//! Series are allocated by one thread and freed by another, every phase has its own threads, and memory that is free in one arena
//! serves no thread of another: so there are no more than threads that work at once, where the library's own limit is eight for each
//! processor. Nor are there fewer: who finds an arena in use by another sleeps until it is free, and threads that compute keys do little
//! else then. What is free at an arena's end goes back to the system beyond a small rest: left to itself, the library would let each of
//! them keep twice the largest block that was ever freed. On systems without glibc all this does nothing.

/// How many threads work at once beside one for each processor.
#[cfg(target_env = "gnu")]
const FURTHER: u32 = 6;

/// How much an arena keeps that is free at its end, and how large a block is that gets memory of its own. Series are smaller.
#[cfg(target_env = "gnu")]
const KEPT: i32 = 1 << 20;
#[cfg(target_env = "gnu")]
const LARGE: i32 = 4 << 20;

/// Sets these limits; to be called before there is a second thread.
#[allow(unsafe_code)]
pub(crate) fn share() {
    #[cfg(target_env = "gnu")]
    {
        // Not `available_parallelism`: it reads files, and a run with nothing to do takes a few milliseconds.
        let processors = rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count());
        let arenas = i32::try_from(processors + FURTHER).unwrap_or(1);
        for (limit, value) in [
            (libc::M_ARENA_MAX, arenas),
            (libc::M_TRIM_THRESHOLD, KEPT),
            (libc::M_MMAP_THRESHOLD, LARGE),
        ] {
            // SAFETY: mallopt takes two numbers and changes how later allocations are made, not those that there are. The
            // program has a single thread here. A refusal leaves things as they were.
            let _: i32 = unsafe { libc::mallopt(limit, value) };
        }
    }
}
