/* cuda_graph.c - the launches of a plan as one CUDA graph: made when a queue runs the plan for the second time, then kept.
 *
 * Another launch with other sizes or addresses changes the parameters of those nodes that differ. Only other nodes, as when
 * zeros are needed that were not before, make a new graph. A queue runs one plan at a time, and waits for it before the next:
 * no graph is changed while it runs. */
#include <string.h>

#include "runtime-stub/cuda.h"

enum { MAX_GRAPHS = 8 };
typedef struct {
    uint64_t bits[DEVICE_MAX_NODES / 64];
} node_set;

struct cuda_graph {
    struct cuda_graph *next;
    const struct vyre_unit *unit;
    CUgraph graph; /* NULL: the plan has run once, launch by launch */
    CUgraphExec exec;
    uint32_t n, n_args_bytes;
    CUgraphNode nodes[DEVICE_MAX_NODES];
    struct device_nodes now; /* what the nodes' parameters are */
};

/* -- life -------------------------------------------------------------------------------------- */

static void empty(struct cuda *d, struct cuda_graph *g)
{
    if (g->exec) d->cu.GraphExecDestroy(g->exec);
    if (g->graph) d->cu.GraphDestroy(g->graph);
    g->exec = NULL;
    g->graph = NULL;
}

static void destroy(vyre_context *c, struct cuda_graph *g)
{
    empty(cuda_of(c), g);
    memory_put(&c->allocator, g, sizeof *g, 16);
}

void cuda_graphs_destroy(vyre_context *c, struct device_queue *q)
{
    while (q->graphs) {
        struct cuda_graph *g = q->graphs;
        q->graphs = g->next;
        destroy(c, g);
    }
}

/* The plan's, now the first; NULL when it has not run here, or was forgotten. */
static struct cuda_graph *find_graph(struct device_queue *q, const struct vyre_unit *u)
{
    for (struct cuda_graph **at = &q->graphs; *at; at = &(*at)->next) {
        struct cuda_graph *g = *at;
        if (g->unit != u) continue;
        *at = g->next;
        g->next = q->graphs;
        return q->graphs = g;
    }
    return NULL;
}

static void forget_oldest(vyre_context *c, struct device_queue *q)
{
    struct cuda_graph **at = &q->graphs;
    if (q->n_graphs <= MAX_GRAPHS) return;
    while ((*at)->next)
        at = &(*at)->next;
    destroy(c, *at);
    *at = NULL;
    q->n_graphs--;
}

/* Without memory for it there will be no graph. */
static void remember_unit(vyre_context *c, struct device_queue *q, const struct vyre_unit *u)
{
    struct cuda_graph *g = memory_get(&c->allocator, sizeof *g, 16);
    if (!g) return;
    g->unit = u;
    g->graph = NULL;
    g->exec = NULL;
    g->next = q->graphs;
    q->graphs = g;
    q->n_graphs++;
    forget_oldest(c, q);
}

/* -- nodes ------------------------------------------------------------------------------------- */

/* Calls of the driver that take a node's parameters: `extra` must last as long as the call. */
struct kernel {
    struct cuda_kernel_node node;
    size_t args_bytes;
    void *extra[5];
};

static void fill_kernel(struct kernel *k, const struct device_launch *l)
{
    k->args_bytes = l->program->head->args_bytes;
    k->extra[0] = (void *)CU_LAUNCH_PARAM_BUFFER_POINTER;
    k->extra[1] = (void *)(uintptr_t)l->args;
    k->extra[2] = (void *)CU_LAUNCH_PARAM_BUFFER_SIZE;
    k->extra[3] = &k->args_bytes;
    k->extra[4] = (void *)CU_LAUNCH_PARAM_END;
    k->node = (struct cuda_kernel_node){.function = (CUfunction)(uintptr_t)l->program->function, .extra = k->extra};
    memcpy(k->node.groups, l->groups, sizeof k->node.groups);
    memcpy(k->node.workgroup, l->workgroup, sizeof k->node.workgroup);
}

