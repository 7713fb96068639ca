! Non-blocking sums through mpif.h: in place and out of place, MPI_REAL and
! MPI_DOUBLE_PRECISION, completed by MPI_Waitall, MPI_Wait and MPI_Test. Whole
! numbers, so that deliveries over the run with a final flush are exactly what
! was put in.
program nonblocking_mpif
    implicit none
    include 'mpif.h'
    integer, parameter :: n = 20000, steps = 50
    real :: gradient(n)
    double precision :: wide(n), wide_sum(n)
    double precision :: delivered, expected
    integer :: requests(2), statuses(MPI_STATUS_SIZE, 2)
    integer :: rank, ranks, step, i, code, value
    logical :: done

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
        call MPI_Iallreduce(MPI_IN_PLACE, gradient, n, MPI_REAL, MPI_SUM, &
                            MPI_COMM_WORLD, requests(1), code)
        call MPI_Iallreduce(wide, wide_sum, n, MPI_DOUBLE_PRECISION, MPI_SUM, &
                            MPI_COMM_WORLD, requests(2), code)
        select case (mod(step, 3))
        case (0)
            call MPI_Waitall(2, requests, statuses, code)
        case (1)
            call MPI_Wait(requests(2), MPI_STATUS_IGNORE, code)
            call MPI_Wait(requests(1), statuses(1, 1), code)
        case default
            do i = 1, 2
                done = .false.
                do while (.not. done)
                    call MPI_Test(requests(i), done, MPI_STATUS_IGNORE, code)
                end do
            end do
        end select
        if (any(requests /= MPI_REQUEST_NULL)) then
            print '(a)', 'a request is not MPI_REQUEST_NULL'
            call MPI_Abort(MPI_COMM_WORLD, 1, code)
        end if
        do i = 1, n
            delivered = delivered + gradient(i) + wide_sum(i)
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
end program nonblocking_mpif
