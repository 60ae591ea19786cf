/* Inside the room: the street of a run, its traffic, and the weather of its episodes. */
#ifndef BCUE_SIMULATE_SIM_SCENE_H
#define BCUE_SIMULATE_SIM_SCENE_H

#include "sensors/rgb_camera.h"
#include "simulate/sim_sensors.h"
#include "beamcue/hooks.h"
#include "simulate/simulate_config.h"
#include "world/weather.h"

typedef struct bcue_sim_scene {
    const bcue_simulate_config *config;
    bcue_world world;
    bcue_vec3 place;                    /* of the RSU's array */
    double azimuth;                     /* it faces this way: radians, counter-clockwise from east */
    double latitude_deg, longitude_deg; /* of that place */
    double origin_latitude_deg, origin_longitude_deg; /* of (0, 0) of the world */
    const bcue_hooks *hooks;
    bool told_off_road;
    bcue_sim_poses poses;
    bcue_traffic_config cruise; /* of the straight street */
    bcue_bounds bounds;         /* of a scenery: vehicles count inside */
    bcue_condition *conditions; /* per episode of the scene; NULL without weather */
} bcue_sim_scene;

/* `index` of the scene in the run; `hooks` (may be NULL) get its warnings. Destroy it also after a failure.
 */
bcue_status bcue_sim_scene_create(const bcue_simulate_config *config, uint32_t index, const bcue_hooks *hooks,
                                  bcue_sim_scene *scene, bcue_error *error);
void bcue_sim_scene_destroy(bcue_sim_scene *scene);

typedef struct bcue_sim_episode {
    bcue_traffic traffic;
    uint32_t frames;
    bool has_weather;
    bcue_weather weather;
    bcue_daylight light;   /* what holds without weather */
    const char *condition; /* "noon", ...; "day" without weather */
} bcue_sim_episode;

/* `number` of the episode in the run, from which everything is drawn, and in the scene. Free the traffic
   afterwards. */
bcue_status bcue_sim_scene_episode(bcue_sim_scene *scene, uint32_t number, uint32_t in_scene,
                                   bcue_sim_episode *episode, bcue_error *error);
/* ---- sim_import.c ---- */
/* The world of a file, and the RSU in it. */
bcue_status bcue_sim_scene_import(bcue_sim_scene *scene, bcue_error *error);
/* No unit may stand in a wall: `what` ("rsus.0") names it. */
bcue_status bcue_sim_scene_check_place(const bcue_sim_scene *scene, const char *what, bcue_vec3 place,
                                       bcue_error *error);
/* The part of a SUMO file that is an episode of the scene. */
bcue_status bcue_sim_scene_fcd(bcue_sim_scene *scene, uint32_t in_scene, bcue_traffic *traffic,
                               bcue_error *error);

/* Does a vehicle at this place count? */
bool bcue_sim_scene_counts(const bcue_sim_scene *scene, const bcue_instance *instance);

#endif
