#!/bin/bash
# A Slurm cluster of several nodes on this machine, for tests, started by root without systemd.
#   slurm.sh up DIR [NODES] [CPUS] [LINES]  starts it, with more lines in its configuration; prints the file to name in SLURM_CONF
#   slurm.sh kill-node DIR N             as if its power went: slurmd and all that runs on the node are gone at once
#   slurm.sh start-node DIR N
#   slurm.sh freeze-node DIR N           as if it hung or were cut off: all on it stands still
#   slurm.sh thaw-node DIR N             and goes on
#   slurm.sh stop-controller DIR         it stands still, answers nothing
#   slurm.sh continue-controller DIR
#   slurm.sh kill-controller DIR
#   slurm.sh start-controller DIR
#   slurm.sh on-node DIR N COMMAND…      runs a command where it sees what the node sees: its own disk
#   slurm.sh down DIR                    ends exactly what was started
# Each slurmd has a name, a port and a spool folder of its own, and is in namespaces of its own for processes, mounts and the host's name.
# DIR/scratch is each node's own disk, small so that it can be filled, and its memory file system is its own; all else is shared.
# From the environment: CLUSTER_HOLDER (when this process is gone, so is the cluster), SLURM_TEST_DISK (64m), SLURM_TEST_KILLWAIT (5), SLURM_TEST_SLURMDTIMEOUT (10).
set -euo pipefail
verb=${1:?verb}
dir=$(realpath -m "${2:?folder}")
conf=$dir/slurm.conf
. "$(dirname "$0")/ports.sh"
. "$(dirname "$0")/holder.sh"

start_controller() {
    setsid slurmctld -D -f "$conf" </dev/null >>"$dir/slurmctld.out" 2>&1 &
    echo $! >"$dir/slurmctld.started"
}

start_node() {
    mkdir -p "$dir/node$1" "$dir/scratch"
    # Killing the first process of its namespace is to a node what a power cut is to a machine.
    setsid unshare --fork --kill-child=KILL --pid --mount --mount-proc --uts bash -c '
        hostname "$1"
        mount -t tmpfs -o size="$4",mode=1777 node-disk "$3/scratch"
        mount -t tmpfs -o mode=1777 node-memory /dev/shm
        # Slurm has a login made for each task, and what root has there may take its time, or locks that a dead node would keep.
        for profile in .bash_profile .bash_login .profile; do
            if [ -e ~/"$profile" ]; then mount --bind /dev/null ~/"$profile"; fi
        done
        # This shell stays, as the init of the node: it reaps what loses its parent. Slurm waits for ever for what is dead and not reaped.
        slurmd -D -f "$2" -N "$1" -L "$3/$1/slurmd.log" &
        wait
    ' node "node$1" "$conf" "$dir" "${SLURM_TEST_DISK:-64m}" </dev/null >"$dir/node$1/out" 2>&1 &
    echo $! >"$dir/node$1/started"
}

# The process in whose namespaces a node is.
first_of_node() { pgrep -P "$(cat "$dir/node$1/started")" | head -1; }

# All processes of a node get a signal, the outermost last.
signal_node() {
    local first space process
    first=$(first_of_node "$1")
    space=$(readlink "/proc/$first/ns/pid")
    for process in /proc/[0-9]*; do
        if [ "$(readlink "$process/ns/pid" 2>/dev/null || true)" = "$space" ]; then
            kill "-$2" "${process#/proc/}" 2>/dev/null || true
        fi
    done
}

start_munge() {
    # With a key and a socket of its own, so that nothing below /etc or /run is touched.
    mkdir -p "$dir/munge"
    head -c 128 /dev/urandom >"$dir/munge/key"
    chmod 400 "$dir/munge/key"
    chmod 755 "$dir" "$dir/munge"
    chown munge: "$dir/munge" "$dir/munge/key"
    setsid setpriv --reuid munge --regid munge --clear-groups munged -F --force \
        --key-file "$dir/munge/key" --socket "$dir/munge/socket" --pid-file "$dir/munge/pid" \
        --log-file "$dir/munge/log" --seed-file "$dir/munge/seed" </dev/null >"$dir/munge/out" 2>&1 &
    echo $! >"$dir/munge/started"
    for _ in $(seq 500); do [ -S "$dir/munge/socket" ] && break; sleep 0.02; done
}

configure() { # nodes, cpus, first port, more lines
    local host i
    host=$(hostname -s)
    cat <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$3
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# Tasks of a node that is gone wait so many seconds before they begin elsewhere.
AuthInfo=socket=$dir/munge/socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/%n/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/%n/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,max_batch_requeue=1000
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
SlurmdTimeout=${SLURM_TEST_SLURMDTIMEOUT:-10}
SlurmctldTimeout=10
InactiveLimit=0
KillWait=${SLURM_TEST_KILLWAIT:-5}
MinJobAge=300
MessageTimeout=10
MaxArraySize=20001
MaxJobCount=25000
# More CPUs than the machine has: a round of scheduling is a second, and fills all of them.
SlurmdParameters=config_overrides
$4
CONF
    for i in $(seq "$1"); do
        echo "NodeName=node$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$(($3 + i)) CPUs=$2 RealMemory=2000 State=UNKNOWN"
    done
    echo "PartitionName=main Nodes=node[1-$1] Default=YES MaxTime=INFINITE State=UP"
}

case $verb in
up)
    nodes=${3:-2}
    mkdir -p "$dir/state"
    end_with_holder
    start_munge
    configure "$nodes" "${4:-8}" "$(free_ports $((nodes + 1)))" "${5:-}" >"$conf"
    start_controller
    for i in $(seq "$nodes"); do start_node "$i"; done
    export SLURM_CONF=$conf
    for _ in $(seq 600); do
        [ "$(sinfo -h -t idle -o %D 2>/dev/null || true)" = "$nodes" ] && { echo "$conf"; exit 0; }
        sleep 0.05
    done
    echo "the cluster is not up:" >&2
    tail "$dir"/*.log "$dir"/*.out "$dir"/node*/*.log >&2
    exit 1 ;;
kill-node) kill -KILL "$(cat "$dir/node${3:?node}/started")" ;;
start-node) start_node "${3:?node}" ;;
freeze-node) signal_node "${3:?node}" STOP ;;
thaw-node) signal_node "${3:?node}" CONT ;;
stop-controller) kill -STOP "$(cat "$dir/slurmctld.started")" ;;
continue-controller) kill -CONT "$(cat "$dir/slurmctld.started")" ;;
kill-controller) kill -KILL "$(cat "$dir/slurmctld.started")" ;;
start-controller) start_controller ;;
on-node)
    node=$(first_of_node "${3:?node}")
    nsenter --target "$node" --mount --uts -- "${@:4}" ;;
down)
    for started in "$dir"/node*/started "$dir/slurmctld.started" "$dir/munge/started"; do
        [ -f "$started" ] && end "$(cat "$started")"
    done
    true ;;
*) echo "unknown verb $verb" >&2; exit 2 ;;
esac
