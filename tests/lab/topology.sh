# spar info -t in a job of two hosts: what it measures is the line's rate, and
# what it knows of the interfaces is right.
. "$(dirname "$0")/common.sh"
spar=$3
need_namespaces
$lab down
$lab up -n 2 -r 1gbit -s 2

out=$(mktemp -d)
trap '$lab down; rm -rf "$out"' EXIT
# A busy machine makes a link look slower, never faster: the best of three.
for attempt in 1 2 3; do
    timeout 60 $lab run -- mpirun -n 4 "$spar" info -t --json </dev/null \
        >"$out/job.json" 2>"$out/errors" ||
        { cat "$out/errors"; fail "spar info -t ended with an error"; }
    if /usr/bin/python3 - "$out/job.json" "$name" <<'END'
import json
import sys

job = json.load(open(sys.argv[1], encoding="utf-8"))
name = sys.argv[2]
assert job["ranks"] == 4, job
assert [(host["name"], host["ranks"], host["likely_nic"])
        for host in job["hosts"]] == [
            (name + "-1", [0, 1], "eth0"), (name + "-2", [2, 3], "eth0")], job
assert "btl_tcp_if_include" in job["hosts"][0]["likely_nic_source"], job
assert [(link["from"], link["to"], link["level"])
        for link in job["links"]] == [
            (0, 1, "same_node"), (2, 3, "same_node"),
            (0, 2, "other_node")], job["links"]
within, across = (level["measured"] for level in job["levels"])
assert within["beta_s_per_byte"] < across["beta_s_per_byte"], job["levels"]
rate = 8 / across["beta_s_per_byte"] / 1e6
print(f"measured {rate:.0f} Mbit/s, {across['alpha_s'] * 1e6:.0f} us")
assert rate < 1150, rate
sys.exit(3 if rate < 850 else 0)
END
    then
        exit 0
    else
        [ $? -eq 3 ] || fail "the job is not as it should be"
    fi
done
fail "the measured rate is below 850 Mbit/s in $attempt attempts"
