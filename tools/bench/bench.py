#!/usr/bin/env python3
"""bench.py --build BUILD [--quick] [--only kernels,fusion,scanners,regexes,compile,scale,passes,size,overhead,launches,streaming] - measures the compiler and what it makes.

Everything is a ratio of two things measured in the same run, in turns: below 1 means that ours takes less. Prints tables and writes
everything to BUILD/../bench.json. Results are compared before anything is timed."""
import argparse
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys

import many_arms

SOURCES = pathlib.Path(__file__).resolve().parents[2]
BENCH = SOURCES / "tools" / "bench"
EXAMPLES = ["xor", "reduce", "histogram", "scan_base64"]
CLANG = "clang-22"


def run(*command, **options):
    command = [str(word) for word in command]
    keep_messages = options.pop("keep_messages", True)
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, **options)
    if result.returncode:
        sys.exit(f"bench: {' '.join(command)}\n{result.stdout}{result.stderr}")
    if keep_messages:
        sys.stderr.write(result.stderr)
    return result.stdout if keep_messages else result.stdout + result.stderr


def print_table(title, heads, rows):
    widths = [max(len(str(row[i])) for row in [heads] + rows) for i in range(len(heads))]
    print(f"\n{title}\n")
    for row in [heads, ["-" * w for w in widths]] + rows:
        print("  ".join(str(c).ljust(w) if i == 0 else str(c).rjust(w) for i, (c, w) in enumerate(zip(row, widths))))
    sys.stdout.flush()


def size_text(n):
    return f"{n >> 20} MiB" if n >= 1 << 20 else f"{n >> 10} KiB" if n >= 1 << 10 else f"{n} B"


