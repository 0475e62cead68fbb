#!/bin/sh
# gdal.sh FILE: what GDAL finds in a product, a line a thing: by the multidimensional interface, and as rasters of a band or several.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for name in concentration discharge herbicide_load; do
    echo "$name:" $(gdalmdiminfo -detailed -array $name "$1" 2>/dev/null | sed -n '/"values": \[/,$p' | sed '/^  ],\{0,1\}$/q' | sed '1d' | tr -d '"[],')
done
# The first row of a raster is the first of the file, where GDAL takes no dimension for a latitude that grows upwards.
gdal_translate -q --config GDAL_NETCDF_BOTTOMUP NO -of ENVI "NETCDF:$1:discharge" "$folder/raster" 2>/dev/null
echo "discharge:" $(od -An -v -w8 -t f8 "$folder/raster")
