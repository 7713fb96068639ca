! Non-blocking sums through mpi_f08: in place and out of place, MPI_REAL and
! MPI_DOUBLE_PRECISION, completed by MPI_Waitall, MPI_Wait, MPI_Waitany and
! MPI_Test. Whole numbers, so that deliveries over the run with a final flush are
! exactly what was put in.
program nonblocking_f08
    use mpi_f08
    implicit none
    integer, parameter :: n = 20000, steps = 50
    real, asynchronous :: gradient(n)
    double precision, asynchronous :: wide(n), wide_sum(n)
    double precision :: delivered, expected
    type(MPI_Request) :: requests(2)
    type(MPI_Status) :: statuses(2)
    integer :: rank, ranks, step, i, which, value
    logical :: done

    call MPI_Init()
    call MPI_Comm_rank(MPI_COMM_WORLD, rank)
    call MPI_Comm_size(MPI_COMM_WORLD, ranks)
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
                            MPI_COMM_WORLD, requests(1))
        call MPI_Iallreduce(wide, wide_sum, n, MPI_DOUBLE_PRECISION, MPI_SUM, &
                            MPI_COMM_WORLD, requests(2))
        select case (mod(step, 4))
        case (0)
            call MPI_Waitall(2, requests, statuses)
        case (1)
            call MPI_Wait(requests(2), MPI_STATUS_IGNORE)
            call MPI_Wait(requests(1), statuses(1))
        case (2)
            call MPI_Waitany(2, requests, which, MPI_STATUS_IGNORE)
            call MPI_Waitany(2, requests, which, MPI_STATUS_IGNORE)
        case default
            do i = 1, 2
                done = .false.
                do while (.not. done)
                    call MPI_Test(requests(i), done, MPI_STATUS_IGNORE)
                end do
            end do
        end select
        do i = 1, 2
            if (requests(i) /= MPI_REQUEST_NULL) then
                print '(a)', 'a request is not MPI_REQUEST_NULL'
                call MPI_Abort(MPI_COMM_WORLD, 1)
            end if
        end do
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
    call MPI_Finalize()
end program nonblocking_f08
