#!/bin/sh
# nco.sh FILE: what NCO finds in a product, a line a thing. Of times it tells the numbers; ncdump.sh has the dates.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
values() { ncks --trd -H -C -s '%.17g ' -v "$2" "$1"; }
for name in concentration discharge herbicide_load; do
    echo "$name:" $(values "$1" $name)
done
# Along time, which ncra and ncrcat want to be the record dimension; ncwa does not.
ncra -v discharge "$1" "$folder/record.nc"
echo "mean of discharge:" $(values "$folder/record.nc" discharge)
ncwa -a time -v discharge "$1" "$folder/averaged.nc"
echo "mean of discharge:" $(values "$folder/averaged.nc" discharge)
# Two stretches of time, and the whole again.
ncks -d time,0,9 -v discharge "$1" "$folder/first.nc"
ncks -d time,10, -v discharge "$1" "$folder/second.nc"
ncrcat "$folder/first.nc" "$folder/second.nc" "$folder/whole.nc"
echo "discharge:" $(values "$folder/whole.nc" discharge)
