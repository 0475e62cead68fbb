#!/bin/sh
# deb.sh TREE FOLDER: a Debian package of an installed tree, in this folder. It needs dpkg-deb and nothing of debhelper: one program with its
# manual, that was built already. It is for own servers; one for Debian itself would be built against Debian's HDF5.
set -eu
tree=$1 folder=$2
version=$("$tree/usr/bin/rerunoff" --version | cut -d ' ' -f 2)
machine=$(dpkg --print-architecture)
install -D -m 644 LICENSE "$tree/usr/share/doc/rerunoff/copyright"
mkdir -p "$tree/DEBIAN"
cat > "$tree/DEBIAN/control" <<END
Package: rerunoff
Version: $version
Architecture: $machine
Maintainer: the rerunoff authors <rerunoff@localhost>
Installed-Size: $(du -sk "$tree/usr" | cut -f 1)
Depends: libc6 (>= 2.28)
Section: science
Priority: optional
Description: incremental runner of simulators over thousands of river catchments
 rerunoff runs an external simulator over thousands of river catchments, and next
 time only over those whose inputs changed. It is one line of a Makefile, keeps
 results in SQLite and writes one NetCDF-4 file.
END
dpkg-deb --root-owner-group -Zxz --build "$tree" "$folder/rerunoff_${version}_$machine.deb"
rm -r "$tree/DEBIAN"
