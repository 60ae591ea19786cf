#include "rays/patches.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

enum { MOST_HALVINGS = 40 };

struct bcue_patch_set {
    bcue_patch_list street, *models;
    size_t model_count;
};

static bool divide(bcue_patch_list *list, const bcue_vec3 corner[3], uint32_t surface, double patch_m,
                   int depth)
{
    int longest = 0;
    double most = -1.0;
    for (int k = 0; k < 3; k++) {
        double length = bcue_vec3_norm(bcue_vec3_sub(corner[(k + 1) % 3], corner[k]));
        if (length > most) {
            most = length;
            longest = k;
        }
    }
    bcue_vec3 a = corner[longest], b = corner[(longest + 1) % 3], c = corner[(longest + 2) % 3];
    if (most > patch_m && depth < MOST_HALVINGS) {
        bcue_vec3 middle = bcue_vec3_scale(bcue_vec3_add(a, b), 0.5);
        const bcue_vec3 left[3] = {a, middle, c}, right[3] = {middle, b, c};
        return divide(list, left, surface, patch_m, depth + 1) &&
               divide(list, right, surface, patch_m, depth + 1);
    }
    if (list->count >= UINT32_MAX ||
        !bcue_grow((void **)&list->all, &list->capacity, list->count + 1, sizeof *list->all))
        return false;
    bcue_vec3 cross = bcue_vec3_cross(bcue_vec3_sub(b, a), bcue_vec3_sub(c, a));
    list->all[list->count++] =
        (bcue_patch){.centre = bcue_vec3_scale(bcue_vec3_add(a, bcue_vec3_add(b, c)), 1.0 / 3.0),
                     .area_m2 = 0.5 * bcue_vec3_norm(cross),
                     .surface = surface};
    return true;
}

static bool divide_shape(const bcue_world *world, const bcue_radio_shape *shape, double patch_m,
                         bcue_patch_list *list)
{
    for (size_t i = 0; i < shape->triangle_count; i++) {
        const bcue_radio_triangle *t = &shape->triangles[i];
        const bcue_radio_material *material =
            &bcue_world_material(world, shape->surfaces[t->surface].material)->radio;
        if (!(material->scattering > 0.0) && !(material->roughness_m > 0.0))
            continue;
        const bcue_vec3 corner[3] = {shape->vertices[t->vertex[0]], shape->vertices[t->vertex[1]],
                                     shape->vertices[t->vertex[2]]};
        if (!divide(list, corner, t->surface, patch_m, 0))
            return false;
    }
    return true;
}

bcue_status bcue_patch_set_create(const bcue_world *world, double patch_m, bcue_patch_set **set,
                                  bcue_error *error)
{
    if (!(patch_m >= 0.05))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "patches that scatter are at least 0.05 m wide, not %g",
                         patch_m);
    bcue_patch_set *made = bcue_calloc(1, sizeof *made);
    bool ok = made != NULL;
    if (ok) {
        made->models = bcue_calloc(world->model_count, sizeof *made->models);
        ok = made->models && divide_shape(world, &world->radio, patch_m, &made->street);
        made->model_count = made->models ? world->model_count : 0;
    }
    for (size_t m = 0; ok && m < world->model_count; m++)
        ok = divide_shape(world, &world->models[m].radio, patch_m, &made->models[m]);
    if (!ok) {
        bcue_patch_set_destroy(made);
        return bcue_fail_memory(error, "the patches that scatter");
    }
    *set = made;
    return BCUE_OK;
}

void bcue_patch_set_destroy(bcue_patch_set *set)
{
    if (!set)
        return;
    free(set->street.all);
    for (size_t m = 0; m < set->model_count; m++)
        free(set->models[m].all);
    free(set->models);
    free(set);
}

const bcue_patch_list *bcue_patches_of_street(const bcue_patch_set *set)
{
    return &set->street;
}

const bcue_patch_list *bcue_patches_of_model(const bcue_patch_set *set, size_t model)
{
    return &set->models[model];
}
