# A package for Spack, for a repository of one's own; not built there yet. HDF5 is compiled in, as everywhere.
from spack.package import *


class Rerunoff(CargoPackage):
    """Reruns an external simulator over thousands of river catchments, and only over those whose inputs changed."""

    # The folder of a clone: `spack develop -p /path/to/rerunoff rerunoff@0.1.0`, or a tarball of it as `url`.
    version("0.1.0")
    license("MIT")

    depends_on("c", type="build")
    depends_on("rust@1.95:", type="build")
    depends_on("cmake@3.26:", type="build")
