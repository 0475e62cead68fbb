//! What other people's files mean: each kind of file that came out wrong once, with the right value, and files made at
//! random beside decoders that nobody here wrote.

mod dbase;
mod imported;
mod linked;
mod netcdf3;
mod numbers;
mod parameter;
mod resampling;
mod tables;
mod text;
mod times;
mod xml;
