#!/bin/bash
# run.sh SOURCES BUILD programs|examples|refusals|probes|launches|layers|lesser|large|subgroups|random - compares the Vulkan device with the interpreter, byte for byte. Exit status 77: there is no
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
program sum_floats {
  workgroup 64;
  dispatch 192;
  buffer sum : read_write f32[7];
  workgroup most : u32[2];
  for i in 0u32..gid.x % 23 {
    atomic_add(sum[i % 7], 0.25);
    atomic_max(most[1], i);
  }
  barrier;
  if lid.x == 5 { atomic_add(sum[6], f32(most[1])); }
}
program wide_fma {
  dispatch 1;
  buffer out : write f64[1];
  out[gid.x] = fma(f64(gid.x), 2.0f64, 1.0f64);
}
program long_loop {
  workgroup 8;
  dispatch len(out);
  buffer out : read_write u32[];
  param n : u32;
  var a = 1u32;
  var rounds = 0u32;
  for i in 0u32..n { a = a * 3 + out[a & 7]; rounds = rounds + 1; }
  out[gid.x] = rounds + (a & 0);
}
program endless {
  dispatch len(out);
  buffer out : read_write u32[];
  for i in 0u32..out[gid.x] + 4 { out[gid.x] = i; }
}
program left_early {
  workgroup 32;
  dispatch len(out);
  buffer n   : read u32[];
  buffer out : write u32[];
  workgroup shared : u32[32];
  shared[lid.x] = lid.x;
  barrier;
  var x = shared[31 - lid.x];
  var k = 0u32;
  while k < 0xFFFFFF00 max 0xFFFFFFFF {
    for j in 0u32..n[gid.x] % 2 { x = x * 3 + j; }
    if k >= n[gid.x] { break; }
    k = k + 1;
  }
  if x % 7 == 3 { return; }
  out[gid.x] = x + k;
}
program two_parts {
  dispatch len(all);
  buffer all : read_write u32[];
  buffer turned : write u32[100];
  all[gid.x] = gid.x;
  grid_barrier;
  turned[gid.x] = all[99 - gid.x];
}
program halves {
  dispatch len(out);
  buffer out : write u16[];
  buffer in  : read u8[];
  if gid.x % 5 != 2 { out[gid.x] = u16(in[gid.x] / 2) * 300; }
}
program wide {
  dispatch len(out);
  buffer out : write u64[];
  out[gid.x] = u64(gid.x) << 40 | 1;
}
program wide_sum {
  dispatch len(in);
  buffer in  : read u64[];
  buffer sum : read_write u64[1];
  atomic_add(sum[0], in[gid.x]);
}
program mixed {
  workgroup 32;
  dispatch 64;
  buffer bytes : read u8[64];
  buffer out   : write i64[64];
  buffer more  : write u64[64];
  workgroup tile : u64[32];
  param scale : i64;
  tile[lid.x] = u64(bytes[gid.x]) * 0x123456789ABu64;
  barrier;
  let x = i64(tile[31 - lid.x]) - scale;
  var s = 0i64;
  for i in 0u64..u64(x) % 7 step 2 { s = s + i64(i) * x; }
  out[gid.x] = s / (i64(gid.x) - 9) + reduce_add(x);
  more[gid.x] = (u64(x) >> (gid.x & 63)) + u64(f32(x));
}
program third {
  dispatch len(out);
  buffer out : write f32[];
  out[gid.x] = f32(gid.x) * 0.25;
}
program far {
  dispatch 1024;
  buffer words : read_write u32[];
  let i = gid.x * (len(words) / 1024) + len(words) / 1024 - 1;
  words[i] = (words[i] ^ words[i - 40000]) + 1;
}
program many_arms {
  dispatch len(out);
  buffer a : read u8[];
  buffer b : read f16[];
  buffer c : read u64[];
  buffer d : read vec4<u32>[];
  buffer out  : write u64[];
  buffer more : write vec2<f32>[];
  buffer bits : read_write u32[3];
  buffer last : write i16[];
  param scale : f32;
  param shift : u64;
  let v = d[gid.x ^ 5];
  out[gid.x] = u64(a[gid.x + 3]) + (c[gid.x] << u32(shift & 63)) + u64(v.w);
  more[gid.x] = vec2<f32>(f32(b[gid.x]) * scale, f32(v.x));
  atomic_add(bits[gid.x % 4], v.y);
  last[gid.x * 2] = i16(v.z);
}
program while_loop {
  workgroup 8;
  dispatch len(out);
  buffer in  : read u32[];
  buffer out : write u32[];
  param n : u32;
  var a = 1u32;
  var rounds = 0u32;
  while rounds < n + gid.x % 5 max 200004 {
    a = a * 3 + in[a & 7];
    rounds = rounds + 1;
    if a == in[9] * gid.x { break; }
  }
  out[gid.x] = rounds ^ a;
}
program short_loops {
  workgroup 8;
  dispatch len(out);
  buffer out : write u32[];
  param n : u32;
  param m : u32;
  var rounds = 0u32;
  for i in 0u32..n { for k in 0u32..m { rounds = rounds + (i ^ k); } }
  out[gid.x] = rounds;
}
program all_bytes {
  dispatch len(out);
  buffer out : write u8[];
  out[gid.x] = 0xEE;
}
program some_bytes {
  dispatch 5;
  buffer out : write u8[39];
  out[gid.x * 7] = 1;
}
pipeline zeros_within (out : read_write u8[]) {
  arm all  = all_bytes(out: out);
  arm some = some_bytes(out: out);
}
program add_one {
  workgroup 64;
  dispatch len(words);
  buffer words : read_write u32[];
  words[gid.x] = words[gid.x] + 1;
}
TEXT

