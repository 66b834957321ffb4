#!/usr/bin/env python3
"""check_docs.py BUILD SCRATCH DOCUMENT.md... - the examples of the documents do what the documents say.

  ```vir      is a whole file: it compiles to an object, and its printed form reads back to itself.
              Comments at its end say more:
                // run: ARGUMENTS        vyre-run is called so, on the interpreter and on the CPU,
                // NAME: ELEMENTS        and leaves these elements in that buffer
                // refused: E0123        instead: it does not compile, for this reason
  ```c, ```vir and others after a line `<!-- file: NAME -->` are written to that file.
  ```console  is a shell session in the folder of the document's files: what stands after `$ ` is run and must succeed, and print the
              lines that follow; `...` stands for any lines. After a line `<!-- needs: TOOL -->` only where that tool is installed.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

BLOCK = re.compile(r"(?:<!-- (?:file: (?P<file>[\w./-]+)|needs: (?P<tool>\w+)) -->\n)?^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.S | re.M)


class Checker:
    def __init__(self, build, scratch):
        self.bin = build / "bin"
        self.scratch = scratch
        self.environment = dict(os.environ, PATH=f"{self.bin}:{os.environ['PATH']}", LC_ALL="C", NO_COLOR="1",
                                VYRE_BUILD=str(build), VYRE_LDFLAGS=os.environ.get("VYRE_LDFLAGS", ""), VYRE_SOURCES=str(pathlib.Path(__file__).resolve().parents[3]))
        self.n_checked = 0
        self.failures = []

    def run(self, command, folder):
        return subprocess.run(command, cwd=folder, env=self.environment, stdin=subprocess.DEVNULL, text=True, shell=isinstance(command, str),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT if isinstance(command, str) else subprocess.PIPE,
                              timeout=120, check=False)

    def expect(self, condition, where, what, result=None):
        self.n_checked += 1
        if not condition:
            output = f"\n{result.stdout}{result.stderr or ''}" if result else ""
            self.failures.append(f"{where}: {what}{output}")

    def check_document(self, path):
        text = path.read_text(encoding="utf-8")
        folder = self.scratch / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        for block in BLOCK.finditer(text):
            where = f"{path.name}:{text.count(chr(10), 0, block.start()) + 1}"
            if block["file"]:
                target = folder / block["file"]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block["body"], encoding="utf-8")
            if block["kind"] == "vir":
                self.check_vir(block["body"], where, folder)
            elif block["tool"] and not shutil.which(block["tool"]):
                print(f"{where}: not run: there is no {block['tool']}")
            elif block["kind"] == "console":
                self.check_console(block["body"], where, folder)

    def check_vir(self, text, where, folder):
        source = folder / f"example{self.n_checked}.vir"
        source.write_text(text, encoding="utf-8")
        refused = re.search(r"^// refused: (E\d+)$", text, re.M)
        compiled = self.run([self.bin / "vyrec", "-c", source, "-o", source.with_suffix(".o")], folder)
        if refused:
            self.expect(compiled.returncode == 1 and f"[{refused[1]}]" in compiled.stderr, where, f"is not refused with {refused[1]}", compiled)
            return
        self.expect(compiled.returncode == 0, where, "does not compile", compiled)
        printed = self.run([self.bin / "vyre-opt", source], folder)
        again = source.with_suffix(".again.vir")
        again.write_text(printed.stdout, encoding="utf-8")
        reprinted = self.run([self.bin / "vyre-opt", again], folder)
        self.expect(printed.stdout and printed.stdout == reprinted.stdout, where, "its printed form does not read back to itself", reprinted)
        self.check_results(text, source, where, folder)

    def check_results(self, text, source, where, folder):
        for run in re.finditer(r"^// run: (.*)\n((?:// \w+: .*\n)*)", text, re.M):
            results = re.findall(r"^// (\w+): (.*)$", run[2], re.M)
            self.expect(results, where, "says how to run, and not what comes out")
            for backend in ("interp", "cpu"):
                command = [self.bin / "vyre-run", source, f"--backend={backend}", *run[1].split()]
                command += [f"--dump={name}" for name, _ in results]
                result = self.run(command, folder)
                found = dumped_elements(result.stdout)
                expected = {name: elements.split() for name, elements in results}
                self.expect(result.returncode == 0 and found == expected, where, f"on {backend}: not {expected}", result)

    def check_console(self, text, where, folder):
        for command, output in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", text, re.M):
            result = self.run(command, folder)
            pattern = "".join(".*?" if line == "...\n" else re.escape(line) for line in output.splitlines(keepends=True))
            matches = re.fullmatch(pattern, result.stdout, re.S) is not None
            self.expect(matches and (result.returncode == 0 or "error" in output), where, f"$ {command}\nexpected:\n{output}found:", result)


def dumped_elements(text):
    """What vyre-run --dump printed, by buffer: lines `NAME : TYPE`, then `INDEX: ELEMENT ELEMENT`."""
    arrays, elements = {}, None
    for line in text.splitlines():
        head = re.match(r"(\w+) : ", line)
        row = re.match(r" *\d+: (.*)", line)
        if head:
            elements = arrays[head[1]] = []
        elif row and elements is not None:
            elements += row[1].split()
    return arrays


def main():
    build, scratch = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    checker = Checker(build, scratch)
    for name in sys.argv[3:]:
        checker.check_document(pathlib.Path(name))
    for failure in checker.failures:
        print(failure)
    print(f"{checker.n_checked} checks, {len(checker.failures)} failures")
    return 1 if checker.failures or not checker.n_checked else 0


if __name__ == "__main__":
    sys.exit(main())
