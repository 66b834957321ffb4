/* debug.c - where the instructions come from, as DWARF: a line of the .vir for every statement, a function per program. */
#include "codegen/llvm/lower.h"

#include <string.h>

#include "ir/base/source.h"

struct debug_info {
    LLVMDIBuilderRef builder;
    const struct sources *sources;
    LLVMMetadataRef file, unit, scope;
    LLVMMetadataRef types[IR_SCALAR_COUNT];
    bool optimized;
};

enum { LANGUAGE_C11 = 0x1d, ENCODING_BOOLEAN = 2, ENCODING_FLOAT = 4, ENCODING_SIGNED = 5, ENCODING_UNSIGNED = 7 };

static void add_flag(LLVMModuleRef module, const char *name, uint32_t value)
{
    LLVMValueRef v = LLVMConstInt(LLVMInt32TypeInContext(LLVMGetModuleContext(module)), value, false);
    LLVMAddModuleFlag(module, LLVMModuleFlagBehaviorWarning, name, strlen(name), LLVMValueAsMetadata(v));
}

struct debug_info *debug_begin(struct arena *arena, LLVMModuleRef module, const struct sources *sources,
                               const char *source_name, bool optimized, bool lines_only)
{
    struct debug_info *d = ARENA_NEW(arena, struct debug_info);
    const char *name = source_name ? source_name : "<stdin>", *slash = strrchr(name, '/');
    d->sources = sources;
    d->optimized = optimized;
    /* The name as given: it does not depend on the folder of the build. */
    const char *folder = slash ? arena_copy(arena, name, (size_t)(slash - name)) : ".";
    const char *base = slash ? slash + 1 : name;
    d->builder = LLVMCreateDIBuilder(module);
    d->file = LLVMDIBuilderCreateFile(d->builder, base, strlen(base), folder, strlen(folder));
    d->unit = LLVMDIBuilderCreateCompileUnit(
        d->builder, LLVMDWARFSourceLanguageC11, d->file, "vyrec", 5, optimized, "", 0, 0, "", 0,
        lines_only ? LLVMDWARFEmissionLineTablesOnly : LLVMDWARFEmissionFull, 0, false, false, "", 0, "", 0);
    add_flag(module, "Dwarf Version", 5);
    add_flag(module, "Debug Info Version", LLVMDebugMetadataVersion());
    return d;
}

void debug_end(struct debug_info *d)
{
    if (!d) return;
    LLVMDIBuilderFinalize(d->builder);
    LLVMDisposeDIBuilder(d->builder);
}

void debug_function(struct lower *l, LLVMValueRef fn, const struct ir_program *p)
{
    struct debug_info *d = l->debug;
    if (!d) return;
    struct src_place place = source_locate(d->sources, p->range.begin);
    LLVMMetadataRef type = LLVMDIBuilderCreateSubroutineType(d->builder, d->file, NULL, 0, LLVMDIFlagZero);
    d->scope = LLVMDIBuilderCreateFunction(d->builder, d->file, p->name, strlen(p->name), "", 0, d->file, place.line,
                                           type, true, true, place.line, LLVMDIFlagZero, d->optimized);
    LLVMSetSubprogram(fn, d->scope);
    debug_place(l, p->range);
}

void debug_place(struct lower *l, struct src_range range)
{
    struct debug_info *d = l->debug;
    if (!d || !range.end) return;
    struct src_place place = source_locate(d->sources, range.begin);
    if (place.file)
        LLVMSetCurrentDebugLocation2(
            l->b, LLVMDIBuilderCreateDebugLocation(l->context, place.line, place.column, d->scope, NULL));
}

static LLVMMetadataRef type_of(struct debug_info *d, enum ir_scalar s)
{
    static const unsigned encodings[] = {[IR_KIND_BOOL] = ENCODING_BOOLEAN,
                                         [IR_KIND_UINT] = ENCODING_UNSIGNED,
                                         [IR_KIND_SINT] = ENCODING_SIGNED,
                                         [IR_KIND_FLOAT] = ENCODING_FLOAT};
    const struct ir_scalar_info *info = &ir_scalar_infos[s];
    /* Registers hold f16 and bf16 as f32, and a bool in a byte. */
    uint64_t bits = info->kind == IR_KIND_FLOAT && info->bits < 32 ? 32 : info->bits < 8 ? 8 : info->bits;
    if (!d->types[s])
        d->types[s] = LLVMDIBuilderCreateBasicType(d->builder, info->text, strlen(info->text), bits,
                                                   encodings[info->kind], LLVMDIFlagZero);
    return d->types[s];
}

/* Scalars of unoptimised code: elsewhere a local is many lanes, or nowhere. */
void debug_local(struct lower *l, const struct ir_local *local, LLVMValueRef slot)
{
    struct debug_info *d = l->debug;
    if (!d || l->optimize || l->group_width > 1 || local->type.lanes > 1 || !local->range.end) return;
    struct src_place place = source_locate(d->sources, local->range.begin);
    LLVMMetadataRef variable =
        LLVMDIBuilderCreateAutoVariable(d->builder, d->scope, local->name, strlen(local->name), d->file, place.line,
                                        type_of(d, (enum ir_scalar)local->type.scalar), true, LLVMDIFlagZero, 0);
    LLVMMetadataRef expression = LLVMDIBuilderCreateExpression(d->builder, NULL, 0);
    LLVMMetadataRef at = LLVMDIBuilderCreateDebugLocation(l->context, place.line, place.column, d->scope, NULL);
    LLVMDIBuilderInsertDeclareRecordAtEnd(d->builder, slot, variable, expression, at, LLVMGetInsertBlock(l->b));
}
