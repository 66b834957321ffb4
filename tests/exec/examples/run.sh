#!/bin/bash
# run.sh SOURCES BUILD SCRATCH EXAMPLE [LDFLAGS] - builds a copy of an example with its own Makefile, runs it on several sizes, and checks
# that make knows when to build again.
set -euo pipefail
export LC_ALL=C
sources=$1 build=$2 scratch=$3/$4 example=$4 ldflags=${5-}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# Runs make in the copy.
build_example() {
    make --no-print-directory -C "$scratch" VYRE="$build" LIB="$sources/examples/lib" CPPFLAGS="-I$sources/runtime-stub" LDFLAGS="$ldflags" \
        TARGET="$target"
}

# A filter of many patterns takes long to compile for the least level: for the one that is run alone where that is a better one.
target=cpu
if [ "$example" = tokens ] && grep -qw avx2 /proc/cpuinfo; then target=cpu:x86-64-v3; fi

rm -rf "$scratch"
mkdir -p "$scratch"
cp "$sources/examples/$example"/{Makefile,*.vir,*.c} "$scratch"
cp "$sources/examples/$example"/*.{txt,h} "$scratch" 2>/dev/null || true
build_example
cd "$scratch"

# Each program compares what it computes with plain C and returns 0 when it is the same.
check_xor() { ./xor | grep -qx 'Attack at dawn. Bring sandwiches.' || fail "the message did not come back"; }

check_reduce() {
    local n
    for n in 0 1 255 256 257 16383 16384 16385 10000019; do
        ./reduce $n || fail "sum of $n numbers"
    done
}

check_histogram() {
    local n
    ./histogram || fail "made-up bytes"
    for n in 0 1 255 65535 65536 65537 200000; do
        head -c "$n" "$build/bin/vyrec" >bytes
        ./histogram bytes || fail "the first $n bytes of a file"
    done
}

check_softmax() {
    ./softmax || fail "the sizes it takes by itself"
    local size
    for size in '1 1' '3 255' '3 256' '2 257' '1 70000'; do
        # shellcheck disable=SC2086 # two words
        ./softmax $size || fail "$size"
    done
    ! ./softmax 2 0 || fail "rows of no columns must be refused"
}

# The program's matches in a text, encoded, against grep's.
check_text() {
    base64 -w0 "$1" >text.b64
    ./scan_base64 literals.txt text.b64 >found || fail "scan of $1"
    while IFS= read -r literal; do
        grep -obaF -e "$literal" "$1" || true
    done <literals.txt | sort -t: -k1,1n -k2 >expected
    sort -t: -k1,1n -k2 found | cmp - expected || fail "matches in $1"
}

# Lines with tokens of all kinds, with some that are nearly ones, among text that has none.
make_tokens() {
    cat "$sources"/docs/*.md
    for i in {1..60}; do
        printf 'AKIA%016d and ghp_%036d, not ghp_%035d\n' "$i" "$i" "$i"
        printf 'github_pat_%082d sk_live_%024d npm_%036d\n' "$i" "$i" "$i"
        printf -- '-----BEGIN %s PRIVATE KEY-----\n' "$(printf 'RSA%.0s' $(seq $((i % 5 + 1))))"
        printf 'API_SECRET_%d=%d\nAPI_SECRET=%08d\n password : "%0*d"\n' "$i" "$i" "$i" "$i" 7
        printf 'eyJ%d.eyJ%d.%d xoxb-%0*d https://user:pass%d@host/ %d-%032d.apps.googleusercontent.com\n' "$i" "$i" "$i" "$i" 1 "$i" "$i" "$i"
        printf 'M%023d.%06d.%027d SHPAT_%032x\n' "$i" "$i" "$i" "$i"
    done
    head -c 100000 "$build/bin/vyrec"
    printf 'hvs.%090d' 1
}

# Lines against grep's, expression by expression.
check_lines() {
    grep -v -e '^#' -e '^$' tokens.txt | while IFS= read -r expression; do
        { grep -anP -e "$expression" "$1" || true; } | sed 's/:.*//' | while read -r line; do printf '%s:%s: %s\n' "$1" "$line" "$expression"; done
    done | sort >expected
    ./tokens tokens.txt "$1" >found || fail "tokens in $1"
    sort found | cmp - expected || fail "lines with tokens in $1"
}

check_tokens() {
    make_tokens >text
    check_lines text
    [ "$(wc -l <expected)" -gt 600 ] || fail "grep finds few lines: $(wc -l <expected)"
    : >empty
    check_lines empty
}

