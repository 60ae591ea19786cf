#include "sensors/radar_scatterers.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "sensors/surface_hit.h"

#define DEGREE (BCUE_PI / 180.0)
#define DIFFUSE 0.25
#define GLINT 6.0
#define GLINT_WIDTH (9.0 * DEGREE)
/* Phases change from one cell of this size to the next. */
#define CELL_M 0.5
enum { ROWS_PER_THREAD = 4 };

bcue_radar_view bcue_radar_view_default(void)
{
    return (bcue_radar_view){.carrier_hz = 77e9,
                             .range_m = 120.0,
                             .horizontal_field_of_view = 120.0 * DEGREE,
                             .vertical_field_of_view = 20.0 * DEGREE,
                             .columns = 240,
                             .rows = 40,
                             .most = 300};
}

bcue_status bcue_radar_view_check(const bcue_radar_view *v, bcue_error *error)
{
    if (!(v->carrier_hz >= 1e9 && v->carrier_hz <= 300e9 && v->range_m > 0.0 && v->range_m <= 1000.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a radar works at 1 to 300 GHz and up to 1000 m, not at %g GHz and %g m",
                         1e-9 * v->carrier_hz, v->range_m);
    if (!(v->horizontal_field_of_view > 0.0 && v->horizontal_field_of_view < BCUE_PI &&
          v->vertical_field_of_view > 0.0 && v->vertical_field_of_view < BCUE_PI))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a radar's fields of view are below 180 degrees, not %g x %g",
                         v->horizontal_field_of_view / DEGREE, v->vertical_field_of_view / DEGREE);
    if (v->columns < 1 || v->columns > 1024 || v->rows < 1 || v->rows > 1024 || v->most < 1 ||
        v->most > 65536)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a radar's grid has 1 to 1024 columns (%d) and rows (%d), and keeps 1 to 65536 "
                         "scattering centres (%d)",
                         v->columns, v->rows, v->most);
    return BCUE_OK;
}

typedef struct echo {
    bcue_radar_scatterer scatterer;
    double strength; /* rcs / R^4; 0: nothing */
    size_t ray;      /* breaks ties */
} echo;

typedef struct search {
    const bcue_radar_view *view;
    const bcue_ray_scene *scene;
    const bcue_frame *frame;
    bcue_vec3 radar_velocity;
    uint64_t seed;
    const double *reflectivity; /* |r|^2 per material of the world */
    echo *echoes;               /* rows x columns */
} search;

/* |r|^2 at normal incidence. */
static double *reflectivities(const bcue_world *world, double carrier_hz)
{
    double *values = bcue_calloc(world->material_count, sizeof *values);
    for (size_t m = 0; values && m < world->material_count; m++) {
        double complex root = csqrt(bcue_radio_permittivity(&world->materials[m].radio, carrier_hz, NULL));
        double r = cabs((1.0 - root) / (1.0 + root));
        values[m] = r * r;
    }
    return values;
}

/* A phase that belongs to the patch of surface: of vehicles in their own frame, so that it travels along. */
static double patch_phase(const search *s, const bcue_ray_packet *packet, int lane, bcue_vec3 world_point)
{
    bcue_vec3 p = world_point;
    uint32_t object = packet->hit_instance[lane];
    if (object != BCUE_RAY_STATIC) {
        size_t count;
        const bcue_instance *v = &bcue_ray_scene_instances(s->scene, &count)[object];
        bcue_vec3 d = bcue_vec3_sub(world_point, v->position);
        p = bcue_vec3_make(cos(v->yaw) * d.x + sin(v->yaw) * d.y, cos(v->yaw) * d.y - sin(v->yaw) * d.x, d.z);
    }
    uint32_t x = (uint32_t)(int32_t)floor(p.x / CELL_M), y = (uint32_t)(int32_t)floor(p.y / CELL_M),
             z = (uint32_t)(int32_t)floor(p.z / CELL_M);
    bcue_rng rng = bcue_rng_make(s->seed, BCUE_RNG_RADAR_PHASE, object + 1u, x * 0x9e3779b1u + z, y);
    return 2.0 * BCUE_PI * bcue_rng_uniform(&rng);
}

