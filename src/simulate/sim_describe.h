/* How array and sensors of a simulated recording stand, from the configuration that lies in its folder. */
#ifndef BCUE_SIMULATE_SIM_DESCRIBE_H
#define BCUE_SIMULATE_SIM_DESCRIBE_H

#include "base/vec3.h"
#include "simulate/simulate_config.h"

typedef struct bcue_sim_description {
    char scene[80]; /* the first one of the recording */
    size_t scenes;
    bcue_simulate_config config; /* as it holds there; its texts belong to `owned` */
    bcue_vec3 place;             /* of the array in the world */
    double azimuth;              /* it faces this way: radians, counter-clockwise from east */
    double latitude_deg, longitude_deg;
    bcue_frame camera, lidar, radar; /* of the RSU */
    char codebook[17];               /* its fingerprint (bcue_codebook_hash) */
    struct bcue_sim_plan *owned;
} bcue_sim_description;

/* `path`: the beamcue.yaml of the folder. The street is built once more. Destroy it also after a failure. */
bcue_status bcue_sim_describe(const char *path, bcue_sim_description *description, bcue_error *error);
void bcue_sim_description_free(bcue_sim_description *description);

#endif
