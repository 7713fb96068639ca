# Sourced by the tests of bench/lab: $1 is bench/lab, $2 the transfer program.
set -eu
name=t$$
lab="$1 --name $name"
transfer=$2

fail() {
    echo "failed: $*" >&2
    exit 1
}

need_namespaces() {
    if ! words=$($lab up -n 2 -r 100mbit 2>&1); then
        case $words in
        *"no lab can be made here"*) echo "$words"; exit 77 ;;
        *) fail "up: $words" ;;
        esac
    fi
    trap '$lab down' EXIT
}

# Nothing of the lab may be left: namespaces, processes, files.
expect_nothing_left() {
    ! ip netns list | grep -q "^$name-" || fail "$1: namespaces left"
    [ ! -e "/run/spar-lab/$name" ] || fail "$1: /run/spar-lab/$name left"
}

# expect_rate LOW HIGH MEASURED
expect_rate() {
    awk -v low="$1" -v high="$2" -v rate="$3" \
        'BEGIN { exit !(rate >= low && rate <= high) }' ||
        fail "rate $3 is not in $1..$2 Mbit/s"
}
