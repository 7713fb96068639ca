# A short run of the language model learns and keeps the replicas equal, with
# either kind of allreduce; what is wrong with its data is said in one line.
. "$(dirname "$0")/common.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

train() { # train arguments...
    out=$(launch 2 --steps 40 --hidden 96 --length 24 "$@" 2>/dev/null) ||
        fail "exit: $*"
    echo "$out"
    echo "$out" | grep -qx "replicas identical" || fail "$*: replicas"
    [ "$(value params_checksum | wc -l)" = 2 ] || fail "$*: checksums"
    [ "$(value steps)" = 40 ] || fail "$*: steps"
    sum=$(echo "$out" | awk '/rank 0/ { print $4 }')
}

# Nothing learnt gives the loss ln 73 = 4.29, to know only how frequent each
# letter is 3.15.
train --optimizer adam --lr 0.01
awk -v first="$(value first_loss)" -v final="$(value final_loss)" \
    -v validation="$(value validation_loss)" 'BEGIN {
        exit !(final < 0.85 * first && validation > 1 && validation < 2.6) }' ||
    fail "it does not learn"
before=$sum
train --optimizer adam --lr 0.01 --iallreduce
[ "$sum" = "$before" ] || fail "--iallreduce changes the result of 2 ranks"
train --lr 1 --seed 2
[ "$sum" != "$before" ] || fail "--seed has no effect"

refuse "No such file.*bible-kjv-text" --data "$folder/none"
yes "In the beginning" | head -c 4000 >"$folder/plain"
refuse "plain: not the database" --data "$folder/plain"
# Truncated in the table of windows, in a window, and in the last one.
for bytes in 200 1000000 1740000; do
    head -c $bytes /usr/lib/bible.data >"$folder/short"
    refuse "short: damaged or truncated" --data "$folder/short"
done
refuse "a rank has fewer characters" --batch 200000
launch 2 --help | grep -q -e --embedding || fail "no help"
