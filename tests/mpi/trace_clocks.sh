#!/bin/bash
# The clock of one of two ranks is 1000 s ahead, as on another host: its trace
# tells this offset, within the error that it tells, and is on rank 0's time.
# Usage: trace_clocks.sh program [args]. Skipped where no time namespace can be
# made.
set -u
ahead=(unshare --time --monotonic 1000 --fork)
"${ahead[@]}" true 2>/dev/null || exit 77
# shellcheck source=tests/mpi/environment.sh
source "$(dirname "$0")/environment.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export SPAR_TRACE=$folder
with=(env "LD_PRELOAD=$preload")
timeout 120 mpirun -n 1 "${with[@]}" "$@" : -n 1 "${ahead[@]}" "${with[@]}" "$@" \
    </dev/null || exit 1
/usr/bin/python3 - "$folder" <<'END'
import json, sys
traces = [json.load(open("%s/spar.rank%d.json" % (sys.argv[1], rank)))
          for rank in range(2)]
other = traces[1]["otherData"]
wrong = other["clock_offset_us"] + 1000e6
steps = [[event["ts"] for event in trace["traceEvents"]
          if event.get("cat") == "step"] for trace in traces]
print("offset wrong by %.3f us, error said to be below %.3f us"
      % (wrong, other["clock_error_us"]))
# A rank leaves a sum when the other one has come to it: their steps begin
# about at the same time.
far = max(abs(one - two) for one, two in zip(*steps))
print("%d steps, at most %.0f us apart" % (len(steps[0]), far))
sys.exit(not steps[0] or not abs(wrong) <= other["clock_error_us"] + 0.01
         or far > 60e6)
END
