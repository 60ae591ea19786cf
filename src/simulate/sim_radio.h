/* Inside the room: the radio side of a simulation, from vehicles to power per beam. */
#ifndef BCUE_SIMULATE_SIM_RADIO_H
#define BCUE_SIMULATE_SIM_RADIO_H

#include "channel/aggregate.h"
#include "channel/link_mode.h"
#include "channel/receiver.h"
#include "simulate/simulate_config.h"

typedef struct bcue_sim_radio {
    const bcue_simulate_config *config;
    const bcue_world *world;
    bcue_array array;
    bcue_codebook codebook;
    bcue_link_switches switches;
    bcue_link_config link;
    bcue_link_receiver unit; /* the RSU's array */
    bcue_channel *channel;   /* in the weather of the episode */
    bcue_path_options options;
    bcue_radio_scene *scene;
    bcue_receiver_config receiver;
    double *ripple; /* per beam */
    /* of the last bcue_sim_radio_trace, per vehicle */
    size_t vehicles, capacity;
    bcue_path_list *lists;
    double *power_mw; /* vehicles x beams, noise-free */
    bcue_link_summary *links;
    bcue_link_rays rays;
    /* per beam */
    double *clean_mw, *measured_mw;
} bcue_sim_radio;

/* `place`: of the array; it faces `azimuth` (radians, counter-clockwise from east). `world` must outlive it;
   destroy it also after a failure. */
bcue_status bcue_sim_radio_create(const bcue_simulate_config *config, const bcue_world *world,
                                  bcue_vec3 place, double azimuth, bcue_sim_radio *radio, bcue_error *error);
void bcue_sim_radio_destroy(bcue_sim_radio *radio);
/* From here on in this weather (NULL: none). */
bcue_status bcue_sim_radio_set_weather(bcue_sim_radio *radio, const bcue_weather *weather, bcue_error *error);
/* Place the vehicles and trace to the antennas of `count` of them, whose indices among `instances` are
   `served`. */
bcue_status bcue_sim_radio_trace(bcue_sim_radio *radio, const bcue_instance *instances, size_t instance_count,
                                 const size_t *served, size_t count, bcue_error *error);
/* One power per beam over the traced vehicles (clean_mw, at least one vehicle). */
bcue_status bcue_sim_radio_aggregate(bcue_sim_radio *radio, bcue_error *error);
/* What the receiver measures of clean_mw (measured_mw); false: nothing stands out of its noise. */
bool bcue_sim_radio_measure(bcue_sim_radio *radio, uint32_t episode, uint32_t frame);

#endif
