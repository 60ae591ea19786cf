/* A radar's list of detections as a network input of fixed size: at most N of them, chosen by a rule that
   does not depend on the order of arrival, in one canonical order. (CRKD paper, section IV-A: "highest point
   sampling" downsamples radar points to a fixed number; its points carry no power, so "highest" is read as
   height above ground.) Any thread. */
#ifndef BCUE_FEATURES_POINT_SAMPLING_H
#define BCUE_FEATURES_POINT_SAMPLING_H

#include "features/radar_map.h"

enum { BCUE_POINT_FIELDS = 5 };

/* `points`: real (M, 4): velocity m/s, azimuth rad (positive to the right), altitude rad, depth m. `out`:
   (recipe->points, BCUE_POINT_FIELDS) floats, row after row:
   velocity / points_velocity_mps, then for frame "sensor" azimuth / points_azimuth_deg, altitude /
   points_altitude_deg, depth / points_range_m; for "ground" metres ahead, to the right and above ground, each
   divided by points_height_m, with the tilt points_pitch_deg taken out; then the mask: 1 for a point, and a
   row of zeros where there are fewer points than rows.

   Rows are in canonical order: by azimuth, depth, velocity, altitude. A point with a field that is not finite
   or with depth < 0 is left out. No points at all are a valid frame of zeros.
   BCUE_ERROR_DATA for an array of another shape; BCUE_ERROR_MEMORY. */
bcue_status bcue_point_sample(const bcue_radar_recipe *recipe, const bcue_npy *points, const char *name,
                              float *out, bcue_error *error);

#endif
