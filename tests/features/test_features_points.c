/* Radar points and sets of vehicles as network inputs: order of arrival, rules of choice against brute force,
   empty and damaged frames. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "features/geodesy.h"
#include "features/point_faults.h"
#include "features/point_sampling.h"
#include "features/recipes.h"

static const double degree = 3.14159265358979323846 / 180.0;

enum { COUNT = 300, KEPT = 64, ROW = BCUE_POINT_FIELDS };

static bcue_radar_recipe recipe_of(int rule)
{
    return (bcue_radar_recipe){.enabled = true,
                               .kind = BCUE_RADAR_HPS,
                               .height = 256,
                               .width = 256,
                               .points = KEPT,
                               .hps = rule,
                               .points_range_m = 50,
                               .points_azimuth_deg = 75,
                               .points_velocity_mps = 40,
                               .points_altitude_deg = 15,
                               .points_height_m = 5};
}

/* Detections with many equal azimuths, depths and velocities, and a few exact copies. */
static bcue_npy make_points(uint32_t draw, float *values)
{
    bcue_rng rng = bcue_rng_make(31, BCUE_RNG_TEST, draw, 0, 0);
    for (size_t i = 0; i < COUNT; i++) {
        values[4 * i] = floorf((float)bcue_rng_range(&rng, -4, 4));
        values[4 * i + 1] = 0.05F * floorf((float)bcue_rng_range(&rng, -25, 25));
        values[4 * i + 2] = 0.02F * floorf((float)bcue_rng_range(&rng, -12, 12));
        values[4 * i + 3] = floorf((float)bcue_rng_range(&rng, 1, 50));
        if (i % 29 == 7)
            memcpy(values + 4 * i, values + 4 * (i - 3), 4 * sizeof *values);
    }
    return (bcue_npy){
        .type = BCUE_NPY_F32, .rank = 2, .shape = {COUNT, 4}, .count = 4 * COUNT, .data = values};
}

