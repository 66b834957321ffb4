#!/usr/bin/env python3
"""regex.py VYREC GEN RUN WORK [ROUNDS [SEED]]: what vyre-gen makes of regular expressions, in every form, on the interpreter and on the CPU, against PCRE2.

Patterns are written out below and made at random, texts are random ones over the bytes that the patterns know, with pieces that match. An expression that
PCRE2 refuses must be refused, and one that it takes must be taken, or refused for a reason that the documents name."""
import pathlib
import random
import re
import struct
import sys

import common
import pcre2
from common import check, must, run

VYREC, GEN, RUN, WORK = sys.argv[1:5]
ROUNDS = int(sys.argv[5]) if len(sys.argv) > 5 else 1
SEED = int(sys.argv[6]) if len(sys.argv) > 6 else 20
FORMS = ["auto", "automaton", "positions", "buckets", "streams"]
ALPHABET = b"aabbAB_ 0-\n\n.\xa0"
work = pathlib.Path(WORK)
launcher = common.Launcher(RUN, work)
n_refused = 0

WRITTEN = [
    [b"abra"],
    [b"a*b+", b"a.b", b"(?s)a.b", b"[^a]b", b"a{2,3}", b"a{2,}b", b"(ab|ba){1,2}", b"a??b"],
    [rb"^a", rb"a$", rb"(?m)^a", rb"(?m)a$", rb"\Aa", rb"a\z", rb"a\Z", rb"\ba", rb"a\b", rb"\Ba", rb"a\B", rb"\b\w+\b", rb"a\b.", rb"a$\n", rb"(?m)a\n^",
     rb"(?m)^$\n", rb"\A\n", rb"(?:^|a)b", rb"(?:$|b)\n?", rb"(?m)(?:a|^)+b", rb"(?:\b|a)*b\b"],
    [b"/aB/i", b"/a.b/s", b"/^a b$/mx", b"(?i)a(?-i)b", b"(?i:a)b", b"a(?i)b|a", b"(a(?i)b|_)A", b"[[:upper:]]b", b"/[[:upper:]]b/i", b"/[^a]b/i"],
    [rb"\d\w\s", rb"\D\W", rb"\S\h", rb"\H\v", rb"\V\N", rb"[\d_-]a", rb"[]a]b", rb"[^]a]b", rb"[a\]]", rb"[[:alpha:][:digit:]]_", rb"[[:^alpha:]]a",
     rb"\x61\x{62}", rb"\061a", rb"\o{141}b", rb"[\x41-\x42]a", rb"\Qa.\Eb", rb"a\Q\E+", rb"\.\-", b"\xa0+a", rb"\ca?b", rb"[\b]?a"],
    [b"(?<n>a)b", b"(?P<n>a)_", b"(?'n'a)0", b"(?#no)ab", b"a(?#no)+", b"(?|a|b)0", b"(?:)a", b"(?U)a+", b"(?^)a", b"x{,3}|a{b", b"a{1", b"b{0}a", b"(|a)b"],
    [b"[ab]{70}", b"(?:a|b){3,90}_", b"a.{80}b", b"(?s)_.*_", b"[^_]*0", b"(?s)a.{0,100}0\\b", b"(?:ab?){60,70}$", b"b" * 130, b"(?:a.?){40}\\B0?"],
    [b"(?:a?){12}", b"(?:(?:a|b)*_)*", b"(?:a{0,3}b{0,3}){0,4}", b"(a|ab)(c|bcd)*0", b"((((a+)+)+)+)b", b"(?s).*", b"(?:a|(?:b|(?:_|0)))+\\n"],
]


def has_vulkan():
    (work / "one.vir").write_text("program one {\n  buffer x : write u32[1];\n  x[0] = 1;\n}\n")
    must(VYREC, "--target=cpu,spirv:vulkan1.2", "-c", work / "one.vir", "-o", work / "one.o")
    return not run(RUN, "--backend=vulkan", work / "one.o", "--program=one", "x=u32[1]").returncode


def compile_line(line, ignore_case=False):
    """A line of a list, as PCRE2 takes it."""
    options = pcre2.CASELESS if ignore_case else 0
    if line.startswith(b"/"):
        line, flags = line[1:].rsplit(b"/", 1)
        for flag in flags.decode():
            options |= pcre2.FLAGS[flag]
    return pcre2.Pattern(line, options)


def launch(program, *arguments, **dumps):
    return launcher.launch(f"patterns_{program}", *arguments, **dumps)


def search(text, patterns, whole_words):
    """Every (last byte, pattern), in this order."""
    return sorted((end, number) for number, pattern in enumerate(patterns) for end in pattern.ends(text))


