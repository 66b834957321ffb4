#!/bin/bash
# run.sh SOURCES BUILD programs|refusals|random - compares the Vulkan device with the interpreter, byte for byte. Exit status 77: there is no
# device.
set -euo pipefail
export LC_ALL=C
sources=$1 bin=$2/bin part=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# vyre-run on the device.
on_device() { "$bin/vyre-run" -w --backend=vulkan "$@"; }

cat >"$scratch/first.vir" <<'TEXT'
program first {
  workgroup 32;
  dispatch 96;
  buffer out : write u32[96];
  if gid.x >= 41 { trap(gid.x + 7); }
  out[gid.x] = 1;
}
program sum_all {
  workgroup 32;
  dispatch 96;
  buffer sum : read_write u32[1];
  for i in 0u32..gid.x { atomic_add(sum[0], 1); }
}
program wide_fma {
  dispatch 1;
  buffer out : write f64[1];
  out[0] = fma(f64(gid.x), 2.0f64, 1.0f64);
}
program add_one {
  workgroup 64;
  dispatch len(words);
  buffer words : read_write u32[];
  words[gid.x] = words[gid.x] + 1;
}
TEXT

if ! on_device "$scratch/first.vir" --program=add_one 'words=u32[1]' 2>"$scratch/reason"; then
    grep -Eq 'no Vulkan device|no Vulkan driver|libvulkan' "$scratch/reason" || fail "$(cat "$scratch/reason")"
    echo "skipped: $(cat "$scratch/reason")"
    exit 77
fi

check_programs() {
    on_device "$sources/examples/xor/xor.vir" --check 'a=random:u8[4099]:1' 'b=random:u8[4099]:2' 'out=u8[4099]' || fail xor
    on_device "$scratch/first.vir" --program=add_one --check 'words=random:u32[100001]:3' || fail add_one
    on_device "$scratch/first.vir" --program=first 2>"$scratch/trap" && fail "must trap"
    grep -q 'trap 48 in invocation 41' "$scratch/trap" || fail "$(cat "$scratch/trap")"
}

# expect_refusal PROGRAM MESSAGE ARGUMENT...
expect_refusal() {
    local program=$1 message=$2
    shift 2
    on_device "$scratch/first.vir" --program="$program" "$@" 2>"$scratch/refusal" && fail "$program must be refused"
    grep -q -- "$message" "$scratch/refusal" || fail "$program: $(cat "$scratch/refusal")"
}

check_refusals() {
    expect_refusal wide_fma "no code of 'wide_fma'"
    # Known of one driver alone; elsewhere the answer must be right.
    on_device "$scratch/first.vir" --program=sum_all --check 2>"$scratch/refusal" ||
        grep -q 'needs atomics in loops that work' "$scratch/refusal" || fail "$(cat "$scratch/refusal")"
}

check_random() { "$bin/vyre-fuzz" --run=vulkan --seed=3 --count=1 --programs=6; }

"check_$part"