cat >"$scratch/subgroups.vir" <<'TEXT'
program lanes {
  workgroup 32, 2;
  dispatch 96, 2;
  buffer in   : read u32[];
  buffer f    : read f32[];
  buffer out  : write u32[192];
  buffer g    : write f32[192];
  buffer wide : write i64[192];
  let i = gid.y * 96 + gid.x;
  var x = in[i];
  if x % 3 == 1 { x = x * 7; } else { x = x ^ in[i + 1]; }
  let y = shuffle(x, x >> 7);
  let any = ballot(y % 5 == 2) ^ reduce_xor(x) + reduce_max(x >> 3);
  out[i] = scan_add(x) * 3 + y + any + reduce_min(u32(u8(x)));
  g[i] = reduce_add(f[i]) + scan_add(f[i]) * reduce_min(f[i]);
  wide[i] = reduce_add(i64(x) * -12345678901) + shuffle(i64(y) << 20, lid.x + 5) + reduce_min(i64(x) << 3);
}
TEXT

if ! on_device "$scratch/first.vir" --program=add_one 'words=u32[1]' 2>"$scratch/reason"; then
    grep -Eq 'no Vulkan device|no Vulkan driver|libvulkan' "$scratch/reason" || fail "$(cat "$scratch/reason")"
    echo "skipped: $(cat "$scratch/reason")"
    exit 77
fi

# The examples, before and after the optimizer; the CPU may help a device that has to be helped.
check_examples() {
    local level
    for level in -O0 -O2; do
        on_device "$level" "$sources/examples/reduce/reduce.vir" --pipeline=reduce --check 'numbers=random:u32[100001]:3' 'total=u64[1]' || fail reduce
        on_device "$level" "$sources/examples/histogram/histogram.vir" --check 'bytes=random:u8[70000]:3' 'counts=u32[256]' || fail histogram
        on_device "$level" "$sources/examples/softmax/softmax.vir" --check 'values=random:f32[4096]:1' columns=64 || fail softmax
        on_device "$level" "$sources/examples/xor/xor.vir" --check 'a=random:u8[4099]:1' 'b=random:u8[4099]:2' 'out=u8[4099]' || fail xor
    done
}

check_programs() {
    on_device "$sources/examples/xor/xor.vir" --check 'a=random:u8[4099]:1' 'b=random:u8[4099]:2' 'out=u8[4099]' || fail xor
    on_device "$scratch/first.vir" --program=add_one --check 'words=random:u32[100001]:3' || fail add_one
    VYRE_STRICT=1 on_device "$scratch/first.vir" --pipeline=zeros_within --check 'out=u8[51]' || fail 'zeros past the end of a shorter buffer'
    on_device "$scratch/first.vir" --program=first 2>"$scratch/trap" && fail "must trap"
    grep -q 'trap 48 in invocation 41' "$scratch/trap" || fail "$(cat "$scratch/trap")"
}

# expect_refusal PROGRAM MESSAGE ARGUMENT... - where the device may not be helped out by the CPU
expect_refusal() {
    local program=$1 message=$2
    shift 2
    VYRE_STRICT=1 on_device "$scratch/first.vir" --program="$program" "$@" 2>"$scratch/refusal" && fail "$program must be refused"
    grep -q -- "$message" "$scratch/refusal" || fail "$program: $(cat "$scratch/refusal")"
}

