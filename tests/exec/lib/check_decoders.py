#!/usr/bin/env python3
"""check_decoders.py BUILD SOURCES SCRATCH [LDFLAGS] - the decoders of examples/lib against coreutils' base64, xxd, and Python's urllib, codecs and json, and
liblz4: on random texts, on random texts with faults, and on short ones; at every CPU level of this machine, and some in the interpreter."""
import array
import base64
import binascii
import ctypes
import itertools
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import urllib.parse

NONE = 0xFFFFFFFF
ROUNDS = 12


# -- texts ---------------------------------------------------------------------------------------------------------------------------------

def damaged(rng, text, alphabet):
    """With some bytes changed, and now and then cut short."""
    text = bytearray(text)
    for _ in range(rng.randrange(4)):
        if text:
            text[rng.randrange(len(text))] = rng.choice(alphabet)
    return bytes(text[:rng.randrange(len(text) + 1)] if rng.random() < 0.3 else text)


def spread(rng, text):
    """With whitespace here and there."""
    return b"".join(bytes([c]) + (rng.choice([b"\n", b" ", b"\r\n\t"]) if rng.random() < 0.1 else b"") for c in text)


def length(rng, most=5000):
    return rng.choice([0, 1, 2, 3, 4, 63, 64, 65, rng.randrange(300), rng.randrange(most)])


def url_text(rng):
    return b"".join(rng.choice([b"%41", b"%e9", b"%", b"%4", b"a", b"+", b"Zz", b"%%30", b"%fF", bytes([rng.randrange(256)])]) for _ in range(length(rng, 2000)))


def utf16_text(rng):
    units = [rng.choice([rng.randrange(128), rng.randrange(0x10000), rng.randrange(0xD800, 0xDC00), rng.randrange(0xDC00, 0xE000)]) for _ in range(length(rng, 2000))]
    return b"".join(u.to_bytes(2, "little") for u in units) + (b"x" if rng.random() < 0.2 else b"")


def json_text(rng, faulty):
    pieces = [b"\\n", b"\\\\", b"\\\"", b"\\u0041", b"\\u00e9", b"\\u20AC", b"\\ud83d\\ude00", b"a", b"plain", "é".encode(), b"u0041", b"\\/"]
    if faulty:
        pieces += [b"\\q", b"\\", b"\\u12", b"\\ud83d", b"\\ude00", b"\"", b"\x01", b"\\u", b"\\ud83d\\u0041"]
    text = b"".join(rng.choice(pieces) for _ in range(length(rng, 1500)))
    return text + b"\\" * (2 * rng.randrange(100)) + rng.choice(pieces) if rng.random() < 0.5 else text


def lz4_text(rng):
    words = [bytes(rng.randrange(97, 110) for _ in range(rng.randrange(1, 30))) for _ in range(20)]
    return b"".join(rng.choice(words) * rng.choice([1, 1, 1, 40]) for _ in range(length(rng, 400)))


# -- references: (bytes, faults or None, place of the first or None); None: not compared -----------------------------------------------------

def tool(command, text):
    result = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return result.stdout, result.returncode == 0


def base64_place(text, alphabet):
    """The first character that has no place where it is."""
    for i, c in enumerate(text):
        last = i % 4 >= 2 and i >= len(text) - 2 and text[len(text) - 1] == ord("=")
        if c not in alphabet and not (c == ord("=") and last):
            return i
    return len(text) if len(text) % 4 else NONE


STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
URL_SAFE = STANDARD[:62] + b"-_"


