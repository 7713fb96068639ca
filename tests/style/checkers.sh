#!/bin/sh
# checkers.sh STYLE INFO: each checker in STYLE passes a clean checkout and
# fails one with the fault that it is there for.
set -eu
style=$1
info=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
git init -q .
mkdir -p policy exchange pmpi cuda docs/man tools
printf 'BasedOnStyle: LLVM\nIndentWidth: 4\n' >.clang-format
printf 'Checks: "-*,bugprone-*"\nWarningsAsErrors: "*"\n' >.clang-tidy

clean() {
    printf '#include "base/status.h"\n\nint f(int a);\n' >policy/a.h
    printf 'int f(int a) {\n    int b[2] = {a, 1};\n\n    return b[1];\n}\n' \
        >exchange/a.c
    printf '"""A script."""\n' >tools/a.py
    printf '__global__ void f(int a);\n' >cuda/a.cu
    printf 'const void *const spar_cuda_a_kernels[] = {f, NULL};\n' \
        >>cuda/a.cu
    printf 'const void *const *const t[] = {spar_cuda_a_kernels};\n' \
        >cuda/load.cu
    printf '.TH A 1\n.SH NAME\na \\- b\n' >docs/man/a.1
    "$info" --env-example >env.example
    printf '.\\" begin of generated text\n' >man.7
    "$info" --man-config >>man.7
    printf '.\\" end of generated text\n' >>man.7
    printf '[{"directory": "%s", "command": "cc -c exchange/a.c",\n' \
        "$folder" >compile_commands.json
    printf '"file": "%s/exchange/a.c"\n}]\n' "$(pwd -P)" \
        >>compile_commands.json
    git add -A
}

check() { # check NAME: runs the checker of that name
    case $1 in
        format | sizes | cppcheck) sh "$style/$1.sh" "$folder" ;;
        tidy) sh "$style/tidy.sh" "$folder" "$folder" ;;
        includes | kernels | python) /usr/bin/python3 "$style/$1.py" "$folder" ;;
        man) sh "$style/man.sh" "$folder/docs/man" ;;
        env_example) sh "$style/generated.sh" env "$info" env.example ;;
        man_config) sh "$style/generated.sh" man "$info" man.7 ;;
    esac
}

good() { # good NAME: passes the clean checkout
    clean
    code=0
    check "$1" >output 2>&1 || code=$?
    if [ $code -ne 0 ] && [ $code -ne 77 ]; then
        cat output
        echo "$1: complains about a clean checkout"
        exit 1
    fi
}

bad() { # bad NAME: fails the checkout as it is now
    git add -A
    code=0
    check "$1" >output 2>&1 || code=$?
    if [ $code -eq 0 ]; then
        echo "$1: finds nothing"
        exit 1
    fi
}

good format
printf 'int  g;\n' >>exchange/a.c
bad format
good sizes
head -c 200001 /dev/zero >large
bad sizes
rm large
good cppcheck
sed 's/b\[1\]/b[2]/' exchange/a.c >b && mv b exchange/a.c
bad cppcheck
good tidy
printf 'int h(int a) {\n    if (a)\n        ;\n    return a;\n}\n' \
    >>exchange/a.c
bad tidy
good includes
printf '#include <mpi.h>\n' >>policy/a.h
bad includes
clean
printf '#include "pmpi/b.h"\n' >>exchange/a.c
bad includes
clean
printf '#include "cuda/layer.h"\n' >pmpi/a.c
git add pmpi/a.c
bad includes
git rm -qf pmpi/a.c
clean
good kernels
printf '__global__ void __launch_bounds__(2)\n    g(int a);\n' >>cuda/a.cu
bad kernels
clean
printf 'const void *const spar_cuda_b_kernels[] = {f, NULL};\n' >>cuda/a.cu
bad kernels
good python
printf 'def f(:\n' >>tools/a.py
bad python
good man
printf '.FOO bar\n' >>docs/man/a.1
bad man
good env_example
sed '$d' env.example >b && mv b env.example
bad env_example
good man_config
sed 's/default/standard/' man.7 >b && mv b man.7
bad man_config
