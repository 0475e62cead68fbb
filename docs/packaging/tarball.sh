#!/bin/sh
# tarball.sh TREE FOLDER: commands, man pages and completions of an installed tree, to be unpacked into ~/.local or /usr/local.
set -eu
tree=$1 folder=$2
name=rerunoff-$("$tree/usr/bin/rerunoff" --version | cut -d ' ' -f 2)-$(uname -m)-linux
install -D -m 644 LICENSE "$tree/usr/share/doc/rerunoff/copyright"
tar --create --gzip --file "$folder/$name.tar.gz" --directory "$tree" --owner 0 --group 0 --numeric-owner --sort name \
    --transform "s:^usr:$name:" usr
echo "$folder/$name.tar.gz"
