#!/usr/bin/env python3
"""link.py SOURCES VYREC SCRATCH - objects as build systems use them: every compiler and linker, static, PIE and shared, another
processor, reproducible bytes, clean symbols and relocations, headers in every language version, and damaged containers.

Prints `N passed, N failed`. Compilers, linkers and emulators that are not installed are named as left out."""
import itertools
import json
import os
import re
import shutil
import struct
import subprocess
import sys

SOURCES, VYREC, SCRATCH = (os.path.abspath(a) for a in sys.argv[1:4])
HERE = os.path.dirname(os.path.abspath(__file__))
RUNTIME = os.path.join(SOURCES, "runtime-stub")
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
LINKERS = {"bfd": "ld.bfd", "gold": "ld.gold", "lld": "ld.lld"}
COMPILERS = {"gcc": "g++", "clang": "clang++"}
passed, failed, left_out = 0, 0, []


def check(ok, what, detail=""):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print(f"failed: {what}\n{detail}", file=sys.stderr)
    return ok


def find(name):
    """A program by name, or by the name that Debian gives to LLVM's."""
    return shutil.which(name) or shutil.which(name + "-22")


def run(command, what=None, env=None, cwd=SCRATCH, status=0):
    """Runs a command; counts it as a check when it has a name. The result, or None when the status is another."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, timeout=120, check=False)
    ok = done.returncode == status
    text = (done.stdout + done.stderr).decode(errors="replace")
    if what:
        check(ok, what, f"$ {' '.join(command)}\nstatus {done.returncode}\n{text}")
    return text if ok else None


def read(path):
    with open(os.path.join(SCRATCH, path), "rb") as file:
        return file.read()


def build_runtime(cc, archive, pic=True, linker="ld", objcopy="objcopy", ar="ar"):
    """libvyrert.a, as runtime-stub/CMakeLists.txt makes it, but without sanitizers."""
    folder = archive + ".parts"
    os.makedirs(os.path.join(SCRATCH, folder), exist_ok=True)
    parts = []
    for name in sorted(os.listdir(RUNTIME)):
        if name.endswith(".c"):
            parts.append(f"{folder}/{name[:-2]}.o")
            run([cc, "-O1", "-std=gnu11", "-D_GNU_SOURCE", "-fPIC" if pic else "-fno-pic", "-fvisibility=hidden",
                 f"-I{SOURCES}", "-c", os.path.join(RUNTIME, name), "-o", parts[-1]], f"{cc} compiles {name}")
    run([linker, "-r", "-o", f"{folder}/all.o", *parts])
    run([objcopy, "--localize-hidden", f"{folder}/all.o"])
    return run([ar, "rcs", archive, f"{folder}/all.o"]) is not None


def compile_vir(name, *options, output=None, cwd=SCRATCH, source=None, env=None):
    stem = output or name
    # The arms stay apart: what is looked at is the plan as it is written.
    return run([VYREC, "--passes=dead_arms", source or os.path.join(HERE, name + ".vir"), "-o", stem + ".o", "-h", stem + ".h",
                f"--manifest={stem}.json", *options], f"vyrec {name}.vir {' '.join(options)}", cwd=cwd, env=env)


# -- linking ---------------------------------------------------------------------------------------------------------------------

def link_and_run(what, cc, flags, objects, launcher=(), runtime=("libvyrert.a",), env=None):
    exe = "exe-" + re.sub(r"[^A-Za-z0-9]+", "-", what)
    if run([cc, "-O1", *flags, f"-I{RUNTIME}", "-I.", *objects, *runtime, "-o", exe], f"{what}: links") is not None:
        check(run([*launcher, "./" + exe], env=env) == "ok\n", f"{what}: runs", run([*launcher, "./" + exe], env=env, status=1) or "")
    return exe


def test_linkers():
    modes = {
        "plain": [], "static": ["-static"], "no-pie": ["-no-pie"], "pie": ["-pie", "-fPIE"],
        "gc-sections": ["-ffunction-sections", "-Wl,--gc-sections"], "now": ["-Wl,-z,now,-z,relro,-z,text"],
    }
    main = [os.path.join(HERE, "main.c"), "-DSECOND", "shapes.o", "second.o"]
    for cc, linker in itertools.product(COMPILERS, LINKERS):
        path, linker_path = find(cc), find(LINKERS[linker])
        if not path or not linker_path:
            left_out.append(f"{cc} with {linker}")
            continue
        use = [f"-fuse-ld={linker}"] if cc == "gcc" else [f"--ld-path={linker_path}"]
        if cc == "gcc" and not shutil.which(LINKERS[linker]):
            os.makedirs(os.path.join(SCRATCH, "linkers"), exist_ok=True) # gcc knows lld by one name only
            link = os.path.join(SCRATCH, "linkers", LINKERS[linker])
            if not os.path.exists(link):
                os.symlink(linker_path, link)
            use += [f"-B{os.path.dirname(link)}"]
        for mode, flags in modes.items():
            link_and_run(f"{cc} {linker} {mode}", path, [*use, *flags], main)
        shared_object(path, f"{cc} {linker} shared", use)


def shared_object(cc, what, use):
    """The objects in a shared library, alone: nothing in it may be fixed up when it is loaded."""
    library = "lib" + what.replace(" ", "") + ".so"
    if run([cc, "-shared", *use, "-Wl,-z,text", "shapes.o", "second.o", "libvyrert.a", "-o", library], f"{what}: links") is None:
        return
    link_and_run(what, cc, [*use, f"-Wl,-rpath,{SCRATCH}"], [os.path.join(HERE, "main.c"), "-DSECOND", library], runtime=())
    bare = "bare-" + library
    run([cc, "-shared", "-nostdlib", *use, "-Wl,-z,text", "shapes.o", "-o", bare], f"{what}: links alone")
    kinds = set(re.findall(r"R_X86_64_\w+", run(["readelf", "-rW", bare]) or "none"))
    check(kinds <= {"R_X86_64_JUMP_SLOT", "R_X86_64_GLOB_DAT"}, f"{what}: no relocations in data", str(kinds))
    check("TEXTREL" not in (run(["readelf", "-dW", bare]) or "TEXTREL"), f"{what}: no text relocations")
    stack = re.search(r"GNU_STACK.*", run(["readelf", "-lW", bare]) or "")
    check(stack and "RWE" not in stack.group(0), f"{what}: the stack is not executable", str(stack))


def test_shared_runtime(cc):
    run([cc, "-O1", "-std=gnu11", "-D_GNU_SOURCE", "-fPIC", "-shared", "-fvisibility=hidden", f"-I{SOURCES}",
         f"-Wl,--version-script={RUNTIME}/vyrert.map", "-Wl,-soname,libvyrert.so.0",
         *[os.path.join(RUNTIME, f) for f in sorted(os.listdir(RUNTIME)) if f.endswith(".c")], "-o", "libvyrert.so.0"],
        "the shared runtime links")
    symbols = set(re.findall(r" [TDBRVW] (\w+)", run(["nm", "-D", "--defined-only", "libvyrert.so.0"]) or ""))
    check(symbols and all(s.startswith("vyre_") for s in symbols), "the shared runtime shows vyre_* only", str(symbols))
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", run(["readelf", "-dW", "libvyrert.so.0"]) or ""))
    check(needed <= {"libc.so.6", "ld-linux-x86-64.so.2"}, "the runtime needs libc alone", str(needed))
    link_and_run("shared runtime", cc, [f"-Wl,-rpath,{SCRATCH}"], [os.path.join(HERE, "main.c"), "shapes.o"],
                 runtime=("libvyrert.so.0",))
    globals_ = set(re.findall(r" [TDBRVWC] (\w+)", run(["nm", "-g", "--defined-only", "libvyrert.a"]) or ""))
    check(globals_ == symbols, "both forms of the runtime have the same symbols", str(globals_ ^ symbols))
    header = set(re.findall(r"\b(vyre_\w+)\(", "".join(l for l in read_text(os.path.join(RUNTIME, "vyrert.h")) if "VYRE_API" in l)))
    check(header == symbols, "the header declares what the runtime defines", str(header ^ symbols))


def read_text(path):
    with open(path, encoding="utf-8") as file:
        return file.readlines()


def test_levels(cc):
    """Each level's code, and one thread against many, give the same bytes; the program checks them itself."""
    exe = link_and_run("levels", cc, [], [os.path.join(HERE, "main.c"), "shapes.o"])
    for level, threads in itertools.product(["x86-64-v2", "x86-64-v3", "x86-64-v4"], ["1", "2", "7"]):
        env = {**os.environ, "VYRE_CPU_LEVEL": level, "VYRE_THREADS": threads, "VYRE_BACKEND": "cpu"}
        done = subprocess.run(["./" + exe], cwd=SCRATCH, env=env, capture_output=True, timeout=60, check=False)
        if b"has x86-64" in done.stdout:
            left_out.append(f"{level}: this processor has less")
            continue
        check(done.returncode == 0 and done.stdout == b"ok\n", f"level {level} with {threads} threads", done.stdout.decode())


