/* Softmax cross-entropy. */
#ifndef FASHION_LOSS_H
#define FASHION_LOSS_H

#include <stdint.h>

/*
 * Returns the mean loss over the batch and adds the number of samples whose
 * largest score is the label's to *correct_p. The gradient of the mean loss is
 * written to score_grad unless that is NULL.
 */
double loss_softmax(const float *scores, const uint8_t *labels, int batch,
                    int classes, float *score_grad, int *correct_p);

#endif
