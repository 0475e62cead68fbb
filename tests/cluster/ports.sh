# To be read by the scripts beside it. So many ports in a row at which nothing listens: prints the first.
free_ports() {
    # Below those that the system gives to whoever asks for any; clusters that are started at the same moment begin to look apart.
    local first=$((20000 + $$ * 16 % 10000)) port listening
    while :; do
        listening=$(awk '$4 == "0A" { split($2, a, ":"); print a[2] }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
        for ((port = first; port < first + $1; port++)); do
            if grep -qix "$(printf %04X "$port")" <<<"$listening"; then
                first=$((20000 + RANDOM % 10000))
                continue 2
            fi
        done
        echo "$first"
        return
    done
}
