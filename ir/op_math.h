/* op_math.h - exp, sin and the other transcendental functions on f32, written once, so that every target gives the same bits.
 *
 * The text is straight-line code over a small algebra of exact operations. It has no include guard: whoever includes it first
 * defines the algebra below, so op_eval_math.c gets C functions on float, an emitter functions that build instructions on
 * scalars or vectors (values are then LLVMValueRef, or ids of SPIR-V). Each function is `static M_FLOAT math_NAME(M_CONTEXT M_FLOAT x)`
 * for NAME in exp exp2 log log2 sin cos tan asin acos atan sinh cosh tanh. No branch, no loop, no table in memory, no f64.
 *
 *   M_CONTEXT M_CONTEXT_ARG    a leading parameter and argument with their comma (`struct emitter *e,` and `e,`), or nothing
 *   M_FLOAT M_UINT M_BOOL      the types of values: f32, u32, and conditions
 *   M_F(c) M_U(c)              constants: c is a C constant expression of type float, or one of type uint32_t
 *   M_FADD M_FSUB M_FMUL M_FDIV(a, b)  M_FFMA(a, b, c)  M_FSQRT(a)
 *                              IEEE-754, rounded once to nearest even, subnormals kept; FFMA is a * b + c with one rounding
 *   M_FLT M_FLE M_FEQ(a, b)    ordered comparisons: false with NaN
 *   M_ULT M_UEQ(a, b)          unsigned comparisons
 *   M_FSELECT(c, a, b)  M_USELECT(c, a, b)   a where c, else b
 *   M_UADD M_USUB M_UMUL(a, b)  M_UMUL_HI(a, b)   modulo 2^32; the upper 32 bits of the product
 *   M_UAND M_UOR M_UXOR(a, b)
 *   M_USHL M_USHR M_SSHR(a, n) shifts, SSHR of the sign; n is an M_UINT and below 32
 *   M_BITS(f)  M_FROM_BITS(u)  the same 32 bits as the other type
 *   M_S2F(u)                   the signed value of u rounded to nearest even
 *
 * Conversions from float to integer are not needed: adding 1.5 * 2^23 leaves the rounded value in the low bits. Which NaN comes
 * out is left open; whoever includes this makes it the one quiet NaN where it can be seen. Errors are measured over all inputs:
 * docs/math-accuracy.md. */
