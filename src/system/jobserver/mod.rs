//! How many simulators may be at work at once, under `make -j` and beside other callers on the same project.

mod cores;
pub(crate) mod makeflags;
mod pipe;
pub(crate) mod slots;