def base64_reference(text, param):
    del param
    place = base64_place(text, STANDARD)
    plain, ok = tool(["base64", "-d"], text)
    concatenated = re.search(rb"=(?!=?$)", text)  # which coreutils takes as several texts, one after the other
    assert concatenated or ok == (place == NONE) or b"\n" in text, text
    return (plain if place == NONE else plain[:place // 4 * 3] if not concatenated else None), place


def base64_lines_reference(text, param):
    kept = [i for i, c in enumerate(text) if c not in b" \t\n\r\v\f"]
    plain, place = base64_reference(bytes(text[i] for i in kept), param)
    return plain, place if place == NONE else len(text) if place == len(kept) else kept[place]


def base64url_reference(text, param):
    del param
    stripped = text.rstrip(b"=") if len(text) % 4 == 0 and not text.endswith(b"===") else text
    place = next((i for i, c in enumerate(stripped) if c not in URL_SAFE), NONE)
    if place == NONE and len(stripped) % 4 == 1:
        place = len(text) if len(text) % 4 else NONE
    if place != NONE:
        return None, place if place < len(stripped) // 4 * 4 or b"=" not in text else None
    return base64.urlsafe_b64decode(stripped + b"=" * (-len(stripped) % 4)), NONE


def hex_reference(text, param):
    del param
    place = next((i for i, c in enumerate(text) if c not in b"0123456789abcdefABCDEF"), len(text) if len(text) % 2 else NONE)
    if place != NONE:
        return binascii.unhexlify(text[:place // 2 * 2]), place
    plain, _ = tool(["xxd", "-r", "-p"], text)
    assert plain == bytes.fromhex(text.decode())
    return plain, NONE


def hex_lines_reference(text, param):
    kept = [i for i, c in enumerate(text) if c not in b" \t\n\r\v\f"]
    plain, place = hex_reference(bytes(text[i] for i in kept), param)
    return plain, place if place == NONE else len(text) if place == len(kept) else kept[place]


def url_reference(text, param):
    place = re.search(rb"%(?![0-9a-fA-F]{2})", text)
    return urllib.parse.unquote_to_bytes(text.replace(b"+", b" ") if param else text), place.start() if place else NONE


def utf16_reference(text, param):
    codec = "utf-16-be" if param else "utf-16-le"
    try:
        text.decode(codec)
        place = NONE
    except UnicodeDecodeError as error:
        place = error.start
    return text.decode(codec, "replace").encode(), place


def json_reference(text, param):
    del param
    try:
        value = json.loads(b'"' + text + b'"')
        plain = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
        alone = any(0xD800 <= ord(c) < 0xE000 for c in value)
        return plain, None if alone else NONE
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None, None


def prefix_reference(text, param):
    """Of 32-bit numbers: the sums, or the maxima, of all before each."""
    values = array.array("I", text)
    sums = itertools.accumulate(values, max if param else lambda a, b: (a + b) & NONE, initial=0)
    return array.array("I", sums).tobytes(), NONE


class Lz4:
    def __init__(self):
        self.library = ctypes.CDLL("liblz4.so.1")

    def pack(self, plain):
        room = ctypes.create_string_buffer(self.library.LZ4_compressBound(len(plain)))
        n = self.library.LZ4_compress_default(plain, room, len(plain), len(room))
        return len(plain).to_bytes(4, "little") + room.raw[:n]

    def reference(self, text, param):
        """Where liblz4 refuses, we must; it takes distances of 0, which give whatever was there."""
        del param
        room = int.from_bytes(text[:4], "little")
        plain = ctypes.create_string_buffer(room + 1)
        n = self.library.LZ4_decompress_safe(text[4:], plain, len(text) - 4, room)
        if n < 0:
            return None, "refused"
        return plain.raw[:n], "may be refused"


LZ4 = Lz4()


def cases(rng):
    """(decoder, param, text, reference)"""
    any_byte = bytes(range(256))
    for _ in range(ROUNDS):
        plain = rng.randbytes(length(rng))
        yield "base64_decode", 0, base64.b64encode(plain), base64_reference
        yield "base64_decode", 0, damaged(rng, base64.b64encode(plain), any_byte.replace(b"\n", b"") + 40 * b"="), base64_reference
        yield "base64_decode_lines", 0, base64.encodebytes(plain), base64_lines_reference
        yield "base64_decode_lines", 0, damaged(rng, spread(rng, base64.b64encode(plain)), any_byte + 40 * b"="), base64_lines_reference
        yield "base64url_decode", 0, base64.urlsafe_b64encode(plain), base64url_reference
        yield "base64url_decode", 0, base64.urlsafe_b64encode(plain).rstrip(b"="), base64url_reference
        yield "base64url_decode", 0, damaged(rng, base64.urlsafe_b64encode(plain).rstrip(b"="), any_byte.replace(b"=", b"")), base64url_reference
        yield "hex_decode", 0, binascii.hexlify(plain), hex_reference
        yield "hex_decode", 0, damaged(rng, binascii.hexlify(plain).upper(), any_byte), hex_reference
        yield "hex_decode_lines", 0, damaged(rng, spread(rng, binascii.hexlify(plain)), any_byte), hex_lines_reference
        yield "url_decode", rng.randrange(2), url_text(rng), url_reference
        yield "url_decode", 0, urllib.parse.quote_from_bytes(plain).encode(), url_reference
        yield "utf16_decode", rng.randrange(2), utf16_text(rng), utf16_reference
        yield "utf16_decode", 0, damaged(rng, "déjà vu 😀 ".encode("utf-16-le") * 30, any_byte), utf16_reference
        yield "json_decode", 0, json_text(rng, False), json_reference
        yield "json_decode", 0, json_text(rng, True), json_reference
        packed = LZ4.pack(lz4_text(rng))
        yield "lz4_decode", 0, packed, LZ4.reference
        yield "lz4_decode", 0, packed[:4] + damaged(rng, packed[4:], any_byte), LZ4.reference
    for text in [b"Q", b"QQ", b"QQ=", b"QQ==", b"QQQ", b"QQQ=", b"QUJDR", b"QUJDRA", b"=", b"==", b"====", b"Q===", b"QQ=A", b"Q=Q=", b"QQQQ===="]:
        yield "base64_decode", 0, text, base64_reference
        yield "base64_decode_lines", 0, b"\n" + text + b" \n", base64_lines_reference
        yield "base64url_decode", 0, text, base64url_reference
    yield "lz4_decode", 0, b"\x08\0\0\0\x40abcd\x04\0\0", LZ4.reference  # a match where only literals may be
    yield "prefix", 0, rng.randbytes(4 * 270000), prefix_reference
    yield "prefix", 1, rng.randbytes(4 * 270000), prefix_reference
    yield "json_decode", 0, b"\\" * 70000, json_reference
    yield "json_decode", 0, b"x" + b"\\" * 70000 + b"n", json_reference
    yield "url_decode", 0, b"%" * 66000 + b"41", url_reference
    yield "base64_decode_lines", 0, base64.encodebytes(rng.randbytes(300000)), base64_lines_reference


# -- running -------------------------------------------------------------------------------------------------------------------------------

def build(binaries, sources, scratch, ldflags):
    scratch.mkdir(parents=True, exist_ok=True)
    here = pathlib.Path(__file__).resolve().parent
    subprocess.run([binaries / "bin/vyrec", "-I", sources / "examples/lib", "-c", here / "all.vir", "-o", "all.o", "-h", "all.h"], cwd=scratch, check=True)
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", *ldflags, "-I.", f"-I{sources}/runtime-stub", here / "decode.c", "all.o", binaries / "lib/libvyrert.a",
                    "-lzstd", "-ldl", "-lpthread", "-lm", "-o", "decode"], cwd=scratch, check=True)


def levels():
    flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()
    found = ["x86-64-v2"] + (["x86-64-v3"] if {"avx2", "bmi2"} <= set(flags) else [])
    return found + (["x86-64-v4"] if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= set(flags) else [])


def decode_all(scratch, level, tried):
    """What the program says of all cases: (length, faults, first, bytes)."""
    given = b"".join(f"{name} {param} {len(text)}\n".encode() + text for name, param, text, _ in tried)
    output = subprocess.run([scratch / "decode"], input=given, stdout=subprocess.PIPE, env=dict(os.environ, VYRE_CPU_LEVEL=level), check=True).stdout
    at = 0
    for _ in tried:
        end = output.index(b"\n", at)
        n, faults, first = map(int, output[at:end].split())
        yield n, faults, first, output[end + 1:end + 1 + n]
        at = end + 1 + n


def agrees(name, expected, found):
    """Of faulty base64 and digits only what comes before the first fault is given by the reference."""
    plain, place = expected
    _, faults, first, bytes_found = found
    if faults and plain is not None and name.startswith(("base64", "hex")):
        bytes_found = bytes_found[:len(plain)]
    if place == "refused":
        return faults > 0
    if place == "may be refused":
        return faults > 0 or bytes_found == plain
    if plain is not None and bytes_found != plain:
        return False
    if place is None:
        return faults > 0
    return first == place and (faults > 0) == (place != NONE)


def interpreted(binaries, sources, scratch, tried):
    """The interpreter and compiled code give the same bytes for the first longer case of each decoder."""
    seen = set()
    for name, param, text, _ in tried:
        if name in seen or not 200 < len(text) < 4000 or name in ("lz4_decode", "prefix"):
            continue
        seen.add(name)
        (scratch / "text").write_bytes(text)
        extra = {"url_decode": [f"plus={param}"], "utf16_decode": [f"big_endian={param}"]}.get(name, [])
        command = [binaries / "bin/vyre-run", "-I", sources / "examples/lib", pathlib.Path(__file__).resolve().parent / "all.vir", f"--pipeline={name}",
                   "text=@text", f"plain=u8[{2 * len(text) + 4}]", "report=u32[3]", "--check", "-O0", *extra]
        result = subprocess.run(command, cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if result.returncode:
            yield f"{name} in the interpreter: {result.stdout}"


def main():
    binaries, sources, scratch = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
    build(binaries, sources, scratch, [flag for flag in sys.argv[4:] if flag])
    tried = list(cases(random.Random(26)))
    expected = [reference(text, param) for _, param, text, reference in tried]
    failures, n_right, n_accepted = list(interpreted(binaries, sources, scratch, tried)), 0, 0
    for level in levels():
        for case, wanted, found in zip(tried, expected, decode_all(scratch, level, tried)):
            n_right += 1
            n_accepted += found[1] == 0
            if not agrees(case[0], wanted, found):
                failures.append(f"{case[0]} at {level}, param {case[1]}: {case[2][:200]!r} ({len(case[2])} bytes)\n  wanted {str(wanted)[:200]}\n  found  {str(found)[:200]}")
    for failure in failures[:10]:
        print(failure)
    print(f"{n_right} cases, {n_accepted} of them without faults, {len(failures)} failures")
    return 1 if failures or not 0 < n_accepted < n_right else 0


if __name__ == "__main__":
    sys.exit(main())