static void shuffle(bcue_npy *points, uint32_t draw)
{
    bcue_rng rng = bcue_rng_make(32, BCUE_RNG_TEST, draw, 0, 0);
    float *values = points->data, old[4 * COUNT];
    size_t order[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        order[i] = i;
    bcue_rng_shuffle(&rng, order, COUNT);
    memcpy(old, values, sizeof old);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(values + 4 * i, old + 4 * order[i], 4 * sizeof *values);
}

static void sample(const bcue_radar_recipe *recipe, const bcue_npy *points, float *out)
{
    bcue_error error;
    memset(out, 0x55, (size_t)recipe->points * ROW * sizeof *out);
    CHECK_OK(bcue_point_sample(recipe, points, "points", out, &error), error);
}

static void test_order_does_not_matter(void)
{
    for (int rule = 0; rule <= BCUE_POINTS_AZIMUTH_NEAREST; rule++)
        for (uint32_t draw = 0; draw < 20; draw++)
            for (int frame = 0; frame < 2; frame++) {
                float values[4 * COUNT], first[KEPT * ROW], again[KEPT * ROW];
                bcue_npy points = make_points(draw, values);
                bcue_radar_recipe recipe = recipe_of(rule);
                recipe.points_frame = frame;
                recipe.points_pitch_deg = draw % 2 == 0 ? 0 : -12;
                sample(&recipe, &points, first);
                shuffle(&points, draw);
                sample(&recipe, &points, again);
                CHECK_AT(memcmp(first, again, sizeof first) == 0, "rule %d, draw %u, frame %d", rule, draw,
                         frame);
            }
}

/* The multiset of kept points by the definition, from an insertion sort on another key. */
static void check_kept(int rule, const float *values, const float *out, double (*key)(const float *))
{
    double kept_least = HUGE_VAL;
    size_t above = 0;
    for (size_t i = 0; i < KEPT; i++) {
        const float raw[4] = {out[ROW * i] * 40, (float)((double)out[ROW * i + 1] * 75 * degree),
                              (float)((double)out[ROW * i + 2] * 15 * degree), out[ROW * i + 3] * 50};
        kept_least = fmin(kept_least, key(raw));
        CHECK(out[ROW * i + 4] == 1);
    }
    for (size_t i = 0; i < COUNT; i++)
        above += key(values + 4 * i) > kept_least + 1e-4;
    CHECK_AT(above <= KEPT, "rule %d leaves out a point that ranks above a kept one (%zu)", rule, above);
}

static double height_of(const float *p)
{
    return (double)p[3] * sin((double)p[2]);
}

static double speed_of(const float *p)
{
    return fabs((double)p[0]);
}

static void test_highest_and_moving(void)
{
    float values[4 * COUNT], out[KEPT * ROW];
    bcue_npy points = make_points(3, values);
    bcue_radar_recipe recipe = recipe_of(BCUE_POINTS_HIGHEST);
    sample(&recipe, &points, out);
    check_kept(BCUE_POINTS_HIGHEST, values, out, height_of);
    recipe.hps = BCUE_POINTS_MOVING;
    sample(&recipe, &points, out);
    check_kept(BCUE_POINTS_MOVING, values, out, speed_of);
    /* Canonical: azimuth never falls, depth not among equal azimuths. */
    for (size_t i = 1; i < KEPT; i++) {
        const float *a = out + ROW * (i - 1), *b = a + ROW;
        CHECK(a[1] < b[1] || (a[1] == b[1] && a[3] <= b[3]));
    }
}

/* A radar that looks down by 20 degrees: of two points at equal altitude the nearer lies higher above ground.
 */
static void test_height_counts_the_tilt(void)
{
    float values[] = {0, 0, 0, 10, 0, 0, 0, 40}, out[ROW];
    const bcue_npy points = {.type = BCUE_NPY_F32, .rank = 2, .shape = {2, 4}, .count = 8, .data = values};
    bcue_radar_recipe recipe = recipe_of(BCUE_POINTS_HIGHEST);
    recipe.points = 1;
    recipe.points_pitch_deg = -20;
    sample(&recipe, &points, out);
    CHECK_NEAR(out[3], 10.0 / 50, 1e-6);
    recipe.points_pitch_deg = 20;
    sample(&recipe, &points, out);
    CHECK_NEAR(out[3], 40.0 / 50, 1e-6);
    /* Ground frame: 40 m along the ray of 20 degrees up, from 5 m above ground. */
    recipe.points_frame = BCUE_POINTS_GROUND;
    sample(&recipe, &points, out);
    CHECK_NEAR(out[1], 40 * cos(20 * degree) / 5, 1e-5);
    CHECK_NEAR(out[2], 0, 1e-6);
    CHECK_NEAR(out[3], (40 * sin(20 * degree) + 5) / 5, 1e-5);
}

/* Spread: the smallest distance between kept points is at least that of any other rule. */
static double least_gap(const float *out)
{
    double least = HUGE_VAL;
    for (size_t i = 0; i < KEPT; i++)
        for (size_t k = 0; k < i; k++) {
            double place[2][3];
            const size_t of[2] = {i, k};
            for (int p = 0; p < 2; p++) {
                const float *row = out + ROW * of[p];
                const double azimuth = (double)row[1] * 75 * degree, altitude = (double)row[2] * 15 * degree,
                             depth = (double)row[3] * 50;
                place[p][0] = depth * cos(altitude) * cos(azimuth);
                place[p][1] = depth * cos(altitude) * sin(azimuth);
                place[p][2] = depth * sin(altitude);
            }
            double sum = 0;
            for (int a = 0; a < 3; a++)
                sum += (place[0][a] - place[1][a]) * (place[0][a] - place[1][a]);
            least = fmin(least, sqrt(sum));
        }
    return least;
}

static void test_farthest_and_nearest(void)
{
    float values[4 * COUNT], out[KEPT * ROW];
    bcue_npy points = make_points(5, values);
    bcue_radar_recipe recipe = recipe_of(BCUE_POINTS_FARTHEST);
    sample(&recipe, &points, out);
    const double spread = least_gap(out);
    CHECK_AT(spread > 2, "kept points as near as %g m", spread);
    recipe.hps = BCUE_POINTS_HIGHEST;
    sample(&recipe, &points, out);
    CHECK(least_gap(out) < 0.5 * spread);
    /* As many rows as sectors: the nearest point of every sector that has one must be there. */
    recipe.hps = BCUE_POINTS_AZIMUTH_NEAREST;
    sample(&recipe, &points, out);
    for (int sector = 0; sector < 64; sector++) {
        double nearest = HUGE_VAL, kept = HUGE_VAL;
        for (size_t i = 0; i < COUNT; i++) {
            const double at = ((double)values[4 * i + 1] / degree + 75) / 150 * 64;
            if ((int)floor(at) == sector)
                nearest = fmin(nearest, (double)values[4 * i + 3]);
        }
        for (size_t i = 0; i < KEPT; i++) {
            const double at = ((double)out[ROW * i + 1] * 75 + 75) / 150 * 64;
            if ((int)floor(at + 1e-5) == sector || (int)floor(at - 1e-5) == sector)
                kept = fmin(kept, (double)out[ROW * i + 3] * 50);
        }
        CHECK_AT(kept <= nearest + 1e-4, "sector %d: nearest %g m, kept %g m", sector, nearest, kept);
    }
}

static void test_few_and_damaged(void)
{
    float values[4 * 5] = {1, 0.1F, 0, 9, NAN, 0, 0, 5, 0, INFINITY, 0, 5, 2, -0.0F, 0, 7, 0, 0, 0, -3};
    float out[KEPT * ROW], zero[KEPT * ROW] = {0};
    bcue_npy points = {.type = BCUE_NPY_F32, .rank = 2, .shape = {5, 4}, .count = 20, .data = values};
    bcue_radar_recipe recipe = recipe_of(BCUE_POINTS_HIGHEST);
    bcue_error error;
    sample(&recipe, &points, out);
    CHECK_NEAR(out[0], 2.0 / 40, 1e-7); /* azimuth 0 comes before 0.1 */
    CHECK_NEAR(out[ROW], 1.0 / 40, 1e-7);
    CHECK(out[4] == 1 && out[ROW + 4] == 1 && !signbit(out[1]));
    CHECK(memcmp(out + 2 * ROW, zero, (KEPT - 2) * ROW * sizeof *out) == 0);
    points.shape[0] = points.count = 0;
    sample(&recipe, &points, out);
    CHECK(memcmp(out, zero, sizeof out) == 0);
    points = (bcue_npy){.type = BCUE_NPY_F32, .rank = 2, .shape = {4, 5}, .count = 20, .data = values};
    CHECK_STATUS(bcue_point_sample(&recipe, &points, "p.npy", out, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "p.npy: not a list of radar points");
}

/* ---- vehicles ---- */

static const double rsu[2] = {33.42, -111.93};

static size_t put_line(char *text, size_t size, double east, double north)
{
    const double enu_m[3] = {east, north, 0};
    double latitude, longitude, altitude;
    bcue_enu_to_geodetic(enu_m, rsu[0], rsu[1], 0, &latitude, &longitude, &altitude);
    return (size_t)snprintf(text, size, "3,car,%.12f,%.12f\n", latitude, longitude);
}

static void decode(const char *text, int64_t most, float *out)
{
    bcue_error error;
    const bcue_vehicle_recipe recipe = {.enabled = true, .most = most, .scale_m = 50};
    CHECK_OK(bcue_vehicle_set_decode(text, strlen(text), "vehicles.csv", &recipe, rsu, out, &error), error);
}

static void test_vehicle_set(void)
{
    static const char header[] = "vehicle,class,latitude_deg,longitude_deg\n";
    static const double place[4][2] = {{30.5, 5}, {-20, 8}, {30, -5}, {60, 0}};
    static const int orders[3][4] = {{0, 1, 2, 3}, {3, 1, 0, 2}, {2, 3, 1, 0}};
    for (int o = 0; o < 3; o++) {
        char text[1000];
        size_t used = (size_t)snprintf(text, sizeof text, "%s", header);
        for (int v = 0; v < 4; v++) {
            const double *at = place[orders[o][v]];
            used += put_line(text + used, sizeof text - used, at[0], at[1]);
            if (v == 1)
                used += (size_t)snprintf(text + used, sizeof text - used, "9,bus,nan,nan\n");
        }
        float out[6 * 3];
        decode(text, 6, out);
        static const double sorted[4][2] = {{-20, 8}, {30, -5}, {30.5, 5}, {60, 0}};
        for (int v = 0; v < 4; v++) {
            CHECK_NEAR((double)out[3 * v] * 50, sorted[v][0], 1e-3);
            CHECK_NEAR((double)out[3 * v + 1] * 50, sorted[v][1], 1e-3);
            CHECK(out[3 * v + 2] == 1);
        }
        for (int v = 12; v < 18; v++)
            CHECK(out[v] == 0);
        decode(text, 3, out); /* the farthest is left out */
        CHECK_NEAR((double)out[6] * 50, 30.5, 1e-3);
    }
    float out[6];
    decode(header, 2, out);
    CHECK(out[0] == 0 && out[2] == 0 && out[5] == 0);
}

static void test_vehicle_errors(void)
{
    const bcue_vehicle_recipe recipe = {.enabled = true, .most = 2, .scale_m = 50};
    const double nowhere[2] = {NAN, NAN};
    bcue_error error;
    float out[6];
    const char *text = "vehicle,latitude_deg,longitude_deg\n1,33.42,-111.93\n";
    CHECK_STATUS(bcue_vehicle_set_decode(text, strlen(text), "v.csv", &recipe, nowhere, out, &error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "v.csv: vehicles are placed relative to the RSU");
    text = "vehicle,x\n1,2\n";
    CHECK_STATUS(bcue_vehicle_set_decode(text, strlen(text), "v.csv", &recipe, rsu, out, &error),
                 BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "no columns latitude_deg");
    text = "latitude_deg,longitude_deg\n1,2\n91,2\n";
    CHECK_STATUS(bcue_vehicle_set_decode(text, strlen(text), "v.csv", &recipe, rsu, out, &error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "v.csv:3: latitude 91");
    text = "latitude_deg,longitude_deg\n1,east\n";
    CHECK_STATUS(bcue_vehicle_set_decode(text, strlen(text), "v.csv", &recipe, rsu, out, &error),
                 BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "v.csv:2: the fix is no number");
}

/* So many points of velocity `mark`, which no false one has exactly. */
enum { MARKED = 100, FRAMES = 2000 };

static size_t spoil(const bcue_point_faults *faults, uint32_t frame, size_t *false_points)
{
    static const float mark = 33;
    float values[4 * MARKED], *spoiled;
    bcue_error error = {""};
    size_t count, kept = 0;
    for (size_t i = 0; i < MARKED; i++) {
        values[4 * i] = mark;
        values[4 * i + 1] = values[4 * i + 2] = 0;
        values[4 * i + 3] = (float)i;
    }
    const bcue_npy points = {
        .type = BCUE_NPY_F32, .rank = 2, .shape = {MARKED, 4}, .count = 4 * MARKED, .data = values};
    const bcue_radar_recipe recipe = recipe_of(BCUE_POINTS_HIGHEST);
    CHECK_OK(bcue_point_faults_apply(faults, &recipe, bcue_rng_make(5, BCUE_RNG_POINT_FAULTS, 0, frame, 0),
                                     &points, "p", &spoiled, &count, &error),
             error);
    for (size_t i = 0; i < count; i++) {
        const float *p = spoiled + 4 * i;
        const bool real = p[0] == mark;
        kept += real;
        if (!real)
            CHECK(fabs((double)p[0]) <= BCUE_POINT_FAULTS_MPS && fabs((double)p[1]) <= 75 * degree &&
                  fabs((double)p[2]) <= 15 * degree && p[3] >= 0 && p[3] <= 50);
        if (real && i > 0)
            CHECK(p[3] > spoiled[4 * (i - 1) + 3]); /* in the order of arrival, before the false ones */
    }
    *false_points = count - kept;
    free(spoiled);
    return kept;
}

/* Counts against what the rates say: within five deviations of so many frames. */
static void test_faults(void)
{
    const bcue_point_faults none = {0}, lossy = {.lost = 0.3}, noisy = {.false_points = 60}, all = {1, 2.5};
    double kept = 0, sum = 0, squares = 0, few = 0;
    size_t made, again;
    CHECK_INT(spoil(&none, 1, &made), MARKED);
    CHECK_INT(made, 0);
    for (uint32_t f = 0; f < FRAMES; f++) {
        kept += (double)spoil(&lossy, f, &made);
        CHECK_INT(made, 0);
        CHECK_INT(spoil(&noisy, f, &made), MARKED);
        sum += (double)made;
        squares += (double)made * (double)made;
        CHECK_INT(spoil(&all, f, &made), 0);
        few += (double)made;
    }
    CHECK_NEAR(kept / FRAMES, 0.7 * MARKED, 5 * sqrt(0.21 * MARKED / FRAMES));
    CHECK_NEAR(sum / FRAMES, 60, 5 * sqrt(60.0 / FRAMES));
    CHECK_NEAR(squares / FRAMES - (sum / FRAMES) * (sum / FRAMES), 60, 10); /* a Poisson distribution's */
    CHECK_NEAR(few / FRAMES, 2.5, 5 * sqrt(2.5 / FRAMES));
    CHECK_INT(spoil(&lossy, 9, &made), spoil(&lossy, 9, &again));
    const bcue_radar_recipe recipe = recipe_of(BCUE_POINTS_HIGHEST);
    float values[6] = {0}, *spoiled;
    const bcue_npy other = {.type = BCUE_NPY_F32, .rank = 2, .shape = {2, 3}, .count = 6, .data = values};
    bcue_error error;
    CHECK_STATUS(bcue_point_faults_apply(&lossy, &recipe, bcue_rng_make(5, BCUE_RNG_TEST, 0, 0, 0), &other,
                                         "p.npy", &spoiled, &again, &error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "p.npy: not a list of radar points");
}

int main(void)
{
    RUN(test_order_does_not_matter);
    RUN(test_highest_and_moving);
    RUN(test_height_counts_the_tilt);
    RUN(test_farthest_and_nearest);
    RUN(test_few_and_damaged);
    RUN(test_faults);
    RUN(test_vehicle_set);
    RUN(test_vehicle_errors);
    return check_summary();
}
