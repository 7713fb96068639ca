#!/bin/bash
# Stops a trainer and starts it again, with SPAR_STATE in between.
# Usage: state.sh SCENE RESUME; LIBSPAR as for job.sh
set -u
here=$(dirname "$0")
scene=$1
resume=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export SPAR_MODE=${SPAR_MODE:-sparse} SPAR_LEARN_STEPS=2 SPAR_LOG=info
export SPAR_STEP_CALLS=${SPAR_STEP_CALLS:-3}
export SPAR_STATE=$folder/state
mkdir "$SPAR_STATE"

# job RANKS [job.sh's options --] FROM TO [resume's options]
job() {
    local ranks=$1 options=()
    shift
    if [[ " $* " == *" -- "* ]]; then
        while [ "$1" != -- ]; do
            options+=("$1")
            shift
        done
        shift
    fi
    "$here/job.sh" -n "$ranks" "${options[@]}" -- "$resume" "$1" "$2" \
        "$folder/checkpoint" "${@:3}" || exit 1
}

# Stopped after 8 steps, continued to 20: nothing is lost, nothing made up.
# twice RANKS [resume's options]; AGAIN: other settings of the second run
twice() {
    local ranks=$1
    shift
    job "$ranks" -m "it was saved" -m "spar: residuals: saved" -- 0 8 "$@"
    (
        for word in ${AGAIN:-}; do
            export "${word?}"
        done
        job "$ranks" -m "spar: residuals: restored" \
            -m "MB of residuals on communicator 0" -a "still to send" \
            -- 8 20 "$@" check
    ) || exit 1
}

# The residuals are not restored: one line says why, and all that the first run
# owed is missing.
# refused TEXT RANKS [resume's options]; FROM: another first step
refused() {
    local text=$1 lines output
    shift
    output=$(job "$1" -m "$text" -a "residuals: restored" \
        -- "${FROM:-8}" 16 "${@:2}") || {
        echo "$output"
        exit 1
    }
    echo "$output"
    lines=$(grep -c "are not restored" <<<"$output")
    [ "$lines" -eq 1 ] || {
        echo "state.sh: $lines lines, not 1" >&2
        exit 1
    }
}

case $scene in
plain) twice 3 ;;
double) twice 2 double ;;
# What was saved of one type is not restored to layers of another.
half)
    twice 2 half
    job 2 -- 0 8 half
    FROM=0 refused "float32 elements, saved were" 2
    ;;
nonblocking) twice 2 nonblocking ;;
groups) twice 4 groups ;;
# In pieces, with a second array beside the residual
large)
    export SPAR_STEP_CALLS=1
    job 2 -m "it was saved" -- 0 4 layers=4300001
    job 2 -m "spar: residuals: restored 17.2 MB" -- 4 8 layers=4300001 check
    ;;
# The layers are dense in the second run: what they owe is flushed.
ring)
    job 2 -m "it was saved" -- 0 8
    SPAR_EXCHANGE=dense job 2 -m "spar: residuals: restored" \
        -a "still to send" -- 8 12 delivered
    ;;
auto) AGAIN="SPAR_MODE=auto SPAR_WATCH_STEPS=8" twice 2 ;;
ab) AGAIN="SPAR_MODE=ab SPAR_AB=4:4" twice 2 ;;
# A run too short to learn its step keeps what it has found.
short)
    job 2 -- 0 8
    job 2 -m "spar: residuals: saved" -a "residuals: restored" -- 8 10
    job 2 -m "spar: residuals: restored" -- 10 20 check
    ;;
# Restored once: a third run without new residuals has nothing to restore.
once)
    job 2 -- 0 8
    SPAR_REPORT=$folder/run.json job 2 -m "residuals: restored" -- 8 20 check
    grep -q '"restored_bytes": 72800,' "$folder/run.json" || exit 1
    job 2 -m "saved 0 B" -a "residuals: restored" -- 20 28 check
    ;;
# Learnt, restored, lost, learnt again
relearnt)
    job 2 -- 0 8
    job 2 -m "learning again" -m "spar: residuals: restored" \
        -- 8 28 check interrupt=14
    ;;
