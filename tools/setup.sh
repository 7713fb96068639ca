# shellcheck shell=bash disable=SC2034
# Shell functions that ./quickstart and ./run-tests share: packages of Debian 12
# and the build. Sourced by bash, in the root folder of the project.

# What the build needs, and what running the example trainer in C needs.
BUILD_PACKAGES=(build-essential cmake ninja-build pkg-config
    openmpi-bin libopenmpi-dev libhwloc-dev libucx-dev libjansson-dev
    libxxhash-dev libopenblas-dev zlib1g-dev libcmocka-dev)
RUN_PACKAGES=(iproute2 dataset-fashion-mnist
    python3 python3-numpy python3-matplotlib)
TEST_PACKAGES=(gfortran clang clang-format clang-tidy libclang-rt-14-dev
    cppcheck valgrind python3-torch python3-mpi4py bible-kjv-text git
    groff-base)
COVERAGE_PACKAGES=(gcovr)

SETUP_START=$SECONDS

# say TEXT: a progress line with the time since the start.
say() {
    local passed=$((SECONDS - SETUP_START))
    printf '[%d:%02d] %s\n' $((passed / 60)) $((passed % 60)) "$*" >&2
}

# die TEXT: ends the script with one line.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# as_root COMMAND...: runs it directly or by sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

can_be_root() {
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null
}

# missing_packages NAME...: prints those that are not installed.
missing_packages() {
    local name
    for name; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = \
            installed ] || printf '%s\n' "$name"
    done
}

# install_packages NAME...: installs what is missing, and nothing else.
install_packages() {
    local missing
    if ! command -v dpkg-query >/dev/null; then
        say "this is not Debian: install what corresponds to: $*"
        return
    fi
    mapfile -t missing < <(missing_packages "$@")
    if [ ${#missing[@]} -eq 0 ]; then
        say "all packages are installed"
        return
    fi
    can_be_root || die "as root or with sudo, install: ${missing[*]}"
    say "installing ${#missing[@]} packages: ${missing[*]}"
    as_root apt-get -qq update </dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
        --no-install-recommends "${missing[@]}" </dev/null >/dev/null ||
        die "apt-get could not install: ${missing[*]}"
}

# build FOLDER OPTIONS...: configures and builds; the output of a failed
# configuration is shown, that of a good one is not.
build() {
    local folder=$1 log
    shift
    log=$(mktemp)
    say "building into $folder/"
    if ! cmake -G Ninja -S . -B "$folder" "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        die "cmake failed"
    fi
    if ! ninja -C "$folder" >"$log" 2>&1; then
        grep -v '^\[[0-9]*/[0-9]*\] [BLG]' "$log" >&2
        rm -f "$log"
        die "the build failed"
    fi
    rm -f "$log"
}

# Open MPI refuses to run as root unless it is told twice.
allow_root() {
    if [ "$(id -u)" -eq 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
}
