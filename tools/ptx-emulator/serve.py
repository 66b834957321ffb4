"""serve.py FOLDER - runs PTX in the emulator `ptxemu` of FOLDER, for emulator.c, which asks through standard input:

    M BYTES              a module: its text follows                      answer: `ok`, or `error` and a line
    L KERNEL GX GY GZ BX BY BZ SEED N      a launch with N arguments, each a line and bytes:
    B BYTES              a buffer; its contents follow
    S BYTES              a scalar                                        answer: the same, and after `ok` all buffers' contents

The emulator does not know cp.async; here it learns it. A word that is being copied holds rubbish until the thread has waited for its group, so that
a wait that is missing, or for too few groups, shows.

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


COPIES = r'''
static struct copy { u32 lin, group, n; u8 *to, bytes[16]; } *copies; static u32 n_copies, room_copies, groups[1024], copying_cta[3];
void copies_reset(void) { n_copies = 0; memset(groups, 0, sizeof groups); }
static void copy_start(T *t, u8 *to, const u8 *from, u32 n, u32 used) {
  if (memcmp(copying_cta, g.ctaid, sizeof copying_cta)) copies_reset();
  memcpy(copying_cta, g.ctaid, sizeof copying_cta);
  if (n_copies == room_copies) copies = realloc(copies, (room_copies = room_copies * 2 + 64) * sizeof *copies);
  struct copy *c = &copies[n_copies++];
  *c = (struct copy){ t - g.t, groups[t - g.t], n, to }; memcpy(c->bytes, from, used < n ? used : n); memset(to, 0xA5, n); }
static void copy_wait(T *t, u32 most) {
  for (u32 i = 0; i < n_copies; i++) { struct copy *c = &copies[i];
    if (c->n && c->lin == (u32)(t - g.t) && c->group + most < groups[c->lin]) { memcpy(c->to, c->bytes, c->n); c->n = 0; } } }
'''


class Module(ptxemu.Module):
    def _gen(self):
        include = '#include "ptxrt.h"\n'
        return super()._gen().replace(include, include + COPIES, 1)

    def _inst(self, op, q, rest, ln):
        if op != "cp" or q[0] != "async":
            return super()._inst(op, q, rest, ln)
        operands, place = self._ops(rest), f"t->line={ln}; "
        if q[1] == "commit_group":
            return place + "groups[t - g.t]++;"
        if q[1] == "wait_group":
            return place + f"copy_wait(t, {self.raw(operands[0], 'u32')});"
        n = int(operands[2])
        used = self.raw(operands[3], "u32") if len(operands) > 3 else n
        return place + f"Q(t); copy_start(t, {self._addr(operands[0], 'shared', n, ln)}, {self._addr(operands[1], 'global', n, ln)}, {n}, {used});"


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
    module.lib.copies_reset()
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
                module = Module(text, "-O0")
            else:
                arguments = [read_argument(requests) for _ in range(int(words[9]))]
                contents = launch(module, words[1:], arguments)
            answers.write(b"ok\n" + contents)
        except Exception as fault:  # whatever the emulator has to say is an answer
            answers.write(b"error %s\n" % str(fault).replace("\n", " ").encode())
        answers.flush()


serve(sys.stdin.buffer, sys.stdout.buffer)
