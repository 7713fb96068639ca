#include "base/status.h"

const char *spar_status_string(spar_status_t status)
{
    switch (status) {
    case SPAR_OK:
        return "success";
    case SPAR_INPROGRESS:
        return "in progress";
    case SPAR_ERR_INVALID:
        return "invalid argument";
    case SPAR_ERR_NO_MEMORY:
        return "out of memory";
    case SPAR_ERR_WIRE:
        return "malformed block";
    case SPAR_ERR_DISAGREE:
        return "ranks disagree";
    case SPAR_ERR_TRANSPORT:
        return "transport failure";
    case SPAR_ERR_CANCELED:
        return "canceled";
    case SPAR_ERR_IO:
        return "input/output error";
    }
    return "unknown status";
}
