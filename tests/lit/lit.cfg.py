"""Golden tests: text in, text out. One subject per file, named for what it claims.

Substitutions:
  %vyrec %vyre-opt %vyre-run %vyre-objdump %vyre-plan %vyre-gen %vyre-fuzz %vyre-reduce   the programs of this build
  %FileCheck %not %split-file                           LLVM's test tools
  %python        the interpreter that lit runs in
  %cc %rtflags   the C compiler, and what it needs to compile and link against the runtime of this build
  %src           the root of the sources
  %s %S %t %T    the test, its folder, a scratch name, the scratch folder (lit's own)
Features: sanitizers, release, x86-64-v3, x86-64-v4, and one for each of `programs` that is installed.
"""
import os
import shutil
import sys

import lit.formats

config.name = "vyrec"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".vir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.join(config.vyre_source_dir, "tests", "lit")
config.test_exec_root = os.path.join(config.vyre_build_dir, "tests", "lit")

build = config.vyre_build_dir
sanitize = ["-fsanitize=address,undefined"] if config.vyre_sanitize else []
include = os.path.join(config.vyre_source_dir, "runtime-stub")
rtflags = [f"-I{include}", f"-L{build}/lib", *sanitize, "-l:libvyrert.a", "-lzstd", "-ldl", "-lpthread", "-lm"]


def tool(name):
    return os.path.join(build, "bin", name)


# The longer names first: lit replaces plain text.
for name, path in [
    ("%vyre-objdump", tool("vyre-objdump")),
    ("%vyre-reduce", tool("vyre-reduce")),
    ("%vyre-plan", tool("vyre-plan")),
    ("%vyre-gen", tool("vyre-gen")),
    ("%vyre-fuzz", tool("vyre-fuzz")),
    ("%vyre-run", tool("vyre-run")),
    ("%vyre-opt", tool("vyre-opt")),
    ("%vyrec", tool("vyrec")),
    ("%FileCheck", os.path.join(config.vyre_llvm_bin, "FileCheck")),
    ("%split-file", os.path.join(config.vyre_llvm_bin, "split-file")),
    ("%not", os.path.join(config.vyre_llvm_bin, "not")),
    ("%rtflags", " ".join(rtflags)),
    ("%cc", config.vyre_cc),
    ("%python", sys.executable),
    ("%src", config.vyre_source_dir),
]:
    config.substitutions.append((name, path))

programs = ["gdb", "clang-22", "ld.lld-22", "ld.gold", "qemu-aarch64", "aarch64-linux-gnu-gcc", "g++", "strace", "script", "jq", "llvm-objdump-22"]
config.available_features.update(p for p in programs if shutil.which(p))
try:  # some containers have no terminals
    for end in os.openpty():
        os.close(end)
except OSError:
    config.available_features.discard("script")
config.available_features.add("sanitizers" if config.vyre_sanitize else "release")
with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
    flags = next((line for line in cpuinfo if line.startswith("flags")), "").split()
if "avx2" in flags and "bmi2" in flags:
    config.available_features.add("x86-64-v3")
if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"} <= set(flags):
    config.available_features.add("x86-64-v4")

# The same answers wherever it runs: nothing of the caller's locale, time zone or settings of ours.
config.environment.update({
    "LC_ALL": "C", "TZ": "UTC", "NO_COLOR": "1", "PATH": os.environ["PATH"],
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
})
