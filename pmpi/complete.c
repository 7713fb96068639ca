/*
 * Spar: MPI_Wait, MPI_Test and their relatives. While a call of ours is
 * pending, the application's thread advances it itself instead of spinning
 * beside the helper; also when it waits for something else, which another rank
 * may only send after our call. What completes a request is always MPI's own
 * function.
 */
#include "pmpi/pace.h"
#include "pmpi/persistent.h"
#include "pmpi/progress.h"
#include "pmpi/requests.h"

/* Nothing of ours: MPI's business alone. */
static bool is_idle(void)
{
    return atomic_load_explicit(&spar_requests_live, memory_order_relaxed) == 0;
}

static spar_op_t *find_ours(MPI_Request request)
{
    return request == MPI_REQUEST_NULL ? NULL : spar_requests_find(request);
}

/* Advances what is pending until the request is complete. */
static void wait_until_complete(MPI_Request request)
{
    spar_op_t *op = find_ours(request);
    unsigned polls = 0;
    int flag = 0;

    if (op != NULL) {
        atomic_store(&op->wanted, true);
        spar_progress_wait(op);
        return;
    }
    while (spar_real.Request_get_status(request, &flag, MPI_STATUS_IGNORE) ==
               MPI_SUCCESS &&
           !flag) {
        spar_progress_step(&polls);
    }
}

/* One by one: MPI's own MPI_Waitall hangs under MPI_THREAD_MULTIPLE, which Spar
 * has asked for, when one of the requests has failed already (Open MPI 4.1). An
 * error handler sees the error itself then, not MPI_ERR_IN_STATUS. */
static int complete_each(int count, MPI_Request *requests, MPI_Status *statuses)
{
    int result = MPI_SUCCESS;

    for (int i = 0; i < count; i++) {
        const spar_op_t *op = find_ours(requests[i]);
        int code = op == NULL ? MPI_SUCCESS : op->code;
        MPI_Status status;
        int waited = spar_real.Wait(&requests[i], &status);

        code = waited == MPI_SUCCESS ? code : waited;
        status.MPI_ERROR = code;
        if (statuses != MPI_STATUSES_IGNORE) {
            statuses[i] = status;
        }
        if (code != MPI_SUCCESS) {
            result = MPI_ERR_IN_STATUS;
        }
    }
    return result;
}

static int wait_all(int count, MPI_Request *requests, MPI_Status *statuses)
{
    spar_progress_enter();
    for (int i = 0; i < count; i++) {
        if (requests[i] != MPI_REQUEST_NULL) {
            wait_until_complete(requests[i]);
        }
    }
    spar_progress_leave();
    return complete_each(count, requests, statuses);
}

/* Whether a request is complete and was not just inactive: those have an empty
 * status. Then MPI's own function returns at once; and it tells of errors of
 * persistent requests, which MPI_Testany and its like forget (Open MPI). The
 * status of Open MPI's own collective calls is not defined, which does no harm:
 * taken for inactive, they are completed by MPI_Testany. */
static bool has_complete(int count, const MPI_Request *requests)
{
    for (int i = 0; i < count; i++) {
        MPI_Status status = {.MPI_SOURCE = MPI_ANY_SOURCE};
        int flag = 0;

        if (requests[i] != MPI_REQUEST_NULL && find_ours(requests[i]) == NULL &&
            spar_real.Request_get_status(requests[i], &flag, &status) ==
                MPI_SUCCESS &&
            flag && status.MPI_SOURCE != MPI_ANY_SOURCE) {
            return true;
        }
    }
    return false;
}

/* Calls that wait for others to travel with wait no longer. Only when the
 * application really waits: MPI_Test and its like, which may be made by one
 * thread all the time while another one posts, leave them alone. */
static void want_all(int count, const MPI_Request *requests)
{
    for (int i = 0; i < count; i++) {
        spar_op_t *op = find_ours(requests[i]);

        if (op != NULL) {
            atomic_store(&op->wanted, true);
        }
    }
}

/* One round of waiting for some of the requests; *polls counts them. */
static void wait_on(int count, const MPI_Request *requests, unsigned *polls)
{
    if (*polls == 0) {
        want_all(count, requests);
    }
    spar_progress_step(polls);
}

static int wait_any(int count, MPI_Request *requests, int *index,
                    MPI_Status *status)
{
    unsigned polls = 0;
    int code = MPI_SUCCESS, flag = 0;

    spar_progress_enter();
    while (!flag && code == MPI_SUCCESS && !has_complete(count, requests)) {
        code = spar_real.Testany(count, requests, index, &flag, status);
        if (!flag && code == MPI_SUCCESS) {
            wait_on(count, requests, &polls);
        }
    }
    spar_progress_leave();
    return flag || code != MPI_SUCCESS
               ? code
               : spar_real.Waitany(count, requests, index, status);
}

