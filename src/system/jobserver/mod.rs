//! How many simulators may be at work at once, also under `make -j`.

pub(crate) mod makeflags;
pub(crate) mod slots;
