/* data.gps_error: its deviations, what it depends on and what not. */
#include "check.h"
#include "open_text.h"

#include <math.h>

#include "fabricate.h"
#include "features/geodesy.h"

enum { SEQUENCES = 3, LENGTH = 100, ROWS = SEQUENCES * LENGTH };

static void place(int row, double fix[2])
{
    fix[0] = 33.4 + 1e-6 * row;
    fix[1] = -111.9 - 2e-6 * row;
}

static void make_recording(const char *name)
{
    bcue_text table = {0};
    fabricate_begin(name);
    bcue_text_puts(&table, "index,unit2_loc,unit1_pwr_60ghz,seq_index,time_stamp\n");
    for (int i = 0; i < ROWS; i++) {
        char file[64];
        double fix[2];
        place(i, fix);
        snprintf(file, sizeof file, "gps/%d.txt", i);
        fabricate_fix(file, fix[0], fix[1]);
        bcue_text_printf(&table, "%d,%s,power.txt,%d,12:%02d:%02d-%d00000\n", i + 1, file, 1 + i / LENGTH,
                         i / 600, i / 10 % 60, i % 10);
    }
    fabricate_power("power.txt", 64, 3);
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
}

/* Errors of all newest fixes, east and north, metres. `frames` is 2 where the older fix of each sample is
   that of the sample before it. */
static void errors_of(const char *settings, const char *name, int frames, double error_m[ROWS][2])
{
    static char yaml[4000];
    test_opened t;
    snprintf(yaml, sizeof yaml,
             "data: {gps_frames: %d, gps_error: {%s}, sources: [{name: %s, root: \"%s\"}]}\n", frames,
             settings, name, fabricate_root);
    CHECK_OK(test_open(yaml, NULL, &t), t.error);
    CHECK_INT(bcue_dataset_count(t.dataset), ROWS - (frames - 1) * SEQUENCES);
    for (size_t i = 0; i < bcue_dataset_count(t.dataset); i++) {
        const bcue_sample *sample = bcue_dataset_sample(t.dataset, i);
        const int row = frames == 1 ? (int)i : (int)i + 1 + (int)i / (LENGTH - 1);
        double truth[2], enu_m[3];
        place(row, truth);
        const double *newest = sample->fix + 2 * (frames - 1);
        bcue_geodetic_to_enu(newest[0], newest[1], 0, truth[0], truth[1], 0, enu_m);
        error_m[row][0] = enu_m[0];
        error_m[row][1] = enu_m[1];
        if (frames == 2 && row % LENGTH > 1) {
            const double *before = bcue_dataset_sample(t.dataset, i - 1)->fix + 2;
            CHECK(sample->fix[0] == before[0] && sample->fix[1] == before[1]);
        }
    }
    test_close(&t);
}

/* Root mean squares: of the errors, of their steps from row to row within a sequence, and of the step to the
 * next sequence. */
static void spread(double (*error_m)[2], double *all_m, double *step_m)
{
    double square = 0, steps = 0;
    int counted = 0;
    for (int i = 0; i < ROWS; i++)
        for (int axis = 0; axis < 2; axis++) {
            square += error_m[i][axis] * error_m[i][axis];
            if (i % LENGTH > 0) {
                const double step = error_m[i][axis] - error_m[i - 1][axis];
                steps += step * step;
                counted++;
            }
        }
    *all_m = sqrt(square / (2.0 * ROWS));
    *step_m = sqrt(steps / counted);
}

static double largest_difference(double (*a)[2], double (*b)[2])
{
    double largest = 0;
    for (int i = 0; i < ROWS; i++)
        for (int axis = 0; axis < 2; axis++)
            largest = fmax(largest, fabs(a[i][axis] - b[i][axis]));
    return largest;
}

static double first[ROWS][2], second[ROWS][2];

static void test_white(void)
{
    double all_m, step_m;
    make_recording("fix_error");
    errors_of("white_m: 0", "a", 1, first);
    spread(first, &all_m, &step_m);
    CHECK(all_m < 1e-6);
    errors_of("white_m: 2", "a", 1, first);
    spread(first, &all_m, &step_m);
    CHECK_AT(all_m > 1.8 && all_m < 2.2, "%g m", all_m);
    CHECK_AT(step_m > 2.5 && step_m < 3.2, "%g m",
             step_m); /* sqrt(2) x 2: neighbours know nothing of one another */
    errors_of("white_m: 2, drift_time_s: 3", "a", 1, second);
    CHECK(largest_difference(first, second) == 0);
    errors_of("white_m: 2, seed: 2", "a", 1, second);
    CHECK(largest_difference(first, second) > 2);
    errors_of("white_m: 2", "b", 1, second);
    CHECK(largest_difference(first, second) > 2);
    errors_of("white_m: 2", "a", 2, second); /* checks inside that windows share fixes */
    for (int s = 0; s < SEQUENCES; s++)
        memcpy(first[s * LENGTH], second[s * LENGTH], sizeof first[0]); /* no window of two ends there */
    CHECK(largest_difference(first, second) == 0);
}

static void test_slow(void)
{
    double all_m = 0, step_m;
    make_recording("fix_error");
    errors_of("drift_m: 5", "a", 1, first);
    spread(first, &all_m, &step_m);
    /* sqrt(2 (1 - exp(-0.1 / 10))) x 5 = 0.7 m from row to row in the mean of many draws */
    CHECK_AT(step_m > 0.05 && step_m < 2, "%g m", step_m);
    errors_of("drift_m: 10", "a", 1, second);
    CHECK_AT(fabs(second[7][0] - 2 * first[7][0]) < 1e-5, "%g of %g", second[7][0], first[7][0]);
    /* Another draw in every episode, and the deviation over many of them. */
    double square = 0;
    for (int seed = 1; seed <= 30; seed++) {
        char settings[64];
        snprintf(settings, sizeof settings, "drift_m: 5, seed: %d", seed);
        errors_of(settings, "a", 1, second);
        for (int s = 0; s < SEQUENCES; s++)
            for (int axis = 0; axis < 2; axis++)
                square += second[s * LENGTH][axis] * second[s * LENGTH][axis];
    }
    const double deviation_m = sqrt(square / (30 * SEQUENCES * 2));
    CHECK_AT(deviation_m > 4.3 && deviation_m < 5.7, "%g m", deviation_m);
    make_recording("fix_error_elsewhere"); /* the folder does not matter */
    errors_of("drift_m: 5, white_m: 1", "a", 1, second);
    make_recording("fix_error");
    errors_of("drift_m: 5, white_m: 1", "a", 1, first);
    CHECK(largest_difference(first, second) < 1e-9);
}

static void test_missing(void)
{
    test_opened t;
    static char yaml[4000];
    make_recording("fix_error");
    fabricate_text("gps/4.txt", "NaN\nNaN\n");
    snprintf(yaml, sizeof yaml,
             "data: {gps_error: {white_m: 3, drift_m: 3}, sources: [{name: a, root: \"%s\"}]}\n",
             fabricate_root);
    CHECK_OK(test_open(yaml, NULL, &t), t.error);
    CHECK(isnan(bcue_dataset_sample(t.dataset, 4)->fix[0]));
    CHECK(!isnan(bcue_dataset_sample(t.dataset, 5)->fix[0]));
    test_close(&t);
}

int main(void)
{
    RUN(test_white);
    RUN(test_slow);
    RUN(test_missing);
    return check_summary();
}
