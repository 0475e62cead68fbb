#!/bin/sh
# A simulator that does as it is told: layout.xml, RUN, param.txt, out.txt. It logs every call.
set -u
value() { sed -n "s/^$1=//p" param.txt; }
mode=$(value mode)
echo "$(value id)" >> "$(value log)"
table() {
    awk -F '\t' -v id="$(value id)" -v factor="$(value factor)" '
        NR == 1 { print "t\tConc_" id "\tQ"; next }
        { printf "%s\t%s\t%s\n", $1, ($3 == 0 ? "NA" : $2 * factor), $3 }' input.txt > out.txt
}
# A process in a session of its own, its parent gone, deaf to TERM and HUP.
daemonise() {
    setsid sh -c "trap '' TERM HUP; (touch '$(value log).daemon'; while :; do sleep 1000; done) &" &
    while [ ! -e "$(value log).daemon" ]; do sleep 0.01; done
}
case $mode in
    ok) table ;;
    exit) table; exit 3 ;;
    said) table; echo "[Error]: as told" ;;
    hang) sleep 1000 ;;
    stubborn) trap '' TERM; sleep 1000 & echo $! > "$(value log).child"; sleep 1000 ;;
    child) table; sleep 1000 & echo $! > "$(value log).child" ;;
    coloured) table; printf '\033[31m[Error]: in red\033[0m\a\n' ;;
    daemon) table; daemonise ;;
    deaf) daemonise; trap '' TERM HUP INT; (trap '' TERM; sleep 1000) & while :; do sleep 1000; done ;;
    flood) (daemonise); exec yes ;;
    slow) sleep 0.3; table ;;
    held) while [ ! -e "$(value log).go" ]; do sleep 0.02; done; table ;;
    deadly) pid=$$
        until tr '\0' ' ' < /proc/$pid/cmdline | grep -q '/rerunoff work '; do
            pid=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$pid/status); [ "$pid" -gt 1 ] || exit 1
        done
        kill -KILL "$pid"; sleep 1000 ;;
    slower) table; touch "$(value log).slower"; sleep 1.5 ;;
    undeclared) table; value=$(cat "$(value log).undeclared" || echo 7); sed -i "4s/[^\t]*\$/$value/" out.txt ;;
    sparse) truncate -s 10G out.txt ;;
    endless) exec yes ;;
    patient) trap '' XFSZ; yes; table ;;
    grown) yes > out.txt ;;
    pipes) rm rerunoff.*; mkfifo rerunoff.stdout rerunoff.stderr out.txt ;;
    line) head -c 30000000 /dev/zero | tr '\0' 7 > out.txt ;;
    wordy) i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done; table ;;
    silent) ;;
    garbage) head -c 100000 /dev/urandom > out.txt ;;
    short) table; sed -i '$d' out.txt ;;
    word) table; sed -i '3s/[^\t]*$/seven/' out.txt ;;
    infinite) table; sed -i '3s/[^\t]*$/inf/' out.txt ;;
    negative) table; sed -i '3s/[^\t]*$/-1/' out.txt ;;
    crash) kill -SEGV $$ ;;
    flaky) if [ -e "$(value log).$(value id)" ]; then table; else touch "$(value log).$(value id)"; exit 1; fi ;;
    span) echo + >> "$(value log).span"; sleep 0.3; table; echo - >> "$(value log).span" ;;
    messy) table; ls -A | tr '\n' ' ' >> "$(value log).seen"; echo >> "$(value log).seen"
        mkdir -p deep/er; touch deep/er/secret .hidden; ln -s /etc/passwd link; mkfifo pipe; touch rerunoff.old
        rm simulator.sh; echo 'exit 9' > simulator.sh; chmod 500 deep/er deep ;;
    shut) table; ls -A | tr '\n' ' ' >> "$(value log).seen"; echo >> "$(value log).seen"; touch secret; chmod 500 . ;;
    big) pwd >> "$(value log).where"; head -c 700000000 /dev/zero > scratch && rm scratch && table ;;
    lost) table; [ -e "$(value log).lost" ] || { touch "$(value log).lost"; rm -rf ../worker-*; } ;;
    nosy) table; env | sort > "$(value log).env" ;;
    *) echo "[Error]: no such mode $mode" ;;
esac
