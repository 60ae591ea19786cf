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

void bcue_lamp_list_fill(bcue_lamp_list *list, const bcue_daylight *daylight, const bcue_ray_scene *scene)
{
    list->count = 0;
    list->least = LEAST_BY_DAY + (LEAST_BY_NIGHT - LEAST_BY_DAY) * daylight->darkness;
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

void bcue_lamp_list_free(bcue_lamp_list *list)
{
    free(list->lights);
    *list = (bcue_lamp_list){0};
}

float bcue_lamp_cone(const bcue_lamp_light *light, bcue_float3 to_point)
{
    if (light->cos_edge <= -1.0f)
        return 1.0f;
    float inside = (dot(light->direction, to_point) - light->cos_edge) / (1.0f - light->cos_edge);
    float t = bcue_min(bcue_max(2.5f * inside, 0.0f), 1.0f);
    return t * t * (3.0f - 2.0f * t);
}

/* The lamps whose reach touches the box around the hit points. */
static int find_candidates(const bcue_lamp_list *list, const bcue_shading_point *points, const bool *hit,
                           int count, const bcue_lamp_light *candidates[BCUE_LAMP_CANDIDATES])
{
    bcue_float3 low = {HUGE_VALF, HUGE_VALF, HUGE_VALF}, high = {-HUGE_VALF, -HUGE_VALF, -HUGE_VALF};
    for (int i = 0; i < count; i++) {
        if (!hit[i])
            continue;
        bcue_float3 p = points[i].position;
        low = (bcue_float3){bcue_min(low.x, p.x), bcue_min(low.y, p.y), bcue_min(low.z, p.z)};
        high = (bcue_float3){bcue_max(high.x, p.x), bcue_max(high.y, p.y), bcue_max(high.z, p.z)};
    }
    int found = 0;
    for (size_t i = 0; i < list->count && found < BCUE_LAMP_CANDIDATES; i++) {
        const bcue_lamp_light *light = &list->lights[i];
        float dx = bcue_max(bcue_max(low.x - light->position.x, light->position.x - high.x), 0.0f);
        float dy = bcue_max(bcue_max(low.y - light->position.y, light->position.y - high.y), 0.0f);
        float dz = bcue_max(bcue_max(low.z - light->position.z, light->position.z - high.z), 0.0f);
        if (dx * dx + dy * dy + dz * dz < light->reach * light->reach)
            candidates[found++] = light;
    }
    return found;
}

typedef struct lit {
    float irradiance, distance;
    bcue_float3 towards; /* unit, from the point to the lamp */
    const bcue_lamp_light *light;
} lit;

/* The strongest lamps of one point, strongest first. */
static int strongest(const bcue_lamp_light *const *candidates, int candidate_count, float least,
                     const bcue_shading_point *point, lit best[BCUE_LAMPS_PER_POINT])
{
    int found = 0;
    for (int c = 0; c < candidate_count; c++) {
        const bcue_lamp_light *light = candidates[c];
        bcue_float3 d = {light->position.x - point->position.x, light->position.y - point->position.y,
                         light->position.z - point->position.z};
        float square = dot(d, d) + 1e-4f, facing = dot(d, point->normal), along = -dot(d, light->direction);
        /* Out of reach, behind the surface, outside of a cone that looks forward: most of them end here. */
        if (square > light->reach * light->reach || facing <= 0.0f ||
            (light->cos_edge > 0.0f &&
             (along <= 0.0f || along * along < light->cos_edge * light->cos_edge * square)))
            continue;
        float distance = sqrtf(square), scale = 1.0f / distance;
        bcue_float3 towards = {d.x * scale, d.y * scale, d.z * scale};
        bcue_float3 out = {-towards.x, -towards.y, -towards.z};
        float value = light->intensity * facing * scale * bcue_lamp_cone(light, out) / square;
        if (value < least || (found == BCUE_LAMPS_PER_POINT && value <= best[found - 1].irradiance))
            continue;
        int at = found < BCUE_LAMPS_PER_POINT ? found++ : found - 1;
        for (; at > 0 && best[at - 1].irradiance < value; at--)
            best[at] = best[at - 1];
        best[at] = (lit){value, distance, towards, light};
    }
    return found;
}

static void receive(bcue_shading_point *point, const lit *from)
{
    const bcue_rgb colour = from->light->colour;
    point->lamps.r += from->irradiance * colour.r;
    point->lamps.g += from->irradiance * colour.g;
    point->lamps.b += from->irradiance * colour.b;
    /* Half vector between the directions to the lamp and to the camera. */
    bcue_float3 h = {from->towards.x - point->view.x, from->towards.y - point->view.y,
                     from->towards.z - point->view.z};
    float norm = sqrtf(dot(h, h)), sharp = norm > 0.0f ? bcue_max(dot(h, point->normal) / norm, 0.0f) : 0.0f;
    float glint = bcue_min(from->irradiance, 2.0f) * powf(sharp, 90.0f);
    point->lamp_glint.r += glint * colour.r;
    point->lamp_glint.g += glint * colour.g;
    point->lamp_glint.b += glint * colour.b;
}

typedef struct queue {
    bcue_ray_packet rays;
    bcue_shading_point *points[BCUE_RAY_LANES];
    lit lights[BCUE_RAY_LANES];
} queue;

static void flush(queue *q, const bcue_ray_scene *scene, bcue_ray_target target)
{
    if (q->rays.count == 0)
        return;
    bool blocked[BCUE_RAY_LANES];
    bcue_ray_occluded(scene, target, &q->rays, blocked);
    for (int i = 0; i < q->rays.count; i++)
        if (!blocked[i])
            receive(q->points[i], &q->lights[i]);
    q->rays.count = 0;
}

void bcue_lamps_light(const bcue_lamp_list *list, const bcue_ray_scene *scene, bcue_ray_target target,
                      bcue_shading_point points[BCUE_RAY_LANES], const bool hit[BCUE_RAY_LANES], int count)
{
    const bcue_lamp_light *candidates[BCUE_LAMP_CANDIDATES];
    int candidate_count = list->count > 0 ? find_candidates(list, points, hit, count, candidates) : 0;
    if (candidate_count == 0)
        return;
    queue q = {.rays = {.count = 0}};
    for (int i = 0; i < count; i++) {
        if (!hit[i])
            continue;
        lit best[BCUE_LAMPS_PER_POINT];
        int found = strongest(candidates, candidate_count, (float)list->least, &points[i], best);
        for (int b = 0; b < found; b++) {
            int k = q.rays.count++;
            const bcue_float3 n = points[i].normal, p = points[i].position;
            float lift = LIFT_M + 2e-5f * points[i].distance;
            q.rays.origin_x[k] = p.x + lift * n.x;
            q.rays.origin_y[k] = p.y + lift * n.y;
            q.rays.origin_z[k] = p.z + lift * n.z;
            q.rays.direction_x[k] = best[b].towards.x;
            q.rays.direction_y[k] = best[b].towards.y;
            q.rays.direction_z[k] = best[b].towards.z;
            q.rays.near[k] = 0.0f;
            q.rays.far[k] = bcue_max(best[b].distance - HOUSING_M, 1e-3f);
            q.points[k] = &points[i];
            q.lights[k] = best[b];
            if (q.rays.count == BCUE_RAY_LANES)
                flush(&q, scene, target);
        }
    }
    flush(&q, scene, target);
}
