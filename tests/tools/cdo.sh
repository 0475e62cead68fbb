#!/bin/sh
# cdo.sh FILE: what CDO finds in a product, a line a thing. It knows no text, so neither ids that are text nor scenarios' names.
set -eu
for name in concentration discharge herbicide_load; do
    echo "$name:" $(cdo -s outputf,%.17g,1 -selname,$name "$1")
done
echo "time:" $(cdo -s showtimestamp "$1")
echo "mean of discharge:" $(cdo -s outputf,%.17g,1 -timmean -selname,discharge "$1")
