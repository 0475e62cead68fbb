# To be read by the scripts beside it. So many ports in a row at which nothing listens: prints the first.
free_ports() {
    local first port listening
    # Below those that the system gives to whoever asks for any.
    while :; do
        first=$((20000 + RANDOM % 10000))
        listening=$(awk '$4 == "0A" { split($2, a, ":"); print a[2] }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
        for ((port = first; port < first + $1; port++)); do
            grep -qix "$(printf %04X "$port")" <<<"$listening" && continue 2
        done
        echo "$first"
        return
    done
}
