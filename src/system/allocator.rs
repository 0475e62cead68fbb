//! A limit on the arenas into which the C library's allocator divides memory among threads.
//!
//! Series are allocated by one thread and freed by another, every phase has its own threads, and memory that is free in one arena
//! serves no thread of another. With the library's default, eight for each processor, a run of 8,000
//! catchments held 40 % more memory than with one, and was no faster. On systems without glibc it does nothing.

/// How many processors share an arena: few enough that none waits long for another.
#[cfg(target_env = "gnu")]
const SHARED_BY: u32 = 4;

/// Limits the number of arenas; to be called before there is a second thread.
#[allow(unsafe_code)]
pub(crate) fn share() {
    #[cfg(target_env = "gnu")]
    {
        // Not `available_parallelism`: it reads files, and a run with nothing to do takes a few milliseconds.
        let processors = rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count());
        let arenas = i32::try_from(processors.div_ceil(SHARED_BY)).unwrap_or(1);
        // SAFETY: mallopt takes two numbers and changes how later allocations are made, not those that there are. The
        // program has a single thread here. A refusal leaves things as they were.
        let _: i32 = unsafe { libc::mallopt(libc::M_ARENA_MAX, arenas) };
    }
}
