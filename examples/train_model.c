/* train_model CONFIG [KEY=VALUE]...: train as a configuration says, then score on the test samples. */
#include <signal.h>
#include <stdio.h>
#include "beamcue/train.h"

static volatile sig_atomic_t stop;

static void on_interrupt(int number)
{
    (void)number;
    stop = 1;
}

static int cancelled(void *cookie)
{
    (void)cookie;
    return stop;
}

static void log_line(void *cookie, bcue_log_level level, const char *text)
{
    (void)cookie;
    if (level >= BCUE_LOG_INFO)
        fprintf(stderr, "%s\n", text);
}

/* Print a report, or the sentence that says why there is none. */
static int show(bcue_status status, bcue_report *report, const bcue_error *error)
{
    if (status != BCUE_OK) {
        fprintf(stderr, "train_model: %s\n", error->text);
        return 1;
    }
    fputs(bcue_report_text(report), stdout);
    for (size_t i = 0; i < bcue_report_file_count(report); i++)
        printf("wrote %s\n", bcue_report_file(report, i));
    bcue_report_destroy(report);
    return 0;
}

int main(int argc, char **argv)
{
    const bcue_hooks hooks = {.log = log_line, .cancelled = cancelled};
    bcue_report *report = NULL;
    bcue_error error;
    if (argc < 2) {
        fprintf(stderr, "usage: train_model CONFIG [KEY=VALUE]...\n");
        return 2;
    }
    const char *config = argv[1];
    const char *const *overrides = (const char *const *)(argv + 2);
    const size_t count = (size_t)argc - 2;
    signal(SIGINT, on_interrupt);
    bcue_status status = bcue_train(config, overrides, count, &hooks, &report, &error);
    if (show(status, report, &error) != 0)
        return 1;
    report = NULL;
    status = bcue_evaluate(config, overrides, count, NULL, &hooks, &report, &error);
    return show(status, report, &error);
}
