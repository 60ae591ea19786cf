/* What a raw-data radar sees of a street: scattering centres found by rays, each a patch of surface with a
   radar cross-section. */
#ifndef BCUE_SENSORS_RADAR_SCATTERERS_H
#define BCUE_SENSORS_RADAR_SCATTERERS_H

#include "beamcue/status.h"
#include "rays/ray_scene.h"

typedef struct bcue_radar_view {
    double carrier_hz, range_m;
    double horizontal_field_of_view, vertical_field_of_view; /* radians, below pi */
    int columns, rows;                                       /* the grid of rays over it: 1..1024 each */
    int most; /* scattering centres kept, those with the strongest echoes; 1..65536 */
} bcue_radar_view;

/* 77 GHz, 120 m, 120 x 20 degrees, 240 x 40 rays, 300 centres. */
bcue_radar_view bcue_radar_view_default(void);
bcue_status bcue_radar_view_check(const bcue_radar_view *view, bcue_error *error);

typedef struct bcue_radar_scatterer {
    bcue_vec3 position_m, velocity_mps; /* relative to the radar, in its frame: x forward, y left, z up */
    double rcs_m2;                      /* times the two-way pattern of an antenna cos^2(azimuth) in power */
    double phase;                       /* of the reflection, fixed to the patch of surface it came from */
    uint32_t instance;                  /* the vehicle, or BCUE_RAY_STATIC */
} bcue_radar_scatterer;

/* The strongest `view->most` by rcs / R^4, strongest first; `scatterers` has that many places. A ray with the
   solid angle dW that meets a surface at range R under the angle i from its normal lights A = R^2 dW / cos i
   of it, which scatters back
       sigma = |r|^2 A cos i (0.25 cos i + 6 exp(-(i / 9 deg)^2)),
   a diffuse part and a glint around face-on incidence, with the reflection coefficient r of the material at
   normal incidence. The two constants are chosen so that cars come out at a few to a few tens of square
   metres, as measured at 76 GHz (see the test); they are no measurement of any surface. Phases are keyed by
   (seed, object, half-metre cell of the surface). */
bcue_status bcue_radar_scatterers_find(const bcue_radar_view *view, const bcue_ray_scene *scene,
                                       const bcue_frame *frame, bcue_vec3 radar_velocity_mps, uint64_t seed,
                                       bcue_radar_scatterer *scatterers, size_t *count, bcue_error *error);

#endif
