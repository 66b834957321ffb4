#!/usr/bin/env python3
"""Plants each fault of passes/plants.def and lets random pipelines look for it.

  find.py VYRE-FUZZ-PLANTED [--most=PIPELINES] [--least-found=N] [NAME...]

For each fault: batches of pipelines, of one seed after the other, until one gives another result than without passes, or the compiler
finds a program that is not sound. Prints how many pipelines that took. Fails when fewer than N faults are found, or when the first
pipelines differ without a fault."""
import os
import subprocess
import sys

BATCH = 50
FIRST_SEED = 900001
ENOUGH_SECONDS = 60  # of one batch: what takes longer has not found anything


def run(program, fault, seed, count):
    """True when the batch passes."""
    environment = {k: v for k, v in os.environ.items() if k != "VYRE_PLANT"}
    if fault:
        environment["VYRE_PLANT"] = fault
    words = [program, "--handoffs", "--run=interp", f"--seed={seed}", f"--count={count}"]
    try:
        done = subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=ENOUGH_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode == 0


def find(program, fault, most):
    """After how many pipelines the fault was found, to a batch; None: never."""
    for at in range(0, most, BATCH):
        if not run(program, fault, FIRST_SEED + at, BATCH):
            return at + BATCH
    return None


def list_faults(program):
    environment = dict(os.environ, VYRE_PLANT="?")
    text = subprocess.run([program, "--handoffs", "--run=interp"], env=environment, stdout=subprocess.PIPE, check=False).stdout
    return [line.split()[0] for line in text.decode().splitlines()]


def main():
    options = dict(word[2:].split("=") for word in sys.argv[2:] if word.startswith("--"))
    names = [word for word in sys.argv[2:] if not word.startswith("--")]
    most = int(options.get("most", 1000))
    program = sys.argv[1]
    faults = names or list_faults(program)
    found = 0
    for fault in faults:
        after = find(program, fault, most)
        found += after is not None
        print(f"{fault:24} {'not found' if after is None else f'found within {after}'}", flush=True)
    sound = run(program, None, FIRST_SEED, BATCH)
    if not sound:
        print("pipelines differ without a fault")
    print(f"{found} of {len(faults)} faults found")
    sys.exit(0 if sound and found >= int(options.get("least-found", len(faults))) else 1)


main()
