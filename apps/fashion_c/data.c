#include "data.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Mean and standard deviation of the training pixels, in 0..1. */
static const float PIXEL_MEAN = 0.2860F;
static const float PIXEL_DEVIATION = 0.3530F;

typedef struct idx_file {
    char path[4096];
    gzFile stream;
    int count;
    int rank;
    int size;
    char *error;
    int length;
} idx_file_t;

__attribute__((format(printf, 2, 3))) static void idx_explain(
    const idx_file_t *file, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(file->error, file->length, format, arguments);
    va_end(arguments);
}

/* Notes the reason; the value is what the caller returns. */
#define idx_fail(...) (idx_explain(__VA_ARGS__), -1)

static int idx_read(idx_file_t *file, void *target, unsigned bytes)
{
    int got = gzread(file->stream, target, bytes);
    int code;
    const char *words = gzerror(file->stream, &code);

    if (got == (int)bytes)
        return 0;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return idx_fail(file, "%s: %s", file->path, words);
    return idx_fail(file, "%s: truncated: it ends after %ld bytes of data",
                    file->path, (long)gztell(file->stream));
}

static int idx_read_number(idx_file_t *file, uint32_t *number_p)
{
    uint8_t b[4];

    if (idx_read(file, b, sizeof(b)) != 0)
        return -1;
    *number_p = (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
    return 0;
}

/* Checks magic number and shape; leaves the number of items in file->count. */
static int idx_read_header(idx_file_t *file, bool images)
{
    const uint32_t expected[] = {images ? 0x803 : 0x801, 0, DATA_SIDE,
                                 DATA_SIDE};
    const int words = images ? 4 : 2;
    uint32_t number;

    for (int i = 0; i < words; i++) {
        if (idx_read_number(file, &number) != 0)
            return -1;
        if (i == 1) {
            if (number < 1 || number > 10000000)
                return idx_fail(file, "%s: claims %u items", file->path,
                                number);
            file->count = (int)number;
        } else if (number != expected[i]) {
            return idx_fail(file,
                            "%s: not an IDX file of %s: word %d is %#x,"
                            " not %#x",
                            file->path, images ? "28x28 images" : "labels", i,
                            number, expected[i]);
        }
    }
    return 0;
}

/* Keeps this rank's share of the items, item bytes each. */
static int idx_read_items(idx_file_t *file, unsigned bytes, uint8_t **items_p)
{
    const int share = file->count / file->size;
    const size_t kept = (size_t)share * bytes;
    uint8_t *items = calloc(1, kept + bytes); /* the last one is scratch */

    if (!items)
        return idx_fail(file, "%s: no memory for it", file->path);
    for (int i = 0; i < file->count; i++) {
        bool mine = i % file->size == file->rank && i / file->size < share;
        uint8_t *target =
            items + (mine ? (size_t)(i / file->size) * bytes : kept);

        if (idx_read(file, target, bytes) != 0) {
            free(items);
            return -1;
        }
    }
    *items_p = items;
    return 0;
}

static int idx_load(idx_file_t *file, const char *folder, const char *part,
                    bool images, uint8_t **items_p)
{
    int rc;

    snprintf(file->path, sizeof(file->path), "%s/%s-%s.gz", folder, part,
             images ? "images-idx3-ubyte" : "labels-idx1-ubyte");
    file->stream = gzopen(file->path, "rb");
    if (!file->stream)
        return idx_fail(file,
                        "%s: %s (the Debian package "
                        "dataset-fashion-mnist has it; see --data)",
                        file->path, strerror(errno ? errno : ENOMEM));
    gzbuffer(file->stream, 1 << 17);
    rc = idx_read_header(file, images);
    if (rc == 0)
        rc = idx_read_items(file, images ? DATA_PIXELS : 1, items_p);
    gzclose(file->stream);
    return rc;
}

static int data_check(const data_t *data, const idx_file_t *images,
                      const idx_file_t *labels)
{
    if (images->count != labels->count)
        return idx_fail(labels, "%s: %d labels for %d images", labels->path,
                        labels->count, images->count);
    if (data->count < 1)
        return idx_fail(images, "%s: %d images are too few for %d ranks",
                        images->path, images->count, images->size);
    for (int i = 0; i < data->count; i++)
        if (data->labels[i] >= DATA_CLASSES)
            return idx_fail(labels, "%s: label %d is not below %d",
                            labels->path, data->labels[i], DATA_CLASSES);
    return 0;
}

int data_read(const char *folder, const char *part, int rank, int size,
              char *error, int length, data_t *data_p)
{
    idx_file_t images = {
        .rank = rank, .size = size, .error = error, .length = length};
    idx_file_t labels = images;
    data_t data = {0};

    if (idx_load(&images, folder, part, true, &data.pixels) != 0 ||
        idx_load(&labels, folder, part, false, &data.labels) != 0)
        goto fail;
    data.count = images.count / size;
    if (data_check(&data, &images, &labels) != 0)
        goto fail;
    *data_p = data;
    return 0;
fail:
    data_free(&data);
    return -1;
}

void data_batch(const data_t *data, const int *picked, int count, float *inputs,
                uint8_t *labels)
{
    for (int i = 0; i < count; i++) {
        const uint8_t *pixels = data->pixels + (size_t)picked[i] * DATA_PIXELS;
        float *input = inputs + (size_t)i * DATA_PIXELS;

        for (int j = 0; j < DATA_PIXELS; j++)
            input[j] =
                ((float)pixels[j] / 255.0F - PIXEL_MEAN) / PIXEL_DEVIATION;
        labels[i] = data->labels[picked[i]];
    }
}

void data_free(data_t *data)
{
    free(data->pixels);
    free(data->labels);
}