# -- what is in the object ----------------------------------------------------------------------------------------------------------

def test_symbols():
    units = ["mask", "lookup", "count_bytes", "all_params", "stop_at", "nothing", "four", "mask_twice", "guarded"]
    want = {u + suffix for u in units for suffix in ("", "_async", "_workspace", "_unit")}
    have = set(re.findall(r" \w (\S+)$", run(["nm", "-g", "--defined-only", "shapes.o"]) or "", re.M))
    check(have == want, "global symbols are the header's", str(have ^ want))
    missing = set(re.findall(r" U (\S+)$", run(["nm", "-u", "shapes.o"]) or "", re.M))
    allowed = {"vyre_rt_run", "vyre_rt_run_async", "vyre_rt_workspace", "vyre_rt_unit", "memcpy", "memset", "memmove",
               "_GLOBAL_OFFSET_TABLE_"}
    check(missing <= allowed, "it needs the runtime and memcpy only", str(missing - allowed))
    sections = run(["readelf", "-SW", "shapes.o"]) or ""
    images = re.search(r"\.vyre\.images\s+PROGBITS\s+\S+\s+\S+\s+\S+\s+\S+\s+(\S+)\s+\d+\s+\d+\s+(\d+)", sections)
    check(images and images.group(1) in ("A", "AR"), ".vyre.images is read-only", sections)
    check(images and int(images.group(2)) >= 16, ".vyre.images is aligned", sections)
    check(re.search(r"\.note\.GNU-stack\s+PROGBITS\s+\S+\s+\S+\s+000000\s+00\s+\d", sections), "there is .note.GNU-stack", sections)
    check(".llvm.offloading" not in sections, "there is no .llvm.offloading")
    prefixed = set(re.findall(r" \w (\S+)$", run(["nm", "-g", "--defined-only", "prefixed.o"]) or "", re.M))
    check(prefixed == {"my_" + s for s in want}, "--prefix is on every symbol", str(prefixed))


