#include "rays/paths.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

/* The point of specular reflection on a facet: where the segment from the transmitter's mirror image to the
   receiver crosses it. False when both ends do not lie in front of it or the crossing falls outside. */
static bool reflect(const bcue_facet *facet, bcue_vec3 transmitter, bcue_vec3 receiver, bcue_vec3 *point)
{
    double height_t = bcue_vec3_dot(bcue_vec3_sub(transmitter, facet->corner), facet->normal);
    double height_r = bcue_vec3_dot(bcue_vec3_sub(receiver, facet->corner), facet->normal);
    if (!(height_t > 0.0 && height_r > 0.0))
        return false;
    bcue_vec3 image = bcue_vec3_sub(transmitter, bcue_vec3_scale(facet->normal, 2.0 * height_t));
    double share = height_t / (height_t + height_r);
    *point = bcue_vec3_add(image, bcue_vec3_scale(bcue_vec3_sub(receiver, image), share));
    bcue_vec3 inside = bcue_vec3_sub(*point, facet->corner);
    double u = bcue_vec3_dot(inside, facet->edge_u) / bcue_vec3_dot(facet->edge_u, facet->edge_u);
    double v = bcue_vec3_dot(inside, facet->edge_v) / bcue_vec3_dot(facet->edge_v, facet->edge_v);
    return u >= 0.0 && u <= 1.0 && v >= 0.0 && v <= 1.0;
}

static bool add(bcue_path_list *list, const bcue_path *path)
{
    if (!bcue_grow((void **)&list->paths, &list->capacity, list->count + 1, sizeof *path))
        return false;
    list->paths[list->count++] = *path;
    return true;
}

bcue_status bcue_paths_find(const bcue_ray_scene *scene, bcue_vec3 transmitter, bcue_vec3 receiver,
                            int max_order, bcue_path_list *list, bcue_error *error)
{
    if (max_order < 0 || max_order > BCUE_PATH_MAX_ORDER)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "paths are found up to %d reflection(s), not %d",
                         (int)BCUE_PATH_MAX_ORDER, max_order);
    const bcue_world *world = bcue_ray_scene_world(scene);
    list->count = 0;
    bcue_vec3 direct = bcue_vec3_sub(receiver, transmitter);
    if (bcue_ray_visible(scene, transmitter, receiver)) {
        bcue_path path = {.length_m = bcue_vec3_norm(direct), .departure = bcue_vec3_unit(direct)};
        path.arrival = bcue_vec3_scale(path.departure, -1.0);
        if (!add(list, &path))
            return bcue_fail_memory(error, "the propagation paths");
    }
    for (size_t f = 0; max_order >= 1 && f < world->facet_count; f++) {
        const bcue_facet *facet = &world->facets[f];
        bcue_vec3 point;
        if (!reflect(facet, transmitter, receiver, &point) || !bcue_ray_visible(scene, transmitter, point) ||
            !bcue_ray_visible(scene, point, receiver))
            continue;
        bcue_vec3 first = bcue_vec3_sub(point, transmitter), second = bcue_vec3_sub(point, receiver);
        bcue_path path = {.order = 1,
                          .length_m = bcue_vec3_norm(first) + bcue_vec3_norm(second),
                          .departure = bcue_vec3_unit(first),
                          .arrival = bcue_vec3_unit(second)};
        path.points[0] = point;
        path.normals[0] = facet->normal;
        path.materials[0] = facet->material;
        path.facets[0] = f;
        if (!add(list, &path))
            return bcue_fail_memory(error, "the propagation paths");
    }
    return BCUE_OK;
}

void bcue_path_list_free(bcue_path_list *list)
{
    free(list->paths);
    *list = (bcue_path_list){0};
}