# A checkpoint in the middle, from which a run that has died goes on.
checkpoint)
    job 2 -c fail -m "spar: residuals: saved" -- 0 12 save=8 die
    job 2 -m "residuals: restored" -- 8 20 check
    ;;
# Ranks that save at different calls
skewed)
    job 2 -c fail -- 0 12 save=8 skewed die
    refused "saved it at different calls" 2 off
    ;;
# What is owed where a communicator is freed, which is not saved
freed)
    job 2 -m "still to send when its communicator was freed" \
        -m "spar: residuals: saved 72.8 kB" -- 0 8 groups free
    unset SPAR_STATE
    job 2 -m "still to send when its communicator was freed" \
        -m "3 layers have up to" -m "SPAR_STATE=DIR keeps it" -- 0 8 groups free
    ;;
pending)
    job 2 -m "were not saved" -m "calls are under way" -- 0 12 save=8 pending
    ;;
# ... on one communicator: what the other owes is saved, and restored.
pending_groups)
    job 2 -c fail -m "residuals of communicator 0 were not saved" \
        -m "but for communicators with calls under way" \
        -- 0 12 save=8 groups pending die
    job 2 -m "residuals of communicator 0 are not restored: not all of its" \
        -m "residuals: restored 72.8 kB" -- 8 16 groups off
    ;;
# A job that ends behind a step whose calls are under way
stopped)
    export SPAR_STEP_CALLS=1 SPAR_LOSS_SCALE=off
    SPAR_STOP_STEPS=4 job 2 -m "it was saved" -m "saved 4 MB" \
        -a "calls are under way" -- 0 99 layers=1000001 late
    job 2 -m "spar: residuals: restored 4 MB" -- 0 6 layers=1000001
    ;;
# A job that dies between the saves of its ranks, or within one of them: the
# save before is whole on all ranks. Never more than two files of each.
torn)
    files() {
        [ "$(cd "$SPAR_STATE" && echo *)" = "$*" ] && return
        echo "state.sh: $(ls "$SPAR_STATE"), not $*" >&2
        exit 1
    }
    latest=(spar-rank-0.state spar-rank-1.state)
    both=(spar-rank-0.state spar-rank-0.state.previous spar-rank-1.state)
    job 2 -c fail -- 0 14 save=8 torn=12
    files "${both[@]}"
    cp -r "$SPAR_STATE" "$folder/kept"
    cp "$folder"/checkpoint.* "$folder/kept"
    job 2 -m "rank 1: its file is of another save than rank 0's" \
        -m "which is number 1 of run" -m "residuals: restored" -- 8 20 check
    files "${latest[@]}"
    rm -r "$SPAR_STATE"
    cp -r "$folder/kept" "$SPAR_STATE"
    mv "$SPAR_STATE"/checkpoint.* "$folder"
    mv "$SPAR_STATE/spar-rank-1.state" "$SPAR_STATE/spar-rank-1.state.previous"
    # A run from it that dies at once leaves it for the next one.
    job 2 -c fail -m "rank 1: its file: No such file" -- 8 14 torn=8
    files "${both[@]}"
    job 2 -m "residuals: restored" -- 8 20 check
    files "${latest[@]}"
    ;;
# A loss scale that doubles in the last step: the residuals follow before the
# first step of the next run, and where that is seen from its middle on, nothing
# goes sparse until then.
jump)
    doubles() {
        job 2 -m "it was saved" -m "because gradients jumped" \
            -a "residuals rescaled" -- 0 27 jump=26 "${@:2}"
        job 2 -m "residuals: restored" -m "rescaled 1 times, at last by 2^1" \
            "$1" "because gradients jumped" \
            -- 27 40 jump=26 "${@:2}" check
    }
    SPAR_STEP_CALLS=1 doubles -a layers=9000
    doubles -m noisy
    ;;
# ... and one that doubles between the runs, of which what was saved tells.
jump_between)
    job 2 -m "it was saved" -a "because gradients jumped" -- 0 27
    job 2 -m "residuals: restored" -m "rescaled 1 times, at last by 2^1" \
        -m "because gradients jumped" -- 27 40 jump=27 check
    ;;