# expect_cpu PROGRAM REASON ARGUMENT... - the CPU runs it, with the right answer, and says why
expect_cpu() {
    local program=$1 reason=$2
    shift 2
    on_device "$scratch/first.vir" --program="$program" --check "$@" 2>"$scratch/note" || fail "$program: $(cat "$scratch/note")"
    grep -q "note: on the CPU: .*$reason" "$scratch/note" || fail "$program: $(cat "$scratch/note")"
}

is_llvmpipe() { on_device "$scratch/first.vir" --program=add_one 'words=u32[1]' --probes | grep -q 'probes on llvmpipe'; }

check_refusals() {
    # Some devices do these right; those that do not are told so, and in either case the answer is.
    for case in 'wide_fma out=f64[1]' 'long_loop out=u32[40] n=70000' \
        'while_loop in=random:u32[40]:3 out=u32[40] n=200000'; do
        # shellcheck disable=SC2086 # words of a case
        set -- $case
        on_device "$scratch/first.vir" --program="$1" --check "${@:2}" || fail "$1"
    done
    expect_cpu two_parts "none of 'two_parts'" 'all=u32[100]' 'turned=u32[100]'
    expect_refusal two_parts "none of 'two_parts'" 'all=u32[100]' 'turned=u32[100]'
    # What is wrong with Mesa's software device, and known to be.
    is_llvmpipe || return 0
    expect_cpu wide_fma 'probe wide_fma' 'out=f64[1]'
    VYRE_VULKAN_WITHOUT=addresses expect_cpu long_loop 'may go around 65536 times.* after 65535 (probe rounds)' 'out=u32[40]' n=65536
    VYRE_VULKAN_WITHOUT=addresses expect_cpu endless 'no bound .* 65535 rounds (probe rounds)' 'out=u32[40]'
    # What no bound shows is tried, and counted: the device's answer is taken where it cannot have ended loops.
    expect_cpu long_loop 'went around more often than .* (probe rounds)' 'out=u32[40]' n=2000000
    expect_cpu endless 'went around more often than .* (probe rounds)' 'out=[7,70000,1,2]'
    expect_cpu left_early 'went around more often than .* (probe rounds)' 'n=[1,2,30000,3,30000,30000]' 'out=u32[6]'
    VYRE_STRICT=1 on_device "$scratch/first.vir" --program=endless --check 'out=[7,700,1,2,6000,9,9,9,9,4000]' || fail 'few rounds without a bound'
    VYRE_STRICT=1 on_device "$scratch/first.vir" --program=left_early --check 'n=[1,2,3000,3,300,30]' 'out=u32[6]' || fail 'few rounds of a while without a bound'
    expect_refusal long_loop 'probe rounds' 'out=u32[40]' n=2000000
    for case in 'sum_all sum=u32[1]' 'sum_floats sum=f32[7]' 'while_loop in=random:u32[40]:3 out=u32[40] n=60000'; do
        # shellcheck disable=SC2086 # words of a case
        set -- $case
        VYRE_STRICT=1 on_device "$scratch/first.vir" --program="$1" --check "${@:2}" || fail "$1 on the device"
    done
    VYRE_STRICT=1 on_device "$scratch/first.vir" --program=long_loop --check 'out=u32[40]' n=65535 || fail 'long_loop on the device'
}

