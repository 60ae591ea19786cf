#include "rays/ray_scene.h"

#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "rays/embree_parts.h"

/* The street is asked first and by itself, then the vehicles, whose scene holds instances only: a frame
   rebuilds a handful of boxes, and most rays meet no box of a vehicle at all. */

struct bcue_ray_scene {
    const bcue_world *world;
    RTCDevice device;
    RTCScene street;
    RTCScene *models;         /* one per model of the world; owned */
    RTCScene vehicles;        /* instance i is instances[i] */
    bcue_instance *instances; /* the placed vehicles */
    size_t count, capacity;
};

static RTCScene make_mesh_scene(RTCDevice device, const bcue_mesh *mesh)
{
    return bcue_embree_mesh_scene(device, &(bcue_embree_mesh){.vertices = mesh->vertices,
                                                              .vertex_count = mesh->vertex_count,
                                                              .triangles = mesh->triangles,
                                                              .triangle_count = mesh->triangle_count,
                                                              .stride = sizeof *mesh->triangles});
}

static bcue_status build(bcue_ray_scene *scene, bcue_error *error)
{
    scene->device = bcue_embree_device();
    if (!scene->device)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "Embree cannot run on this CPU (error %d)",
                         (int)rtcGetDeviceError(NULL));
    scene->models = bcue_calloc(scene->world->model_count, sizeof *scene->models);
    if (!scene->models)
        return bcue_fail_memory(error, "the ray scene");
    for (size_t m = 0; m < scene->world->model_count; m++) {
        scene->models[m] = make_mesh_scene(scene->device, &scene->world->models[m].mesh);
        if (!scene->models[m])
            return bcue_embree_failure(scene->device, "a vehicle", error);
    }
    scene->street = make_mesh_scene(scene->device, &scene->world->statics);
    scene->vehicles = bcue_embree_new_scene(scene->device, RTC_BUILD_QUALITY_MEDIUM);
    if (!scene->street || !scene->vehicles)
        return bcue_embree_failure(scene->device, "the street", error);
    rtcCommitScene(scene->vehicles);
    if (rtcGetDeviceError(scene->device) != RTC_ERROR_NONE)
        return bcue_embree_failure(scene->device, "the scene", error);
    return BCUE_OK;
}

bcue_status bcue_ray_scene_create(const bcue_world *world, bcue_ray_scene **scene, bcue_error *error)
{
    bcue_ray_scene *made = bcue_calloc(1, sizeof *made);
    if (!made)
        return bcue_fail_memory(error, "the ray scene");
    made->world = world;
    bcue_status status = build(made, error);
    if (status != BCUE_OK) {
        bcue_ray_scene_destroy(made);
        return status;
    }
    *scene = made;
    return BCUE_OK;
}

void bcue_ray_scene_destroy(bcue_ray_scene *scene)
{
    if (!scene)
        return;
    if (scene->vehicles)
        rtcReleaseScene(scene->vehicles);
    if (scene->street)
        rtcReleaseScene(scene->street);
    for (size_t m = 0; scene->models && m < scene->world->model_count; m++)
        if (scene->models[m])
            rtcReleaseScene(scene->models[m]);
    free(scene->models);
    if (scene->device)
        rtcReleaseDevice(scene->device);
    free(scene->instances);
    free(scene);
}

bcue_status bcue_ray_scene_place(bcue_ray_scene *scene, const bcue_instance *instances, size_t count,
                                 bcue_error *error)
{
    for (size_t i = 0; i < scene->count; i++)
        rtcDetachGeometry(scene->vehicles, (unsigned)i);
    scene->count = 0;
    if (!bcue_grow((void **)&scene->instances, &scene->capacity, count, sizeof *instances))
        return bcue_fail_memory(error, "the placed vehicles");
    for (size_t i = 0; i < count; i++) {
        if (!bcue_embree_attach(scene->device, scene->vehicles, scene->models[instances[i].model],
                                instances[i].position, instances[i].yaw, (unsigned)i))
            return bcue_embree_failure(scene->device, "a placed vehicle", error);
        scene->instances[i] = instances[i];
        scene->count = i + 1;
    }
    rtcCommitScene(scene->vehicles);
    if (rtcGetDeviceError(scene->device) != RTC_ERROR_NONE)
        return bcue_embree_failure(scene->device, "the placed vehicles", error);
    return BCUE_OK;
}

const bcue_world *bcue_ray_scene_world(const bcue_ray_scene *scene)
{
    return scene->world;
}

const bcue_instance *bcue_ray_scene_instances(const bcue_ray_scene *scene, size_t *count)
{
    *count = scene->count;
    return scene->instances;
}

