#!/bin/bash
# run.sh PROGRAM VYREC SOURCES: the cache of compiled results when the system says no, and when it ends at once. PROGRAM is the unit test
# of the cache, which keeps and finds one entry (see there).
set -u
program=$1 vyrec=$2 sources=$3
command -v strace >/dev/null || { echo "strace is not installed"; exit 77; }
export ASAN_OPTIONS=detect_leaks=0 # LeakSanitizer cannot run under strace
unset VYRE_CACHE_DIR
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cache=$work/cache
strace -o /dev/null true 2>/dev/null || { echo "strace may not trace here"; exit 77; }

fail() {
    echo "$*"
    exit 1
}

fresh() {
    rm -rf "$cache"
    "$program" store "$cache" 1 || fail "an entry cannot be kept"
}

# `call count` of each system call of a command
count_calls() {
    strace -o "$work/trace" "$@" >/dev/null 2>&1
    sed -n 's/^\([a-z_0-9]*\)(.*/\1/p' "$work/trace" | sort | uniq -c | awk '{print $2, $1}'
}

# What was kept is still right; the other entry is right or not there, and can be kept then.
check_sound() {
    "$program" find "$cache" 1 || fail "$1: the first entry is lost or wrong"
    "$program" find "$cache" 2
    [[ $? = [02] ]] || fail "$1: the second entry is wrong"
    "$program" store "$cache" 2
    "$program" find "$cache" 2 || fail "$1: the second entry cannot be kept any more"
}

# Each use of each call that the operation makes beyond what starting a process takes, as `call n`.
list_uses() { # OPERATION N
    declare -A before=()
    fresh
    while read -r call n; do before[$call]=$n; done < <(count_calls "$program" nothing "$cache" "$2")
    count_calls "$program" "$1" "$cache" "$2" | while read -r call n; do
        [[ $call = execve || $call = exit_group ]] && continue
        for ((i = ${before[$call]-0} + 1; i <= n; i++)); do echo "$call $i"; done
    done
}

# Memory that is refused is for the unit test; brk, which never fails so, would be a crash in libc.
is_memory() { [[ $1 = @(brk|mmap|munmap|mprotect|mremap) ]]; }

n_kills=0 n_errors=0
while read -r call i; do
    fresh
    { strace -o /dev/null -e "inject=$call:signal=KILL:when=$i" "$program" store "$cache" 2; } >/dev/null 2>&1
    check_sound "killed at $call $i"
    n_kills=$((n_kills + 1))
    is_memory "$call" && continue
    for error in EIO ENOSPC; do
        fresh
        strace -o /dev/null -e "inject=$call:error=$error:when=$i" "$program" store "$cache" 2 >/dev/null 2>&1 ||
            fail "$call $i with $error: keeping an entry failed"
        [[ $call = unlinkat || -z $(find "$cache" -name '.vyre-*') ]] || fail "$call $i with $error: a file is left"
        check_sound "$call $i with $error"
        n_errors=$((n_errors + 1))
    done
done < <(list_uses store 2)
while read -r call i; do
    is_memory "$call" && continue
    strace -o /dev/null -e "inject=$call:error=EIO:when=$i" "$program" find "$cache" 1 >/dev/null 2>&1
    [[ $? = [02] ]] || fail "$call $i with EIO: finding an entry failed"
    n_errors=$((n_errors + 1))
done < <(fresh && list_uses find 1)
((n_kills >= 15 && n_errors >= 40)) || fail "only $n_kills kills and $n_errors errors: strace sees too little"

# The whole compiler: a kill or an error within the cache, then two at once.
cd "$work" || exit 1
cp "$sources/examples/xor/xor.vir" . || exit 1
"$vyrec" xor.vir -o right.o || exit 1
for call in fsync renameat pwrite64 flock futimesat utimensat; do
    rm -rf "$cache"
    { strace -f -o /dev/null -e "inject=$call:signal=KILL:when=1" "$vyrec" --cache-dir="$cache" xor.vir -o a.o; } >/dev/null 2>&1
    for round in miss hit; do
        strace -f -o /dev/null -e "inject=$call:error=ENOSPC" "$vyrec" --cache-dir="$cache" xor.vir -o a.o || fail "$call: no object ($round)"
        cmp -s a.o right.o || fail "$call: another object ($round)"
    done
done
rm -rf "$cache"
for i in 1 2 3 4; do
    "$vyrec" --cache-dir="$cache" xor.vir -o "at_once$i.o" &
done
wait
for i in 1 2 3 4; do
    cmp -s "at_once$i.o" right.o || fail "two compilers at once make another object"
done
chmod 500 "$cache" # read-only: hits, and silent misses (but not for root)
cp xor.vir other.vir
"$vyrec" --cache-dir="$cache" xor.vir -o a.o || fail "a folder that is read-only"
cmp -s a.o right.o || fail "another object from a folder that is read-only"
"$vyrec" --cache-dir="$cache" other.vir -o a.o || fail "a folder that is read-only, and a miss"
echo "$n_kills kills, $n_errors errors: never worse than a miss"
