#!/bin/bash
# demo.sh BUILD - decodes and searches several MB of text found on this machine with a program compiled by BUILD/bin/vyrec,
# and checks every match against coreutils and grep.
set -euo pipefail
export LC_ALL=C
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "$1" && pwd)
work=$build/demo
example=$work/scan_base64
max_bytes=$((64 * 1000 * 1000))

say() { printf '\n== %s\n' "$*"; }

say "building examples/scan_base64 in $example"
mkdir -p "$example"
cp "$sources"/examples/scan_base64/{Makefile,*.vir,*.c,literals.txt} "$example"
make --no-print-directory -C "$example" VYRE="$build" CFLAGS="-O2 -g -Wall -Wextra -I$sources/runtime-stub"

say "collecting text of this machine and encoding it with coreutils' base64"
find /usr/share/common-licenses /usr/include /usr/lib/llvm-22/include /usr/share/doc /usr/share/perl* -type f \
    ! -name '*.gz' -print0 2>/dev/null | sort -z | xargs -0 cat 2>/dev/null | head -c "$max_bytes" >"$work/text" || true
base64 -w0 "$work/text" >"$work/text.b64"
stat -c '%n: %s bytes' "$work/text" "$work/text.b64"

say "searching it"
VYRE_TRACE=$work/trace.json "$example/scan_base64" "$example/literals.txt" "$work/text.b64" 9 >"$work/found"

say "checking against base64 -d and grep -obaF"
base64 -d "$work/text.b64" >"$work/decoded"
cmp "$work/decoded" "$work/text"
while IFS= read -r literal; do
    grep -obaF -e "$literal" "$work/decoded" || true
done <"$example/literals.txt" | sort -t: -k1,1n -k2 >"$work/expected"
sort -t: -k1,1n -k2 "$work/found" >"$work/found.sorted"
if ! cmp "$work/found.sorted" "$work/expected"; then
    echo "DIFFERENT: compare $work/found.sorted and $work/expected"
    exit 1
fi
echo "the same $(wc -l <"$work/expected") matches at the same positions; the first and the last:"
sed -n '1p;$p' "$work/expected"

say "what was made"
printf '%-8s %s\n' object "$example/scan_base64.o" header "$example/scan_base64.h" program "$example/scan_base64" \
    trace "$work/trace.json (open it in chrome://tracing or ui.perfetto.dev)" matches "$work/found"
