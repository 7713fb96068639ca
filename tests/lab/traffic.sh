# On a slow network mode auto goes sparse, the replicas stay identical, and what
# Spar says it sends is what leaves the hosts: within 5 %, and TCP/IP headers.
. "$(dirname "$0")/common.sh"
spar=$3
trainer=$4
need_namespaces
$lab down
$lab up -n 3 -r 200mbit

out=$(mktemp -d)
trap '$lab down; rm -rf "$out"' EXIT
code=0
SPAR_REPORT=$out/report.json timeout 100 $lab run -- "$spar" run -- \
    mpirun -n 3 "$trainer" --hidden 768,512 --steps 90 \
    </dev/null >"$out/log" 2>&1 || code=$?
cat "$out/log"
[ $code = 0 ] || fail "exit code $code"
grep -q "^replicas identical" "$out/log" || fail "the replicas differ"
/usr/bin/python3 - "$out/report.json" <<'END'
import json
import sys

report = json.load(open(sys.argv[1]))
large = [layer for layer in report["layers"] if layer["count"] > 100000]
assert large, "no large layer in the report"
for layer in large:
    assert layer["state"] == "sparse", layer
sent = report["bytes"]["sent_per_rank_per_step"]
wire = report["bytes"]["interface_tx_per_step"]
dense = report["bytes"]["dense_per_rank_per_step"]
print(f"sent {sent:.0f}, on the wire {wire:.0f}, ratio {wire / sent:.3f}")
assert sent < 0.15 * dense, (sent, dense)
# Ethernet, IP and TCP headers are 66 of 1514 bytes; acknowledgements as many
# again at worst.
assert 0.95 * sent < wire < 1.05 * sent * (1 + 2 * 66 / 1448), (sent, wire)
END
