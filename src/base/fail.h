/* Making an error: a status and a sentence. */
#ifndef BCUE_BASE_FAIL_H
#define BCUE_BASE_FAIL_H

#include "beamcue/status.h"

/* Write the sentence (if `error` is not NULL) and return `status`, so that a failure is one statement:
       return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
   Long sentences are cut with an ellipsis, never mid-UTF-8. */
BCUE_PRINTF(3, 4) bcue_status bcue_fail(bcue_error *error, bcue_status status, const char *format, ...);

/* Put "context: " in front of the sentence already in `error`, keeping the status. */
BCUE_PRINTF(3, 4)
bcue_status bcue_fail_context(bcue_error *error, bcue_status status, const char *format, ...);

/* The usual out-of-memory failure for `what`. */
bcue_status bcue_fail_memory(bcue_error *error, const char *what);

/* clang's analyzer does not look into other files, and so would follow paths on which a failure returns
 * BCUE_OK. */
#ifdef __clang_analyzer__
#define bcue_fail(error, status, ...) (bcue_fail(error, status, __VA_ARGS__), (status))
#define bcue_fail_context(error, status, ...) (bcue_fail_context(error, status, __VA_ARGS__), (status))
#define bcue_fail_memory(error, what) (bcue_fail_memory(error, what), BCUE_ERROR_MEMORY)
#endif

/* Return early on failure, where there is nothing to release. */
#define BCUE_TRY(call)                                                                                       \
    do {                                                                                                     \
        bcue_status bcue_try_status_ = (call);                                                               \
        if (bcue_try_status_ != BCUE_OK)                                                                     \
            return bcue_try_status_;                                                                         \
    } while (0)

#endif
