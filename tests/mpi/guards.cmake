# What must not be sparsified, where dense sums are slow enough for all to go
# sparse: its sums arrive as they are, and the report says why. What is like it
# but may be sent sparsely is.
add_executable(mpi_guards mpi/guards.c)
target_link_libraries(mpi_guards PRIVATE MPI::MPI_C)
function(spar_guard_test scene)
    spar_mpi_test(guards_${scene} ENV SPAR_LEARN_STEPS=4 ${slow_dense}
        ARGS -n 2 ${ARGN} -- $<TARGET_FILE:mpi_guards> ${scene})
endfunction()
spar_guard_test(statistics -m "gradients: sparse" -m "counts: all dense"
    -m "squares: all dense" -m "running sums: all dense"
    -m "whole numbers, like counts" -m "one sign, like counts or squares"
    -m "only grows, like a running sum")
spar_guard_test(small -m "gradients: sparse" -m "products: all dense"
    -m "small beside the other layers, may be statistics")
spar_guard_test(turns -m "products: all dense" -m "its size swings")
spar_guard_test(several -m "gradients: sparse" -m "products: all dense"
    -m "several calls of this size in each step, which may not be gradients")
spar_guard_test(blocks -m "gradients: sparse" -m "   0    6       2000"
    -m "20001 float32 sparse" -a "float32 dense")
spar_guard_test(metric -m "gradients: sparse" -m "   0    0       40001 float32 sparse")
spar_guard_test(strangers -m "gradients: sparse" -m "products: all dense")
