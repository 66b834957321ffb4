/* driver.h - times, and NVIDIA's driver without our runtime, to compare with. */
#ifndef VYREC_TESTS_EXEC_GPU_DRIVER_H
#define VYREC_TESTS_EXEC_GPU_DRIVER_H

#include <stdint.h>

struct nvidia;
/* NULL where it is not there, or refuses. */
struct nvidia *nvidia_open(void);
void nvidia_close(struct nvidia *d);
/* The least time of a copy within the device, of `rounds`; 0 where it fails. */
uint64_t nvidia_copy_ns(struct nvidia *d, uint64_t n_bytes, uint32_t rounds);
/* The median time of a launch of a kernel of this text, waited for; 0 where it fails. */
uint64_t nvidia_launch_ns(struct nvidia *d, const char *ptx, const char *kernel, uint32_t rounds);

uint64_t now_ns(void);
uint64_t median(uint64_t *times, uint32_t n);

#endif
