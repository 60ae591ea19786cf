/* CFAR: the rate of false alarms on noise, targets by hand, edges, and the mean of the surroundings by brute
 * force. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "dsp/cfar.h"

enum { ROWS = 120, COLUMNS = 64 };
static const bcue_cfar usual = {.guard = {2, 2}, .reference = {8, 6}, .factor = 4};

static size_t detect(const bcue_cfar *cfar, const float *power, bcue_cfar_cell *found)
{
    bcue_error error;
    size_t count = 0;
    CHECK_OK(bcue_cfar_detect(cfar, power, ROWS, COLUMNS, found, &count, &error), error);
    return count;
}

/* One look: powers are exponential, and e^-factor of them exceed factor times the mean. Four: counted on
 * draws. */
static void test_factor(void)
{
    bcue_rng rng = bcue_rng_make(61, BCUE_RNG_TEST, 0, 0, 0);
    CHECK_NEAR(bcue_cfar_factor(1e-4, 1), -log(1e-4), 1e-9);
    CHECK(bcue_cfar_factor(1e-6, 4) < bcue_cfar_factor(1e-6, 2));
    const double factor = bcue_cfar_factor(1e-3, 4);
    size_t above = 0;
    for (int i = 0; i < 400000; i++) {
        double sum = 0;
        for (int look = 0; look < 4; look++)
            sum -= log(1 - bcue_rng_uniform(&rng));
        above += sum > 4 * factor;
    }
    CHECK_AT(above > 330 && above < 470, "%zu of 400 expected", above);
}

/* Noise alone. Neighbours that both exceed are one detection, so a few less are found. */
static void test_false_alarms(void)
{
    enum { MAPS = 40 };
    float *power = bcue_calloc((size_t)ROWS * COLUMNS, sizeof *power);
    bcue_cfar_cell *found = bcue_calloc((size_t)ROWS * COLUMNS, sizeof *found);
    bcue_cfar cfar = usual;
    size_t count = 0;
    cfar.factor = bcue_cfar_factor(1e-3, 1);
    for (uint32_t map = 0; map < MAPS; map++) {
        bcue_rng rng = bcue_rng_make(62, BCUE_RNG_TEST, map, 0, 0);
        const double level = pow(10, (double)map - 20); /* whatever the noise is */
        for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++)
            power[i] = (float)(-level * log(1 - bcue_rng_uniform(&rng)));
        count += detect(&cfar, power, found);
    }
    const double expected = 1e-3 * MAPS * ROWS * COLUMNS; /* 307 */
    CHECK_AT((double)count > 0.75 * expected && (double)count < 1.25 * expected, "%zu of %g expected", count,
             expected);
    free(power);
    free(found);
}

static void test_targets(void)
{
    float power[ROWS * COLUMNS];
    bcue_cfar_cell found[ROWS * COLUMNS];
    static const size_t at[][2] = {{0, 0}, {0, 40}, {60, 63}, {60, 20}, {119, 31}};
    for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++)
        power[i] = 1;
    CHECK_INT(detect(&usual, power, found), 0);
    for (size_t t = 0; t < 5; t++)
        power[at[t][0] * COLUMNS + at[t][1]] = 100;
    power[61 * COLUMNS + 20] = 90; /* the skirt of a target */
    power[61 * COLUMNS + 0] = 50;  /* beside column 63, round the end */
    CHECK_INT(detect(&usual, power, found), 5);
    static const size_t order[] = {0, 1, 3, 2, 4};
    for (size_t t = 0; t < 5; t++) {
        CHECK_INT(found[t].row, at[order[t]][0]);
        CHECK_INT(found[t].column, at[order[t]][1]);
    }
    /* Of two equal neighbours the first; nothing but zeros is nothing. */
    power[60 * COLUMNS + 21] = 100;
    CHECK_INT(detect(&usual, power, found), 5);
    memset(power, 0, sizeof power);
    CHECK_INT(detect(&usual, power, found), 0);
}

/* Which cells count as surroundings, cell by cell. */
static void test_surroundings(void)
{
    float power[ROWS * COLUMNS];
    bcue_cfar_cell found[ROWS * COLUMNS];
    bcue_rng rng = bcue_rng_make(63, BCUE_RNG_TEST, 0, 0, 0);
    for (int draw = 0; draw < 60; draw++) {
        const int row = (int)bcue_rng_below(&rng, ROWS), column = (int)bcue_rng_below(&rng, COLUMNS);
        double sum = 0;
        int cells = 0;
        for (int i = 0; i < ROWS * COLUMNS; i++)
            power[i] = (float)bcue_rng_uniform(&rng);
        for (int r = row - 10; r <= row + 10; r++)
            for (int d = -8; d <= 8; d++) {
                if (r < 0 || r >= ROWS || (abs(r - row) <= 2 && abs(d) <= 2))
                    continue;
                sum += (double)power[r * COLUMNS + (column + d + COLUMNS) % COLUMNS];
                cells++;
            }
        for (int side = 0; side < 2; side++) { /* just above, just below the threshold */
            power[row * COLUMNS + column] = (float)(4 * sum / cells * (side == 0 ? 1.0001 : 0.9999));
            const size_t count = detect(&usual, power, found);
            bool there = false;
            for (size_t i = 0; i < count; i++)
                there = there || (found[i].row == (size_t)row && found[i].column == (size_t)column);
            CHECK_AT(there == (side == 0), "cell %d, %d, side %d", row, column, side);
        }
    }
}

static void test_refused(void)
{
    const float power[40] = {0};
    bcue_cfar_cell found[40];
    bcue_cfar cfar = usual;
    bcue_error error;
    size_t count;
    CHECK_STATUS(bcue_cfar_detect(&cfar, power, 4, 10, found, &count, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "17 columns do not fit in 10");
    cfar.reference[0] = cfar.reference[1] = 0;
    CHECK_STATUS(bcue_cfar_detect(&cfar, power, 4, 10, found, &count, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "reference cells");
}

int main(void)
{
    RUN(test_factor);
    RUN(test_false_alarms);
    RUN(test_targets);
    RUN(test_surroundings);
    RUN(test_refused);
    return check_summary();
}
