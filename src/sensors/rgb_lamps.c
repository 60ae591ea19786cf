#include "sensors/rgb_lamps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "sensors/lamp_lanes.h"

/* Light below this is not seen: by night, and beside daylight. */
#define LEAST_BY_NIGHT 0.004
#define LEAST_BY_DAY 0.04
/* A lamp's own housing does not shade it. */
#define HOUSING_M 0.45f
#define LIFT_M 4e-3f
#define HEADLIGHT_INTENSITY 110.0
#define TAILLIGHT_INTENSITY 0.35

static float dot(bcue_float3 a, bcue_float3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static void add(bcue_lamp_list *list, const bcue_lamp_source *lamp, double exposure, double size_m)
{
    if (list->failed ||
        !bcue_grow((void **)&list->lights, &list->capacity, list->count + 1, sizeof *list->lights)) {
        list->failed = true;
        return;
    }
    double strength = lamp->intensity * exposure;
    list->lights[list->count++] = (bcue_lamp_light){
        .position = {(float)lamp->position.x, (float)lamp->position.y, (float)lamp->position.z},
        .direction = {(float)lamp->direction.x, (float)lamp->direction.y, (float)lamp->direction.z},
        .cos_edge = (float)cos(fmin(lamp->half_angle, BCUE_PI)),
        .sin_edge = (float)sin(fmin(lamp->half_angle, BCUE_PI)),
        .intensity = (float)strength,
        .reach = (float)sqrt(strength / list->least),
        .colour = {lamp->colour[0], lamp->colour[1], lamp->colour[2]},
        .size_m = (float)size_m};
}

/* Two lamps ahead, two red ones behind. */
static void add_vehicle(bcue_lamp_list *list, const bcue_vehicle_model *model, const bcue_instance *vehicle,
                        double exposure)
{
    bcue_frame frame = bcue_frame_make(vehicle->position, vehicle->yaw, 0.0);
    double height = fmin(0.45 * model->height_m, 0.85);
    bool single = model->width_m < 1.1;
    for (int side = 0; side < (single ? 1 : 2); side++) {
        double left = single ? 0.0 : (side ? 0.36 : -0.36) * model->width_m;
        bcue_vec3 front = {0.5 * model->length_m + 0.05, left, height};
        bcue_vec3 rear = {-0.5 * model->length_m - 0.05, left, height + 0.1};
        bcue_lamp_source head = {.position = bcue_vec3_add(frame.origin, bcue_frame_world(&frame, front)),
                                 .direction = bcue_frame_world(&frame, bcue_vec3_make(0.9994, 0.0, -0.035)),
                                 .half_angle = 0.42,
                                 .intensity = HEADLIGHT_INTENSITY,
                                 .colour = {1.0f, 0.97f, 0.90f}};
        bcue_lamp_source tail = {.position = bcue_vec3_add(frame.origin, bcue_frame_world(&frame, rear)),
                                 .direction = bcue_vec3_scale(frame.forward, -1.0),
                                 .half_angle = 1.2,
                                 .intensity = TAILLIGHT_INTENSITY,
                                 .colour = {1.0f, 0.06f, 0.03f}};
        add(list, &head, exposure, 0.16);
        add(list, &tail, exposure, 0.12);
    }
}

static void add_all(bcue_lamp_list *list, const bcue_daylight *daylight, const bcue_ray_scene *scene)
{
    for (size_t i = 0; i < daylight->lamp_count; i++)
        add(list, &daylight->lamps[i], daylight->exposure, 0.22);
    if (!(daylight->headlights > 0.0))
        return;
    size_t count;
    const bcue_instance *instances = bcue_ray_scene_instances(scene, &count);
    const bcue_world *world = bcue_ray_scene_world(scene);
    /* By day the camera stops down: lamps are seen, and light little. */
    double exposure = daylight->exposure * (0.12 + 0.88 * daylight->darkness);
    for (size_t i = 0; i < count; i++)
        /* Pedestrians and bicycles carry none; those who park have switched theirs off. */
        if (!instances[i].parked && world->models[instances[i].model].length_m > 1.9)
            add_vehicle(list, &world->models[instances[i].model], &instances[i], exposure);
}

void bcue_lamp_list_fill(bcue_lamp_list *list, const bcue_daylight *daylight, const bcue_ray_scene *scene)
{
    list->count = 0;
    list->least = LEAST_BY_DAY + (LEAST_BY_NIGHT - LEAST_BY_DAY) * daylight->darkness;
    add_all(list, daylight, scene);
    size_t n = list->count, each = n + BCUE_LAMP_PADDING;
    if (!bcue_grow((void **)&list->columns, &list->column_capacity, BCUE_LAMP_COLUMNS * each,
                   sizeof *list->columns)) {
        list->count = 0; /* without memory, without lamps */
        return;
    }
    memset(list->columns, 0, BCUE_LAMP_COLUMNS * each * sizeof *list->columns);
    for (int c = 0; c < BCUE_LAMP_COLUMNS; c++)
        list->column[c] = list->columns + (size_t)c * each;
    for (size_t i = 0; i < n; i++) {
        const bcue_lamp_light *light = &list->lights[i];
        const float row[BCUE_LAMP_COLUMNS] = {
            light->position.x,           light->position.y,  light->position.z,
            light->reach * light->reach, light->direction.x, light->direction.y,
            light->direction.z,          light->cos_edge,    light->sin_edge};
        for (size_t c = 0; c < BCUE_LAMP_COLUMNS; c++)
            list->columns[c * each + i] = row[c];
    }
}

void bcue_lamp_list_free(bcue_lamp_list *list)
{
    free(list->lights);
    free(list->columns);
    *list = (bcue_lamp_list){0};
}

/* The same as shares_of_cone of lamp_lanes.inc.h, for the glow of a lamp. */
static float cone_share(const bcue_lamp_light *light, float cosine)
{
    if (light->cos_edge <= -1.0f)
        return 1.0f;
    float inside = (cosine - light->cos_edge) / (1.0f - light->cos_edge);
    float t = bcue_min(bcue_max(2.5f * inside, 0.0f), 1.0f);
    return t * t * (3.0f - 2.0f * t);
}

float bcue_lamp_cone(const bcue_lamp_light *light, bcue_float3 to_point)
{
    return cone_share(light, dot(light->direction, to_point));
}

static void spread(const bcue_shading_point *points, const bool *hit, int count, bcue_lamp_points *p)
{
    *p = (bcue_lamp_points){.low = {HUGE_VALF, HUGE_VALF, HUGE_VALF},
                            .high = {-HUGE_VALF, -HUGE_VALF, -HUGE_VALF}};
    for (int i = 0; i < count; i++) {
        if (!hit[i])
            continue;
        const bcue_float3 at = points[i].position;
        p->x[i] = at.x;
        p->y[i] = at.y;
        p->z[i] = at.z;
        p->nx[i] = points[i].normal.x;
        p->ny[i] = points[i].normal.y;
        p->nz[i] = points[i].normal.z;
        p->low = (bcue_float3){bcue_min(p->low.x, at.x), bcue_min(p->low.y, at.y), bcue_min(p->low.z, at.z)};
        p->high =
            (bcue_float3){bcue_max(p->high.x, at.x), bcue_max(p->high.y, at.y), bcue_max(p->high.z, at.z)};
    }
}

/* x^90 */
static float sharpened(float x)
{
    float x2 = x * x, x8 = x2 * x2 * x2 * x2, x16 = x8 * x8, x64 = x16 * x16 * x16 * x16;
    return x64 * x16 * x8 * x2;
}

static void receive(bcue_shading_point *point, const bcue_lamp_light *light, float value)
{
    const bcue_rgb colour = light->colour;
    point->lamps.r += value * colour.r;
    point->lamps.g += value * colour.g;
    point->lamps.b += value * colour.b;
    /* Half vector between the directions to the lamp and to the camera. */
    bcue_float3 d = {light->position.x - point->position.x, light->position.y - point->position.y,
                     light->position.z - point->position.z};
    float scale = 1.0f / sqrtf(dot(d, d) + 1e-4f);
    bcue_float3 h = {d.x * scale - point->view.x, d.y * scale - point->view.y, d.z * scale - point->view.z};
    float norm = sqrtf(dot(h, h)), sharp = norm > 0.0f ? bcue_max(dot(h, point->normal) / norm, 0.0f) : 0.0f;
    float glint = bcue_min(value, 2.0f) * sharpened(sharp);
    point->lamp_glint.r += glint * colour.r;
    point->lamp_glint.g += glint * colour.g;
    point->lamp_glint.b += glint * colour.b;
}

/* Shadow rays that wait for a full packet. */
typedef struct queue {
    bcue_ray_packet rays;
    bcue_shading_point *points[BCUE_RAY_LANES];
    const bcue_lamp_light *lights[BCUE_RAY_LANES];
    float values[BCUE_RAY_LANES];
} queue;

static void flush(queue *q, const bcue_ray_scene *scene, bcue_ray_target target)
{
    if (q->rays.count == 0)
        return;
    bool blocked[BCUE_RAY_LANES];
    bcue_ray_occluded(scene, target, &q->rays, blocked);
    for (int i = 0; i < q->rays.count; i++)
        if (!blocked[i])
            receive(q->points[i], q->lights[i], q->values[i]);
    q->rays.count = 0;
}

/* From the lamp's housing to just above the point. */
static void push(queue *q, bcue_shading_point *point, const bcue_lamp_light *light, float value)
{
    int k = q->rays.count++;
    const bcue_float3 n = point->normal, p = point->position;
    float lift = LIFT_M + 2e-5f * point->distance;
    bcue_float3 d = {p.x + lift * n.x - light->position.x, p.y + lift * n.y - light->position.y,
                     p.z + lift * n.z - light->position.z};
    float distance = sqrtf(dot(d, d) + 1e-12f), scale = 1.0f / distance;
    q->rays.origin_x[k] = light->position.x;
    q->rays.origin_y[k] = light->position.y;
    q->rays.origin_z[k] = light->position.z;
    q->rays.direction_x[k] = d.x * scale;
    q->rays.direction_y[k] = d.y * scale;
    q->rays.direction_z[k] = d.z * scale;
    q->rays.near[k] = bcue_min(HOUSING_M, 0.99f * distance);
    q->rays.far[k] = distance;
    q->points[k] = point;
    q->lights[k] = light;
    q->values[k] = value;
}

void bcue_lamps_light(const bcue_lamp_list *list, const bcue_ray_scene *scene, bcue_ray_target target,
                      bcue_shading_point points[BCUE_RAY_LANES], const bool hit[BCUE_RAY_LANES], int count)
{
    if (list->count == 0)
        return;
    const bcue_lamp_lanes *kernels = bcue_lamp_lanes_best();
    bcue_lamp_points lanes;
    spread(points, hit, count, &lanes);
    uint32_t numbers[BCUE_LAMP_CANDIDATES], lit[BCUE_LAMP_CANDIDATES];
    int lamps = kernels->near(list, &lanes, numbers, BCUE_LAMP_CANDIDATES);
    float values[BCUE_LAMP_CANDIDATES][BCUE_RAY_LANES];
    int lamps_of[BCUE_RAY_LANES] = {0};
    for (int c = 0; c < lamps; c++) {
        lit[c] = kernels->irradiance(&list->lights[numbers[c]], &lanes, (float)list->least, values[c]);
        for (uint32_t left = lit[c]; left != 0; left &= left - 1)
            lamps_of[__builtin_ctz(left)]++;
    }
    kernels->keep_strongest(values, lamps, lamps_of, BCUE_LAMPS_PER_POINT);
    /* Lamp by lamp: rays from one place lie side by side. */
    queue q;
    q.rays.count = 0;
    q.rays.beam = false;
    for (int c = 0; c < lamps; c++)
        for (uint32_t left = lit[c]; left != 0; left &= left - 1) {
            int i = __builtin_ctz(left);
            if (!(values[c][i] > 0.0f))
                continue;
            push(&q, &points[i], &list->lights[numbers[c]], values[c][i]);
            if (q.rays.count == BCUE_RAY_LANES)
                flush(&q, scene, target);
        }
    flush(&q, scene, target);
}
