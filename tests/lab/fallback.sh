# Without privilege: one line, plain local ranks, the command's exit code.
. "$(dirname "$0")/common.sh"

bare="setpriv --bounding-set -all --inh-caps -all"
if [ "$(id -u)" != 0 ]; then
    bare=
elif ! $bare true 2>/dev/null; then
    echo "setpriv cannot drop capabilities here"
    exit 77
fi

code=0
words=$($bare $lab run -- sh -c 'exit 5' 2>&1) || code=$?
[ $code = 5 ] || fail "exit code $code instead of 5: $words"
[ "$(echo "$words" | wc -l)" = 1 ] || fail "more than one line: $words"
case $words in
*CAP_NET_ADMIN*"plain local ranks"*) ;;
*) fail "unclear: $words" ;;
esac
$bare timeout 60 $lab run -- mpirun -n 3 "$transfer" 1 </dev/null |
    grep -c "^rank . host $(hostname)$" | grep -qx 3 || fail "local ranks"
! $bare $lab up 2>/dev/null || fail "up without privilege"
