#!/bin/sh
# man.sh FOLDER: groff formats every man page in it without a warning.
set -eu
command -v groff >/dev/null || exit 77
bad=0
for page in "$1"/*.[1-9]; do
    warnings=$(groff -man -Tutf8 -ww -z "$page" 2>&1)
    if [ -n "$warnings" ]; then
        echo "$warnings"
        bad=1
    fi
done
exit $bad