# ... where the plan would flush them at once
jump_auto)
    job 2 -m "it was saved" -- 0 27
    SPAR_MODE=auto SPAR_WATCH_STEPS=8 job 2 -m "residuals: restored" \
        -m "rescaled 1 times, at last by 2^1" -- 27 40 jump=27 check
    ;;
# After jumps that were none of it they are not looked for, for a while.
jump_rests)
    job 2 -m "it was saved" -m "6 calls were exchanged densely because" \
        -- 0 66 skew=25
    job 2 -m "residuals: restored" -a "because gradients jumped" \
        -- 66 76 skew=25 jump=66
    ;;
mismatch)
    job 2 -- 0 8
    cp -r "$SPAR_STATE" "$folder/kept"
    again() { rm -r "$SPAR_STATE"; cp -r "$folder/kept" "$SPAR_STATE"; }
    rm "$SPAR_STATE/spar-rank-1.state"
    refused "rank 1: its file: No such file or directory" 2 off
    again
    printf x | dd of="$SPAR_STATE/spar-rank-1.state" bs=1 seek=5000 \
        conv=notrunc 2>/dev/null
    refused "rank 1: its file: a checksum does not match" 2 off
    again
    truncate -s 5000 "$SPAR_STATE/spar-rank-0.state"
    refused "rank 0: its file: it is cut short" 2 off
    again
    cp "$SPAR_STATE/spar-rank-1.state" "$SPAR_STATE/spar-rank-0.state"
    refused "rank 0: its file is rank 1's" 2 off
    again
    job 2 -- 0 8
    cp "$folder/kept/spar-rank-1.state" "$SPAR_STATE"
    refused "rank 1: its file is of another save than rank 0's" 2 off
    again
    # Which one is the first depends on the pauses.
    FROM=0 refused "float32 elements, saved were" 2 layers=9000,5001,4200
    again
    FROM=0 SPAR_STEP_CALLS=2 refused "the step has 2 layers, saved were 3" 2 \
        layers=9000,5000
    again
    job 3 -a "residuals: restored" -m "saved by 2 ranks, this job has 3" \
        -- 0 8
    ;;
directory)
    SPAR_STATE=$folder/nowhere job 2 -c fail -a "sums are right" \
        -m "SPAR_STATE: cannot write to the directory $folder/nowhere: No such file" \
        -- 0 8
    SPAR_STATE=/proc/self job 2 -c fail -a "sums are right" \
        -m "SPAR_STATE: cannot write to the directory /proc/self:" -- 0 8
    SPAR_STATE=$folder/nowhere SPAR_MODE=lossless job 2 -- 0 8
    ;;
# What an earlier run left does not fit 16 bits together with any step: nothing
# but the steps' own sums is delivered, and the layer is dense in the end.
flush_lost)
    flush() { "$here/job.sh" -n 2 "${@:2}" -- "$FLUSH" "$1" || exit 1; }
    export SPAR_STEP_CALLS=1 SPAR_DENSITY=0.05 SPAR_LOSS_SCALE=off
    flush owing -m "sums are right" -m "it was saved"
    SPAR_EXCHANGE=dense flush lost -m "sums are right" \
        -m "residuals: restored" -m "could not be delivered in 8 calls" \
        -m "still to send when it became dense" -m "9000 float16 dense" \
        -m "1 times a layer's residual was not delivered when it was due"
    ;;
# A full disk at the end: the job ends well, and no older file is left that
# would be delivered twice.
full)
    job 2 -- 0 8
    FAULT_DISK=1 job 2 -m "rank 1: warning: residuals were not saved to" \
        -m "No space left on device" -m "spar: residuals: restored" \
        -m "not saved" -m "SPAR_STATE=DIR keeps it" -- 8 16
    [ "$(ls "$SPAR_STATE")" = "spar-rank-0.state.before
spar-rank-1.state.before" ] || {
        ls "$SPAR_STATE" >&2
        exit 1
    }
    ;;
*)
    echo "state.sh: no scene $scene" >&2
    exit 2
    ;;
esac
