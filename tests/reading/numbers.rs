//! Numbers in NetCDF and HDF5, as the conventions have them.
