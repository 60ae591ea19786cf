#include "features/point_sampling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

static const double degree = 3.14159265358979323846 / 180.0;

enum { SECTORS = 64 /* of azimuth-nearest */, MOST_POINTS = 1 << 24 };

typedef struct detection {
    double velocity, azimuth, altitude, depth;
    double rank;  /* higher is taken first */
    size_t place; /* in canonical order, where a rule asks for it */
    bool taken;
} detection;

static int by_number(double a, double b)
{
    return (a > b) - (a < b);
}

static int canonical(const void *left, const void *right)
{
    const detection *a = left, *b = right;
    int order = by_number(a->azimuth, b->azimuth);
    order = order != 0 ? order : by_number(a->depth, b->depth);
    order = order != 0 ? order : by_number(a->velocity, b->velocity);
    return order != 0 ? order : by_number(a->altitude, b->altitude);
}

static int by_rank(const void *left, const void *right)
{
    const detection *a = left, *b = right;
    int order = by_number(b->rank, a->rank);
    return order != 0 ? order : canonical(a, b);
}

/* The n-th greatest, n from 0 (Hoare's FIND, as Wirth writes it); changes the order of `keys`. */
static double nth_greatest(double *keys, ptrdiff_t count, ptrdiff_t n)
{
    ptrdiff_t low = 0, high = count - 1;
    while (low < high) {
        const double pivot = keys[n];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (keys[i] > pivot)
                i++;
            while (pivot > keys[j])
                j--;
            if (i <= j) {
                const double kept = keys[i];
                keys[i++] = keys[j];
                keys[j--] = kept;
            }
        }
        low = j < n ? i : low;
        high = n < i ? j : high;
    }
    return keys[n];
}

/* The first `wanted` < count by rank, of equals those in canonical order, to the front. Of 2,000 points 512
   stay: sorting only these is a quarter of the work. */
static bcue_status select_first(detection *all, size_t count, size_t wanted, bcue_error *error)
{
    double *keys = bcue_calloc(count, sizeof *keys);
    if (keys == NULL)
        return bcue_fail_memory(error, "the radar points");
    for (size_t i = 0; i < count; i++)
        keys[i] = all[i].rank;
    const double least = nth_greatest(keys, (ptrdiff_t)count, (ptrdiff_t)wanted - 1);
    free(keys);
    size_t above = 0, equal = 0;
    for (int pass = 0; pass < 2; pass++) /* those above, then behind them those that are equal */
        for (size_t i = above + equal; i < count; i++) {
            const bool take = pass == 0 ? all[i].rank > least : all[i].rank >= least;
            if (!take)
                continue;
            const detection kept = all[above + equal];
            all[above + equal] = all[i];
            all[i] = kept;
            *(pass == 0 ? &above : &equal) += 1;
        }
    qsort(all + above, equal, sizeof *all, canonical);
    return BCUE_OK;
}

/* Metres ahead, to the right, up; the radar looks up by `pitch`. */
static void position_of(const detection *d, double pitch, double xyz[3])
{
    const double ahead = cos(d->altitude) * cos(d->azimuth), right = cos(d->altitude) * sin(d->azimuth),
                 up = sin(d->altitude);
    xyz[0] = d->depth * (ahead * cos(pitch) - up * sin(pitch));
    xyz[1] = d->depth * right;
    xyz[2] = d->depth * (ahead * sin(pitch) + up * cos(pitch));
}

static double square_distance(const double a[3], const double b[3])
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

/* Farthest-point sampling (Eldar et al. 1997): the point farthest from the middle of all, then always the one
   that is farthest from those already taken; of equals the first in canonical order. */
static bcue_status rank_farthest(detection *all, size_t count, size_t wanted, bcue_error *error)
{
    double(*place)[3] = bcue_calloc(count, sizeof *place), *nearest = bcue_calloc(count, sizeof *nearest);
    if (place == NULL || nearest == NULL) {
        free(place);
        free(nearest);
        return bcue_fail_memory(error, "the radar points");
    }
    double middle[3] = {0};
    for (size_t i = 0; i < count; i++) {
        position_of(&all[i], 0, place[i]);
        for (int k = 0; k < 3; k++)
            middle[k] += place[i][k] / (double)count;
    }
    for (size_t i = 0; i < count; i++)
        nearest[i] = square_distance(place[i], middle);
    for (size_t taken = 0; taken < wanted; taken++) {
        size_t best = count;
        for (size_t i = 0; i < count; i++)
            if (!all[i].taken && (best == count || nearest[i] > nearest[best]))
                best = i;
        all[best].taken = true;
        all[best].rank = (double)(wanted - taken);
        for (size_t i = 0; i < count; i++) {
            const double distance = square_distance(place[i], place[best]);
            if (taken == 0 || distance < nearest[i])
                nearest[i] = distance;
        }
    }
    free(place);
    free(nearest);
    return BCUE_OK;
}

/* The nearest point of each of SECTORS equal parts of the azimuth, then the second nearest of each, ... */
static bcue_status rank_nearest(const bcue_radar_recipe *recipe, detection *all, size_t count,
                                bcue_error *error)
{
    detection *order = bcue_calloc(count, sizeof *order);
    double seen[SECTORS] = {0};
    const double edge = recipe->points_azimuth_deg * degree;
    if (order == NULL)
        return bcue_fail_memory(error, "the radar points");
    memcpy(order, all, count * sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i].rank = -order[i].depth;
    qsort(order, count, sizeof *order, by_rank);
    for (size_t i = 0; i < count; i++) {
        const double at = floor((order[i].azimuth + edge) / (2 * edge) * SECTORS);
        const int sector = at < 0 ? 0 : at >= SECTORS ? SECTORS - 1 : (int)at;
        all[order[i].place].rank = -seen[sector]++ - order[i].depth / (1 + order[i].depth);
    }
    free(order);
    return BCUE_OK;
}

