/* The kernels of lamps, every width that this CPU has, against plain C: the same bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "base/memory.h"
#include "base/rng.h"
#include "check.h"
#include "sensors/lamp_lanes.h"

enum { LAMPS = 77, ROUNDS = 400 };

static const bcue_lamp_lanes *widths[3];
static int width_count;

static float between(bcue_rng *rng, double low, double high)
{
    return (float)bcue_rng_range(rng, low, high);
}

static bcue_float3 drawn_direction(bcue_rng *rng)
{
    bcue_float3 d = {between(rng, -1, 1), between(rng, -1, 1), between(rng, -1, 1)};
    float size = sqrtf(d.x * d.x + d.y * d.y + d.z * d.z) + 1e-6f;
    return (bcue_float3){d.x / size, d.y / size, d.z / size};
}

/* A list as bcue_lamp_list_fill makes it, of random lamps: narrow, wide, all around; some weak. */
typedef struct rig {
    bcue_lamp_light lights[LAMPS];
    float columns[BCUE_LAMP_COLUMNS][LAMPS + BCUE_LAMP_PADDING];
    bcue_lamp_list list;
    bcue_lamp_points points;
} rig;

static void draw_lamp(bcue_rng *rng, bcue_lamp_light *light)
{
    static const double angles[] = {0.42, 1.0, 1.2, 1.7, 3.2};
    double angle = fmin(angles[bcue_rng_below(rng, 5)], 3.14159265);
    *light =
        (bcue_lamp_light){.position = {between(rng, -60, 60), between(rng, -60, 60), between(rng, 0.3, 8)},
                          .direction = drawn_direction(rng),
                          .cos_edge = (float)cos(angle),
                          .sin_edge = (float)sin(angle),
                          .intensity = between(rng, 0.1, 100),
                          .colour = {1, 1, 1}};
    light->reach = sqrtf(light->intensity / 0.004f);
}

static void draw(bcue_rng *rng, rig *r)
{
    memset(r, 0, sizeof *r);
    r->list = (bcue_lamp_list){.lights = r->lights, .count = 1 + bcue_rng_below(rng, LAMPS), .least = 0.004};
    for (int c = 0; c < BCUE_LAMP_COLUMNS; c++)
        r->list.column[c] = r->columns[c];
    for (size_t i = 0; i < r->list.count; i++) {
        bcue_lamp_light *l = &r->lights[i];
        draw_lamp(rng, l);
        const float row[BCUE_LAMP_COLUMNS] = {l->position.x,       l->position.y,  l->position.z,
                                              l->reach * l->reach, l->direction.x, l->direction.y,
                                              l->direction.z,      l->cos_edge,    l->sin_edge};
        for (int c = 0; c < BCUE_LAMP_COLUMNS; c++)
            r->columns[c][i] = row[c];
    }
    bcue_lamp_points *p = &r->points;
    p->low = (bcue_float3){HUGE_VALF, HUGE_VALF, HUGE_VALF};
    p->high = (bcue_float3){-HUGE_VALF, -HUGE_VALF, -HUGE_VALF};
    bcue_float3 about = {between(rng, -40, 40), between(rng, -40, 40), 0.0f};
    for (int i = 0; i < BCUE_RAY_LANES; i++) {
        if (bcue_rng_below(rng, 8) == 0)
            continue; /* hit nothing */
        bcue_float3 n = drawn_direction(rng);
        p->x[i] = about.x + between(rng, -3, 3);
        p->y[i] = about.y + between(rng, -3, 3);
        p->z[i] = between(rng, 0, 2);
        p->nx[i] = n.x;
        p->ny[i] = n.y;
        p->nz[i] = n.z;
        p->low = (bcue_float3){bcue_min(p->low.x, p->x[i]), bcue_min(p->low.y, p->y[i]),
                               bcue_min(p->low.z, p->z[i])};
        p->high = (bcue_float3){bcue_max(p->high.x, p->x[i]), bcue_max(p->high.y, p->y[i]),
                                bcue_max(p->high.z, p->z[i])};
    }
}

/* E = I cos(incidence) / d^2 times the share of the cone. */
static float plain_irradiance(const bcue_lamp_light *light, const bcue_lamp_points *p, int i, float least)
{
    const bcue_float3 at = light->position, axis = light->direction;
    float dx = at.x - p->x[i], dy = at.y - p->y[i], dz = at.z - p->z[i];
    float d2 = dx * dx + dy * dy + dz * dz + 1e-4f, facing = dx * p->nx[i] + dy * p->ny[i] + dz * p->nz[i];
    float along = -(dx * axis.x + dy * axis.y + dz * axis.z), scale = 1.0f / sqrtf(d2);
    if (d2 > light->reach * light->reach || !(facing > 0.0f))
        return 0.0f;
    if (light->cos_edge > 0.0f && !(along > 0.0f && along * along >= light->cos_edge * light->cos_edge * d2))
        return 0.0f;
    float value = light->intensity * facing * scale;
    if (light->cos_edge > -1.0f) {
        float inside = (along * scale - light->cos_edge) / (1.0f - light->cos_edge);
        float t = bcue_min(bcue_max(2.5f * inside, 0.0f), 1.0f);
        value *= t * t * (3.0f - 2.0f * t);
    }
    value /= d2;
    return value < least ? 0.0f : value;
}

