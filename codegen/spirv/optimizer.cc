// optimizer.cc - the optimizer of SPIRV-Tools has no C interface in Debian 12: this is one.
#include <spirv-tools/optimizer.hpp>

#include <cstdlib>
#include <cstring>

// What an emitter that keeps locals in variables leaves to be done; drivers optimise on their own. A quarter of the time of the performance passes.
static void register_short_list(spvtools::Optimizer &optimizer)
{
    optimizer.RegisterPass(spvtools::CreateLocalSingleBlockLoadStoreElimPass())
        .RegisterPass(spvtools::CreateLocalSingleStoreElimPass())
        .RegisterPass(spvtools::CreateSSARewritePass())
        .RegisterPass(spvtools::CreateSimplificationPass())
        .RegisterPass(spvtools::CreateRedundancyEliminationPass())
        .RegisterPass(spvtools::CreateDeadBranchElimPass())
        .RegisterPass(spvtools::CreateAggressiveDCEPass())
        .RegisterPass(spvtools::CreateBlockMergePass());
}

// `level` 3 runs the performance passes, others a short list. The result is malloc'd; NULL when a pass failed.
extern "C" uint32_t *spirv_optimize(const uint32_t *words, size_t n, uint32_t level, size_t *n_out)
{
    spvtools::Optimizer optimizer(SPV_ENV_VULKAN_1_2);
    if (level >= 3)
        optimizer.RegisterPerformancePasses();
    else
        register_short_list(optimizer);
    spvtools::OptimizerOptions options;
    options.set_run_validator(false); // the caller does
    options.set_preserve_spec_constants(true);
    std::vector<uint32_t> result;
    if (!optimizer.Run(words, n, &result, options)) return nullptr;
    uint32_t *copy = static_cast<uint32_t *>(std::malloc(result.size() * 4));
    if (copy) std::memcpy(copy, result.data(), result.size() * 4);
    *n_out = result.size();
    return copy;
}
