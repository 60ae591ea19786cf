#include "features/lidar_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

/* The streets of scenarios 31 to 34 as the challenge entry of TII cut them: x, y. */
static const bcue_lidar_bounds scenario_bounds[] = {
    {{-70, -25}, {0, 14}}, {{-60, -40}, {0, 5.5}}, {{-50, -12}, {0, 7}}, {{-50, -20}, {0, 10}}};
enum { FIRST_SCENARIO = 31, LAST_SCENARIO = 34 };

bcue_lidar_bounds bcue_lidar_bounds_for(const bcue_lidar_recipe *recipe, int scenario)
{
    if (recipe->field_of_view == BCUE_LIDAR_VIEW_SCENARIO && scenario >= FIRST_SCENARIO &&
        scenario <= LAST_SCENARIO)
        return scenario_bounds[scenario - FIRST_SCENARIO];
    return (bcue_lidar_bounds){{recipe->x_low_m, recipe->y_low_m}, {recipe->x_high_m, recipe->y_high_m}};
}

/* One axis of numpy.histogramdd: edges low + i * step as linspace makes them, bins closed below and open
   above, the last one closed on both sides. */
typedef struct bin_axis {
    double low, high, step, per_step;
    int64_t bins;
} bin_axis;

static bin_axis make_axis(double low, double high, int64_t bins)
{
    double step = (high - low) / (double)bins;
    return (bin_axis){low, high, step, 1.0 / step, bins};
}

static inline double edge(const bin_axis *axis, int64_t i)
{
    return i == axis->bins ? axis->high : (double)i * axis->step + axis->low;
}

/* -1: outside, or NaN. */
static inline int64_t find_bin(const bin_axis *axis, double value)
{
    if (!(value >= axis->low && value <= axis->high))
        return -1;
    int64_t bin = (int64_t)((value - axis->low) * axis->per_step);
    bin = bin >= axis->bins ? axis->bins - 1 : bin;
    /* The quotient may land beside an edge by a rounding error; the edges themselves decide. */
    while (bin > 0 && value < edge(axis, bin))
        bin--;
    while (bin + 1 < axis->bins && value >= edge(axis, bin + 1))
        bin++;
    return bin;
}

/* Moves the point; false: it is dropped. Always the same number of draws, so that one change does not shift
 * the other's. */
static bool change_point(bcue_lidar_change *change, double point_m[3])
{
    bool kept = bcue_rng_uniform(&change->random) >= (double)change->drop;
    if (change->jitter_m > 0)
        for (int axis = 0; axis < 3; axis++)
            point_m[axis] += (double)change->jitter_m * bcue_rng_normal(&change->random);
    return kept;
}

/* Height above flat ground, plus an offset: a . point + b. */
typedef struct ground_plane {
    bool used;
    double ahead, up, offset;
} ground_plane;

static ground_plane make_ground(const bcue_lidar_recipe *recipe)
{
    const double pitch = recipe->pitch_deg * 3.14159265358979323846 / 180.0;
    return (ground_plane){recipe->ground_m > 0, sin(pitch), cos(pitch), recipe->height_m - recipe->ground_m};
}

static bool on_ground(const ground_plane *ground, const double point_m[3])
{
    return ground->used && !(ground->ahead * point_m[0] + ground->up * point_m[2] + ground->offset >= 0);
}

void bcue_lidar_features(const bcue_ply *cloud, const bcue_lidar_recipe *recipe,
                         const bcue_lidar_background *background, int scenario,
                         const bcue_lidar_change *change, float *out)
{
    size_t cells = (size_t)recipe->height * (size_t)recipe->width;
    bcue_lidar_bounds bounds = bcue_lidar_bounds_for(recipe, scenario);
    bin_axis x_axis = make_axis(bounds.low_m[0], bounds.high_m[0], recipe->height),
             y_axis = make_axis(bounds.low_m[1], bounds.high_m[1], recipe->width);
    bcue_lidar_change changing = change != NULL ? *change : (bcue_lidar_change){0};
    const ground_plane ground = make_ground(recipe);
    bool changed = changing.jitter_m > 0 || changing.drop > 0;
    memset(out, 0, cells * sizeof *out);
    for (size_t i = 0; i < cloud->count; i++) {
        const double *at = &cloud->points[3 * i];
        double point_m[3] = {at[0], at[1], at[2]};
        if (changed && !change_point(&changing, point_m))
            continue;
        int64_t row = find_bin(&x_axis, point_m[0]);
        int64_t column = row < 0 ? -1 : find_bin(&y_axis, point_m[1]);
        if (column < 0 || on_ground(&ground, point_m) ||
            (background != NULL && !bcue_lidar_is_foreground(background, point_m)))
            continue;
        out[row * recipe->width + column] += 1; /* exact below 2^24 */
    }
    float most = (float)recipe->clip;
    for (size_t i = 0; i < cells; i++)
        out[i] = (out[i] < most ? out[i] : most) / most;
}

bcue_status bcue_lidar_features_decode(const void *data, size_t size, const char *name,
                                       const bcue_lidar_recipe *recipe,
                                       const bcue_lidar_background *background, int scenario,
                                       const bcue_lidar_change *change, float *out, bcue_error *error)
{
    bcue_ply cloud;
    BCUE_TRY(bcue_ply_decode(data, size, name, &cloud, error));
    bcue_lidar_features(&cloud, recipe, background, scenario, change, out);
    bcue_ply_free(&cloud);
    return BCUE_OK;
}

void bcue_lidar_mirror(const bcue_lidar_recipe *recipe, float *map)
{
    size_t width = (size_t)recipe->width;
    for (int64_t row = 0; row < recipe->height; row++, map += width)
        for (size_t i = 0; i < width / 2; i++) {
            float kept = map[i];
            map[i] = map[width - 1 - i];
            map[width - 1 - i] = kept;
        }
}
