#include "cli.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 80, UNIT_SIZE = 48 };

static volatile sig_atomic_t caught_signal;

/* The one progress line of the process. */
static struct {
    const bcue_cli *cli;
    bool on_terminal, told_to_stop;
    size_t shown; /* characters of the line that stands on the terminal */
    char what[UNIT_SIZE];
    uint64_t first, last; /* `done` when this unit was first heard of, and last */
    double started_s, drawn_s;
} line;

static void catch_signal(int number)
{
    caught_signal = number;
}

int bcue_cli_signal(void)
{
    return caught_signal;
}

double bcue_cli_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void bcue_cli_progress_end(void)
{
    if (line.shown > 0)
        fprintf(stderr, "\r%*s\r", (int)line.shown, "");
    line.shown = 0;
}

static void format_duration(char *out, size_t size, double seconds)
{
    const long whole = (long)(seconds + 0.5);
    if (whole < 60)
        snprintf(out, size, "%ld s", whole);
    else if (whole < 3600)
        snprintf(out, size, "%ld min %02ld s", whole / 60, whole % 60);
    else
        snprintf(out, size, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
}

static void format_line(char out[LINE_SIZE], uint64_t done, uint64_t total, double elapsed_s)
{
    const double rate = elapsed_s > 0 ? (double)(done - line.first) / elapsed_s : 0;
    int size;
    if (total == 0)
        size = snprintf(out, LINE_SIZE, "%s  %" PRIu64, line.what, done);
    else
        size = snprintf(out, LINE_SIZE, "%s  %" PRIu64 "/%" PRIu64 "  %3.0f %%", line.what, done, total,
                        100.0 * (double)done / (double)total);
    if (rate <= 0 || elapsed_s < 0.5 || size < 0 || size >= LINE_SIZE)
        return;
    char left[32] = "";
    if (total > done && (double)(total - done) / rate < 1e8)
        format_duration(left, sizeof left, (double)(total - done) / rate);
    snprintf(out + size, LINE_SIZE - (size_t)size, rate >= 10 ? "  %.0f/s%s%s%s" : "  %.2g/s%s%s%s", rate,
             left[0] != '\0' ? "  " : "", left, left[0] != '\0' ? " left" : "");
}

static void on_progress(void *cookie, const char *what, uint64_t done, uint64_t total)
{
    enum { REDRAW_MS = 100 };
    (void)cookie;
    const double now = bcue_cli_now_s();
    if (strncmp(line.what, what, UNIT_SIZE - 1) != 0 || done < line.last) {
        snprintf(line.what, sizeof line.what, "%s", what);
        line.first = done;
        line.started_s = now;
        line.drawn_s = 0;
    }
    line.last = done;
    if (now - line.drawn_s < 1e-3 * REDRAW_MS && done != total)
        return;
    char text[LINE_SIZE];
    format_line(text, done, total, now - line.started_s);
    const size_t size = strlen(text);
    fprintf(stderr, "\r%s%*s", text, (int)(line.shown > size ? line.shown - size : 0), "");
    line.shown = size;
    line.drawn_s = now;
}

static void on_log(void *cookie, bcue_log_level level, const char *text)
{
    (void)cookie;
    if (level == BCUE_LOG_DEBUG || (level == BCUE_LOG_INFO && line.cli->quiet))
        return;
    bcue_cli_progress_end();
    fprintf(stderr, "%s%s\n", level == BCUE_LOG_WARNING ? "beamcue: warning: " : "", text);
}

static int on_cancelled(void *cookie)
{
    (void)cookie;
    if (caught_signal == 0)
        return 0;
    if (!line.told_to_stop) {
        line.told_to_stop = true;
        bcue_cli_progress_end();
        fputs("stopping at the next safe point; Ctrl-C again ends the program at once\n", stderr);
    }
    return 1;
}

/* A shell starts background jobs with SIGINT ignored, nohup and others likewise: that stays so. */
static void catch_unless_ignored(int number, const struct sigaction *action)
{
    struct sigaction before;
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, action, NULL);
}

const bcue_hooks *bcue_cli_hooks(const bcue_cli *cli)
{
    static bcue_hooks hooks = {.log = on_log, .cancelled = on_cancelled};
    struct sigaction action = {.sa_handler = catch_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    catch_unless_ignored(SIGINT, &action);
    catch_unless_ignored(SIGTERM, &action);
    line.cli = cli;
    line.on_terminal = isatty(STDERR_FILENO) == 1;
    hooks.progress = line.on_terminal && !cli->quiet ? on_progress : NULL;
    return &hooks;
}
