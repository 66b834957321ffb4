#!/bin/bash
# run.sh CC FIRST-CALLS SCRATCH - the list has what is called, once and in order, the program does what it does alone, and a second
# run adds what only it calls.
set -euo pipefail
cc=$1 first_calls=$2 scratch=$3
fail() {
    printf 'failed: %s\n' "$*"
    exit 1
}
called() { grep -xE 'main|never_called|called_[a-z_]+' "$scratch/list" | tr '\n' ' '; }

"$cc" -O1 -static -no-pie -fno-pie "$(dirname "$0")/traced.c" -o "$scratch/traced" -lpthread
rm -f "$scratch/list"
if ! output=$("$first_calls" -o "$scratch/list" "$scratch/traced" 2> "$scratch/error"); then
    grep -q 'tracing' "$scratch/error" && echo "no process may trace another here" && exit 77
    fail "$(cat "$scratch/error")"
fi
[ "$output" = 203 ] || fail "the program printed $output"
[ "$(called)" = "main called_first called_second called_third " ] || fail "the list has $(called)"
status=0
"$first_calls" -o "$scratch/list" "$scratch/traced" 7 > "$scratch/output" || status=$?
[ "$status" = 7 ] || fail "the status is $status"
[ "$(cat "$scratch/output")" = 204 ] || fail "the program printed $(cat "$scratch/output")"
[ "$(called)" = "main called_first called_second called_third called_when_asked " ] || fail "the list has $(called)"
[ -z "$(sort "$scratch/list" | uniq -d)" ] || fail "names stand twice: $(sort "$scratch/list" | uniq -d)"
