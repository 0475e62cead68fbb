#!/bin/bash
# ready.sh: sees to it that the tools of tests/tools.rs are there: as root it installs what is missing, by name. Those that cannot be
# had are said, and passed over by the tests.
set -u
packages="cdo nco netcdf-bin gdal-bin ncview r-cran-ncdf4 r-cran-stars r-cran-terra octave-netcdf"
missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
command -v apt-get >/dev/null || { echo "skipped: there is no apt-get to install$missing with"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "skipped: only root may install$missing"; exit 0; }
export DEBIAN_FRONTEND=noninteractive
apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1 ||
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; } >/dev/null 2>&1 ||
    echo "skipped: apt-get can't install$missing"
