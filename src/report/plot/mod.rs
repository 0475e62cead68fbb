//! Pictures for a terminal, made of characters: curves over time, a histogram over catchments, a coarse map by position.
//!
//! Everything here takes numbers and gives lines of text: pictures as wide as they are told at most, with titles and legends in words. Nothing is coloured, so that a picture reads the same in a
//! mail, on paper and by whoever sees colours otherwise. It does not know whether there is a terminal, what is drawn, or where numbers come
//! from. Every axis has round numbers and its units, and what does not fit is said, not cut.

mod braille;
mod classes;
mod curve;
mod dates;
mod histogram;
mod map;
mod ticks;

pub(crate) use self::classes::Classes;
pub(crate) use self::curve::{Along, Curve, range_of};
pub(crate) use self::histogram::histogram;
pub(crate) use self::map::Raster;
