#!/bin/bash
# run.sh SOURCES BUILD SCRATCH [LDFLAGS] - installs the build into an empty prefix, then uses it from a CMake project, and with pkg-config from
# a command line.
set -euo pipefail
sources=$1 build=$2 scratch=$3 ldflags=${4-}
prefix=$scratch/prefix
export LDFLAGS=$ldflags

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

rm -rf "$scratch"
mkdir -p "$scratch"
cp -r "$sources/tests/exec/package/consumer" "$scratch/consumer"
cp -r "$sources/examples/xor" "$scratch/example"
cmake --install "$build" --prefix "$prefix" >"$scratch/log" || { cat "$scratch/log"; fail "install"; }

cmake -S "$scratch/consumer" -B "$scratch/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix"
cmake --build "$scratch/build"
"$scratch/build/consumer" || fail "the program that CMake built"
cmake --build "$scratch/build" >"$scratch/log"
grep -q 'no work to do' "$scratch/log" || fail "CMake builds again what has not changed"
sleep 0.01
touch "$scratch/example/xor.vir"
cmake --build "$scratch/build" >"$scratch/log"
grep -q 'Compiling' "$scratch/log" || fail "CMake does not see that xor.vir has changed"

export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name vyre.pc)")
vyrec=$(pkg-config --define-variable=prefix="$prefix" --variable=vyrec vyre)
cd "$scratch/example"
"$vyrec" -c xor.vir -o xor.o -h xor.h
# shellcheck disable=SC2046,SC2086 # lists of words
cc $(pkg-config --define-variable=prefix="$prefix" --cflags vyre) main.c xor.o $ldflags \
    $(pkg-config --define-variable=prefix="$prefix" --libs --static vyre) -o with_shared
LD_LIBRARY_PATH=$(pkg-config --define-variable=prefix="$prefix" --variable=libdir vyre) ./with_shared || fail "the program linked with the shared library"
