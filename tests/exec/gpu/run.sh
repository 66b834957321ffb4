#!/bin/bash
# run.sh SOURCES PROGRAM MOCK NO_DRIVERS - packs gpu-check and runs it from the folder that would be carried: without a driver, on a mock of NVIDIA's
# driver, which takes everything and computes nothing, and on a Vulkan device where there is one.
set -euo pipefail
export LC_ALL=C
sources=$1 program=$2 mock=$3 no_drivers=$4
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    printf 'FAILED: %s\n' "$*" >&2
    [ ! -f "$scratch/table" ] || cat "$scratch/table" >&2
    exit 1
}

# check STATUS OPTION... - from another folder, into $scratch/table
check() {
    local wanted=$1 status=0
    shift
    (cd / && "$scratch/carried/gpu-check" "$@") >"$scratch/table" 2>"$scratch/messages" || status=$?
    [ "$status" = "$wanted" ] || fail "gpu-check $* ends with $status, not $wanted: $(tail -3 "$scratch/messages")"
}
expect() { grep -Eq -- "$1" "$scratch/table" || fail "no line '$1'"; }

"$sources/tools/gpu-check" --program="$program" --no-archive "$scratch/carried" >"$scratch/packed" || fail "packing"
grep -q 'needs glibc' "$scratch/packed" || fail "$(cat "$scratch/packed")"

# No driver: one line says so.
export LD_LIBRARY_PATH=$no_drivers
check 3
grep -q "gpu-check: no device for the backend 'cuda': .*libcuda.so.1" "$scratch/messages" || fail "$(cat "$scratch/messages")"
check 2 --backend=metal
check 2 --seconds=many

# A driver that computes nothing: everything runs, and what is wrong is found.
export LD_LIBRARY_PATH=$mock
check 1 --only=programs
expect '^device +right'
expect '^program: reduce +WRONG .*total.* differs'
expect 'rows are wrong$'
check 1 --only=random --seconds=1
expect '^random programs +WRONG'
check 0 --only=speed --megabytes=1
expect "^bandwidth: driver's copy +right"
expect '^bandwidth: xor_vectors +right .*% of the driver.s copy'
expect '^launch, waited for +right .* by plain calls of the driver: [+-]'

# A device that computes.
export LD_LIBRARY_PATH=$no_drivers
status=0
"$scratch/carried/gpu-check" --backend=vulkan --only=programs >"$scratch/table" 2>"$scratch/messages" || status=$?
case $status in
0) expect '^program: xor_bytes +right' && expect '^program: scan_base64 +(right|skipped)' ;;
3) echo "without a Vulkan device: $(cat "$scratch/messages")" ;;
*) fail "on Vulkan it ends with $status" ;;
esac
