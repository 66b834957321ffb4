#!/usr/bin/env python3
"""ptxas.py VYREC SOURCES SCRATCH [--update] - assembles the PTX of the examples and of programs of tests, and compares registers, spilled bytes,
workgroup memory and instructions with the table in ptxas.txt, so that a regression shows. --update writes the table anew.

Exit status 77: there is no ptxas (looked for in CUDA_PATH, then PATH), or not of the version that the table is from."""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

VYREC, SOURCES, SCRATCH = sys.argv[1], *map(pathlib.Path, sys.argv[2:4])
TABLE = pathlib.Path(__file__).with_name("ptxas.txt")
EXAMPLES = ["xor", "reduce", "histogram", "softmax", "scan_base64"]
FOLDERS = [*(f"examples/{name}/*.vir" for name in EXAMPLES), "tests/exec/ptx/*.vir", "tests/exec/amdgcn/*.vir"]
PROCESSORS = ["sm_75", "sm_80", "sm_90", "sm_100", "sm_120"]
INSTRUCTION_BYTES, OPCODE_MASK, NOP = 16, 0xFFF, 0x918
HEAD = "# {}\n# program                             processor  registers  spilled  shared  instructions\n"


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout + done.stderr


def find_ptxas():
    beside = pathlib.Path(os.environ.get("CUDA_PATH", "/nowhere")) / "bin" / "ptxas"
    return str(beside) if beside.exists() else shutil.which("ptxas")


def count_instructions(cubin, kernel):
    """Those of a kernel's section, less what only fills it up."""
    data = cubin.read_bytes()
    head = struct.unpack_from("<16sHHIQQQIHHHHHH", data)
    rows = [struct.unpack_from("<IIQQQQIIQQ", data, head[6] + i * 64) for i in range(head[12])]
    for row in rows:
        at = rows[head[13]][4] + row[0]
        if data[at : data.index(b"\0", at)].decode() == f".text.{kernel}":
            words = struct.iter_unpack("<QQ", data[row[4] : row[4] + row[5] // INSTRUCTION_BYTES * INSTRUCTION_BYTES])
            return sum((low & OPCODE_MASK) != NOP for low, _ in words)
    sys.exit(f"FAILED: no code of {kernel}")


def assemble(ptxas, source, processor):
    ptx, cubin = SCRATCH / "code.ptx", SCRATCH / "code.cubin"
    run(VYREC, "-w", "--emit=ptx", f"--target=ptx:{processor}", "-I", SCRATCH, source, "-o", ptx)
    report = run(ptxas, "-v", f"-arch={processor}", ptx, "-o", cubin)
    for part in report.split("Compiling entry function '")[1:]:
        kernel = part[: part.index("'")]
        registers = int(re.search(r"Used (\d+) registers", part)[1])
        spilled = int(re.search(r"(\d+) bytes spill stores", part)[1])
        shared = re.search(r"(\d+) bytes smem", part)
        yield kernel.removeprefix("vyre_"), registers, spilled, int(shared[1]) if shared else 0, count_instructions(cubin, kernel)


def check_object(ptxas):
    """The machine code in an object is what ptxas makes of the same text."""
    source, built = SOURCES / "examples" / "xor" / "xor.vir", SCRATCH / "object.o"
    list(assemble(ptxas, source, "sm_90"))
    subprocess.run([ptxas, "-arch=sm_90", "code.ptx", "-o", "code.cubin"], cwd=SCRATCH, check=True)
    run(VYREC, "--target=ptx:sm_90", f"--ptxas={ptxas}", source, "-o", built)
    run(pathlib.Path(VYREC).with_name("vyre-objdump"), "--extract=cubin:sm_90", built, "-o", SCRATCH / "image")
    if (SCRATCH / "image").read_bytes() != (SCRATCH / "code.cubin").read_bytes():
        sys.exit("FAILED: --ptxas put something else into the object")


def make_tables():
    """What the base64 example reads."""
    folder = SOURCES / "examples" / "scan_base64"
    run("cc", folder / "make_tables.c", "-o", SCRATCH / "make_tables")
    subprocess.run([SCRATCH / "make_tables", folder / "literals.txt", "."], cwd=SCRATCH, check=True, capture_output=True)


def main():
    ptxas = find_ptxas()
    if not ptxas:
        print("skipped: no ptxas")
        return 77
    version = re.search(r"V([\d.]+)", run(ptxas, "--version"))[0]
    update = "--update" in sys.argv
    if not update and f"# ptxas {version}\n" not in TABLE.read_text():
        print(f"skipped: {TABLE.name} is not of ptxas {version}")
        return 77
    SCRATCH.mkdir(parents=True, exist_ok=True)
    make_tables()
    check_object(ptxas)
    rows = []
    for source in sorted(path for folder in FOLDERS for path in SOURCES.glob(folder)):
        for processor in PROCESSORS:
            for kernel, *figures in assemble(ptxas, source, processor):
                name = f"{source.stem}.{kernel}"
                rows.append(f"{name:<38}{processor:<9}" + "".join(f"{f:>10}" for f in figures) + "\n")
    text = HEAD.format(f"ptxas {version}") + "".join(sorted(rows))
    if update:
        TABLE.write_text(text)
    elif text != TABLE.read_text():
        (SCRATCH / TABLE.name).write_text(text)
        difference = subprocess.run(["diff", "-u0", TABLE, SCRATCH / TABLE.name], capture_output=True, text=True, check=False)
        sys.exit(f"FAILED: the code has changed; `ptxas.py ... --update` if it is better\n{difference.stdout}")
    return 0


sys.exit(main())
