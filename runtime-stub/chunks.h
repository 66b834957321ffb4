/* chunks.h - how much of a unit's grids and buffers a chunk has. Not for users.
 *
 *   chunk_parts.c  the parts: arithmetic over the windows in the object
 *   chunks.c       running them: reading one while the one before is computed */
#ifndef VYRE_RUNTIME_CHUNKS_H
#define VYRE_RUNTIME_CHUNKS_H

#include "runtime-stub/runtime.h"

/* Elements or workgroups from `first` up to `end`. */
struct part {
    uint64_t first, end;
};
static inline uint64_t part_count(struct part p)
{
    return p.end - p.first;
}

enum chunk_role { CHUNK_WHOLE, CHUNK_INPUT, CHUNK_OUTPUT, CHUNK_TEMP };

/* What is the same for all chunks of a run. */
struct chunk_shape {
    const struct vyre_meta_chunks *row;
    const char *name;                        /* of the unit that the user runs */
    const struct vyre_unit *unit, *pipeline; /* whose arms are meant, and the one that runs a chunk */
    const struct plan *whole;                /* all lengths and grids; no memory */
    uint32_t n_arms, n_buffers;              /* buffers: arguments, then temps */
};

/* All but `whole`; or why the unit cannot run in chunks. */
vyre_status chunk_find_shape(const struct vyre_unit *u, struct chunk_shape *s, struct outcome *o);
enum chunk_role chunk_role_of(const struct chunk_shape *s, uint32_t buffer);
uint64_t chunk_elem_bytes(const struct chunk_shape *s, uint32_t buffer);
/* The parts of chunk k of n: workgroups per arm, elements per buffer that has parts. */
void chunk_find_parts(const struct chunk_shape *s, uint64_t k, uint64_t n, struct part *arms, struct part *buffers);
/* Workgroups of an arm and elements of a buffer per step; 0: they count from the beginning, always. */
uint64_t chunk_arm_weight(const struct chunk_shape *s, uint32_t arm);
uint64_t chunk_buffer_weight(const struct chunk_shape *s, uint32_t buffer);
/* The steps that these parts lie behind where they count from: the ids and lengths of the chunk are less by so many. */
uint64_t chunk_find_steps(const struct chunk_shape *s, const struct part *arms, const struct part *buffers);
/* Whether all of them lie where 32 bits reach, from there. */
bool chunk_is_near(const struct chunk_shape *s, const struct part *arms, const struct part *buffers);
/* A length or number of workgroups, less by the steps, and cut off where it is so far that nobody can tell. */
uint64_t chunk_find_end(const struct chunk_shape *s, uint64_t total, uint64_t weight, uint64_t steps);
/* Memory that these parts take: of inputs and outputs, of temps. */
struct chunk_bytes {
    uint64_t arguments, temps;
};
struct chunk_bytes chunk_measure(const struct chunk_shape *s, const struct part *buffers);
/* The least number of chunks, n_slots of which fit the budget as far as can be seen; 0: none does. The arrays are scratch. */
uint64_t chunk_count(const struct chunk_shape *s, uint32_t n_slots, uint64_t budget_bytes, struct part *arms,
                     struct part *buffers);

#endif
