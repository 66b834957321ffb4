/* main.c - compiles a formula that is only known at run time, and computes a table with it.
 *
 *   ./embed 'x * x + 1.5' 4      prints it for x = 0, 1, 2, 3
 *
 * The program is built by calls, compiled to an object in memory by libvyrec, made a library by the C compiler, loaded,
 * and run by the runtime like any other. With VYRE_CACHE_DIR set, a formula is compiled once. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vyrec.h>
#include <vyrert.h>

enum { MAX_POINTS = 1000 };

/* The argument struct that the header of this program would declare. */
struct formula_args {
    vyre_span x, y;
};
typedef vyre_status formula_function(vyre_context *, const struct formula_args *);

static void print_message(void *user, const vyrec_message *m)
{
    (void)user;
    fprintf(stderr, "%s: %s [%s]\n", m->severity, m->text, m->code);
    if (*m->fix) fprintf(stderr, "  fix: %s\n", m->fix);
}

/* y[i] = formula of x[i] */
static vyrec_status build_formula(vyrec_context *compiler, const char *formula, vyrec_module **module)
{
    vyrec_builder *b;
    vyrec_status status = vyrec_builder_create(&b);
    if (status) return status;
    vyrec_build_program(b, "formula", "64");
    vyrec_build_buffer(b, "points", "read", "f32[]");
    vyrec_build_buffer(b, "y", "write", "f32[]");
    vyrec_value i = vyrec_build_let(b, "i", vyrec_build_name(b, "gid.x"));
    vyrec_build_if(b, vyrec_build_op(b, "<", 2, (vyrec_value[]){i, vyrec_build_name(b, "len(y)")}));
    vyrec_build_let(b, "x", vyrec_build_load(b, "points", i));
    vyrec_build_store(b, "y", i, vyrec_build_name(b, formula));
    vyrec_build_end(b);
    vyrec_build_end(b);
    status = vyrec_build_finish(b, compiler, "formula", module);
    vyrec_builder_destroy(b);
    return status;
}

/* The object as a function: through a file, since that is what linkers and loaders take. */
static formula_function *load_object(const void *bytes, size_t size)
{
    char folder[] = "/tmp/embed-XXXXXX", path[64], command[200];
    formula_function *function = NULL;
    if (!mkdtemp(folder)) return NULL;
    snprintf(path, sizeof path, "%s/formula.o", folder);
    FILE *file = fopen(path, "wb");
    int written = file && fwrite(bytes, 1, size, file) == size;
    if (file && fclose(file)) written = 0;
    snprintf(command, sizeof command, "cc -shared -o %s/formula.so %s/formula.o", folder, folder);
    if (written && !system(command)) {
        snprintf(path, sizeof path, "%s/formula.so", folder);
        void *library = dlopen(path, RTLD_NOW);
        void *symbol = library ? dlsym(library, "formula") : NULL;
        memcpy(&function, &symbol, sizeof function);
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) ? NULL : function;
}

static formula_function *compile_formula(const char *formula)
{
    vyrec_options options;
    vyrec_context *compiler;
    vyrec_module *module = NULL;
    vyrec_output *object = NULL;
    formula_function *function = NULL;
    size_t size;
    vyrec_options_init(&options);
    options.cache_dir = getenv("VYRE_CACHE_DIR");
    options.report = print_message;
    if (vyrec_context_create(&options, &compiler)) return NULL;
    if (!build_formula(compiler, formula, &module) && !vyrec_module_compile(module, "obj", &object)) {
        const void *bytes = vyrec_output_bytes(object, &size);
        fprintf(stderr, "%zu bytes%s\n", size, vyrec_output_is_cached(object) ? " from the cache" : "");
        function = load_object(bytes, size);
    }
    vyrec_output_destroy(object);
    vyrec_module_destroy(module);
    vyrec_context_destroy(compiler);
    return function;
}

int main(int argc, char **argv)
{
    static float x[MAX_POINTS], y[MAX_POINTS];
    size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 10;
    formula_function *function = argc > 1 ? compile_formula(argv[1]) : NULL;
    vyre_context *context;
    if (!function || n > MAX_POINTS || vyre_context_create(NULL, &context)) return 1;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)i;
    struct formula_args args = {.x = vyre_host(x, n), .y = vyre_host(y, n)};
    int failed = function(context, &args) != VYRE_OK;
    if (failed) fprintf(stderr, "%s\n", vyre_context_message(context));
    for (size_t i = 0; i < n && !failed; i++)
        printf("%g %g\n", x[i], y[i]);
    vyre_context_destroy(context);
    return failed;
}
