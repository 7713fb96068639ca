#include "loss.h"

#include <math.h>
#include <stddef.h>

static int largest(const float *scores, int classes)
{
    int best = 0;

    for (int c = 1; c < classes; c++)
        if (scores[c] > scores[best])
            best = c;
    return best;
}

double loss_softmax(const float *scores, const uint8_t *labels, int batch,
                    int classes, float *score_grad, int *correct_p)
{
    double loss = 0;

    for (int i = 0; i < batch; i++) {
        const float *score = scores + (size_t)i * classes;
        const int best = largest(score, classes);
        double total = 1; /* the best class's own share */

        for (int c = 0; c < classes; c++)
            if (c != best)
                total += exp((double)score[c] - score[best]);
        loss += log(total) + score[best] - score[labels[i]];
        *correct_p += best == labels[i];
        for (int c = 0; score_grad && c < classes; c++) {
            double share = exp((double)score[c] - score[best]) / total;

            score_grad[(size_t)i * classes + c] =
                (float)((share - (c == labels[i])) / batch);
        }
    }
    return loss / batch;
}