class Bench:
    def __init__(self, build, quick):
        self.build, self.quick = build, quick
        self.work = build.parent / "bench"
        self.work.mkdir(parents=True, exist_ok=True)
        self.results = {"machine": machine(), "quick": quick}

    def spawn(self, rounds, *command):
        return json.loads(run(self.work / "spawn", rounds, *command))

    def prepare(self):
        print(f"building in {self.work}", flush=True)
        run(CLANG, "-O2", BENCH / "spawn.c", "-o", self.work / "spawn")

    # -- kernels -------------------------------------------------------------------------------------------------------

    def build_kernels(self):
        work, vyrec = self.work, self.build / "bin/vyrec"
        example = SOURCES / "examples/scan_base64"
        run(CLANG, "-O2", example / "make_tables.c", "-o", work / "make_tables")
        run(work / "make_tables", example / "literals.txt", work)
        for name in EXAMPLES:
            run(vyrec, "-I", work, "-c", SOURCES / f"examples/{name}/{name}.vir", "-o", work / f"{name}.o", "-h", work / f"{name}.h")
        shutil.copy(BENCH / "kernels.cl", work)
        run(CLANG, "-O3", "-march=native", "-c", BENCH / "loops.c", "-o", work / "loops.o")
        has_opencl = pathlib.Path("/usr/include/CL/cl.h").exists()
        if not has_opencl:
            print("OpenCL is not installed (pocl-opencl-icd, ocl-icd-opencl-dev): no comparison with PoCL")
        way_opencl = ["way_opencl.c"] if has_opencl else ["without_opencl.c"]
        run(CLANG, "-O2", f"-I{BENCH}", f"-I{work}", f"-I{SOURCES / 'runtime-stub'}",
            *[BENCH / f for f in ["kernels.c", "way_c.c", "way_vyre.c"] + way_opencl], work / "loops.o",
            *[work / f"{name}.o" for name in EXAMPLES], self.build / "lib/libvyrert.a", "-lzstd", "-ldl", "-lpthread", "-lm",
            *(["-lOpenCL"] if has_opencl else []), "-o", work / "kernels")

    def make_text(self):
        path = self.work / "text.b64"
        find = "find /usr/share/common-licenses /usr/include /usr/share/doc -type f ! -name '*.gz' -print0 | sort -z | xargs -0 cat"
        subprocess.run(f"{find} 2>/dev/null | head -c 48M | base64 -w0 > '{path}'", shell=True, check=True)
        return path

    def kernels(self):
        self.build_kernels()
        text = self.make_text()
        rounds = 5 if self.quick else 21
        lines = []
        for n_threads in sorted({1, os.cpu_count()}):
            out = run(self.work / "kernels", self.work, n_threads, rounds, text)
            lines += [json.loads(line) for line in out.splitlines()]
        self.results["kernels"] = lines
        cells = {(m["kernel"], m["bytes"], m["threads"], m["way"]): m for m in lines}
        rows = []
        for kernel, n, threads in dict.fromkeys((m["kernel"], m["bytes"], m["threads"]) for m in lines):
            ours = cells[kernel, n, threads, "vyre"]
            row = [kernel, size_text(n), threads, f"{ours['median_s'] * 1e6:.1f}", rate(n, ours) if n > 1 else "", spread(ours)]
            for way in ("c", "opencl"):
                other = cells.get((kernel, n, threads, way))
                row += [f"{ours['median_s'] / other['median_s']:.2f}", rate(n, other) if n > 1 else f"{other['median_s'] * 1e6:.1f} us",
                        spread(other)] if other else ["", "", ""]
            rows.append(row)
        print_table(f"CPU kernels: time relative to clang-22 -O3 -march=native and to PoCL, {rounds} rounds in turns",
                    ["kernel", "input", "threads", "us", "GB/s", "spread", "/ C", "C GB/s", "spread", "/ PoCL", "GB/s", "spread"], rows)

    # -- handoffs on the chip ------------------------------------------------------------------------------------------

    def fusion(self):
        """Pipelines as the default level makes them against the same arm by arm."""
        work, vyrec = self.work, self.build / "bin/vyrec"
        text = (BENCH / "fusion.vir").read_text(encoding="utf-8")
        names = re.findall(r"^(?:program|pipeline) (\w+)", text, re.M)
        apart = work / "apart.vir"
        apart.write_text(re.sub(rf"\b({'|'.join(names)})\b", r"apart_\1", text), encoding="utf-8")
        run(vyrec, "-c", BENCH / "fusion.vir", "-o", work / "fusion.o", "-h", work / "fusion.h")
        run(vyrec, "--passes=dead_arms", "-c", apart, "-o", work / "apart.o", "-h", work / "apart.h")
        run(CLANG, "-O2", f"-I{work}", f"-I{SOURCES / 'runtime-stub'}", BENCH / "fusion.c", work / "fusion.o", work / "apart.o",
            self.build / "lib/libvyrert.a", "-lzstd", "-ldl", "-lpthread", "-lm", "-o", work / "fusion")
        base64 = self.make_text()
        lines, rows = [], []
        for n_threads in sorted({1, os.cpu_count()}):
            out = run(work / "fusion", n_threads, 5 if self.quick else 21, (64 if self.quick else 256) << 20, base64)
            lines += [json.loads(line) for line in out.splitlines()]
        self.results["fusion"] = lines
        for m in lines:
            rows.append([m["pipeline"], size_text(m["bytes"]), m["threads"], f"{m['launches_apart']} -> {m['launches']}",
                         size_text(int(m["bytes_removed"])), f"{m['apart_median_s'] * 1e3:.1f}", f"{m['median_s'] * 1e3:.1f}",
                         f"{m['apart_median_s'] / m['median_s']:.2f}", f"{m['apart_least_s'] / m['least_s']:.2f}"])
        print_table("Handoffs on the chip: time of the arms apart over the time fused; bytes that are written and read no more",
                    ["pipeline", "input", "threads", "launches", "bytes removed", "apart ms", "fused ms", "ratio", "of least"], rows)

    # -- scanners ------------------------------------------------------------------------------------------------------

    def make_plain_text(self, n_bytes):
        """Sources and documentation that the system has installed."""
        text = self.work / "text.plain"
        kinds = " -o ".join(f"-name '{kind}'" for kind in ("*.h", "*.hpp", "*.c", "*.py", "*.pm", "*.txt", "*.html", "*.cmake", "copyright"))
        find = f"find /usr/include /usr/share /usr/lib -type f '(' {kinds} ')' -print0 | sort -zu | xargs -0 cat"
        subprocess.run(f"{find} 2>/dev/null | head -c {n_bytes} > '{text}'", shell=True, check=True)
        return text

    def scanners(self):
        """What vyre-gen makes of 10, 100 and all literals of a list against Vectorscan and interleaved Aho-Corasick; 256 MB of text, 4 MB that stay
        in a cache, and 256 MB of base64 that is decoded on the way."""
        work, words = self.work, (SOURCES / "examples/secrets/secret_literals.txt").read_text(encoding="ascii").splitlines()
        names = [("set10", 10), ("set100", 100), ("setall", len(words))]
        for name, n in names:
            (work / f"{name}.txt").write_text("\n".join(words[:n]) + "\n", encoding="ascii")
            run(self.build / "bin/vyre-gen", "literals", work / f"{name}.txt", f"--name={name}", "--decode=base64", "-o", work / f"{name}.vir")
        (work / "scanners.vir").write_text("".join(f'import "{name}.vir";\n' for name, _ in names), encoding="ascii")
        run(self.build / "bin/vyrec", "-I", SOURCES / "examples/lib", "-c", work / "scanners.vir", "-o", work / "scanners.o", "-h", work / "scanners.h")
        has_vectorscan = pathlib.Path("/usr/include/hs/hs.h").exists()
        if not has_vectorscan:
            print("Vectorscan is not installed (libvectorscan-dev): no comparison with it")
        run(CLANG, "-O3", "-march=native", f"-I{work}", f"-I{SOURCES}", f"-I{SOURCES / 'runtime-stub'}", BENCH / "scanners.c", work / "scanners.o",
            self.build / "lib/libvyrert.a", *(["-lhs"] if has_vectorscan else []), "-lzstd", "-ldl", "-lpthread", "-lm", "-o", work / "scanners")
        text = self.make_plain_text(256000000)
        lines = []
        for kind, n_bytes in (("plain", 4 << 20), ("plain", 256000000), ("base64", 192000000)):
            for n_threads in sorted({1, os.cpu_count()}):
                rounds = (21 if n_bytes < 1 << 24 else 3) * (1 if self.quick else 3)
                lines += [json.loads(line) for line in run(work / "scanners", work, n_threads, rounds, text, n_bytes, kind).splitlines()]
        text.unlink()
        self.results["scanners"] = lines
        cells = {(m["set"], m["kind"], m["bytes"], m["threads"], m["way"]): m for m in lines}
        heads = ["list", "text", "threads", "matches", "GB/s", "spread", "/ VS", "least", "GB/s", "/ AC", "least", "GB/s"]
        for kind in ("plain", "base64"):
            rows = []
            for name, n_bytes, threads in dict.fromkeys((m["set"], m["bytes"], m["threads"]) for m in lines if m["kind"] == kind):
                ours = cells[name, kind, n_bytes, threads, "vyre"]
                row = [name, size_text(n_bytes), threads, ours["matches"], rate(n_bytes, ours), spread(ours)]
                for way in ("vectorscan", "aho_corasick"):
                    other = cells.get((name, kind, n_bytes, threads, way))
                    row += [f"{ours['median_s'] / other['median_s']:.2f}", f"{ours['least_s'] / other['least_s']:.2f}", rate(n_bytes, other)] if other else [""] * 3
                rows.append(row)
            what = {"plain": "Scanners, counting all matches: time relative to Vectorscan and to Aho-Corasick in six interleaved streams",
                    "base64": f"Base64 decoded and scanned in one launch, against a decoder ({lines[0]['decoder']}) and a scanner block by block in the cache"}
            print_table(what[kind], heads, rows)

    # -- regular expressions -------------------------------------------------------------------------------------------

    def regexes(self):
        """What vyre-gen makes of expressions against Vectorscan and PCRE2: of those for keys and tokens, which are rare, and of some for words, which are
        not; 64 MB of text and 4 MB that stay in a cache."""
        if not pathlib.Path("/usr/include/pcre2.h").exists():
            print("regexes: left out, PCRE2 is not installed (libpcre2-dev)")
            return
        for listed in (SOURCES / "examples/tokens/tokens.txt", BENCH / "words.txt"):
            self.regexes_of(listed)

    def regexes_of(self, listed):
        work = self.work
        has_vectorscan = pathlib.Path("/usr/include/hs/hs.h").exists()
        run(self.build / "bin/vyre-gen", "regex", listed, "--name=regexes", "-o", work / "regexes.vir")
        run(self.build / "bin/vyrec", "-c", work / "regexes.vir", "-o", work / "regexes.o", "-h", work / "regexes.h")
        run(CLANG, "-O3", "-march=native", f"-I{work}", f"-I{SOURCES / 'runtime-stub'}", BENCH / "regexes.c", work / "regexes.o",
            self.build / "lib/libvyrert.a", *(["-lhs"] if has_vectorscan else []), "-lpcre2-8", "-lzstd", "-ldl", "-lpthread", "-lm", "-o", work / "regexes")
        text = self.make_plain_text(64000000)
        lines = []
        for n_bytes in (4 << 20, 64000000):
            for n_threads in sorted({1, os.cpu_count()}):
                rounds = (21 if n_bytes < 1 << 24 else 3) * (1 if self.quick else 3)
                lines += [json.loads(line) for line in run(work / "regexes", listed, n_threads, rounds, text, n_bytes).splitlines()]
        text.unlink()
        self.results.setdefault("regexes", []).extend({"list": listed.stem, **m} for m in lines)
        rows = []
        cells = {(m["task"], m["bytes"], m["threads"], m["way"]): m for m in lines}
        for task, n_bytes, threads in dict.fromkeys((m["task"], m["bytes"], m["threads"]) for m in lines):
            ours = cells[task, n_bytes, threads, "vyre"]
            row = [task, size_text(n_bytes), threads, ours["found"], rate(n_bytes, ours), spread(ours)]
            for way in ("vectorscan", "pcre2_jit"):
                other = cells.get((task, n_bytes, threads, way))
                row += [f"{ours['median_s'] / other['median_s']:.2f}", f"{ours['least_s'] / other['least_s']:.2f}", rate(n_bytes, other)] if other else [""] * 3
            rows.append(row)
        print_table(f"Regular expressions of {listed.name}: time relative to Vectorscan and to PCRE2's compiled code, expression by expression",
                    ["task", "text", "threads", "found", "GB/s", "spread", "/ VS", "least", "GB/s", "/ PCRE2", "least", "GB/s"], rows)

    # -- the compiler --------------------------------------------------------------------------------------------------

    def compile(self):
        rounds = 20 if self.quick else 100
        vyrec = self.build / "bin/vyrec"
        source = self.work / "twenty.vir"
        source.write_text(TWENTY_LINES, encoding="utf-8")
        loop = self.work / "twenty.c"
        loop.write_text(TWENTY_LINES_C, encoding="utf-8")
        kernel = SOURCES / "examples/reduce/reduce.vir"
        cache = self.work / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        run(vyrec, f"--cache-dir={cache}", "--target=all", "-c", kernel, "-o", self.work / "hit.o")
        commands = {
            "vyrec --version": [vyrec, "--version"],
            "20 lines to an object": [vyrec, "-c", source, "-o", self.work / "twenty.o"],
            "20 lines to an object, one level": [vyrec, "--target=cpu:x86-64-v3", "-c", source, "-o", self.work / "twenty3.o"],
            "60 lines to an object, all targets": [vyrec, "--target=all", "-c", kernel, "-o", self.work / "all.o"],
            "60 lines to an object": [vyrec, "-c", kernel, "-o", self.work / "cpu.o"],
            "60 lines to an object, SPIR-V too": [vyrec, "--target=spirv:vulkan1.2", "-c", kernel, "-o", self.work / "spirv.o"],
            "60 lines, all targets, from the cache": [vyrec, f"--cache-dir={cache}", "--target=all", "-c", kernel, "-o", self.work / "hit.o"],
            "clang-22 -O3, the same loop": [CLANG, "-O3", "-march=native", "-c", loop, "-o", self.work / "twenty_c.o"],
        }
        measured = {name: self.spawn(rounds, *command) for name, command in commands.items()}
        self.results["compile"] = measured
        if (self.work / "all.o").read_bytes() != (self.work / "hit.o").read_bytes():
            sys.exit("bench: the cache gives another object")
        clang = measured["clang-22 -O3, the same loop"]
        made, hit = (measured[f"60 lines{what}"]["median_s"] for what in (" to an object, all targets", ", all targets, from the cache"))
        print(f"\ncache: a hit takes {hit * 1e3:.2f} ms, the compile {made / hit:.1f} times as long")
        rows = [[name, f"{m['median_s'] * 1e3:.2f}", spread(m), f"{m['least_s'] * 1e3:.2f}", f"{m['least_cpu_s'] * 1e3:.2f}",
                 f"{m['peak_bytes'] / 1e6:.0f}", f"{m['median_s'] / clang['median_s']:.2f}"]
                for name, m in measured.items()]
        print_table(f"Compiling, {rounds} cold processes each",
                    ["what", "ms", "spread", "least ms", "least CPU ms", "peak MB", "/ clang"], rows)
        self.spirv(kernel, rounds, measured["60 lines to an object, SPIR-V too"], measured["60 lines to an object"])

    def spirv(self, kernel, rounds, with_spirv, without):
        """SPIR-V alone, validation included: within a process that does nothing else, and as what it adds to another."""
        run(CLANG, "-O2", f"-I{SOURCES / 'library'}", BENCH / "spirv.c", self.build / "lib/libvyrec.so", f"-Wl,-rpath,{self.build / 'lib'}",
            "-o", self.work / "spirv")
        programs = []
        for name in re.findall(r"^program (\w+)", kernel.read_text(encoding="utf-8"), re.M):
            programs.append(self.work / f"{name}.vir")
            run(self.build / "bin/vyrec", "-O0", "--emit=vir", f"--program={name}", kernel, "-o", programs[-1])
        inside = json.loads(run(self.work / "spirv", rounds, *programs))
        added = with_spirv["least_cpu_s"] - without["least_cpu_s"]
        self.results["spirv"] = {"inside": inside, "added_cpu_s": added}
        print_table(f"60 lines from text to valid SPIR-V, {inside['bytes']} bytes, milliseconds",
                    ["", "first", "median", "least", "CPU added to an object"],
                    [["inside a process", *[f"{inside[key] * 1e3:.2f}" for key in ("first_s", "median_s", "least_s")], f"{added * 1e3:.2f}"]])

    def scale(self):
        sizes = [1000, 10000, 100000] + ([] if self.quick else [1000000])
        points, rows = [], []
        start_up = self.spawn(20, self.build / "bin/vyre-opt", "--version")["median_s"]
        for n in sizes:
            path = self.work / f"statements{n}.vir"
            path.write_text(many_statements(n), encoding="utf-8")
            m = self.spawn(3 if n >= 1000000 else 9, self.build / "bin/vyre-opt", path, "-o", "/dev/null")
            points.append({"statements": n, "bytes": path.stat().st_size, **m})
            rows.append([n, f"{m['median_s']:.3f}", f"{m['median_s'] / n * 1e6:.2f}", f"{m['peak_bytes'] / 1e6:.0f}",
                         f"{m['peak_bytes'] / path.stat().st_size:.1f}"])
            if n >= 1000000:
                path.unlink()
        exponent = fit_exponent([(p["statements"], p["median_s"] - start_up) for p in points])
        self.results["scale"] = {"points": points, "exponent": exponent}
        print_table(f"Read, check and print: time grows as statements to the power of {exponent:.2f}",
                    ["statements", "s", "us each", "peak MB", "memory / text"], rows)

    def time_passes(self, path):
        """Seconds of all passes, of the optimiser of text."""
        text = run(self.build / "bin/vyre-opt", "--passes=" + self.list_passes(), "--time-passes", path, "-o", "/dev/null", keep_messages=False)
        return float(re.search(r"^sum +([0-9.]+)$", text, re.MULTILINE)[1]) * 1e-3

    def list_passes(self):
        lines = run(self.build / "bin/vyrec", "--print-passes").splitlines()
        return ",".join(line.split()[0] for line in lines)

    def passes(self):
        """What the passes cost: of many arms, and beside all of compiling."""
        rows, measured = [], {}
        for kind in many_arms.KINDS:
            points = []
            for n in [250, 500, 1000]:
                path = self.work / f"arms{n}.vir"
                path.write_text(many_arms.make_pipeline(kind, n), encoding="utf-8")
                points.append((n, min(self.time_passes(path) for _ in range(3))))
            measured[kind] = points
            rows.append([kind] + [f"{seconds * 1e3:.1f}" for _, seconds in points] + [f"{fit_exponent(points):.2f}"])
        print_table("All passes, milliseconds of processor time (2000 are allowed), and how they grow with the arms: the power that fits",
                    ["arms in a row", "250", "500", "1000", "power"], rows)
        self.results["passes"] = {"arms": measured, "examples": {}}
        rows = []
        for path in sorted(SOURCES.glob("examples/*/*.vir")):
            readable = subprocess.run([self.build / "bin/vyre-opt", path, "-o", "/dev/null"], capture_output=True, check=False).returncode == 0
            if not readable:
                print(f"{path.stem}: left out, its tables are not made")
                continue
            seconds = min(self.time_passes(path) for _ in range(3))
            before = self.spawn(5, self.build / "bin/vyrec", "-O0", "-c", path, "-o", self.work / "passes.o")["median_s"]
            self.results["passes"]["examples"][path.stem] = {"passes_s": seconds, "rest_s": before}
            rows.append([path.stem, f"{seconds * 1e3:.2f}", f"{before * 1e3:.1f}", f"{seconds / before * 100:.1f}%"])
        print_table("All passes, and an object without any (-O0), milliseconds", ["example", "passes", "object", "ratio"], rows)

    def overhead(self):
        """What a launch costs beside the driver's own calls: with a driver that does nothing."""
        folder = self.build / "tests/exec/mock"
        if not (folder / "mock-test-overhead").exists():
            print("overhead: left out, the tests are not built")
            return
        environment = dict(os.environ, LD_LIBRARY_PATH=str(folder / "cuda"))
        row = json.loads(run(folder / "mock-test-overhead", 11 if self.quick else 101, env=environment))
        print_table("A launch and its wait, nanoseconds: two buffers of the device, mock CUDA", ["", "driver's calls", "vyre_rt_run", "added"],
                    [["launch", f"{row['direct_ns']:.0f}", f"{row['ours_ns']:.0f}", f"{row['added_ns']:.0f}"]])
        self.results["overhead"] = {"mock_cuda": row}
        path = self.build / "bin/vulkan-overhead"
        done = subprocess.run([path, "11" if self.quick else "101"], capture_output=True, text=True, check=False)
        if done.returncode:
            print("overhead on Vulkan: left out, there is no device")
            return
        row = json.loads(done.stdout)
        print_table(f"The same on {row['device']}: kept commands, by the driver's three calls and by the runtime", ["", "driver's calls", "vyre_rt_run", "added"],
                    [["launch", f"{row['direct_ns']:.0f}", f"{row['ours_ns']:.0f}", f"{row['added_ns']:.0f}"]])
        self.results["overhead"]["vulkan"] = row

    def build_launches(self):
        work, vyrec = self.work, self.build / "bin/vyrec"
        for name, options in (("planned", ["--fuse=never"]), ("fused", [])):
            run(vyrec, *options, "--target=cpu,spirv,ptx:sm_80", f"--prefix={name}_", "-c", BENCH / "launches.vir", "-o", work / f"{name}.o",
                "-h", work / f"{name}.h")
        run(CLANG, "-O2", "-D_GNU_SOURCE", f"-I{work}", f"-I{SOURCES}", f"-I{SOURCES / 'runtime-stub'}", BENCH / "launches.c", work / "planned.o",
            work / "fused.o", self.build / "lib/libvyrert_internal.a", "-lzstd", "-ldl", "-lpthread", "-lm", "-o", work / "launches")

    def launches(self):
        """A chain of eight arms as launches of their own, as one plan, as one launch: by the runtime and by hand."""
        self.build_launches()
        mock = self.build / "tests/exec/mock/cuda"
        rounds = "21" if self.quick else "201"
        ways = [["cpu", rounds, "4096"], ["cpu", rounds, "262144"], ["vulkan", rounds, "262144"], ["cuda", rounds, "262144"]]
        if mock.exists():
            ways.append(["cuda", rounds, "262144", "mock"])
        lines, rows = [], []
        for way in ways:
            environment = dict(os.environ, **({"LD_LIBRARY_PATH": str(mock)} if "mock" in way else {}))
            done = subprocess.run([self.work / "launches", *way], capture_output=True, text=True, check=False, env=environment)
            if done.returncode == 77:
                continue
            if done.returncode:
                sys.exit(f"bench: launches {way}: {done.stderr}")
            lines += [json.loads(line) for line in done.stdout.splitlines()]
        self.results["launches"] = lines
        for m in lines:
            added = m["least_ours_ns"] - m["least_direct_ns"]
            rows.append([m["device"], m["form"], m["launches"], size_text(m["elements"] * 4), f"{m['least_direct_ns'] / 1e3:.2f}",
                         f"{m['least_ours_ns'] / 1e3:.2f}", f"{added / m['launches']:.0f}", f"{m['least_ours_ns'] / m['least_direct_ns']:.3f}",
                         f"{m['ratio']:.3f}"])
        print_table("Eight arms by the runtime and by hand; buffers of the device; least and median of rounds in turns. A mock computes nothing",
                    ["device", "form", "launches", "data", "by hand us", "runtime us", "added ns each", "ratio", "median"], rows)

    def streaming(self):
        """A file through 64 MiB, against reading it and computing alone, and the processor time of all threads against that of both. In memory
        where there is room, since a file system may take pages of its cache back; what is in it is not looked at."""
        work, vyrec = self.work, self.build / "bin/vyrec"
        run(vyrec, "-c", BENCH / "streaming.vir", "-o", work / "streaming.o", "-h", work / "streaming.h")
        run(CLANG, "-O2", f"-I{work}", f"-I{SOURCES / 'runtime-stub'}", BENCH / "streaming.c", work / "streaming.o",
            self.build / "lib/libvyrert.a", "-lzstd", "-ldl", "-lpthread", "-lm", "-o", work / "streaming")
        shared, n_bytes = pathlib.Path("/dev/shm"), (1 if self.quick else 4) << 30
        path = (shared if shared.is_dir() and shutil.disk_usage(shared).free > 2 * n_bytes else work) / f"vyre-streaming-{os.getpid()}"
        try:
            with open(path, "wb") as file:
                for _ in range(n_bytes >> 20):
                    file.write(bytes(1 << 20))
            m = json.loads(run(work / "streaming", path, 64 << 20, 5))
        finally:
            path.unlink()
        self.results["streaming"] = m
        print_table("A file through 64 MiB, one thread that computes, against the slower of reading and computing: least of rounds in turns",
                    ["file", "read s", "into 16 MiB", "compute s", "both s", "/ slower", "into 16 MiB", "processor"],
                    [[size_text(m["bytes"]), *[f"{m[key]:.3f}" for key in ("read_s", "fill_s", "compute_s", "stream_s", "ratio", "fill_ratio", "processor_ratio")]]])

    def size(self):
        rows, measured = [], {}
        for name in EXAMPLES:
            path = self.work / f"{name}.o"
            sections = {}
            for line in run("size", "-A", path).splitlines():
                words = line.split()
                if len(words) == 3 and words[1].isdigit():
                    sections[words[0]] = int(words[1])
            text = sum(n for s, n in sections.items() if s.startswith(".text"))
            rows.append([name, path.stat().st_size, text, sections.get(".vyre.images", 0)])
            measured[name] = {"file": path.stat().st_size, "text": text, "container": sections.get(".vyre.images", 0)}
        rows.append(["the same loops in C, one level", (self.work / "loops.o").stat().st_size, "", ""])
        self.results["size"] = measured
        print_table("Objects, bytes", ["object", "file", "code (3 levels)", "container"], rows)


