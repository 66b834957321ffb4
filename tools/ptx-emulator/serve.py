"""serve.py FOLDER - runs PTX in the emulator `ptxemu` of FOLDER, for emulator.c, which asks through standard input:

    M BYTES              a module: its text follows                      answer: `ok`, or `error` and a line
    L KERNEL GX GY GZ BX BY BZ SEED N      a launch with N arguments, each a line and bytes:
    B BYTES              a buffer; its contents follow
    S BYTES              a scalar                                        answer: the same, and after `ok` all buffers' contents

A buffer's last byte lies before a page that nobody may touch, but for what makes its address a multiple of 16."""

import ctypes
import mmap
import sys

sys.path.insert(0, sys.argv[1])
import ptxemu  # noqa: E402

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PAGE = mmap.PAGESIZE
LEAST = 16  # bytes that a kernel may read of any buffer


class Buffer:
    def __init__(self, contents):
        self.n = len(contents)
        room = max(self.n, LEAST)
        used = (room + PAGE - 1) // PAGE * PAGE
        self.map = mmap.mmap(-1, used + 2 * PAGE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        for fence in (start, start + PAGE + used):
            LIBC.mprotect(fence, PAGE, 0)
        self.address = (start + PAGE + used - room) & ~(LEAST - 1)
        ctypes.memmove(self.address, contents, self.n)

    def contents(self):
        return ctypes.string_at(self.address, self.n)


def read_argument(requests):
    kind, n_bytes = requests.readline().split()
    contents = requests.read(int(n_bytes))
    return Buffer(contents) if kind == b"B" else contents


def launch(module, words, arguments):
    values = [a.address if isinstance(a, Buffer) else a for a in arguments]
    numbers = [int(w) for w in words[1:8]]
    module.launch(words[0].decode(), tuple(numbers[0:3]), tuple(numbers[3:6]), values, seed=numbers[6])
    return b"".join(a.contents() for a in arguments if isinstance(a, Buffer))


def serve(requests, answers):
    module = None
    while line := requests.readline():
        words = line.split()
        contents = b""
        try:
            if words[0] == b"M":
                text = requests.read(int(words[1])).decode()
                module = None
                module = ptxemu.Module(text, "-O0")
            else:
                arguments = [read_argument(requests) for _ in range(int(words[9]))]
                contents = launch(module, words[1:], arguments)
            answers.write(b"ok\n" + contents)
        except Exception as fault:  # whatever the emulator has to say is an answer
            answers.write(b"error %s\n" % str(fault).replace("\n", " ").encode())
        answers.flush()


serve(sys.stdin.buffer, sys.stdout.buffer)
