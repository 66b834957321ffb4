/* debug.c - where the instructions come from, as DWARF: a line of the .vir for every statement, a function per program. */
#include "codegen/llvm/lower.h"

#include <string.h>

#include "ir/base/source.h"

struct debug_info {
    LLVMDIBuilderRef builder;
    const struct sources *sources;
    const struct source_file *text;                /* others are imported */
    LLVMMetadataRef file, unit, scope, scope_file; /* of the text; of the function */
    LLVMMetadataRef types[IR_SCALAR_COUNT];
    bool optimized;
};

enum { LANGUAGE_C11 = 0x1d, ENCODING_BOOLEAN = 2, ENCODING_FLOAT = 4, ENCODING_SIGNED = 5, ENCODING_UNSIGNED = 7 };

static void add_flag(LLVMModuleRef module, const char *name, uint32_t value)
{
    LLVMValueRef v = LLVMConstInt(LLVMInt32TypeInContext(LLVMGetModuleContext(module)), value, false);
    LLVMAddModuleFlag(module, LLVMModuleFlagBehaviorWarning, name, strlen(name), LLVMValueAsMetadata(v));
}

/* The name as given: it does not depend on the folder of the build. */
static LLVMMetadataRef create_file(struct debug_info *d, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    return LLVMDIBuilderCreateFile(d->builder, base, strlen(base), slash ? name : ".",
                                   slash ? (size_t)(slash - name) : 1);
}

struct debug_info *debug_begin(struct arena *arena, LLVMModuleRef module, const struct ir_module *m,
                               const char *source_name, bool optimized, bool lines_only)
{
    struct debug_info *d = ARENA_NEW(arena, struct debug_info);
    d->sources = m->sources;
    d->text = m->files.n ? m->files.at[0] : NULL;
    d->optimized = optimized;
    d->builder = LLVMCreateDIBuilder(module);
    d->file = create_file(d, source_name ? source_name : "<stdin>");
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

/* LLVM keeps one of equal files, and one of equal scopes. */
static LLVMMetadataRef file_of(struct debug_info *d, const struct source_file *source)
{
    return !source || source == d->text ? d->file : create_file(d, source->name);
}

/* The function itself, or the part of it that was inlined from a file other than its own. */
static LLVMMetadataRef scope_of(struct debug_info *d, const struct source_file *source)
{
    LLVMMetadataRef file = file_of(d, source);
    return file == d->scope_file ? d->scope : LLVMDIBuilderCreateLexicalBlockFile(d->builder, d->scope, file, 0);
}

void debug_function(struct lower *l, LLVMValueRef fn, const struct ir_program *p)
{
    struct debug_info *d = l->debug;
    if (!d) return;
    struct src_place place = source_locate(d->sources, p->range.begin);
    LLVMMetadataRef file = file_of(d, place.file);
    LLVMMetadataRef type = LLVMDIBuilderCreateSubroutineType(d->builder, file, NULL, 0, LLVMDIFlagZero);
    d->scope_file = file;
    d->scope = LLVMDIBuilderCreateFunction(d->builder, file, p->name, strlen(p->name), "", 0, file, place.line, type,
                                           true, true, place.line, LLVMDIFlagZero, d->optimized);
    LLVMSetSubprogram(fn, d->scope);
    debug_place(l, p->range);
}

void debug_place(struct lower *l, struct src_range range)
{
    struct debug_info *d = l->debug;
    if (!d || !range.end) return;
    struct src_place place = source_locate(d->sources, range.begin);
    if (place.file)
        LLVMSetCurrentDebugLocation2(l->b, LLVMDIBuilderCreateDebugLocation(l->context, place.line, place.column,
                                                                            scope_of(d, place.file), NULL));
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
    LLVMMetadataRef variable = LLVMDIBuilderCreateAutoVariable(
        d->builder, scope_of(d, place.file), local->name, strlen(local->name), file_of(d, place.file), place.line,
        type_of(d, (enum ir_scalar)local->type.scalar), true, LLVMDIFlagZero, 0);
    LLVMMetadataRef expression = LLVMDIBuilderCreateExpression(d->builder, NULL, 0);
    LLVMMetadataRef at =
        LLVMDIBuilderCreateDebugLocation(l->context, place.line, place.column, scope_of(d, place.file), NULL);
    LLVMDIBuilderInsertDeclareRecordAtEnd(d->builder, slot, variable, expression, at, LLVMGetInsertBlock(l->b));
}
