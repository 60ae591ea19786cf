/* Inside the room: the pieces of a view. */
#ifndef BCUE_SIMULATE_VIEW_PARTS_H
#define BCUE_SIMULATE_VIEW_PARTS_H

#include "features/radar_map.h"
#include "simulate/view.h"

/* The part of the street that is shown. */
typedef struct bcue_view_window {
    bcue_vec3 origin;              /* the RSU */
    double cosine, sine;           /* of the azimuth it faces */
    double left, right, low, high; /* metres: u in left .. right, w in low .. high */
} bcue_view_window;

/* u to the right and w ahead of a world place. */
void bcue_view_place(const bcue_view_window *window, bcue_vec3 place, double *u, double *w);
/* The window around everything that will be served in an episode. */
bcue_status bcue_view_window_find(const bcue_view_source *source, const bcue_sim_episode *episode,
                                  bcue_view_window *window, bcue_error *error);

/* The street from above: a grey picture over the window, first row the furthest ahead; on success the caller
   frees it. 0 nothing, 1 road, 2 pavement, 3 grass, 4 other ground, 5 and 6 white and yellow paint, 7
   street furniture, 32 to 63 trees, from 64 on buildings, all by height. */
bcue_status bcue_view_draw_map(const bcue_view_window *window, const bcue_world *world, int width,
                               bcue_image *image, bcue_error *error);
/* The same, appended to `out` as base64 of a PNG. */
bcue_status bcue_view_put_map(const bcue_view_window *window, const bcue_world *world, bcue_text *out,
                              bcue_error *error);

/* Buffers for what sensors saw. */
typedef struct bcue_view_sensing {
    bcue_image reduced; /* the camera's picture */
    bcue_image cloud; /* the LiDAR's returns from above: 0 none, 1 air, 2..127 street, from 128 on vehicles */
    bcue_image echoes; /* range (first row nearest) by angle (first column furthest to the right) */
    bcue_radar_recipe recipe;
    bcue_radar_maps *maps;
    int merged;    /* range bins per row of `echoes` */
    float *levels; /* of the two radar maps */
    uint8_t *dots; /* room for the detections */
} bcue_view_sensing;
/* For the enabled sensors; destroy it also after a failure. */
bcue_status bcue_view_sensing_create(const bcue_view_window *window, const bcue_sim_sensors *sensors,
                                     bcue_view_sensing *sensing, bcue_error *error);
void bcue_view_sensing_destroy(bcue_view_sensing *sensing);
double bcue_view_range_step(const bcue_view_sensing *sensing); /* metres per row of the radar's map */

bcue_status bcue_view_put_picture(bcue_view_sensing *sensing, const bcue_sim_sensors *sensors, bcue_text *out,
                                  bcue_error *error);
bcue_status bcue_view_put_cloud(bcue_view_sensing *sensing, const bcue_view_window *window,
                                const bcue_sim_sensors *sensors, bcue_text *out, bcue_error *error);
/* Detections: three bytes each, u and w as shares of the window (0..255), speed in 0.25 m/s (signed, positive
   when it goes away). */
void bcue_view_put_detections(bcue_view_sensing *sensing, const bcue_view_window *window,
                              const bcue_sim_sensors *sensors, bcue_text *out);
bcue_status bcue_view_put_echoes(bcue_view_sensing *sensing, const bcue_sim_sensors *sensors, bcue_text *out,
                                 bcue_error *error);

/* The paths to one vehicle: [kind, vehicle, gain_db, u, w, u, w, ...] each, the strongest first, at most
   `most`; kinds: 0 line of sight, 1 reflection, 2 diffraction, 3 both, 4 through a slab, 5 scattering.
   `first`: nothing was written to this list before. *departure: of the strongest; *gain_db: its gain. */
bcue_status bcue_view_put_paths(const bcue_view_window *window, const bcue_sim_radio *radio, size_t vehicle,
                                bcue_vec3 velocity_mps, size_t most, bool *first, bcue_vec3 *departure,
                                double *gain_db, bcue_text *out, bcue_error *error);
/* The pattern of a beam at an elevation, one byte per degree clockwise from ahead of the RSU: 255 is the most
   that the array can do with this power, 20 dB less is 0. */
bcue_status bcue_view_put_lobe(const bcue_view_window *window, const bcue_sim_radio *radio, size_t beam,
                               double elevation, bcue_text *out, bcue_error *error);

/* The page's own files, as they are in src/simulate (made by cmake/BcueEmbed.cmake). */
extern const unsigned char bcue_view_page_html[], bcue_view_style_css[], bcue_view_player_js[];
extern const size_t bcue_view_page_html_size, bcue_view_style_css_size, bcue_view_player_js_size;

#endif
