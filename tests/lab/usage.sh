# Wrong arguments are named; nothing is made.
. "$(dirname "$0")/common.sh"

refuse() { # refuse WORDS arguments...
    expected=$1
    shift
    code=0
    words=$($lab "$@" 2>&1) || code=$?
    [ $code -ne 0 ] || fail "accepted: $*"
    case $words in
    *"$expected"*) ;;
    *) fail "$*: $words" ;;
    esac
}

refuse "'fast' is not a rate" up -r fast
refuse "'0gbit' is not a rate" up -r 0gbit
refuse "'0' is not in 1..250" up -n 0
refuse "no command" run --
refuse "is not up" status
refuse "is not up" counters
refuse "lower-case" --name Big-Lab status
$lab --help | grep -q counters || fail "no help"
expect_nothing_left usage
