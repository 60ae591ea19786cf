/* Inside the room: what a run consists of: its scenes, each with a configuration of its own, and its
   episodes, numbered over all of them. */
#ifndef BCUE_SIMULATE_SIM_PLAN_H
#define BCUE_SIMULATE_SIM_PLAN_H

#include <stddef.h>
#include "simulate/simulate_config.h"

typedef struct bcue_sim_plan_scene {
    char name[80];
    bcue_simulate_config config; /* seed, episodes and frames as they hold here */
    bcue_config *source;         /* owns its texts; NULL: those of the plan */
    uint32_t first_episode;
} bcue_sim_plan_scene;

typedef struct bcue_sim_plan {
    bcue_simulate_config config; /* of the run, as it was given */
    bcue_config *source;
    bcue_sim_plan_scene *scenes;
    size_t scene_count;
    uint32_t episodes;
} bcue_sim_plan;

/* Read a configuration and lay out its scenes. Destroy it also after a failure. */
bcue_status bcue_sim_plan_read(const char *path, const char *const *overrides, size_t override_count,
                               bcue_sim_plan *plan, bcue_error *error);
void bcue_sim_plan_destroy(bcue_sim_plan *plan);
/* The scene of an episode. */
size_t bcue_sim_plan_scene_of(const bcue_sim_plan *plan, uint32_t episode);

#endif
