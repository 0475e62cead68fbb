#!/bin/bash
# Grid Engine with one node on this machine, for tests, started by root without systemd.
#   gridengine.sh up DIR [SLOTS]         starts it; prints the variables to set, a line each
#   gridengine.sh stop-master DIR        it stands still, answers nothing
#   gridengine.sh continue-master DIR
#   gridengine.sh down DIR               ends exactly what was started
# From the environment: CLUSTER_HOLDER, when this process is gone, so is the cluster.
set -euo pipefail
verb=${1:?verb}
dir=$(realpath -m "${2:?folder}")
. "$(dirname "$0")/ports.sh"
. "$(dirname "$0")/holder.sh"

up() {
    local spool=$dir/spool common=$dir/root/default/common first
    end_with_holder
    mkdir -p "$spool/spooldb" "$spool/qmaster" "$spool/execd"
    first=$(free_ports 2)
    export SGE_ROOT=$dir/root SGE_CELL=default SGE_QMASTER_PORT=$first SGE_EXECD_PORT=$((first + 1))
    cp -a /var/lib/gridengine "$SGE_ROOT"
    echo "localhost $(hostname)" >"$common/host_aliases"
    echo localhost >"$common/act_qmaster"
    sed -e "s#/var/spool/gridengine#$spool#; s/^admin_user.*/admin_user none/" \
        /var/lib/gridengine/default/common/bootstrap >"$common/bootstrap"
    # Root may run jobs here, and a node that is gone is soon known to be.
    sed -e "s#^execd_spool_dir.*#execd_spool_dir $spool/execd#; s/^min_uid.*/min_uid 0/; s/^min_gid.*/min_gid 0/" \
        -e 's/^load_report_time.*/load_report_time 00:00:03/; s/^max_unheard.*/max_unheard 00:00:20/' \
        -e 's/^reschedule_unknown.*/reschedule_unknown 00:00:20/' /usr/share/gridengine/default-configuration >"$dir/configuration"
    sed "s#^baseconf=.*#baseconf=$dir/configuration#" /usr/share/gridengine/scripts/init_cluster >"$dir/init"
    bash "$dir/init" "$SGE_ROOT" default "$spool/spooldb" root >"$dir/init.log" 2>&1
    SGE_ND=1 setsid sge_qmaster </dev/null >"$dir/qmaster.log" 2>&1 &
    echo $! >"$dir/qmaster.started"
    for _ in $(seq 600); do qconf -sm >/dev/null 2>&1 && break; sleep 0.05; done
    qconf -ah localhost >/dev/null 2>&1 || true
    qconf -as localhost >/dev/null 2>&1 || true
    qconf -ssconf | sed 's/^schedule_interval.*/schedule_interval 0:0:1/; s/^flush_submit_sec.*/flush_submit_sec 1/; s/^flush_finish_sec.*/flush_finish_sec 1/' >"$dir/scheduler"
    qconf -Msconf "$dir/scheduler" >/dev/null
    # qconf makes a queue by way of an editor, and takes what it wrote only if the file's time in seconds is another. Without
    # load thresholds: a busy machine would keep its queue closed.
    cat >"$dir/editor" <<EDITOR
#!/bin/sh
sleep 1.1
sed -i 's/^hostlist.*/hostlist localhost/; s/^slots.*/slots $1/; s#^shell  .*#shell /bin/csh#
    s/^load_thresholds.*/load_thresholds NONE/; s/^pe_list.*/pe_list smp/; s/^ckpt_list.*/ckpt_list NONE/' "\$1"
EDITOR
    chmod +x "$dir/editor"
    cat >"$dir/environment" <<PE
pe_name            smp
slots              999
user_lists         NONE
xuser_lists        NONE
start_proc_args    /bin/true
stop_proc_args     /bin/true
allocation_rule    \$pe_slots
control_slaves     FALSE
job_is_first_task  TRUE
urgency_slots      min
accounting_summary FALSE
qsort_args         NONE
PE
    qconf -Ap "$dir/environment" >/dev/null
    EDITOR=$dir/editor qconf -aq main.q >/dev/null
    SGE_ND=1 setsid sge_execd </dev/null >"$dir/execd.log" 2>&1 &
    echo $! >"$dir/execd.started"
    for _ in $(seq 600); do
        if qhost -h localhost 2>/dev/null | grep -q '^localhost .* [0-9.]* '; then
            printf '%s\n' "SGE_ROOT=$SGE_ROOT" SGE_CELL=default "SGE_QMASTER_PORT=$SGE_QMASTER_PORT" "SGE_EXECD_PORT=$SGE_EXECD_PORT"
            return
        fi
        sleep 0.05
    done
    echo "Grid Engine is not up:" >&2
    tail "$dir"/*.log >&2
    exit 1
}

case $verb in
up) up "${3:-4}" ;;
stop-master) kill -STOP "$(cat "$dir/qmaster.started")" ;;
continue-master) kill -CONT "$(cat "$dir/qmaster.started")" ;;
down)
    for started in "$dir/execd.started" "$dir/qmaster.started"; do
        [ -f "$started" ] && end "$(cat "$started")"
    done
    # What it has started is in sessions of its own, and knows its folder.
    for process in $(grep -lsFz "SGE_ROOT=$dir/root" /proc/[0-9]*/environ | cut -d / -f 3); do
        end "$process"
    done ;;
*) echo "unknown verb $verb" >&2; exit 2 ;;
esac
