#include "rays/radio_scene.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "rays/embree_parts.h"

/* The top level holds instances only, so that a frame rebuilds a handful of boxes. */
enum { STREET_INSTANCE = 0, FIRST_VEHICLE_INSTANCE = 1 };

struct bcue_radio_scene {
    const bcue_world *world;
    RTCDevice device;
    RTCScene street, top;
    RTCScene *models; /* one per model of the world; owned */
    bcue_vec3 centre; /* Embree's coordinates are relative to it */
    double clearance_m;
    bcue_instance *instances; /* the placed vehicles; owned */
    size_t count, capacity;
    bcue_placed_surface *surfaces; /* owned */
    size_t surface_count, surface_capacity;
    bcue_placed_wedge *wedges; /* owned */
    size_t wedge_count, wedge_capacity;
};

static RTCScene make_shape_scene(RTCDevice device, const bcue_radio_shape *shape, bcue_vec3 origin)
{
    return bcue_embree_mesh_scene(device, &(bcue_embree_mesh){.vertices = shape->vertices,
                                                              .vertex_count = shape->vertex_count,
                                                              .triangles = shape->triangles,
                                                              .triangle_count = shape->triangle_count,
                                                              .stride = sizeof *shape->triangles,
                                                              .origin = origin});
}

static bcue_vec3 turned(bcue_vec3 v, double cosine, double sine)
{
    return bcue_vec3_make(cosine * v.x - sine * v.y, sine * v.x + cosine * v.y, v.z);
}

/* Append the surfaces and wedges of a shape that stands at `position`, turned by `yaw`. */
static bool place_shape(bcue_radio_scene *scene, const bcue_radio_shape *shape, uint32_t instance,
                        bcue_vec3 position, double yaw)
{
    size_t first = scene->surface_count;
    if (!bcue_grow((void **)&scene->surfaces, &scene->surface_capacity, first + shape->surface_count,
                   sizeof *scene->surfaces) ||
        !bcue_grow((void **)&scene->wedges, &scene->wedge_capacity, scene->wedge_count + shape->wedge_count,
                   sizeof *scene->wedges))
        return false;
    double c = cos(yaw), s = sin(yaw);
    for (size_t i = 0; i < shape->surface_count; i++) {
        const bcue_surface *from = &shape->surfaces[i];
        bcue_vec3 normal = turned(from->normal, c, s);
        scene->surfaces[scene->surface_count++] =
            (bcue_placed_surface){.normal = normal,
                                  .offset = from->offset + bcue_vec3_dot(normal, position),
                                  .centre = bcue_vec3_add(turned(from->centre, c, s), position),
                                  .radius = from->radius,
                                  .two_sided = from->two_sided,
                                  .material = from->material,
                                  .surface = (uint32_t)i,
                                  .instance = instance};
    }
    for (size_t i = 0; i < shape->wedge_count; i++) {
        const bcue_wedge *from = &shape->wedges[i];
        bcue_placed_wedge *to = &scene->wedges[scene->wedge_count++];
        *to = (bcue_placed_wedge){.a = bcue_vec3_add(turned(from->a, c, s), position),
                                  .along = turned(from->along, c, s),
                                  .length_m = from->length_m,
                                  .exterior_angle = from->exterior_angle,
                                  .wedge = (uint32_t)i,
                                  .instance = instance};
        for (int face = 0; face < 2; face++) {
            uint32_t surface = from->surface[face];
            to->normal[face] = turned(from->normal[face], c, s);
            to->surface[face] = surface == BCUE_NO_SURFACE ? BCUE_NO_SURFACE : (uint32_t)(first + surface);
            to->material[face] =
                shape->surfaces[surface == BCUE_NO_SURFACE ? from->surface[0] : surface].material;
        }
    }
    return true;
}

static bcue_status build(bcue_radio_scene *scene, bcue_error *error)
{
    const bcue_world *world = scene->world;
    const bcue_radio_shape *radio = &world->radio;
    scene->device = bcue_embree_device();
    if (!scene->device)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "Embree cannot run on this CPU (error %d)",
                         (int)rtcGetDeviceError(NULL));
    scene->centre = bcue_vec3_scale(bcue_vec3_add(radio->low, radio->high), 0.5);
    double extent = 0.5 * bcue_vec3_norm(bcue_vec3_sub(radio->high, radio->low));
    scene->clearance_m = 1e-6 * fmax(extent, 1.0);
    scene->models = bcue_calloc(world->model_count, sizeof *scene->models);
    if (!scene->models || !place_shape(scene, radio, BCUE_RADIO_STATIC, (bcue_vec3){0}, 0.0))
        return bcue_fail_memory(error, "the radio scene");
    for (size_t m = 0; m < world->model_count; m++) {
        scene->models[m] = make_shape_scene(scene->device, &world->models[m].radio, (bcue_vec3){0});
        if (!scene->models[m])
            return bcue_embree_failure(scene->device, "a vehicle", error);
    }
    scene->street = make_shape_scene(scene->device, radio, scene->centre);
    scene->top = bcue_embree_new_scene(scene->device, RTC_BUILD_QUALITY_MEDIUM);
    if (!scene->street || !scene->top ||
        !bcue_embree_attach(scene->device, scene->top, scene->street, (bcue_vec3){0}, 0.0, STREET_INSTANCE))
        return bcue_embree_failure(scene->device, "the street", error);
    rtcCommitScene(scene->top);
    if (rtcGetDeviceError(scene->device) != RTC_ERROR_NONE)
        return bcue_embree_failure(scene->device, "the scene", error);
    return BCUE_OK;
}

