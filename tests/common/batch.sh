#!/bin/sh
# A batch system of a few lines: submit NAME TASKS SCRIPT, alive, cancel JOB… What it does wrong is told by files in `batch`.
cd "$(dirname "$0")/batch" || exit
case $1 in
    submit)
        job=$(($(cat last 2>/dev/null || echo 40) + 1))
        echo $job > last
        echo "$job $2 $3" >> submitted
        if [ -e refuses ]; then echo "try again later" >&2; exit 1; fi
        if [ -e forgets ]; then rm forgets; echo $job; exit; fi
        : > pids.$job
        echo "$2" > name.$job
        index=0
        while [ $index -lt "$3" ]; do
            INDEX=$index JOB_ID=$job setsid sh "$4" < /dev/null > /dev/null 2>&1 &
            echo $! >> pids.$job
            index=$((index + 1))
        done
        if [ -e unclear ]; then rm unclear; echo "connection timed out" >&2; exit 1; fi
        echo $job ;;
    alive)
        [ -e silent ] && exit 1
        for name in name.*; do
            job=${name#name.}
            [ -e "lost.$job" ] && continue
            for pid in $(cat "pids.$job" 2>/dev/null); do
                if [ -e "/proc/$pid/exe" ]; then echo "$job $(cat "$name")"; break; fi
            done
        done ;;
    cancel)
        shift
        for job; do
            for pid in $(cat "pids.$job" 2>/dev/null); do kill -TERM "$pid" 2>/dev/null; done
        done ;;
esac
exit 0
