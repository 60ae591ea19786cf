#include "sensors/rgb_trace.h"

#include <math.h>
#include "base/clock.h"
#include "base/memory.h"
#include "sensors/rgb_lens.h"

#define SHADOW_OFFSET_M 2e-3f
#define FAR_M 2000.0f
/* Light of a traffic light's lens: its colour times this. */
#define LENS_SHINE 3.5f
/* A vehicle darkens the ground within CONTACT_INSET_M inside to CONTACT_REACH_M outside of its outline. */
#define CONTACT_INSET_M 0.25f
#define CONTACT_REACH_M 0.65f

/* Pixels per unit of tangent. */
static float focal_pixels(const bcue_camera *camera)
{
    return 0.5f * (float)camera->config.width / camera->tangent;
}

static bcue_float3 pixel_direction(const bcue_camera *camera, float column, float row)
{
    float focal = focal_pixels(camera);
    float left = (0.5f * (float)camera->config.width - column) / focal,
          up = (0.5f * (float)camera->config.height - row) / focal;
    const double *k = camera->config.distortion;
    if (k[0] != 0.0 || k[1] != 0.0) {
        double r = hypot((double)left, (double)up) / (double)camera->tangent;
        float scale = r > 1e-9 ? (float)(bcue_lens_straighten(k, r) / r) : 1.0f;
        left *= scale;
        up *= scale;
    }
    const bcue_frame *f = &camera->frame;
    bcue_float3 d = {(float)f->forward.x + left * (float)f->left.x + up * (float)f->up.x,
                     (float)f->forward.y + left * (float)f->left.y + up * (float)f->up.y,
                     (float)f->forward.z + left * (float)f->left.z + up * (float)f->up.z};
    float scale = 1.0f / sqrtf(d.x * d.x + d.y * d.y + d.z * d.z);
    return (bcue_float3){d.x * scale, d.y * scale, d.z * scale};
}

/* What is left of the sky at a point of the ground beside a vehicle. */
static float openness_beside(const bcue_camera_vehicle *vehicle, bcue_float3 position)
{
    float dx = position.x - vehicle->x, dy = position.y - vehicle->y;
    if (fabsf(dx) > vehicle->reach || fabsf(dy) > vehicle->reach)
        return 1.0f;
    float along = fabsf(vehicle->cosine * dx + vehicle->sine * dy) - vehicle->half_length;
    float across = fabsf(vehicle->cosine * dy - vehicle->sine * dx) - vehicle->half_width;
    float beyond_x = bcue_max(along + CONTACT_INSET_M, 0.0f),
          beyond_y = bcue_max(across + CONTACT_INSET_M, 0.0f);
    float gap = sqrtf(beyond_x * beyond_x + beyond_y * beyond_y);
    return 1.0f - 0.8f * bcue_max(0.0f, 1.0f - gap / (CONTACT_INSET_M + CONTACT_REACH_M));
}

/* Vehicles hide part of the sky from the road under and around them. */
static void darken_ground(const bcue_camera *camera, bcue_shading_point points[BCUE_RAY_LANES],
                          const int *lanes, int count)
{
    bcue_float3 low = points[lanes[0]].position, high = low;
    for (int k = 1; k < count; k++) {
        const bcue_float3 p = points[lanes[k]].position;
        low.x = bcue_min(low.x, p.x);
        low.y = bcue_min(low.y, p.y);
        high.x = bcue_max(high.x, p.x);
        high.y = bcue_max(high.y, p.y);
    }
    for (size_t v = 0; v < camera->vehicle_count; v++) {
        const bcue_camera_vehicle *vehicle = &camera->vehicles[v];
        if (low.x > vehicle->x + vehicle->reach || high.x < vehicle->x - vehicle->reach ||
            low.y > vehicle->y + vehicle->reach || high.y < vehicle->y - vehicle->reach)
            continue;
        for (int k = 0; k < count; k++) {
            bcue_shading_point *point = &points[lanes[k]];
            point->openness = bcue_min(point->openness, openness_beside(vehicle, point->position));
        }
    }
}

bool bcue_camera_take_vehicles(bcue_camera *camera)
{
    size_t count;
    const bcue_instance *instances = bcue_ray_scene_instances(camera->scene, &count);
    const bcue_world *world = bcue_ray_scene_world(camera->scene);
    camera->vehicle_count = 0;
    if (!bcue_grow((void **)&camera->vehicles, &camera->vehicle_capacity, count + 1,
                   sizeof *camera->vehicles))
        return false;
    for (size_t i = 0; i < count; i++) {
        const bcue_vehicle_model *model = &world->models[instances[i].model];
        camera->vehicles[i] =
            (bcue_camera_vehicle){.x = (float)instances[i].position.x,
                                  .y = (float)instances[i].position.y,
                                  .cosine = (float)cos(instances[i].yaw),
                                  .sine = (float)sin(instances[i].yaw),
                                  .half_length = 0.5f * (float)model->length_m,
                                  .half_width = 0.5f * (float)model->width_m,
                                  .reach = 0.5f * (float)(model->length_m + model->width_m) + 1.0f};
    }
    camera->vehicle_count = count;
    return true;
}