bcue_status bcue_radio_scene_create(const bcue_world *world, bcue_radio_scene **scene, bcue_error *error)
{
    bcue_radio_scene *made = bcue_calloc(1, sizeof *made);
    if (!made)
        return bcue_fail_memory(error, "the radio scene");
    made->world = world;
    bcue_status status = build(made, error);
    if (status != BCUE_OK) {
        bcue_radio_scene_destroy(made);
        return status;
    }
    *scene = made;
    return BCUE_OK;
}

void bcue_radio_scene_destroy(bcue_radio_scene *scene)
{
    if (!scene)
        return;
    if (scene->top)
        rtcReleaseScene(scene->top);
    if (scene->street)
        rtcReleaseScene(scene->street);
    for (size_t m = 0; scene->models && m < scene->world->model_count; m++)
        if (scene->models[m])
            rtcReleaseScene(scene->models[m]);
    if (scene->device)
        rtcReleaseDevice(scene->device);
    free(scene->models);
    free(scene->instances);
    free(scene->surfaces);
    free(scene->wedges);
    free(scene);
}

bcue_status bcue_radio_scene_place(bcue_radio_scene *scene, const bcue_instance *instances, size_t count,
                                   bcue_error *error)
{
    const bcue_world *world = scene->world;
    for (size_t i = 0; i < scene->count; i++)
        rtcDetachGeometry(scene->top, (unsigned)(FIRST_VEHICLE_INSTANCE + i));
    scene->count = 0;
    scene->surface_count = world->radio.surface_count;
    scene->wedge_count = world->radio.wedge_count;
    if (!bcue_grow((void **)&scene->instances, &scene->capacity, count, sizeof *instances))
        return bcue_fail_memory(error, "the placed vehicles");
    for (size_t i = 0; i < count; i++) {
        const bcue_instance *at = &instances[i];
        if (at->model >= world->model_count)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "vehicle %zu has model %u, but the world has %zu", i,
                             at->model, world->model_count);
        if (!place_shape(scene, &world->models[at->model].radio, (uint32_t)i, at->position, at->yaw))
            return bcue_fail_memory(error, "the placed vehicles");
        if (!bcue_embree_attach(scene->device, scene->top, scene->models[at->model],
                                bcue_vec3_sub(at->position, scene->centre), at->yaw,
                                (unsigned)(FIRST_VEHICLE_INSTANCE + i)))
            return bcue_embree_failure(scene->device, "a placed vehicle", error);
        scene->instances[i] = *at;
        scene->count = i + 1;
    }
    rtcCommitScene(scene->top);
    if (rtcGetDeviceError(scene->device) != RTC_ERROR_NONE)
        return bcue_embree_failure(scene->device, "the placed vehicles", error);
    return BCUE_OK;
}

const bcue_world *bcue_radio_scene_world(const bcue_radio_scene *scene)
{
    return scene->world;
}

const bcue_instance *bcue_radio_scene_instances(const bcue_radio_scene *scene, size_t *count)
{
    *count = scene->count;
    return scene->instances;
}

const bcue_placed_surface *bcue_radio_surfaces(const bcue_radio_scene *scene, size_t *count)
{
    *count = scene->surface_count;
    return scene->surfaces;
}

const bcue_placed_wedge *bcue_radio_wedges(const bcue_radio_scene *scene, size_t *count)
{
    *count = scene->wedge_count;
    return scene->wedges;
}

bool bcue_radio_contains(const bcue_radio_scene *scene, size_t index, bcue_vec3 point)
{
    const bcue_placed_surface *s = &scene->surfaces[index];
    if (s->instance == BCUE_RADIO_STATIC)
        return bcue_radio_surface_contains(&scene->world->radio, s->surface, point);
    const bcue_instance *at = &scene->instances[s->instance];
    bcue_vec3 local = turned(bcue_vec3_sub(point, at->position), cos(at->yaw), -sin(at->yaw));
    return bcue_radio_surface_contains(&scene->world->models[at->model].radio, s->surface, local);
}

double bcue_radio_clearance_m(const bcue_radio_scene *scene)
{
    return scene->clearance_m;
}

bool bcue_radio_visible(const bcue_radio_scene *scene, bcue_vec3 a, bcue_vec3 b)
{
    bcue_vec3 along = bcue_vec3_sub(b, a);
    double length = bcue_vec3_norm(along), clearance = scene->clearance_m;
    if (length <= 2.0 * clearance)
        return true;
    bcue_vec3 unit = bcue_vec3_scale(along, 1.0 / length);
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    struct RTCRay ray = {.org_x = (float)(a.x - scene->centre.x),
                         .org_y = (float)(a.y - scene->centre.y),
                         .org_z = (float)(a.z - scene->centre.z),
                         .dir_x = (float)unit.x,
                         .dir_y = (float)unit.y,
                         .dir_z = (float)unit.z,
                         .tnear = (float)clearance,
                         .tfar = (float)(length - clearance),
                         .mask = UINT32_MAX};
    rtcOccluded1(scene->top, &context, &ray);
    return ray.tfar >= 0.0f;
}
