/* disassemble.c - see codegen/disassemble.h. Apart from tools.c, so that programs that only read code need neither the optimizer nor LLVM. */
#include "codegen/disassemble.h"

/* The header defines an object of this name, which tools.c has too. */
#define kDefaultMaxIdBound default_max_id_bound_of_disassembler
#include <spirv-tools/libspirv.h>

bool codegen_disassemble_spirv(const uint32_t *words, size_t n, struct out *out)
{
    spv_context context = spvContextCreate(SPV_ENV_VULKAN_1_2);
    spv_text text = NULL;
    uint32_t style = SPV_BINARY_TO_TEXT_OPTION_INDENT | SPV_BINARY_TO_TEXT_OPTION_FRIENDLY_NAMES;
    bool ok = spvBinaryToText(context, words, n, style, &text, NULL) == SPV_SUCCESS;
    if (ok) out_bytes(out, text->str, text->length);
    spvTextDestroy(text);
    spvContextDestroy(context);
    return ok;
}
