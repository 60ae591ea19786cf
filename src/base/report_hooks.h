/* Calling a caller's hooks without asking each time whether they are there. `hooks` may be NULL. */
#ifndef BCUE_BASE_REPORT_HOOKS_H
#define BCUE_BASE_REPORT_HOOKS_H

#include <stdbool.h>
#include "beamcue/hooks.h"

BCUE_PRINTF(3, 4) void bcue_log(const bcue_hooks *hooks, bcue_log_level level, const char *format, ...);
void bcue_progress(const bcue_hooks *hooks, const char *what, uint64_t done, uint64_t total);
bool bcue_cancelled(const bcue_hooks *hooks);

#endif
