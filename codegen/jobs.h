/* jobs.h - independent pieces of work on as many threads as the machine has processors. Knows nothing of what they do. */
#ifndef VYREC_CODEGEN_JOBS_H
#define VYREC_CODEGEN_JOBS_H

#include "ir/base/memory.h"

/* Does one piece, with a memory that is its own for as long. What it makes of that memory is for `finish`. */
typedef void job_run(void *job, struct memory *mem);
/* Takes the results over, one piece after the other on the calling thread; then the piece's memory is freed. */
typedef void job_finish(void *job, void *ctx);

/* `jobs` is an array of n pieces of job_bytes each, begun from the last, which is to be a long one. Where memory runs out in one of
 * them, it has run out in `mem`. With allocations that are to fail for a test, all happens in `mem` and on the calling thread. */
void jobs_run(struct memory *mem, job_run *run, job_finish *finish, void *jobs, size_t job_bytes, uint32_t n,
              void *ctx);

#endif
