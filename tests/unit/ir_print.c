/* ir_print.c - literals, parentheses, statements and declarations as text; names of locals; copies. */
#include "ir/walk.h"
#include "tests/unit/ir_fixture.h"

static const char *constant_text(struct fixture *f, ir_type type, uint64_t bits, bool suffix)
{
    ir_print_constant(type, bits, suffix, &f->out);
    return fixture_take_text(f);
}

static void check_integer_literals(struct fixture *f)
{
    CHECK_STRING(constant_text(f, IR_TYPE(U32), 6, true), "6u32");
    CHECK_STRING(constant_text(f, IR_TYPE(U8), 255, true), "255u8");
    CHECK_STRING(constant_text(f, IR_TYPE(U64), UINT64_MAX, true), "18446744073709551615u64");
    CHECK_STRING(constant_text(f, IR_TYPE(I32), 0xFFFFFFFBu, true), "-5i32");
    CHECK_STRING(constant_text(f, IR_TYPE(I32), 0x80000000u, true), "-2147483648i32");
    CHECK_STRING(constant_text(f, IR_TYPE(I64), (uint64_t)1 << 63, true), "-9223372036854775808i64");
    CHECK_STRING(constant_text(f, IR_TYPE(I8), 0x80, true), "-128i8");
    CHECK_STRING(constant_text(f, IR_TYPE(I8), 0x7F, false), "127");
    CHECK_STRING(constant_text(f, IR_TYPE(BOOL), 1, true), "true");
    CHECK_STRING(constant_text(f, IR_TYPE(BOOL), 0, true), "false");
}

static void check_float_literals(struct fixture *f)
{
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x3FC00000, true), "1.5f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x3F800000, true), "1.0f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x80000000, true), "-0.0f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x3DCCCCCD, true), "0.1f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x3DCCCCCE, true), "0.10000001f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 1, true), "1e-45f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x7F7FFFFF, true), "3.4028235e+38f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x7F800000, true), "inf_f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0xFF800000, true), "-inf_f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x7FC00000, true), "nan_f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x7FC00000, false), "nan");
    CHECK_STRING(constant_text(f, IR_TYPE(F64), 0x3FB999999999999Au, true), "0.1f64");
    CHECK_STRING(constant_text(f, IR_TYPE(F64), 1, true), "5e-324f64");
    CHECK_STRING(constant_text(f, IR_TYPE(F16), 0x3C00, true), "1.0f16");
    CHECK_STRING(constant_text(f, IR_TYPE(F16), 0x7BFF, true), "65504.0f16");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x49742400, true), "1000000.0f32");
    CHECK_STRING(constant_text(f, IR_TYPE(F32), 0x5015F3C1, true), "1.0063119e+10f32");
    CHECK_STRING(constant_text(f, IR_TYPE(BF16), 0x3F80, true), "1.0bf16");
}

/* Every 65521st f32 reads back. */
static void check_floats_read_back(struct fixture *f)
{
    uint32_t n_wrong = 0;
    for (uint64_t bits = 0; bits < (uint64_t)1 << 32; bits += 65521) {
        float value;
        uint32_t narrow = (uint32_t)bits, again;
        memcpy(&value, &narrow, sizeof value);
        if (value != value) continue;
        const char *text = constant_text(f, IR_TYPE(F32), bits, false);
        value = strtof(text, NULL);
        memcpy(&again, &value, sizeof again);
        if (again != narrow) n_wrong++;
    }
    CHECK_UINT(n_wrong, 0);
}

