# Two ranks on each of two hosts: exchange by nodes sends one block per host in
# place of four, and all sums are right.
. "$(dirname "$0")/common.sh"
spar=$3
trainer=$4
need_namespaces
$lab down
$lab up -n 2 -r 200mbit -s 2

out=$(mktemp -d)
trap '$lab down; rm -rf "$out"' EXIT
for exchange in allgather node; do
    SPAR_MODE=sparse SPAR_DENSITY=0.0625 SPAR_VALUES=fp32 SPAR_EXCHANGE=$exchange \
        SPAR_REPORT=$out/$exchange.json timeout 100 $lab run -- "$spar" run -- \
        mpirun -n 4 "$trainer" --steps 90 </dev/null >"$out/log" 2>&1 ||
        { cat "$out/log"; fail "$exchange ended with an error"; }
    cat "$out/log"
    grep -q "sums are right" "$out/log" || fail "$exchange: wrong sums"
done
/usr/bin/python3 - "$out/allgather.json" "$out/node.json" <<'END'
import json
import sys

allgather, node = (json.load(open(path)) for path in sys.argv[1:])
assert node["job"]["nodes"] == 2, node["job"]
hosts = node["topology"]["nodes"]
assert [(host["first_rank"], host["ranks"], host["nic"]["name"])
        for host in hosts] == [(0, 2, "eth0"), (2, 2, "eth0")], hosts
assert {layer["method"] for layer in node["layers"]} == {"node"}, node["layers"]
ratio = (node["bytes"]["interface_tx_per_step"]
         / allgather["bytes"]["interface_tx_per_step"])
print(f"bytes that leave a host, node / allgather: {ratio:.2f}")
assert ratio < 0.7, ratio
END
