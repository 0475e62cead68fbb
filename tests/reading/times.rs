//! Times in text and in NetCDF, and series of other steps.
