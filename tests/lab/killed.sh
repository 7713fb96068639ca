# A run that is killed leaves nothing behind: at once where it can still
# clean up, else by the next up or down.
. "$(dirname "$0")/common.sh"
need_namespaces

wait_for_processes() { # wait_for_processes ZERO|SOME
    for _ in $(seq 100); do
        case $1:$($lab status) in
        ZERO:*", 0 processes" | SOME:*", "[1-9]*" processes") return ;;
        esac
        sleep 0.1
    done
    fail "$2: $($lab status)"
}

start_run() {
    $lab run -- mpirun -n 2 sleep 300 </dev/null &
    run=$!
    wait_for_processes SOME "run did not start"
}

start_run
! $lab run -- true 2>/dev/null || fail "a second run was let in"
kill -TERM $run
code=0
wait $run || code=$?
[ $code = 143 ] || fail "exit code $code after SIGTERM"
wait_for_processes ZERO "SIGTERM"

start_run
kill -KILL $run
wait $run || true
wait_for_processes SOME "this test needs leftovers"
$lab up -n 2 -r 100mbit
wait_for_processes ZERO "up after SIGKILL"

start_run
kill -KILL $run
wait $run || true
$lab down
expect_nothing_left "down after SIGKILL"
