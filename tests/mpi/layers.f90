! A Fortran trainer in miniature: MPI_REAL and MPI_DOUBLE_PRECISION gradients
! in place, whole numbers, so that deliveries over the run with a final flush
! are exactly what was put in.
program layers
    use mpi
    implicit none
    integer, parameter :: n = 20000, steps = 50
    real :: gradient(n)
    double precision :: wide(n)
    double precision :: delivered, expected
    integer :: rank, ranks, step, i, code, value

    call MPI_Init(code)
    call MPI_Comm_rank(MPI_COMM_WORLD, rank, code)
    call MPI_Comm_size(MPI_COMM_WORLD, ranks, code)
    delivered = 0
    expected = 0
    do step = 1, steps
        do i = 1, n
            value = mod(i * 37 + step * 11, 23) - 11
            gradient(i) = real(value)
            wide(i) = dble(value)
            expected = expected + 2 * value * ranks
        end do
        if (step == steps) call MPI_Pcontrol(2)
        call MPI_Allreduce(MPI_IN_PLACE, gradient, n, MPI_REAL, MPI_SUM, &
                           MPI_COMM_WORLD, code)
        call MPI_Allreduce(MPI_IN_PLACE, wide, n, MPI_DOUBLE_PRECISION, &
                           MPI_SUM, MPI_COMM_WORLD, code)
        do i = 1, n
            delivered = delivered + gradient(i) + wide(i)
        end do
    end do
    if (rank == 0) then
        if (delivered == expected) then
            print '(a)', 'sums are right'
        else
            print *, 'FAILED', delivered, expected
        end if
    end if
    call MPI_Finalize(code)
end program layers