def test_headers():
    for cc, language in [("gcc", "c99"), ("gcc", "c11"), ("gcc", "gnu17"), ("clang", "c99"), ("clang", "c17"), ("g++", "c++11"),
                         ("g++", "c++20"), ("clang++", "c++14"), ("clang++", "c++20")]:
        path = find(cc)
        if not path:
            left_out.append(f"headers with {cc}")
            continue
        for header in ("shapes.h", "names.h", "prefixed.h"):
            with open(os.path.join(SCRATCH, "use.c"), "w", encoding="utf-8") as file:
                file.write(f'#include "{header}"\n#include "{header}"\nint main(void) {{ return 0; }}\n')
            run([path, "-x", "c++" if "++" in cc else "c", f"-std={language}", *WARNINGS, "-Wshadow", "-Wconversion",
                 f"-I{RUNTIME}", "-I.", "-fsyntax-only", "use.c"], f"{header} in {language} by {cc}")
    with open(os.path.join(SCRATCH, "both.c"), "w", encoding="utf-8") as file:
        file.write('#include "shapes.h"\n#include "second.h"\n#include "names.h"\nint main(void) { return 0; }\n')
    run(["gcc", *WARNINGS, f"-I{RUNTIME}", "-I.", "-fsyntax-only", "both.c"], "several headers in one file")


