#!/bin/bash
# ready.sh slurm|gridengine: sees to it that a cluster of this kind can be started here: as root it installs what is missing, by
# name. If one cannot be started it says why, in a line that begins with "skipped", and fails.
set -u
skipped() { echo "skipped: $1"; exit 1; }
case ${1-} in
slurm) packages="slurm-wlm munge bindfs" programs="slurmctld slurmd sbatch squeue munged bindfs" ;;
gridengine) packages="gridengine-master gridengine-exec gridengine-client" programs="sge_qmaster sge_execd qsub qconf" ;;
*) echo "usage: ready.sh slurm|gridengine" >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || skipped "a $1 cluster on this machine is started by root alone"
missing=
for program in $programs; do command -v "$program" >/dev/null || missing="$missing $program"; done
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || skipped "there is no$missing, and no apt-get to install it with"
    export DEBIAN_FRONTEND=noninteractive
    # Without a start of the daemons: the tests start their own, elsewhere.
    policy=/usr/sbin/policy-rc.d
    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && trap "rm -f $policy" EXIT; }
    apt-get install -qq -y --no-install-recommends $packages >/dev/null 2>&1 ||
        { apt-get update -qq && apt-get install -qq -y --no-install-recommends $packages; } >/dev/null 2>&1 ||
        skipped "apt-get can't install $packages"
fi
if [ "$1" = slurm ]; then
    unshare --fork --pid --mount --mount-proc --uts true 2>/dev/null || skipped "no namespaces can be made here, and each node is one"
fi
