#!/bin/bash
# examples.sh EXEC_PTX SOURCES SCRATCH - every program of the examples as PTX in the emulator. Exit status 77: there is none.
set -euo pipefail
run=$1 examples=$2/examples scratch=$3
mkdir -p "$scratch"
cp "$examples"/scan_base64/{scan_base64.vir,make_tables.c,literals.txt} "$scratch"
(cd "$scratch" && cc -o make_tables make_tables.c && ./make_tables literals.txt . >/dev/null)
printf 'some text without anything to find' | base64 -w0 >"$scratch/text.b64"
# One match: several may be found in any order.
{ printf 'zzzz '; head -n 1 "$scratch/literals.txt"; } >"$scratch/plain.txt"

xor=$examples/xor/xor.vir reduce=$examples/reduce/reduce.vir softmax=$examples/softmax/softmax.vir
histogram=$examples/histogram/histogram.vir scan=$scratch/scan_base64.vir
"$run" "$xor" xor_bytes 'a=random:u8[4099]:1' 'b=random:u8[4099]:2' 'out=u8[4099]'
"$run" "$xor" xor_bytes 'a=u8[0]' 'b=u8[0]' 'out=u8[0]'
"$run" "$xor" xor_bytes 'a=random:u8[50]:1' 'b=random:u8[70]:2' 'out=u8[100]'
"$run" "$reduce" sum_parts 'numbers=random:u32[40000]:3' 'parts=u64[3]'
"$run" "$reduce" sum_of_parts 'parts=random:u64[130]:4' 'total=u64[1]'
"$run" "$histogram" histogram 'bytes=random:u8[70001]:5' 'counts=random:u32[256]:6'
"$run" "$softmax" softmax 'values=random:f32[1028]:7' columns=257
"$run" "$scan" decode_base64 "text=@$scratch/text.b64" 'plain=u8[60]'
"$run" "$scan" find_literals "plain=@$scratch/plain.txt" 'count=u32[1]' 'positions=u64[300]' 'which=u32[300]'
"$run" "$2/tests/exec/ptx/traps.vir" uneven 'out=u32[300]'
"$run" "$2/tests/exec/ptx/traps.vir" counted 'out=u32[500]' limit=37
copies=$2/tests/exec/ptx/copies.vir rows=$2/tests/exec/ptx/rows.vir
"$run" "$copies" all_words 'bytes=random:u8[1001]:8' 'words=random:u32[150]:9' 'longs=random:u64[203]:10' 'out=u32[160]'
"$run" "$copies" two_tiles 'in=random:u32[1211]:11' 'out=u32[64]' rounds=5
"$run" "$copies" ways 'in=random:u32[150]:12' 'out=u32[70]'
"$run" "$rows" rows 'in=random:u32[1002]:13' 'bytes=random:u8[999]:14' 'out=u32[1003]' 'same=random:u8[4007]:15'
"$run" "$rows" kinds 'pairs=random:vec2<u32>[151]:16' 'longs=random:u64[147]:17' 'floats=random:f32[159]:18' 'counts=random:u32[161]:19' 'out=vec2<u32>[80]'
"$run" "$2/tests/exec/ptx/traps.vir" told 'out=u32[300]' first=300
"$run" "$2/tests/exec/ptx/traps.vir" told 'out=u32[300]' first=0
"$run" "$2/tests/exec/ptx/traps.vir" goes_on 'out=u32[300]' first=0 limit=64
"$run" "$2/tests/exec/ptx/traps.vir" goes_on 'out=u32[300]' first=0 limit=40
"$run" "$2/tests/exec/ptx/traps.vir" goes_on 'out=u32[300]' first=300 limit=64
# Programs that leave their width free run in all that there are.
tuner=$2/tests/exec/tuner/tuner.vir
"$run" "$tuner" xor 'from=random:u32[1300]:20' 'to=u32[1300]'
"$run" "$tuner" count 'from=random:u32[1209]:21' 'sums=u32[2]'
"$run" "$tuner" stop 'from=random:u32[3000]:5' 'to=u32[3000]'
