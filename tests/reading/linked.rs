//! Inputs that point to other files: links, virtual datasets, raw files.
