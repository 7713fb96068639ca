/* What UCX offers: one row per transport, with its devices. */
#include "tools/info/info.h"

#include <stdio.h>

#ifdef SPAR_HAVE_UCX
#include "tools/symbols.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <ucp/api/ucp.h>
#include <uct/api/uct.h>

/* What is called of UCX, by its own names; loaded, because a host without UCX
   can run all else. */
static struct {
    __typeof__(ucp_get_version_string) *get_version_string;
    __typeof__(uct_query_components) *query_components;
    __typeof__(uct_release_component_list) *release_component_list;
    __typeof__(uct_component_query) *component_query;
    __typeof__(uct_md_config_read) *md_config_read;
    __typeof__(uct_config_release) *config_release;
    __typeof__(uct_md_open) *md_open;
    __typeof__(uct_md_close) *md_close;
    __typeof__(uct_md_query_tl_resources) *md_query_tl_resources;
    __typeof__(uct_release_tl_resource_list) *release_tl_resource_list;
} ucx;

/* The library of UCP brings that of UCT along. */
static bool load(void)
{
    const spar_symbol_t symbols[] = {
        {&ucx.get_version_string, "ucp_get_version_string"},
        {&ucx.query_components, "uct_query_components"},
        {&ucx.release_component_list, "uct_release_component_list"},
        {&ucx.component_query, "uct_component_query"},
        {&ucx.md_config_read, "uct_md_config_read"},
        {&ucx.config_release, "uct_config_release"},
        {&ucx.md_open, "uct_md_open"},
        {&ucx.md_close, "uct_md_close"},
        {&ucx.md_query_tl_resources, "uct_md_query_tl_resources"},
        {&ucx.release_tl_resource_list, "uct_release_tl_resource_list"},
    };

    return spar_symbols_find(dlopen("libucp.so.0", RTLD_NOW | RTLD_LOCAL),
                             symbols, sizeof(symbols) / sizeof(*symbols));
}

/* Prints the transports of one memory domain. UCX lists a transport once per
   device, one after the other. */
static void print_transports(uct_md_h domain)
{
    uct_tl_resource_desc_t *resources;
    unsigned count;

    if (ucx.md_query_tl_resources(domain, &resources, &count) != UCS_OK) {
        return;
    }
    for (unsigned i = 0; i < count;) {
        const char *transport = resources[i].tl_name;

        printf("  %-12s%s", transport, resources[i].dev_name);
        while (++i < count && strcmp(transport, resources[i].tl_name) == 0) {
            printf(", %s", resources[i].dev_name);
        }
        putchar('\n');
    }
    ucx.release_tl_resource_list(resources);
}

static void print_component(uct_component_h component)
{
    uct_component_attr_t attributes = {
        .field_mask = UCT_COMPONENT_ATTR_FIELD_MD_RESOURCE_COUNT};
    uct_md_config_t *config;
    uct_md_h domain;

    if (ucx.component_query(component, &attributes) != UCS_OK ||
        attributes.md_resource_count == 0) {
        return;
    }
    attributes.field_mask = UCT_COMPONENT_ATTR_FIELD_MD_RESOURCES;
    attributes.md_resources =
        calloc(attributes.md_resource_count, sizeof(*attributes.md_resources));
    if (attributes.md_resources == NULL ||
        ucx.component_query(component, &attributes) != UCS_OK) {
        free(attributes.md_resources);
        return;
    }
    for (unsigned i = 0; i < attributes.md_resource_count; i++) {
        if (ucx.md_config_read(component, NULL, NULL, &config) != UCS_OK) {
            break;
        }
        if (ucx.md_open(component, attributes.md_resources[i].md_name, config,
                        &domain) == UCS_OK) {
            print_transports(domain);
            ucx.md_close(domain);
        }
        ucx.config_release(config);
    }
    free(attributes.md_resources);
}

void spar_info_ucx(void)
{
    uct_component_h *components;
    unsigned count;

    puts("UCX");
    /* Devices that cannot be opened are no news here. */
    setenv("UCX_LOG_LEVEL", "fatal", 0);
    if (!load()) {
        spar_info_row("version", "no libucp.so.0 on this host");
        return;
    }
    spar_info_row("version", "%s", ucx.get_version_string());
    if (ucx.query_components(&components, &count) != UCS_OK) {
        spar_info_row("transports", "cannot be listed");
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        print_component(components[i]);
    }
    ucx.release_component_list(components);
}
#else
void spar_info_ucx(void)
{
    puts("UCX");
    spar_info_row("version", "built without UCX");
}
#endif
