//! How many simulators may be at work at once, under `make -j` too.

pub mod makeflags;
pub mod slots;
