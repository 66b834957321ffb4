/* vyre_device.h - how the runtime launches PTX, cubin and AMDGCN images: the contract between codegen/llvm/device*.c and
 * the backends for CUDA and HSA. Not for users.
 *
 * An image of kind PTX, CUBIN or AMDGCN holds one program for one architecture: its index entry has the program's name,
 * and `arch` "sm_75", "gfx942" or "gfx11-generic". It is
 *
 *     struct vyre_device_head
 *     u32 tables[n_tables]     numbers of the DATA images that the kernel reads
 *     u32 params[n_params]     offset of each param in the argument block
 *     char kernel[]            the kernel's name, with its NUL
 *     code                     at code_offset, a multiple of 16: PTX text with its NUL, a cubin, or an ET_DYN code object
 *
 * The CUBIN images of a program take the same arguments as its PTX. A backend takes an image that its device runs as it
 * is, or else the PTX of the greatest sm that is not above the device's.
 *
 * A launch gives the kernel one block of arguments, the same for all targets: CUDA takes it as it is
 * (CU_LAUNCH_PARAM_BUFFER_POINTER), HSA as the kernarg segment, aligned to 16.
 *
 *     u64 buffers[n_buffers]   device addresses
 *     u64 tables[n_tables]     device addresses of resident copies of those DATA images
 *     u64 trap                 device address of a struct vyre_trap_record for each arm that the program stands for, or of one;
 *                              zeros before the launch; 0 without VYRE_DEVICE_TRAPS
 *     u32 groups[3]            workgroups of the whole launch
 *     u32 base[3]              first workgroup of this part of it: a grid larger than the device takes is launched in
 *                              parts, each a grid of its own. With VYRE_DEVICE_FREE_WIDTH: its first invocation, the width
 *                              of its workgroups, and 0
 *     u32 lengths[n_buffers]   elements
 *     params                   each at params[i], aligned to its size of 4 or 8 bytes, value in the low bytes, zeros
 *                              above; f16, bf16, and bool as they are in memory
 *
 * Addresses of buffers and tables are multiples of VYRE_DEVICE_ALIGN, and 16 bytes at least can be read there, also
 * where an array is empty: a load outside an array reads its first element, and takes 0 in its place. What the program
 * does not write of a WRITE buffer is zeroed before the launch by whoever launches, from its prefix on (vyre_meta_buffer).
 * No two arguments of a launch overlap where one is written. Where a launch has 2^32 - 1 or more invocations, a program
 * with VYRE_DEVICE_TRAPS is refused: its record cannot tell them apart.
 *
 * The grid of a part is workgroups of vyre_meta_unit.workgroup invocations, with VYRE_DEVICE_FREE_WIDTH of any width up to
 * head.max_width, as long as there are the same invocations; the kernel uses head.workgroup_bytes of
 * static workgroup memory and no dynamic one. */
#ifndef VYRE_DEVICE_H
#define VYRE_DEVICE_H

#include <stdint.h>

enum { VYRE_DEVICE_ALIGN = 16 };

enum vyre_device_flag {
    VYRE_DEVICE_TRAPS = 1,      /* may trap: needs a record */
    VYRE_DEVICE_FREE_WIDTH = 2, /* of one dimension, and each launch says how wide its workgroups are */
};

struct vyre_device_head {
    uint32_t head_bytes;              /* of this struct; the lists follow */
    uint32_t code_offset, code_bytes; /* from the image's start; of PTX with its NUL */
    uint32_t flags;
    uint32_t n_buffers, n_tables, n_params;
    uint32_t kernel_offset;   /* of the name, from the image's start */
    uint32_t args_bytes;      /* of the argument block, a multiple of 8 */
    uint32_t workgroup_bytes; /* static workgroup memory */
    uint32_t wave_lanes;      /* that the code was made for: 32 or 64 */
    uint32_t max_width;       /* FREE_WIDTH: what the code has registers for; a driver may say less */
};

#endif