/* A lens is dark glass, and shines when its light is on. */
static void show_signal(const bcue_camera *camera, const bcue_object *lens, bcue_shading_point *point)
{
    const bcue_roads *roads = &bcue_ray_scene_world(camera->scene)->roads;
    uint8_t state = lens->signal <= roads->signal_count ? camera->signals[lens->signal - 1] : BCUE_SIGNAL_OFF;
    if (state == BCUE_SIGNAL_OFF)
        return;
    float shine = state == lens->signal_state ? LENS_SHINE : 0.0f;
    point->shine = (bcue_rgb){shine * point->tint.r, shine * point->tint.g, shine * point->tint.b};
    point->tint = (bcue_rgb){0.25f * point->tint.r, 0.25f * point->tint.g, 0.25f * point->tint.b};
}

static bcue_shading_point make_point(const bcue_camera *camera, const bcue_ray_packet *packet, int lane)
{
    const bcue_world *world = bcue_ray_scene_world(camera->scene);
    size_t count;
    const bcue_instance *instances = bcue_ray_scene_instances(camera->scene, &count);
    uint32_t triangle = packet->hit_triangle[lane], instance = packet->hit_instance[lane];
    float t = packet->far[lane];
    bcue_shading_point point = {
        .view = {packet->direction_x[lane], packet->direction_y[lane], packet->direction_z[lane]},
        .distance = t,
        .pixel_angle = 1.0f / focal_pixels(camera),
        .openness = 1.0f};
    point.position =
        (bcue_float3){packet->origin_x[lane] + t * point.view.x, packet->origin_y[lane] + t * point.view.y,
                      packet->origin_z[lane] + t * point.view.z};
    if (instance == BCUE_RAY_STATIC) {
        const bcue_triangle *hit = &world->statics.triangles[triangle];
        const bcue_object *object = &world->objects[hit->object];
        point.normal = camera->static_normals[triangle];
        point.material = bcue_world_material(world, hit->material);
        point.tint = (bcue_rgb){object->tint[0], object->tint[1], object->tint[2]};
        point.variant = object->variant;
        if (object->signal > 0)
            show_signal(camera, object, &point);
    } else {
        const bcue_instance *vehicle = &instances[instance];
        bcue_float3 n = camera->model_normals[vehicle->model][triangle];
        float c = camera->vehicles[instance].cosine, s = camera->vehicles[instance].sine;
        point.normal = (bcue_float3){c * n.x - s * n.y, s * n.x + c * n.y, n.z};
        point.material =
            bcue_world_material(world, world->models[vehicle->model].mesh.triangles[triangle].material);
        point.tint = (bcue_rgb){vehicle->paint[0], vehicle->paint[1], vehicle->paint[2]};
        point.vehicle = true;
        uint32_t material = world->models[vehicle->model].mesh.triangles[triangle].material;
        if (material == BCUE_MATERIAL_HEADLIGHT)
            point.lamp = BCUE_VEHICLE_HEADLAMP;
        else if (material == BCUE_MATERIAL_TAILLIGHT)
            point.lamp = BCUE_VEHICLE_TAIL_LAMP;
        /* Low parts of a vehicle see less of the sky. */
        point.openness = bcue_min(1.0f, 0.55f + 0.5f * bcue_max(0.0f, point.position.z));
    }
    return point;
}

static void trace_shadows(const bcue_camera *camera, bcue_shading_point points[BCUE_RAY_LANES],
                          const bool hit[BCUE_RAY_LANES], int count)
{
    bcue_ray_packet shadow = {.count = 0, .beam = true};
    int lane_of[BCUE_RAY_LANES];
    bcue_float3 sun = camera->light.sun_direction;
    if (camera->light.darkness >= 1.0f || sun.z <= 0.0f)
        return;
    for (int i = 0; i < count; i++) {
        if (!hit[i])
            continue;
        const bcue_float3 n = points[i].normal;
        if (n.x * sun.x + n.y * sun.y + n.z * sun.z <= 0.0f)
            continue;
        int k = shadow.count++;
        lane_of[k] = i;
        float lift = SHADOW_OFFSET_M + 1e-5f * points[i].distance;
        shadow.origin_x[k] = points[i].position.x + lift * n.x;
        shadow.origin_y[k] = points[i].position.y + lift * n.y;
        shadow.origin_z[k] = points[i].position.z + lift * n.z;
        shadow.direction_x[k] = sun.x;
        shadow.direction_y[k] = sun.y;
        shadow.direction_z[k] = sun.z;
        shadow.near[k] = 0.0f;
        shadow.far[k] = FAR_M;
    }
    if (shadow.count == 0)
        return;
    bool blocked[BCUE_RAY_LANES];
    bcue_ray_occluded(camera->scene, camera->target, &shadow, blocked);
    for (int k = 0; k < shadow.count; k++)
        points[lane_of[k]].in_sun = !blocked[k];
}

