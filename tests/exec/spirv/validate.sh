#!/bin/bash
# validate.sh VALIDATE SOURCES BUILD SCRATCH - the modules of the examples with what they generate, of the programs of the tests, and of random
# programs and pipelines, before and after the optimizer.
set -euo pipefail
validate=$1 sources=$2 bin=$3/bin scratch=$4
rm -rf "$scratch"
mkdir -p "$scratch"
cp "$sources"/examples/lib/*.vir "$sources"/examples/secrets/*.vir "$scratch"
"$bin/vyre-gen" literals "$sources/examples/secrets/secret_literals.txt" -o "$scratch/literals.vir"
for seed in 1 2; do
    "$bin/vyre-fuzz" --print --seed=$seed --programs=3 >"$scratch/random$seed.vir"
    "$bin/vyre-fuzz" --print --handoffs --seed=$seed --programs=3 >"$scratch/handoffs$seed.vir"
done
# The decoders are what they share with `secrets`; `all.vir` imports them.
"$validate" "$scratch"/{secrets,random?,handoffs?}.vir "$sources"/examples/{xor,reduce,histogram,softmax,scan_base64}/*.vir \
    "$sources"/examples/lib/{json,lz4,hex,url,utf16}.vir "$sources"/tests/exec/{amdgcn,chunks,link,mock,ptx,spirv,trace,tuner,vulkan}/*.vir "$sources"/tests/exec/fuzz/found/*.vir
