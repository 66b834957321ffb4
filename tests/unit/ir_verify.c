/* ir_verify.c - the verifier finds each violation that a pass could plant, says it where it is, and is silent
 * otherwise. */
#include "ir/verify.h"
#include "tests/unit/ir_fixture.h"

struct sample {
    struct fixture f;
    struct ir_program *p;
    struct ir_buffer *in, *out;
    struct ir_local *i, *sum;
    struct ir_stmt *let, *var, *assign, *branch, *store;
};

/* let i = gid.x; var sum = 1; sum = sum + i; if i < 4 { output[i] = sum; } */
static void build(struct sample *s)
{
    struct fixture *f = &s->f;
    fixture_init(f);
    s->p = fixture_program(f, "sample");
    s->in = fixture_buffer(f, s->p, "input", IR_ACCESS_READ, IR_TYPE(U32));
    s->out = fixture_buffer(f, s->p, "output", IR_ACCESS_WRITE, IR_TYPE(U32));
    s->i = fixture_let(f, s->p, &s->p->body, "i", IR_STMT_LET, fixture_gid(f));
    s->let = s->p->body.last;
    s->sum = fixture_let(f, s->p, &s->p->body, "sum", IR_STMT_VAR, fixture_u32(f, 1));
    s->var = s->p->body.last;
    s->assign = fixture_stmt(f, &s->p->body, IR_STMT_ASSIGN);
    s->assign->let.local = s->sum;
    s->assign->let.value = fixture_binary(f, IR_OP_ADD, fixture_local(f, s->sum), fixture_local(f, s->i));
    s->branch = fixture_stmt(f, &s->p->body, IR_STMT_IF);
    s->branch->if_.cond = fixture_binary(f, IR_OP_LT, fixture_local(f, s->i), fixture_u32(f, 4));
    s->store = fixture_store(f, &s->branch->if_.then_block, s->out, fixture_local(f, s->i), fixture_local(f, s->sum));
}

static void plant_wrong_parent(struct sample *s)
{
    s->store->parent = &s->p->body;
}
static void plant_wrong_owner(struct sample *s)
{
    s->branch->if_.then_block.owner = s->let;
}
static void plant_broken_link(struct sample *s)
{
    s->assign->prev = s->let;
}
static void plant_wrong_last(struct sample *s)
{
    s->p->body.last = s->let;
}
static void plant_missing_value(struct sample *s)
{
    s->assign->let.value = NULL;
}
static void plant_wrong_depth(struct sample *s)
{
    s->assign->let.value->depth = 7;
}
static void plant_wrong_type(struct sample *s)
{
    s->assign->let.value->type = IR_TYPE(I32);
}
static void plant_bad_operand(struct sample *s)
{
    s->branch->if_.cond->args[1]->type = IR_TYPE(I32);
}
static void plant_wide_constant(struct sample *s)
{
    s->branch->if_.cond->args[1]->bits = (uint64_t)1 << 40;
}
static void plant_bad_condition(struct sample *s)
{
    s->branch->if_.cond = fixture_u32(&s->f, 1);
}
static void plant_bad_index(struct sample *s)
{
    s->store->store.index = ir_const(s->f.m, IR_TYPE(I32), 0, SRC_NONE);
}
static void plant_bad_component(struct sample *s)
{
    s->let->let.value->component = 3;
}
static void plant_bad_arg_count(struct sample *s)
{
    s->assign->let.value->n_args = 1;
}
static void plant_assigned_let(struct sample *s)
{
    s->assign->let.local = s->i;
}
static void plant_mutable_let(struct sample *s)
{
    s->i->is_mutable = true;
}
static void plant_wrong_index(struct sample *s)
{
    s->out->index = 0;
}
static void plant_wrong_space(struct sample *s)
{
    s->out->space = IR_SPACE_WORKGROUP;
}
static void plant_missing_buffer(struct sample *s)
{
    s->store->store.buffer = NULL;
}
static void plant_pipeline_stmt(struct sample *s)
{
    fixture_stmt(&s->f, &s->p->body, IR_STMT_HOST);
}
static void plant_else(struct sample *s)
{
    fixture_stmt(&s->f, &s->branch->if_.else_block, IR_STMT_RETURN);
}
static void plant_same_names(struct sample *s)
{
    s->sum->name = s->i->name;
}

static void plant_foreign_buffer(struct sample *s)
{
    struct ir_program *other = fixture_program(&s->f, "other");
    s->store->store.buffer = fixture_buffer(&s->f, other, "theirs", IR_ACCESS_WRITE, IR_TYPE(U32));
}

static void plant_use_before_definition(struct sample *s)
{
    ir_remove(s->var);
    ir_insert_after(s->assign, s->var);
}

static void plant_use_out_of_scope(struct sample *s)
{
    struct ir_local *inner =
        fixture_let(&s->f, s->p, &s->branch->if_.then_block, "inner", IR_STMT_LET, fixture_u32(&s->f, 0));
    fixture_store(&s->f, &s->p->body, s->out, fixture_u32(&s->f, 0), fixture_local(&s->f, inner));
}

static void plant_second_definition(struct sample *s)
{
    struct ir_stmt *again = fixture_stmt(&s->f, &s->p->body, IR_STMT_LET);
    again->let.local = s->i;
    again->let.value = fixture_u32(&s->f, 0);
}