def spread(m):
    return f"{(m['p75_s'] - m['p25_s']) / m['median_s'] * 100:.0f}%"


def rate(n_bytes, m):
    return f"{n_bytes / m['median_s'] * 1e-9:.2f}"


def fit_exponent(points):
    """The slope of the least-squares line through the logarithms."""
    logs = [(math.log(x), math.log(max(y, 1e-6))) for x, y in points]
    mean_x, mean_y = (sum(column) / len(logs) for column in zip(*logs))
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        model = next((line.split(":")[1].strip() for line in cpuinfo if line.startswith("model name")), "unknown")
    return {"cpu": model, "threads": os.cpu_count()}


TWENTY_LINES = """// Twenty lines: a moving average with a bound.
program average {
  workgroup 256;
  buffer samples : read f32[];
  buffer result  : write f32[];
  param  window  : u32;
  param  top     : f32;

  if gid.x < len(result) {
    var sum = 0.0f32;
    var n = 0u32;
    for k in 0u32..window {
      let i = gid.x + k;
      if i < len(samples) {
        sum = sum + samples[i];
        n = n + 1;
      }
    }
    result[gid.x] = min(sum / f32(n), top); } }
"""
TWENTY_LINES_C = """#include <stddef.h>
#include <stdint.h>
void average(const float *samples, size_t n_samples, float *result, size_t n_result, uint32_t window, float top)
{
    for (size_t i = 0; i < n_result; i++) {
        float sum = 0;
        uint32_t n = 0;
        for (uint32_t k = 0; k < window; k++) {
            if (i + k < n_samples) {
                sum += samples[i + k];
                n++;
            }
        }
        float mean = sum / (float)n;
        result[i] = mean < top ? mean : top;
    }
}
"""


