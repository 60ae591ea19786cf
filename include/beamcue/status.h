/* Status codes and messages of every call. */
#ifndef BEAMCUE_STATUS_H
#define BEAMCUE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define BCUE_API __attribute__((visibility("default")))
#define BCUE_PRINTF(format_index, first_arg) __attribute__((format(printf, format_index, first_arg)))
#define BCUE_CHECK_RESULT __attribute__((warn_unused_result))
#else
#define BCUE_API
#define BCUE_PRINTF(format_index, first_arg)
#define BCUE_CHECK_RESULT
#endif

/* What a call came to: 0, or a negative code. */
typedef enum bcue_status {
    BCUE_OK = 0,
    BCUE_ERROR_ARGUMENT = -1,    /* the caller broke the contract of the function */
    BCUE_ERROR_CONFIG = -2,      /* a configuration key is unknown, of a wrong type or out of range */
    BCUE_ERROR_IO = -3,          /* the system could not open, read, write or rename a file */
    BCUE_ERROR_FORMAT = -4,      /* the bytes of a file are not what its format says */
    BCUE_ERROR_DATA = -5,        /* well-formed data that cannot be used for what was asked */
    BCUE_ERROR_SHAPE = -6,       /* tensor shapes that do not fit together */
    BCUE_ERROR_MEMORY = -7,      /* out of memory */
    BCUE_ERROR_UNSUPPORTED = -8, /* not available on this CPU or in this build */
    BCUE_ERROR_CANCELLED = -9,   /* bcue_hooks.cancelled said so */
    BCUE_ERROR_INTERNAL = -10    /* a defect of beamcue: please report it */
} bcue_status;

/* The sentence that goes with a status. The caller owns it; any function that takes one takes NULL too.
   It is written only on failure, always NUL-terminated, and names file, line, field and what to do. */
typedef struct bcue_error {
    char text[768];
} bcue_error;

/* A short name for a status, e.g. "format error". Never NULL; static storage; any thread. */
BCUE_API const char *bcue_status_name(bcue_status status);

#ifdef __cplusplus
}
#endif
#endif
