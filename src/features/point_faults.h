/* Faults of a radar that answers with lists of points: detections that it loses, and false ones. For
   evaluations of what reads such lists. Any thread. */
#ifndef BCUE_FEATURES_POINT_FAULTS_H
#define BCUE_FEATURES_POINT_FAULTS_H

#include "base/rng.h"
#include "features/radar_map.h"

#define BCUE_POINT_FAULTS_MPS 20.0 /* false detections are as fast as the traffic of a street */

/* The spoiled copy of `points`, real (M, 4) as in point_sampling.h: each detection is lost with the
   probability faults->lost, by itself; behind the others lie false ones, their number drawn from Poisson's
   distribution with the mean faults->false_points, each with a velocity uniform over +-BCUE_POINT_FAULTS_MPS,
   azimuth, altitude and depth uniform over what the recipe calls 1 (+-points_azimuth_deg,
   +-points_altitude_deg, 0 to points_range_m). The same `random` gives the same faults. *spoiled: (*count, 4)
   floats, owned by the caller, NULL when there are none. BCUE_ERROR_DATA for an array of another shape. */
bcue_status bcue_point_faults_apply(const bcue_point_faults *faults, const bcue_radar_recipe *recipe,
                                    bcue_rng random, const bcue_npy *points, const char *name,
                                    float **spoiled, size_t *count, bcue_error *error);

#endif
