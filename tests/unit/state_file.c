#include "unit.h"

#include "report/state_file.h"
#include "report/state_layout.h"
#include "report/state_place.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST 4096

static float floats[5] = {1, -2, 0.5F, 3e-20F, 7};
static double doubles[3] = {1e-300, 2, -3};

static spar_state_file_layer_t first_layers[] = {
    {.count = 5,
     .dtype = SPAR_DTYPE_F32,
     .residual = floats,
     .loss_scale = {.levels = {-7.5, 3, [15] = 2},
                    .count = 33,
                    .level = -1,
                    .state = SPAR_LOSS_SCALE_HELD}},
    {.count = 9, .dtype = SPAR_DTYPE_BITS16},
    {.count = 3, .dtype = SPAR_DTYPE_F64, .residual = doubles}};
static spar_state_file_layer_t second_layers[] = {
    {.count = 2, .dtype = SPAR_DTYPE_F16, .residual = floats}};

static const spar_state_file_comm_t comms[] = {
    {.key = 0x1111,
     .stamp = 77,
     .size = 4,
     .rank = 3,
     .layer_count = 3,
     .layers = first_layers,
     .rescale_due = true,
     .rest = {.end = -12, .steps = 32}},
    {.key = 0x2222,
     .stamp = 5,
     .size = 2,
     .rank = 0,
     .layer_count = 1,
     .layers = second_layers}};

static const spar_state_file_origin_t origin = {
    .ranks = 4, .rank = 3, .run = 0xabcdef0123456789u, .save = 2};

static void write_to(FILE *file)
{
    spar_state_writer_t writer;

    assert_int_equal(spar_state_writer_begin(file, &origin, &writer), SPAR_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(spar_state_writer_add(&writer, &comms[i]), SPAR_OK);
    }
    assert_int_equal(spar_state_writer_end(&writer), SPAR_OK);
    assert_int_equal(writer.residual, 5 * 4 + 3 * 8 + 2 * 4);
}

/* A whole file; returns its size. */
static size_t make(unsigned char *bytes)
{
    FILE *file = tmpfile();
    size_t size;

    assert_non_null(file);
    write_to(file);
    rewind(file);
    size = fread(bytes, 1, MOST, file);
    fclose(file);
    assert_in_range(size, 600, MOST - 1);
    return size;
}

/* Reads the bytes; what is well is freed. */
static spar_status_t read_from(unsigned char *bytes, size_t size,
                               const char **cause_p)
{
    FILE *file = fmemopen(bytes, size, "r");
    spar_state_file_t state;
    spar_status_t status;

    assert_non_null(file);
    status = spar_state_file_read(file, &state, cause_p);
    if (status == SPAR_OK) {
        spar_state_file_destroy(&state);
    }
    fclose(file);
    return status;
}

static void assert_holds(FILE *file, const spar_state_file_layer_t *read,
                         const spar_state_file_layer_t *written)
{
    size_t bytes = spar_state_file_bytes(written);
    unsigned char residual[64];

    assert_int_equal(read->count, written->count);
    assert_int_equal(read->dtype, written->dtype);
    assert_int_equal(read->owes, written->residual != NULL);
    assert_null(read->residual);
    assert_memory_equal(read->loss_scale.levels, written->loss_scale.levels,
                        sizeof(read->loss_scale.levels));
    assert_true(read->loss_scale.level == written->loss_scale.level);
    assert_int_equal(read->loss_scale.count, written->loss_scale.count);
    assert_int_equal(read->loss_scale.state, written->loss_scale.state);
    if (read->owes) {
        assert_int_equal(spar_state_file_load(file, read, residual, NULL),
                         SPAR_OK);
        assert_memory_equal(residual, written->residual, bytes);
    }
}

static void what_was_written_is_read(void **state)
{
    FILE *file = tmpfile();
    spar_state_file_t read;

    (void)state;
    assert_non_null(file);
    write_to(file);
    assert_int_equal(spar_state_file_read(file, &read, NULL), SPAR_OK);
    assert_memory_equal(&read.origin, &origin, sizeof(origin));
    assert_int_equal(read.comm_count, 2);
    for (size_t i = 2; i-- > 0;) { /* in any order */
        assert_int_equal(read.comms[i].key, comms[i].key);
        assert_int_equal(read.comms[i].stamp, comms[i].stamp);
        assert_int_equal(read.comms[i].size, comms[i].size);
        assert_int_equal(read.comms[i].rank, comms[i].rank);
        assert_false(read.comms[i].used);
        assert_int_equal(read.comms[i].layer_count, comms[i].layer_count);
        assert_int_equal(read.comms[i].rescale_due, comms[i].rescale_due);
        assert_int_equal(read.comms[i].rest.end, comms[i].rest.end);
        assert_int_equal(read.comms[i].rest.steps, comms[i].rest.steps);
        for (size_t j = comms[i].layer_count; j-- > 0;) {
            assert_holds(file, &read.comms[i].layers[j], &comms[i].layers[j]);
        }
    }
    spar_state_file_destroy(&read);
    fclose(file);
}

