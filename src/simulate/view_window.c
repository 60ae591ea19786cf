#include <math.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "simulate/view_parts.h"

/* Shown around what is served, and at least so much of the street altogether. */
#define MARGIN_M 12.0
#define LEAST_WIDTH_M 60.0
/* Width over height of the map. */
#define ASPECT 1.5

void bcue_view_place(const bcue_view_window *window, bcue_vec3 place, double *u, double *w)
{
    double east = place.x - window->origin.x, north = place.y - window->origin.y;
    *u = east * window->sine - north * window->cosine;
    *w = east * window->cosine + north * window->sine;
}

static void include(bcue_view_window *window, bcue_vec3 place)
{
    double u, w;
    bcue_view_place(window, place, &u, &w);
    window->left = fmin(window->left, u);
    window->right = fmax(window->right, u);
    window->low = fmin(window->low, w);
    window->high = fmax(window->high, w);
}

static void fit_aspect(bcue_view_window *window)
{
    window->left -= MARGIN_M;
    window->right += MARGIN_M;
    window->low -= 0.5 * MARGIN_M;
    window->high += MARGIN_M;
    double width = fmax(window->right - window->left, LEAST_WIDTH_M), height = window->high - window->low;
    width = fmax(width, ASPECT * height);
    double middle = 0.5 * (window->left + window->right), spare = width / ASPECT - height;
    window->left = middle - 0.5 * width;
    window->right = middle + 0.5 * width;
    /* What is left over goes ahead of the RSU rather than behind it. */
    window->low -= 0.3 * spare;
    window->high += 0.7 * spare;
}

bcue_status bcue_view_window_find(const bcue_view_source *source, const bcue_sim_episode *episode,
                                  bcue_view_window *window, bcue_error *error)
{
    const bcue_sim_scene *scene = source->scene;
    const bcue_traffic *traffic = &episode->traffic;
    *window = (bcue_view_window){
        .origin = scene->place, .cosine = cos(scene->azimuth), .sine = sin(scene->azimuth)};
    size_t most = bcue_traffic_capacity(&scene->world, traffic), count;
    bcue_instance *instances = bcue_calloc(most + 1, sizeof *instances);
    uint32_t *ids = bcue_calloc(most + 1, sizeof *ids);
    if (!instances || !ids) {
        free(instances);
        free(ids);
        return bcue_fail_memory(error, "the view");
    }
    bool all = source->config->receivers == BCUE_SIM_ALL;
    for (uint32_t frame = 0; frame < episode->frames; frame++) {
        bcue_traffic_at(&scene->world, traffic, (double)frame / source->config->frame_rate_hz, instances,
                        &count, ids);
        for (size_t i = 0; i < count; i++)
            if (all ? ids[i] != BCUE_NO_TRACK && bcue_sim_scene_counts(scene, &instances[i])
                    : ids[i] == traffic->target)
                include(window, instances[i].position);
    }
    free(instances);
    free(ids);
    fit_aspect(window);
    return BCUE_OK;
}
