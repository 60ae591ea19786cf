#include "base/report_hooks.h"

#include <stdarg.h>
#include <stdio.h>

void bcue_log(const bcue_hooks *hooks, bcue_log_level level, const char *format, ...)
{
    if (hooks == NULL || hooks->log == NULL)
        return;
    char line[1024];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (length >= 0)
        hooks->log(hooks->cookie, level, line);
}

void bcue_progress(const bcue_hooks *hooks, const char *what, uint64_t done, uint64_t total)
{
    if (hooks != NULL && hooks->progress != NULL)
        hooks->progress(hooks->cookie, what, done, total);
}

bool bcue_cancelled(const bcue_hooks *hooks)
{
    return hooks != NULL && hooks->cancelled != NULL && hooks->cancelled(hooks->cookie) != 0;
}
