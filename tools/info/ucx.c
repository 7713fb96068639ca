/* What UCX offers: one row per transport, with its devices. */
#include "tools/info/info.h"

#include <stdio.h>

#ifdef SPAR_HAVE_UCX
#include <stdlib.h>
#include <string.h>
#include <ucp/api/ucp.h>
#include <uct/api/uct.h>

/* Prints the transports of one memory domain. UCX lists a transport once per
   device, one after the other. */
static void print_transports(uct_md_h domain)
{
    uct_tl_resource_desc_t *resources;
    unsigned count;

    if (uct_md_query_tl_resources(domain, &resources, &count) != UCS_OK) {
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
    uct_release_tl_resource_list(resources);
}

static void print_component(uct_component_h component)
{
    uct_component_attr_t attributes = {
        .field_mask = UCT_COMPONENT_ATTR_FIELD_MD_RESOURCE_COUNT};
    uct_md_config_t *config;
    uct_md_h domain;

    if (uct_component_query(component, &attributes) != UCS_OK ||
        attributes.md_resource_count == 0) {
        return;
    }
    attributes.field_mask = UCT_COMPONENT_ATTR_FIELD_MD_RESOURCES;
    attributes.md_resources =
        calloc(attributes.md_resource_count, sizeof(*attributes.md_resources));
    if (attributes.md_resources == NULL ||
        uct_component_query(component, &attributes) != UCS_OK) {
        free(attributes.md_resources);
        return;
    }
    for (unsigned i = 0; i < attributes.md_resource_count; i++) {
        if (uct_md_config_read(component, NULL, NULL, &config) != UCS_OK) {
            break;
        }
        if (uct_md_open(component, attributes.md_resources[i].md_name, config,
                        &domain) == UCS_OK) {
            print_transports(domain);
            uct_md_close(domain);
        }
        uct_config_release(config);
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
    spar_info_row("version", "%s", ucp_get_version_string());
    if (uct_query_components(&components, &count) != UCS_OK) {
        spar_info_row("transports", "cannot be listed");
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        print_component(components[i]);
    }
    uct_release_component_list(components);
}
#else
void spar_info_ucx(void)
{
    puts("UCX");
    spar_info_row("version", "built without UCX");
}
#endif