static int wait_some(int incount, MPI_Request *requests, int *outcount,
                     int *indices, MPI_Status *statuses)
{
    unsigned polls = 0;
    int code = MPI_SUCCESS;

    *outcount = 0;
    spar_progress_enter();
    while (*outcount == 0 && code == MPI_SUCCESS &&
           !has_complete(incount, requests)) {
        code =
            spar_real.Testsome(incount, requests, outcount, indices, statuses);
        if (*outcount == 0 && code == MPI_SUCCESS) {
            wait_on(incount, requests, &polls);
        }
    }
    spar_progress_leave();
    return *outcount != 0 || code != MPI_SUCCESS
               ? code
               : spar_real.Waitsome(incount, requests, outcount, indices,
                                    statuses);
}

/* What every completion call does before and after. */
static MPI_Request *begin(int count, MPI_Request *requests)
{
    spar_pace_enter();
    spar_requests_begin();
    return spar_persistent_view(count, requests);
}

static int end(int count, MPI_Request *requests, MPI_Request *view, int code)
{
    spar_persistent_merge(count, requests, view);
    code = spar_requests_end(code);
    spar_pace_leave();
    return code;
}

SPAR_EXPORT int MPI_Wait(MPI_Request *request, MPI_Status *status)
{
    MPI_Request *view;
    int code;

    if (is_idle() || request == NULL) {
        return spar_real.Wait(request, status);
    }
    view = begin(1, request);
    if (*view != MPI_REQUEST_NULL) {
        spar_progress_enter();
        wait_until_complete(*view);
        spar_progress_leave();
    }
    code = spar_real.Wait(view, status);
    return end(1, request, view, code);
}

SPAR_ALIAS(Wait);

SPAR_EXPORT int MPI_Waitall(int count, MPI_Request requests[],
                            MPI_Status statuses[])
{
    MPI_Request *view;

    if (is_idle() || count <= 0 || requests == NULL) {
        return spar_real.Waitall(count, requests, statuses);
    }
    view = begin(count, requests);
    return end(count, requests, view, wait_all(count, view, statuses));
}

SPAR_ALIAS(Waitall);

SPAR_EXPORT int MPI_Waitany(int count, MPI_Request requests[], int *index,
                            MPI_Status *status)
{
    MPI_Request *view;

    if (is_idle() || count <= 0 || requests == NULL) {
        return spar_real.Waitany(count, requests, index, status);
    }
    view = begin(count, requests);
    return end(count, requests, view, wait_any(count, view, index, status));
}

SPAR_ALIAS(Waitany);

SPAR_EXPORT int MPI_Waitsome(int incount, MPI_Request requests[], int *outcount,
                             int indices[], MPI_Status statuses[])
{
    MPI_Request *view;

    if (is_idle() || incount <= 0 || requests == NULL || outcount == NULL) {
        return spar_real.Waitsome(incount, requests, outcount, indices,
                                  statuses);
    }
    view = begin(incount, requests);
    return end(incount, requests, view,
               wait_some(incount, view, outcount, indices, statuses));
}

SPAR_ALIAS(Waitsome);

SPAR_EXPORT int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status)
{
    MPI_Request *view;

    if (is_idle() || request == NULL) {
        return spar_real.Test(request, flag, status);
    }
    view = begin(1, request);
    spar_progress_touch();
    return end(1, request, view, spar_real.Test(view, flag, status));
}

SPAR_ALIAS(Test);

SPAR_EXPORT int MPI_Testall(int count, MPI_Request requests[], int *flag,
                            MPI_Status statuses[])
{
    MPI_Request *view;

    if (is_idle() || count <= 0 || requests == NULL) {
        return spar_real.Testall(count, requests, flag, statuses);
    }
    view = begin(count, requests);
    spar_progress_touch();
    return end(count, requests, view,
               spar_real.Testall(count, view, flag, statuses));
}

SPAR_ALIAS(Testall);

SPAR_EXPORT int MPI_Testany(int count, MPI_Request requests[], int *index,
                            int *flag, MPI_Status *status)
{
    MPI_Request *view;

    if (is_idle() || count <= 0 || requests == NULL) {
        return spar_real.Testany(count, requests, index, flag, status);
    }
    view = begin(count, requests);
    spar_progress_touch();
    return end(count, requests, view,
               spar_real.Testany(count, view, index, flag, status));
}

SPAR_ALIAS(Testany);

SPAR_EXPORT int MPI_Testsome(int incount, MPI_Request requests[], int *outcount,
                             int indices[], MPI_Status statuses[])
{
    MPI_Request *view;

    if (is_idle() || incount <= 0 || requests == NULL) {
        return spar_real.Testsome(incount, requests, outcount, indices,
                                  statuses);
    }
    view = begin(incount, requests);
    spar_progress_touch();
    return end(incount, requests, view,
               spar_real.Testsome(incount, view, outcount, indices, statuses));
}

SPAR_ALIAS(Testsome);

SPAR_EXPORT int MPI_Request_get_status(MPI_Request request, int *flag,
                                       MPI_Status *status)
{
    if (is_idle()) {
        return spar_real.Request_get_status(request, flag, status);
    }
    spar_progress_touch();
    return spar_real.Request_get_status(spar_persistent_current(request), flag,
                                        status);
}

SPAR_ALIAS(Request_get_status);
