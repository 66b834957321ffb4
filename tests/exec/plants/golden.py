#!/usr/bin/env python3
"""Plants each fault of passes/plants.def and looks whether golden tests of the passes notice.

  golden.py VYRE-OPT-PLANTED LLVM-BIN TESTS [--find] [NAME...]

`golden.txt` beside this names for each fault a file of TESTS (tests/lit/passes). Those lines of it are run that have vyre-opt, or what looks
at its output, and that pass without a fault: one of them fails with it. --find prints all files that notice a fault instead."""
import os
import re
import subprocess
import sys
import tempfile

ENOUGH_SECONDS = 60


class Runner:
    def __init__(self, program, llvm_bin, scratch):
        self.scratch = scratch
        self.substitutions = [("%vyre-opt", program), ("%FileCheck", f"{llvm_bin}/FileCheck"), ("%split-file", f"{llvm_bin}/split-file"),
                              ("%not", f"{llvm_bin}/not")]
        self.sound = {}  # file -> its commands that succeed without a fault

    def run(self, path, command, fault):
        environment = {k: v for k, v in os.environ.items() if k != "VYRE_PLANT"}
        if fault:
            environment["VYRE_PLANT"] = fault
        for name, value in self.substitutions + [("%s", path), ("%S", os.path.dirname(path)), ("%t", f"{self.scratch}/t")]:
            command = command.replace(name, value)
        done = subprocess.run(["bash", "-c", "set -o pipefail\n" + command], env=environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=ENOUGH_SECONDS, check=False)
        return done.returncode == 0

    def commands_of(self, path):
        """The lines of a test in which nothing but vyre-opt and LLVM's tools run, without those that look at what others made."""
        if path not in self.sound:
            lines = re.findall(r"// RUN: (.*)", open(path, encoding="utf-8").read())
            lines = [line for line in lines if not re.search(r"%vyrec|%vyre-run|%cc|%python", line)]
            self.sound[path] = [line for line in lines if self.run(path, line, None)]
        return self.sound[path]

    def notices(self, path, fault):
        return not all(self.run(path, command, fault) for command in self.commands_of(path))


def read_rows(path):
    rows = (line.split() for line in open(path, encoding="utf-8") if line.strip() and not line.startswith("#"))
    return dict(rows)


def list_faults(program):
    text = subprocess.run([program], env=dict(os.environ, VYRE_PLANT="?"), stdout=subprocess.PIPE, check=False).stdout
    return [line.split()[0] for line in text.decode().splitlines()]


def find(runner, tests, faults):
    files = sorted(name for name in os.listdir(tests) if name.endswith(".vir"))
    for fault in faults:
        print(fault, *(name for name in files if runner.notices(os.path.join(tests, name), fault)), flush=True)


def check(runner, tests, faults, rows):
    """How many things are not as golden.txt says."""
    wrong = 0
    for fault in faults:
        if fault not in rows:
            print(f"{fault}: no row in golden.txt")
            wrong += 1
        elif not runner.notices(os.path.join(tests, rows[fault]), fault):
            print(f"{fault}: not noticed by {rows[fault]}")
            wrong += 1
    return wrong


def main():
    program, llvm_bin, tests = (os.path.abspath(word) for word in sys.argv[1:4])
    names = [word for word in sys.argv[4:] if not word.startswith("--")]
    faults = names or list_faults(program)
    rows = read_rows(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.txt"))
    with tempfile.TemporaryDirectory() as scratch:
        runner = Runner(program, llvm_bin, scratch)
        if "--find" in sys.argv:
            find(runner, tests, faults)
            return
        wrong = check(runner, tests, faults, rows)
    print(f"{len(faults)} faults, {wrong} wrong")
    sys.exit(wrong > 0)


main()
