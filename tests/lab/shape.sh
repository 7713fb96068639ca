# Two hosts of their own names, linked at the rate asked for, gone after down.
. "$(dirname "$0")/common.sh"
need_namespaces

out=$(timeout 60 $lab run -- mpirun -n 2 "$transfer" 4 </dev/null)
echo "$out"
echo "$out" | grep -q "rank 0 host $name-1" || fail "rank 0 is elsewhere"
echo "$out" | grep -q "rank 1 host $name-2" || fail "rank 1 is elsewhere"
# More than the line's rate would mean that the traffic takes another way.
expect_rate 75 101 "$(echo "$out" | awk '/mbit_per_s/ { print $2 }')"

sent=$($lab counters | awk '$1 == 1 { print $2 }')
[ "$sent" -ge 6291456 ] || fail "host 1 sent $sent bytes, not 6 MiB"

$lab rate 20mbit
out=$(timeout 60 $lab run -- mpirun -n 2 "$transfer" 2 </dev/null)
expect_rate 14 20.8 "$(echo "$out" | awk '/mbit_per_s/ { print $2 }')"
$lab status | grep -q "2 hosts at 20mbit" || fail "status: $($lab status)"

code=0
$lab run -- sh -c 'exit 7' || code=$?
[ $code = 7 ] || fail "exit code $code instead of 7"

$lab down
expect_nothing_left down
! $lab status 2>/dev/null || fail "status after down"

# Without an "up", run makes a lab for itself and removes it.
host=$($lab run -n 2 -r 50mbit -- hostname)
[ "$host" = "$name-1" ] || fail "ran on $host"
expect_nothing_left "run without up"