static void check_parentheses(struct fixture *f)
{
    struct ir_program *p = fixture_program(f, "parentheses");
    struct ir_local *l = ir_local_new(p, fixture_name(f, "x"), IR_TYPE(I32), false, SRC_NONE);
    struct ir_local *u = ir_local_new(p, fixture_name(f, "y"), IR_TYPE(U32), false, SRC_NONE);
#define X fixture_local(f, l)
#define Y fixture_local(f, u)
#define BIN(op, a, b) fixture_binary(f, IR_OP_##op, a, b)
#define UN(op, a) ir_unary(f->m, IR_OP_##op, a, SRC_NONE)
#define TEXT(e) fixture_expr_text(f, e)
    CHECK_STRING(TEXT(BIN(ADD, X, BIN(MUL, X, X))), "x + x * x");
    CHECK_STRING(TEXT(BIN(MUL, BIN(ADD, X, X), X)), "(x + x) * x");
    CHECK_STRING(TEXT(BIN(SUB, BIN(SUB, X, X), X)), "x - x - x");
    CHECK_STRING(TEXT(BIN(SUB, X, BIN(SUB, X, X))), "x - (x - x)");
    CHECK_STRING(TEXT(BIN(OR, BIN(SHL, X, Y), BIN(AND, X, X))), "x << y | x & x");
    CHECK_STRING(TEXT(BIN(EQ, BIN(AND, Y, Y), Y)), "(y & y) == y");
    CHECK_STRING(TEXT(UN(NEG, BIN(ADD, X, X))), "-(x + x)");
    CHECK_STRING(TEXT(UN(NEG, X)), "-x");
    CHECK_STRING(TEXT(UN(NEG, UN(NEG, X))), "-(-x)");
    CHECK_STRING(TEXT(UN(NOT, UN(NEG, X))), "~-x");
    CHECK_STRING(TEXT(UN(NEG, UN(NOT, X))), "-~x");
    CHECK_STRING(TEXT(UN(NEG, ir_const(f->m, IR_TYPE(I32), 5, SRC_NONE))), "-(5i32)");
    CHECK_STRING(TEXT(UN(NEG, ir_const(f->m, IR_TYPE(I32), (uint64_t)-5, SRC_NONE))), "-(-5i32)");
    CHECK_STRING(TEXT(BIN(SUB, X, ir_const(f->m, IR_TYPE(I32), (uint64_t)-5, SRC_NONE))), "x - -5i32");
    CHECK_STRING(TEXT(BIN(MAX, X, BIN(ADD, X, X))), "max(x, x + x)");
    CHECK_STRING(TEXT(UN(LNOT, BIN(LT, Y, Y))), "!(y < y)");
#undef X
#undef Y
#undef BIN
#undef UN
}

static void check_other_expressions(struct fixture *f)
{
    struct ir_program *p = fixture_program(f, "others");
    struct ir_buffer *b = fixture_buffer(f, p, "vectors", IR_ACCESS_READ, (ir_type){IR_F32, 4});
    struct ir_expr *load = ir_load(f->m, b, fixture_gid(f), SRC_NONE);
    struct ir_expr *component = ir_expr_new(f->m, IR_OP_EXTRACT, IR_TYPE(F32), &load, 1, SRC_NONE);
    component->component = 3;
    struct ir_expr *sum = ir_binary(f->m, IR_OP_ADD, ir_expr_copy(f->m, load), ir_expr_copy(f->m, load), SRC_NONE);
    struct ir_expr *of_sum = ir_expr_new(f->m, IR_OP_EXTRACT, IR_TYPE(F32), &sum, 1, SRC_NONE);
    struct ir_expr *len = ir_len(f->m, b, SRC_NONE);
    struct ir_expr *cast = ir_expr_new(f->m, IR_OP_CAST, IR_TYPE(U8), &len, 1, SRC_NONE);
    struct ir_expr *bits = ir_expr_new(f->m, IR_OP_BITCAST, IR_TYPE(U32), &component, 1, SRC_NONE);
    struct ir_expr *pair[2] = {fixture_u32(f, 1), fixture_u32(f, 2)};
    struct ir_expr *vec = ir_expr_new(f->m, IR_OP_VEC, (ir_type){IR_U32, 2}, pair, 2, SRC_NONE);
    CHECK_STRING(TEXT(component), "vectors[gid.x].w");
    CHECK_STRING(TEXT(of_sum), "(vectors[gid.x] + vectors[gid.x]).x");
    CHECK_STRING(TEXT(cast), "u8(len(vectors))");
    CHECK_STRING(TEXT(bits), "bitcast<u32>(vectors[gid.x].w)");
    CHECK_STRING(TEXT(vec), "vec2<u32>(1u32, 2u32)");
    CHECK_STRING(TEXT(ir_id(f->m, IR_OP_NUM_WORKGROUPS, 2, SRC_NONE)), "num_workgroups.z");
    CHECK_STRING(TEXT(ir_id(f->m, IR_OP_LANE, 0, SRC_NONE)), "lane");
    CHECK_INT(bits->depth, 4);
}

