#!/bin/bash
# run.sh SOURCES BUILD SCRATCH LDFLAGS STATIC_LLVM - builds the example that embeds the compiler and compares its tables with awk's.
set -euo pipefail
export LC_ALL=C
sources=$1 build=$2 scratch=$3 ldflags=$4 static_llvm=$5
[[ -z $ldflags ]] || export ASAN_OPTIONS=detect_leaks=0 # loaded programs are not unloaded

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

check() {
    ./embed 'x * x + 1.5' 100 >found 2>messages || fail "a formula: $(<messages)"
    awk 'BEGIN { for (x = 0; x < 100; x++) print x, x * x + 1.5 }' | cmp - found || fail "the table is wrong"
    if ./embed 'x * z' 2>messages; then fail "a wrong formula must be refused"; fi
    grep -q "nothing is called 'z' here \[E0108\]" messages || fail "no message for a wrong formula: $(<messages)"
    rm -rf cache
    VYRE_CACHE_DIR=cache ./embed '2.0 - x' 2>messages >first
    ! grep -q cache messages || fail "the first time cannot be a hit"
    VYRE_CACHE_DIR=cache ./embed '2.0 - x' 2>messages | cmp - first || fail "the cache gives another table"
    grep -q 'from the cache' messages || fail "the second time must be a hit"
}

rm -rf "$scratch"
mkdir -p "$scratch"
cp "$sources"/examples/embed/{Makefile,main.c} "$scratch"
cd "$scratch"
flags="-O1 -Wall -Wextra -Werror -I$sources/runtime-stub -I$sources/library"
make --no-print-directory VYRE="$build" CFLAGS="$flags" LDFLAGS="$ldflags"
check

# What the static library needs besides is in vyrec.pc; a release build has LLVM in the shared one only.
if [[ $static_llvm != ON ]]; then
    others=$(sed -n 's/^Libs.private: //p' "$build/vyrec.pc")
    make --no-print-directory -B VYRE="$build" CFLAGS="$flags" LDFLAGS="$ldflags" \
        VYREC="$build/lib/libvyrec.a $others" VYRERT="-Wl,-rpath,$build/lib -lvyrert"
    check
fi
echo '#include <vyrec.h>' | c++ -x c++ -fsyntax-only -Wall -Wextra -Werror "-I$sources/library" - || fail "the header is not C++"
