#include "report/shadow.h"

/* Of a step. */
typedef struct total {
    unsigned layers; /* that were exchanged sparsely, too */
    unsigned pay;
    unsigned compared;
    unsigned predicted;
    double sparse_seconds;
    double predicted_seconds;
    double dense_seconds;
    double sparse_bytes;
    double dense_bytes;
    double least_difference; /* of the layers' means */
    double most_difference;
    double least_cosine;
    double most_cosine;
} total_t;

static double less(double a, double b)
{
    return a < b ? a : b;
}

static double more(double a, double b)
{
    return a > b ? a : b;
}

static void add_likeness(const spar_report_shadow_t *shadow, total_t *total)
{
    bool first = total->compared++ == 0;
    double difference = shadow->difference;
    double cosine = shadow->cosine;

    total->least_difference =
        first ? difference : less(total->least_difference, difference);
    total->most_difference = more(total->most_difference, difference);
    total->least_cosine = first ? cosine : less(total->least_cosine, cosine);
    total->most_cosine = first ? cosine : more(total->most_cosine, cosine);
}

static void add(const spar_report_layer_t *layer, total_t *total)
{
    const spar_report_shadow_t *shadow = &layer->shadow;

    total->layers++;
    total->pay += shadow->pays;
    total->predicted += layer->predicted_seconds > 0;
    total->predicted_seconds += layer->predicted_seconds;
    total->sparse_bytes += shadow->bytes;
    total->dense_bytes += (double)layer->dense_bytes_per_call;
    /* Calls that overlap are counted once. */
    if (!layer->nonblocking) {
        total->sparse_seconds += shadow->sparse_seconds;
        total->dense_seconds += shadow->dense_seconds;
    }
    if (shadow->samples > 0) {
        add_likeness(shadow, total);
    }
}

static total_t total_of(const spar_report_t *report)
{
    total_t total = {.sparse_seconds = report->overlap_sparse,
                     .dense_seconds = report->overlap_dense};

    for (size_t i = 0; i < report->layer_count; i++) {
        if (report->layers[i].shadow.calls > 0) {
            add(&report->layers[i], &total);
        }
    }
    return total;
}

static double fewer(const total_t *total)
{
    return total->sparse_bytes > 0 ? total->dense_bytes / total->sparse_bytes
                                   : 0;
}

static bool is_predicted(const total_t *total)
{
    return total->predicted == total->layers;
}

static void print_total(const total_t *total, FILE *file)
{
    char predicted[40] = "no prediction";

    if (is_predicted(total)) {
        snprintf(predicted, sizeof(predicted), "predicted %.2f ms",
                 1e3 * total->predicted_seconds);
    }
    fprintf(file,
            "spar: shadow: sparse exchanges would have taken %.2f ms per step "
            "(%s) instead of %.2f ms, with %.3g times fewer bytes\n"
            "spar: shadow: mode auto would send %u of %u layers sparsely\n",
            1e3 * total->sparse_seconds, predicted, 1e3 * total->dense_seconds,
            fewer(total), total->pay, total->layers);
    if (total->compared > 0) {
        fprintf(file,
                "spar: shadow: by layer the sparse sums differ from the dense "
                "ones by %.3f to %.3f (L2), with a cosine of %.3f to %.3f\n",
                total->least_difference, total->most_difference,
                total->least_cosine, total->most_cosine);
    }
}

void spar_report_print_shadow(const spar_report_t *report, FILE *file)
{
    total_t total = total_of(report);

    if (!report->shadow) {
        return;
    }
    if (total.layers == 0) {
        fprintf(file, "spar: shadow: no sparse exchange was made\n");
        return;
    }
    print_total(&total, file);
    if (report->overlap_sparse > 0) {
        fprintf(file, "spar: shadow: sparse and dense exchanges of "
                      "non-blocking calls shared the network: each would take "
                      "less alone\n");
    }
}

static json_t *if_compared(unsigned samples, double value)
{
    return samples > 0 ? json_real(value) : json_null();
}

json_t *spar_report_shadow_json(const spar_report_t *report)
{
    total_t total = total_of(report);

    if (!report->shadow) {
        return json_null();
    }
    return json_pack("{s:i, s:i, s:f, s:o, s:f, s:f, s:f, s:b}", "layers",
                     (int)total.layers, "layers_that_pay", (int)total.pay,
                     "sparse_s", total.sparse_seconds, "predicted_s",
                     is_predicted(&total) ? json_real(total.predicted_seconds)
                                          : json_null(),
                     "dense_s", total.dense_seconds, "sparse_bytes",
                     total.sparse_bytes, "dense_bytes", total.dense_bytes,
                     "overlapped", report->overlap_sparse > 0);
}

json_t *spar_report_layer_shadow_json(const spar_report_layer_t *layer)
{
    const spar_report_shadow_t *shadow = &layer->shadow;

    if (shadow->calls == 0) {
        return json_null();
    }
    return json_pack("{s:I, s:f, s:f, s:f, s:b, s:i, s:o, s:o}", "calls",
                     (json_int_t)shadow->calls, "sparse_s",
                     shadow->sparse_seconds, "dense_s", shadow->dense_seconds,
                     "sparse_bytes", shadow->bytes, "pays", (int)shadow->pays,
                     "samples", (int)shadow->samples, "difference",
                     if_compared(shadow->samples, shadow->difference), "cosine",
                     if_compared(shadow->samples, shadow->cosine));
}
