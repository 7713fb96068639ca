"""What `spar ab` compares: dense by default, dense at its best, if wanted dense
with fewer bits, and Spar."""

# Open MPI's allreduce algorithms, by the numbers of
# coll_tuned_allreduce_algorithm. 0 is its own choice.
ALGORITHMS = {0: "default", 1: "basic_linear", 2: "nonoverlapping",
              3: "recursive_doubling", 4: "ring", 5: "segmented_ring",
              6: "rabenseifner"}
# What comes closest among those of coll_libnbc_iallreduce_algorithm, for
# MPI_Iallreduce.
NONBLOCKING = {3: 4, 4: 1, 5: 1, 6: 3}


def dense_settings(algorithm):
    """Environment of a dense run with one of the algorithms."""
    settings = {"SPAR_MODE": "dense"}
    if algorithm != 0:
        settings["OMPI_MCA_coll_tuned_use_dynamic_rules"] = "1"
        settings["OMPI_MCA_coll_tuned_allreduce_algorithm"] = str(algorithm)
    if algorithm in NONBLOCKING:
        settings["OMPI_MCA_coll_libnbc_iallreduce_algorithm"] = str(
            NONBLOCKING[algorithm])
    return settings


class Variant:
    """One column of the comparison, and the runs made for it."""

    def __init__(self, key, label, settings, mode=None):
        self.key = key            # name in ab.json
        self.label = label        # name in the table
        self.settings = settings  # environment
        self.mode = mode          # that the library must report, or None
        self.jobs = []            # one per round


# Values that mode quantised takes, its default first.
QUANTISED = ("bf16", "fp16", "int8")


def make(best, skip_default, quantised=None):
    """The variants, in the order of the table. `best` is the number of the
    algorithm; 0 means that no other is better than the default. `quantised`:
    one of QUANTISED, or None."""
    variants = []
    if not skip_default and best != 0:
        variants.append(Variant("dense_default", "dense, default",
                                dense_settings(0), "dense"))
    label = "dense, %s" % ALGORITHMS[best].replace("_", " ")
    variants.append(Variant("dense_best", label, dense_settings(best),
                            "dense"))
    if quantised:
        variants.append(Variant(
            "quantised", "quantised, %s" % quantised,
            {"SPAR_MODE": "quantised", "SPAR_VALUES": quantised}, "quantised"))
    variants.append(Variant("spar", "Spar", {}))
    return variants
