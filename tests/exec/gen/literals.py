#!/usr/bin/env python3
"""literals.py VYREC GEN RUN LIST LIB WORK: what vyre-gen makes of lists of literals, in every form, on the interpreter and at every CPU level, against a plain search.

Lists are random ones over few and over all bytes, with overlaps and prefixes of each other, and LIST; texts are random ones in which the literals
stand, also at both ends and at the borders of windows, and empty ones. They are searched as they are, and in base64."""
import base64
import bisect
import pathlib
import random
import struct
import sys

import common
from common import check, must

VYREC, GEN, RUN, LIST, LIB, WORK = sys.argv[1:7]
FORMS = ["auto", "automaton", "buckets", "hash"]
WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
work = pathlib.Path(WORK)
launch = common.Launcher(RUN, work, "-I", LIB).launch


def escape(literal):
    return b"".join(b"\\x%02x" % c if c in b"\n\r\\\0" or c > 126 else bytes([c]) for c in literal) + b"\n"


def search(text, literals, ignore_case, whole_words):
    """Every (last byte, pattern), in this order."""
    found = []
    folded = text.lower() if ignore_case else text
    for pattern, literal in enumerate(literals):
        literal = literal.lower() if ignore_case else literal
        at = folded.find(literal)
        while at >= 0:
            after = at + len(literal)
            whole = not (at and text[at - 1] in WORD) and not (after < len(text) and text[after] in WORD)
            if whole or not whole_words:
                found.append((after - 1, pattern))
            at = folded.find(literal, at + 1)
    return sorted(found)


