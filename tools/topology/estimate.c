#include "tools/topology/estimate.h"

#ifdef SPAR_HAVE_UCX
#include "tools/symbols.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucp/api/ucp.h>

#define SMALL 8
#define LARGE (1 << 20)

/* What is called of UCX, by its own names. */
typedef struct ucp {
    __typeof__(ucp_config_read) *config_read;
    __typeof__(ucp_config_modify) *config_modify;
    __typeof__(ucp_config_release) *config_release;
    __typeof__(ucp_init_version) *init_version;
    __typeof__(ucp_cleanup) *cleanup;
    __typeof__(ucp_worker_create) *worker_create;
    __typeof__(ucp_worker_destroy) *worker_destroy;
    __typeof__(ucp_worker_get_address) *worker_get_address;
    __typeof__(ucp_worker_release_address) *worker_release_address;
    __typeof__(ucp_ep_create) *ep_create;
    __typeof__(ucp_ep_evaluate_perf) *ep_evaluate_perf;
    __typeof__(ucp_get_version_string) *get_version_string;
} ucp_t;

/* Never unloaded: UCX has threads and exit handlers. That a device cannot be
 * opened is no news here; UCX reads the level of its log when it is loaded, and
 * complains about one that is set later. */
static void *open_library(void)
{
    static const char name[] = "libucp.so.0";
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);

    if (library == NULL) {
        setenv("UCX_LOG_LEVEL", "fatal", 0);
        library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    }
    return library;
}

static bool load(ucp_t *ucp)
{
    const spar_symbol_t symbols[] = {
        {&ucp->config_read, "ucp_config_read"},
        {&ucp->config_modify, "ucp_config_modify"},
        {&ucp->config_release, "ucp_config_release"},
        {&ucp->init_version, "ucp_init_version"},
        {&ucp->cleanup, "ucp_cleanup"},
        {&ucp->worker_create, "ucp_worker_create"},
        {&ucp->worker_destroy, "ucp_worker_destroy"},
        {&ucp->worker_get_address, "ucp_worker_get_address"},
        {&ucp->worker_release_address, "ucp_worker_release_address"},
        {&ucp->ep_create, "ucp_ep_create"},
        {&ucp->ep_evaluate_perf, "ucp_ep_evaluate_perf"},
        {&ucp->get_version_string, "ucp_get_version_string"},
    };

    return spar_symbols_find(open_library(), symbols,
                             sizeof(symbols) / sizeof(*symbols));
}

/* Seconds of a message; negative: UCX does not tell. */
static double seconds_of(const ucp_t *ucp, ucp_ep_h endpoint, size_t bytes)
{
    ucp_ep_evaluate_perf_param_t question = {
        .field_mask = UCP_EP_PERF_PARAM_FIELD_MESSAGE_SIZE,
        .message_size = bytes};
    ucp_ep_evaluate_perf_attr_t answer = {
        .field_mask = UCP_EP_PERF_ATTR_FIELD_ESTIMATED_TIME};

    return ucp->ep_evaluate_perf(endpoint, &question, &answer) == UCS_OK
               ? answer.estimated_time
               : -1;
}

/* An endpoint of the worker to itself takes the same transport as one to
 * another process, as only that is allowed. The worker destroys it. */
static bool ask_worker(const ucp_t *ucp, ucp_worker_h worker,
                       spar_prior_t *estimate)
{
    ucp_ep_params_t params = {.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS};
    ucp_address_t *address;
    size_t length;
    ucp_ep_h endpoint;
    bool created;

    if (ucp->worker_get_address(worker, &address, &length) != UCS_OK) {
        return false;
    }
    params.address = address;
    created = ucp->ep_create(worker, &params, &endpoint) == UCS_OK;
    ucp->worker_release_address(worker, address);
    if (!created) {
        return false;
    }
    estimate->alpha = seconds_of(ucp, endpoint, SMALL);
    estimate->beta =
        (seconds_of(ucp, endpoint, LARGE) - estimate->alpha) / (LARGE - SMALL);
    return estimate->alpha > 0 && estimate->beta > 0;
}

static bool ask_context(const ucp_t *ucp, ucp_context_h context,
                        spar_prior_t *estimate)
{
    ucp_worker_params_t params = {0};
    ucp_worker_h worker;
    bool known;

    if (ucp->worker_create(context, &params, &worker) != UCS_OK) {
        return false;
    }
    known = ask_worker(ucp, worker, estimate);
    ucp->worker_destroy(worker);
    return known;
}

/* Allows nothing but the transports of the level. UCX names the port of an
 * InfiniBand device, too. */
static bool configure(const ucp_t *ucp, ucp_config_t *config,
                      spar_level_t level, const spar_nic_t *nic)
{
    char device[64];

    if (level == SPAR_LEVEL_NODE) {
        return ucp->config_modify(config, "TLS", "sm") == UCS_OK;
    }
    snprintf(device, sizeof(device), "%s%s", nic->name,
             nic->infiniband ? ":1" : "");
    return ucp->config_modify(config, "TLS", "^self,sm") == UCS_OK &&
           ucp->config_modify(config, "NET_DEVICES", device) == UCS_OK;
}

static bool ask(const ucp_t *ucp, spar_level_t level, const spar_nic_t *nic,
                spar_prior_t *estimate)
{
    ucp_params_t params = {.field_mask = UCP_PARAM_FIELD_FEATURES,
                           .features = UCP_FEATURE_TAG};
    ucp_config_t *config;
    ucp_context_h context;
    bool ready, known;

    if (ucp->config_read(NULL, NULL, &config) != UCS_OK) {
        return false;
    }
    ready = configure(ucp, config, level, nic) &&
            ucp->init_version(UCP_API_MAJOR, UCP_API_MINOR, &params, config,
                              &context) == UCS_OK;
    ucp->config_release(config);
    if (!ready) {
        return false;
    }
    known = ask_context(ucp, context, estimate);
    ucp->cleanup(context);
    return known;
}

static void describe(const ucp_t *ucp, spar_level_t level,
                     const spar_nic_t *nic, spar_prior_t *estimate)
{
    const char *version = ucp->get_version_string();

    if (level == SPAR_LEVEL_NODE) {
        snprintf(estimate->source, sizeof(estimate->source),
                 "UCX %s, shared memory", version);
    } else {
        snprintf(estimate->source, sizeof(estimate->source), "UCX %s, %s%s",
                 version, nic->name,
                 nic->rate > 0 ? "" : " (at a speed that UCX assumes)");
    }
}

bool spar_estimate(spar_level_t level, const spar_nic_t *nic,
                   spar_prior_t *estimate_p)
{
    spar_prior_t estimate;
    ucp_t ucp;

    if (level == SPAR_LEVEL_NETWORK && nic == NULL) {
        return false;
    }
    if (!load(&ucp) || !ask(&ucp, level, nic, &estimate)) {
        return false;
    }
    describe(&ucp, level, nic, &estimate);
    *estimate_p = estimate;
    return true;
}
#else
bool spar_estimate(spar_level_t level, const spar_nic_t *nic,
                   spar_prior_t *estimate_p)
{
    (void)level;
    (void)nic;
    (void)estimate_p;
    return false;
}
#endif
