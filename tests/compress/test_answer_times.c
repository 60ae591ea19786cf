/* Times of answers: percentiles by nearest rank, the share over the target, and several rounds. */
#include <math.h>
#include "check.h"
#include "compress/answer_times.h"

static void rank(void)
{
    const double five[] = {1, 2, 3, 4, 5};
    CHECK(bcue_answer_rank(five, 5, 50) == 3);
    CHECK(bcue_answer_rank(five, 5, 60) ==
          3); /* 60 % of five is three of them, whatever 60 / 100 rounds to */
    CHECK(bcue_answer_rank(five, 5, 61) == 4);
    CHECK(bcue_answer_rank(five, 5, 100) == 5);
    CHECK(bcue_answer_rank(five, 5, 1) == 1);
    CHECK(bcue_answer_rank(five, 1, 99) == 1);
}

static void rounds(void)
{
    bcue_error error = {0};
    bcue_answer_times times = {0};
    double slow[100], fast[100];
    for (int i = 0; i < 100; i++) {
        slow[i] = 200 - i; /* 101 to 200, descending */
        fast[i] = 1 + i;   /* 1 to 100 */
    }
    CHECK(isnan(bcue_answer_times_tail(&times, 1).p50));
    CHECK(isnan(bcue_answer_times_tail(&times, 1).missed));
    CHECK(bcue_answer_times_add(&times, slow, fast, 100, 50, &error) == BCUE_OK);
    CHECK(times.ms == 150 && times.window_ms == 50);
    CHECK(bcue_answer_times_tail(&times, 40).missed == 1);
    CHECK(bcue_answer_times_add(&times, fast, slow, 100, 50, &error) == BCUE_OK);
    CHECK(times.ms == 100 && times.window_ms == 100); /* of all rounds, not of the quickest */
    CHECK(times.runs == 200);
    const bcue_answer_tail tail = bcue_answer_times_tail(&times, 40); /* of all rounds */
    CHECK(tail.p50 == 100 && tail.p95 == 190 && tail.p99 == 198);
    CHECK(fabs(tail.missed - 0.8) < 1e-12); /* 40 itself is in time */
    CHECK(bcue_answer_times_tail(&times, 200).missed == 0);
    bcue_answer_times_free(&times);
    CHECK(times.runs == 0 && times.runs_ms == NULL);
}

/* What is chosen for a percentile keeps it: a quiet round does not excuse a busy one. */
static void tail(void)
{
    bcue_error error = {0};
    bcue_answer_times times = {0};
    double quiet[50], busy[50];
    for (int i = 0; i < 50; i++) {
        quiet[i] = 10 + 0.01 * i;
        busy[i] = 30 + i;
    }
    CHECK(bcue_answer_times_add(&times, busy, busy, 50, 95, &error) == BCUE_OK);
    CHECK(bcue_answer_times_add(&times, quiet, quiet, 50, 95, &error) == BCUE_OK);
    CHECK(times.ms == 74); /* 95 of the 100 runs took no longer */
    CHECK(bcue_answer_times_tail(&times, times.ms).missed <= 0.05 + 1e-12);
    CHECK(bcue_answer_times_tail(&times, times.ms).p95 == times.ms);
    bcue_answer_times_free(&times);
}

static void slowdown(void)
{
    bcue_error error = {0};
    bcue_answer_times times = {0};
    const double quiet[5] = {10, 10.1, 10.2, 10.3, 60}, busy[5] = {10, 45, 50, 55, 60};
    CHECK(isnan(bcue_answer_times_slowdown(&times)));
    CHECK(bcue_answer_times_add(&times, quiet, quiet, 5, 50, &error) == BCUE_OK);
    CHECK(bcue_answer_times_slowdown(&times) < 1.1); /* one slow run is no busy machine */
    bcue_answer_times_free(&times);
    CHECK(bcue_answer_times_add(&times, busy, quiet, 5, 50, &error) == BCUE_OK);
    CHECK(bcue_answer_times_slowdown(&times) == 5);
    bcue_answer_times_free(&times);
}

int main(void)
{
    RUN(rank);
    RUN(rounds);
    RUN(tail);
    RUN(slowdown);
    return check_summary();
}
