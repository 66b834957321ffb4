/* way_opencl.c - the kernels in OpenCL C, on PoCL: each once, with its buffers where the job's memory is. */
#define CL_TARGET_OPENCL_VERSION 120
#include "kernels.h"

#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cl_context context;
static cl_command_queue queue;
static cl_program program;
static cl_device_id device;
static const char *const names[] = {"xor_bytes", "decode_base64", "histogram", "sum_parts", NULL, "xor_bytes"};

/* The buffers of the job that ran last: the same job is run many times. */
static struct {
    int is_bound;
    struct job job;
    cl_mem a, b, out;
    cl_kernel kernel;
    uint64_t *parts;
    size_t n_parts;
} bound;

static int report(const char *what, cl_int status)
{
    if (status) {
        fprintf(stderr, "opencl: %s: %d\n", what, status);
    }
    return status != CL_SUCCESS;
}

static int build(const char *folder)
{
    static char source[1 << 16];
    char path[4096];
    snprintf(path, sizeof(path), "%s/kernels.cl", folder);
    FILE *file = fopen(path, "r");
    if (!file) {
        return 1;
    }
    source[fread(source, 1, sizeof(source) - 1, file)] = 0;
    fclose(file);
    const char *text = source;
    cl_int status;
    program = clCreateProgramWithSource(context, 1, &text, NULL, &status);
    return report("source", status) || report("build", clBuildProgram(program, 1, &device, "", NULL, NULL));
}

static int open_opencl(unsigned n_threads, const char *folder)
{
    char count[16];
    cl_platform_id platform;
    cl_uint n = 0;
    snprintf(count, sizeof(count), "%u", n_threads);
    setenv("POCL_MAX_PTHREAD_COUNT", count, 1);
    if (clGetPlatformIDs(1, &platform, &n) || !n || clGetDeviceIDs(platform, CL_DEVICE_TYPE_CPU, 1, &device, NULL)) {
        return 77;
    }
    cl_int status;
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
    queue = status ? NULL : clCreateCommandQueue(context, device, 0, &status);
    return report("context", status) || build(folder);
}

static void unbind(void)
{
    if (bound.is_bound) {
        clReleaseKernel(bound.kernel);
        clReleaseMemObject(bound.a);
        clReleaseMemObject(bound.b);
        clReleaseMemObject(bound.out);
        free(bound.parts);
        memset(&bound, 0, sizeof(bound));
    }
}

static cl_mem wrap(const void *memory, size_t bytes, cl_mem_flags flags)
{
    return clCreateBuffer(context, flags | CL_MEM_USE_HOST_PTR, bytes, (void *)memory, NULL);
}

static int bind(const struct job *job)
{
    int wide = job->kernel == KERNEL_REDUCE;
    cl_uint n = (cl_uint)job->n;
    cl_int status;
    unbind();
    bound.n_parts = job->n / 16384 + 1;
    bound.parts = calloc(bound.n_parts, sizeof(*bound.parts));
    bound.a = wrap(job->a, wide ? job->n * 4 : job->n, CL_MEM_READ_ONLY);
    bound.b = job->kernel == KERNEL_DECODE ? wrap(job->tables->sextets, 256, CL_MEM_READ_ONLY)
                                           : wrap(job->b ? job->b : job->a, job->n, CL_MEM_READ_ONLY);
    bound.out = wide ? wrap(bound.parts, bound.n_parts * 8, CL_MEM_READ_WRITE)
                     : wrap(job->out, job->out_bytes, CL_MEM_READ_WRITE);
    bound.kernel = clCreateKernel(program, names[job->kernel], &status);
    if (report("kernel", status) || !bound.a || !bound.b || !bound.out) {
        return 1;
    }
    bound.job = *job;
    bound.is_bound = 1;
    return clSetKernelArg(bound.kernel, 0, sizeof(cl_mem), &bound.a) ||
           clSetKernelArg(bound.kernel, 1, sizeof(cl_mem), &bound.b) ||
           clSetKernelArg(bound.kernel, 2, sizeof(cl_mem), &bound.out) ||
           clSetKernelArg(bound.kernel, 3, sizeof(n), &n);
}

/* As in the .vir texts. */
static size_t workgroup(const struct job *job)
{
    return job->kernel == KERNEL_HISTOGRAM ? 32 : job->kernel == KERNEL_REDUCE ? 64 : 256;
}

static size_t n_workgroups(const struct job *job)
{
    switch (job->kernel) {
    case KERNEL_DECODE:
        return (job->n / 4 + 255) / 256;
    case KERNEL_HISTOGRAM:
        return (job->n + 65535) / 65536;
    case KERNEL_REDUCE:
        return (job->n + 16383) / 16384;
    default:
        return (job->n + 255) / 256;
    }
}

static int run_opencl(struct job *job)
{
    if (job->kernel == KERNEL_SCAN) {
        return 77;
    }
    int is_same =
        bound.is_bound && bound.job.kernel == job->kernel && bound.job.n == job->n && bound.job.out == job->out;
    if (!is_same && bind(job)) {
        return 1;
    }
    size_t local = workgroup(job), global = n_workgroups(job) * local;
    if (report("launch", clEnqueueNDRangeKernel(queue, bound.kernel, 1, NULL, &global, &local, 0, NULL, NULL)) ||
        report("finish", clFinish(queue))) {
        return 1;
    }
    if (job->kernel == KERNEL_REDUCE) {
        uint64_t *total = job->out;
        *total = 0;
        for (size_t i = 0; i < bound.n_parts; i++) {
            *total += bound.parts[i];
        }
    }
    return 0;
}

static void close_opencl(void)
{
    unbind();
    clReleaseProgram(program);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
}

const struct way way_opencl = {"opencl", open_opencl, run_opencl, close_opencl};
