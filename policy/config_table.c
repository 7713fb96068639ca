#include "policy/config_table.h"

static const char *const mode_choices[] = {
    "auto",     "dense",  "sparse", "lossless", "quantised",
    "periodic", "shadow", "ab",     "off",      NULL};
static const char *const select_choices[] = {"exact", "gaussian", "topk", NULL};
static const char *const exchange_choices[] = {
    "auto", "allgather", "doubling", "split", "node", "dense", NULL};
static const char *const dense_choices[] = {"auto", "mpi", "ring", NULL};
static const char *const values_choices[] = {"bf16", "fp32", "fp16", "int8",
                                             NULL};
static const char *const round_choices[] = {"auto", "nearest", "random", NULL};
static const char *const merge_choices[] = {"on", "off", NULL};
static const char *const periodic_choices[] = {"off", "auto", "gradients",
                                               "gradients-any", NULL};
static const char *const loss_scale_choices[] = {"auto", "off", NULL};
static const char *const progress_choices[] = {"auto", "thread", "inline",
                                               NULL};
static const char *const log_choices[] = {"error", "warn",  "info",
                                          "debug", "trace", NULL};
static const char *const isa_choices[] = {"auto", "scalar", "avx2", "avx512",
                                          NULL};

#define LAYERS_ALLOWED                                                         \
    "up to 24 of: slots (3, 2-5), elements (64k:4m, 1m:), com1/... or com1; "  \
    "^ in front negates"

#define FIELD(field) offsetof(spar_config_t, field)

