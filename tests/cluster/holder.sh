# To be read by the scripts beside it: a cluster leaves nothing behind, whatever became of those who started it.

# Ends a process and sees it gone.
end() {
    kill -KILL "$1" 2>/dev/null || return 0
    for _ in $(seq 250); do
        # One whose parent has not asked for its end yet is gone as well.
        grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null || return 0
        sleep 0.02
    done
}

# When the process CLUSTER_HOLDER is gone and the cluster is not, ends it and removes its folder.
end_with_holder() {
    [ -n "${CLUSTER_HOLDER:-}" ] || return 0
    setsid bash -c '
        while kill -0 "$1" 2>/dev/null && [ -d "$3" ]; do sleep 0.5; done
        if [ -d "$3" ]; then "$2" down "$3"; rm -rf "$3"; fi
    ' holder "$CLUSTER_HOLDER" "$(realpath "$0")" "$dir" </dev/null >/dev/null 2>&1 &
}
