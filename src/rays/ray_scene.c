#include "rays/ray_scene.h"

#include <embree3/rtcore.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"

/* The top level holds instances only, so that a frame rebuilds a handful of boxes: the street, then the
 * vehicles. */
enum { STREET_INSTANCE = 0, FIRST_VEHICLE_INSTANCE = 1 };

#define END_CLEARANCE_M 1e-3

struct bcue_ray_scene {
    const bcue_world *world;
    RTCDevice device;
    RTCScene street;
    RTCScene *models; /* one per model of the world; owned */
    RTCScene top;
    bcue_instance *instances; /* the placed vehicles */
    size_t count, capacity;
};

static bcue_status embree_failure(RTCDevice device, const char *what, bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_MEMORY, "Embree could not build %s (error %d): probably out of memory",
                     what, (int)rtcGetDeviceError(device));
}

/* A triangle geometry with float copies of the mesh; NULL on failure. */
static RTCGeometry make_geometry(RTCDevice device, const bcue_mesh *mesh)
{
    RTCGeometry geometry = rtcNewGeometry(device, RTC_GEOMETRY_TYPE_TRIANGLE);
    if (!geometry)
        return NULL;
    float *vertices = rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3,
                                              3 * sizeof(float), mesh->vertex_count);
    uint32_t *indices = rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3,
                                                3 * sizeof(uint32_t), mesh->triangle_count);
    if (!vertices || !indices) {
        rtcReleaseGeometry(geometry);
        return NULL;
    }
    for (size_t i = 0; i < mesh->vertex_count; i++) {
        vertices[3 * i] = (float)mesh->vertices[i].x;
        vertices[3 * i + 1] = (float)mesh->vertices[i].y;
        vertices[3 * i + 2] = (float)mesh->vertices[i].z;
    }
    for (size_t i = 0; i < mesh->triangle_count; i++)
        memcpy(indices + 3 * i, mesh->triangles[i].vertex, 3 * sizeof *indices);
    rtcCommitGeometry(geometry);
    return geometry;
}

/* Robust mode keeps rays from slipping through the shared edge of two triangles. */
static RTCScene new_scene(RTCDevice device, enum RTCBuildQuality quality)
{
    RTCScene scene = rtcNewScene(device);
    if (scene) {
        rtcSetSceneFlags(scene, RTC_SCENE_FLAG_ROBUST);
        rtcSetSceneBuildQuality(scene, quality);
    }
    return scene;
}

/* A scene of one mesh, committed; NULL on failure. */
static RTCScene make_mesh_scene(RTCDevice device, const bcue_mesh *mesh)
{
    RTCScene scene = new_scene(device, RTC_BUILD_QUALITY_HIGH);
    RTCGeometry geometry = scene ? make_geometry(device, mesh) : NULL;
    if (!geometry) {
        if (scene)
            rtcReleaseScene(scene);
        return NULL;
    }
    rtcAttachGeometry(scene, geometry);
    rtcReleaseGeometry(geometry);
    rtcCommitScene(scene);
    return scene;
}

/* Place `part` in the top level under `id`, turned by `yaw` and moved to `position`. */
static bool attach(bcue_ray_scene *scene, RTCScene part, bcue_vec3 position, double yaw, unsigned id)
{
    RTCGeometry geometry = rtcNewGeometry(scene->device, RTC_GEOMETRY_TYPE_INSTANCE);
    if (!geometry)
        return false;
    float c = (float)cos(yaw), s = (float)sin(yaw);
    const float columns[12] = {
        c, s, 0.0f, -s, c, 0.0f, 0.0f, 0.0f, 1.0f, (float)position.x, (float)position.y, (float)position.z};
    rtcSetGeometryInstancedScene(geometry, part);
    rtcSetGeometryTransform(geometry, 0, RTC_FORMAT_FLOAT3X4_COLUMN_MAJOR, columns);
    rtcCommitGeometry(geometry);
    rtcAttachGeometryByID(scene->top, geometry, id);
    rtcReleaseGeometry(geometry);
    return true;
}

