/* Inside the room: the page of `--view`, which plays one episode in a browser: the street from above with
   vehicles, paths and the best beam's lobe, what every sensor saw, and the power per beam. One self-contained
   HTML file. Its coordinates are those of the RSU: u metres to the right, w metres ahead of it, so that left
   and right are the same in the map and in the camera's picture. */
#ifndef BCUE_SIMULATE_VIEW_H
#define BCUE_SIMULATE_VIEW_H

#include "simulate/sim_radio.h"
#include "simulate/sim_scene.h"

typedef struct bcue_view bcue_view;

/* Where a view takes everything from; borrowed, must outlive it. */
typedef struct bcue_view_source {
    const bcue_simulate_config *config;
    const bcue_sim_scene *scene;
    const bcue_sim_radio *radio;
    const bcue_sim_sensors *sensors;
} bcue_view_source;

/* A view of episode `number` (0-based): chooses the part of the street around the RSU and every vehicle that
   will be served, and draws its map. On success the caller destroys it. */
bcue_status bcue_view_create(const bcue_view_source *source, uint32_t number, const bcue_sim_episode *episode,
                             bcue_view **view, bcue_error *error);
void bcue_view_destroy(bcue_view *view); /* NULL is fine */

/* One sample, right after radio and sensors have computed it. */
typedef struct bcue_view_moment {
    const bcue_sim_instant *at;
    const uint32_t *ids;  /* tracks, per instance */
    const size_t *served; /* indices of instances, in the order of the radio's vehicles */
    size_t served_count;
    const bcue_vec3 *fixes; /* of the served vehicles by GNSS, x NAN where there is none; NULL: unknown */
} bcue_view_moment;
bcue_status bcue_view_add(bcue_view *view, const bcue_view_moment *moment, bcue_error *error);
size_t bcue_view_count(const bcue_view *view); /* samples so far */

/* The page, under its name complete or not at all. */
bcue_status bcue_view_write(const bcue_view *view, const char *path, bcue_error *error);

#endif
