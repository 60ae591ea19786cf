/* LiDAR clouds to bird's-eye-view count maps: numpy.histogramdd of x and y over a field of view, counts
   clipped and divided by the clip. Sensor frame, metres. Any thread. */
#ifndef BCUE_FEATURES_LIDAR_MAP_H
#define BCUE_FEATURES_LIDAR_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rng.h"
#include "beamcue/status.h"
#include "formats/ply.h"

typedef enum bcue_lidar_view {
    BCUE_LIDAR_VIEW_FIXED,    /* the bounds of the recipe for every sample */
    BCUE_LIDAR_VIEW_SCENARIO, /* scenarios 31-34: the street of each; else the bounds of the recipe */
} bcue_lidar_view;

typedef struct bcue_lidar_recipe {
    bool enabled;
    int64_t height, width; /* bins along x (rows) and along y (columns) */
    int field_of_view;     /* bcue_lidar_view */
    double x_low_m, x_high_m, y_low_m, y_high_m;
    int64_t clip;     /* count that becomes 1; more is cut */
    char *background; /* PLY of static points that are taken out of every cloud; NULL = keep all */
    /* Flat ground: points less than ground_m above it are left out; 0 = none are. The sensor stands height_m
       above it and looks up by pitch_deg. */
    double ground_m, height_m, pitch_deg;
} bcue_lidar_recipe;

typedef struct bcue_lidar_bounds {
    double low_m[2], high_m[2]; /* x, y */
} bcue_lidar_bounds;

/* The field of view for a sample of DeepSense scenario `scenario` (0 = unknown). */
bcue_lidar_bounds bcue_lidar_bounds_for(const bcue_lidar_recipe *recipe, int scenario);

/* Static points in a grid for nearest-neighbour questions. Immutable once made: shareable by threads. */
typedef struct bcue_lidar_background bcue_lidar_background;
bcue_status bcue_lidar_background_create(const bcue_ply *cloud, bcue_lidar_background **background,
                                         bcue_error *error);
/* The recipe's file; *background is NULL where it names none. */
bcue_status bcue_lidar_background_read(const bcue_lidar_recipe *recipe, bcue_lidar_background **background,
                                       bcue_error *error);
void bcue_lidar_background_destroy(bcue_lidar_background *background); /* NULL is fine */
/* Is the point further than 0.3 m + 4.7 m (r / 30 m)^4 from every static point, r its distance from the
   sensor? Points that are not finite count as background. */
bool bcue_lidar_is_foreground(const bcue_lidar_background *background, const double point_m[3]);
/* What stays in place: points of the reference clouds whose 0.25 m cube is hit in at least `share` (0..1] of
   them, one mean point per cube, in order of the cubes. Free with bcue_ply_free. */
bcue_status bcue_lidar_background_build(const bcue_ply *clouds, size_t count, double share, bcue_ply *points,
                                        bcue_error *error);

/* Random changes of the points of a training cloud before they are counted; all 0 = none. */
typedef struct bcue_lidar_change {
    float jitter_m;  /* deviation of normal noise on x, y and z */
    float drop;      /* share of points that is left out */
    bcue_rng random; /* where the noise comes from */
} bcue_lidar_change;

/* out: (1, height, width) floats in [0, 1]; row = x bin, column = y bin. `background` and `change` may be
   NULL. */
void bcue_lidar_features(const bcue_ply *cloud, const bcue_lidar_recipe *recipe,
                         const bcue_lidar_background *background, int scenario,
                         const bcue_lidar_change *change, float *out);
/* The same from the bytes of a .ply file: the one way from a recorded cloud to a network input, for training
   and for the road side alike. `name` stands for the file in messages. */
bcue_status bcue_lidar_features_decode(const void *data, size_t size, const char *name,
                                       const bcue_lidar_recipe *recipe,
                                       const bcue_lidar_background *background, int scenario,
                                       const bcue_lidar_change *change, float *out, bcue_error *error);

/* Mirror a map in the plane y = 0; right only where the field of view is symmetric in y. */
void bcue_lidar_mirror(const bcue_lidar_recipe *recipe, float *map);

#endif
