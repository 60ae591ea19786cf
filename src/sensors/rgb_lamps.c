#include "sensors/rgb_lamps.h"

#include <math.h>
#include <stdlib.h>
#include "base/memory.h"

/* Light below this is not seen: by night, and beside daylight. */
#define LEAST_BY_NIGHT 0.004
#define LEAST_BY_DAY 0.04
/* A lamp's own housing does not shade it. */
#define HOUSING_M 0.45f
#define LIFT_M 4e-3f
#define HEADLIGHT_INTENSITY 110.0
#define TAILLIGHT_INTENSITY 0.35
enum { LAMPS_AT_ONCE = 64 };

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
    size_t n = list->count;
    if (!bcue_grow((void **)&list->places, &list->place_capacity, 4 * n, sizeof *list->places)) {
        list->count = 0; /* without memory, without lamps */
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const bcue_lamp_light *light = &list->lights[i];
        list->places[i] = light->position.x;
        list->places[n + i] = light->position.y;
        list->places[2 * n + i] = light->position.z;
        list->places[3 * n + i] = light->reach * light->reach;
    }
}

void bcue_lamp_list_free(bcue_lamp_list *list)
{
    free(list->lights);
    free(list->places);
    *list = (bcue_lamp_list){0};
}

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

/* Can the light of a cone that looks forward fall into the ball? */
static bool cone_meets_ball(const bcue_lamp_light *light, bcue_float3 centre, float radius)
{
    bcue_float3 d = {centre.x - light->position.x, centre.y - light->position.y,
                     centre.z - light->position.z};
    float along = dot(d, light->direction), across = sqrtf(bcue_max(dot(d, d) - along * along, 0.0f));
    /* How far the centre lies outside of the cone's surface. */
    return along > -radius && light->cos_edge * across - light->sin_edge * along <= radius;
}

/* Which of `count` lamps have the box within their reach: plain loops over arrays, four lamps at a time. */
static void find_near(const float *x, const float *y, const float *z, const float *reach, int count,
                      bcue_float3 low, bcue_float3 high, int *near)
{
    for (int k = 0; k < count; k++) {
        float dx = bcue_max(bcue_max(low.x - x[k], x[k] - high.x), 0.0f);
        float dy = bcue_max(bcue_max(low.y - y[k], y[k] - high.y), 0.0f);
        float dz = bcue_max(bcue_max(low.z - z[k], z[k] - high.z), 0.0f);
        near[k] = dx * dx + dy * dy + dz * dz < reach[k];
    }
}

/* The hit points of a packet, coordinate by coordinate; those that hit nothing have no normal. */
typedef struct point_lanes {
    float x[BCUE_RAY_LANES], y[BCUE_RAY_LANES], z[BCUE_RAY_LANES];
    float nx[BCUE_RAY_LANES], ny[BCUE_RAY_LANES], nz[BCUE_RAY_LANES];
    bcue_float3 low, high; /* the box around them */
} point_lanes;

