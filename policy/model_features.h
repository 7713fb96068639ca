/*
 * Spar: what each method needs of each term of the model.
 */
#ifndef SPAR_POLICY_MODEL_FEATURES_H
#define SPAR_POLICY_MODEL_FEATURES_H

#include "policy/model.h"

/*
 * Units of each term (SPAR_MODEL_TERMS values) that a call needs: predicted
 * seconds = factor * sum of units * seconds. Linear where the method's course
 * is fixed; where two things happen at the same time, or the MPI library may
 * choose, the model's present seconds tell which of the two counts.
 */
void spar_model_features(const spar_model_t *model, spar_method_t method,
                         const spar_model_shape_t *shape, double *units_p);

/*
 * Bytes of one entry of a block of `entries` out of `count`: the entropy of
 * the indices, log2(binomial(count, entries)) / entries bits, and 3 % for the
 * coding; and the value.
 */
double spar_model_entry_bytes(double count, double entries, double value_bytes);

#endif
