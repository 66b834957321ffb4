#!/usr/bin/env python3
"""handoffs.py --bin DIR [--seed N] [--count N]: random pipelines whose arms hand buffers over in every way that passes.md names.

Each runs arm by arm in the interpreter, and fused in the interpreter (with race detection) and as CPU code, at lengths around
the ends of tiles and workgroups. The first difference is printed with its text; the last line counts."""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

TYPES = ["u8", "u16", "u32", "i32"]
SIZES = [1, 32, 64, 64, 96, 256]
LENGTHS = [0, 1, 2, 63, 64, 65, 255, 256, 257, 700, 1536, 3000]
PROGRAM = """program {name} {{
  workgroup {size};
  dispatch {dispatch};
  buffer from : read {source}[];
  buffer to   : {access} {target}[];
{more}
{body}
}}
"""


def producers(rng, size, target):
    """(dispatch, elements made per elements read, further declarations, body)"""
    value = lambda e: f"{target}(u32({e}) * {rng.choice([1, 3, 5])} + {rng.randrange(9)})"
    quad = "let q = gid.x; if q < len(from) / 4 { var b = 0u32; for k in 0u32..4 { b = b << 6 | u32(from[q * 4 + k]) & 63; }"
    return [
        ("len(to)", (1, 1), "", f"to[gid.x] = {value('from[gid.x]')};"),
        ("len(to)", (1, 1), "", f"let i = gid.x; if i >= len(to) {{ return; }} to[i] = {value('from[i]')};"),
        ("len(from) / 4", (3, 4), "", quad + "".join(f" to[q * 3 + {k}] = {target}(b >> {16 - 8 * k});" for k in range(3)) + " }"),
        ("len(from) / 2", (1, 2), "", f"let i = gid.x; if i < len(from) / 2 {{ to[i] = {value('from[i * 2 + 1]')}; }}"),
        ("len(to) / 2", (1, 1), "", f"to[gid.x * 2] = {value('from[gid.x]')}; to[gid.x * 2 + 1] = {value('from[gid.x + 1]')};"),
        ("len(to) / 8 + 1", (1, 1), "", f"let i = gid.x; for k in 0u32..8 {{ if i * 8 + k < len(to) {{ to[i * 8 + k] = {value('from[i * 8 + k]')}; }} }}"),
        ("len(to)", (1, 1), "", f"to[wid.x * {size} + {size - 1} - lid.x] = {value('from[gid.x]')};"),
        ("len(to)", (1, 1), "", f"to[len(to) - 1 - gid.x] = {value('from[gid.x]')};"),
        ("len(to)", (1, 1), f"  workgroup s : {target}[{size}];", f"s[lid.x] = {value('from[gid.x]')}; barrier; to[gid.x] = s[{size - 1} - lid.x];"),
        ("len(to)", (1, 1), "", f"if gid.x % 3 != 1 {{ to[gid.x] = {value('from[gid.x]')}; }}"),
        ("len(to)", (1, 1), "", f"for k in 0u32..4 {{ if u32(from[gid.x + k]) == 7 {{ return; }} }} to[gid.x] = {value('from[gid.x]')};"),
        ("len(to)", (1, 1), "  local m : u32[3];", f"m[gid.x % 3] = u32(from[gid.x]); to[gid.x] = {target}(m[0] + m[1] * 2 + m[2] * 3);"),
    ]


def consumers(rng, size, source, target):
    """(further declarations, body)"""
    near = " + ".join(f"u32(from[i {'-' if d < 0 else '+'} {abs(d)}])" for d in (rng.randrange(-5, 20) for _ in range(3)))
    step = rng.choice([4, 8])
    return [
        ("", f"to[gid.x] = {target}(from[gid.x]);"),
        ("", f"let i = gid.x; if i < len(from) && i < len(to) {{ to[i] = {target}({near}); }}"),
        ("", f"var n = 0u32; while n < 9 && from[gid.x + n] != {source}(0) max {rng.choice([10, 30])} {{ n = n + 1; }} to[gid.x] = {target}(n);"),
        ("", f"to[gid.x] = {target}(from[gid.x / {rng.choice([2, 3, 4])}]);"),
        ("", f"to[gid.x] = {target}(u32(from[gid.x * 2]) + u32(from[gid.x * 2 + 1]));"),
        (f"  workgroup s : u32[{size}];", f"s[lid.x] = u32(from[gid.x]); barrier; to[gid.x] = {target}(s[{size - 1} - lid.x] + s[0]);"),
        ("", f"var s = 0u32; for k in 0u32..{step} {{ s = s * 3 + u32(from[gid.x * {step} + k]); }} to[gid.x] = {target}(s);"),
        ("", f"to[gid.x] = {target}(from[wid.x * {size} + (lid.x ^ 1)]);"),
        ("", f"let i = gid.x; if i + {rng.randrange(9)} >= len(from) {{ return; }} to[i] = {target}(u32(from[i]) + u32(from[i + {rng.randrange(30)}]));"),
        ("", f"to[gid.x] = {target}(u32(from[gid.x]) + num_workgroups.x + len(from) + wid.x * 3 + lid.x);"),
    ]


