"""run.py VYRE-RUN TUNER.VIR - widths of workgroups: every candidate gives the interpreter's bytes, the tuner keeps what it
measures, and a file that is damaged, strange or shared costs a measurement at most."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

vyre_run, source = sys.argv[1], sys.argv[2]
failures = 0
WIDTHS = [32, 64, 128, 256, 512, 1024]
UNITS = {
    "xor": ["from=random:u32[10007]:3", "to=u32[10007]"],
    "count": ["from=random:u32[5001]:4", "sums=u32[2]"],
    "stop": ["from=random:u32[3000]:5", "to=u32[3000]"],
    "all": ["from=random:u32[7777]:6", "to=u32[7777]", "counts=u32[2]"],
    "fixed": ["from=random:u32[999]:7", "to=u32[999]"],
}


def run(unit, home, *options, mode=None, log=False):
    environment = dict(os.environ, XDG_CACHE_HOME=str(home), MESA_SHADER_CACHE_DISABLE="true")
    environment.pop("VYRE_AUTOTUNER", None)
    environment.pop("VYRE_CACHE_DIR", None)
    if mode:
        environment["VYRE_AUTOTUNER"] = mode
    if log:
        environment["VYRE_LOG"] = "2"
    kind = "--pipeline" if unit == "all" else "--program"
    command = [vyre_run, source, f"{kind}={unit}", "--passes=dead_arms", "--backend=vulkan", "--check", "--stats", *options, *UNITS[unit]]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def check(what, condition, result=None):
    global failures
    if not condition:
        failures += 1
        print(f"failed: {what}", file=sys.stderr)
        if result is not None:
            print(result.stdout, result.stderr, file=sys.stderr)


def is_same(result):
    return "check: the same bytes" in result.stdout


def number(result, name):
    found = re.search(rf"{name}\s+(\d+)", result.stdout)
    return int(found.group(1)) if found else -1


def tuner_file(home):
    files = list(Path(home).glob("vyre/tuner/*.toml"))
    return files[0] if len(files) == 1 else None


def keys(home):
    return re.findall(r'^"(v1-[0-9a-f]{64})" = \[\d+, 1, 1\]$', tuner_file(home).read_text(), re.M)


def widths_change_nothing(home):
    for unit in UNITS:
        result = run(unit, home, "--tune")
        check(f"{unit} tuned", is_same(result), result)
        check(f"{unit} is measured where it may be", (number(result, "tuner sweeps") > 0) == (unit != "fixed"), result)
    lines = tuner_file(home).read_text()
    check("measured once", number(run("xor", home, "--tune"), "tuner sweeps") == 0)
    for width in WIDTHS:
        tuner_file(home).write_text(re.sub(r"\[\d+,", f"[{width},", lines))
        for unit in ["count", "all"] if width % 3 == 2 else ["stop", "all"]:
            result = run(unit, home, mode="cache")
            declared = {"xor": 64, "stop": 128, "all": 64}.get(unit)
            check(f"{unit} with {width}", is_same(result), result)
            check(f"{unit} has width {width}", unit == "fixed" or number(result, "tuned launches") > 0 or width == declared, result)
            check("nothing is measured", number(result, "tuner sweeps") == 0, result)
    tuner_file(home).write_text(lines)


def off_means_off(home):
    result = run("xor", home)
    check("off", is_same(result) and number(result, "tuned launches") == 0, result)
    check("no file is made", tuner_file(home) is None)
    result = run("xor", home, mode="cache")
    check("unknown widths are as declared", is_same(result) and number(result, "tuner sweeps") == 0, result)
    check("and nothing is written", tuner_file(home) is None)


def damage_is_a_miss(home):
    run("xor", home, "--tune")
    path = tuner_file(home)
    good = path.read_bytes()
    key = keys(home)[0].encode()
    bad = [b"", good[:40], good[:-20], b"\0" * 500, good.replace(b"v1-", b"v2-"),
           b'"' + key + b'" = [33, 1, 1]\n', b'"' + key + b'" = [2048, 1, 1]\n', b'"' + key + b'" = [64, 2, 1]\n',
           b'"' + key + b'" = [64, 1, 1] x\n', b'"' + key + b'" = [99999999999999999999, 1, 1]\n', os.urandom(3000)]
    for k, text in enumerate(bad):
        path.write_bytes(text)
        result = run("xor", home, mode="cache", log=True)
        check(f"damage {k} is never used", is_same(result) and number(result, "tuned launches") == 0, result)
        if k in (2, 5, 7):
            check(f"damage {k} is told", "the line is left out" in result.stderr, result)
    result = run("xor", home, "--tune")
    check("and is written anew", is_same(result) and keys(home)[0].encode() == key, result)
    for k, make in enumerate([lambda: path.symlink_to("/dev/zero"), lambda: path.mkdir(), lambda: os.mkfifo(path)]):
        path.rmdir() if path.is_dir() else path.unlink()
        make()
        result = run("xor", home, "--tune")
        check(f"strange file {k}", is_same(result) and number(result, "tuner sweeps") == 1, result)
    path.rmdir() if path.is_dir() else path.unlink()
    path.parent.rmdir()
    path.parent.write_text("a file where the folder should be")
    check("no folder", is_same(run("xor", home, "--tune")))


def writers_keep_each_others_lines(home):
    jobs = []
    for n in range(6):
        environment = dict(os.environ, XDG_CACHE_HOME=str(home), MESA_SHADER_CACHE_DISABLE="true")
        command = [vyre_run, source, "--program=xor", "--backend=vulkan", "--tune", f"from=u32[{100 + n}]", f"to=u32[{100 + n}]"]
        jobs.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL))
    check("writers end", all(job.wait(120) == 0 for job in jobs))
    check("all lines are there", len(set(keys(home))) == 6)
    check("nothing else is", len(list(tuner_file(home).parent.iterdir())) == 1)


with tempfile.TemporaryDirectory() as folder:
    probe = run("xor", Path(folder) / "probe")
    if probe.returncode and "vulkan" in probe.stderr.lower():
        print("skipped: there is no Vulkan device:", probe.stderr.strip())
        sys.exit(77)
    for k, test in enumerate([off_means_off, widths_change_nothing, damage_is_a_miss, writers_keep_each_others_lines]):
        home = Path(folder) / str(k)
        home.mkdir()
        test(home)
print("failed" if failures else "passed")
sys.exit(failures != 0)
