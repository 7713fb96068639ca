#!/bin/sh
# An installed tree finds its parts, also when it was moved.
. "$2/common.sh"
build=$(dirname "$(dirname "$command")")
cmake --install "$build" --prefix "$folder/first" >log 2>&1 || {
    cat log
    fail "cmake --install"
}
mv first second
spar=$folder/second/bin/spar
[ -x "$spar" ] || fail "bin/spar is not installed"
library=$(find second -name libspar.so)
[ -n "$library" ] || fail "libspar.so is not installed"
expect 0 "$spar" run --dry-run -- prog
same "LD_PRELOAD=$folder/$library prog" out
expect 0 "$spar" info
has "$folder/$library" out
expect 0 "$spar" info -t
expect 0 env PMI_RANK=0 "$spar" info -t
has "1 rank on 1 host" out
expect 0 "$spar" ab --help
expect 0 "$spar" report --help
pc=$(find second -name spar.pc)
preload=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --variable=preload spar)
[ -e "$preload" ] || fail "spar.pc names $preload, which does not exist"
[ -e second/share/man/man1/spar.1 ] || fail "the man page is not installed"
find second -name __pycache__ | grep . && fail "compiled scripts are left"
exit 0
