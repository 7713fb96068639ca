/*
 * fuzz_state_seeds FOLDER: writes files of residuals for the fuzz target to
 * FOLDER/state, which exists.
 */
#include "report/state_file.h"

#include <stdlib.h>

static float floats[40];
static double doubles[20];

static void check(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

static spar_state_file_comm_t comm_of(spar_state_file_layer_t *layers,
                                      uint32_t count)
{
    return (spar_state_file_comm_t){.key = 0x123456789abcdefu,
                                    .stamp = 1000,
                                    .size = 4,
                                    .rank = 1,
                                    .layer_count = count,
                                    .layers = layers,
                                    .rescale_due = count == 3,
                                    .rest = {.end = -3, .steps = 16}};
}

static void file_write(const char *folder, const char *name,
                       const spar_state_file_comm_t *comms, size_t count)
{
    const spar_state_file_origin_t origin = {
        .ranks = 4, .rank = 1, .run = 77, .save = 3};
    spar_state_writer_t writer;
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/state/%s", folder, name);
    file = fopen(path, "wb");
    check(file != NULL, path);
    check(spar_state_writer_begin(file, &origin, &writer) == SPAR_OK, path);
    for (size_t i = 0; i < count; i++) {
        check(spar_state_writer_add(&writer, &comms[i]) == SPAR_OK, path);
    }
    check(spar_state_writer_end(&writer) == SPAR_OK, path);
    check(fclose(file) == 0, path);
}

int main(int argc, char **argv)
{
    spar_state_file_layer_t layers[] = {
        {.count = 40, .dtype = SPAR_DTYPE_F32, .residual = floats},
        {.count = 20,
         .dtype = SPAR_DTYPE_F64,
         .residual = doubles,
         .loss_scale = {.levels = {-3, -3.25},
                        .count = 18,
                        .level = -2,
                        .state = SPAR_LOSS_SCALE_HELD}},
        {.count = 100000, .dtype = SPAR_DTYPE_F32}};
    spar_state_file_comm_t comms[] = {comm_of(layers, 3), comm_of(layers, 1),
                                      comm_of(layers + 2, 1)};

    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_state_seeds FOLDER\n");
        return 2;
    }
    for (int i = 0; i < 40; i++) {
        floats[i] = (float)i / 7 - 3;
        doubles[i / 2] = i / 3.0;
    }
    file_write(argv[1], "empty", comms, 0);
    file_write(argv[1], "one", comms + 1, 1);
    file_write(argv[1], "nothing-owed", comms + 2, 1);
    file_write(argv[1], "several", comms, 3);
    return 0;
}
