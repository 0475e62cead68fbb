//! dBASE tables in all their dialects.
