/* FMCW radar cubes to range-angle and range-velocity maps. A cube is complex (antennas, samples of a chirp,
   chirps of a frame), as DeepSense 6G records it. Any thread. */
#ifndef BCUE_FEATURES_RADAR_MAP_H
#define BCUE_FEATURES_RADAR_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rng.h"
#include "beamcue/status.h"
#include "formats/npy.h"

typedef enum bcue_radar_kind {
    /* As the challenge entry of TII: magnitudes of unwindowed transforms added up, no shift, static clutter
       (mean over the chirps) removed from the range-angle map only; each map scaled from its least to its
       largest value. Angle bin 0 is broadside, velocity bin 0 is rest. */
    BCUE_RADAR_TII,
    /* Static clutter removed from both, Hann windows over samples and chirps (not over the antennas, which
       are too few to spend resolution), angle and velocity with their zero in the middle, power added up, in
       dB below the map's largest value. */
    BCUE_RADAR_CALIBRATED,
    /* Lists of points (velocity, azimuth, altitude, depth), as CARLA's radar writes them: counts per cell. */
    BCUE_RADAR_POINTS,
    /* The same lists as a fixed number of points: point_sampling.h. */
    BCUE_RADAR_HPS,
} bcue_radar_kind;

/* Which points stay when there are more than a network takes. */
typedef enum bcue_point_rule {
    BCUE_POINTS_HIGHEST,         /* greatest height above ground */
    BCUE_POINTS_FARTHEST,        /* farthest-point sampling: spread over all that was seen */
    BCUE_POINTS_MOVING,          /* greatest |radial velocity| */
    BCUE_POINTS_AZIMUTH_NEAREST, /* the nearest in every direction */
} bcue_point_rule;
typedef enum bcue_point_frame { BCUE_POINTS_SENSOR, BCUE_POINTS_GROUND } bcue_point_frame;

typedef struct bcue_radar_recipe {
    bool enabled;
    int64_t height, width;   /* range bins (rows); angle and velocity bins (columns) */
    int64_t shrink;          /* so many bins become one, both ways; divides both; 0 = 1: none. Not for HPS */
    int kind;                /* bcue_radar_kind */
    double dynamic_range_db; /* CALIBRATED: this far below the largest value and less becomes 0 */
    double carrier_hz, slope_hz_per_s, sample_rate_hz, chirp_period_s; /* what the axes follow from */
    double antenna_spacing;                                            /* in wavelengths */
    double points_range_m, points_azimuth_deg, points_velocity_mps;    /* POINTS: edges of the maps */
    int64_t points_clip;                                               /* POINTS: count that becomes 1 */
    /* HPS: rows, which points, and what their numbers are; the three above are what becomes 1 */
    int64_t points;
    int hps;                                                       /* bcue_point_rule */
    int points_frame;                                              /* bcue_point_frame */
    double points_altitude_deg, points_pitch_deg, points_height_m; /* becomes 1; of the radar */
} bcue_radar_recipe;

/* What becomes of a frame's list of points before anything else, see point_faults.h; all 0: nothing. */
typedef struct bcue_point_faults {
    double lost;         /* probability of each detection, 0 to 1 */
    double false_points; /* mean number a frame */
} bcue_point_faults;

/* The maps of one recipe and cube shape: transform plans and work space, for one thread at a time. */
typedef struct bcue_radar_maps bcue_radar_maps;
bcue_status bcue_radar_maps_create(const bcue_radar_recipe *recipe, bcue_radar_maps **maps,
                                   bcue_error *error);
void bcue_radar_maps_destroy(bcue_radar_maps *maps); /* NULL is fine */
/* HPS: are complex cubes taken as well, and turned into points by radar_detect.h? At first they are refused,
   as a recording of them is another radar than that of the points. */
void bcue_radar_maps_accept_cubes(bcue_radar_maps *maps, bool accept);
/* HPS: how the radar of the next frames stands: height above ground, m, and pitch, degrees; NaN: as the
   recipe says. */
void bcue_radar_maps_stand(bcue_radar_maps *maps, const double pose[2]);
/* POINTS and HPS: the next frame is spoiled by these faults, the frames after it no longer. */
void bcue_radar_maps_spoil(bcue_radar_maps *maps, const bcue_point_faults *faults, bcue_rng random);
/* Were there such cubes since this was last asked? */
bool bcue_radar_maps_took_cube(bcue_radar_maps *maps);

/* Rows and columns of a map: `height` and `width` over `shrink`. */
int64_t bcue_radar_rows(const bcue_radar_recipe *recipe);
int64_t bcue_radar_columns(const bcue_radar_recipe *recipe);

/* Every `factor`-th bin both ways of a map of TII or CALIBRATED before it is scaled, each the mean of those
   around it with weights that fall linearly to the next one kept. Bins of a transform lie on a circle, so the
   first and the last are neighbours, and bin 0 stays what it was (rest, broadside). `factor` divides both. */
void bcue_radar_shrink(const float *map, size_t height, size_t width, size_t factor, float *out);

/* out: (2, rows, columns) floats in [0, 1]: range-angle, then range-velocity; for HPS (points, 5).
   `cube`: complex of rank 3 for TII and CALIBRATED, at most `height` samples and `width` antennas and chirps;
   real (N, 4) for POINTS and HPS.
   BCUE_ERROR_DATA for another shape or a value that is not finite. */
bcue_status bcue_radar_features(bcue_radar_maps *maps, const bcue_npy *cube, const char *name, float *out,
                                bcue_error *error);
/* The same from the bytes of an .npy file, or a MAT v5 file whose array is named "data" (scenario 9): the
   one way from a recorded frame to a network input, for training and for the road side alike. */
bcue_status bcue_radar_features_decode(bcue_radar_maps *maps, const void *data, size_t size, const char *name,
                                       float *out, bcue_error *error);

/* Mirror the range-angle map in broadside, as if the antennas stood in the other order; the range-velocity
   map stays. */
void bcue_radar_mirror(const bcue_radar_recipe *recipe, float *maps);

/* What the rows and columns mean. Range of a row, metres; radial velocity of a column, m/s, positive when
   receding, folded into +-lambda / (4 T); angle of a column, radians from broadside, positive on the side
   from which later antennas are further away, NaN where sin would exceed 1. `chirps` per frame are padded to
   `width`. */
double bcue_radar_range_m(const bcue_radar_recipe *recipe, int64_t row);
double bcue_radar_velocity_mps(const bcue_radar_recipe *recipe, int64_t column);
double bcue_radar_angle_rad(const bcue_radar_recipe *recipe, int64_t column);

#endif