def make(rng):
    """The text of a pipeline, and its arguments for a length n: name, type, how much longer than n."""
    n = rng.choice([2, 2, 3, 3, 4])
    types = [rng.choice(TYPES) for _ in range(n + 1)]
    programs, temps, arms, length = [], [], [], "len(a)"
    params = [f"a : read {types[0]}[]", f"b : write {types[n]}[]"]
    outputs = ["b"]
    for i in range(n):
        size, source, target = rng.choice(SIZES), types[i], types[i + 1]
        ratio, access = (1, 1), "write"
        if i == n - 1 or (i and rng.random() < 0.4):
            more, body = rng.choice(consumers(rng, size, source, target))
            dispatch = rng.choice(["len(to)", "len(from)"])
        else:
            dispatch, ratio, more, body = rng.choice(producers(rng, size, target))
            access = rng.choice(["write", "write", "read_write"])
        if rng.random() < 0.1:
            dispatch = str(rng.choice([1, 64, 200, 3000]))
        programs.append(PROGRAM.format(name=f"p{i}", size=size, dispatch=dispatch, source=source, access=access, target=target, more=more, body="  " + body))
        arms.append(f"  arm s{i} = p{i}(from: {'a' if i == 0 else f't{i - 1}'}, to: {'b' if i == n - 1 else f't{i}'});")
        if i == n - 1:
            break
        length = length if ratio == (1, 1) else f"{length} / {ratio[1]} * {ratio[0]}"
        if rng.random() < 0.12:
            params.append(f"t{i} : read_write {target}[]")
            outputs.append(f"t{i}")
        else:
            temps.append(f"  temp t{i} : {target}[{length}];")
    text = "".join(programs) + f"pipeline chained({', '.join(params)}) {{\n  budget 1 MiB;\n" + "\n".join(temps + arms) + "\n}\n"
    return text, types, outputs


def arguments(rng, types, outputs):
    n = rng.choice(LENGTHS)
    words = ["--pipeline=chained", f"a=random:{types[0]}[{n}]:{n + 1}"]
    for name in outputs:
        kind = types[-1] if name == "b" else types[int(name[1:]) + 1]
        count = max(0, n + rng.choice([0, 0, 3, -2]))
        words += [f"{name}={kind}[{count}]" if name == "b" else f"{name}=random:{kind}[{count}]:4", f"--dump={name}"]
    return words


def run(tool, *words):
    done = subprocess.run([tool, *words], capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout


def check(tool, path, rng, types, outputs):
    """The command that differs, or None."""
    words = arguments(rng, types, outputs)
    expected = run(tool, "-O0", "--backend=interp", path, *words)
    if expected[0]:
        return " ".join([tool, "-O0", "--backend=interp", path, *words])
    for way in (["--backend=interp", "--races"], ["--backend=interp", "--schedule=reversed"], ["--backend=cpu"]):
        command = ["--passes=decode_scan_fuse", "--verify-each", *way, path, *words]
        if run(tool, *command) != expected:
            return " ".join([tool, *command])
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=24)
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "pipeline.vir")
        for seed in range(options.seed, options.seed + options.count):
            rng = random.Random(seed)
            text, types, outputs = make(rng)
            pathlib.Path(path).write_text(text, encoding="utf-8")
            difference = check(f"{options.bin}/vyre-run", path, rng, types, outputs)
            if difference:
                failed += 1
                print(f"seed {seed}: {difference}\n{text}")
    print(f"{options.count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
