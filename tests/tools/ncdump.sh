#!/bin/sh
# ncdump.sh FILE: what ncdump finds in a product, a line a thing.
set -eu
# What stands between the name and the semicolon in the data, without commas and quotes.
values() { ncdump -p 9,17 -v "$2" "$1" | awk -v name="$2" '/^data:/ { data = 1 } data && $1 == name { on = 1 } on { print } on && /;/ { exit }' | sed 's/^.*=//; s/[,;"]/ /g'; }
for name in concentration discharge herbicide_load catchment; do
    echo "$name:" $(values "$1" $name)
done
