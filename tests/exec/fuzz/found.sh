#!/bin/bash
# found.sh SOURCES BUILD - runs what random programs have found once more: each file of found/ on the interpreter and at every level of CPU code
# that the machine has, with every kind of optimisation, and on a Vulkan device where there is one. Its line `// run:` has the arguments.
set -euo pipefail
export LC_ALL=C
sources=$1/tests/exec/fuzz/found run=$2/bin/vyre-run
failed=0 runs=0

levels() {
    case $(uname -m) in
    x86_64)
        echo v2
        grep -qm1 avx2 /proc/cpuinfo && echo v3
        grep -qm1 avx512vl /proc/cpuinfo && echo v4
        ;;
    aarch64) echo aarch64 ;;
    esac
}

# check FILE OPTION...: the same bytes as the interpreter's?
check() {
    local file=$1 arguments
    shift
    read -ra arguments < <(sed -n 's|^// run: ||p' "$file")
    runs=$((runs + 1))
    "$run" -w --check "$file" "$@" "${arguments[@]}" >/dev/null 2>"$messages" && return
    grep -Eq 'no Vulkan device|no Vulkan driver|libvulkan|no code of' "$messages" && return
    echo "FAILED: $(basename "$file") $*: $(head -1 "$messages")"
    failed=$((failed + 1))
}

messages=$(mktemp)
trap 'rm -f "$messages"' EXIT
for file in "$sources"/*.vir; do
    for optimisation in -O0 -O1 -O2 -O3; do
        for level in $(levels); do
            check "$file" "$optimisation" --cpu-level="$level"
        done
    done
    check "$file" --backend=vulkan
done
echo "$runs runs, $failed failed"
[ "$failed" = 0 ]