const spar_config_row_t spar_config_table[] = {
    {.name = "SPAR_MODE",
     .initial = "auto",
     .allowed = "auto, dense, sparse, lossless, quantised, "
                "periodic, shadow, ab, off",
     .doc = "What to do with gradient exchanges: auto sends a layer sparsely "
            "where that is predicted, and then measured, to be faster; dense "
            "only measures; sparse always sends sparsely where the call can "
            "be taken over; lossless sends every non-zero entry and keeps no "
            "residual; quantised sums densely with 16- or 8-bit values "
            "(SPAR_VALUES) and keeps no residual, which is QSGD with int8; "
            "periodic skips exchanges of trainers that average parameters, and "
            "averages in every n-th step; "
            "shadow delivers dense sums and exchanges sparsely "
            "beside them, for the report; ab does as auto, and then takes "
            "turns of dense and "
            "sparse steps and tells what sparse exchanges gain; off passes "
            "every call on.",
     .type = &spar_config_choice,
     .offset = FIELD(mode),
     .choices = mode_choices},
    {.name = "SPAR_DENSITY",
     .initial = "auto",
     .allowed = "auto, lags-paper, or up to 16 numbers in (0, 1], separated by "
                "commas",
     .doc =
         "Share of a layer's entries that is sent in each step. auto: each "
         "layer as densely as its exchange can hide behind the computation "
         "that is left, or, where there is nothing to hide behind, as "
         "sparsely as the error allows that SPAR_DENSITY_BASE would leave, or "
         "more densely, for at most a tenth of a step; "
         "lags-paper: the closed rule of the LAGS-SGD paper, for "
         "comparison; a list is a ramp: each value holds for "
         "SPAR_RAMP_STEPS steps, the last one stays.",
     .type = &spar_config_ramp,
     .offset = FIELD(density)},
    {.name = "SPAR_DENSITY_MIN",
     .initial = "0.001",
     .allowed = "a number in (0, 1]",
     .doc = "Least density of a layer, where a rule sets it.",
     .type = &spar_config_share,
     .offset = FIELD(density_min)},
    {.name = "SPAR_DENSITY_MAX",
     .initial = "0.25",
     .allowed = "a number in (0, 1]",
     .doc = "Largest density of a layer, where a rule sets it.",
     .type = &spar_config_share,
     .offset = FIELD(density_max)},
    {.name = "SPAR_DENSITY_BASE",
     .initial = "0.0625",
     .allowed = "a number in (0, 1]",
     .doc = "With SPAR_DENSITY=auto: density of the first sparse steps, and "
            "the measure of the error that may be left where nothing can be "
            "hidden.",
     .type = &spar_config_share,
     .offset = FIELD(density_base)},
    {.name = "SPAR_RAMP_STEPS",
     .initial = "32",
     .allowed = "1 to 1000000",
     .doc = "Steps that each value of a density ramp holds.",
     .type = &spar_config_number,
     .offset = FIELD(ramp_steps),
     .low = 1,
     .high = 1e6},
    {.name = "SPAR_LEARN_STEPS",
     .initial = "8",
     .allowed = "2 to 100000",
     .doc = "How often the sequence of calls of one step must repeat, densely, "
            "before it counts as learnt.",
     .type = &spar_config_number,
     .offset = FIELD(learn_steps),
     .low = 2,
     .high = 1e5},
    {.name = "SPAR_WATCH_STEPS",
     .initial = "8",
     .allowed = "8 to 100000",
     .doc =
         "Modes auto and periodic: dense steps, once the sequence is learnt, "
         "before any layer goes sparse or skips. They show what dense calls "
         "cost and "
         "whether it is gradients that are summed; in the last 8, MPI's sum "
         "and Spar's ring take turns.",
     .type = &spar_config_number,
     .offset = FIELD(watch_steps),
     .low = 8,
     .high = 100000},
    {.name = "SPAR_STEP_CALLS",
     .initial = "auto",
     .allowed = "auto, or 1 to 1024",
     .doc = "Number of calls with at least SPAR_MIN_COUNT elements that make "
            "up one step; auto learns it.",
     .type = &spar_config_number,
     .offset = FIELD(step_calls),
     .low = 0,
     .high = 1024},
    {.name = "SPAR_AB",
     .initial = "20:20",
     .allowed = "two numbers from 4 to 1000000 with a colon between them",
     .doc = "Mode ab: steps in each dense and in each sparse window. The first "
            "two of a window do not count. A flush that is asked for in a "
            "dense window is carried out in the next sparse one.",
     .type = &spar_config_windows,
     .offset = FIELD(ab),
     .low = 4,
     .high = 1e6},
    {.name = "SPAR_SELECT",
     .initial = "exact",
     .allowed = "exact, gaussian, topk",
     .doc = "Selection operator: exact finds the k largest magnitudes in about "
            "one sweep; gaussian is Gaussian-k as published; topk is exact "
            "without memory of the step before.",
     .type = &spar_config_choice,
     .offset = FIELD(select),
     .choices = select_choices},
    {.name = "SPAR_VALUES",
     .initial = "bf16",
     .allowed = "bf16, fp32, fp16, int8",
     .doc = "How the values of float32 layers travel: rounded to bfloat16, to "
            "IEEE halves or to 8-bit integers, these two with a scale per 64 "
            "entries; the rounding error stays in the residual, but in mode "
            "quantised, which has none; or as they are. Mode lossless and "
            "float64 layers always send them as they "
            "are, and so do sums of several ranks.",
     .type = &spar_config_choice,
     .offset = FIELD(values),
     .choices = values_choices},
    {.name = "SPAR_ROUND",
     .initial = "auto",
     .allowed = "auto, nearest, random",
     .doc = "How values are rounded: to the nearest one, or up or down at "
            "random so that the mean is right; auto: to the nearest where a "
            "residual keeps the error, at random in mode quantised.",
     .type = &spar_config_choice,
     .offset = FIELD(round),
     .choices = round_choices},
    {.name = "SPAR_EXCHANGE",
     .initial = "auto",
     .allowed = "auto, allgather, doubling, split, node, dense",
     .doc = "Exchange algorithm: auto tries those that are predicted to be "
            "fast and keeps the fastest, for each layer; allgather sends every "
            "rank's entries to every rank; doubling merges them pairwise; "
            "split sums them by regions and delivers at most the 2k largest "
            "sums; node merges those of one host first; dense is Spar's own "
            "ring, which sends everything and has nothing to pause or to "
            "flush.",
     .type = &spar_config_choice,
     .offset = FIELD(exchange),
     .choices = exchange_choices},
    {.name = "SPAR_DENSE",
     .initial = "auto",
     .allowed = "auto, mpi, ring",
     .doc = "Who sums the layers that stay dense, in mode auto: MPI, Spar's "
            "own ring, or whoever proves faster in the first steps.",
     .type = &spar_config_choice,
     .offset = FIELD(dense),
     .choices = dense_choices},
    {.name = "SPAR_MERGE",
     .initial = "on",
     .allowed = "on, off",
     .doc = "Whether neighbouring small layers of non-blocking calls travel in "
            "one exchange. They part as soon as one of them is waited for "
            "before the others are there, or if the next one does not come "
            "within 2 ms.",
     .type = &spar_config_choice,
     .offset = FIELD(merge),
     .choices = merge_choices},
    {.name = "SPAR_PERIOD",
     .initial = "auto",
     .allowed = "auto, 1 to 1024, or up to 16 of these separated by commas",
     .doc = "Mode periodic: replicas are averaged in every n-th step. "
            "auto: the period follows from their variance (ADPSGD); a list: "
            "periods of equal parts of the training, with SPAR_TRAIN_STEPS.",
     .type = &spar_config_periods,
     .offset = FIELD(periods),
     .low = 1,
     .high = SPAR_PERIODIC_LONGEST},
    {.name = "SPAR_LR",
     .initial = "auto",
     .allowed = "auto, a number above 0, or up to 16 of STEP:RATE separated by "
                "commas, steps ascending",
     .doc = "Mode periodic: the trainer's learning rate, and the steps from "
            "which on it has others; the first one holds from the begin. auto: "
            "the size of the local updates "
            "stands for it.",
     .type = &spar_config_rates,
     .offset = FIELD(rates),
     .low = 0,
     .high = 1e9},
    {.name = "SPAR_TRAIN_STEPS",
     .initial = "auto",
     .allowed = "auto, or 1 to 1000000000",
     .doc = "Mode periodic: steps of the whole training, the last of which "
            "then always averages; auto: not known.",
     .type = &spar_config_number,
     .offset = FIELD(train_steps),
     .low = 1,
     .high = 1e9},
    {.name = "SPAR_PERIODIC",
     .initial = "off",
     .allowed = "off, auto, gradients, gradients-any",
     .doc = "auto: in mode auto, layers that are averages of parameters skip "
            "exchanges as in mode periodic, where that is faster; gradients: "
            "mode periodic skips exchanges of gradients and makes up for them "
            "later, which is the same for plain SGD with a constant rate, and "
            "for nothing else, so SPAR_LR has to be one number; gradients-any: "
            "the same, whatever SPAR_LR says.",
     .type = &spar_config_choice,
     .offset = FIELD(periodic),
     .choices = periodic_choices},
    {.name = "SPAR_LOSS_SCALE",
     .initial = "auto",
     .allowed = "auto, off",
     .doc = "Trainers in mixed precision multiply all gradients by a scale "
            "that doubles and halves. auto: when the gradients of all ranks "
            "jump by one power of two from one step to the next, the step is "
            "dense, and what is still to be sent is multiplied by the same "
            "power; off: it stays as it is.",
     .type = &spar_config_choice,
     .offset = FIELD(loss_scale),
     .choices = loss_scale_choices},
    {.name = "SPAR_MIN_COUNT",
     .initial = "4096",
     .allowed = "1 to 4g (k, m, g: powers of 1024)",
     .doc = "Calls with fewer elements pass through.",
     .type = &spar_config_number,
     .offset = FIELD(min_count),
     .low = 1,
     .high = 4294967296.0},
    {.name = "SPAR_INCLUDE",
     .initial = "",
     .allowed = LAYERS_ALLOWED,
     .doc = "Layers that are gradients whatever they look like: checks of what "
            "is summed do not hold for them; where sparse exchanges are "
            "slower, they stay dense all the same. A list as SPAR_EXCLUDE has "
            "it, which wins over this one.",
     .type = &spar_config_layers,
     .offset = FIELD(include)},
    {.name = "SPAR_EXCLUDE",
     .initial = "",
     .allowed = LAYERS_ALLOWED,
     .doc = "Layers that stay dense in every mode. Items separated by commas: "
            "3 or 2-5 are slots, 64k:4m, 1m: and :64k are layers with so many "
            "elements, both ends included (k, m, g: powers of 1024); com1/ in "
            "front restricts any of them to one communicator, and com1 alone "
            "is all of it; numbers as in the report. ^ in front takes layers "
            "out again: items hold in their order, the last one that matches "
            "wins, and a list that begins with ^ begins with all layers. "
            "Persistent calls, and calls before their slot is known, have no "
            "slot.",
     .type = &spar_config_layers,
     .offset = FIELD(exclude)},
    {.name = "SPAR_PROGRESS",
     .initial = "auto",
     .allowed = "auto, thread, inline",
     .doc = "Who advances non-blocking exchanges: thread is a helper thread "
            "beside the application; inline is the application's own calls of "
            "MPI, and the helper only where there is none for a while; auto "
            "takes the helper where a core is free for it or the application "
            "sleeps.",
     .type = &spar_config_choice,
     .offset = FIELD(progress),
     .choices = progress_choices},
    {.name = "SPAR_REPORT",
     .initial = "summary",
     .allowed = "summary, none, or a file name that ends in .json",
     .doc = "What rank 0 writes at MPI_Finalize: a summary on stderr, nothing, "
            "or the summary and a JSON file, whose directory has to be there "
            "when the job starts.",
     .type = &spar_config_report,
     .offset = FIELD(report)},
    {.name = "SPAR_TRACE",
     .initial = "off",
     .allowed = "off, or a directory",
     .doc = "Where each rank leaves a trace of its calls, selections, "
            "exchanges and waits, and of the plan, for Perfetto or "
            "chrome://tracing; spar report --trace DIR merges and draws them.",
     .type = &spar_config_text,
     .offset = FIELD(trace)},
    {.name = "SPAR_STATE",
     .initial = "off",
     .allowed = "off, or a directory",
     .doc = "Where each rank leaves its residuals at MPI_Finalize and at "
            "MPI_Pcontrol(3), and where it finds them when a job of as many "
            "ranks that makes the same calls is started again: modes auto, "
            "sparse and ab. The directory has to be there.",
     .type = &spar_config_text,
     .offset = FIELD(state)},
    {.name = "SPAR_LOG",
     .initial = "warn",
     .allowed = "error, warn, info, debug, trace",
     .doc = "Log lines up to this level go to stderr.",
     .type = &spar_config_choice,
     .offset = FIELD(log),
     .choices = log_choices},
    {.name = "SPAR_INIT_TIMEOUT",
     .initial = "30s",
     .allowed = "100ms to 1h (us, ms, s, min, h)",
     .doc = "How long MPI_Init waits for the library on the other ranks before "
            "it names those without it and ends the job.",
     .type = &spar_config_seconds,
     .offset = FIELD(init_timeout),
     .low = 0.1,
     .high = 3600},
    {.name = "SPAR_CHECK",
     .initial = "off",
     .allowed = "off, or 1 to 1000000",
     .doc = "Every so many steps all ranks compare their plans and the results "
            "of the calls that Spar has summed, and a difference ends the job "
            "with exit code 76 and a line that tells what differs on which "
            "ranks. Costs a sweep over the results of these steps, and calls "
            "of one step do not overlap with those of the next.",
     .type = &spar_config_number,
     .offset = FIELD(check_steps),
     .low = 0,
     .high = 1e6},
    {.name = "SPAR_STOP_STEPS",
     .initial = "0",
     .allowed = "0 to 1000000000",
     .doc = "Ends the job with success after so many steps; 0: never. For "
            "timing runs.",
     .type = &spar_config_number,
     .offset = FIELD(stop_steps),
     .low = 0,
     .high = 1e9},
    {.name = "SPAR_ISA",
     .initial = "auto",
     .allowed = "auto, scalar, avx2, avx512",
     .doc = "Instruction set of the selection loops; all give the same bits.",
     .type = &spar_config_isa,
     .offset = FIELD(isa),
     .choices = isa_choices},
    {.name = "SPAR_CUDA_LIBRARY",
     .initial = "off",
     .allowed = "off, auto, or a file name",
     .doc = "The library for gradients in a GPU's memory, which is loaded when "
            "the first such gradient arrives: off leaves such calls to MPI, "
            "since the library has run on emulated devices only, and on no "
            "GPU yet; auto is spar/libspar_cuda.so beside libspar.so.",
     .type = &spar_config_text,
     .offset = FIELD(cuda_library)},
};

const size_t spar_config_table_size =
    sizeof(spar_config_table) / sizeof(spar_config_table[0]);
