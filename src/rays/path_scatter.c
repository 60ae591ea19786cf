/* Paths by way of one scattering patch. */
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "rays/path_search.h"

/* A bound on the amplitude times 4 pi / wavelength: no lobe is above (alpha + 1) / 2 pi (an exponent's lobe
   whose axis lies in the surface, so that half of it is cut off) or 1 / pi, and no more is scattered than
   arrives. */
static double strength_of(const bcue_search *s, const bcue_placed_surface *surface, double area_m2)
{
    const bcue_world *world = bcue_radio_scene_world(s->scene);
    const bcue_radio_material *material = &bcue_world_material(world, surface->material)->radio;
    double peak = material->lobe == BCUE_LOBE_DIRECTIVE ? (material->lobe_exponent + 1.0) / 2.0 : 1.0;
    return sqrt(peak / BCUE_PI * area_m2);
}

static bool add_patches(bcue_search *s, const bcue_patch_list *list, size_t first_surface, bcue_vec3 position,
                        double yaw)
{
    double c = cos(yaw), sine = sin(yaw);
    if (!bcue_grow((void **)&s->patches, &s->patch_capacity, s->patch_count + list->count,
                   sizeof *s->patches))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        const bcue_patch *from = &list->all[i];
        bcue_placed_patch *to = &s->patches[s->patch_count++];
        *to = (bcue_placed_patch){.surface = (uint32_t)(first_surface + from->surface),
                                  .patch = (uint32_t)i,
                                  .area_m2 = from->area_m2};
        to->centre = bcue_vec3_make(c * from->centre.x - sine * from->centre.y + position.x,
                                    sine * from->centre.x + c * from->centre.y + position.y,
                                    from->centre.z + position.z);
        to->strength = strength_of(s, &s->surfaces[to->surface], from->area_m2);
    }
    return true;
}

static bcue_vec3 normal_towards(const bcue_placed_surface *at, bcue_vec3 end)
{
    bool front = bcue_vec3_dot(at->normal, end) > at->offset;
    return front ? at->normal : bcue_vec3_scale(at->normal, -1.0);
}

/* What of the patch the transmitter sees; where waves pass walls that is left to the receivers. */
static void light(void *context, size_t i)
{
    bcue_search *s = context;
    bcue_placed_patch *patch = &s->patches[i];
    const bcue_placed_surface *at = &s->surfaces[patch->surface];
    patch->lit = !s->hidden[patch->surface] && bcue_surface_faces(at, s->transmitter);
    if (!patch->lit || s->options->max_transmissions > 0)
        return;
    bcue_vec3 lift = bcue_vec3_scale(normal_towards(at, s->transmitter), s->clearance_m);
    patch->lit = bcue_radio_visible(s->scene, s->transmitter, bcue_vec3_add(patch->centre, lift));
}

bcue_status bcue_scatter_make(bcue_search *s, bcue_error *error)
{
    const bcue_patch_set *set = s->options->patches;
    if (!set)
        return BCUE_OK;
    size_t count, next = bcue_radio_scene_world(s->scene)->radio.surface_count;
    const bcue_instance *at = bcue_radio_scene_instances(s->scene, &count);
    bool ok = (s->hidden || bcue_hidden_make(s)) &&
              add_patches(s, bcue_patches_of_street(set), 0, (bcue_vec3){0}, 0.0);
    for (size_t i = 0; ok && i < count; i++) {
        ok = add_patches(s, bcue_patches_of_model(set, at[i].model), next, at[i].position, at[i].yaw);
        next += bcue_radio_scene_world(s->scene)->models[at[i].model].radio.surface_count;
    }
    if (!ok)
        return bcue_fail_memory(error, "the patches that scatter");
    bcue_parallel_for(s->patch_count, 64, light, s);
    return BCUE_OK;
}

bool bcue_scatter_find(const bcue_search *s, bcue_vec3 receiver, bcue_path_list *list)
{
    for (size_t i = 0; i < s->patch_count; i++) {
        const bcue_placed_patch *patch = &s->patches[i];
        if (!patch->lit)
            continue;
        const bcue_placed_surface *at = &s->surfaces[patch->surface];
        bcue_vec3 normal = normal_towards(at, s->transmitter);
        if (!(bcue_vec3_dot(normal, bcue_vec3_sub(receiver, patch->centre)) > 0.0))
            continue;
        double before = bcue_vec3_norm(bcue_vec3_sub(patch->centre, s->transmitter)),
               after = bcue_vec3_norm(bcue_vec3_sub(receiver, patch->centre));
        if (patch->strength < s->least * before * after)
            continue;
        bcue_step step = {BCUE_SCATTERING, (uint32_t)i, patch->centre, {normal, normal}};
        if (!bcue_path_emit(s, receiver, &step, 1, list))
            return false;
    }
    return true;
}
