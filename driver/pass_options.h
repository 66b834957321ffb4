/* pass_options.h - from the command line to the passes: which run, and what is shown of it. */
#ifndef VYREC_DRIVER_PASS_OPTIONS_H
#define VYREC_DRIVER_PASS_OPTIONS_H

#include "driver/tool.h"
#include "passes/manager.h"

/* What the options say; `level` is that of -O, or the tool's default. False when something was reported. */
bool pass_options_read(struct tool *tool, uint32_t level, struct pass_settings *settings);
/* --print-passes: prints them; true when it was asked for. */
bool pass_options_print(struct tool *tool, uint32_t level);
/* Runs them; what is to be shown goes to standard error. False when something was reported: --fuse asks for what cannot be. */
bool pass_options_run(struct tool *tool, const struct pass_settings *settings, struct ir_module *m);
/* The text of the module reads back as the same module. Otherwise `why` says how not. */
bool pass_options_read_back(void *tool, const struct ir_module *m, struct out *why);

#endif
