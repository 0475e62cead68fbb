//! Classic NetCDF files.
