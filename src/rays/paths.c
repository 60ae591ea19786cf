#include "rays/paths.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"

typedef struct search {
    const bcue_radio_scene *scene;
    bcue_vec3 transmitter;
    const bcue_vec3 *receivers;
    const bcue_path_options *options;
    bcue_path_list *lists;
    bool *failed; /* per receiver: out of memory */
} search;

static bcue_path *add(bcue_path_list *list)
{
    if (!bcue_grow((void **)&list->paths, &list->capacity, list->count + 1, sizeof *list->paths))
        return NULL;
    return &list->paths[list->count++];
}

/* The point of specular reflection on a surface, where the segment from the transmitter's mirror image to the
   receiver crosses it. False when the ends do not lie on the same side or the crossing falls outside. */
static bool reflect(const bcue_radio_scene *scene, size_t index, const bcue_placed_surface *surface,
                    bcue_vec3 transmitter, bcue_vec3 receiver, bcue_vec3 *point)
{
    double height_t = bcue_vec3_dot(transmitter, surface->normal) - surface->offset;
    double height_r = bcue_vec3_dot(receiver, surface->normal) - surface->offset;
    if (!(height_t * height_r > 0.0) || (height_t < 0.0 && !surface->two_sided))
        return false;
    bcue_vec3 image = bcue_vec3_sub(transmitter, bcue_vec3_scale(surface->normal, 2.0 * height_t));
    double share = height_t / (height_t + height_r);
    *point = bcue_vec3_add(image, bcue_vec3_scale(bcue_vec3_sub(receiver, image), share));
    return bcue_radio_contains(scene, index, *point);
}

static bool find_reflection(const search *s, size_t index, const bcue_placed_surface *surface,
                            bcue_vec3 receiver, bcue_path_list *list)
{
    bcue_vec3 point;
    if (!reflect(s->scene, index, surface, s->transmitter, receiver, &point))
        return true;
    double height = bcue_vec3_dot(s->transmitter, surface->normal) - surface->offset;
    bcue_vec3 normal = height > 0.0 ? surface->normal : bcue_vec3_scale(surface->normal, -1.0);
    bcue_vec3 lifted = bcue_vec3_add(point, bcue_vec3_scale(normal, bcue_radio_clearance_m(s->scene)));
    if (!bcue_radio_visible(s->scene, s->transmitter, lifted) ||
        !bcue_radio_visible(s->scene, lifted, receiver))
        return true;
    size_t count;
    const bcue_instance *instances = bcue_radio_scene_instances(s->scene, &count);
    bcue_vec3 first = bcue_vec3_sub(point, s->transmitter), second = bcue_vec3_sub(point, receiver);
    bcue_path *path = add(list);
    if (!path)
        return false;
    *path = (bcue_path){.count = 1,
                        .length_m = bcue_vec3_norm(first) + bcue_vec3_norm(second),
                        .transmitter = s->transmitter,
                        .receiver = receiver,
                        .departure = bcue_vec3_unit(first),
                        .arrival = bcue_vec3_unit(second)};
    path->at[0] = (bcue_interaction){.kind = BCUE_REFLECTION,
                                     .point = point,
                                     .normal = normal,
                                     .material = surface->material,
                                     .material_n = surface->material,
                                     .surface = surface->surface,
                                     .instance = surface->instance};
    if (surface->instance != BCUE_RADIO_STATIC)
        path->at[0].velocity_mps = instances[surface->instance].velocity_mps;
    return true;
}

static bool find_direct(const search *s, bcue_vec3 receiver, bcue_path_list *list)
{
    if (!bcue_radio_visible(s->scene, s->transmitter, receiver))
        return true;
    bcue_path *path = add(list);
    if (!path)
        return false;
    bcue_vec3 direct = bcue_vec3_sub(receiver, s->transmitter);
    *path = (bcue_path){.length_m = bcue_vec3_norm(direct),
                        .transmitter = s->transmitter,
                        .receiver = receiver,
                        .departure = bcue_vec3_unit(direct)};
    path->arrival = bcue_vec3_scale(path->departure, -1.0);
    return true;
}

static void find_for_receiver(void *context, size_t r)
{
    const search *s = context;
    bcue_path_list *list = &s->lists[r];
    list->count = 0;
    bool ok = find_direct(s, s->receivers[r], list);
    size_t count;
    const bcue_placed_surface *surfaces = bcue_radio_surfaces(s->scene, &count);
    for (size_t i = 0; ok && s->options->max_reflections >= 1 && i < count; i++)
        ok = find_reflection(s, i, &surfaces[i], s->receivers[r], list);
    s->failed[r] = !ok;
}

bcue_status bcue_paths_find(const bcue_radio_scene *scene, bcue_vec3 transmitter, const bcue_vec3 *receivers,
                            size_t receiver_count, const bcue_path_options *options, bcue_path_list *lists,
                            bcue_error *error)
{
    if (options->max_reflections < 0 || options->max_reflections > 1)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "paths are found up to 1 reflection, not %d",
                         options->max_reflections);
    bool *failed = bcue_calloc(receiver_count, sizeof *failed);
    if (!failed)
        return bcue_fail_memory(error, "the propagation paths");
    search s = {scene, transmitter, receivers, options, lists, failed};
    bcue_parallel_for(receiver_count, 1, find_for_receiver, &s);
    bool ok = true;
    for (size_t r = 0; r < receiver_count; r++)
        ok = ok && !failed[r];
    free(failed);
    return ok ? BCUE_OK : bcue_fail_memory(error, "the propagation paths");
}

void bcue_path_list_free(bcue_path_list *list)
{
    free(list->paths);
    *list = (bcue_path_list){0};
}
