//! Where catchments are: their polygons out of other people's files, and what stands for them where there are none.
//!
//! It knows ids, rings and points, and nothing of results, pages or colours. Only [`crate::page`] uses it.
