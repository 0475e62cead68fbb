//! Series in text tables: columns, cells, packings.
