#!/bin/sh
# generated.sh env|man INFO FILE: the generated text in FILE is what the table
# of settings generates now. INFO is the program behind `spar info`.
set -eu
kind=$1
info=$2
file=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
case $kind in
    env)
        "$info" --env-example >"$folder/new"
        cat "$file" >"$folder/old"
        remedy="spar info --env-example >env.example"
        ;;
    man)
        "$info" --man-config >"$folder/new"
        sed -n '/^\.\\" begin of generated text$/,/^\.\\" end of/p' "$file" |
            sed '1d;$d' >"$folder/old"
        remedy="docs/man/update"
        ;;
esac
[ -s "$folder/new" ] || { echo "nothing is generated"; exit 1; }
if ! diff -u "$folder/old" "$folder/new"; then
    echo "$file is out of date; run: $remedy"
    exit 1
fi