/* A program with a bit of everything, as the language wants it laid out. */
static struct ir_program *build_sample(struct fixture *f)
{
    struct ir_program *p = fixture_program(f, "sample");
    struct ir_buffer *in = fixture_buffer(f, p, "input", IR_ACCESS_READ, IR_TYPE(U32));
    struct ir_buffer *out = fixture_buffer(f, p, "output", IR_ACCESS_READ_WRITE, IR_TYPE(U32));
    p->op_name = "sample \"op\"";
    p->self_exclusive = p->has_window = true;
    p->window = 3;
    p->workgroup[0] = 128;
    p->n_workgroup = p->n_dispatch = 1;
    p->dispatch[0] = ir_len(f->m, in, SRC_NONE);
    out->binding = 1;
    out->align_bytes = 16;
    in->streaming = true;
    struct ir_local *i = fixture_let(f, p, &p->body, "i", IR_STMT_LET, fixture_gid(f));
    struct ir_local *sum = fixture_let(f, p, &p->body, "sum", IR_STMT_VAR, fixture_u32(f, 0));

    struct ir_stmt *loop = fixture_stmt(f, &p->body, IR_STMT_FOR);
    loop->for_.local = ir_local_new(p, fixture_name(f, "k"), IR_TYPE(U32), false, SRC_NONE);
    loop->for_.from = fixture_u32(f, 0);
    loop->for_.to = fixture_u32(f, 9);
    loop->for_.step = 2;
    struct ir_stmt *assign = fixture_stmt(f, &loop->for_.body, IR_STMT_ASSIGN);
    assign->let.local = sum;
    assign->let.value = fixture_binary(f, IR_OP_ADD, fixture_local(f, sum), fixture_local(f, loop->for_.local));

    struct ir_stmt *first = fixture_stmt(f, &p->body, IR_STMT_IF);
    first->if_.cond = fixture_binary(f, IR_OP_LT, fixture_local(f, i), fixture_u32(f, 4));
    first->if_.has_else = true;
    fixture_stmt(f, &first->if_.then_block, IR_STMT_RETURN);
    struct ir_stmt *second = fixture_stmt(f, &first->if_.else_block, IR_STMT_IF);
    second->if_.cond = ir_const(f->m, IR_TYPE(BOOL), 1, SRC_NONE);
    second->if_.has_else = true;
    fixture_stmt(f, &second->if_.else_block, IR_STMT_TRAP)->trap.code = fixture_u32(f, 7);

    struct ir_stmt *atomic = fixture_stmt(f, &p->body, IR_STMT_ATOMIC);
    atomic->atomic.op = IR_ATOMIC_CAS;
    atomic->atomic.buffer = out;
    atomic->atomic.index = fixture_local(f, i);
    atomic->atomic.expected = fixture_u32(f, 0);
    atomic->atomic.value = fixture_local(f, sum);
    atomic->atomic.order_given = true;
    atomic->atomic.order = IR_ORDER_RELAXED;
    atomic->atomic.declares = true;
    atomic->atomic.result = ir_local_new(p, fixture_name(f, "old"), IR_TYPE(U32), false, SRC_NONE);

    struct ir_stmt *region = fixture_stmt(f, &p->body, IR_STMT_REGION);
    region->scope.name = "tail";
    struct ir_stmt *rounds = fixture_stmt(f, &region->scope.body, IR_STMT_WHILE);
    rounds->while_.cond = ir_const(f->m, IR_TYPE(BOOL), 0, SRC_NONE);
    rounds->while_.max = fixture_u32(f, 3);
    fixture_store(f, &rounds->while_.body, out, fixture_local(f, i), ir_load(f->m, in, fixture_local(f, i), SRC_NONE));
    return p;
}

