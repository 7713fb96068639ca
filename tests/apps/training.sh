# A short run of each model learns and keeps the replicas equal, with either
# kind of allreduce, and is the same when it is repeated.
. "$(dirname "$0")/common.sh"

train() { # train arguments...
    out=$(launch 2 --steps 60 --hidden 64 "$@" 2>/dev/null) || fail "exit: $*"
    echo "$out"
    echo "$out" | grep -qx "replicas identical" || fail "$*: replicas"
    [ "$(value params_checksum | wc -l)" = 2 ] || fail "$*: checksums"
    awk -v first="$(value first_loss)" -v final="$(value final_loss)" \
        -v accuracy="$(value test_accuracy)" \
        'BEGIN { exit !(final < 0.8 * first && accuracy > 45) }' ||
        fail "$*: it does not learn"
    [ "$(value steps)" = 60 ] || fail "$*: steps"
    sum=$(echo "$out" | awk '/rank 0/ { print $4 }')
}

train --model cnn
train
before=$sum
loss=$(value final_loss)
train --iallreduce
[ "$sum" = "$before" ] || fail "--iallreduce changes the result of 2 ranks"
train --seed 2
[ "$sum" != "$before" ] || fail "--seed has no effect"

# Averages of parameters after each step are, but for rounding, the same training.
near() { # near A B
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < 1.03 * b && b < 1.03 * a) }'
}
train --average 1
[ "$sum" != "$before" ] || fail "--average has no effect"
near "$(value final_loss)" "$loss" || fail "--average 1: another training"
# The last step is no multiple of 7: what is evaluated is averaged all the same.
train --model cnn --average 7 --iallreduce
