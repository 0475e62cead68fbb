//! A limit on the arenas into which the C library's allocator divides memory among threads.
//!
//! Series are allocated by one thread and freed by another, every phase has its own threads, and memory that is free in one arena
//! serves no thread of another: so there are no more than threads that work at once, where the library's own limit is eight for each
//! processor. Nor are there fewer: who finds an arena in use by another sleeps until it is free, and threads that compute keys do little
//! else then. On systems without glibc it does nothing.

/// How many threads work at once beside one for each processor.
#[cfg(target_env = "gnu")]
const FURTHER: u32 = 6;

/// Limits the number of arenas; to be called before there is a second thread.
#[allow(unsafe_code)]
pub(crate) fn share() {
    #[cfg(target_env = "gnu")]
    {
        // Not `available_parallelism`: it reads files, and a run with nothing to do takes a few milliseconds.
        let processors = rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count());
        let arenas = i32::try_from(processors + FURTHER).unwrap_or(1);
        // SAFETY: mallopt takes two numbers and changes how later allocations are made, not those that there are. The
        // program has a single thread here. A refusal leaves things as they were.
        let _: i32 = unsafe { libc::mallopt(libc::M_ARENA_MAX, arenas) };
    }
}