# What probes show is kept by device and driver, and not believed when the file is damaged.
check_probes() {
    local cache=$scratch/cache
    mkdir "$cache"
    probe() { VYRE_LOG=2 VYRE_CACHE_DIR=$cache on_device "$scratch/first.vir" --program=long_loop --check 'out=u32[40]' n=70000 --probes; }
    probe >"$scratch/first" 2>"$scratch/log" || fail "$(cat "$scratch/log")"
    [ "$(grep -c '^  ' "$scratch/first")" -ge 20 ] || fail "$(cat "$scratch/first")"
    grep -q 'not run' "$scratch/first" && fail "$(cat "$scratch/first")"
    [ "$(find "$cache" -name 'vyre-vulkan-*.probes' | wc -l)" = 1 ] || fail "$(ls "$cache")"
    [ "$(find "$cache" -type f | wc -l)" = 1 ] || fail "$(ls "$cache")"
    probe >"$scratch/again" 2>"$scratch/log" || fail "$(cat "$scratch/log")"
    grep -q ': probe ' "$scratch/log" && fail "probed again: $(cat "$scratch/log")"
    diff <(grep '^  ' "$scratch/first") <(grep '^  ' "$scratch/again") || fail 'the file tells something else'
    printf 'X' | dd of="$(echo "$cache"/*)" bs=1 seek=600 conv=notrunc status=none
    probe >"$scratch/again" 2>"$scratch/log" || fail "$(cat "$scratch/log")"
    grep -q 'is damaged' "$scratch/log" || fail "$(cat "$scratch/log")"
    diff <(grep '^  ' "$scratch/first") <(grep '^  ' "$scratch/again") || fail 'a damaged file is believed'
    probe >"$scratch/again" 2>"$scratch/log"
    grep -q 'is damaged' "$scratch/log" && fail 'the damaged file stays'
    mv "$cache" "$scratch/elsewhere" && mkdir "$cache" && ln -s "$scratch/elsewhere"/*.probes "$cache/"
    probe >"$scratch/again" 2>"$scratch/log" || fail "$(cat "$scratch/log")"
    grep -q 'not ours' "$scratch/log" || fail "a link is followed: $(cat "$scratch/log")"
    VYRE_CACHE_DIR=$scratch/none on_device "$scratch/first.vir" --program=add_one --check 'words=u32[7]' || fail 'without the folder'
}

# Code for large launches with copies of bodies, counts, buffers of all sizes by their addresses; what it counts and gives up included.
check_long_loops() {
    local case
    for case in 'long_loop out=u32[40] n=200000' 'short_loops out=u32[8] n=20000 m=2' 'while_loop in=random:u32[40]:3 out=u32[40] n=200000' \
        'left_early n=[1,2,3000,3,300,30] out=u32[6]' 'endless out=[7,700,1,2,6000,9]' 'endless out=[7,70000,1,2]'; do
        # shellcheck disable=SC2086 # words of a case
        set -- $case
        on_device "$scratch/first.vir" --program="$1" --check "${@:2}" || fail "$case"
    done
    VYRE_VULKAN_WITHOUT=bindings on_device "$scratch/first.vir" --program=many_arms --check 'a=random:u8[1001]:1' 'b=random:f16[1000]:2' 'c=random:u64[1001]:3' \
        'd=random:vec4<u32>[999]:4' 'out=u64[1001]' 'more=vec2<f32>[990]' 'bits=u32[3]' 'last=i16[1001]' scale=0.37 shift=9 || fail 'all sizes by address'
}

launches() { "$bin/vulkan-launches"; }
check_launches() {
    launches >"$scratch/out" 2>&1 && grep -q '^0 failed' "$scratch/out" || fail "$(cat "$scratch/out")"
    "$bin/vulkan-native" >"$scratch/out" 2>&1 && grep -q '^0 failed' "$scratch/out" || fail "$(cat "$scratch/out")"
}

# The validation layers find nothing to say, but that they are there.
check_layers() {
    printf '%s\n' 'khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG' \
        'khronos_validation.report_flags = error,warn,perf,info' "khronos_validation.log_filename = $scratch/layers" \
        'khronos_validation.enables = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT' >"$scratch/settings"
    export VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation VK_LAYER_SETTINGS_PATH=$scratch/settings
    export ASAN_OPTIONS=detect_leaks=0 # the layers keep some of what they made; the other parts look for leaks of ours
    check_programs 2>/dev/null
    if ! grep -q 'Validation Layer Active' "$scratch/layers"; then
        echo 'skipped: the Vulkan validation layers are not installed'
        exit 77
    fi
    grep -E 'ERROR|WARNING|PERFORMANCE|VUID|SYNC-' "$scratch/layers" && fail 'programs under the validation layers'
    check_launches
    grep -E 'ERROR|WARNING|PERFORMANCE|VUID|SYNC-' "$scratch/layers" && fail 'launches under the validation layers'
    VYRE_VULKAN_WITHOUT=bindings check_programs 2>/dev/null
    VYRE_VULKAN_WITHOUT=int64,small_storage check_programs 2>/dev/null
    check_long_loops 2>/dev/null
    check_subgroups 2>/dev/null # strict from here on
    grep -E 'ERROR|WARNING|PERFORMANCE|VUID|SYNC-' "$scratch/layers" && fail 'other images under the validation layers'
    on_device "$scratch/first.vir" --program=add_one 'words=u32[1]' --probes >/dev/null
    grep -E 'ERROR|WARNING|PERFORMANCE|VUID|SYNC-' "$scratch/layers" && fail 'probes under the validation layers'
    return 0
}

# As on a device that has words alone: elements of 8 and 16 bits are parts of words, and the CPU does what has 64 bits.
check_lesser() {
    export VYRE_VULKAN_WITHOUT=small_storage,int64,float64,int64_atomics
    check_programs
    check_launches
    VYRE_STRICT=1 on_device "$scratch/first.vir" --program=halves --check 'out=u16[1001]' 'in=random:u8[1001]:5' || fail halves
    VYRE_STRICT=1 on_device "$scratch/first.vir" --program=wide --check 'out=u64[100]' || fail 'wide in pairs'
    VYRE_STRICT=1 on_device "$scratch/first.vir" --program=mixed --check 'bytes=random:u8[64]:7' 'out=i64[64]' 'more=u64[64]' scale=-987654321987 ||
        fail 'mixed in pairs'
    expect_cpu wide_sum 'needs atomics on u64, which .* lacks' 'in=random:u64[100]:2' 'sum=u64[1]'
    VYRE_VULKAN_WITHOUT=float32 expect_cpu third 'needs f32 arithmetic, which .* lacks (probe floats)' 'out=f32[100]'
    VYRE_VULKAN_WITHOUT=float32 expect_refusal third 'needs f32 arithmetic, which .* lacks (probe floats)' 'out=f32[100]'
}

# Buffers that cannot be bound whole are reached by their addresses; loops have copies of their bodies where rounds are counted.
check_large() {
    export VYRE_STRICT=1
    on_device "$scratch/first.vir" --program=far --check 'words=random:u32[52428800]:1' || fail '200 MiB'
    VYRE_VULKAN_WITHOUT=addresses on_device "$scratch/first.vir" --program=far 'words=u32[52428800]' 2>"$scratch/refusal" &&
        is_llvmpipe && fail '200 MiB without addresses'
    ! is_llvmpipe || grep -q "'words' has 209715200 bytes, and .* reaches 134217728" "$scratch/refusal" || fail "$(cat "$scratch/refusal")"
    on_device "$scratch/first.vir" --program=long_loop --check 'out=u32[40]' n=200000 || fail '200,000 rounds'
    on_device "$scratch/first.vir" --program=short_loops --check 'out=u32[8]' n=20000 m=2 || fail 'rounds of short inner loops'
    on_device "$scratch/first.vir" --program=short_loops --check 'out=u32[8]' n=65000 m=0 && is_llvmpipe && fail 'rounds of empty loops'
    export VYRE_VULKAN_WITHOUT=bindings
    check_programs
    check_launches
    on_device "$scratch/first.vir" --program=many_arms --check 'a=random:u8[1001]:1' 'b=random:f16[1000]:2' 'c=random:u64[1001]:3' 'd=random:vec4<u32>[999]:4' \
        'out=u64[1001]' 'more=vec2<f32>[990]' 'bits=u32[3]' 'last=i16[1001]' scale=0.37 shift=9 || fail 'all sizes by address'
    on_device "$sources/examples/softmax/softmax.vir" --check 'values=random:f32[4096]:1' columns=64 || fail softmax
    on_device "$sources/examples/reduce/reduce.vir" --pipeline=reduce --check 'numbers=random:u32[100001]:3' 'total=u64[1]' || fail reduce
}

# The device's own subgroups where they have 32 lanes. With vectors of 1024 bits llvmpipe says that it has such, and uses 16: the probe notices.
check_subgroups() {
    export VYRE_STRICT=1
    lanes() {
        VYRE_LOG=3 on_device "$scratch/subgroups.vir" --program=lanes --check 'in=random:u32[200]:1' 'f=random:f32[200]:2' 'out=u32[192]' 'g=f32[192]' \
            'wide=i64[192]' >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
    }
    has_own() { grep -q "$1: has subgroups of the device's own" "$scratch/log"; }
    lanes
    if has_own lanes && is_llvmpipe; then fail 'subgroups of 32 in vectors of another length'; fi
    is_llvmpipe || return 0
    LP_NATIVE_VECTOR_WIDTH=1024 lanes
    has_own probe_native_subgroups || fail "$(cat "$scratch/log")"
    grep -q 'probe native_subgroups: subgroups of its own wrong' "$scratch/log" || fail "$(cat "$scratch/log")"
    if has_own lanes; then fail 'a device that lies is believed'; fi
    LP_NATIVE_VECTOR_WIDTH=1024 VYRE_VULKAN_WITHOUT=vulkan1.3 lanes # the same by an extension
    has_own probe_native_subgroups || fail "$(cat "$scratch/log")"
    LP_NATIVE_VECTOR_WIDTH=1024 VYRE_VULKAN_WITHOUT=subgroups lanes
    if has_own probe_native_subgroups; then fail 'subgroups that were taken away'; fi
}

check_random() { VYRE_STRICT=1 "$bin/vyre-fuzz" --run=vulkan --seed=3 --count=1 --programs=6; }

"check_$part"
