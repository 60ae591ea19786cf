/* A radar as a list of detections, as CARLA 0.9's ray-cast radar makes them (and so paper B's data): rays
   into an elliptical cone, one detection per ray that meets something. */
#ifndef BCUE_SENSORS_RADAR_POINTS_H
#define BCUE_SENSORS_RADAR_POINTS_H

#include "base/rng.h"
#include "beamcue/status.h"
#include "rays/ray_scene.h"

typedef struct bcue_radar_points_config {
    double range_m;                                          /* along boresight; a slanted ray goes further */
    double horizontal_field_of_view, vertical_field_of_view; /* radians, below pi */
    int rays;                                                /* per frame, 1..1e6 */
    double miss_rate;                                        /* share of detections lost, 0..1 */
    double false_points; /* mean number of false detections per frame (Poisson) */
    double range_sigma_m, angle_sigma, velocity_sigma_mps; /* white noise */
} bcue_radar_points_config;

/* Paper B's radar: 50 m, 150 x 30 degrees, 20,000 points a second at 10 Hz; no noise, nothing lost. */
bcue_radar_points_config bcue_radar_points_paper_b(void);
bcue_status bcue_radar_points_check(const bcue_radar_points_config *config, bcue_error *error);
/* The most detections a frame can have: room for these is needed. */
size_t bcue_radar_points_most(const bcue_radar_points_config *config);

/* One detection, in the order of CARLA's raw array of float32. */
typedef struct bcue_radar_point {
    float velocity_mps; /* (v_target - v_radar) . unit(target - radar): positive when it goes away */
    float azimuth;      /* radians from boresight, positive to the RIGHT */
    float altitude;     /* radians above boresight */
    float depth_m;      /* distance along the ray */
} bcue_radar_point;

/* Ray i ends at (R, R tan(H/2) rho cos a, R tan(V/2) rho sin a) ahead, to the right and up, with rho and a
   uniform: slant reach grows to R sqrt(1 + tan^2(H/2)). Hits on what stands still stay, with the velocity
   that a moving radar gives them. What is random is keyed by (seed, episode, frame_index, ray); the result
   does not depend on the number of threads. `points` and `instances` have bcue_radar_points_most places;
   instances[i] is the vehicle of detection i, BCUE_RAY_STATIC or BCUE_RADAR_FALSE. */
void bcue_radar_points_scan(const bcue_radar_points_config *config, const bcue_ray_scene *scene,
                            const bcue_frame *frame, bcue_vec3 radar_velocity_mps, uint64_t seed,
                            uint32_t episode, uint32_t frame_index, bcue_radar_point *points,
                            uint32_t *instances, size_t *count);
#define BCUE_RADAR_FALSE (BCUE_RAY_STATIC - 1u)

#endif
