#!/bin/sh
# sizes.sh ROOT: no tracked file is larger than 200 kB.
set -eu
cd "$1"
large=$(git ls-files -z | xargs -0 -r -I{} find ./{} -maxdepth 0 -type f \
    -size +200000c)
if [ -n "$large" ]; then
    echo "larger than 200 kB:"
    echo "$large"
    exit 1
fi
