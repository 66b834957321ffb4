#!/bin/bash
# plants.sh VYRE-RUN-PLANTED - each fault of codegen/spirv/plants.def is planted, and a program on the Vulkan device must differ from the
# interpreter because of it; without a fault none does. Exit status 77: there is no device, or one where a fault cannot show.
set -euo pipefail
export LC_ALL=C
run=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

cat >"$scratch/planted.vir" <<'TEXT'
program counted {
  workgroup 8;
  dispatch len(out);
  buffer out : write u32[];
  param n : u32;
  var a = 1u32;
  for i in 0u32..n { a = a * 3 + i; }
  out[gid.x] = a;
}
program looked_at {
  workgroup 8;
  dispatch len(out);
  buffer out : write u32[];
  param n : u32;
  var a = gid.x;
  var rounds = 0u32;
  while rounds < n + gid.x max 300000 { a = a * 3 + rounds; rounds = rounds + 1; }
  out[gid.x] = a;
}
program unbounded {
  workgroup 8;
  dispatch len(out);
  buffer n   : read u32[];
  buffer out : write u32[];
  var a = 0u32;
  for i in 0u32..n[gid.x] { if i % 2 == 5 { continue; } a = a * 3 + i; }
  out[gid.x] = a;
}
program lanes {
  workgroup 64;
  dispatch 128;
  buffer in   : read u32[128];
  buffer f    : read f32[128];
  buffer out  : write u32[128];
  buffer wide : write u64[128];
  buffer g    : write f32[128];
  out[gid.x] = reduce_add(in[gid.x]) + shuffle(in[gid.x], lane + 1);
  wide[gid.x] = reduce_max(u64(in[gid.x]) << 31);
  g[gid.x] = reduce_add(f[gid.x]);
}
program pairs {
  dispatch len(out);
  buffer in  : read i64[];
  buffer out : write i64[];
  let a = in[gid.x];
  let b = in[gid.x + 1];
  out[gid.x] = select((a & 0xFFFFFFFF) < (b & 0xFFFFFFFF), (a + b) - (b << 3), a << u32(b & 63));
}
program apart {
  workgroup 32;
  dispatch 128;
  buffer in  : read u8[128];
  buffer out : write u8[128];
  out[lid.x * 4 + wid.x] = in[gid.x] | 1; // a word of four workgroups
}
program halves {
  dispatch len(out);
  buffer in  : read u8[];
  buffer out : write u16[];
  if gid.x % 5 != 2 { out[gid.x] = u16(in[gid.x]) * 3; }
}
TEXT

# The programs, and what a device must lack to run the code that the fault is in.
long='counted out=u32[19] n=200003'
while_='looked_at out=u32[19] n=70001'
unbounded='unbounded n=[1,2,70001,4,70003,70002,70007] out=u32[7]'
lanes='lanes in=random:u32[128]:1 f=random:f32[128]:2 out=u32[128] wide=u64[128] g=f32[128]'
pairs='pairs in=random:i64[301]:3 out=i64[300]'
halves='halves in=random:u8[999]:4 out=u16[999]'
declare -A cases=([COPY_TEST]="bindings $long" [COPY_WHILE]="bindings $while_" [ROUND_COUNT]="none $unbounded"
    [SUBGROUP_FIRST]="subgroups $lanes" [SUBGROUP_HALF]="subgroups $lanes" [SUBGROUP_TREE]="subgroups $lanes"
    [PAIR_CARRY]="int64 $pairs" [PAIR_SHIFT]="int64 $pairs" [PAIR_ORDER]="int64 $pairs"
    [PACKED_HOLE]="small_storage apart in=random:u8[128]:5 out=u8[128]" [PACKED_PLACE]="small_storage $halves"
    [ADDRESS_UNIT]="bindings $halves" [ADDRESS_WIDTH]="bindings halves in=random:u8[70001]:4 out=u16[70001]")

# run_case FAULT - whether the device agrees with the interpreter
run_case() {
    # shellcheck disable=SC2086 # words of a case
    set -- ${cases[$1]}
    VYRE_VULKAN_WITHOUT=$1 timeout 60 "$run" -w --backend=vulkan "$scratch/planted.vir" --program="$2" --check "${@:3}" >"$scratch/out" 2>&1
}

if ! "$run" -w --backend=vulkan "$scratch/planted.vir" --program=counted 'out=u32[1]' n=1 >"$scratch/out" 2>&1; then
    grep -Eq 'no Vulkan device|no Vulkan driver|libvulkan' "$scratch/out" || fail "$(cat "$scratch/out")"
    echo "skipped: $(cat "$scratch/out")"
    exit 77
fi
for fault in $(VYRE_PLANT='?' "$run" | awk '{ print $1 }'); do
    [ -n "${cases[$fault]-}" ] || fail "no program for $fault"
    run_case "$fault" || fail "$fault without a fault: $(cat "$scratch/out")"
    if VYRE_PLANT=$fault run_case "$fault"; then fail "$fault is not found by: ${cases[$fault]}"; fi
    grep -q 'differ' "$scratch/out" || fail "$fault: $(cat "$scratch/out")"
    echo "$fault is found"
done