static struct cuda_memset_node zeros_of(const struct device_node *n)
{
    return (struct cuda_memset_node){
        .to = n->at, .pitch = n->n_bytes, .element_bytes = 1, .width = n->n_bytes, .height = 1};
}

static CUresult add_node(vyre_context *c, struct cuda_graph *g, uint32_t i, const struct device_node *n,
                         const CUgraphNode *deps, size_t n_deps)
{
    struct cuda *d = cuda_of(c);
    if (!n->launch.program) {
        struct cuda_memset_node zeros = zeros_of(n);
        return d->cu.GraphAddMemsetNode(&g->nodes[i], g->graph, deps, n_deps, &zeros, d->context);
    }
    struct kernel k;
    fill_kernel(&k, &n->launch);
    return d->cu.GraphAddKernelNode(&g->nodes[i], g->graph, deps, n_deps, &k.node);
}

static CUresult change_node(vyre_context *c, struct cuda_graph *g, uint32_t i, const struct device_node *n)
{
    struct cuda *d = cuda_of(c);
    if (!n->launch.program) {
        struct cuda_memset_node zeros = zeros_of(n);
        return d->cu.GraphExecMemsetNodeSetParams(g->exec, g->nodes[i], &zeros, d->context);
    }
    struct kernel k;
    fill_kernel(&k, &n->launch);
    return d->cu.GraphExecKernelNodeSetParams(g->exec, g->nodes[i], &k.node);
}

/* -- what a node waits for --------------------------------------------------------------------- */

struct order {
    const struct device_nodes *nodes;
    node_set ends[DEVICE_MAX_GRAPH_STEPS]; /* per step: the nodes that others wait for */
    CUgraphNode deps[DEVICE_MAX_NODES];
};

static void add_set(node_set *to, const node_set *from)
{
    for (size_t i = 0; i < sizeof to->bits / sizeof *to->bits; i++)
        to->bits[i] |= from->bits[i];
}

/* Of a step without launches what it waits for itself. */
static void find_starts(const struct order *k, uint32_t step, node_set *starts)
{
    const struct step *s = &k->nodes->unit->steps[step];
    memset(starts, 0, sizeof *starts);
    for (uint32_t i = 0; i < s->n_deps; i++)
        add_set(starts, &k->ends[k->nodes->unit->module->meta.deps[s->first_dep + i].launch]);
}

static size_t list_nodes(const struct cuda_graph *g, const node_set *set, CUgraphNode *list)
{
    size_t n = 0;
    for (uint32_t i = 0; i < DEVICE_MAX_NODES; i++)
        if (set->bits[i / 64] >> (i % 64) & 1) list[n++] = g->nodes[i];
    return n;
}

/* A step's zeros, then its launches. */
static CUresult add_step(vyre_context *c, struct cuda_graph *g, struct order *k, uint32_t step, uint32_t *next)
{
    const struct device_nodes *nodes = k->nodes;
    node_set starts, zeros = {0}, ends = {0};
    bool has_zeros = false;
    CUresult e = 0;
    find_starts(k, step, &starts);
    for (; *next < nodes->n && nodes->at[*next].step == step && !e; ++*next) {
        bool is_launch = nodes->at[*next].launch.program;
        size_t n_deps = list_nodes(g, is_launch && has_zeros ? &zeros : &starts, k->deps);
        g->nodes[*next] = NULL;
        e = add_node(c, g, *next, &nodes->at[*next], k->deps, n_deps);
        if (!e && !g->nodes[*next]) e = CUDA_ERROR_NOT_SUPPORTED;
        has_zeros |= !is_launch;
        node_set *set = is_launch ? &ends : &zeros;
        set->bits[*next / 64] |= UINT64_C(1) << (*next % 64);
    }
    k->ends[step] = starts;
    add_set(&k->ends[step], &zeros);
    add_set(&k->ends[step], &ends);
    return e;
}