def compare(name, vir, where, path, expected, n_literals, begins):
    what = f"{name} {where}"
    check(f"{what} count", launch("literals_count", where, vir, path, "total=u64[1]", total=8)[0], [len(expected)])
    room = len(expected) + 3
    buffers = [f"patterns=u32[{room}]", f"ends=u32[{room}]", "total=u64[2]"]
    for program, ordered in [("literals_find", sorted), ("literals_sorted", list)]:
        total, patterns, ends = launch(program, where, vir, path, *buffers, total=8, patterns=4, ends=4)
        check(f"{what} {program} total", total, [len(expected), 0])
        check(f"{what} {program}", ordered(list(zip(ends, patterns))[:len(expected)]), expected)
    if len(expected) > 2:  # a list that is too short: all that it has are matches, and what it lacks is counted
        few = len(expected) // 2
        total, patterns, ends = launch("literals_find", where, vir, path, f"patterns=u32[{few}]", f"ends=u32[{few}]", "total=u64[2]",
                                       total=8, patterns=4, ends=4)
        check(f"{what} lost", total, [len(expected), len(expected) - few])
        check(f"{what} part", len(set(zip(ends, patterns)) & set(expected)), few)
    (work / "begins").write_bytes(struct.pack(f"<{len(begins)}I", *begins))
    per_region = (n_literals + 31) // 32
    present = [0] * (per_region * len(begins))
    size = path.stat().st_size
    n_inside = 0
    for last, pattern in expected:
        start = last + 1 - len(compare.literals[pattern])
        region = bisect.bisect_right(begins, start) - 1
        if region >= 0 and last < (begins[region + 1] if region + 1 < len(begins) else size):
            present[region * per_region + pattern // 32] |= 1 << pattern % 32
            n_inside += 1
    total, got = launch("literals_presence", where, vir, path, f"begins=@{work / 'begins'}", "total=u64[2]", f"present=u32[{len(present)}]",
                        total=8, present=4)
    check(f"{what} presence total", total, [n_inside, 0])
    check(f"{what} presence", got, present)


def compare_encoded(name, vir, where, text, expected):
    """The pipelines with a decoder in front: of the text in base64, and with a fault in its last group."""
    path = work / "encoded"
    encoded = base64.b64encode(text)
    room = len(expected) + 3
    path.write_bytes(encoded)
    report, total, patterns, ends = launch("literals_base64_sorted", where, vir, path, "report=u32[3]", f"patterns=u32[{room}]", f"ends=u32[{room}]",
                                           "total=u64[2]", report=4, total=8, patterns=4, ends=4)
    check(f"{name} {where} decoded", report, [len(text), 0, 0xFFFFFFFF])
    check(f"{name} {where} in base64", list(zip(ends, patterns))[:total[0]], expected)
    at = len(encoded) // 4 * 2
    path.write_bytes(encoded[:at] + b"*" + encoded[at + 1:])
    report = launch("literals_base64_count", where, vir, path, "report=u32[3]", "total=u64[1]", report=4)[0]
    check(f"{name} {where} fault", report, [len(text), 1, at])


def place(text, literals, rng):
    """The text with literals in it, at both ends and around the borders of windows."""
    text = bytearray(text)
    places = [0, len(text), 4096, 64, 1024] + [rng.randrange(len(text)) for _ in range(40)]
    for at in places:
        literal = rng.choice(literals)
        at = max(0, min(at + rng.choice([0, 0, -1, -len(literal) // 2]), len(text) - len(literal)))
        text[at:at + len(literal)] = literal
    return bytes(text)


def cases(rng):
    few, some, every = b"ab", b"abcAB_ 01", bytes(range(256))

    def words_of(alphabet, n, least, most):
        return list({bytes(rng.choices(alphabet, k=rng.randint(least, most))): 0 for _ in range(n)})
    yield "one", [b"abra"], b"abracadabra", {}
    yield "nothing", [b"abra", b"\0\0"], b"", {}
    yield "zeros", [b"\0", b"\0\0\0", b"a\0"], b"\0\0\0a\0", {}
    yield "few", words_of(few, 20, 1, 6), bytes(rng.choices(few, k=5000)), {}
    yield "every", words_of(every, 300, 3, 20), rng.randbytes(9001), {}
    yield "words", [w.strip() or b"_" for w in words_of(b"abc", 12, 3, 5)], bytes(rng.choices(some, k=6000)), {"whole_words": True}
    fold = list({w.lower(): w for w in words_of(some, 60, 2, 7)}.values())
    yield "case", fold, bytes(rng.choices(some, k=6000)), {"ignore_case": True}
    yield "both", fold, bytes(rng.choices(some, k=3000)), {"ignore_case": True, "whole_words": True}
    yield "long", [rng.randbytes(4096), b"short", rng.randbytes(700)], rng.randbytes(20000), {}
    secrets = pathlib.Path(LIST).read_bytes().splitlines()
    yield "secrets", secrets, b" ".join(rng.choices(secrets, k=900)), {}


def main():
    rng = random.Random(20)
    for name, literals, text, flags in cases(rng):
        if len(text) > 100:
            text = place(text, literals, rng)
        path, listed = work / "text", work / "list.txt"
        path.write_bytes(text)
        listed.write_bytes(b"".join(map(escape, literals)))
        expected = search(text, literals, flags.get("ignore_case"), flags.get("whole_words"))
        begins = sorted(rng.randrange(len(text) + 1) for _ in range(rng.choice([1, 7])))
        compare.literals = literals
        for form in FORMS:
            if (form == "buckets" and len(literals) > 400) or (form == "auto" and name not in ("one", "secrets")):
                continue
            vir = work / f"{form}.vir"
            decodes = (name, form) in [("every", "buckets"), ("secrets", "hash"), ("both", "hash")]
            must(GEN, "literals", listed, f"--form={form}", *["--decode=base64"] * decodes, *[f"--{flag.replace('_', '-')}" for flag in flags], "-o", vir)
            levels = common.levels() or [None]
            levels = levels if name in ("few", "both") else levels[-1:]
            executors = [f"--cpu-level={level}" if level else "--backend=cpu" for level in levels]
            must(VYREC, common.target(levels[0] if len(levels) == 1 else None), "-I", LIB, "-c", vir, "-o", vir.with_suffix(".o"))
            for where in executors + ["--backend=interp"] * (len(text) < 100):
                if decodes:
                    compare_encoded(f"{name} {form}", vir.with_suffix(".o"), where, text, expected)
                compare(f"{name} {form}", vir if "interp" in where else vir.with_suffix(".o"), where, path, expected, len(literals), begins)
    print(f"{common.n_compared} results compared")


main()
