#!/bin/sh
# spar info -t: this host, other machines by hwloc, a job, and no UCX.
. "$2/common.sh"
make_tree
topology=$folder/tree/libexec/spar/topology
data=$2/../unit/data
export LC_ALL=C
unset OMPI_MCA_btl_tcp_if_include HWLOC_SYNTHETIC HWLOC_XMLFILE

# This host, outside of a job.
expect 0 "$spar" info -t
has "No job: this host" out
grep -q -E '^\| cores    [0-9]+, packages' out || fail "no cores: $(cat out)"
has "other host" out
has "assumed" out
grep -q 'measured (' out && fail "something was measured without a job"
expect 0 "$spar" info --topology --json
/usr/bin/python3 -c '
import json
job = json.load(open("out", encoding="utf-8"))
assert job["schema_version"] == 1 and job["ranks"] == 0, job
assert job["hosts"][0]["ranks"] == [] and job["hosts"][0]["cores"] > 0, job
assert job["hosts"][0]["helper"] is None and job["links"] == [], job
assert [level["measured"] for level in job["levels"]] == [None, None], job
assert all(level["prior"]["beta_s_per_byte"] > 0 for level in job["levels"])
' || fail "JSON of a host"

# Box characters only where they can be shown.
grep -q -P '[^\x00-\x7f]' out && fail "characters beyond ASCII in JSON"
expect 0 "$spar" info -t
grep -q -P '[^\x00-\x7f]' out && fail "characters beyond ASCII in locale C"
expect 0 env LC_ALL=C.UTF-8 "$spar" info -t
has "┌───" out

# Other machines: the devices of this one are not theirs.
expect 0 env HWLOC_SYNTHETIC='pack:2 numa:1 core:4 pu:2' "$spar" info -t
has "cores    8, packages 2, NUMA nodes 2" out
has "NIC      none seen" out
has "assumed: the interface of some node has no known speed" out
expect 0 env HWLOC_XMLFILE="$data/gpus.xml" "$spar" info -t
has "NIC    * eth0, speed unknown, NUMA node 1" out
has "GPU      nvml0, NUMA node 1" out
has "assumed: eth0 has no known speed" out

# A job: every rank takes part, one speaks.
job() { timeout 60 mpirun -n "$@"; }
expect 0 job 2 "$spar" info -t
has "2 ranks on 1 host" out
[ "$(grep -c 'ranks on' out)" -eq 1 ] || fail "several ranks speak"
has "| ranks    0-1" out
grep -q -E '^\| inside   .* us, .* Gbit/s, ranks 0 and 1' out ||
    fail "no link inside: $(cat out)"
grep -q -E '^  same host +.*measured \(the slowest\)' out ||
    fail "same host was not measured"
grep -q -E '^\| helper   .*cores?' out || fail "nothing of the helper"
expect 0 job 3 "$spar" info -t --json
/usr/bin/python3 -c '
import json
job = json.load(open("out", encoding="utf-8"))
assert job["ranks"] == 3 and job["hosts"][0]["ranks"] == [0, 1, 2], job
link, = job["links"]
assert (link["from"], link["to"], link["level"]) == (0, 1, "same_node"), job
assert 0 < link["alpha_s"] < 1 and 0 < link["beta_s_per_byte"] < 1e-6, job
assert job["levels"][0]["measured"]["alpha_s"] == link["alpha_s"], job
assert job["levels"][1]["measured"] is None and job["hosts"][0]["helper"], job
' || fail "JSON of a job: $(cat out)"
expect 0 job 1 "$spar" info -t
has "1 rank on 1 host" out
grep -q 'measured (' out && fail "one rank has no link"

# UCX that cannot be loaded is no error.
mkdir none
: >none/libucp.so.0
expect 0 job 1 env LD_LIBRARY_PATH="$folder/none" "$spar" info -t
has "1 rank on 1 host" out
grep -q UCX out && fail "UCX was loaded"
expect 0 env LD_LIBRARY_PATH="$folder/none" "$spar" info
grep -q -E 'no libucp.so.0|built without UCX' out || fail "UCX: $(cat out)"

# Mistakes
expect 2 "$spar" info --json
has "goes with -t" err
one_line err
rm "$topology"
expect 2 env PMI_RANK=0 "$spar" info -t
has "topology is missing" err
one_line err
