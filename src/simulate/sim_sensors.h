/* Inside the room: the sensors of a unit, the roadside unit or the transmitting vehicle, and what they write.
 */
#ifndef BCUE_SIMULATE_SIM_SENSORS_H
#define BCUE_SIMULATE_SIM_SENSORS_H

#include "base/text.h"
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

/* One of a unit's sensors. */
typedef struct bcue_sim_outlet {
    bool enabled; /* this unit has it */
    bcue_sim_clock clock;
    bcue_sim_capture capture; /* that holds at the last instant */
    uint64_t
        written; /* 1 + (episode << 32 | number) of the measurement whose file was written last; 0: none */
} bcue_sim_outlet;

typedef struct bcue_sim_sensors {
    const bcue_simulate_config *config;
    const bcue_world *world;
    unsigned unit;              /* 2: the transmitting vehicle; others: RSUs; 0: there is none */
    bcue_sim_outlet outlets[3]; /* by bcue_sim_clock_id: camera, LiDAR, radar */
    bcue_sim_poses poses;       /* of a vehicle: at the last measurement */
    bcue_vec3 velocity_mps;
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

/* `unit` 2: the sensors on the vehicle (poses NULL); others: those on a RSU, at `poses`. `world` must outlive
   it; destroy it also after a failure. */
bcue_status bcue_sim_sensors_create(const bcue_simulate_config *config, const bcue_world *world,
                                    unsigned unit, const bcue_sim_poses *poses, bcue_sim_sensors *sensors,
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

/* Does a unit have any sensor at all? */
bool bcue_sim_sensors_any(const bcue_sim_sensors *sensors);
/* The path below the output of the file that holds at the last instant; false: none does (lost, or not yet
 * there). */
bool bcue_sim_sensors_path(const bcue_sim_sensors *sensors, bcue_sim_clock_id sensor, uint32_t episode,
                           char *path, size_t size);

/* Columns of scenario.csv, each after a comma: unitK_rgb, unitK_lidar, unitK_radar, with a suffix; and their
 * cells. */
void bcue_sim_sensors_names(const bcue_simulate_config *config, unsigned unit, const char *suffix,
                            bcue_text *out);
void bcue_sim_sensors_cells(const bcue_sim_sensors *sensors, uint32_t episode, bcue_text *out);

/* Write what the sensors measured last before the instant, unless that is written. The LiDAR's sweep ends
   with the measurement. */
bcue_status bcue_sim_sensors_write(bcue_sim_sensors *sensors, const bcue_sim_instant *at,
                                   bcue_output_tree *tree, bcue_error *error);

#endif
