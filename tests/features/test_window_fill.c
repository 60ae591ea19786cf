/* What takes the place of what is missing within a window: by hand, and against closed forms. */
#include "features/window_fill.h"

#include <math.h>

#include "base/rng.h"
#include "check.h"

enum { MOST = 8 };

static void nearest_older_then_newer(void)
{
    static const struct {
        const char *there; /* oldest first */
        size_t reach;
        int from[5];
    } cases[] = {
        {"11111", 9, {0, 1, 2, 3, 4}},   {"11011", 9, {0, 1, 1, 3, 4}},    {"11110", 9, {0, 1, 2, 3, 3}},
        {"01111", 9, {1, 1, 2, 3, 4}},   {"10001", 9, {0, 0, 0, 0, 4}},    {"00100", 9, {2, 2, 2, 2, 2}},
        {"10000", 2, {0, 0, 0, -1, -1}}, {"00001", 1, {-1, -1, -1, 4, 4}}, {"00000", 9, {-1, -1, -1, -1, -1}},
        {"10001", 1, {0, 0, -1, 4, 4}},  {"10101", 0, {0, -1, 2, -1, 4}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        bool there[5];
        int from[5];
        for (int i = 0; i < 5; i++)
            there[i] = cases[c].there[i] == '1';
        bcue_fill_window(there, 5, cases[c].reach, from);
        for (int i = 0; i < 5; i++)
            CHECK_AT(from[i] == cases[c].from[i], "%s, reach %zu, place %d: %d, expected %d", cases[c].there,
                     cases[c].reach, i, from[i], cases[c].from[i]);
    }
}

/* Whoever drives evenly is where the closed form says, before, between and after uneven times. */
static void an_even_drive_is_carried_exactly(void)
{
    static const double times[MOST] = {0, 0.1, 0.13, 0.4, 0.5, 0.61, 0.8, 1};
    const double start[2] = {33.42, -111.92}, speed[2] = {7e-5, -9e-5}; /* degrees, some 8 m/s */
    bcue_timed_fix fixes[MOST];
    for (int i = 0; i < MOST; i++)
        fixes[i] = (bcue_timed_fix){1e9 + times[i],
                                    {start[0] + speed[0] * times[i], start[1] + speed[1] * times[i]}};
    for (int count = 2; count <= MOST; count++)
        for (int k = -5; k <= 30; k++) {
            double at[2];
            CHECK(bcue_fix_carry(fixes + MOST - count, (size_t)count, 1e9 + 0.1 * k, at));
            /* 1e9 s has 1e-7 s of rounding. */
            CHECK_NEAR(at[0], start[0] + speed[0] * 0.1 * k, 1e-10);
            CHECK_NEAR(at[1], start[1] + speed[1] * 0.1 * k, 1e-10);
        }
    double untouched[2] = {5, 6};
    CHECK(!bcue_fix_carry(fixes, 1, 2, untouched) && !bcue_fix_carry(fixes, 0, 2, untouched));
    fixes[1].time_s = fixes[0].time_s;
    CHECK(!bcue_fix_carry(fixes, 2, 2, untouched));
    CHECK(untouched[0] == 5 && untouched[1] == 6);
}

/* With noise: the least-squares line. Of three fixes at 0, 1, 2 it is mean + (v2 - v0) / 2 (t - 1); and the
   error of what it says of white noise has the deviation sigma sqrt(1 / n + (t - mean)^2 / S). */
static void noise_is_averaged(void)
{
    const bcue_timed_fix three[] = {{0, {1, 10}}, {1, {5, 10}}, {2, {3, 40}}};
    double at[2];
    CHECK(bcue_fix_carry(three, 3, 4, at));
    CHECK_NEAR(at[0], 3 + 1 * 3, 1e-12);
    CHECK_NEAR(at[1], 20 + 15 * 3, 1e-12);
    enum { FIXES = 10, DRAWS = 20000 };
    double squares = 0;
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    for (int d = 0; d < DRAWS; d++) {
        bcue_timed_fix noisy[FIXES];
        for (int i = 0; i < FIXES; i++)
            noisy[i] = (bcue_timed_fix){0.1 * i, {1.5 * bcue_rng_normal(&rng), 0}};
        CHECK(bcue_fix_carry(noisy, FIXES, 1.4, at));
        squares += at[0] * at[0];
    }
    const double want = 1.5 * sqrt(1.0 / FIXES + (1.4 - 0.45) * (1.4 - 0.45) / 0.825);
    CHECK_NEAR(sqrt(squares / DRAWS), want, 4 * want / sqrt(2.0 * DRAWS));
}

static void expect_places(const bcue_fix_rule *rule, const bcue_timed_fix *good, size_t count, double now_s,
                          const char *how, const double *times, const double *values)
{
    bcue_timed_fix places[MOST];
    bcue_fill fills[MOST];
    const size_t window = strlen(how);
    bcue_fill_fixes(rule, good, count, now_s, window, places, fills);
    for (size_t i = 0; i < window; i++) {
        CHECK_AT(fills[i] == (bcue_fill)(strchr("-thc", how[i]) - "-thc"), "at %g, %s: place %zu is %d",
                 now_s, how, i, (int)fills[i]);
        CHECK_NEAR(places[i].time_s, times[i], 1e-9);
        if (fills[i] != BCUE_FILL_NONE)
            CHECK_NEAR(places[i].at[0], values[i], 1e-9);
    }
}

/* A vehicle at 10 t; fixes at 0, 0.1, 0.2, 0.5 s. */
static void windows_of_fixes(void)
{
    const bcue_fix_rule rule = {.step_s = 0.1, .fit_s = 1, .carry_s = 0.6, .hold_s = 0.2};
    const bcue_timed_fix good[] = {{0, {0, 0}}, {0.1, {1, 0}}, {0.2, {2, 0}}, {0.5, {5, 0}}};
    bcue_fix_rule never = rule, narrow = rule;
    never.carry_s = 0;
    narrow.fit_s = 0.05;
    /* Just come: the gap is on the line between. Not quite a step later: the same. */
    expect_places(&rule, good, 4, 0.5, "tcct", (double[]){0.2, 0.3, 0.4, 0.5}, (double[]){2, 3, 4, 5});
    expect_places(&rule, good, 4, 0.59, "tcct", (double[]){0.2, 0.3, 0.4, 0.5}, (double[]){2, 3, 4, 5});
    /* One step, and 0.6 s later; then the line is not trusted, and the window goes back to the last one. */
    expect_places(&rule, good, 4, 0.6, "cctc", (double[]){0.3, 0.4, 0.5, 0.6}, (double[]){3, 4, 5, 6});
    expect_places(&rule, good, 4, 1.1, "cccc", (double[]){0.8, 0.9, 1.0, 1.1}, (double[]){8, 9, 10, 11});
    expect_places(&rule, good, 4, 1.11, "tcct", (double[]){0.2, 0.3, 0.4, 0.5}, (double[]){2, 3, 4, 5});
    /* Never carried: held, the older before the newer, and not for longer than 0.2 s. */
    expect_places(&never, good, 4, 0.8, "thht", (double[]){0.2, 0.3, 0.4, 0.5}, (double[]){2, 2, 2, 5});
    never.hold_s = 0.1;
    expect_places(&never, good, 4, 0.8, "thht", (double[]){0.2, 0.3, 0.4, 0.5}, (double[]){2, 2, 5, 5});
    never.hold_s = 0;
    expect_places(&never, good, 4, 0.8, "t--t", (double[]){0.2, 0.3, 0.4, 0.5}, (double[]){2, 0, 0, 5});
    /* One fix makes no line. */
    expect_places(&narrow, good, 4, 0.7, "tcct", (double[]){0.2, 0.3, 0.4, 0.5}, (double[]){2, 3, 4, 5});
    expect_places(&rule, good, 1, 0.4, "-hht", (double[]){-0.3, -0.2, -0.1, 0}, (double[]){0, 0, 0, 0});
    /* A receiver of one fix a second. */
    const bcue_timed_fix slow[] = {{0, {0, 0}}, {1, {10, 0}}};
    const bcue_fix_rule longer = {.step_s = 0.1, .fit_s = 1, .carry_s = 2, .hold_s = 0.5};
    expect_places(&longer, slow, 2, 1.87, "ccc", (double[]){1.6, 1.7, 1.8}, (double[]){16, 17, 18});
    expect_places(&longer, slow, 2, 1.0, "cct", (double[]){0.8, 0.9, 1}, (double[]){8, 9, 10});
}

int main(void)
{
    RUN(nearest_older_then_newer);
    RUN(an_even_drive_is_carried_exactly);
    RUN(noise_is_averaged);
    RUN(windows_of_fixes);
    return check_summary();
}
