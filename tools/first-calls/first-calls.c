/* first-calls.c - `first-calls -o LIST PROGRAM [ARGUMENT...]` runs a program and adds to LIST the names of its functions that are
 * called, in the order of their first calls. For linkers that lay functions in a given order (--symbol-ordering-file): the few
 * megabytes that are used of a large library, side by side, are a fraction of the page faults and cache misses.
 *
 * Each function of the program file begins with a breakpoint, which is taken away when it is met. For programs of x86-64 at a fixed
 * address. The exit status is that of PROGRAM, or 2. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TROUBLE = 2, BREAKPOINT = 0xCC };

struct function {
    uint64_t address;
    const char *name; /* of several at one address all but the first have no breakpoint: they are the same section */
    bool is_known;    /* in the list */
    uint8_t code;     /* what the breakpoint lies on */
};
struct program {
    const uint8_t *file;
    size_t n_bytes;
    const Elf64_Ehdr *head;
    struct function *functions; /* by address */
    size_t n;
};
struct tracee {
    pid_t pid;
    int memory; /* of /proc */
    struct program *program;
    FILE *list;
};

static void die(const char *what)
{
    fprintf(stderr, "first-calls: %s: %s\n", what, strerror(errno));
    exit(TROUBLE);
}

/* -- the program file ----------------------------------------------------------------------------------------------- */

static void read_program(struct program *p, const char *path)
{
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &info)) die(path);
    p->n_bytes = (size_t)info.st_size;
    p->file = mmap(NULL, p->n_bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (p->file == MAP_FAILED) die(path);
    close(file);
    p->head = (const Elf64_Ehdr *)p->file;
    errno = ENOEXEC;
    if (p->n_bytes < sizeof *p->head || memcmp(p->head->e_ident, ELFMAG, SELFMAG) || p->head->e_type != ET_EXEC ||
        p->head->e_machine != EM_X86_64)
        die(path);
}

static const Elf64_Shdr *sections_of(const struct program *p)
{
    return (const Elf64_Shdr *)(p->file + p->head->e_shoff);
}

/* The byte of the file that is at an address of code; NULL: none is. */
static const uint8_t *find_code(const struct program *p, uint64_t address)
{
    const Elf64_Phdr *rows = (const Elf64_Phdr *)(p->file + p->head->e_phoff);
    for (uint32_t i = 0; i < p->head->e_phnum; i++)
        if (rows[i].p_type == PT_LOAD && rows[i].p_flags & PF_X && address - rows[i].p_vaddr < rows[i].p_filesz)
            return p->file + rows[i].p_offset + (address - rows[i].p_vaddr);
    return NULL;
}

static int compare_functions(const void *a, const void *b)
{
    const struct function *x = a, *y = b;
    return x->address < y->address ? -1 : x->address > y->address ? 1 : strcmp(x->name, y->name);
}

static void add_symbols(struct program *p, const Elf64_Shdr *table)
{
    const Elf64_Sym *symbols = (const Elf64_Sym *)(p->file + table->sh_offset);
    const char *names = (const char *)p->file + sections_of(p)[table->sh_link].sh_offset;
    size_t n = table->sh_size / sizeof *symbols;
    p->functions = malloc((n + 1) * sizeof *p->functions);
    if (!p->functions) die("functions");
    for (size_t i = 0; i < n; i++) {
        const uint8_t *code = find_code(p, symbols[i].st_value);
        if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC && symbols[i].st_shndx != SHN_UNDEF && code)
            p->functions[p->n++] = (struct function){symbols[i].st_value, names + symbols[i].st_name, false, *code};
    }
}

static void find_functions(struct program *p)
{
    const Elf64_Shdr *sections = sections_of(p);
    for (uint32_t i = 0; i < p->head->e_shnum && !p->n; i++)
        if (sections[i].sh_type == SHT_SYMTAB) add_symbols(p, &sections[i]);
    qsort(p->functions, p->n, sizeof *p->functions, compare_functions);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!n || p->functions[n - 1].address != p->functions[i].address) p->functions[n++] = p->functions[i];
    p->n = n;
}