# What the pipeline finds in the tree against plain C, which gives no scores.
check_tree() {
    ./secrets "$@" secret_literals.txt tree >found || fail "secrets $*"
    sed 's/, score .*//' found | cmp - expected || fail "matches with $*"
}

# Files of all kinds, with secrets in them, in blocks of base64 on one line and on many, and files that are longer than a chunk.
make_tree() {
    mkdir -p tree/deeper
    cp -r "$sources"/docs "$sources"/ir tree/
    : >tree/empty
    printf 'x' >tree/one
    printf 'token = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"' >tree/deeper/end
    { printf 'a\0sk_live_\0'; head -c 3000 "$build/bin/vyrec"; } >tree/binary
    for i in {1..400}; do printf '%*s/webhook/%d .vercel-storage.com\n' $((i % 97)) '' "$i"; done >tree/many
    base64 -w0 tree/many >tree/one_line
    base64 tree/many >tree/lines
    base64 -w64 tree/many | sed 's/$/\r/' >tree/lines64
    { printf 'key: '; base64 -w0 tree/deeper/end; printf '\n'; base64 -w60 tree/many; printf '== '; base64 -w0 tree/many; } >tree/mixed
}

check_secrets() {
    make_tree
    ./secrets --reference secret_literals.txt tree >expected || fail "the reference"
    grep -q '^tree/deeper/end:1:10: sk_,' expected || fail "a secret at the end of a file"
    grep -q '^tree/mixed:1:.*: sk_ in base64' expected || fail "a secret in base64"
    [ "$(grep -c '^tree/lines64:.*: .vercel-storage.com in base64' expected)" = 400 ] || fail "secrets across lines of base64"
    check_tree --backend cpu
    check_tree --backend cpu --chunk 8192
    check_tree --backend cpu --chunk 10007
    VYRE_CPU_LEVEL=x86-64-v2 check_tree --backend cpu --chunk 65536
    ./secrets --score 0.5 secret_literals.txt tree >found || fail "a least score"
    ! grep -q 'score 0\.[0-4]' found || fail "a match below the least score"
    ! ./secrets --backend none secret_literals.txt tree 2>messages || fail "a backend that does not exist"
    grep -q none messages || fail "no word of the backend: $(<messages)"
}

# Workgroups decode as much for their neighbours as the longest literal needs, and no more.
check_longest() {
    local n longest
    longest=$(printf '%64s' | tr ' ' z)
    cp literals.txt kept.txt
    sleep 0.01
    echo "$longest" >>literals.txt
    build_example >/dev/null
    for n in 0 1 3000 6080 6100 6143; do
        { head -c $n text && printf '%s' "$longest"; } >part
        check_text part
    done
    sleep 0.01
    echo "${longest}z" >>literals.txt
    ! build_example 2>messages >&2 || fail "a literal of 65 bytes must be refused"
    grep -q '5 to 64 bytes' messages || fail "no word of the length: $(<messages)"
    sleep 0.01
    cp kept.txt literals.txt
    build_example >/dev/null
}

check_scan_base64() {
    local n
    cat "$sources"/ir/*.[ch] "$sources"/LICENSE literals.txt main.c >text
    check_text text
    [ -s expected ] || fail "a text without matches proves nothing"
    for n in 0 1 2 3 4 5 300 301 302 100001; do
        head -c $n text >part
        check_text part
    done
    printf 'abc\ntemplat' >part
    check_text part
    check_longest
    printf 'QUJD!UJD' >text.b64
    ! ./scan_base64 literals.txt text.b64 || fail "what is not base64 must be refused"
    printf 'QQ==QUJD' >text.b64
    ! ./scan_base64 literals.txt text.b64 || fail "padding in the middle must be refused"
    # Longer than what it reads at once: both ends, and where two chunks meet.
    { printf 'template' && head -c 60000000 /dev/zero && printf 'uint64_t'; } | base64 -w0 >text.b64
    ./scan_base64 literals.txt text.b64 >found || fail "a long text"
    printf '0:template\n60000008:uint64_t\n' | cmp - found || fail "matches in a long text"
}

"check_$example"

build_example >log
grep -q 'up to date' log || fail "make builds again what has not changed"
sleep 0.01
touch "$example.vir"
build_example >log
grep -q -- "-o $example.o" log || fail "make does not see that $example.vir has changed"
if [ "$example" = scan_base64 ]; then
    sleep 0.01
    echo 'one more literal' >>literals.txt
    build_example >/dev/null
    printf 'here is one more literal' | base64 -w0 >text.b64
    [ "$(./scan_base64 literals.txt text.b64)" = "8:one more literal" ] || fail "make does not see that a table has changed"
fi