static const char sample_text[] = "#[op(\"sample \\\"op\\\"\")]\n"
                                  "#[self_exclusive]\n"
                                  "#[window(3)]\n"
                                  "program sample {\n"
                                  "  workgroup 128;\n"
                                  "  dispatch len(input);\n"
                                  "  buffer input : read u32[] streaming;\n"
                                  "  buffer output : read_write u32[] binding(1) align(16);\n"
                                  "\n"
                                  "  let i = gid.x;\n"
                                  "  var sum = 0u32;\n"
                                  "  for k in 0u32..9u32 step 2u32 {\n"
                                  "    sum = sum + k;\n"
                                  "  }\n"
                                  "  if i < 4u32 {\n"
                                  "    return;\n"
                                  "  } else if true {\n"
                                  "  } else {\n"
                                  "    trap(7u32);\n"
                                  "  }\n"
                                  "  let old = atomic_cas(output[i], 0u32, sum, relaxed);\n"
                                  "  region \"tail\" {\n"
                                  "    while false max 3u32 {\n"
                                  "      output[i] = input[i];\n"
                                  "    }\n"
                                  "  }\n"
                                  "}\n";

static void check_program_and_copies(struct fixture *f)
{
    struct ir_program *p = build_sample(f);
    CHECK_STRING(fixture_program_text(f, p), sample_text);

    struct ir_program *copy = ir_program_copy(f->m, p, p->name);
    CHECK_STRING(fixture_program_text(f, copy), sample_text);
    CHECK(copy->locals.at[0] != p->locals.at[0]);
    p->buffers.at[0]->streaming = false;
    p->body.first->let.value->component = 2;
    CHECK_STRING(fixture_program_text(f, copy), sample_text);
}

static void check_module_copy(struct fixture *f)
{
    struct arena second;
    arena_init(&second, &f->mem);
    ir_print_module(f->m, &f->out);
    const char *text = fixture_take_text(f);
    struct ir_module *copy = ir_module_copy(&second, f->m);
    ir_print_module(copy, &f->out);
    CHECK_STRING(fixture_take_text(f), text);
    arena_release(&second);
}

static void check_data(struct fixture *f)
{
    static const unsigned char bytes[] = {'a', '"', 0, 0xFF};
    struct ir_data *d = ir_data_new(f->m, fixture_name(f, "table"), IR_TYPE(U8), 4, SRC_NONE);
    d->bytes = bytes;
    d->size_bytes = sizeof bytes;
    d->written_as_text = true;
    struct ir_data *s = ir_data_new(f->m, fixture_name(f, "shorts"), IR_TYPE(I16), 2, SRC_NONE);
    s->bytes = bytes;
    s->size_bytes = sizeof bytes;
    struct ir_data *p = ir_data_new(f->m, fixture_name(f, "from_file"), IR_TYPE(U8), 4, SRC_NONE);
    p->bytes = bytes;
    p->size_bytes = sizeof bytes;
    p->path = "a/b.bin";
    struct ir_module *copy = ir_module_copy(&f->arena, f->m);
    ir_print_module(copy, &f->out);
    CHECK_STRING(fixture_take_text(f), "data table : u8[4] = \"a\\\"\\x00\\xff\";\n"
                                       "data shorts : i16[2] = [8801, -256];\n"
                                       "data from_file : u8[4] = file(\"a/b.bin\");\n");
}

static void check_strings(struct fixture *f)
{
    static const struct {
        const char *bytes, *text;
    } strings[] = {
        {"plain", "\"plain\""},
        {"a\"b\\c\n\t\r", "\"a\\\"b\\\\c\\n\\t\\x0d\""},
        {"gr\xc3\xbcn \xe2\x82\xac \xf0\x9f\x98\x80", "\"gr\xc3\xbcn \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {"\xff\xc3", "\"\\xff\\xc3\""},                            /* no character, half a character */
        {"\xc0\x80\xe0\x80\x80", "\"\\xc0\\x80\\xe0\\x80\\x80\""}, /* longer than need be */
        {"\xed\xa0\x80\xf4\x90\x80\x80", "\"\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\""}, /* beyond Unicode */
    };
    for (uint32_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        ir_print_string((const unsigned char *)strings[i].bytes, strlen(strings[i].bytes), &f->out);
        CHECK_STRING(fixture_take_text(f), strings[i].text);
    }
}

