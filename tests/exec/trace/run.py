#!/usr/bin/env python3
"""run.py cpu|vulkan VYRE-RUN TEXT, or run.py cuda|hsa PROGRAM - reads the trace of runs and asks of it: JSON, each part within its run and
none at the same time as another, uploads before launches before downloads, every arm in one launch, every byte that moves. Exit
status 77: there is no such device."""
import json
import os
import subprocess
import sys
import tempfile

N = 5000
backend = sys.argv[1]
failed = 0


def check(ok, what):
    global failed
    if not ok:
        failed += 1
        print(f"failed: {what}", file=sys.stderr)


def trace_of(command):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.json")
        done = subprocess.run(command, env=dict(os.environ, VYRE_TRACE=path), capture_output=True, text=True, timeout=120, check=False)
        if done.returncode and "no Vulkan" in done.stderr + done.stdout or "libvulkan" in done.stderr:
            print(f"skipped: {done.stderr}")
            sys.exit(77)
        check(not done.returncode, f"{command}: {done.stdout}{done.stderr}")
        with open(path, encoding="utf-8") as file:
            return json.load(file)


def within(e, run):
    return e["tid"] == run["tid"] and run["ts"] <= e["ts"] < run["ts"] + run["dur"]


def parts_of(events, run):
    """What happened within a run, in the order of time. The first run has others in it, which probe the device."""
    others = [e for e in events if e["cat"] == "run" and e is not run and within(e, run)]
    inside = [e for e in events if e["cat"] != "run" and within(e, run) and not any(within(e, other) for other in others)]
    inside.sort(key=lambda e: (e["ts"], e["ts"] + e["dur"]))
    for before, after in zip(inside, inside[1:]):
        check(before["ts"] + before["dur"] <= after["ts"] + 0.002, f"{before} and {after} at the same time")
    for e in inside:
        check(e["ts"] + e["dur"] <= run["ts"] + run["dur"] + 0.002, f"{e} ends after {run}")
    return inside


def check_run(parts, launches, uploaded, downloaded):
    """`launches`: per launch its arms. Bytes 0: nothing moves, and nothing is told."""
    want = ["upload"] * (uploaded > 0) + ["launch"] * len(launches) + ["download"] * (downloaded > 0)
    check([e["cat"] for e in parts] == want, f"{[e['cat'] for e in parts]} instead of {want}")
    check([e["args"]["arms"] for e in parts if e["cat"] == "launch"] == launches, f"arms: {parts}")
    for cat, n_bytes in (("upload", uploaded), ("download", downloaded)):
        check(sum(e["args"]["bytes"] for e in parts if e["cat"] == cat) == n_bytes, f"{cat}: {parts}")
    check(all(e["args"]["workgroups"] > 0 for e in parts if e["cat"] == "launch"), f"workgroups: {parts}")


def check_events(events):
    check(len(events) > 0, "no events")
    for e in events:
        check(e["ph"] == "X" and e["dur"] >= 0 and e["pid"] > 0, f"{e}")


def check_programs():
    vyre_run, text = sys.argv[2:4]
    for level, launches in (("-O0", [["first"], ["second"], ["third"], ["fourth"]]), ("-O2", [["first", "second"], ["third"], ["fourth"]])):
        events = trace_of([vyre_run, "-w", level, f"--backend={backend}", text, "--pipeline=four", f"from=random:u32[{N}]:3", f"to=u32[{N}]"])
        check_events(events)
        moved = 0 if backend == "cpu" else N * 4
        runs = [e for e in events if e["cat"] == "run" and e["name"] == "four"]
        check(len(runs) == 1, f"{events}")
        for run in runs:
            check_run(parts_of(events, run), launches, moved, moved)


def check_mock():
    events = trace_of([sys.argv[2], backend])
    check_events(events)
    runs = [e for e in events if e["cat"] == "run" and e["name"] == "both"]
    check(len(runs) == 2, f"{events}")
    for run in runs:
        check_run(parts_of(events, run), [["first"], ["second"]], 2 * 1000 * 4, 1000 * 4)
    last = max(run["ts"] + run["dur"] for run in runs)
    copies = sorted((e for e in events if e["ts"] >= last), key=lambda e: e["ts"])
    check([(e["cat"], e["args"]["bytes"]) for e in copies] == [("upload", 4000), ("download", 4000)], f"{copies}")


if backend in ("cpu", "vulkan"):
    check_programs()
else:
    check_mock()
print(f"{failed} failed")
sys.exit(failed > 0)
