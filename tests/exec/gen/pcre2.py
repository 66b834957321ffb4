"""pcre2.py - what PCRE2 finds, through its shared library: the last bytes of all matches, from all beginnings. Not run by itself."""
import ctypes
import ctypes.util

CASELESS, DOTALL, EXTENDED, MULTILINE = 0x8, 0x20, 0x80, 0x400
ANCHORED, NO_AUTO_POSSESS, NO_DOTSTAR_ANCHOR, NO_START_OPTIMIZE = 0x80000000, 0x4000, 0x8000, 0x10000
FLAGS = {"i": CASELESS, "m": MULTILINE, "s": DOTALL, "x": EXTENDED}
NO_MATCH, MAX_MATCHES, WORKSPACE = -1, 4096, 100000


def load():
    name = ctypes.util.find_library("pcre2-8")
    if not name:
        return None
    library = ctypes.CDLL(name)
    for function, result, arguments in [
            ("pcre2_compile_8", ctypes.c_void_p, "psuppp"), ("pcre2_match_data_create_8", ctypes.c_void_p, "up"),
            ("pcre2_get_ovector_pointer_8", ctypes.POINTER(ctypes.c_size_t), "p"), ("pcre2_code_free_8", None, "p"),
            ("pcre2_dfa_match_8", ctypes.c_int, "ppssuppps"), ("pcre2_get_error_message_8", ctypes.c_int, "ips")]:
        entry = getattr(library, function)
        entry.restype = result
        kinds = {"p": ctypes.c_void_p, "s": ctypes.c_size_t, "u": ctypes.c_uint32, "i": ctypes.c_int}
        entry.argtypes = [kinds[a] for a in arguments]
    return library


LIBRARY = load()


class Invalid(Exception):
    """What PCRE2 says about an expression that it refuses."""


class Pattern:
    def __init__(self, expression, options=0):
        error, place = ctypes.c_int(), ctypes.c_size_t()
        options |= NO_AUTO_POSSESS | NO_DOTSTAR_ANCHOR | NO_START_OPTIMIZE
        self.code = LIBRARY.pcre2_compile_8(expression, len(expression), options, ctypes.byref(error), ctypes.byref(place), None)
        if not self.code:
            text = ctypes.create_string_buffer(256)
            LIBRARY.pcre2_get_error_message_8(error, text, 256)
            raise Invalid(f"{text.value.decode()} at {place.value}")

    def __del__(self):
        if self.code:
            LIBRARY.pcre2_code_free_8(self.code)

    data = LIBRARY and LIBRARY.pcre2_match_data_create_8(MAX_MATCHES, None)
    workspace = (ctypes.c_int * WORKSPACE)()

    def ends(self, text):
        """The last byte of each match that has any: its search for all alternatives at once, from each place."""
        found = set()
        vector = LIBRARY.pcre2_get_ovector_pointer_8(self.data)
        for start in range(len(text)):
            n = LIBRARY.pcre2_dfa_match_8(self.code, text, len(text), start, ANCHORED, self.data, None, self.workspace, WORKSPACE)
            if n == NO_MATCH:
                continue
            if n <= 0:
                raise RuntimeError(f"pcre2_dfa_match: {n}")
            found.update(vector[2 * i + 1] - 1 for i in range(n) if vector[2 * i + 1] > start)
        return found