def compare(what, where, vir, path, patterns, begins, whole_words):
    text = path.read_bytes()
    expected = search(text, patterns, whole_words)
    check(f"{what} count", launch("count", where, vir, path, "total=u64[1]", total=8)[0], [len(expected)])
    room = len(expected) + 3
    buffers = [f"patterns=u32[{room}]", f"ends=u32[{room}]", "total=u64[2]"]
    for program, ordered in [("find", sorted), ("sorted", list)]:
        total, numbers, ends = launch(program, where, vir, path, *buffers, total=8, patterns=4, ends=4)
        check(f"{what} {program}", ordered(list(zip(ends, numbers))[:len(expected)]), expected)
        check(f"{what} {program} total", total, [len(expected), 0])
    if len(expected) > 2:
        few = len(expected) // 2
        total, numbers, ends = launch("find", where, vir, path, f"patterns=u32[{few}]", f"ends=u32[{few}]", "total=u64[2]", total=8, patterns=4, ends=4)
        check(f"{what} lost", total, [len(expected), len(expected) - few])
        check(f"{what} part", len(set(zip(ends, numbers)) & set(expected)), few)
    (work / "begins").write_bytes(struct.pack(f"<{len(begins)}I", *begins))
    per_region = (len(patterns) + 31) // 32
    present = [0] * (per_region * len(begins))
    n_inside = 0
    for region, (begin, end) in enumerate(zip(begins, begins[1:] + [len(text)])):
        for _, number in search(text[begin:end], patterns, whole_words):
            present[region * per_region + number // 32] |= 1 << number % 32
            n_inside += 1
    total, got = launch("presence", where, vir, path, f"begins=@{work / 'begins'}", "total=u64[2]", f"present=u32[{len(present)}]", total=8, present=4)
    check(f"{what} presence total", total, [n_inside, 0])
    check(f"{what} presence", got, present)


def compare_all(name, lines, text, rng, executors, options=(), forms=FORMS):
    listed, path = work / "list.txt", work / "text"
    listed.write_bytes(b"\n".join(lines) + b"\n")
    path.write_bytes(text)
    wrapped = [rb"(?<!\w)(?:" + line + rb")(?!\w)" if "--whole-words" in options else line for line in lines]
    patterns = [compile_line(line, "--ignore-case" in options) for line in wrapped]
    begins = [rng.randrange(len(text) + 1) for _ in range(rng.choice([1, 7]))]
    begins = sorted(begins + [begins[0]] * rng.choice([0, 2]))  # some are empty
    for form in forms:
        vir = work / f"{form}.vir"
        done = run(GEN, "regex", listed, f"--form={form}", *options, "-o", vir)
        if form in ("automaton", "streams") and b"E0066" in done.stderr:  # too many states; no pattern that can be streams
            continue
        if done.returncode:
            sys.exit(f"{name} {form}: {done.stderr.decode(errors='replace')}")
        if any("interp" not in where for where in executors):
            target = common.target((common.levels() or [None])[-1]) + ",spirv:vulkan1.2" * ("--backend=vulkan" in executors)
            must(VYREC, target, "-c", vir, "-o", vir.with_suffix(".o"))
        for where in executors:
            compare(f"{name} {form} {where} {lines}", where, vir if "interp" in where else vir.with_suffix(".o"), path, patterns, begins, None)


# ---- random ones ----

def random_text(rng, n):
    return bytes(rng.choices(ALPHABET, k=n))


def random_atom(rng, depth):
    if depth and rng.random() < 0.3:
        inner = random_expression(rng, depth - 1)
        return rng.choice([b"(%s)", b"(?:%s)", b"(?i:%s)", b"(?s:%s)", b"(?m:%s)", b"(?-i:%s)"]) % inner
    return rng.choice([b"a", b"b", b"ab", b"_", b"A", b" ", b"0", b".", b"[ab]", b"[^a]", b"[^ab\\n]", b"\\w", b"\\W", b"\\d", b"\\s", b"\\n", b"[a-b_]",
                       b"\\.", b"[[:alpha:]]", b"\\xa0", b"\\N"])


def random_item(rng, depth):
    if rng.random() < 0.12:
        return rng.choice([b"^", b"$", b"\\b", b"\\B", b"\\A", b"\\z", b"\\Z"])
    atom = random_atom(rng, depth)
    if rng.random() < 0.35:
        atom += rng.choice([b"*", b"+", b"?", b"{2}", b"{0,2}", b"{1,}", b"{1,3}", b"{2,5}", b"{0}"]) + rng.choice([b"", b"", b"?"])
    return atom


def random_expression(rng, depth=2):
    return b"|".join(b"".join(random_item(rng, depth) for _ in range(rng.randint(1, 4))) for _ in range(rng.choice([1, 1, 1, 2])))


def diagnose(line):
    """What the generator says about a list of this one line: a code, or None."""
    (work / "one.txt").write_bytes(line + b"\n")
    done = run(GEN, "regex", work / "one.txt", "-o", work / "one.vir")
    if done.returncode not in (0, 1):
        sys.exit(f"{line}: exit status {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return re.search(rb"\[(E\d{4})\]", done.stderr)[1].decode() if done.returncode else None


def is_known_difference(line):
    """Assertions that are repeated are refused here; PCRE2 takes some."""
    return any(sign + quantifier in line for sign in (b"^", b"$", b"\\b", b"\\B", b"\\A", b"\\z", b"\\Z") for quantifier in (b"*", b"+", b"?", b"{"))


def random_patterns(rng, n, options=()):
    lines = []
    while len(lines) < n:
        line = random_expression(rng)
        if line[:1] in (b"/", b"#") or line in lines:
            continue
        code = diagnose(line)
        if code == "E0069":  # no match of a byte: nothing to compare
            continue
        if code:
            sys.exit(f"{line} is refused: {code}")
        lines.append(line)
    return lines


def refusals(rng, n):
    """Strings of the signs of expressions: taken and refused as PCRE2 does."""
    global n_refused
    signs = [b"a", b"b", b"(", b")", b"(?", b"[", b"]", b"^", b"-", b"\\", b"{", b"}", b",", b"2", b"1", b"*", b"+", b"?", b"|", b":", b"[:", b":]", b"alpha",
             b"d", b"Q", b"E", b"x", b"i", b".", b"$", b"<", b">", b"#", b" ", b"=", b"!"]
    for _ in range(n):
        line = b"".join(rng.choices(signs, k=rng.randint(1, 8)))
        if line[:1] in (b"/", b"#"):
            continue
        try:
            pattern = pcre2.Pattern(line)
            said = None
        except pcre2.Invalid as invalid:
            pattern, said = None, str(invalid)
        code = diagnose(line)
        n_refused += 1
        if (pattern is None) != (code is not None) and code not in ("E0068", "E0069") and not (code and is_known_difference(line)):
            sys.exit(f"{line}: {code}, but PCRE2 says {said}")
        if pattern and not code:
            text = random_text(rng, 40) + line
            (work / "text").write_bytes(text)
            (work / "one.o").unlink(missing_ok=True)
            expected = search(text, [pattern], None)
            got = launch("count", "--backend=interp", work / "one.vir", work / "text", "total=u64[1]", total=8)[0]
            check(f"{line} on {text}", got, [len(expected)])


def main():
    if not pcre2.LIBRARY:
        print("PCRE2 is not installed (libpcre2-8-0): no comparison with it")
        sys.exit(77)
    rng = random.Random(SEED)
    cpu = ["--backend=cpu"]
    for number, lines in enumerate(WRITTEN):
        text = random_text(rng, 2600) + b"ab" * 90 + b"b" * 140 + random_text(rng, 400)
        compare_all(f"written {number}", lines, text, rng, cpu)
    compare_all("nothing", [b"a", b"$|a"], b"", rng, cpu + ["--backend=interp"])
    # Streams go through 16 KiB at a time, 512 bytes to a lane: matches across all of these borders, short, longer than a lane's bytes, and without end.
    long = random_text(rng, 16300) + b"_" + b"a" * 1300 + b"b" + random_text(rng, 700) + b"__" + b"ab" * 300
    compare_all("borders", [b"_a+b", b"ab|ba0", rb"(?m)^a\w+$", rb"\b[ab]{20,60}", b"0(?s:.)*__"], long, rng, cpu, forms=["streams"])
    compare_all("words", [b"a+", b"a|_b", b"ab?"], random_text(rng, 3000), rng, cpu, ("--whole-words",))
    compare_all("case", [b"a+B", b"[a]_"], random_text(rng, 3000), rng, cpu, ("--ignore-case",))
    if has_vulkan():
        text = random_text(rng, 3000) + b"ab" * 40
        compare_all("vulkan", [rb"\b[ab]+\b", b"a{2,}b", rb"(?m)^a.*$", b"[ab]{70}0?"], text, rng, ["--backend=vulkan"], forms=["buckets", "positions", "streams"])
    for _ in range(ROUNDS):
        lines = random_patterns(rng, rng.choice([1, 3, 12, 40]))
        long = rng.random() < 0.5
        compare_all("random", lines, random_text(rng, 5000 if long else 150), rng, cpu if long else ["--backend=interp"])
    refusals(rng, 60 + 40 * ROUNDS)
    print(f"{common.n_compared} results compared, {n_refused} expressions taken or refused as by PCRE2")


main()