static void irradiance_is_the_same(void)
{
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    rig *r = malloc(sizeof *r);
    size_t lit = 0;
    CHECK(r != NULL);
    for (int round = 0; r && round < ROUNDS; round++) {
        draw(&rng, r);
        const bcue_lamp_light *light = &r->lights[bcue_rng_below(&rng, (uint32_t)r->list.count)];
        for (int w = 0; w < width_count; w++) {
            float values[BCUE_RAY_LANES];
            uint32_t bits = widths[w]->irradiance(light, &r->points, 0.004f, values);
            for (int i = 0; i < BCUE_RAY_LANES; i++) {
                float want = plain_irradiance(light, &r->points, i, 0.004f);
                CHECK(memcmp(&want, &values[i], sizeof want) == 0);
                CHECK(((bits >> i) & 1u) == (want > 0.0f));
                lit += want > 0.0f;
            }
        }
    }
    CHECK(lit > (size_t)ROUNDS * 2);
    free(r);
}

/* A lamp that lights any of the points is found, in order; the same ones by every width; and some are not. */
static void near_ones_are_found(void)
{
    bcue_rng rng = bcue_rng_make(2, BCUE_RNG_TEST, 0, 0, 0);
    rig *r = malloc(sizeof *r);
    size_t all = 0, found_in_all = 0;
    CHECK(r != NULL);
    for (int round = 0; r && round < ROUNDS; round++) {
        draw(&rng, r);
        uint32_t first[LAMPS], numbers[LAMPS];
        int first_count = widths[0]->near(&r->list, &r->points, first, LAMPS);
        for (int w = 1; w < width_count; w++) {
            CHECK_INT(widths[w]->near(&r->list, &r->points, numbers, LAMPS), first_count);
            CHECK(memcmp(first, numbers, (size_t)first_count * sizeof *first) == 0);
        }
        int k = 0;
        for (size_t l = 0; l < r->list.count; l++) {
            bool listed = k < first_count && first[k] == l;
            k += listed;
            for (int i = 0; i < BCUE_RAY_LANES; i++)
                CHECK(listed || plain_irradiance(&r->lights[l], &r->points, i, 0.004f) == 0.0f);
        }
        CHECK_INT(k, first_count);
        CHECK_INT(widths[0]->near(&r->list, &r->points, numbers, 1), first_count > 0);
        all += r->list.count;
        found_in_all += (size_t)first_count;
    }
    CHECK(found_in_all > all / 20 && found_in_all < all / 2);
    free(r);
}

/* The weakest go, one by one, the first of equals. */
static void plain_keep(float (*values)[BCUE_RAY_LANES], int lamps, int point, int most)
{
    for (;;) {
        int lit = 0, weakest = -1;
        for (int c = 0; c < lamps; c++) {
            lit += values[c][point] > 0.0f;
            if (values[c][point] > 0.0f && (weakest < 0 || values[c][point] < values[weakest][point]))
                weakest = c;
        }
        if (lit <= most)
            return;
        values[weakest][point] = 0.0f;
    }
}

static void the_strongest_stay(void)
{
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, 0);
    for (int round = 0; round < ROUNDS; round++) {
        float drawn[LAMPS][BCUE_RAY_LANES], want[LAMPS][BCUE_RAY_LANES], got[LAMPS][BCUE_RAY_LANES];
        int lamps = 1 + (int)bcue_rng_below(&rng, LAMPS), lit[BCUE_RAY_LANES] = {0};
        for (int c = 0; c < lamps; c++)
            for (int i = 0; i < BCUE_RAY_LANES; i++) {
                /* Few different values, so that there are equals. */
                drawn[c][i] = bcue_rng_below(&rng, 3) ? 0.0f : 0.25f * (float)(1 + bcue_rng_below(&rng, 9));
                lit[i] += drawn[c][i] > 0.0f;
            }
        memcpy(want, drawn, sizeof want);
        for (int i = 0; i < BCUE_RAY_LANES; i++)
            plain_keep(want, lamps, i, 8);
        for (int w = 0; w < width_count; w++) {
            memcpy(got, drawn, sizeof got);
            widths[w]->keep_strongest(got, lamps, lit, 8);
            CHECK(memcmp(got, want, (size_t)lamps * sizeof *want) == 0);
        }
    }
}

int main(void)
{
    widths[width_count++] = &bcue_lamp_lanes_baseline;
#ifdef __x86_64__
    if (bcue_cpu_best() >= BCUE_CPU_AVX2)
        widths[width_count++] = &bcue_lamp_lanes_avx2;
    if (bcue_cpu_best() >= BCUE_CPU_AVX512)
        widths[width_count++] = &bcue_lamp_lanes_avx512;
#endif
    RUN(irradiance_is_the_same);
    RUN(near_ones_are_found);
    RUN(the_strongest_stay);
    return check_summary();
}
