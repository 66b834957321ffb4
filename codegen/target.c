/* target.c - the table of targets, and sets of them. */
#include "codegen/target.h"

#include <stdlib.h>
#include <string.h>

#include "ir/base/out.h"
#include "runtime-stub/vyre_cpu.h"

static const char *const family_texts[] = {"cpu", "ptx", "amdgcn", "spirv"};

const struct target_info target_infos[TARGET_COUNT] = {
#define TARGET(NAME, family, text, triple, arch, level, in_all, help)                                                  \
    [TARGET_##NAME] = {#NAME, TARGET_FAMILY_##family, text, triple, arch, level, in_all, help},
#include "codegen/target.def"
};

/* -- parsing
 * ------------------------------------------------------------------------------------------------------------------------
 */

static bool is_text(const char *part, size_t n, const char *text)
{
    return strlen(text) == n && memcmp(part, text, n) == 0;
}

/* x86_64-linux-gnu and x86_64-unknown-linux-gnu are one family of CPUs. */
static bool is_arch_of(const char *triple, const char *other)
{
    size_t n = strcspn(triple, "-");
    return strncmp(triple, other, n) == 0 && (other[n] == '-' || other[n] == 0);
}

/* Every level of the CPU family that the triple names; NULL is x86-64. */
static bool add_cpu(struct target_set *set, const char *triple)
{
    bool any = false;
    for (uint32_t t = 0; t < TARGET_COUNT; t++) {
        if (target_infos[t].family != TARGET_FAMILY_CPU ||
            !is_arch_of(target_infos[t].triple, triple ? triple : "x86_64"))
            continue;
        set->has[t] = any = true;
    }
    return any;
}

const struct target_info *target_newest_ptx(void)
{
    const struct target_info *newest = NULL;
    for (uint32_t t = 0; t < TARGET_COUNT; t++)
        if (target_infos[t].family == TARGET_FAMILY_PTX) newest = &target_infos[t]; /* rows ascend */
    return newest;
}

static unsigned long number_of_sm(const char *text, size_t n)
{
    size_t digits = n > 3 && memcmp(text, "sm_", 3) == 0 ? strspn(text + 3, "0123456789") : 0;
    return digits && digits < 6 && 3 + digits >= n ? strtoul(text + 3, NULL, 10) : 0;
}

/* A processor that came after this table: its driver reads what is made for those before it. */
static bool add_newer_ptx(struct target_set *set, const char *text, size_t n, struct arena *scratch)
{
    const struct target_info *newest = target_newest_ptx();
    if (number_of_sm(text, n) <= number_of_sm(newest->text, strlen(newest->text))) return false;
    set->newer_ptx = arena_copy(scratch, text, n);
    return set->has[newest - target_infos] = true;
}

/* family, or family:text */
static bool add_named(struct target_set *set, const char *part, size_t n, const char *cpu_triple, struct arena *scratch)
{
    const char *colon = memchr(part, ':', n);
    size_t n_family = colon ? (size_t)(colon - part) : n;
    bool any = false;
    if (!colon && is_text(part, n, "cpu")) return add_cpu(set, cpu_triple);
    for (uint32_t t = 0; t < TARGET_COUNT; t++) {
        if (!is_text(part, n_family, family_texts[target_infos[t].family])) continue;
        if (colon ? is_text(colon + 1, n - n_family - 1, target_infos[t].text) : target_infos[t].in_all)
            set->has[t] = any = true;
    }
    if (any || !colon || !is_text(part, n_family, family_texts[TARGET_FAMILY_PTX])) return any;
    return add_newer_ptx(set, colon + 1, n - n_family - 1, scratch);
}

static bool add_part(struct target_set *set, const char *part, size_t n, const char *cpu_triple, struct arena *scratch)
{
    if (!is_text(part, n, "all")) return add_named(set, part, n, cpu_triple, scratch);
    add_cpu(set, cpu_triple);
    for (uint32_t t = 0; t < TARGET_COUNT; t++)
        if (target_infos[t].family != TARGET_FAMILY_CPU && target_infos[t].in_all) set->has[t] = true;
    return true;
}

bool target_set_parse(struct target_set *set, const char *list, const char *cpu_triple, struct arena *scratch,
                      const char **bad)
{
    for (;;) {
        size_t n = strcspn(list, ",");
        if (!add_part(set, list, n, cpu_triple, scratch)) {
            *bad = arena_copy(scratch, list, n);
            return false;
        }
        if (!list[n]) return true;
        list += n + 1;
    }
}

bool target_set_default(struct target_set *set, const char *cpu_triple)
{
    return add_cpu(set, cpu_triple);
}

void target_list(struct out *out)
{
    for (uint32_t t = 0; t < TARGET_COUNT; t++)
        out_printf(out, "%s:%-15s %s\n", family_texts[target_infos[t].family], target_infos[t].text,
                   target_infos[t].help);
}
