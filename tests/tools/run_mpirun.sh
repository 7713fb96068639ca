#!/bin/sh
# Open MPI's own mpirun: what its ranks see in their environment.
. "$2/common.sh"
command -v mpirun >/dev/null || exit 77
make_tree
# The library of the tree is no library; any real one shows the same here.
cp "$(ldconfig -p | sed -n 's/.*libz\.so\.1 .*=> //p' | head -n 1)" "$library"

cat >show <<'END'
#!/bin/sh
echo "rank $OMPI_COMM_WORLD_RANK preload=$LD_PRELOAD density=$SPAR_DENSITY"
END
chmod +x show
ranks() { # ranks WANTED: the sorted lines of the last run
    sort out >sorted
    same "$1" sorted
}

# A value with commas, semicolons and blanks arrives as it is.
value='0.25,0.05;a b=c'
expect 0 timeout 60 "$spar" run "SPAR_DENSITY=$value" -- mpirun -n 2 ./show
ranks "rank 0 preload=$library density=$value
rank 1 preload=$library density=$value"

# Two contexts, one with a library of its own.
expect 0 timeout 60 "$spar" run SPAR_DENSITY=1 -- mpirun -n 1 ./show : \
    -x LD_PRELOAD=libm.so.6 -n 1 ./show
ranks "rank 0 preload=$library density=1
rank 1 preload=libm.so.6:$library density=1"

# The parameter that Open MPI does not allow beside -x.
expect 0 env OMPI_MCA_mca_base_env_list=SPAR_DENSITY=2 timeout 60 "$spar" \
    run -- mpirun -n 1 ./show
ranks "rank 0 preload=$library density=2"

# Behind mpirun, and both at once.
expect 0 timeout 60 mpirun -n 1 "$spar" run SPAR_DENSITY=3 -- ./show
ranks "rank 0 preload=$library density=3"
expect 0 timeout 60 "$spar" run SPAR_DENSITY=4 -- mpirun -n 1 \
    "$spar" run -- ./show
ranks "rank 0 preload=$library density=4"

# The program's exit code comes back.
expect 3 timeout 60 "$spar" run -- mpirun -n 1 sh -c 'exit 3'

# mpirun itself runs without the library.
mkdir bin
printf '#!/bin/sh\necho "launcher preload=$LD_PRELOAD"\n' >bin/mpirun
chmod +x bin/mpirun
expect 0 env PATH="$folder/bin:$PATH" "$spar" run -- mpirun -n 1 ./show
same "launcher preload=" out