/* -- making and changing ----------------------------------------------------------------------- */

/* A copy whose launches have their arguments in it. */
static void keep(struct cuda_graph *g, const struct device_nodes *nodes)
{
    struct device_nodes *now = &g->now;
    now->n = nodes->n;
    now->n_args_bytes = nodes->n_args_bytes;
    memcpy(now->at, nodes->at, nodes->n * sizeof *nodes->at);
    memcpy(now->args, nodes->args, nodes->n_args_bytes);
    for (uint32_t i = 0; i < nodes->n; i++)
        if (now->at[i].launch.program)
            now->at[i].launch.args = now->args + ((const unsigned char *)nodes->at[i].launch.args - nodes->args);
}

static CUresult make(vyre_context *c, struct cuda_graph *g, const struct device_nodes *nodes)
{
    struct cuda *d = cuda_of(c);
    struct order order = {.nodes = nodes};
    uint32_t next = 0;
    CUresult e = d->cu.GraphCreate(&g->graph, 0);
    if (!e && !g->graph) return CUDA_ERROR_NOT_SUPPORTED;
    for (uint32_t step = 0; step < nodes->unit->n_steps && !e; step++)
        e = add_step(c, g, &order, step, &next);
    if (!e) e = d->cu.GraphInstantiate(&g->exec, g->graph, NULL, NULL, 0);
    if (!e && !g->exec) return CUDA_ERROR_NOT_SUPPORTED;
    if (!e) keep(g, nodes);
    return e;
}

static bool has_same_nodes(const struct cuda_graph *g, const struct device_nodes *nodes)
{
    if (g->now.n != nodes->n) return false;
    for (uint32_t i = 0; i < nodes->n; i++)
        if (g->now.at[i].step != nodes->at[i].step || g->now.at[i].launch.program != nodes->at[i].launch.program)
            return false;
    return true;
}

static bool is_same(const struct device_node *a, const struct device_node *b)
{
    if (!a->launch.program) return a->at == b->at && a->n_bytes == b->n_bytes;
    return !memcmp(a->launch.groups, b->launch.groups, sizeof a->launch.groups) &&
           !memcmp(a->launch.workgroup, b->launch.workgroup, sizeof a->launch.workgroup) &&
           !memcmp(a->launch.args, b->launch.args, a->launch.program->head->args_bytes);
}

static CUresult update(vyre_context *c, struct cuda_graph *g, const struct device_nodes *nodes)
{
    CUresult e = 0;
    for (uint32_t i = 0; i < nodes->n && !e; i++)
        if (!is_same(&g->now.at[i], &nodes->at[i])) e = change_node(c, g, i, &nodes->at[i]);
    if (!e) keep(g, nodes);
    return e;
}

static CUresult prepare(vyre_context *c, struct cuda_graph *g, const struct device_nodes *nodes)
{
    if (g->graph && has_same_nodes(g, nodes)) return update(c, g, nodes);
    empty(cuda_of(c), g);
    return make(c, g, nodes);
}

vyre_status cuda_launch_graph(vyre_context *c, struct device_queue *q, const struct device_nodes *nodes, bool *is_done,
                              struct outcome *o)
{
    struct cuda *d = cuda_of(c);
    struct cuda_graph *g = d->has_graphs ? find_graph(q, nodes->unit) : NULL;
    if (!g) {
        if (d->has_graphs) remember_unit(c, q, nodes->unit);
        return VYRE_OK;
    }
    CUresult e = prepare(c, g, nodes);
    if (!e) e = d->cu.GraphLaunch(g->exec, q->stream);
    if (e) empty(d, g);
    if (e == CUDA_ERROR_NOT_SUPPORTED) return VYRE_OK;
    *is_done = !e;
    return e ? cuda_fail(c, o, e, "the launches as a CUDA graph") : VYRE_OK;
}