static bcue_status give_ranks(const bcue_radar_recipe *recipe, detection *all, size_t count, size_t wanted,
                              bcue_error *error)
{
    const double tilt = sin(recipe->points_pitch_deg * degree),
                 level = cos(recipe->points_pitch_deg * degree);
    switch ((bcue_point_rule)recipe->hps) {
    case BCUE_POINTS_FARTHEST:
        return rank_farthest(all, count, wanted, error);
    case BCUE_POINTS_AZIMUTH_NEAREST:
        return rank_nearest(recipe, all, count, error);
    case BCUE_POINTS_MOVING:
        for (size_t i = 0; i < count; i++)
            all[i].rank = fabs(all[i].velocity);
        return BCUE_OK;
    case BCUE_POINTS_HIGHEST:
        break;
    }
    for (size_t i = 0; i < count; i++) {
        const bool straight = !(tilt < 0) && !(tilt > 0);
        const double ahead = straight ? 0 : cos(all[i].altitude) * cos(all[i].azimuth);
        all[i].rank = all[i].depth * (ahead * tilt + sin(all[i].altitude) * level);
    }
    return BCUE_OK;
}

/* Finite detections. Adding zero makes -0 and 0 one number. */
static size_t gather(const bcue_npy *points, detection *all)
{
    const float *singles = points->type == BCUE_NPY_F32 ? points->data : NULL; /* the usual case */
    size_t count = 0;
    for (size_t i = 0; i < points->shape[0]; i++) {
        double field[4];
        bool good = true;
        for (size_t k = 0; k < 4; k++) {
            field[k] = (singles != NULL ? (double)singles[4 * i + k] : bcue_npy_get(points, 4 * i + k)) + 0.0;
            good = good && isfinite(field[k]);
        }
        if (good && field[3] >= 0)
            all[count++] = (detection){
                .velocity = field[0], .azimuth = field[1], .altitude = field[2], .depth = field[3]};
    }
    return count;
}

static void put_in_order(detection *all, size_t count)
{
    qsort(all, count, sizeof *all, canonical);
    for (size_t i = 0; i < count; i++)
        all[i].place = i;
}

static void write_row(const bcue_radar_recipe *recipe, const detection *d, float *row)
{
    double field[BCUE_POINT_FIELDS - 1] = {
        d->velocity / recipe->points_velocity_mps, d->azimuth / (recipe->points_azimuth_deg * degree),
        d->altitude / (recipe->points_altitude_deg * degree), d->depth / recipe->points_range_m};
    if (recipe->points_frame == BCUE_POINTS_GROUND) {
        double xyz[3];
        position_of(d, recipe->points_pitch_deg * degree, xyz);
        for (int k = 0; k < 3; k++)
            field[1 + k] = xyz[k] / recipe->points_height_m + (k == 2 ? 1 : 0);
    }
    for (int k = 0; k < BCUE_POINT_FIELDS - 1; k++)
        row[k] = (float)field[k];
    row[BCUE_POINT_FIELDS - 1] = 1;
}

static bcue_status check_points(const bcue_npy *points, const char *name, bcue_error *error)
{
    const bool real = points->type != BCUE_NPY_C64 && points->type != BCUE_NPY_C128;
    if (!real || points->rank != 2 || points->shape[1] != 4)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: not a list of radar points: real numbers (N, 4) are expected: velocity, "
                         "azimuth, altitude, depth%s",
                         name, points->rank == 3 ? "; cubes need recipe: tii or calibrated" : "");
    if (points->shape[0] > MOST_POINTS)
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: %zu radar points in one frame; at most %d are taken",
                         name, points->shape[0], (int)MOST_POINTS);
    return BCUE_OK;
}

bcue_status bcue_point_sample(const bcue_radar_recipe *recipe, const bcue_npy *points, const char *name,
                              float *out, bcue_error *error)
{
    const size_t rows = (size_t)recipe->points;
    memset(out, 0, rows * BCUE_POINT_FIELDS * sizeof *out);
    BCUE_TRY(check_points(points, name, error));
    if (points->shape[0] == 0)
        return BCUE_OK;
    detection *all = bcue_calloc(points->shape[0], sizeof *all);
    if (all == NULL)
        return bcue_fail_memory(error, "the radar points");
    size_t count = gather(points, all);
    bcue_status status = BCUE_OK;
    if (count > rows) {
        if (recipe->hps == BCUE_POINTS_FARTHEST || recipe->hps == BCUE_POINTS_AZIMUTH_NEAREST)
            put_in_order(all, count); /* these rules ask who comes first */
        status = give_ranks(recipe, all, count, rows, error);
        if (status == BCUE_OK)
            status = select_first(all, count, rows, error);
        count = rows;
    }
    put_in_order(all, count);
    for (size_t i = 0; status == BCUE_OK && i < count; i++)
        write_row(recipe, &all[i], out + i * BCUE_POINT_FIELDS);
    free(all);
    return status;
}
