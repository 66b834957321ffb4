/* pass_options.c - see pass_options.h. */
#include "driver/pass_options.h"

#include <string.h>

#include "frontend/frontend.h"
#include "ir/print.h"
#include "passes/request.h"

static void apply(struct tool *tool, const struct option_use *use, struct pass_settings *s)
{
    switch (use->id) {
    case OPTION_ID_OPTIMIZE:
        s->level = (uint32_t)(*use->argument - '0');
        break;
    case OPTION_ID_PASSES:
        s->list = use->argument;
        break;
    case OPTION_ID_PRINT_BEFORE:
        vec_push(&tool->arena, &s->before, use->argument);
        break;
    case OPTION_ID_PRINT_AFTER:
        vec_push(&tool->arena, &s->after, use->argument);
        break;
    case OPTION_ID_PRINT_CHANGED:
        s->print_changed = true;
        break;
    case OPTION_ID_STOP_AFTER:
        s->stop_after = use->argument;
        break;
    case OPTION_ID_SKIP_PASS:
        vec_push(&tool->arena, &s->skip, use->argument);
        break;
    case OPTION_ID_PASS_LIMIT:
        s->has_limit = true;
        s->limit = use->number;
        break;
    case OPTION_ID_VERIFY_EACH:
        s->verify_each = true;
        break;
    case OPTION_ID_TIME_PASSES:
        s->time = true;
        break;
    case OPTION_ID_PASS_STATS:
        s->stats = true;
        break;
    case OPTION_ID_FUSE:
        fuse_request_read(s, use->argument, &tool->arena);
        break;
    case OPTION_ID_REMARKS:
        s->remarks = use->argument;
        break;
    case OPTION_ID_REMARKS_MISSED:
        s->missed = use->argument;
        break;
    default:
        break; /* others' */
    }
}

bool pass_options_read(struct tool *tool, uint32_t level, struct pass_settings *settings)
{
    *settings = (struct pass_settings){.level = level, .read_back = pass_options_read_back, .read_back_ctx = tool};
    for (uint32_t i = 0; i < tool->options.uses.n; i++)
        apply(tool, &tool->options.uses.at[i], settings);
    return pass_settings_check(settings, &tool->diags, &tool->arena);
}

bool pass_options_print(struct tool *tool, uint32_t level)
{
    struct pass_settings settings;
    bool asked = false;
    for (uint32_t i = 0; i < tool->options.uses.n; i++)
        asked |= tool->options.uses.at[i].id == OPTION_ID_PRINT_PASSES;
    if (!asked) return false;
    if (!pass_options_read(tool, level, &settings)) return true;
    struct out text;
    out_init(&text, &tool->mem);
    out_text(&text, "");
    passes_print_list(&settings, &text);
    tool_write_file(tool, "-", &text);
    out_release(&text);
    return true;
}

bool pass_options_run(struct tool *tool, const struct pass_settings *settings, struct ir_module *m)
{
    struct pass_settings s = *settings;
    struct diags reasons;
    struct fuse_wishes wishes = {0};
    struct out log;
    diags_init(&reasons, &tool->arena, &tool->sources);
    if (s.fuse.n && !s.reasons) s.reasons = &reasons;
    if (!fuse_wishes_find(&wishes, m, &s, &tool->diags, &tool->arena)) return false;
    out_init(&log, &tool->mem);
    passes_run(m, &s, &tool->diags, &log);
    tool_print_log(&log);
    out_release(&log);
    return fuse_wishes_check(&wishes, &s, &tool->diags);
}

bool pass_options_read_back(void *ctx, const struct ir_module *m, struct out *why)
{
    struct tool *tool = ctx;
    struct arena arena;
    struct intern names;
    struct sources sources;
    struct diags diags;
    struct out text, again;
    arena_init(&arena, &tool->mem);
    intern_init(&names, &arena);
    sources_init(&sources, &arena);
    diags_init(&diags, &arena, &sources);
    out_init(&text, &tool->mem);
    out_init(&again, &tool->mem);
    out_text(&text, "");
    ir_print_module(m, &text);
    /* Data comes from the printed text or from the files beside the input, so the text keeps the input's name. */
    struct source_file *file = sources_add(&sources, m->files.at[0]->name, text.bytes, text.n);
    struct frontend_options options = {.include_dirs = tool->include_dirs.at, .n_include_dirs = tool->include_dirs.n};
    struct ir_module *copy = file ? frontend_read(&arena, &names, &sources, &diags, file, &options) : NULL;
    if (copy)
        ir_print_module(copy, &again);
    else
        diags_print(&diags, DIAG_FORMAT_TEXT, false, &again);
    bool same = copy && again.n == text.n && !(text.n && memcmp(again.bytes, text.bytes, text.n));
    if (!same) out_printf(why, "%s\nread back:\n%s", text.bytes, again.bytes ? again.bytes : "");
    out_release(&again);
    out_release(&text);
    arena_release(&arena);
    return same;
}
