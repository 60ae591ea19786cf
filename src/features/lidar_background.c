#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "features/lidar_map.h"

/* Beyond this distance the rule below asks for more than the reach of any neighbour search that pays, and
   4.7 (r / 30)^4 m exceeds the street; static points are still honoured, by looking at all of them. */
static const double cell_m = 1.0, cube_m = 0.25;
enum { MOST_RINGS = 8, LARGEST_PLACE = 1 << 20 };

/* A point and the cell of the plane it lies in. */
typedef struct placed_point {
    int32_t x, y;
    double point_m[3];
} placed_point;

struct bcue_lidar_background {
    placed_point *points; /* by cell: x, then y */
    size_t count;
};

static int compare_cells(int32_t ax, int32_t ay, int32_t bx, int32_t by)
{
    return ax != bx ? (ax < bx ? -1 : 1) : ay != by ? (ay < by ? -1 : 1) : 0;
}

static int compare_points(const void *left, const void *right)
{
    const placed_point *a = left, *b = right;
    return compare_cells(a->x, a->y, b->x, b->y);
}

static bool place(double metres, double size_m, int32_t *cell)
{
    double at = floor(metres / size_m);
    if (!(fabs(at) < LARGEST_PLACE))
        return false;
    *cell = (int32_t)at;
    return true;
}

bcue_status bcue_lidar_background_create(const bcue_ply *cloud, bcue_lidar_background **background,
                                         bcue_error *error)
{
    *background = NULL;
    bcue_lidar_background *made = bcue_calloc(1, sizeof *made);
    if (made != NULL)
        made->points = bcue_calloc(cloud->count, sizeof *made->points);
    if (made == NULL || made->points == NULL) {
        free(made);
        return bcue_fail_memory(error, "the static background");
    }
    for (size_t i = 0; i < cloud->count; i++) {
        const double *at = &cloud->points[3 * i];
        placed_point *point = &made->points[made->count];
        if (!isfinite(at[2]) || !place(at[0], cell_m, &point->x) || !place(at[1], cell_m, &point->y))
            continue;
        memcpy(point->point_m, at, sizeof point->point_m);
        made->count++;
    }
    qsort(made->points, made->count, sizeof *made->points, compare_points);
    *background = made;
    return BCUE_OK;
}

bcue_status bcue_lidar_background_read(const bcue_lidar_recipe *recipe, bcue_lidar_background **background,
                                       bcue_error *error)
{
    bcue_ply cloud;
    *background = NULL;
    if (!recipe->enabled || recipe->background == NULL)
        return BCUE_OK;
    BCUE_TRY(bcue_ply_read(recipe->background, &cloud, error));
    bcue_status status = bcue_lidar_background_create(&cloud, background, error);
    bcue_ply_free(&cloud);
    return status;
}

void bcue_lidar_background_destroy(bcue_lidar_background *background)
{
    if (background == NULL)
        return;
    free(background->points);
    free(background);
}

/* The first point whose cell is not before (x, y). */
static size_t lower_bound(const bcue_lidar_background *background, int32_t x, int32_t y)
{
    size_t low = 0, high = background->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const placed_point *point = &background->points[middle];
        if (compare_cells(point->x, point->y, x, y) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_near(const placed_point *point, const double at[3], double limit_m)
{
    double dx = point->point_m[0] - at[0], dy = point->point_m[1] - at[1], dz = point->point_m[2] - at[2];
    return dx * dx + dy * dy + dz * dz < limit_m * limit_m;
}

bool bcue_lidar_is_foreground(const bcue_lidar_background *background, const double point_m[3])
{
    double r2 = point_m[0] * point_m[0] + point_m[1] * point_m[1] + point_m[2] * point_m[2];
    double limit_m = 0.3 + 4.7 * (r2 / 900.0) * (r2 / 900.0);
    int32_t x, y;
    if (!isfinite(r2) || !place(point_m[0], cell_m, &x) || !place(point_m[1], cell_m, &y))
        return false;
    if (limit_m > MOST_RINGS * cell_m) {
        for (size_t i = 0; i < background->count; i++)
            if (is_near(&background->points[i], point_m, limit_m))
                return false;
        return true;
    }
    int32_t rings = (int32_t)ceil(limit_m / cell_m);
    for (int32_t column = x - rings; column <= x + rings; column++)
        for (size_t i = lower_bound(background, column, y - rings); i < background->count; i++) {
            const placed_point *point = &background->points[i];
            if (point->x != column || point->y > y + rings)
                break;
            if (is_near(point, point_m, limit_m))
                return false;
        }
    return true;
}

/* A point of a reference cloud and the small cube it lies in. */
typedef struct cube_point {
    int32_t cube[3];
    uint32_t cloud;
    double point_m[3];
} cube_point;

static int compare_cubes(const cube_point *a, const cube_point *b)
{
    for (int axis = 0; axis < 3; axis++)
        if (a->cube[axis] != b->cube[axis])
            return a->cube[axis] < b->cube[axis] ? -1 : 1;
    return 0;
}

/* By everything, so that sums run in one order whatever order the points came in. */
static int compare_all(const void *left, const void *right)
{
    const cube_point *a = left, *b = right;
    int order = compare_cubes(a, b);
    if (order != 0)
        return order;
    if (a->cloud != b->cloud)
        return a->cloud < b->cloud ? -1 : 1;
    for (int axis = 0; axis < 3; axis++)
        if (a->point_m[axis] < b->point_m[axis] || a->point_m[axis] > b->point_m[axis])
            return a->point_m[axis] < b->point_m[axis] ? -1 : 1;
    return 0;
}

static size_t gather(const bcue_ply *clouds, size_t count, cube_point *points)
{
    size_t found = 0;
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < clouds[c].count; i++) {
            const double *at = &clouds[c].points[3 * i];
            cube_point *point = &points[found];
            bool good = true;
            for (int axis = 0; axis < 3; axis++)
                good = good && place(at[axis], cube_m, &point->cube[axis]);
            if (!good)
                continue;
            point->cloud = (uint32_t)c;
            memcpy(point->point_m, at, sizeof point->point_m);
            found++;
        }
    return found;
}

bcue_status bcue_lidar_background_build(const bcue_ply *clouds, size_t count, double share, bcue_ply *points,
                                        bcue_error *error)
{
    size_t most = 0;
    *points = (bcue_ply){0};
    for (size_t c = 0; c < count; c++)
        most += clouds[c].count;
    cube_point *sorted = bcue_calloc(most, sizeof *sorted);
    double *kept = bcue_calloc(most, 3 * sizeof *kept);
    if (sorted == NULL || kept == NULL) {
        free(sorted);
        free(kept);
        return bcue_fail_memory(error, "the static background");
    }
    size_t found = gather(clouds, count, sorted), cubes = 0;
    qsort(sorted, found, sizeof *sorted, compare_all);
    for (size_t start = 0, end; start < found; start = end) {
        size_t seen = 0;
        double sum[3] = {0};
        for (end = start; end < found && compare_cubes(&sorted[end], &sorted[start]) == 0; end++) {
            seen += end == start || sorted[end].cloud != sorted[end - 1].cloud;
            for (int axis = 0; axis < 3; axis++)
                sum[axis] += sorted[end].point_m[axis];
        }
        if ((double)seen < share * (double)count)
            continue;
        for (int axis = 0; axis < 3; axis++)
            kept[3 * cubes + (size_t)axis] = sum[axis] / (double)(end - start);
        cubes++;
    }
    free(sorted);
    points->points = kept;
    points->count = cubes;
    return BCUE_OK;
}
