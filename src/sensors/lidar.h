/* A spinning LiDAR: rays over a grid of channels and columns, ranges, intensities, and what rain, fog and
   snow do to them. */
#ifndef BCUE_SENSORS_LIDAR_H
#define BCUE_SENSORS_LIDAR_H

#include "base/rng.h"
#include "beamcue/status.h"
#include "rays/ray_scene.h"

typedef struct bcue_lidar_config {
    int channels;                        /* 1..256, evenly spaced in elevation */
    double top_elevation, low_elevation; /* radians, of the first and the last channel */
    int columns;                         /* per revolution, 1..16384 */
    double revolution_s;                 /* duration of a sweep */
    bool clockwise;                      /* seen from above */
    double min_range_m, max_range_m;
    double reach_10_percent_m; /* how far an upright surface of reflectivity 0.1 is still detected in clear
                                  air, for every ray; at least max_range_m: everything in range is */
    double range_sigma_m;      /* white range noise */
    double drop_rate;          /* share of returns lost whatever they hit, 0..1 */
} bcue_lidar_config;

/* Paper B's sensor: 32 channels from +25.5 to -22.5 degrees, 250 m, 1.5 million points/s at 20 revolutions
   per second (2,344 columns), clockwise; no noise, nothing lost. */
bcue_lidar_config bcue_lidar_paper_b(void);
/* The Ouster OS1-32 of the DeepSense 6G testbed: 32 x 1024, +-22.5 degrees, 120 m (90 m at 10 %), 20
   revolutions a second; range noise 0.02 m, 0.5 % lost (assumed). */
bcue_lidar_config bcue_lidar_os1_32(void);
/* BCUE_ERROR_ARGUMENT with a sentence when a value is out of range. */
bcue_status bcue_lidar_check(const bcue_lidar_config *config, bcue_error *error);

/* What is in the air. `extinction_per_m`: of light, by fog, rain and snow together (bcue_weather).
   `echo_share`: the part of the extinguished light that can come back as a false return, per metre of path;
   about 0.05 for rain and snow, 0.02 for fog. */
typedef struct bcue_lidar_air {
    double extinction_per_m, echo_share;
} bcue_lidar_air;

typedef struct bcue_lidar_point {
    float x, y, z;    /* metres, sensor frame: x forward, y left, z up */
    float intensity;  /* 0..1: reflectivity x cosine x two-way transmission of the air */
    float time_s;     /* of its column, from the start of the sweep */
    uint16_t channel; /* 0 = top */
    uint16_t column;
    uint32_t instance; /* the vehicle, BCUE_RAY_STATIC, or BCUE_LIDAR_ECHO */
} bcue_lidar_point;
#define BCUE_LIDAR_ECHO (BCUE_RAY_STATIC - 1u) /* a return from the air */

/* Scan columns first..last-1 of a sweep against the scene as it is placed now, from `frame`. A sweep over
   moving vehicles is scanned in sectors: place the vehicles for the time of a sector's middle
   (bcue_lidar_column_time), scan it, and go on; points land where their column saw them, as a real sensor's
   do. `points` has room for (last - first) x channels; *count of them are filled, ordered by column, then
   channel. What is random is keyed by (seed, episode, frame_index, ray): the result depends neither on the
   number of threads nor on how the sweep is cut into sectors. */
void bcue_lidar_scan(const bcue_lidar_config *config, const bcue_ray_scene *scene, const bcue_frame *frame,
                     const bcue_lidar_air *air, uint64_t seed, uint32_t episode, uint32_t frame_index,
                     int first, int last, bcue_lidar_point *points, size_t *count);
/* Seconds from the start of the sweep. Column 0 looks backward, so that the forward view is not cut in two.
 */
double bcue_lidar_column_time(const bcue_lidar_config *config, int column);

#endif
