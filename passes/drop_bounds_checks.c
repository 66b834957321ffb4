/* drop_bounds_checks.c - indices that are proved to be below the length are not compared with it.
 *
 *   if i < len(a) / 4 {                                if i < len(a) / 4u32 {
 *     for k in 0u32..4 {                                 for k in 0u32..4u32 {
 *       sum = sum + t[a[i * 4 + k]];       =>              sum = sum + t[u32(a[i * 4u32 + k, in_bounds]), in_bounds];
 *     }                                                  }
 *   }                                                  }
 *
 * See bounds.h for the proofs. Linear in the module, apart from what the library of integer sets is allowed for each program. */
#include "passes/access.h"
#include "passes/bounds.h"
#include "passes/pass.h"

static void tell(struct pass_run *run, const struct bounds_finding *f)
{
    static const char *const reasons[] = {
        [BOUNDS_PROVED] = "",
        [BOUNDS_LOADED] = "it is made of what is loaded",
        [BOUNDS_UNKNOWN] = "nothing that is known of it is below the length",
    };
    pass_remark_missed(run, DIAG_BOUNDS_CHECKED, f->access->range, f->access->buffer->name, reasons[f->reason]);
}

/* How many claims were made that were not there. */
static uint32_t claim(struct pass_run *run, struct ir_program *p, const struct bounds_findings *f)
{
    uint32_t n_proved = 0, n_new = 0;
    for (uint32_t i = 0; i < f->all.n; i++) {
        const struct bounds_finding *one = &f->all.at[i];
        if (one->reason != BOUNDS_PROVED) {
            if (run->shows_missed) tell(run, one);
            continue;
        }
        bool *claims = bounds_claim_of(one->access);
        n_proved++;
        n_new += !*claims;
        *claims = true;
    }
    if (n_new) pass_remark_done(run, DIAG_BOUNDS_PROVED, p->range, n_proved, f->all.n, p->name);
    pass_count(run, "indices", f->all.n);
    pass_count(run, "indices that need no check", n_proved);
    return n_new;
}

enum pass_result drop_bounds_checks(struct pass_run *run, struct ir_module *m)
{
    struct bounds_prover prover;
    uint32_t n_new = 0;
    bounds_prover_init(&prover, run->scratch, m);
    for (uint32_t i = 0; i < m->programs.n; i++) {
        struct bounds_findings f = {0};
        bounds_prove(&prover, m->programs.at[i], &f);
        n_new += claim(run, m->programs.at[i], &f);
    }
    m->has_claims |= n_new > 0;
    return n_new ? PASS_CHANGED : PASS_UNCHANGED;
}
