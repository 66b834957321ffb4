// kernels.cl - the programs of the examples in OpenCL C, for comparison with PoCL on the same CPU.

kernel void xor_bytes(global const uchar *a, global const uchar *b, global uchar *out, uint n)
{
    size_t i = get_global_id(0);
    if (i < n) {
        out[i] = a[i] ^ b[i];
    }
}

kernel void decode_base64(global const uchar *text, constant uchar *sextets, global uchar *plain, uint n)
{
    size_t quad = get_global_id(0);
    if (quad < n / 4) {
        uint a = sextets[text[quad * 4]], b = sextets[text[quad * 4 + 1]];
        uint c = sextets[text[quad * 4 + 2]], d = sextets[text[quad * 4 + 3]];
        uint bits = a << 18 | b << 12 | (c & 63) << 6 | (d & 63);
        if ((a | b | c | d) > 63 && (quad + 1 != n / 4 || (a | b) > 63 || c > 64 || d != 64)) {
            bits = ~0u; // there is no trap here: a mark of a faulty group
        }
        plain[quad * 3] = bits >> 16;
        plain[quad * 3 + 1] = bits >> 8;
        plain[quad * 3 + 2] = bits;
    }
}

kernel void histogram(global const uchar *bytes, global const uchar *unused, global uint *counts, uint n)
{
    local uint bins[1024];
    size_t lid = get_local_id(0), first = get_group_id(0) * 65536 + lid, table = lid % 4 * 256;
    for (uint j = lid; j < 1024; j += 32) {
        bins[j] = 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = 0; k < 2048; k++) {
        size_t i = first + k * 32;
        if (i < n) {
            atomic_inc(&bins[table + bytes[i]]);
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint v = lid; v < 256; v += 32) {
        atomic_add(&counts[v], bins[v] + bins[v + 256] + bins[v + 512] + bins[v + 768]);
    }
}

// The parts are added up by the caller: there are few.
kernel void sum_parts(global const uint *numbers, global const uchar *unused, global ulong *parts, uint n)
{
    local ulong partial[64];
    size_t lid = get_local_id(0), first = get_group_id(0) * 16384 + lid;
    ulong sum = 0;
    for (uint k = 0; k < 256; k++) {
        size_t i = first + k * 64;
        sum += i < n ? numbers[i] : 0;
    }
    partial[lid] = sum;
    for (uint half_size = 32; half_size > 0; half_size /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lid < half_size) {
            partial[lid] += partial[lid + half_size];
        }
    }
    if (lid == 0) {
        parts[get_group_id(0)] = partial[0];
    }
}
