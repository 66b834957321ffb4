#!/usr/bin/env python3
"""fresh.py VYREC FOLDER FILE.vir... - inputs of fuzz-container in today's format: a container is refused when its metadata is of another
version, so kept inputs reach no further than the check of the version once it has changed.

Of each file the container that VYREC makes, sound, and with one to three numbers of its metadata changed, always the same ones. The first
byte of an input is 1: the target makes the checksums right."""
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

MAGIC = b"VYREIMGS"
METADATA = 1
N_CHANGED = 60
NUMBERS = (0, 1, 2, 7, 8, 255, 256, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def container_of(vyrec, path, scratch):
    """The container in the object of a file, and where its metadata lie."""
    subprocess.run([vyrec, "-w", "-c", path, "-o", scratch], check=True)
    data = pathlib.Path(scratch).read_bytes()
    at = data.index(MAGIC)
    size, _, n_images, image_bytes = struct.unpack_from("<QQII", data, at + 24)
    for i in range(n_images):
        kind, _, offset, stored = struct.unpack_from("<IIQQ", data, at + 64 + i * image_bytes)
        if kind == METADATA:
            return data[at:at + size], offset, stored
    raise SystemExit(f"{path}: no metadata")


def change(container, offset, stored, rng):
    """One to three 32-bit numbers of the metadata, behind their version, are others."""
    changed = bytearray(container)
    for _ in range(rng.randint(1, 3)):
        at = offset + 4 * rng.randrange(1, stored // 4)
        old = struct.unpack_from("<I", changed, at)[0]
        new = rng.choice(NUMBERS + (old + 1, old - 1, old ^ (1 << rng.randrange(32))))
        struct.pack_into("<I", changed, at, new & 0xFFFFFFFF)
    return bytes(changed)


def main():
    vyrec, folder, *files = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    with tempfile.NamedTemporaryFile(suffix=".o") as scratch:
        for path in files:
            container, offset, stored = container_of(vyrec, path, scratch.name)
            stem, rng = pathlib.Path(path).stem, random.Random(path.rsplit("/", 1)[-1])
            for i in range(N_CHANGED + 1):
                input_bytes = change(container, offset, stored, rng) if i else container
                pathlib.Path(folder, f"{stem}-{i}").write_bytes(b"\1" + input_bytes)


if __name__ == "__main__":
    main()
