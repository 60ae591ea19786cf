/* Inside the room: the sensors of the roadside unit, and what they write. */
#ifndef BCUE_SIMULATE_SIM_SENSORS_H
#define BCUE_SIMULATE_SIM_SENSORS_H

#include "formats/image.h"
#include "sensors/lidar.h"
#include "sensors/radar_fmcw.h"
#include "sensors/radar_points.h"
#include "sensors/radar_scatterers.h"
#include "sensors/rgb_weather.h"
#include "simulate/output_tree.h"
#include "simulate/simulate_config.h"

/* Where the RSU's parts stand and look. */
typedef struct bcue_sim_poses {
    bcue_frame camera, lidar, radar;
} bcue_sim_poses;

typedef struct bcue_sim_sensors {
    const bcue_simulate_config *config;
    const bcue_world *world;
    bcue_sim_poses poses;
    bcue_ray_scene *scene;
    bcue_camera *camera;
    bcue_image image;
    bcue_lamp_source *lamps; /* of the world */
    bcue_daylight light;     /* of the episode */
    bcue_lidar_air air;
    bcue_lidar_config lidar;
    bcue_lidar_point *lidar_points; /* of the last sweep, lidar_count of them */
    size_t lidar_count;
    bcue_radar_points_config radar_points;
    bcue_radar_point *radar_hits; /* of the last frame, radar_count of them */
    size_t radar_count;
    uint32_t *radar_instances;
    bcue_radar_view radar_view;
    bcue_fmcw_config chirp;
    bcue_radar_scatterer *scatterers;
    bcue_fmcw_scatterer *echoes;
    float *cube;
    bcue_instance *placed; /* vehicles within a LiDAR sweep */
    size_t placed_capacity;
    double camera_seconds, lidar_seconds, radar_seconds; /* spent so far */
} bcue_sim_sensors;

/* `world` must outlive it; destroy it also after a failure. */
bcue_status bcue_sim_sensors_create(const bcue_simulate_config *config, const bcue_world *world,
                                    const bcue_sim_poses *poses, bcue_sim_sensors *sensors,
                                    bcue_error *error);
void bcue_sim_sensors_destroy(bcue_sim_sensors *sensors);
/* Light and air of an episode. `weather` NULL: `light`, and clear air. */
void bcue_sim_sensors_set_weather(bcue_sim_sensors *sensors, const bcue_weather *weather,
                                  const bcue_daylight *light);

/* The instant of a frame. */
typedef struct bcue_sim_instant {
    uint32_t episode, frame;
    double time_s;
    const bcue_traffic *traffic;
    const bcue_instance *instances; /* at time_s */
    size_t instance_count;
} bcue_sim_instant;

/* Paths below the output: the format takes the episode, from 1, and the frame, from 0. */
#define BCUE_SIM_IMAGE "unit1/camera_data/image_%04u_%04u.jpg"
#define BCUE_SIM_CLOUD "unit1/lidar_data/lidar_data_%04u_%04u.ply"
#define BCUE_SIM_RADAR "unit1/radar_data/radar_data_%04u_%04u.npy"

/* Write what the enabled sensors see. The LiDAR's sweep ends at the instant. */
bcue_status bcue_sim_sensors_write(bcue_sim_sensors *sensors, const bcue_sim_instant *at,
                                   bcue_output_tree *tree, bcue_error *error);

#endif