static void judge(const search *s, const bcue_ray_packet *packet, int lane, bcue_vec3 local,
                  double solid_angle, echo *out)
{
    double range = (double)packet->far[lane];
    bcue_surface_hit hit = bcue_surface_hit_of(s->scene, packet, lane);
    double cosine = fmax(hit.cosine, 0.02), angle = acos(fmin(cosine, 1.0));
    double area = range * range * solid_angle / cosine;
    const bcue_world *world = bcue_ray_scene_world(s->scene);
    double mirror = GLINT * exp(-(angle / GLINT_WIDTH) * (angle / GLINT_WIDTH));
    double rcs =
        s->reflectivity[hit.material - world->materials] * area * cosine * (DIFFUSE * cosine + mirror);
    double forward = fmax(local.x, 0.0) / bcue_vec3_norm(local), pattern = forward * forward;
    out->scatterer.rcs_m2 = rcs * pattern * pattern;
    out->scatterer.position_m = bcue_vec3_scale(bcue_vec3_unit(local), range);
    out->scatterer.velocity_mps =
        bcue_frame_local(s->frame, bcue_vec3_sub(hit.velocity_mps, s->radar_velocity));
    out->scatterer.instance = packet->hit_instance[lane];
    bcue_vec3 place = bcue_vec3_add(s->frame->origin, bcue_frame_world(s->frame, out->scatterer.position_m));
    out->scatterer.phase = patch_phase(s, packet, lane, place);
    out->strength = out->scatterer.rcs_m2 / (range * range * range * range);
}

static void search_row(void *context, size_t row)
{
    const search *s = context;
    const bcue_radar_view *v = s->view;
    double step_a = v->horizontal_field_of_view / v->columns, step_e = v->vertical_field_of_view / v->rows;
    double elevation = 0.5 * v->vertical_field_of_view - ((double)row + 0.5) * step_e;
    for (int start = 0; start < v->columns; start += BCUE_RAY_LANES) {
        bcue_ray_packet packet = {.count = v->columns - start < BCUE_RAY_LANES ? v->columns - start
                                                                               : BCUE_RAY_LANES};
        bcue_vec3 local[BCUE_RAY_LANES];
        for (int i = 0; i < packet.count; i++) {
            double azimuth = 0.5 * v->horizontal_field_of_view - (start + i + 0.5) * step_a;
            local[i] =
                bcue_vec3_make(cos(elevation) * cos(azimuth), cos(elevation) * sin(azimuth), sin(elevation));
            bcue_ray_packet_set(&packet, i, s->frame->origin, bcue_frame_world(s->frame, local[i]), 0.2f,
                                (float)v->range_m);
        }
        bcue_ray_intersect(s->scene, BCUE_RAY_ALL, &packet);
        for (int i = 0; i < packet.count; i++) {
            size_t ray = row * (size_t)v->columns + (size_t)(start + i);
            s->echoes[ray] = (echo){.ray = ray};
            if (packet.hit_triangle[i] != BCUE_RAY_MISS)
                judge(s, &packet, i, local[i], step_a * step_e * cos(elevation), &s->echoes[ray]);
        }
    }
}

static int by_strength(const void *a, const void *b)
{
    const echo *x = a, *y = b;
    if (x->strength != y->strength)
        return x->strength < y->strength ? 1 : -1;
    return (x->ray > y->ray) - (x->ray < y->ray);
}

bcue_status bcue_radar_scatterers_find(const bcue_radar_view *view, const bcue_ray_scene *scene,
                                       const bcue_frame *frame, bcue_vec3 radar_velocity_mps, uint64_t seed,
                                       bcue_radar_scatterer *scatterers, size_t *count, bcue_error *error)
{
    size_t rays = (size_t)view->rows * (size_t)view->columns;
    double *reflectivity = reflectivities(bcue_ray_scene_world(scene), view->carrier_hz);
    echo *echoes = bcue_calloc(rays, sizeof *echoes);
    bcue_status status =
        reflectivity && echoes ? BCUE_OK : bcue_fail_memory(error, "the radar's scattering centres");
    if (status == BCUE_OK) {
        search s = {view, scene, frame, radar_velocity_mps, seed, reflectivity, echoes};
        bcue_parallel_for((size_t)view->rows, ROWS_PER_THREAD, search_row, &s);
        qsort(echoes, rays, sizeof *echoes, by_strength);
        size_t kept = 0;
        while (kept < (size_t)view->most && kept < rays && echoes[kept].strength > 0.0) {
            scatterers[kept] = echoes[kept].scatterer;
            kept++;
        }
        *count = kept;
    }
    free(reflectivity);
    free(echoes);
    return status;
}