static struct function *find_function(const struct program *p, uint64_t address)
{
    struct function key = {.address = address, .name = ""};
    size_t low = 0, high = p->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_functions(&p->functions[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->n && p->functions[low].address == address ? &p->functions[low] : NULL;
}

/* -- the list so far -------------------------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a file that may not exist, sorted. */
static size_t read_lines(const char *path, char ***lines)
{
    size_t n = 0, room = 0, line_room = 0;
    char *line = NULL;
    FILE *file = fopen(path, "r");
    *lines = NULL;
    for (ssize_t length; file && (length = getline(&line, &line_room, file)) > 0;) {
        if (line[length - 1] == '\n') line[length - 1] = 0;
        if (n == room && !(*lines = realloc(*lines, (room = room * 2 + 1024) * sizeof **lines))) die(path);
        if (!((*lines)[n++] = strdup(line))) die(path);
    }
    if (file) fclose(file);
    free(line);
    if (n) qsort(*lines, n, sizeof **lines, compare_names);
    return n;
}

static void mark_known(struct program *p, const char *path)
{
    char **lines;
    size_t n = read_lines(path, &lines);
    for (size_t i = 0; i < p->n; i++)
        p->functions[i].is_known = n && bsearch(&p->functions[i].name, lines, n, sizeof *lines, compare_names);
    for (size_t i = 0; i < n; i++)
        free(lines[i]);
    free(lines);
}

/* -- running --------------------------------------------------------------------------------------------------------------- */

/* On one processor, so that it takes the same way each time. */
static pid_t start(char **command)
{
    cpu_set_t all, one;
    pid_t pid = fork();
    if (pid) return pid;
    CPU_ZERO(&one);
    sched_getaffinity(0, sizeof all, &all);
    for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
        if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
    sched_setaffinity(0, sizeof one, &one);
    if (!ptrace(PTRACE_TRACEME, 0, NULL, NULL)) execv(command[0], command);
    _exit(TROUBLE);
}

static void put_byte(const struct tracee *t, uint64_t address, uint8_t byte)
{
    if (pwrite(t->memory, &byte, 1, (off_t)address) != 1) die("/proc/PID/mem");
}

/* All breakpoints, a segment at once. */
static void put_breakpoints(const struct tracee *t)
{
    const struct program *p = t->program;
    const Elf64_Phdr *rows = (const Elf64_Phdr *)(p->file + p->head->e_phoff);
    for (uint32_t i = 0; i < p->head->e_phnum; i++) {
        if (rows[i].p_type != PT_LOAD || !(rows[i].p_flags & PF_X)) continue;
        uint8_t *code = malloc(rows[i].p_filesz + 1);
        if (!code) die("code");
        memcpy(code, p->file + rows[i].p_offset, rows[i].p_filesz);
        for (size_t k = 0; k < p->n; k++)
            if (!p->functions[k].is_known && p->functions[k].address - rows[i].p_vaddr < rows[i].p_filesz)
                code[p->functions[k].address - rows[i].p_vaddr] = BREAKPOINT;
        if (pwrite(t->memory, code, rows[i].p_filesz, (off_t)rows[i].p_vaddr) != (ssize_t)rows[i].p_filesz)
            die("/proc/PID/mem");
        free(code);
    }
}

/* A thread met a breakpoint, maybe one that another has just taken away: it goes on there without it. */
static bool take_breakpoint(const struct tracee *t, pid_t thread)
{
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, thread, NULL, &registers)) die("registers");
    struct function *f = find_function(t->program, registers.rip - 1);
    if (!f) return false;
    if (!f->is_known) {
        put_byte(t, f->address, f->code);
        fprintf(t->list, "%s\n", f->name);
        f->is_known = true;
    }
    registers.rip = f->address;
    if (ptrace(PTRACE_SETREGS, thread, NULL, &registers)) die("registers");
    return true;
}

/* What a stopped thread is to be told when it goes on: its signal, unless the stop was ours. */
static int signal_to_give(const struct tracee *t, pid_t thread, int status)
{
    int number = WSTOPSIG(status);
    bool is_event = status >> 16 != 0, is_new_thread = number == SIGSTOP && thread != t->pid;
    if (is_event || is_new_thread || (number == SIGTRAP && take_breakpoint(t, thread))) return 0;
    return number;
}

static int follow(const struct tracee *t)
{
    for (;;) {
        int status;
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0) die("waitpid");
        if (WIFSTOPPED(status))
            ptrace(PTRACE_CONT, thread, NULL, (void *)(intptr_t)signal_to_give(t, thread, status));
        else if (thread == t->pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : TROUBLE;
    }
}

static int trace(struct program *p, char **command, FILE *list)
{
    char path[64];
    int status = 0;
    struct tracee t = {.pid = start(command), .program = p, .list = list};
    if (t.pid < 0 || waitpid(t.pid, &status, 0) < 0) die(command[0]);
    errno = ECANCELED;
    if (!WIFSTOPPED(status)) die("tracing");
    if (ptrace(PTRACE_SETOPTIONS, t.pid, NULL, (void *)(PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL))) die("tracing");
    snprintf(path, sizeof path, "/proc/%d/mem", t.pid);
    t.memory = open(path, O_RDWR | O_CLOEXEC);
    if (t.memory < 0) die(path);
    put_breakpoints(&t);
    ptrace(PTRACE_CONT, t.pid, NULL, NULL);
    status = follow(&t);
    close(t.memory);
    return status;
}

int main(int argc, char **argv)
{
    struct program p = {0};
    if (argc < 4 || strcmp(argv[1], "-o")) {
        fputs("usage: first-calls -o LIST PROGRAM [ARGUMENT...]\n", stderr);
        return TROUBLE;
    }
    read_program(&p, argv[3]);
    find_functions(&p);
    mark_known(&p, argv[2]);
    FILE *list = fopen(argv[2], "a");
    if (!list) die(argv[2]);
    int status = trace(&p, argv + 3, list);
    if (fclose(list)) die(argv[2]);
    free(p.functions);
    return status;
}
