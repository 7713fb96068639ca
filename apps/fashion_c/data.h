/* The Fashion-MNIST images of one rank. */
#ifndef FASHION_DATA_H
#define FASHION_DATA_H

#include <stdint.h>

enum {
    DATA_SIDE = 28,
    DATA_PIXELS = 28 * 28,
    DATA_CLASSES = 10
};

typedef struct data {
    int count;
    uint8_t *pixels; /* [count][DATA_PIXELS] */
    uint8_t *labels; /* [count], each below DATA_CLASSES */
} data_t;

/*
 * Reads every size-th sample, starting with rank, of the files
 * <folder>/<part>-images-idx3-ubyte.gz and <part>-labels-idx1-ubyte.gz, where
 * part is "train" or "t10k". All ranks get the same number of samples.
 * Returns 0 and fills *data_p (free with data_free), or returns -1 with the
 * reason, one line, in error[length].
 */
int data_read(const char *folder, const char *part, int rank, int size,
              char *error, int length, data_t *data_p);

/* Copies the samples picked[0..count) as normalised floats and labels. */
void data_batch(const data_t *data, const int *picked, int count, float *inputs,
                uint8_t *labels);

void data_free(data_t *data);

#endif
