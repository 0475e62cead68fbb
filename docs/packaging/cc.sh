#!/bin/sh
# The linker of `make wheel`: zig, for glibc 2.28, whatever glibc this machine has. What cargo has built is only linked anew.
exec cargo-zigbuild zig cc -- -target "$(uname -m)-linux-gnu.2.28" "$@"
