#include "simulate/sim_describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "simulate/sim_codebook.h"
#include "simulate/sim_plan.h"
#include "simulate/sim_scene.h"

bcue_status bcue_sim_describe(const char *path, bcue_sim_description *description, bcue_error *error)
{
    *description = (bcue_sim_description){0};
    description->owned = bcue_calloc(1, sizeof *description->owned);
    if (description->owned == NULL)
        return bcue_fail_memory(error, path);
    BCUE_TRY(bcue_sim_plan_read(path, NULL, 0, description->owned, error));
    const bcue_sim_plan_scene *first = &description->owned->scenes[0];
    bcue_sim_scene scene = {0};
    bcue_status status = bcue_sim_scene_create(&first->config, 0, NULL, &scene, error);
    if (status == BCUE_OK) {
        snprintf(description->scene, sizeof description->scene, "%s", first->name);
        description->scenes = description->owned->scene_count;
        description->config = first->config;
        description->place = scene.place;
        description->azimuth = scene.azimuth;
        description->latitude_deg = scene.latitude_deg;
        description->longitude_deg = scene.longitude_deg;
        description->camera = scene.poses.camera;
        description->lidar = scene.poses.lidar;
        description->radar = scene.poses.radar;
    }
    bcue_sim_scene_destroy(&scene);
    size_t beams, elements;
    if (status == BCUE_OK &&
        bcue_sim_codebook_hash(&first->config, &beams, &elements, description->codebook, NULL) != BCUE_OK)
        description->codebook[0] = '\0'; /* measured beams whose files are elsewhere now */
    return status;
}

void bcue_sim_description_free(bcue_sim_description *description)
{
    if (description->owned != NULL)
        bcue_sim_plan_destroy(description->owned);
    free(description->owned);
    *description = (bcue_sim_description){0};
}
