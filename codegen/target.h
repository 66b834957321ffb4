/* target.h - the table of targets and the set chosen by --target. */
#ifndef VYREC_CODEGEN_TARGET_H
#define VYREC_CODEGEN_TARGET_H

#include "ir/base/diag.h"

enum target_family { TARGET_FAMILY_CPU, TARGET_FAMILY_PTX, TARGET_FAMILY_AMDGCN, TARGET_FAMILY_SPIRV };
enum target_id {
#define TARGET(NAME, family, text, triple, arch, level, in_all, help) TARGET_##NAME,
#include "codegen/target.def"
    TARGET_COUNT
};
struct target_info {
    const char *name;
    enum target_family family;
    const char *text, *triple, *arch;
    int level;
    bool in_all;
    const char *help;
};
extern const struct target_info target_infos[TARGET_COUNT];

struct target_set {
    bool has[TARGET_COUNT];
    const char *newer_ptx; /* "sm_130", asked for and not known: the newest that is stands in for it; else NULL */
};
const struct target_info *target_newest_ptx(void);
/* Adds what one --target=LIST says: `cpu`, `cpu:x86-64-v3`, `all`, comma-separated; `cpu` and `all` mean the levels of
 * the host that cpu_triple names. False, and *bad the part not understood (in `scratch`), when there is no such target.
 */
bool target_set_parse(struct target_set *set, const char *list, const char *cpu_triple, struct arena *scratch,
                      const char **bad);
/* What is generated when nothing is asked for, for this CPU triple. False when the triple is unknown. */
bool target_set_default(struct target_set *set, const char *cpu_triple);
void target_list(struct out *out); /* --list-targets */

#endif
