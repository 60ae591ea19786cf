#include "rays/paths.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "rays/path_flat.h"
#include "rays/path_mixed.h"
#include "rays/path_rows.h"

static bool find_direct(const bcue_search *s, bcue_vec3 receiver, bcue_path_list *list)
{
    bcue_vec3 span = bcue_vec3_sub(receiver, s->transmitter);
    return s->least * bcue_vec3_norm(span) > 1.0 || bcue_path_emit(s, receiver, NULL, 0, list);
}

static void find_for_receiver(void *context, size_t r)
{
    const bcue_search *s = context;
    bcue_path_list *list = &s->lists[r];
    bcue_vec3 receiver = s->receivers[r];
    list->count = 0;
    s->failed[r] = !find_direct(s, receiver, list) || !bcue_images_find(s, &s->images, receiver, list) ||
                   !bcue_images_find(s, &s->launched, receiver, list) || !bcue_edges_find(s, r, list) ||
                   !bcue_scatter_find(s, receiver, list);
}

static bcue_status check_options(const bcue_path_options *o, bcue_error *error)
{
    if (o->max_reflections < 0 || o->max_reflections > BCUE_PATH_MAX_REFLECTIONS)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "paths have 0 to %d reflections, not %d",
                         (int)BCUE_PATH_MAX_REFLECTIONS, o->max_reflections);
    if (o->max_transmissions < 0 || o->max_transmissions > 4)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "paths have 0 to 4 transmissions, not %d",
                         o->max_transmissions);
    if (o->max_loss_db > 0.0 && !(o->wavelength_m > 0.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a bound of %g dB on the loss of paths needs a wavelength", o->max_loss_db);
    return BCUE_OK;
}

static bcue_status check_ends(const bcue_search *s, bcue_error *error)
{
    for (size_t r = 0; r <= s->receiver_count; r++) {
        bcue_vec3 p = r == 0 ? s->transmitter : s->receivers[r - 1];
        if (!isfinite(p.x) || !isfinite(p.y) || !isfinite(p.z))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s %zu of a search for paths is at (%g, %g, %g)",
                             r == 0 ? "transmitter" : "receiver", r == 0 ? r : r - 1, p.x, p.y, p.z);
    }
    return BCUE_OK;
}

static void free_search(bcue_search *s)
{
    free(s->images.nodes);
    free(s->launched.nodes);
    bcue_rows_free(s->images.rows);
    bcue_rows_free(s->launched.rows);
    free(s->transmitter_ends);
    free(s->hidden);
    free(s->patches);
    free(s->reach);
    free(s->surface_wedges);
    free(s->first_wedge);
    free(s->pair_keys);
    free(s->first_pair_key);
    bcue_lobes_free(s->lobes);
    bcue_flat_free(s->flat);
    free(s->failed);
}

static bcue_status run(bcue_search *s, bcue_error *error)
{
    BCUE_TRY(bcue_images_make(s, error));
    BCUE_TRY(bcue_launch(s, error));
    BCUE_TRY(bcue_edges_make(s, error));
    BCUE_TRY(bcue_scatter_make(s, error));
    bcue_parallel_for(s->receiver_count, 1, find_for_receiver, s);
    for (size_t r = 0; r < s->receiver_count; r++)
        if (s->failed[r])
            return bcue_fail_memory(error, "the propagation paths");
    return BCUE_OK;
}

bcue_status bcue_paths_find(const bcue_radio_scene *scene, bcue_vec3 transmitter, const bcue_vec3 *receivers,
                            size_t receiver_count, const bcue_path_options *options, bcue_path_list *lists,
                            bcue_path_report *report, bcue_error *error)
{
    BCUE_TRY(check_options(options, error));
    bcue_search s = {.scene = scene,
                     .transmitter = transmitter,
                     .receivers = receivers,
                     .receiver_count = receiver_count,
                     .options = options,
                     .lists = lists,
                     .clearance_m = bcue_radio_clearance_m(scene)};
    BCUE_TRY(check_ends(&s, error));
    s.surfaces = bcue_radio_surfaces(scene, &s.surface_count);
    s.wedges = bcue_radio_wedges(scene, &s.wedge_count);
    if (options->max_loss_db > 0.0)
        s.least = pow(10.0, -options->max_loss_db / 20.0) * 4.0 * BCUE_PI / options->wavelength_m;
    s.failed = bcue_calloc(receiver_count, sizeof *s.failed);
    bcue_status status = s.failed ? run(&s, error) : bcue_fail_memory(error, "the propagation paths");
    if (report)
        *report = (bcue_path_report){.complete_order = s.complete_order,
                                     .image_sequences = s.images.count + s.launched.count,
                                     .rays = s.rays};
    free_search(&s);
    return status;
}

void bcue_path_list_free(bcue_path_list *list)
{
    free(list->paths);
    *list = (bcue_path_list){0};
}
