#include "check.h"

#include "base/clock.h"
#include "base/report_hooks.h"

typedef struct heard {
    int logs, reports;
    bcue_log_level level;
    char text[2048];
    uint64_t done, total;
    int answer;
} heard;

static void hear_log(void *cookie, bcue_log_level level, const char *text)
{
    heard *into = cookie;
    into->logs++;
    into->level = level;
    snprintf(into->text, sizeof into->text, "%s", text);
}

static void hear_progress(void *cookie, const char *what, uint64_t done, uint64_t total)
{
    heard *into = cookie;
    into->reports++;
    snprintf(into->text, sizeof into->text, "%s", what);
    into->done = done;
    into->total = total;
}

static int hear_question(void *cookie)
{
    return ((heard *)cookie)->answer;
}

static void callbacks_get_what_was_said(void)
{
    heard into = {0};
    bcue_hooks hooks = {&into, hear_log, hear_progress, hear_question};
    bcue_log(&hooks, BCUE_LOG_WARNING, "%d of %s", 3, "four");
    CHECK_INT(into.logs, 1);
    CHECK_INT(into.level, BCUE_LOG_WARNING);
    CHECK_STR(into.text, "3 of four");
    bcue_log(&hooks, BCUE_LOG_DEBUG, "%2000s", "x");
    CHECK(strlen(into.text) > 1000 && strlen(into.text) < 2000);
    bcue_progress(&hooks, "epoch 2/5", 7, 9);
    CHECK_INT(into.reports, 1);
    CHECK_STR(into.text, "epoch 2/5");
    CHECK(into.done == 7 && into.total == 9);
    CHECK(!bcue_cancelled(&hooks));
    into.answer = 1;
    CHECK(bcue_cancelled(&hooks));
}

static void absent_callbacks_are_fine(void)
{
    bcue_hooks hooks = {0};
    const bcue_hooks *const absent[] = {NULL, &hooks};
    for (int i = 0; i < 2; i++) {
        bcue_log(absent[i], BCUE_LOG_INFO, "nobody listens");
        bcue_progress(absent[i], "nothing", 0, 0);
        CHECK(!bcue_cancelled(absent[i]));
    }
}

static void clocks_run(void)
{
    double before = bcue_clock_s();
    double after = bcue_clock_s();
    CHECK(after >= before);
    char text[32];
    bcue_clock_utc(text, sizeof text);
    int year, month, day, hour, minute, second;
    char end;
    CHECK_INT(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%c", &year, &month, &day, &hour, &minute, &second, &end),
              7);
    CHECK(year >= 2024 && month >= 1 && month <= 12 && hour < 24 && end == 'Z');
    char small[4] = "xyz";
    bcue_clock_utc(small, sizeof small);
    CHECK_STR(small, "");
}

int main(void)
{
    RUN(callbacks_get_what_was_said);
    RUN(absent_callbacks_are_fine);
    RUN(clocks_run);
    return check_summary();
}