static void check_local_names(struct fixture *f)
{
    struct ir_program *p = fixture_program(f, "names");
    fixture_buffer(f, p, "text", IR_ACCESS_READ, IR_TYPE(U8));
#define NAME(text) ir_local_new(p, fixture_name(f, text), IR_TYPE(U32), false, SRC_NONE)->name
    CHECK_STRING(NAME("i"), "i");
    CHECK_STRING(NAME("i"), "i_1");
    CHECK_STRING(NAME("i_1"), "i_1_1");
    CHECK_STRING(NAME("i"), "i_2");
    CHECK_STRING(NAME("text"), "text_1");
    CHECK_STRING(NAME("names"), "names_1");
    CHECK_STRING(NAME("j"), "j");
#undef NAME
}

static void count_visit(void *ctx, struct ir_expr **place)
{
    (void)place;
    ++*(uint32_t *)ctx;
}

static void remove_returns(void *ctx, struct ir_stmt *s)
{
    uint32_t *n_removed = ctx;
    if (s->kind != IR_STMT_RETURN) return;
    ir_remove(s);
    ++*n_removed;
}

static void check_walking_and_editing(struct fixture *f)
{
    struct ir_program *p = fixture_program(f, "walked");
    uint32_t n_exprs = 0, n_removed = 0;
    fixture_let(f, p, &p->body, "a", IR_STMT_LET, fixture_binary(f, IR_OP_ADD, fixture_gid(f), fixture_u32(f, 1)));
    struct ir_stmt *scope = fixture_stmt(f, &p->body, IR_STMT_BLOCK);
    fixture_stmt(f, &scope->scope.body, IR_STMT_RETURN);
    struct ir_stmt *last = fixture_stmt(f, &p->body, IR_STMT_RETURN);
    ir_insert_before(last, ir_stmt_new(f->m, IR_STMT_BARRIER, SRC_NONE));
    ir_insert_after(last, ir_stmt_new(f->m, IR_STMT_GRID_BARRIER, SRC_NONE));
    ir_walk_exprs(&p->body, count_visit, &n_exprs);
    CHECK_UINT(n_exprs, 3);
    ir_walk_stmts(&p->body, remove_returns, &n_removed);
    CHECK_UINT(n_removed, 2);
    CHECK_STRING(fixture_program_text(f, p), "program walked {\n"
                                             "  let a = gid.x + 1u32;\n"
                                             "  {\n"
                                             "  }\n"
                                             "  barrier;\n"
                                             "  grid_barrier;\n"
                                             "}\n");
}

static void check_expr_equality(struct fixture *f)
{
    struct ir_expr *a = fixture_binary(f, IR_OP_ADD, fixture_gid(f), fixture_u32(f, 1));
    struct ir_expr *b = ir_expr_copy(f->m, a);
    CHECK(ir_expr_equal(a, b));
    CHECK(a->args[0] != b->args[0]);
    b->args[0]->component = 1;
    CHECK(!ir_expr_equal(a, b));
    CHECK(!ir_expr_equal(fixture_u32(f, 1), fixture_u32(f, 2)));
    CHECK(!ir_expr_equal(fixture_u32(f, 1), ir_const(f->m, IR_TYPE(I32), 1, SRC_NONE)));
    CHECK_UINT(ir_const(f->m, IR_TYPE(U8), 0x1FF, SRC_NONE)->bits, 0xFF);
    CHECK_UINT(ir_const(f->m, IR_TYPE(F32), 0xFFFFFFFF, SRC_NONE)->bits, 0x7FC00000);
}

int main(void)
{
    struct fixture f;
    fixture_init(&f);
    check_integer_literals(&f);
    check_float_literals(&f);
    check_floats_read_back(&f);
    check_parentheses(&f);
    check_other_expressions(&f);
    check_program_and_copies(&f);
    check_local_names(&f);
    check_strings(&f);
    check_module_copy(&f);
    check_walking_and_editing(&f);
    check_expr_equality(&f);
    fixture_release(&f);
    fixture_init(&f);
    check_data(&f);
    fixture_release(&f);
    return test_finish();
}
