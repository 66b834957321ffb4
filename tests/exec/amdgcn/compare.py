#!/usr/bin/env python3
"""compare.py VYREC LLVM_BIN SOURCES SCRATCH - is what vyrec links for AMD's GPUs what ld.lld makes of the same object?

For each program and processor: the file header, the symbols that a loader looks for, metadata, machine code and kernel descriptors
must be the same, but for where things lie; descriptors must lead to their kernels; llvm-readelf must read it without a warning, and
llvm-objdump know every instruction. Exit status 77: there is no ld.lld."""

import pathlib
import re
import struct
import subprocess
import sys

VYREC, BIN, SOURCES, SCRATCH = sys.argv[1], *map(pathlib.Path, sys.argv[2:5])
ENTRY_FIELD = 16  # of a kernel descriptor: how far the code is from it, 8 bytes
WAVES = {"gfx9": 64, "gfx1": 32}
LONG, FEW = ("lib", "secrets", "scan_base64"), 5


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode or "warning" in done.stderr:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


class Elf:
    """What a loader sees of a shared object."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        head = struct.unpack_from("<16sHHIQQQIHHHHHH", self.bytes)
        self.identity = (head[0], head[1], head[2], head[7])
        rows = [struct.unpack_from("<IIQQQQIIQQ", self.bytes, head[6] + i * 64) for i in range(head[12])]
        names = rows[head[13]]
        self.sections = {self.string(names[4] + row[0]): row for row in rows}
        self.segments = [struct.unpack_from("<IIQQQQQQ", self.bytes, head[5] + i * 56) for i in range(head[10])]
        self.symbols = dict(self.read_symbols())

    def string(self, at):
        return self.bytes[at : self.bytes.index(b"\0", at)].decode()

    def contents(self, section):
        row = self.sections[section]
        return self.bytes[row[4] : row[4] + row[5]]

    def read_symbols(self):
        table, names = self.contents(".dynsym"), self.sections[".dynstr"][4]
        for name, info, other, section, value, size in struct.iter_unpack("<IBBHQQ", table[24:]):
            yield self.string(names + name), {"value": value, "size": size, "kind": (info, other)}

    def at_address(self, address, size):
        """The bytes that are loaded there."""
        for kind, _, offset, start, _, in_file, _, _ in self.segments:
            if kind == 1 and start <= address and address + size <= start + in_file:
                return self.bytes[offset + address - start : offset + address - start + size]
        raise SystemExit(f"FAILED: nothing is loaded at {address:#x}")

    def symbol_bytes(self, name):
        return self.at_address(self.symbols[name]["value"], self.symbols[name]["size"])


def without_entry(descriptor):
    return descriptor[:ENTRY_FIELD] + descriptor[ENTRY_FIELD + 8 :]


def expect(what, ours, theirs):
    if ours != theirs:
        sys.exit(f"FAILED: {what}: {ours!r}, and ld.lld has {theirs!r}")


def compare_files(where, ours, theirs):
    expect(f"{where}: header", ours.identity, theirs.identity)
    expect(f"{where}: metadata", ours.contents(".note"), theirs.contents(".note"))
    expect(f"{where}: code", ours.contents(".text"), theirs.contents(".text"))
    expect(f"{where}: symbols", sorted(ours.symbols), sorted(theirs.symbols))
    for name, symbol in ours.symbols.items():
        for fact in ("size", "kind"):
            expect(f"{where}: {name}, {fact}", symbol[fact], theirs.symbols[name][fact])
        if not name.endswith(".kd"):
            expect(f"{where}: {name}", ours.symbol_bytes(name), theirs.symbol_bytes(name))
            continue
        expect(f"{where}: {name}", without_entry(ours.symbol_bytes(name)), without_entry(theirs.symbol_bytes(name)))
        distance = struct.unpack_from("<q", ours.symbol_bytes(name), ENTRY_FIELD)[0]
        expect(f"{where}: {name}, entry", symbol["value"] + distance, ours.symbols[name[:-3]]["value"])


def check_program(source, target):
    where = f"{source.name} for {target}"
    ours, unlinked, theirs = SCRATCH / "ours", SCRATCH / "unlinked.o", SCRATCH / "theirs"
    options = ["-w", f"--target=amdgcn:{target}", "-I", SCRATCH, "-I", SOURCES / "lib", source]
    run(VYREC, "--emit=amdgcn", *options, "-o", ours)
    run(VYREC, "--emit=amdgcn-obj", *options, "-o", unlinked)
    run(BIN / "ld.lld", "-shared", unlinked, "-o", theirs)
    compare_files(where, Elf(ours), Elf(theirs))
    text = run(BIN / "llvm-readelf", "-h", "-l", "-S", "-n", "--dyn-symbols", "--dynamic", "--hash-symbols", ours)
    for fact in (f"amdhsa.target:   amdgcn-amd-amdhsa--{target}", f".wavefront_size: {WAVES[target[:4]]}", "Type:  "):
        if not re.search(re.escape(fact), text):
            sys.exit(f"FAILED: {where}: no '{fact}' in\n{text}")
    if re.search("<unknown>", run(BIN / "llvm-objdump", "-d", ours)):
        sys.exit(f"FAILED: {where}: an instruction that llvm-objdump does not know")


def from_text(elf, listing):
    """The listing with addresses of code counted from its start: it need not lie at the same place."""
    start, size = elf.sections[".text"][3], elf.sections[".text"][5]

    def count(match):
        value = int(match[1], 16) - start
        return f"text+{value:x}" if 0 <= value <= size else match[0]

    return re.sub(r"\b(?:0x)?([0-9a-f]{16}|[0-9a-f]{8})\b", count, listing)


def check_lines(source, target):
    """Under -g, what a debugger reads is what it reads of ld.lld's; each program's code has lines of the source."""
    where = f"{source.name} -g for {target}"
    ours, unlinked, theirs = SCRATCH / "ours", SCRATCH / "unlinked.o", SCRATCH / "theirs"
    options = ["-w", "-g", f"--target=amdgcn:{target}", "-I", SCRATCH, "-I", SOURCES / "lib", source]
    run(VYREC, "--emit=amdgcn", *options, "-o", ours)
    run(VYREC, "--emit=amdgcn-obj", *options, "-o", unlinked)
    run(BIN / "ld.lld", "-shared", unlinked, "-o", theirs)
    compare_files(where, Elf(ours), Elf(theirs))
    parts = ["--debug-line", "--debug-info", "--debug-addr", "--debug-frame", "--debug-names"]  # ld.lld sorts strings
    texts = [from_text(Elf(path), run(BIN / "llvm-dwarfdump", *parts, path).split("\n", 1)[1]) for path in (ours, theirs)]
    expect(f"{where}: debug information", *texts)
    run(BIN / "llvm-dwarfdump", "--verify", ours)
    lines = re.findall(rf"^; \S*{source.name}:(\d+)$", run(BIN / "llvm-objdump", "-dl", ours), re.MULTILINE)
    if not lines:
        sys.exit(f"FAILED: {where}: no lines of the source")


def make_inputs():
    """What the makefiles of two examples make."""
    tables = SOURCES / "scan_base64"
    if not (tables / "make_tables.c").exists():
        return
    run("cc", tables / "make_tables.c", "-o", SCRATCH / "make_tables")
    run("env", "-C", SCRATCH, "./make_tables", tables / "literals.txt", ".")
    run(pathlib.Path(VYREC).with_name("vyre-gen"), "literals", SOURCES / "secrets" / "secret_literals.txt", "-o", SCRATCH / "literals.vir")


def main():
    if not (BIN / "ld.lld").exists():
        print("skipped: no ld.lld")
        return 77
    SCRATCH.mkdir(parents=True, exist_ok=True)
    listed = run(VYREC, "--list-targets")
    targets = re.findall(r"^amdgcn:(\S+)", listed, re.MULTILINE)
    make_inputs()
    # Files of functions alone have no code of their own.
    sources = sorted(path for path in SOURCES.glob("**/*.vir") if re.search(r"^program ", path.read_text(), re.MULTILINE))
    if len(targets) < 14 or len(sources) < 4:
        sys.exit("FAILED: too few targets or programs")
    for number, source in enumerate(sources):
        # Those that take long are compared for a few, each for others.
        is_long = source.parent.name in LONG
        for target in targets[number % FEW :: FEW] if is_long else targets:
            check_program(source, target)
    first = next(source for source in sources if source.parent.name not in LONG)
    for target in targets[::FEW]:
        check_lines(first, target)
    print(f"{len(sources)} files for {len(targets)} processors are as ld.lld links them")
    return 0


sys.exit(main())
