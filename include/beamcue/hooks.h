/* How a long call talks to its caller: log lines, progress, and being told to stop. */
#ifndef BEAMCUE_HOOKS_H
#define BEAMCUE_HOOKS_H

#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bcue_log_level {
    BCUE_LOG_DEBUG = 0,
    BCUE_LOG_INFO = 1,
    BCUE_LOG_WARNING = 2,
} bcue_log_level;

/* All members may be NULL. The callbacks are called from the thread that made the call, never from a
   worker, and must not call back into the object being worked on. `text` lives until the callback returns. */
typedef struct bcue_hooks {
    void *cookie;
    void (*log)(void *cookie, bcue_log_level level, const char *text);
    /* `done` of `total` units of `what` ("epoch 3/20", "simulate"); total 0 = unknown. */
    void (*progress)(void *cookie, const char *what, uint64_t done, uint64_t total);
    /* Non-zero: stop at the next safe point and return BCUE_ERROR_CANCELLED. Polled often, so be quick. */
    int (*cancelled)(void *cookie);
} bcue_hooks;

#ifdef __cplusplus
}
#endif
#endif
