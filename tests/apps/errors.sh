# What is wrong with the data or the options is said once, in one clear line.
. "$(dirname "$0")/common.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

refuse "train-images-idx3-ubyte.gz: No such file.*dataset-fashion-mnist" \
    --data "$folder"

cp $images/*.gz "$folder"
head -c 1000000 $images/train-images-idx3-ubyte.gz \
    >"$folder/train-images-idx3-ubyte.gz"
refuse "train-images-idx3-ubyte.gz: truncated: it ends after [1-9][0-9]* bytes" \
    --data "$folder"

cp $images/t10k-labels-idx1-ubyte.gz "$folder/train-images-idx3-ubyte.gz"
refuse "train-images-idx3-ubyte.gz: not .* IDX file" --data "$folder"

cp $images/train-images-idx3-ubyte.gz "$folder"
cp $images/t10k-labels-idx1-ubyte.gz "$folder/train-labels-idx1-ubyte.gz"
refuse "10000 labels for 60000" --data "$folder"

refuse "--batch" --batch many
refuse "--batch: a rank has fewer samples" --batch 40000
refuse "--average" --average -1
refuse "--model" --model transformer
launch 2 --help | grep -q -e --average || fail "no help"