def test_manifest():
    with open(os.path.join(SOURCES, "docs", "manifest.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    for name in ("shapes", "names", "second"):
        manifest = json.loads(read(name + ".json"))
        problems = list(violations(manifest, schema, schema, name))
        check(not problems, f"{name}.json follows the schema", "\n".join(problems))
    manifest = json.loads(read("shapes.json"))
    check([p["name"] for p in manifest["pipelines"]] == ["mask_twice", "guarded"], "pipelines of the manifest")
    check(manifest["pipelines"][0]["steps"][2] == {"host": "out"}, "steps of the manifest")
    broken = {**manifest, "programs": [{**manifest["programs"][0], "workgroup": [0, 1, 1]}]}
    check(list(violations(broken, schema, schema, "broken")), "the schema refuses a workgroup of 0")


KINDS = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def violations(value, schema, root, where):
    """What breaks the schema: the part of JSON Schema that ours uses."""
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].split("/")[1:]:
            target = target[part]
        yield from violations(value, target, root, where)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, KINDS[k]) and not (k == "integer" and isinstance(value, bool)) for k in kinds):
        yield f"{where}: not {kinds}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{where}: not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: not one of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: '{value}' does not match {schema['pattern']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{where}: {value} is below {schema['minimum']}"
    if "oneOf" in schema and sum(not list(violations(value, s, root, where)) for s in schema["oneOf"]) != 1:
        yield f"{where}: is not one of its forms"
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{where}: {len(value)} items"
        for i, item in enumerate(value):
            yield from violations(item, schema.get("items", {}), root, f"{where}[{i}]")
    if isinstance(value, dict):
        for key in schema.get("required", []):
            if key not in value:
                yield f"{where}: no {key}"
        for key, item in value.items():
            known = schema.get("properties", {}).get(key, schema.get("additionalProperties", True))
            if known is False:
                yield f"{where}: {key} is unknown"
            elif isinstance(known, dict):
                yield from violations(item, known, root, f"{where}.{key}")


def test_reproducible():
    """The same bytes whatever the folder, the time, the zone, the language, and the order of memory."""
    first = [read("shapes" + end) for end in (".o", ".h", ".json")]
    places = {"deep/er": ("C", "UTC"), "with space": ("de_DE.UTF-8", "Asia/Kathmandu"), "z" * 100: ("tr_TR", "America/St_Johns")}
    for place, (language, zone) in places.items():
        folder = os.path.join(SCRATCH, place)
        os.makedirs(folder, exist_ok=True)
        for name in ("shapes.vir", "squares.bin"):
            shutil.copy(os.path.join(HERE, name), folder)
        env = {**os.environ, "LC_ALL": language, "TZ": zone, "SOURCE_DATE_EPOCH": "1", "USER": place[:5]}
        compile_vir("shapes", cwd=folder, source="shapes.vir", env=env)
        again = [read(os.path.join(place, "shapes" + end)) for end in (".o", ".h", ".json")]
        check(again == first, f"the same bytes in '{place}', {language}, {zone}")


# -- damage -------------------------------------------------------------------------------------------------------------------------------