/* Embree reads 16 lanes; the mask says which of them count. The others have to be rays as well: where it
   splits the packet (no AVX-512, or isa pinned to less), its own checks stop the program at a NAN or infinity
   in them. */
static void load(const bcue_ray_packet *packet, struct RTCRay16 *rays, int valid[BCUE_RAY_LANES])
{
    memcpy(rays->org_x, packet->origin_x, sizeof rays->org_x);
    memcpy(rays->org_y, packet->origin_y, sizeof rays->org_y);
    memcpy(rays->org_z, packet->origin_z, sizeof rays->org_z);
    memcpy(rays->dir_x, packet->direction_x, sizeof rays->dir_x);
    memcpy(rays->dir_y, packet->direction_y, sizeof rays->dir_y);
    memcpy(rays->dir_z, packet->direction_z, sizeof rays->dir_z);
    memcpy(rays->tnear, packet->near, sizeof rays->tnear);
    memcpy(rays->tfar, packet->far, sizeof rays->tfar);
    for (int i = 0; i < BCUE_RAY_LANES; i++) {
        rays->time[i] = 0.0f;
        rays->mask[i] = UINT32_MAX;
        rays->id[i] = 0;
        rays->flags[i] = 0;
        valid[i] = i < packet->count ? -1 : 0;
    }
    for (int i = packet->count; i < BCUE_RAY_LANES; i++) {
        rays->org_x[i] = rays->org_y[i] = rays->org_z[i] = 0.0f;
        rays->dir_x[i] = rays->dir_y[i] = rays->tnear[i] = rays->tfar[i] = 0.0f;
        rays->dir_z[i] = 1.0f;
    }
}

static bool with_vehicles(const bcue_ray_scene *scene, bcue_ray_target target)
{
    return target == BCUE_RAY_ALL && scene->count > 0;
}

/* The nearest hits. Embree 3.13's coherent traversal is for this query alone: that of rtcOccluded16 does not
   end for some packets (seen with shadow rays, parallel or from one lamp). */
static void nearest(const bcue_ray_scene *scene, bcue_ray_target target, const bcue_ray_packet *packet,
                    struct RTCRayHit16 *rays)
{
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    context.flags =
        packet->beam ? RTC_INTERSECT_CONTEXT_FLAG_COHERENT : RTC_INTERSECT_CONTEXT_FLAG_INCOHERENT;
    _Alignas(64) int valid[BCUE_RAY_LANES];
    load(packet, &rays->ray, valid);
    memset(rays->hit.geomID, 0xff, sizeof rays->hit.geomID);
    memset(rays->hit.instID[0], 0xff, sizeof rays->hit.instID[0]);
    rtcIntersect16(valid, scene->street, &context, rays);
    /* A vehicle counts where it is nearer: the rays now end at the street. */
    if (with_vehicles(scene, target))
        rtcIntersect16(valid, scene->vehicles, &context, rays);
}

void bcue_ray_intersect(const bcue_ray_scene *scene, bcue_ray_target target, bcue_ray_packet *packet)
{
    _Alignas(64) struct RTCRayHit16 rays;
    nearest(scene, target, packet, &rays);
    for (int i = 0; i < packet->count; i++) {
        bool hit = rays.hit.geomID[i] != RTC_INVALID_GEOMETRY_ID;
        packet->far[i] = rays.ray.tfar[i];
        packet->hit_triangle[i] = hit ? rays.hit.primID[i] : BCUE_RAY_MISS;
        packet->hit_instance[i] =
            rays.hit.instID[0][i] != RTC_INVALID_GEOMETRY_ID ? rays.hit.instID[0][i] : BCUE_RAY_STATIC;
    }
}

void bcue_ray_occluded(const bcue_ray_scene *scene, bcue_ray_target target, const bcue_ray_packet *packet,
                       bool blocked[BCUE_RAY_LANES])
{
    if (packet->beam) { /* the nearest hits of a beam take less time than any hits of single rays */
        _Alignas(64) struct RTCRayHit16 hits;
        nearest(scene, target, packet, &hits);
        for (int i = 0; i < packet->count; i++)
            blocked[i] = hits.hit.geomID[i] != RTC_INVALID_GEOMETRY_ID;
        return;
    }
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    _Alignas(64) struct RTCRay16 rays;
    _Alignas(64) int valid[BCUE_RAY_LANES];
    load(packet, &rays, valid);
    /* The fewer triangles first: rays that a vehicle stops need not ask the street (their tfar is negative).
     */
    if (with_vehicles(scene, target))
        rtcOccluded16(valid, scene->vehicles, &context, &rays);
    rtcOccluded16(valid, scene->street, &context, &rays);
    for (int i = 0; i < packet->count; i++)
        blocked[i] = rays.tfar[i] < 0.0f;
}
