#include "features/point_faults.h"

#include <math.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

enum { FIELDS = 4 };
static const double degree = 3.14159265358979323846 / 180;

static void draw_false(const bcue_radar_recipe *recipe, bcue_rng *random, float *point)
{
    const double edge[3] = {BCUE_POINT_FAULTS_MPS, recipe->points_azimuth_deg * degree,
                            recipe->points_altitude_deg * degree};
    for (int k = 0; k < 3; k++)
        point[k] = (float)bcue_rng_range(random, -edge[k], edge[k]);
    point[3] = (float)bcue_rng_range(random, 0, recipe->points_range_m);
}

bcue_status bcue_point_faults_apply(const bcue_point_faults *faults, const bcue_radar_recipe *recipe,
                                    bcue_rng random, const bcue_npy *points, const char *name,
                                    float **spoiled, size_t *count, bcue_error *error)
{
    *spoiled = NULL;
    *count = 0;
    if (points->type == BCUE_NPY_C64 || points->type == BCUE_NPY_C128 || points->rank != 2 ||
        points->shape[1] != FIELDS)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: not a list of radar points (N, 4), so no detection can be lost or be false",
                         name);
    const size_t more = bcue_rng_poisson(&random, faults->false_points);
    if (points->shape[0] + more == 0)
        return BCUE_OK;
    size_t total;
    float *made =
        bcue_mul_size(points->shape[0] + more, FIELDS, &total) ? bcue_calloc(total, sizeof *made) : NULL;
    if (made == NULL)
        return bcue_fail_memory(error, name);
    for (size_t i = 0; i < points->shape[0]; i++) {
        if (bcue_rng_uniform(&random) < faults->lost)
            continue;
        for (size_t k = 0; k < FIELDS; k++)
            made[FIELDS * *count + k] = (float)bcue_npy_get(points, FIELDS * i + k);
        ++*count;
    }
    for (size_t i = 0; i < more; i++)
        draw_false(recipe, &random, made + FIELDS * (*count)++);
    *spoiled = made;
    return BCUE_OK;
}