static void spread(const bcue_shading_point *points, const bool *hit, int count, point_lanes *p)
{
    *p =
        (point_lanes){.low = {HUGE_VALF, HUGE_VALF, HUGE_VALF}, .high = {-HUGE_VALF, -HUGE_VALF, -HUGE_VALF}};
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

/* The lamps that may light something in the box around the hit points. */
static int find_candidates(const bcue_lamp_list *list, const point_lanes *p,
                           const bcue_lamp_light *candidates[BCUE_LAMP_CANDIDATES])
{
    bcue_float3 low = p->low, high = p->high;
    bcue_float3 centre = {0.5f * (low.x + high.x), 0.5f * (low.y + high.y), 0.5f * (low.z + high.z)};
    bcue_float3 half = {high.x - centre.x, high.y - centre.y, high.z - centre.z};
    float radius = 1.001f * sqrtf(dot(half, half)) + 1e-3f;
    int found = 0;
    for (size_t from = 0; from < list->count; from += LAMPS_AT_ONCE) {
        int near[LAMPS_AT_ONCE],
            count = list->count - from < LAMPS_AT_ONCE ? (int)(list->count - from) : LAMPS_AT_ONCE;
        const float *x = list->places + from;
        find_near(x, x + list->count, x + 2 * list->count, x + 3 * list->count, count, low, high, near);
        for (int k = 0; k < count && found < BCUE_LAMP_CANDIDATES; k++) {
            const bcue_lamp_light *light = &list->lights[from + (size_t)k];
            if (near[k] && (!(light->cos_edge > 0.0f) || cone_meets_ball(light, centre, radius)))
                candidates[found++] = light;
        }
    }
    return found;
}

/* Irradiance of a lamp at points that nothing hides; 0 where it does not count. */
static void irradiance(const bcue_lamp_light *light, const point_lanes *p, float least,
                       float values[BCUE_RAY_LANES])
{
    float square[BCUE_RAY_LANES], facing[BCUE_RAY_LANES], along[BCUE_RAY_LANES];
    int counts[BCUE_RAY_LANES];
    const bcue_float3 at = light->position, axis = light->direction;
    const float reach = light->reach * light->reach, strength = light->intensity;
    const float cone = light->cos_edge > 0.0f ? light->cos_edge * light->cos_edge : -1.0f;
    /* Out of reach, behind the surface, too slanting, outside of a cone that looks forward: most of them end
     * here. */
    for (int i = 0; i < BCUE_RAY_LANES; i++) {
        float dx = at.x - p->x[i], dy = at.y - p->y[i], dz = at.z - p->z[i];
        float d2 = dx * dx + dy * dy + dz * dz + 1e-4f, f = dx * p->nx[i] + dy * p->ny[i] + dz * p->nz[i];
        float a = -(dx * axis.x + dy * axis.y + dz * axis.z), most = strength * f;
        square[i] = d2;
        facing[i] = f;
        along[i] = a;
        counts[i] = (d2 <= reach) & (f > 0.0f) & (most * most > 0.999f * least * least * d2 * d2 * d2) &
                    ((cone < 0.0f) | ((a > 0.0f) & (a * a >= cone * d2)));
    }
    for (int i = 0; i < BCUE_RAY_LANES; i++) {
        values[i] = 0.0f;
        if (!counts[i])
            continue;
        float scale = 1.0f / sqrtf(square[i]);
        float value = strength * facing[i] * scale * cone_share(light, along[i] * scale) / square[i];
        values[i] = value < least ? 0.0f : value;
    }
}

/* values[lamp][point]: of each point only the strongest stay. */
static void keep_strongest(float (*values)[BCUE_RAY_LANES], int lamps, int point)
{
    int lit = 0;
    for (int c = 0; c < lamps; c++)
        lit += values[c][point] > 0.0f;
    for (; lit > BCUE_LAMPS_PER_POINT; lit--) {
        int weakest = -1;
        for (int c = 0; c < lamps; c++)
            if (values[c][point] > 0.0f && (weakest < 0 || values[c][point] < values[weakest][point]))
                weakest = c;
        values[weakest][point] = 0.0f;
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
    const bcue_lamp_light *candidates[BCUE_LAMP_CANDIDATES];
    if (list->count == 0)
        return;
    point_lanes lanes;
    spread(points, hit, count, &lanes);
    int lamps = find_candidates(list, &lanes, candidates);
    if (lamps == 0)
        return;
    float values[BCUE_LAMP_CANDIDATES][BCUE_RAY_LANES];
    for (int c = 0; c < lamps; c++)
        irradiance(candidates[c], &lanes, (float)list->least, values[c]);
    for (int i = 0; i < count && lamps > BCUE_LAMPS_PER_POINT; i++)
        keep_strongest(values, lamps, i);
    /* Lamp by lamp: rays from one place lie side by side. */
    queue q;
    q.rays.count = 0;
    q.rays.beam = false;
    for (int c = 0; c < lamps; c++)
        for (int i = 0; i < count; i++) {
            if (!(values[c][i] > 0.0f))
                continue;
            push(&q, &points[i], candidates[c], values[c][i]);
            if (q.rays.count == BCUE_RAY_LANES)
                flush(&q, scene, target);
        }
    flush(&q, scene, target);
}