static uint32_t surface_key(const bcue_camera *camera, const bcue_shading_point *point)
{
    uint32_t nx = (uint32_t)(int32_t)bcue_floor(2.0f * point->normal.x + 2.5f),
             ny = (uint32_t)(int32_t)bcue_floor(2.0f * point->normal.y + 2.5f);
    uint32_t nz = (uint32_t)(int32_t)bcue_floor(2.0f * point->normal.z + 2.5f);
    uint32_t material = (uint32_t)(point->material - bcue_ray_scene_world(camera->scene)->materials);
    return (material << 16) | (nx << 8) | (ny << 4) | nz | (point->in_sun ? 1u << 12 : 0u);
}

static uint8_t class_of(const bcue_camera *camera, const bcue_ray_packet *packet, int lane)
{
    if (packet->hit_instance[lane] != BCUE_RAY_STATIC)
        return BCUE_CLASS_VEHICLE;
    const bcue_world *world = bcue_ray_scene_world(camera->scene);
    switch (world->objects[world->statics.triangles[packet->hit_triangle[lane]].object].kind) {
    case BCUE_OBJECT_GROUND:
        return BCUE_CLASS_GROUND;
    case BCUE_OBJECT_BUILDING:
        return BCUE_CLASS_BUILDING;
    case BCUE_OBJECT_TREE:
        return BCUE_CLASS_TREE;
    case BCUE_OBJECT_PARKED_CAR:
        return BCUE_CLASS_VEHICLE;
    default:
        return BCUE_CLASS_FURNITURE;
    }
}

/* Nanoseconds since `since` go to a stage; the time now. */
static double lap(const bcue_camera *camera, bcue_trace_stage stage, double since)
{
    if (!camera->clock->on)
        return 0.0;
    double now = bcue_clock_s();
    atomic_fetch_add_explicit(&camera->clock->ns[stage], (uint64_t)(1e9 * (now - since)),
                              memory_order_relaxed);
    return now;
}

static void aim(const bcue_camera *camera, const float *columns, const float *rows, int count,
                bcue_ray_packet *packet)
{
    packet->count = count;
    packet->beam = true;
    for (int i = 0; i < count; i++) {
        bcue_float3 d = pixel_direction(camera, columns[i], rows[i]);
        packet->origin_x[i] = (float)camera->frame.origin.x;
        packet->origin_y[i] = (float)camera->frame.origin.y;
        packet->origin_z[i] = (float)camera->frame.origin.z;
        packet->direction_x[i] = d.x;
        packet->direction_y[i] = d.y;
        packet->direction_z[i] = d.z;
        packet->near[i] = 0.05f;
        packet->far[i] = FAR_M;
    }
}

static void make_points(const bcue_camera *camera, const bcue_ray_packet *packet,
                        bcue_shading_point points[BCUE_RAY_LANES], bool hit[BCUE_RAY_LANES],
                        uint8_t kinds[BCUE_RAY_LANES])
{
    int ground[BCUE_RAY_LANES], on_ground = 0;
    for (int i = 0; i < packet->count; i++) {
        hit[i] = packet->hit_triangle[i] != BCUE_RAY_MISS;
        kinds[i] = BCUE_CLASS_SKY;
        if (!hit[i])
            continue;
        points[i] = make_point(camera, packet, i);
        kinds[i] = class_of(camera, packet, i);
        if (kinds[i] == BCUE_CLASS_GROUND)
            ground[on_ground++] = i;
    }
    if (on_ground > 0 && camera->target == BCUE_RAY_ALL)
        darken_ground(camera, points, ground, on_ground);
}

void bcue_camera_trace(const bcue_camera *camera, const float *columns, const float *rows, int count,
                       bcue_camera_sample *samples)
{
    bcue_ray_packet packet;
    bcue_shading_point points[BCUE_RAY_LANES];
    bool hit[BCUE_RAY_LANES] = {false};
    uint8_t kinds[BCUE_RAY_LANES];
    double since = camera->clock->on ? bcue_clock_s() : 0.0;
    aim(camera, columns, rows, count, &packet);
    bcue_ray_intersect(camera->scene, camera->target, &packet);
    since = lap(camera, BCUE_TRACE_RAYS, since);
    make_points(camera, &packet, points, hit, kinds);
    since = lap(camera, BCUE_TRACE_POINTS, since);
    trace_shadows(camera, points, hit, count);
    since = lap(camera, BCUE_TRACE_SUN, since);
    bcue_lamps_light(&camera->lamps, camera->scene, camera->target, points, hit, count);
    since = lap(camera, BCUE_TRACE_LAMPS, since);
    const bcue_world *world = bcue_ray_scene_world(camera->scene);
    for (int i = 0; i < count; i++) {
        if (hit[i]) {
            samples[i] =
                (bcue_camera_sample){bcue_shade(&camera->light, world, &points[i]), packet.hit_instance[i],
                                     surface_key(camera, &points[i]), points[i].distance, kinds[i]};
        } else {
            bcue_float3 d = {packet.direction_x[i], packet.direction_y[i], packet.direction_z[i]};
            samples[i] = (bcue_camera_sample){bcue_shade_sky(&camera->light, d), BCUE_CAMERA_SKY, 0, FAR_M,
                                              BCUE_CLASS_SKY};
        }
    }
    (void)lap(camera, BCUE_TRACE_SHADING, since);
}
