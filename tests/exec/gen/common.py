"""common.py - what the tests of generated scanners share. Not run by itself."""
import pathlib
import struct
import subprocess
import sys

n_compared = 0


def levels():
    """The levels of code that this processor runs, from the least; none where it is no x86-64."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
        flags = next((line for line in cpuinfo if line.startswith("flags")), "").split()
    return ["v2"] * bool(flags) + ["v3"] * ("avx2" in flags) + ["v4"] * ("avx512bw" in flags)


def target(level):
    """The option of the compiler for one level; for any processor where there is none."""
    return f"--target=cpu:x86-64-{level}" if level else "--target=cpu"


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, check=False)


def must(*command):
    done = run(*command)
    if done.returncode:
        sys.exit(f"{command}\n{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}")


def words(path, size):
    data = path.read_bytes()
    return list(struct.unpack(f"<{len(data) // size}{'IQ'[size // 8]}", data))


def check(what, got, expected):
    global n_compared
    n_compared += 1
    if got != expected:
        missing, more = (sorted(set(a) - set(b))[:20] for a, b in [(expected, got), (got, expected)])
        sys.exit(f"{what}: {str(got)[:300]}\ninstead of {str(expected)[:300]}\nmissing {missing}, too many {more}")


class Launcher:
    """Runs what was made of a list and reads what it leaves in buffers."""

    def __init__(self, runner, folder, *options):
        self.runner, self.folder, self.options = runner, pathlib.Path(folder), options
        self.folder.mkdir(parents=True, exist_ok=True)

    def launch(self, name, where, made, text, *buffers, **dumps):
        """`made` is text or an object; `dumps` has the bytes of an element of each buffer that is read."""
        is_pipeline = f"\npipeline {name} " in made.with_suffix(".vir").read_text(encoding="utf-8")
        dump = [f"--dump={buffer}:{self.folder / buffer}" for buffer in dumps]
        must(self.runner, where, *self.options, "--threads=2", f"--{'pipeline' if is_pipeline else 'program'}={name}", made, f"text=@{text}", *buffers, *dump)
        return [words(self.folder / buffer, size) for buffer, size in dumps.items()]
