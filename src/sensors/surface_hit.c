#include "sensors/surface_hit.h"

#include <math.h>

static double mean_of(const float rgb[3])
{
    return ((double)rgb[0] + (double)rgb[1] + (double)rgb[2]) / 3.0;
}

static double cosine_of(const bcue_mesh *mesh, const bcue_triangle *triangle, bcue_vec3 direction)
{
    bcue_vec3 a = mesh->vertices[triangle->vertex[0]];
    bcue_vec3 normal = bcue_vec3_unit(bcue_vec3_cross(bcue_vec3_sub(mesh->vertices[triangle->vertex[1]], a),
                                                      bcue_vec3_sub(mesh->vertices[triangle->vertex[2]], a)));
    return fmin(fabs(bcue_vec3_dot(normal, bcue_vec3_unit(direction))), 1.0);
}

bcue_surface_hit bcue_surface_hit_of(const bcue_ray_scene *scene, const bcue_ray_packet *packet, int i)
{
    const bcue_world *world = bcue_ray_scene_world(scene);
    bcue_vec3 direction = {(double)packet->direction_x[i], (double)packet->direction_y[i],
                           (double)packet->direction_z[i]};
    bcue_surface_hit hit = {.kind = BCUE_OBJECT_OTHER};
    const bcue_mesh *mesh = &world->statics;
    const float *tint = NULL;
    if (packet->hit_instance[i] == BCUE_RAY_STATIC) {
        const bcue_object *object = &world->objects[mesh->triangles[packet->hit_triangle[i]].object];
        hit.kind = object->kind;
        tint = object->tint;
    } else {
        size_t count;
        const bcue_instance *instance = &bcue_ray_scene_instances(scene, &count)[packet->hit_instance[i]];
        /* The ray seen from the vehicle. */
        double c = cos(instance->yaw), s = sin(instance->yaw);
        direction =
            bcue_vec3_make(c * direction.x + s * direction.y, c * direction.y - s * direction.x, direction.z);
        mesh = &world->models[instance->model].mesh;
        tint = instance->paint;
        hit.velocity_mps = instance->velocity_mps;
    }
    const bcue_triangle *triangle = &mesh->triangles[packet->hit_triangle[i]];
    hit.material = bcue_world_material(world, triangle->material);
    hit.cosine = cosine_of(mesh, triangle, direction);
    hit.reflectivity = mean_of(hit.material->albedo) * (hit.material->tinted ? mean_of(tint) : 1.0);
    hit.reflectivity = fmin(fmax(hit.reflectivity, 0.0), 1.0);
    hit.gloss = (double)hit.material->gloss;
    return hit;
}
