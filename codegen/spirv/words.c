/* words.c - see words.h. */
#include "codegen/spirv/words.h"

#include <string.h>

void spv_module_init(struct spv_module *m, struct arena *arena, uint32_t version)
{
    *m = (struct spv_module){.arena = arena, .next_id = 1, .version = version};
}

spv_id spv_new_id(struct spv_module *m)
{
    return m->next_id++;
}

static void push_words(struct spv_module *m, struct spv_words *to, const uint32_t *words, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        vec_push(m->arena, &to->list, words[i]);
}

void spv_put(struct spv_module *m, struct spv_words *to, SpvOp op, const uint32_t *operands, uint32_t n)
{
    vec_push(m->arena, &to->list, (n + 1) << SpvWordCountShift | (uint32_t)op);
    push_words(m, to, operands, n);
}

/* Strings are NUL-terminated UTF-8, four bytes a word, lowest byte first (specification, section 2.2.1). */
static void push_string(struct spv_module *m, struct spv_words *to, const char *text)
{
    size_t n = strlen(text) + 1;
    for (size_t i = 0; i < n; i += 4) {
        uint32_t word = 0;
        memcpy(&word, text + i, n - i < 4 ? n - i : 4);
        vec_push(m->arena, &to->list, word);
    }
}

void spv_put_string(struct spv_module *m, struct spv_words *to, SpvOp op, const uint32_t *before, uint32_t n_before,
                    const char *text, const uint32_t *after, uint32_t n_after)
{
    uint32_t n = 1 + n_before + (uint32_t)(strlen(text) / 4) + 1 + n_after;
    vec_push(m->arena, &to->list, n << SpvWordCountShift | (uint32_t)op);
    push_words(m, to, before, n_before);
    push_string(m, to, text);
    push_words(m, to, after, n_after);
}

/* -- what must be declared once: few, so a scan finds them */

static bool has_instruction(const struct spv_words *in, const uint32_t *words, uint32_t n)
{
    for (uint32_t i = 0; i < in->list.n; i += in->list.at[i] >> SpvWordCountShift)
        if (in->list.at[i] >> SpvWordCountShift == n && !memcmp(&in->list.at[i], words, n * 4)) return true;
    return false;
}

/* Appends what `draft` holds unless the section has it already. */
static void put_once(struct spv_module *m, enum spv_section section, const struct spv_words *draft)
{
    if (!has_instruction(&m->sections[section], draft->list.at, draft->list.n))
        push_words(m, &m->sections[section], draft->list.at, draft->list.n);
}

void spv_capability(struct spv_module *m, SpvCapability c)
{
    struct spv_words draft = {0};
    SPV_PUT(m, &draft, SpvOpCapability, (uint32_t)c);
    put_once(m, SPV_CAPABILITIES, &draft);
}

void spv_extension(struct spv_module *m, const char *name)
{
    struct spv_words draft = {0};
    spv_put_string(m, &draft, SpvOpExtension, NULL, 0, name, NULL, 0);
    put_once(m, SPV_EXTENSIONS, &draft);
}

void spv_name(struct spv_module *m, spv_id id, const char *name)
{
    spv_put_string(m, &m->sections[SPV_NAMES], SpvOpName, &id, 1, name, NULL, 0);
}

/* -- types and constants: a hash table over the words of SPV_GLOBALS, the result id left out */

static bool has_type_operand(SpvOp op)
{
    return op == SpvOpConstant || op == SpvOpConstantComposite || op == SpvOpConstantTrue || op == SpvOpConstantFalse ||
           op == SpvOpConstantNull;
}

static uint32_t hash_words(uint32_t head, const uint32_t *operands, uint32_t n)
{
    uint32_t h = head * 0x9E3779B1u;
    for (uint32_t i = 0; i < n; i++)
        h = (h ^ operands[i]) * 0x85EBCA6Bu, h ^= h >> 15;
    return h;
}

static bool is_same(const uint32_t *at, uint32_t head, const uint32_t *operands, uint32_t n, bool typed)
{
    if (at[0] != head) return false;
    if (!typed) return !n || !memcmp(at + 2, operands, n * 4);
    return at[1] == operands[0] && !memcmp(at + 3, operands + 1, (n - 1) * 4);
}

