/* diag_print.h - private to diag_text.c and diag_json.c. */
#ifndef VYREC_BASE_DIAG_PRINT_H
#define VYREC_BASE_DIAG_PRINT_H

#include "ir/base/diag.h"

/* "remark", "warning", "error", "fatal error". */
extern const char *const diag_severity_names[];
/* All kept messages in the order of their places, ties in order of report. */
const struct diag **diags_sort(const struct diags *d);
void diags_print_text(const struct diags *d, bool colour, struct out *out);
void diags_print_json(const struct diags *d, struct out *out);
void diags_print_sarif(const struct diags *d, struct out *out);

#endif
