#!/bin/bash
# ready.sh: sees to it that there is a Chromium that a program can drive: as root it installs what is missing, by name. If there can be
# none it says why, in a line that begins with "skipped", and fails.
set -u
skipped() { echo "skipped: $1"; exit 1; }
there() { command -v chromium >/dev/null && command -v chromedriver >/dev/null; }
there && exit 0
command -v apt-get >/dev/null || skipped "there is no chromium with chromedriver, and no apt-get to install it with"
[ "$(id -u)" = 0 ] || skipped "there is no chromium with chromedriver, and only root may install it"
export DEBIAN_FRONTEND=noninteractive
packages="chromium chromium-driver"
apt-get install -qq -y --no-install-recommends $packages >/dev/null 2>&1 ||
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends $packages; } >/dev/null 2>&1 ||
    skipped "apt-get can't install $packages"
there || skipped "apt-get has installed $packages, and there is no chromium with chromedriver all the same"