static void grow_unique(struct spv_module *m)
{
    uint32_t *old = m->unique, old_cap = m->unique_cap;
    m->unique_cap = old_cap ? old_cap * 2 : 128;
    m->unique = ARENA_ARRAY(m->arena, uint32_t, m->unique_cap);
    const uint32_t *globals = m->sections[SPV_GLOBALS].list.at;
    for (uint32_t i = 0; i < old_cap; i++) {
        if (!old[i]) continue;
        const uint32_t *at = globals + old[i] - 1;
        uint32_t n = (at[0] >> SpvWordCountShift) - 2, operands[16];
        bool typed = has_type_operand((SpvOp)(at[0] & SpvOpCodeMask));
        for (uint32_t k = 0; k < n && k < 16; k++)
            operands[k] = typed ? (k ? at[k + 2] : at[1]) : at[k + 2];
        uint32_t slot = hash_words(at[0], operands, n) & (m->unique_cap - 1);
        while (m->unique[slot])
            slot = (slot + 1) & (m->unique_cap - 1);
        m->unique[slot] = old[i];
    }
}

/* Operands as in the instruction without its result id: for constants the type comes first. At most 16. */
static spv_id find_or_make(struct spv_module *m, SpvOp op, const uint32_t *operands, uint32_t n)
{
    if (m->n_unique * 2 >= m->unique_cap) grow_unique(m);
    bool typed = has_type_operand(op);
    uint32_t head = (n + 2) << SpvWordCountShift | (uint32_t)op;
    uint32_t slot = hash_words(head, operands, n) & (m->unique_cap - 1);
    struct spv_words *globals = &m->sections[SPV_GLOBALS];
    for (; m->unique[slot]; slot = (slot + 1) & (m->unique_cap - 1)) {
        const uint32_t *at = globals->list.at + m->unique[slot] - 1;
        if (is_same(at, head, operands, n, typed)) return at[typed ? 2 : 1];
    }
    m->unique[slot] = globals->list.n + 1;
    m->n_unique++;
    spv_id id = spv_new_id(m);
    vec_push(m->arena, &globals->list, head);
    if (typed) vec_push(m->arena, &globals->list, operands[0]);
    vec_push(m->arena, &globals->list, id);
    push_words(m, globals, operands + typed, n - typed);
    return id;
}

spv_id spv_type(struct spv_module *m, SpvOp op, const uint32_t *operands, uint32_t n)
{
    return find_or_make(m, op, operands, n);
}

spv_id spv_type_unshared(struct spv_module *m, SpvOp op, const uint32_t *operands, uint32_t n)
{
    struct spv_words *globals = &m->sections[SPV_GLOBALS];
    spv_id id = spv_new_id(m);
    vec_push(m->arena, &globals->list, (n + 2) << SpvWordCountShift | (uint32_t)op);
    vec_push(m->arena, &globals->list, id);
    push_words(m, globals, operands, n);
    return id;
}

spv_id spv_type_void(struct spv_module *m)
{
    return spv_type(m, SpvOpTypeVoid, NULL, 0);
}

spv_id spv_type_bool(struct spv_module *m)
{
    return spv_type(m, SpvOpTypeBool, NULL, 0);
}

spv_id spv_type_uint(struct spv_module *m, uint32_t bits)
{
    if (bits == 64 && !m->has_int64) {
        m->has_int64 = true;
        spv_capability(m, SpvCapabilityInt64);
    }
    return SPV_TYPE(m, SpvOpTypeInt, bits, 0);
}

spv_id spv_type_float(struct spv_module *m, uint32_t bits)
{
    if (bits == 64 && !m->has_float64) {
        m->has_float64 = true;
        spv_capability(m, SpvCapabilityFloat64);
    }
    if (bits == 32) m->has_float32 = true;
    return SPV_TYPE(m, SpvOpTypeFloat, bits);
}

spv_id spv_type_pointer(struct spv_module *m, SpvStorageClass storage, spv_id to)
{
    return SPV_TYPE(m, SpvOpTypePointer, (uint32_t)storage, to);
}

spv_id spv_const_u32(struct spv_module *m, uint32_t value)
{
    return SPV_TYPE(m, SpvOpConstant, spv_type_uint(m, 32), value);
}

spv_id spv_const_u64(struct spv_module *m, uint64_t value)
{
    return SPV_TYPE(m, SpvOpConstant, spv_type_uint(m, 64), (uint32_t)value, (uint32_t)(value >> 32));
}

spv_id spv_const_f32(struct spv_module *m, uint32_t bits)
{
    return SPV_TYPE(m, SpvOpConstant, spv_type_float(m, 32), bits);
}