/* A file with that layer. */
static spar_status_t read_with(spar_state_file_layer_t layer)
{
    spar_state_file_comm_t comm = {
        .key = 1, .size = 2, .layer_count = 1, .layers = &layer};
    FILE *file = tmpfile();
    spar_state_writer_t writer;
    spar_state_file_t read;
    spar_status_t status;

    assert_non_null(file);
    assert_int_equal(spar_state_writer_begin(file, &origin, &writer), SPAR_OK);
    assert_int_equal(spar_state_writer_add(&writer, &comm), SPAR_OK);
    assert_int_equal(spar_state_writer_end(&writer), SPAR_OK);
    status = spar_state_file_read(file, &read, NULL);
    if (status == SPAR_OK) {
        spar_state_file_destroy(&read);
    }
    fclose(file);
    return status;
}

/* A layer of that type that owes something. */
static spar_status_t read_owing(spar_dtype_t dtype)
{
    return read_with((spar_state_file_layer_t){
        .count = 5, .dtype = dtype, .residual = floats});
}

static void levels_are_numbers_of_a_known_state(void **state)
{
    spar_state_file_layer_t layer = {.count = 5, .dtype = SPAR_DTYPE_F32};

    (void)state;
    layer.loss_scale.levels[3] = -140;
    assert_int_equal(read_with(layer), SPAR_OK);
    layer.loss_scale.levels[3] = NAN;
    assert_int_equal(read_with(layer), SPAR_ERR_INVALID);
    layer.loss_scale.levels[3] = 0;
    layer.loss_scale.level = INFINITY;
    assert_int_equal(read_with(layer), SPAR_ERR_INVALID);
    layer.loss_scale.level = 0;
    layer.loss_scale.state =
        (spar_loss_scale_state_t)(SPAR_LOSS_SCALE_HELD + 1);
    assert_int_equal(read_with(layer), SPAR_ERR_INVALID);
}

static void types_that_are_not_known_owe_nothing(void **state)
{
    (void)state;
    assert_int_equal(read_owing(SPAR_DTYPE_F16), SPAR_OK);
    assert_int_equal(read_owing(SPAR_DTYPE_BF16), SPAR_OK);
    assert_int_equal(read_owing(SPAR_DTYPE_BITS16), SPAR_ERR_INVALID);
}

static void nothing_owed_is_a_file_too(void **state)
{
    FILE *file = tmpfile();
    spar_state_file_t read;
    spar_state_writer_t writer;

    (void)state;
    assert_non_null(file);
    assert_int_equal(spar_state_writer_begin(file, &origin, &writer), SPAR_OK);
    assert_int_equal(spar_state_writer_end(&writer), SPAR_OK);
    assert_int_equal(spar_state_file_read(file, &read, NULL), SPAR_OK);
    assert_int_equal(read.comm_count, 0);
    spar_state_file_destroy(&read);
    fclose(file);
}

static void every_truncation_is_refused(void **state)
{
    unsigned char bytes[MOST];
    size_t size = make(bytes);
    const char *cause = NULL;

    (void)state;
    assert_int_equal(read_from(bytes, size, NULL), SPAR_OK);
    for (size_t i = 1; i < size; i++) {
        assert_int_equal(read_from(bytes, i, &cause), SPAR_ERR_INVALID);
        assert_string_equal(cause, "it is cut short");
    }
    bytes[size] = 0;
    assert_int_equal(read_from(bytes, size + 1, &cause), SPAR_ERR_INVALID);
    assert_string_equal(cause, "its end does not fit what is before it");
}

static void every_flipped_bit_is_refused(void **state)
{
    unsigned char bytes[MOST];
    size_t size = make(bytes);

    (void)state;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        const char *cause = NULL;

        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_equal(read_from(bytes, size, &cause), SPAR_ERR_INVALID);
        assert_non_null(cause);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_int_equal(read_from(bytes, size, NULL), SPAR_OK);
}

/* A change between the look at the start and the restoring. */
static void a_residual_is_checked_again_when_it_is_loaded(void **state)
{
    FILE *file = tmpfile();
    spar_state_file_t read;
    float residual[5];
    const char *cause = NULL;

    (void)state;
    assert_non_null(file);
    write_to(file);
    assert_int_equal(spar_state_file_read(file, &read, NULL), SPAR_OK);
    assert_int_equal(
        fseek(file, (long)read.comms[0].layers[0].at + 3, SEEK_SET), 0);
    fputc('x', file);
    assert_int_equal(
        spar_state_file_load(file, &read.comms[0].layers[0], residual, &cause),
        SPAR_ERR_INVALID);
    assert_string_equal(cause, "a checksum does not match");
    assert_int_equal(ftruncate(fileno(file), 600), 0);
    assert_int_equal(
        spar_state_file_load(file, &read.comms[1].layers[0], residual, &cause),
        SPAR_ERR_INVALID);
    assert_string_equal(cause, "it is cut short");
    spar_state_file_destroy(&read);
    fclose(file);
}