def many_statements(n):
    """One program of n statements that use what came before, in blocks of ten."""
    lines = ["program many {", "  workgroup 64;", "  buffer a : read_write u32[];", "  var x = gid.x;"]
    for i in range(n // 10):
        lines.append(f"  if x > {i} {{\n    let a{i} = a[x + {i}];\n    let b{i} = a{i} * 3 + x;\n    let c{i} = b{i} ^ a{i} >> 5;\n"
                     f"    let d{i} = min(b{i}, c{i}) - 7;\n    let e{i} = select(d{i} > a{i}, d{i}, rotl(c{i}, 3));\n"
                     f"    x = x + e{i};\n    a[x] = c{i} | d{i};\n    x = x ^ popcount(b{i});\n    a[x + 1] = e{i};\n  }}")
    return "\n".join(lines) + "\n}\n"


PARTS = ["kernels", "fusion", "scanners", "regexes", "compile", "scale", "passes", "size", "overhead", "launches", "streaming"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the folder of the release build")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller sizes")
    parser.add_argument("--only", default=",".join(PARTS), help="parts to measure: " + ",".join(PARTS))
    options = parser.parse_args()
    bench = Bench(options.build.resolve(), options.quick)
    bench.prepare()
    wanted = options.only.split(",")
    for part in PARTS:
        if part in wanted or (part == "kernels" and "size" in wanted and not (bench.work / "xor.o").exists()):
            getattr(bench, part)()
    path = bench.build.parent / "bench.json"
    path.write_text(json.dumps(bench.results, indent=1) + "\n", encoding="utf-8")
    print(f"\nall figures: {path}")


if __name__ == "__main__":
    main()
