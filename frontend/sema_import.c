/* sema_import.c - the files of a text: what it imports, and where files are that a text names.
 *
 *     a.vir:  import "b.vir";  program p { }        read as:  fn f ... program p { }
 *     b.vir:  fn f ...
 *
 * A file is known by what the system calls it, so that it is read once however it is named. Files that are under way
 * form a chain; an import that leads back into it is a cycle. There is no recursion: chains may be as long as memory
 * lasts. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "frontend/sema.h"

struct import {
    const struct source_file *file;
    struct import *importer; /* NULL: the text itself */
    struct src_range place;  /* where it is imported */
    struct syn_item *next;   /* the first of its items that is not yet in the list of all */
    bool is_open;            /* not all are */
};

struct importer {
    struct sema *s;
    struct map files; /* identity -> struct import */
    struct import *top;
    struct syn_items all;
    bool ok;
};

/* -- finding files ------------------------------------------------------------------------------------------- */

const struct source_file *sema_file_of(struct sema *s, struct src_range range)
{
    const struct source_file *f = s->file;

    if (!f || range.begin < f->base || range.begin > f->base + f->size_bytes)
        s->file = sources_find(s->m->sources, range.begin);
    return s->file;
}

static const char *join_path(struct sema *s, const char *folder, size_t folder_bytes, const char *path)
{
    bool needs_slash = folder_bytes && folder[folder_bytes - 1] != '/';

    return arena_printf(s->m->arena, "%.*s%s%s", (int)folder_bytes, folder, needs_slash ? "/" : "", path);
}

/* A file may be called as standard input is on the command line. */
static const char *beside(struct sema *s, const char *name, const char *path)
{
    const char *slash = strrchr(name, '/');

    if (!slash) return strcmp(path, "-") ? path : "./-";
    return join_path(s, name, (size_t)(slash - name) + 1, path);
}

int sema_find_file(struct sema *s, struct src_range place, const char *path, const char **found, struct stat *info)
{
    int error;

    *found = *path == '/' ? path : beside(s, sema_file_of(s, place)->name, path);
    error = stat(*found, info) ? errno : 0;
    for (uint32_t i = 0; error == ENOENT && *path != '/' && i < s->options->n_include_dirs; i++) {
        *found = join_path(s, s->options->include_dirs[i], strlen(s->options->include_dirs[i]), path);
        error = stat(*found, info) ? errno : 0;
    }
    return error;
}

void sema_add_dependency(struct sema *s, const char *path)
{
    for (uint32_t i = 0; i < s->m->dependencies.n; i++)
        if (!strcmp(s->m->dependencies.at[i], path)) return;
    vec_push(s->m->arena, &s->m->dependencies, path);
}

/* -- reading them -------------------------------------------------------------------------------------------- */

static const char *identity_of(struct sema *s, const struct stat *info)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)info->st_dev, (uintmax_t)info->st_ino);

    return intern(s->m->names, text, (size_t)n);
}

static struct import *open_import(struct importer *i, const struct source_file *file, struct src_range place)
{
    struct import *import = ARENA_NEW(i->s->arena, struct import);

    import->file = file;
    import->place = place;
    import->importer = i->top;
    import->is_open = true;
    vec_push(i->s->m->arena, &i->s->m->files, file);
    i->ok &= parser_run(i->s->p, file);
    import->next = i->s->p->items.first;
    i->top = import;
    return import;
}

static void report_cycle(struct importer *i, const struct import *again, struct src_range place)
{
    struct sema *s = i->s;
    const char *chain = again->file->name;
    struct diag *d;

    for (const struct import *at = i->top; at != again; at = at->importer)
        chain = arena_printf(s->arena, "%s, %s", at->file->name, chain);
    chain = arena_printf(s->arena, "%s, %s", again->file->name, chain);
    d = diag_report(s->diags, DIAG_IMPORT_CYCLE, place, again->file->name, chain);
    for (const struct import *at = i->top; at != again; at = at->importer)
        diag_add_note(s->diags, d, at->place, "'%s' is imported here", at->file->name);
}

static void report_unreadable(struct importer *i, const struct syn_item *item, const char *path, int error)
{
    diag_report(i->s->diags, DIAG_IMPORT_FILE, item->init->range, path, strerror(error));
    i->ok = false;
}

/* Reads the file of a path unless it has been read. */
static void import_file(struct importer *i, const struct syn_item *item, const char *path)
{
    struct sema *s = i->s;
    const char *found, *identity;
    struct source_file *file;
    struct import *before;
    struct stat info;
    int error = sema_find_file(s, item->init->range, path, &found, &info);

    identity = error ? NULL : identity_of(s, &info);
    before = error ? NULL : map_find(&i->files, identity);
    if (before && before->is_open) report_cycle(i, before, item->init->range);
    if (before) return;
    if (!error)
        error = S_ISREG(info.st_mode)   ? sources_read(s->m->sources, found, &file)
                : S_ISDIR(info.st_mode) ? EISDIR
                                        : EINVAL;
    if (error) {
        report_unreadable(i, item, path, error);
        return;
    }
    sema_add_dependency(s, found);
    map_set(&i->files, identity, open_import(i, file, item->init->range));
}

/* The next item of the newest file that is not yet read to its end. */
static void take_item(struct importer *i)
{
    struct syn_item *item = i->top->next;
    const char *path;

    if (!item) {
        i->top->is_open = false;
        i->top = i->top->importer;
        return;
    }
    i->top->next = item->next;
    item->next = NULL;
    if (item->kind != SYN_ITEM_IMPORT) {
        syn_items_append(&i->all, item);
        return;
    }
    path = sema_label(i->s, item->init);
    if (path && !i->s->options->no_imports) import_file(i, item, path);
}

bool sema_import_all(struct sema *s, const struct source_file *file)
{
    struct importer i = {.s = s, .ok = true};
    uint32_t n_errors = s->diags->n_errors;
    struct import *text;
    struct stat info;

    map_init(&i.files, s->arena);
    text = open_import(&i, file, SRC_NONE);
    /* A text that does not come from a file has no identity. */
    if (!s->options->no_imports && !stat(file->name, &info) && S_ISREG(info.st_mode))
        map_set(&i.files, identity_of(s, &info), text);
    while (i.top)
        take_item(&i);
    s->p->items = i.all;
    return i.ok && s->diags->n_errors == n_errors;
}
