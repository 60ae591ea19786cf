/* LiDAR and radar frames as pictures for pages. */
#ifndef BCUE_API_SENSOR_PICTURES_H
#define BCUE_API_SENSOR_PICTURES_H

#include "base/file.h"
#include "features/recipes.h"

/* What a frame holds, in numbers. */
typedef struct bcue_cloud_facts {
    size_t points;
    double reach_m; /* within which 99 % of the points lie, horizontally */
} bcue_cloud_facts;

typedef struct bcue_echo_facts {
    bool points;     /* a list of points, not a cube */
    size_t shape[3]; /* of the cube, or the number of points */
} bcue_echo_facts;

/* Seen from above: x (forward) is up, y (left) is left, the sensor is the cross in the middle; colour is
   height, dark below to bright above. The picture spans `span_m` to each side. PNG in `png`, freed by the
   caller. */
bcue_status bcue_picture_cloud(const bcue_ply *cloud, double span_m, bcue_bytes *png, bcue_error *error);
bcue_cloud_facts bcue_cloud_facts_of(const bcue_ply *cloud);

/* Range-angle and range-velocity maps side by side: range upwards, angle and velocity with their zero in the
   middle. Cubes by the calibrated recipe over 60 dB with the chirp of their shape (scenario 9 or 31-34),
   lists of points as counts. */
bcue_status bcue_picture_echoes(const bcue_npy *frame, const char *name, bcue_bytes *png, bcue_error *error);
bcue_echo_facts bcue_echo_facts_of(const bcue_npy *frame);
/* The recipe that bcue_picture_echoes uses for a frame, for its axes. */
bcue_radar_recipe bcue_echo_recipe(const bcue_npy *frame);

#endif
