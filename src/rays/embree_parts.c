#include "rays/embree_parts.h"

#include <stdio.h>
#include <string.h>
#include "base/fail.h"
#include "rays/ray_scene.h"

static const char *pinned_isa = "";

void bcue_rays_pin_isa(const char *isa)
{
    pinned_isa = isa ? isa : "";
}

RTCDevice bcue_embree_device(void)
{
    char options[96];
    snprintf(options, sizeof options, "threads=1,set_affinity=0%s%s", pinned_isa[0] ? ",isa=" : "",
             pinned_isa);
    return rtcNewDevice(options);
}

RTCScene bcue_embree_new_scene(RTCDevice device, enum RTCBuildQuality quality)
{
    RTCScene scene = rtcNewScene(device);
    if (scene) {
        rtcSetSceneFlags(scene, RTC_SCENE_FLAG_ROBUST);
        rtcSetSceneBuildQuality(scene, quality);
    }
    return scene;
}

/* A triangle geometry with float copies of the mesh; NULL on failure. */
static RTCGeometry make_geometry(RTCDevice device, const bcue_embree_mesh *mesh)
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
        vertices[3 * i] = (float)(mesh->vertices[i].x - mesh->origin.x);
        vertices[3 * i + 1] = (float)(mesh->vertices[i].y - mesh->origin.y);
        vertices[3 * i + 2] = (float)(mesh->vertices[i].z - mesh->origin.z);
    }
    const char *triangle = mesh->triangles;
    for (size_t i = 0; i < mesh->triangle_count; i++)
        memcpy(indices + 3 * i, triangle + i * mesh->stride, 3 * sizeof *indices);
    rtcCommitGeometry(geometry);
    return geometry;
}

RTCScene bcue_embree_mesh_scene(RTCDevice device, const bcue_embree_mesh *mesh)
{
    RTCScene scene = bcue_embree_new_scene(device, RTC_BUILD_QUALITY_HIGH);
    RTCGeometry geometry = scene && mesh->triangle_count > 0 ? make_geometry(device, mesh) : NULL;
    if (scene && mesh->triangle_count > 0 && !geometry) {
        rtcReleaseScene(scene);
        return NULL;
    }
    if (geometry) {
        rtcAttachGeometry(scene, geometry);
        rtcReleaseGeometry(geometry);
    }
    if (scene)
        rtcCommitScene(scene);
    return scene;
}

bool bcue_embree_attach(RTCDevice device, RTCScene top, RTCScene part, bcue_vec3 position, double yaw,
                        unsigned id)
{
    RTCGeometry geometry = rtcNewGeometry(device, RTC_GEOMETRY_TYPE_INSTANCE);
    if (!geometry)
        return false;
    float c = (float)cos(yaw), s = (float)sin(yaw);
    const float columns[12] = {
        c, s, 0.0f, -s, c, 0.0f, 0.0f, 0.0f, 1.0f, (float)position.x, (float)position.y, (float)position.z};
    rtcSetGeometryInstancedScene(geometry, part);
    rtcSetGeometryTransform(geometry, 0, RTC_FORMAT_FLOAT3X4_COLUMN_MAJOR, columns);
    rtcCommitGeometry(geometry);
    rtcAttachGeometryByID(top, geometry, id);
    rtcReleaseGeometry(geometry);
    return true;
}

bcue_status bcue_embree_failure(RTCDevice device, const char *what, bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_MEMORY, "Embree could not build %s (error %d): probably out of memory",
                     what, (int)rtcGetDeviceError(device));
}