spv_id spv_const_f64(struct spv_module *m, uint64_t bits)
{
    return SPV_TYPE(m, SpvOpConstant, spv_type_float(m, 64), (uint32_t)bits, (uint32_t)(bits >> 32));
}

spv_id spv_const_bool(struct spv_module *m, bool value)
{
    return SPV_TYPE(m, value ? SpvOpConstantTrue : SpvOpConstantFalse, spv_type_bool(m));
}

spv_id spv_const_null(struct spv_module *m, spv_id type)
{
    return SPV_TYPE(m, SpvOpConstantNull, type);
}

/* -- code */

spv_id spv_function_begin_typed(struct spv_module *m, const char *name, spv_id type, uint32_t n, spv_id *parameters)
{
    uint32_t signature[8] = {type};
    for (uint32_t i = 0; i < n; i++)
        signature[i + 1] = type;
    spv_id function = spv_type(m, SpvOpTypeFunction, signature, n + 1), id = spv_new_id(m);
    spv_name(m, id, name);
    /* Functions with parameters are long and called often: copies of them would make the module many times as large. */
    uint32_t control = n ? SpvFunctionControlDontInlineMask : SpvFunctionControlMaskNone;
    m->variables = m->code = (struct spv_words){0};
    SPV_PUT(m, &m->variables, SpvOpFunction, type, id, control, function);
    for (uint32_t i = 0; i < n; i++) {
        parameters[i] = spv_new_id(m);
        SPV_PUT(m, &m->variables, SpvOpFunctionParameter, type, parameters[i]);
    }
    SPV_PUT(m, &m->variables, SpvOpLabel, spv_new_id(m));
    return id;
}

spv_id spv_function_begin(struct spv_module *m, const char *name)
{
    return spv_function_begin_typed(m, name, spv_type_void(m), 0, NULL);
}

void spv_function_end(struct spv_module *m)
{
    spv_put(m, &m->code, SpvOpFunctionEnd, NULL, 0);
    struct spv_words *functions = &m->sections[SPV_FUNCTIONS];
    push_words(m, functions, m->variables.list.at, m->variables.list.n);
    push_words(m, functions, m->code.list.at, m->code.list.n);
}

spv_id spv_variable(struct spv_module *m, SpvStorageClass storage, spv_id type)
{
    spv_id pointer = spv_type_pointer(m, storage, type), id = spv_new_id(m);
    struct spv_words *to = storage == SpvStorageClassFunction ? &m->variables : &m->sections[SPV_GLOBALS];
    SPV_PUT(m, to, SpvOpVariable, pointer, id, (uint32_t)storage);
    return id;
}

spv_id spv_op(struct spv_module *m, SpvOp op, spv_id type, const uint32_t *operands, uint32_t n)
{
    spv_id id = spv_new_id(m);
    vec_push(m->arena, &m->code.list, (n + 3) << SpvWordCountShift | (uint32_t)op);
    vec_push(m->arena, &m->code.list, type);
    vec_push(m->arena, &m->code.list, id);
    push_words(m, &m->code, operands, n);
    return id;
}

void spv_do(struct spv_module *m, SpvOp op)
{
    spv_put(m, &m->code, op, NULL, 0);
}

spv_id spv_glsl(struct spv_module *m, enum GLSLstd450 op, spv_id type, const spv_id *args, uint32_t n)
{
    if (!m->glsl) {
        m->glsl = spv_new_id(m);
        spv_put_string(m, &m->sections[SPV_IMPORTS], SpvOpExtInstImport, &m->glsl, 1, "GLSL.std.450", NULL, 0);
    }
    spv_id id = spv_new_id(m);
    vec_push(m->arena, &m->code.list, (n + 5) << SpvWordCountShift | SpvOpExtInst);
    uint32_t head[] = {type, id, m->glsl, (uint32_t)op};
    push_words(m, &m->code, head, 4);
    push_words(m, &m->code, args, n);
    return id;
}

void spv_label(struct spv_module *m, spv_id label)
{
    SPV_DO(m, SpvOpLabel, label);
}

void spv_branch(struct spv_module *m, spv_id to)
{
    SPV_DO(m, SpvOpBranch, to);
}

void spv_module_finish(const struct spv_module *m, struct spv_words *words)
{
    struct spv_module *to = (struct spv_module *)m; /* only its arena is used */
    uint32_t head[] = {SpvMagicNumber, m->version, 0, m->next_id, 0};
    push_words(to, words, head, 5);
    for (int s = 0; s < SPV_SECTIONS; s++)
        push_words(to, words, m->sections[s].list.at, m->sections[s].list.n);
}