static void assert_refused(unsigned char *bytes, size_t size,
                           const char *expected)
{
    const char *cause = NULL;

    assert_int_equal(read_from(bytes, size, &cause), SPAR_ERR_INVALID);
    assert_string_equal(cause, expected);
}

/* The first bytes, as a newer version or another machine would write them. */
static void other_files_are_told_apart(void **state)
{
    unsigned char bytes[MOST];
    size_t size = make(bytes);
    spar_state_header_t *header = (spar_state_header_t *)(void *)bytes;

    (void)state;
    header->version++;
    assert_refused(bytes, size, "it has another format version");
    header->order = (uint16_t)(header->order >> 8 | header->order << 8);
    assert_refused(bytes, size, "it has another byte order");
    header->magic[7] = '?';
    assert_refused(bytes, size, "it is no file of residuals");
}

static void a_full_disk_is_an_error(void **state)
{
    FILE *file = fopen("/dev/full", "w");
    spar_state_writer_t writer;

    (void)state;
    if (file == NULL) {
        skip();
    }
    assert_int_equal(spar_state_writer_begin(file, &origin, &writer), SPAR_OK);
    errno = 0;
    assert_int_equal(spar_state_writer_end(&writer), SPAR_ERR_IO);
    assert_int_equal(errno, ENOSPC);
    fclose(file);
}

static void write_origin(const char *folder, uint64_t save)
{
    spar_state_file_origin_t other = origin;
    FILE *file = spar_state_place_create(folder, 3);
    spar_state_writer_t writer;

    other.save = save;
    assert_non_null(file);
    assert_int_equal(spar_state_writer_begin(file, &other, &writer), SPAR_OK);
    assert_int_equal(spar_state_writer_end(&writer), SPAR_OK);
    fclose(file);
}

/* Which save is in place; 0: none. */
static uint64_t save_in(const char *folder, spar_state_place_t place)
{
    FILE *file = spar_state_place_open(folder, 3, place);
    spar_state_file_t read;
    uint64_t save;

    if (file == NULL) {
        return 0;
    }
    assert_int_equal(spar_state_file_read(file, &read, NULL), SPAR_OK);
    save = read.origin.save;
    spar_state_file_destroy(&read);
    fclose(file);
    return save;
}

static void assert_saves(const char *folder, uint64_t latest, uint64_t previous)
{
    assert_int_equal(save_in(folder, SPAR_STATE_LATEST), latest);
    assert_int_equal(save_in(folder, SPAR_STATE_PREVIOUS), previous);
}

static void a_file_takes_its_place_as_a_whole(void **state)
{
    char folder[] = "/tmp/spar-state-XXXXXX";
    char path[80];

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(spar_state_place_commit(folder, 3), SPAR_ERR_IO);
    write_origin(folder, 1);
    assert_saves(folder, 0, 0);
    assert_int_equal(spar_state_place_commit(folder, 3), SPAR_OK);
    assert_saves(folder, 1, 0);
    write_origin(folder, 2);
    spar_state_place_discard(folder, 3);
    assert_int_equal(spar_state_place_commit(folder, 3), SPAR_ERR_IO);
    assert_saves(folder, 1, 0);
    write_origin(folder, 3);
    assert_int_equal(spar_state_place_commit(folder, 3), SPAR_OK);
    assert_saves(folder, 3, 1);
    spar_state_place_set_aside(folder, 3);
    assert_saves(folder, 0, 0);
    snprintf(path, sizeof(path), "%s/spar-rank-3.state.before", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void the_save_before_stays_until_the_next_one(void **state)
{
    char folder[] = "/tmp/spar-state-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(folder));
    for (uint64_t save = 1; save <= 3; save++) {
        spar_state_place_forget(folder, 3);
        assert_saves(folder, save - 1, 0);
        write_origin(folder, save);
        assert_int_equal(spar_state_place_commit(folder, 3), SPAR_OK);
        assert_saves(folder, save, save - 1);
    }
    spar_state_place_step_back(folder, 3);
    assert_saves(folder, 2, 0);
    spar_state_place_step_back(folder, 3);
    assert_saves(folder, 2, 0);
    spar_state_place_set_aside(folder, 3);
    spar_state_place_forget(folder, 3);
    assert_saves(folder, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(types_that_are_not_known_owe_nothing),
        cmocka_unit_test(levels_are_numbers_of_a_known_state),
        cmocka_unit_test(nothing_owed_is_a_file_too),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(a_residual_is_checked_again_when_it_is_loaded),
        cmocka_unit_test(other_files_are_told_apart),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(a_file_takes_its_place_as_a_whole),
        cmocka_unit_test(the_save_before_stays_until_the_next_one)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
