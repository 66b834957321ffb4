/* interleave.c - the values of all lanes, several of each, in the order in which memory has them: what is stored of a window.
 *
 * Shuffles of bytes are what that costs, and LLVM finds few of those of three bytes that decoders store. */
#include "codegen/llvm/lower.h"

/* The word that a byte was cut from, or NULL; as it is before a shift by whole bytes, which are counted. */
static LLVMValueRef word_of(LLVMValueRef part, uint32_t *byte)
{
    *byte = 0;
    if (!LLVMIsATruncInst(part) || type_bits(LLVMGetElementType(LLVMTypeOf(part))) != 8) return NULL;
    LLVMValueRef word = LLVMGetOperand(part, 0);
    if (type_bits(LLVMGetElementType(LLVMTypeOf(word))) != 32) return NULL;
    if (!LLVMIsAInstruction(word) || LLVMGetInstructionOpcode(word) != LLVMLShr) return word;
    LLVMValueRef amount = LLVMGetOperand(word, 1);
    for (uint32_t bytes = 1; bytes < 4; bytes++)
        if (amount == const_like(LLVMTypeOf(word), 8 * bytes)) return *byte = bytes, LLVMGetOperand(word, 0);
    return word;
}

/* The words whose bytes chosen[0 .. 2] are the three parts. */
static LLVMValueRef join_three(struct lower *l, LLVMValueRef *parts, uint32_t *chosen)
{
    LLVMValueRef word[3], none = LLVMConstNull(LLVMVectorType(type_int(l, 32), l->width)), all = none;
    for (uint32_t j = 0; j < 3; j++) {
        word[j] = word_of(parts[j], &chosen[j]);
        if (!word[j]) return NULL;
    }
    if (word[0] == word[1] && word[0] == word[2]) return word[0];
    for (uint32_t j = 0; j < 3; j++) {
        LLVMValueRef byte = LLVMBuildAnd(l->b, LLVMGetOperand(parts[j], 0), const_like(LLVMTypeOf(none), 0xFF), "");
        all = LLVMBuildOr(l->b, all, LLVMBuildShl(l->b, byte, const_like(LLVMTypeOf(none), 8 * j), ""), "");
        chosen[j] = j;
    }
    return all;
}

/* Three bytes cut from words, as decoders make them: put together in the word's low bytes, if they are not bytes of one word anyway,
 * they need two shuffles, of bytes within 16 and of words; as bytes by themselves some fifteen. NULL: they are none. */
static LLVMValueRef interleave_three(struct lower *l, LLVMValueRef *parts)
{
    LLVMTypeRef i8 = type_int(l, 8), i32 = type_int(l, 32), words = LLVMVectorType(i32, l->width);
    LLVMValueRef order[MAX_WINDOW_SCALARS];
    uint32_t chosen[3];
    if (l->width % 4 || 4 * l->width > MAX_WINDOW_SCALARS) return NULL;
    LLVMValueRef all = join_three(l, parts, chosen);
    if (!all) return NULL;
    all = LLVMBuildBitCast(l->b, all, LLVMVectorType(i8, 4 * l->width), "");
    for (uint32_t k = 0; k < 4 * l->width; k++)
        order[k] =
            k % 16 < 12 ? const_int(l, 32, k / 16 * 16 + k % 16 / 3 * 4 + chosen[k % 16 % 3]) : LLVMGetPoison(i32);
    LLVMValueRef packed = LLVMConstVector(order, 4 * l->width);
    all = LLVMBuildShuffleVector(l->b, all, LLVMGetPoison(LLVMTypeOf(all)), packed, "");
    all = LLVMBuildBitCast(l->b, all, words, "");
    for (uint32_t k = 0; k < 3 * l->width / 4; k++)
        order[k] = const_int(l, 32, k / 3 * 4 + k % 3);
    LLVMValueRef dense = LLVMConstVector(order, 3 * l->width / 4);
    all = LLVMBuildShuffleVector(l->b, all, LLVMGetPoison(words), dense, "");
    return LLVMBuildBitCast(l->b, all, LLVMVectorType(i8, 3 * l->width), "");
}

LLVMValueRef memory_interleave(struct lower *l, LLVMValueRef *parts, uint32_t n)
{
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMValueRef order[MAX_WINDOW_SCALARS], all = parts[0];
    if (n == 1) return all;
    LLVMValueRef three = n == 3 ? interleave_three(l, parts) : NULL;
    if (three) return three;
    uint32_t padded = 1;
    while (padded < n)
        padded *= 2;
    /* Join pairs until one vector has them all, part after part. */
    LLVMValueRef joined[MAX_WINDOW_STRIDE * 4];
    for (uint32_t j = 0; j < padded; j++)
        joined[j] = j < n ? parts[j] : LLVMGetPoison(LLVMTypeOf(parts[0]));
    for (uint32_t count = padded, size = l->width; count > 1; count /= 2, size *= 2)
        for (uint32_t j = 0; j < count / 2; j++)
            joined[j] =
                LLVMBuildShuffleVector(l->b, joined[2 * j], joined[2 * j + 1], const_iota(i32, 2 * size, 0, 1), "");
    for (uint32_t k = 0; k < n * l->width; k++)
        order[k] = const_int(l, 32, (k % n) * l->width + k / n);
    return LLVMBuildShuffleVector(l->b, joined[0], LLVMGetPoison(LLVMTypeOf(joined[0])),
                                  LLVMConstVector(order, n * l->width), "");
}
