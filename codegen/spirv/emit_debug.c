/* emit_debug.c - source lines under -g, as OpLine: every consumer understands it. */
#include "codegen/spirv/emit.h"

void spirv_debug_place(struct spirv *e, struct src_range range)
{
    if (!e->options->debug_info || !range.end) return;
    struct src_place place = source_locate(e->program->module->sources, range.begin);
    if (!place.file) return;
    if (e->debug_file != place.file) {
        e->debug_file = place.file;
        e->debug_file_id = spv_new_id(&e->m);
        spv_put_string(&e->m, &e->m.sections[SPV_STRINGS], SpvOpString, &e->debug_file_id, 1, place.file->name, NULL,
                       0);
    }
    SPV_DO(&e->m, SpvOpLine, e->debug_file_id, place.line, place.column);
}
