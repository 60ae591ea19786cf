#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef bcue_fail
#undef bcue_fail_context
#undef bcue_fail_memory

const char *bcue_status_name(bcue_status status)
{
    switch (status) {
    case BCUE_OK:
        return "ok";
    case BCUE_ERROR_ARGUMENT:
        return "bad argument";
    case BCUE_ERROR_CONFIG:
        return "configuration error";
    case BCUE_ERROR_IO:
        return "input/output error";
    case BCUE_ERROR_FORMAT:
        return "format error";
    case BCUE_ERROR_DATA:
        return "data error";
    case BCUE_ERROR_SHAPE:
        return "shape error";
    case BCUE_ERROR_MEMORY:
        return "out of memory";
    case BCUE_ERROR_UNSUPPORTED:
        return "unsupported";
    case BCUE_ERROR_CANCELLED:
        return "cancelled";
    case BCUE_ERROR_INTERNAL:
        return "internal error";
    }
    return "unknown status";
}

/* End a cut sentence with "..." without leaving half a UTF-8 character behind. */
static void mark_cut(char *text, size_t size)
{
    size_t end = size - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xC0U) == 0x80U)
        end--;
    memcpy(text + end, "...", 4);
}

static void write_sentence(bcue_error *error, const char *format, va_list args)
{
    int length = vsnprintf(error->text, sizeof error->text, format, args);
    if (length < 0)
        error->text[0] = '\0';
    else if ((size_t)length >= sizeof error->text)
        mark_cut(error->text, sizeof error->text);
}

bcue_status bcue_fail(bcue_error *error, bcue_status status, const char *format, ...)
{
    if (error != NULL) {
        va_list args;
        va_start(args, format);
        write_sentence(error, format, args);
        va_end(args);
    }
    return status;
}

bcue_status bcue_fail_context(bcue_error *error, bcue_status status, const char *format, ...)
{
    if (error != NULL) {
        bcue_error inner = *error;
        va_list args;
        va_start(args, format);
        write_sentence(error, format, args);
        va_end(args);
        size_t used = strlen(error->text);
        int length = snprintf(error->text + used, sizeof error->text - used, ": %s", inner.text);
        if (length < 0 || (size_t)length >= sizeof error->text - used)
            mark_cut(error->text, sizeof error->text);
    }
    return status;
}

bcue_status bcue_fail_memory(bcue_error *error, const char *what)
{
    return bcue_fail(error, BCUE_ERROR_MEMORY,
                     "out of memory for %s; close other programs, or use a smaller batch, image or dataset",
                     what);
}