def test_damage(cc):
    exe = link_and_run("damage", cc, [], [os.path.join(HERE, "main.c"), "shapes.o"])
    image = read(exe)
    at = image.find(b"VYREIMGS")
    check(at > 0 and image.find(b"VYREIMGS", at + 1) < 0 or image.count(b"VYREIMGS") == 2, "the container is in the executable")
    starts = [i for i in range(len(image)) if image.startswith(b"VYREIMGS", i) and i % 64 == 0]
    check(len(starts) == 1, "there is one container", str(starts))
    at = starts[0]
    size, head = struct.unpack_from("<QQ", image, at + 24)
    positions = [*range(0, 64), *range(64, head, 5), *range(head, size, max(1, size // 100))]
    n_images, = struct.unpack_from("<I", image, at + 40)
    covered = [range(0, head)]
    for i in range(n_images):
        offset, stored = struct.unpack_from("<QQ", image, at + 64 + 64 * i + 8)
        covered.append(range(offset, offset + stored))
    for position in positions:
        damaged = bytearray(image)
        damaged[at + position] ^= 1 << position % 8
        with open(os.path.join(SCRATCH, "damaged"), "wb") as file:
            file.write(damaged)
        os.chmod(os.path.join(SCRATCH, "damaged"), 0o755)
        done = subprocess.run(["./damaged"], cwd=SCRATCH, capture_output=True, timeout=60, check=False)
        if any(position in r for r in covered):
            ok = done.returncode == 1 and b"cannot be used" in done.stdout
        else:
            ok = done.returncode == 0
        check(ok, f"a flipped bit in byte {position} is found", f"status {done.returncode} {done.stdout.decode()}")


# -- debuggers, drivers ----------------------------------------------------------------------------------------------------------------------

def test_debugger(cc):
    """With -g a debugger stops at lines of the .vir file; without optimisation it shows the variables too."""
    stops = {"-O0": ("11 if k == 2", ["k = 2", "mixed = 66", "i = 0"]), "-O2": ("13", [])}
    for level, (line, shown) in stops.items():
        compile_vir("debugged", "-g", level)
        exe = link_and_look(f"debugged {level}", cc, [os.path.join(HERE, "debugged.c"), "debugged.o"], "0: 666 999\n")
        if not shutil.which("gdb"):
            left_out.append("gdb")
            continue
        commands = ["set breakpoint pending on", f"break debugged.vir:{line}", "run", "info locals", "backtrace"]
        text = run(["gdb", "-q", "-nx", "-batch", *[a for c in commands for a in ("-ex", c)], "./" + exe]) or ""
        stopped = re.search(r"^Breakpoint [0-9.]+, .*spell \(.*debugged.vir:(\d+)$", text, re.M)
        check(stopped and stopped[1] == line.split()[0], f"gdb stops in a kernel, {level}", text)
        check(all(s in text for s in shown), f"gdb shows its variables, {level}", text)


def link_and_look(what, cc, objects, shown, flags=(), env=None, status=0):
    exe = "exe-" + re.sub(r"[^A-Za-z0-9]+", "-", what)
    run([cc, "-g", *flags, f"-I{RUNTIME}", "-I.", *objects, "libvyrert.a", "-o", exe], f"{what}: links")
    text = run(["./" + exe], env=env, status=status)
    check(text is not None and shown in text, f"{what}: says {shown!r}", text or "")
    return exe


def test_static_drivers(cc):
    """Drivers cannot be loaded into a static program: that is refused before it crashes."""
    link_and_look("static with a driver", cc, [os.path.join(HERE, "debugged.c"), "debugged.o"], "a static program cannot load",
                  flags=["-static"], env={**os.environ, "VYRE_BACKEND": "vulkan"}, status=1)


# -- another processor ----------------------------------------------------------------------------------------------------------------------

def test_aarch64():
    cc, emulator = find("aarch64-linux-gnu-gcc"), find("qemu-aarch64")
    if not cc or not emulator:
        left_out.append("aarch64: aarch64-linux-gnu-gcc and qemu-aarch64 are needed")
        return
    compile_vir("shapes", "--cpu-triple=aarch64-linux-gnu", output="arm")
    compile_vir("second", "--cpu-triple=aarch64-linux-gnu", output="arm_second")
    check(read("arm.h").replace(b"VYRE_ARM_H", b"VYRE_SHAPES_H") == read("shapes.h"), "the header is the same for aarch64")
    check(run(["readelf", "-hW", "arm.o"]) and "AArch64" in run(["readelf", "-hW", "arm.o"]), "the object is for aarch64")
    tools = {"linker": "aarch64-linux-gnu-ld", "objcopy": "aarch64-linux-gnu-objcopy", "ar": "aarch64-linux-gnu-ar"}
    if build_runtime(cc, "libvyrert-arm.a", **tools):
        for what, flags in {"aarch64 static": ["-static"], "aarch64 pie": ["-pie"]}.items():
            link_and_run(what, cc, [*flags, "-DSECOND"], [os.path.join(HERE, "main.c"), "arm.o", "arm_second.o"],
                         launcher=[emulator, "-L", "/usr/aarch64-linux-gnu"], runtime=("libvyrert-arm.a",))


def main():
    shutil.rmtree(SCRATCH, ignore_errors=True)
    os.makedirs(SCRATCH)
    if not build_runtime("gcc", "libvyrert.a"):
        return 1
    for name, options in {"shapes": [], "second": [], "names": []}.items():
        compile_vir(name, *options)
    compile_vir("shapes", "--prefix=my_", output="prefixed")
    test_symbols()
    test_headers()
    test_manifest()
    test_linkers()
    test_shared_runtime("gcc")
    test_levels("gcc")
    test_reproducible()
    test_damage("gcc")
    test_debugger("gcc")
    test_static_drivers("gcc")
    test_aarch64()
    for what in left_out:
        print(f"left out: {what}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