static void plant_zero_step(struct sample *s)
{
    struct ir_stmt *loop = fixture_stmt(&s->f, &s->p->body, IR_STMT_FOR);
    loop->for_.local = ir_local_new(s->p, fixture_name(&s->f, "k"), IR_TYPE(U32), false, SRC_NONE);
    loop->for_.from = fixture_u32(&s->f, 0);
    loop->for_.to = fixture_u32(&s->f, 4);
    loop->for_.step = 0;
}

static void plant_bad_value_of_cas(struct sample *s)
{
    struct ir_stmt *a = fixture_stmt(&s->f, &s->p->body, IR_STMT_ATOMIC);
    a->atomic.op = IR_ATOMIC_CAS;
    a->atomic.buffer = s->out;
    a->atomic.index = fixture_u32(&s->f, 0);
    a->atomic.value = fixture_u32(&s->f, 0);
}

static void plant_data_of_wrong_size(struct sample *s)
{
    ir_data_new(s->f.m, fixture_name(&s->f, "table"), IR_TYPE(U32), 4, SRC_NONE);
}

static void plant_deep_nesting(struct sample *s)
{
    struct ir_block *b = &s->p->body;
    for (uint32_t i = 0; i <= IR_MAX_NESTING; i++)
        b = &fixture_stmt(&s->f, b, IR_STMT_BLOCK)->scope.body;
}

static void plant_short_arm(struct sample *s)
{
    struct ir_pipeline *p = ir_pipeline_new(s->f.m, fixture_name(&s->f, "line"), SRC_NONE);
    struct ir_stmt *arm = fixture_stmt(&s->f, &p->body, IR_STMT_ARM);
    arm->arm = ARENA_NEW(&s->f.arena, struct ir_arm);
    arm->arm->name = fixture_name(&s->f, "a");
    arm->arm->program = s->p;
}

static const struct {
    const char *name;
    void (*plant)(struct sample *s);
    const char *message;
} violations[] = {
#define ROW(name, message) {#name, plant_##name, message}
    ROW(wrong_parent, "parent is another block"),
    ROW(wrong_owner, "does not belong to the statement around it"),
    ROW(broken_link, "does not lead here"),
    ROW(wrong_last, "does not end with its last statement"),
    ROW(missing_value, "an expression is missing"),
    ROW(wrong_depth, "says it is 7 deep"),
    ROW(wrong_type, "ADD is a i32, not a u32"),
    ROW(bad_operand, "operand 1 of LT is a i32"),
    ROW(wide_constant, "bits beyond its width"),
    ROW(bad_condition, "the condition is a u32, not a bool"),
    ROW(bad_index, "an index is a i32, not a u32"),
    ROW(bad_component, "an id has component 3"),
    ROW(bad_arg_count, "has 1 operands"),
    ROW(assigned_let, "'i' is assigned, but is not a var"),
    ROW(mutable_let, "is mutable in a let"),
    ROW(wrong_index, "has index 0, not 1"),
    ROW(wrong_space, "wrong list for its space"),
    ROW(missing_buffer, "buffer is missing"),
    ROW(pipeline_stmt, "belongs in a pipeline"),
    ROW(else, "the else block is not empty"),
    ROW(same_names, "the name 'i' is used twice"),
    ROW(foreign_buffer, "'theirs' does not belong here"),
    ROW(use_before_definition, "'sum' is used where it is not defined"),
    ROW(use_out_of_scope, "'inner' is used where it is not defined"),
    ROW(second_definition, "'i' is defined twice"),
    ROW(zero_step, "the step is 0"),
    ROW(bad_value_of_cas, "expected value without a cas"),
    ROW(data_of_wrong_size, "'table' has the wrong size"),
    ROW(deep_nesting, "blocks nest more than 256 deep"),
    ROW(short_arm, "0 arguments for 2 buffers and params"),
#undef ROW
};

static void check_violations(void)
{
    for (uint32_t i = 0; i < sizeof violations / sizeof violations[0]; i++) {
        struct sample s;
        build(&s);
        violations[i].plant(&s);
        bool sound = ir_verify_module(s.f.m, &s.f.out);
        const char *text = fixture_take_text(&s.f);
        if (!CHECK(!sound && strstr(text, violations[i].message)))
            fprintf(stderr, "%s: got\n%s", violations[i].name, text);
        fixture_release(&s.f);
    }
}

static void check_sound_and_shared(void)
{
    struct sample s;
    build(&s);
    CHECK(ir_verify_module(s.f.m, &s.f.out));
    CHECK_STRING(fixture_take_text(&s.f), "");

    s.store->store.value = s.store->store.index;
    CHECK(!ir_verify_module(s.f.m, &s.f.out));
    CHECK_STRING(fixture_take_text(&s.f), "program sample {\n"
                                          "  buffer input : read u32[];\n"
                                          "  buffer output : write u32[];\n"
                                          "\n"
                                          "  let i = gid.x;\n"
                                          "  var sum = 1u32;\n"
                                          "  sum = sum + i;\n"
                                          "  if i < 4u32 {\n"
                                          "    output[i] = i;\n"
                                          "    // ^ a LOCAL expression stands in two places\n"
                                          "  }\n"
                                          "}\n");
    fixture_release(&s.f);
}

int main(void)
{
    check_sound_and_shared();
    check_violations();
    return test_finish();
}
