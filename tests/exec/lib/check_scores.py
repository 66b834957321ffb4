#!/usr/bin/env python3
"""check_scores.py BUILD SOURCES SCRATCH - the scores of examples/lib against the same in Python: entropies, features, gates and hidden layers to the bit,
as each operation on f32 is exact; what went through exp within its accuracy."""
import math
import pathlib
import random
import re
import struct
import subprocess
import sys

from check_decoders import levels


def f32(x):
    """Rounded as one operation on f32 is: of +, - , * and / on doubles the result, rounded again, is that of f32."""
    return struct.unpack("f", struct.pack("f", x))[0]


def table(text, name):
    body = re.search(rf"data {name} : \w+\[\d+\] = \[(.*?)\]", text, re.S)[1]
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", body)]


def entropy(window):
    counts = [window.count(c) for c in set(window)]
    return max(0.0, math.log2(len(window)) - sum(c * math.log2(c) for c in counts) / len(window)) if window else 0.0


class Experts:
    def __init__(self, folder):
        text = (folder / "experts.vir").read_text(encoding="utf-8")
        self.gate, self.hidden, self.output = (table(text, f"expert_{name}") for name in ("gate", "hidden", "output"))
        self.logs = [int(n) for n in table((folder / "entropy.vir").read_text(encoding="utf-8"), "entropy_log2")]

    def entropy(self, window):
        """In the numbers of 20 binary places that the table has."""
        n = len(window)
        logs = sum(self.logs[window.count(c)] for c in window)
        return f32(f32(n * self.logs[n] - logs) / f32(max(n, 1) * 1048576.0))

    def features(self, window):
        n = max(len(window), 1)
        kinds = [sum(1 for c in window if test(c)) for test in (
            lambda c: 65 <= c <= 90, lambda c: 97 <= c <= 122, lambda c: 48 <= c <= 57,
            lambda c: 33 <= c < 127 and not chr(c).isalnum(), lambda c: c in b"0123456789abcdefABCDEF")]
        longest = max((len(m) for m in re.findall(rb"[A-Za-z0-9+/_-]+", window)), default=0)
        return [f32(self.entropy(window) / 6.0)] + [f32(k / n) for k in kinds] + [f32(longest / n), 1.0]

    def row(self, weights, row, features):
        total = 0.0
        for k in range(8):
            total = f32(total + f32(weights[row * 8 + k] * features[k]))
        return total

    def score(self, window):
        features = self.features(window)
        gates = [self.row(self.gate, e, features) for e in range(4)]
        best = gates.index(max(gates))
        answer = self.output[best * 5 + 4]
        for h in range(4):
            answer = f32(answer + f32(max(self.row(self.hidden, best * 4 + h, features), 0.0) * self.output[best * 5 + h]))
        share = 1 / sum(math.exp(g - gates[best]) for g in gates)
        return share / (1 + math.exp(-answer)), best


def make_text(rng):
    alphabets = [b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", b"0123456789abcdef", b"etaoin shrdlu\n", b"<>=\"/ -{}", bytes(range(256)), b"x"]
    text = b""
    while len(text) < 6000:
        alphabet = rng.choice(alphabets)
        text += bytes(rng.choice(alphabet) for _ in range(rng.randrange(100)))
    return text


def run(binaries, scratch, program, level, arguments):
    command = [binaries / "bin/vyre-run", *arguments, f"--program={program}", f"--cpu-level={level.removeprefix('x86-64-')}", "--check"]
    subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL)


def numbers(path, kind):
    content = path.read_bytes()
    return struct.unpack(f"{len(content) // 4}{kind}", content)


def check(binaries, folder, scratch, level, text, windows):
    experts, failures = Experts(folder), []
    n = len(text) // 32 + 2
    run(binaries, scratch, "entropy_windows", level, [folder / "entropy.vir", "text=@text", f"entropy=f32[{n}]", "step=32", "--dump=entropy:entropy"])
    for i, found in enumerate(numbers(scratch / "entropy", "f")):
        window = text[i * 32:i * 32 + 64]
        if found != experts.entropy(window) or abs(found - entropy(window)) > 1e-5:
            failures.append(f"{level}: entropy of {window}: {found}, not {entropy(window)}")
    run(binaries, scratch, "expert_scores", level, [folder / "experts.vir", "text=@text", "windows=@windows", f"scores=f32[{len(windows)}]",
                                                    f"chosen=u32[{len(windows)}]", "--dump=scores:scores", "--dump=chosen:chosen"])
    for (at, size), found, chosen in zip(windows, numbers(scratch / "scores", "f"), numbers(scratch / "chosen", "I")):
        wanted, best = experts.score(text[at:at + size])
        if chosen != best or abs(found - wanted) > 1e-6:
            failures.append(f"{level}: score of {text[at:at + size]}: {found} by {chosen}, not {wanted} by {best}")
    return failures


def main():
    binaries, sources, scratch = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
    scratch.mkdir(parents=True, exist_ok=True)
    rng = random.Random(6)
    text = make_text(rng)
    windows = [(rng.randrange(len(text) - 64), rng.choice([0, 1, 63, 64, rng.randrange(65)])) for _ in range(300)]
    (scratch / "text").write_bytes(text)
    (scratch / "windows").write_bytes(b"".join(struct.pack("II", *w) for w in windows))
    failures = [f for level in levels() for f in check(binaries, sources / "examples/lib", scratch, level, text, windows)]
    print(*failures[:10], f"{len(windows)} windows, {len(failures)} failures", sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
