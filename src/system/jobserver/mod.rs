//! How many simulators may be at work at once, also under `make -j`.

pub mod makeflags;
pub mod slots;