static bcue_status build(bcue_ray_scene *scene, bcue_error *error)
{
    /* One builder thread: the search structure, and with it every tie, is then the same on every machine. */
    scene->device = rtcNewDevice("threads=1,set_affinity=0");
    if (!scene->device)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "Embree cannot run on this CPU (error %d)",
                         (int)rtcGetDeviceError(NULL));
    scene->models = bcue_calloc(scene->world->model_count, sizeof *scene->models);
    if (!scene->models)
        return bcue_fail_memory(error, "the ray scene");
    for (size_t m = 0; m < scene->world->model_count; m++) {
        scene->models[m] = make_mesh_scene(scene->device, &scene->world->models[m].mesh);
        if (!scene->models[m])
            return embree_failure(scene->device, "a vehicle", error);
    }
    scene->street = make_mesh_scene(scene->device, &scene->world->statics);
    scene->top = new_scene(scene->device, RTC_BUILD_QUALITY_MEDIUM);
    if (!scene->street || !scene->top || !attach(scene, scene->street, (bcue_vec3){0}, 0.0, STREET_INSTANCE))
        return embree_failure(scene->device, "the street", error);
    rtcCommitScene(scene->top);
    if (rtcGetDeviceError(scene->device) != RTC_ERROR_NONE)
        return embree_failure(scene->device, "the scene", error);
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
    if (scene->top)
        rtcReleaseScene(scene->top);
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
        rtcDetachGeometry(scene->top, (unsigned)(FIRST_VEHICLE_INSTANCE + i));
    scene->count = 0;
    if (!bcue_grow((void **)&scene->instances, &scene->capacity, count, sizeof *instances))
        return bcue_fail_memory(error, "the placed vehicles");
    for (size_t i = 0; i < count; i++) {
        if (!attach(scene, scene->models[instances[i].model], instances[i].position, instances[i].yaw,
                    (unsigned)(FIRST_VEHICLE_INSTANCE + i)))
            return embree_failure(scene->device, "a placed vehicle", error);
        scene->instances[i] = instances[i];
        scene->count = i + 1;
    }
    rtcCommitScene(scene->top);
    if (rtcGetDeviceError(scene->device) != RTC_ERROR_NONE)
        return embree_failure(scene->device, "the placed vehicles", error);
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

bool bcue_ray_visible(const bcue_ray_scene *scene, bcue_vec3 a, bcue_vec3 b)
{
    bcue_vec3 along = bcue_vec3_sub(b, a);
    double length = bcue_vec3_norm(along);
    if (length <= 2.0 * END_CLEARANCE_M)
        return true;
    bcue_vec3 unit = bcue_vec3_scale(along, 1.0 / length);
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    struct RTCRay ray = {.org_x = (float)a.x,
                         .org_y = (float)a.y,
                         .org_z = (float)a.z,
                         .dir_x = (float)unit.x,
                         .dir_y = (float)unit.y,
                         .dir_z = (float)unit.z,
                         .tnear = (float)END_CLEARANCE_M,
                         .tfar = (float)(length - END_CLEARANCE_M),
                         .mask = UINT32_MAX};
    rtcOccluded1(scene->top, &context, &ray);
    return ray.tfar >= 0.0f;
}

/* Embree reads 16 lanes; the mask says which of them count. RTC_INTERSECT_CONTEXT_FLAG_COHERENT is never set:
   Embree 3.13's coherent traversal does not end on packets of parallel shadow rays. */
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
}

static RTCScene scene_of(const bcue_ray_scene *scene, bcue_ray_target target)
{
    return target == BCUE_RAY_STREET_ONLY ? scene->street : scene->top;
}

void bcue_ray_intersect(const bcue_ray_scene *scene, bcue_ray_target target, bcue_ray_packet *packet)
{
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    _Alignas(64) struct RTCRayHit16 rays;
    _Alignas(64) int valid[BCUE_RAY_LANES];
    load(packet, &rays.ray, valid);
    memset(rays.hit.geomID, 0xff, sizeof rays.hit.geomID);
    memset(rays.hit.instID[0], 0xff, sizeof rays.hit.instID[0]);
    rtcIntersect16(valid, scene_of(scene, target), &context, &rays);
    for (int i = 0; i < packet->count; i++) {
        bool hit = rays.hit.geomID[i] != RTC_INVALID_GEOMETRY_ID;
        bool on_vehicle = hit && target == BCUE_RAY_ALL && rays.hit.instID[0][i] != STREET_INSTANCE;
        packet->far[i] = rays.ray.tfar[i];
        packet->hit_triangle[i] = hit ? rays.hit.primID[i] : BCUE_RAY_MISS;
        packet->hit_instance[i] =
            on_vehicle ? rays.hit.instID[0][i] - FIRST_VEHICLE_INSTANCE : BCUE_RAY_STATIC;
    }
}

void bcue_ray_occluded(const bcue_ray_scene *scene, bcue_ray_target target, const bcue_ray_packet *packet,
                       bool blocked[BCUE_RAY_LANES])
{
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    _Alignas(64) struct RTCRay16 rays;
    _Alignas(64) int valid[BCUE_RAY_LANES];
    load(packet, &rays, valid);
    rtcOccluded16(valid, scene_of(scene, target), &context, &rays);
    for (int i = 0; i < packet->count; i++)
        blocked[i] = rays.tfar[i] < 0.0f;
}
