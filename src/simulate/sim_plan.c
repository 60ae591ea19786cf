#include "simulate/sim_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"

enum { MOST_EPISODES = 1000000 };

/* What the frame number of a scene's own keys cannot change. */
static const char *const run_keys[] = {"output", "overwrite", "seed", "episodes", "scenes", "scale", "small"};

static bool belongs_to_the_run(const char *key)
{
    for (size_t i = 0; i < sizeof run_keys / sizeof run_keys[0]; i++) {
        size_t length = strlen(run_keys[i]);
        if (strncmp(key, run_keys[i], length) == 0 && (key[length] == '\0' || key[length] == '.'))
            return true;
    }
    return false;
}

static bcue_status check_entry(const bcue_sim_plan *plan, size_t index, bcue_error *error)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    const bcue_sim_scene_entry *entries = plan->config.scenes.items, *entry = &entries[index];
    char key[64];
    snprintf(key, sizeof key, "scenes.%zu.name", index);
    size_t length = strlen(entry->name);
    if (length == 0 || length > 60 || strspn(entry->name, letters) != length)
        return bcue_config_fail(plan->source, error, key,
                                "'%.70s' cannot be part of a file name; use 1 to 60 letters, digits, - and _",
                                entry->name);
    for (size_t i = 0; i < index; i++)
        if (strcmp(entries[i].name, entry->name) == 0)
            return bcue_config_fail(plan->source, error, key, "scenes %zu and %zu are both named %s", i,
                                    index, entry->name);
    snprintf(key, sizeof key, "scenes.%zu.set", index);
    for (size_t k = 0; k < entry->set.count; k++)
        if (belongs_to_the_run(entry->set.keys[k]))
            return bcue_config_fail(plan->source, error, key,
                                    "%.40s cannot be set within a scene; episodes and seed stand beside its "
                                    "name, the others above all scenes",
                                    entry->set.keys[k]);
    return BCUE_OK;
}

/* The configuration of the file, with a scene's own keys laid over it. */
static bcue_status read_scene(const bcue_sim_plan *plan, size_t index, const char *path,
                              const char *const *overrides, size_t override_count, bcue_sim_plan_scene *scene,
                              bcue_error *error)
{
    const bcue_sim_scene_entry *entry = &((const bcue_sim_scene_entry *)plan->config.scenes.items)[index];
    size_t count = override_count + entry->set.count;
    const char **all = bcue_calloc(count + 1, sizeof *all);
    bcue_text *own = bcue_calloc(entry->set.count + 1, sizeof *own);
    bcue_status status = all && own ? BCUE_OK : bcue_fail_memory(error, "the scenes");
    for (size_t i = 0; status == BCUE_OK && i < override_count; i++)
        all[i] = overrides[i];
    for (size_t i = 0; status == BCUE_OK && i < entry->set.count; i++) {
        bcue_text_printf(&own[i], "%s=%s", entry->set.keys[i], entry->set.values[i]);
        all[override_count + i] = own[i].data;
        if (own[i].failed)
            status = bcue_fail_memory(error, "the scenes");
    }
    bcue_error inner = {""};
    if (status == BCUE_OK) {
        status = bcue_simulate_config_read(path, all, count, &scene->config, &scene->source, &inner);
        char key[64];
        snprintf(key, sizeof key, "scenes.%zu.set", index);
        if (status != BCUE_OK)
            status = bcue_config_fail(plan->source, error, key, "scene %s: %s", entry->name, inner.text);
    }
    for (size_t i = 0; own && i < entry->set.count; i++)
        bcue_text_free(&own[i]);
    free(own);
    free(all);
    return status;
}

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

/* Give the next scene its name, seed and episodes. */
static bcue_status add_scene(bcue_sim_plan *plan, bcue_sim_plan_scene *scene, int64_t episodes,
                             bcue_error *error)
{
    if (plan->config.scale == BCUE_SIM_SCALE_SMALL) {
        episodes = at_most(episodes, plan->config.small.episodes);
        scene->config.max_frames_per_episode =
            at_most(scene->config.max_frames_per_episode, plan->config.small.max_frames_per_episode);
    }
    scene->config.episodes = episodes;
    scene->first_episode = plan->episodes;
    if (episodes > MOST_EPISODES - (int64_t)plan->episodes)
        return bcue_config_fail(plan->source, error, "scenes", "have more than %d episodes together",
                                MOST_EPISODES);
    plan->episodes += (uint32_t)episodes;
    return BCUE_OK;
}

/* Those of the further roadside units. */
static bool same_units(const bcue_simulate_config *a, const bcue_simulate_config *b)
{
    const bcue_sim_rsu_entry *one = a->rsus.items, *two = b->rsus.items;
    bool same = a->rsus.count == b->rsus.count;
    for (size_t i = 0; same && i < a->rsus.count; i++)
        same = one[i].sensors == two[i].sensors && one[i].beams == two[i].beams;
    return same;
}

static bool same_columns(const bcue_simulate_config *a, const bcue_simulate_config *b)
{
    return a->receivers == b->receivers && a->camera.enabled == b->camera.enabled &&
           a->lidar.enabled == b->lidar.enabled && a->radar.enabled == b->radar.enabled &&
           a->camera.on == b->camera.on && a->lidar.on == b->lidar.on && a->radar.on == b->radar.on &&
           same_units(a, b) && bcue_sim_has_times(a) == bcue_sim_has_times(b) &&
           a->array.codebook == b->array.codebook &&
           (a->array.codebook == BCUE_SIM_CODEBOOK_PAPER_B || a->array.beams == b->array.beams);
}

static bcue_status add_entry(bcue_sim_plan *plan, size_t index, const char *path,
                             const char *const *overrides, size_t override_count, bcue_error *error)
{
    const bcue_sim_scene_entry *entry = &((const bcue_sim_scene_entry *)plan->config.scenes.items)[index];
    BCUE_TRY(check_entry(plan, index, error));
    int64_t streets = plan->config.scale == BCUE_SIM_SCALE_SMALL
                          ? at_most(entry->streets, plan->config.small.streets)
                          : entry->streets;
    for (int64_t street = 0; street < streets; street++) {
        bcue_sim_plan_scene *scene = &plan->scenes[plan->scene_count++];
        BCUE_TRY(read_scene(plan, index, path, overrides, override_count, scene, error));
        if (entry->streets > 1)
            snprintf(scene->name, sizeof scene->name, "%s-%lld", entry->name, (long long)street + 1);
        else
            snprintf(scene->name, sizeof scene->name, "%s", entry->name);
        scene->config.seed = (entry->seed >= 0 ? entry->seed : plan->config.seed) + street;
        if (!same_columns(&plan->scenes[0].config, &scene->config))
            return bcue_config_fail(plan->source, error, "scenes",
                                    "%s and %s differ in receivers, in which sensors they have, or in the "
                                    "number of beams; scenes of one table must agree in those",
                                    plan->scenes[0].name, scene->name);
        BCUE_TRY(
            add_scene(plan, scene, entry->episodes > 0 ? entry->episodes : plan->config.episodes, error));
    }
    return BCUE_OK;
}

static bcue_status add_single(bcue_sim_plan *plan, bcue_error *error)
{
    bcue_sim_plan_scene *scene = &plan->scenes[plan->scene_count++];
    scene->config = plan->config;
    snprintf(scene->name, sizeof scene->name, "%s",
             plan->config.scene == BCUE_SIM_SCENE_SCENERY
                 ? bcue_scenery_preset_name((bcue_scenery_preset)plan->config.scenery.preset)
             : plan->config.scene == BCUE_SIM_SCENE_IMPORTED ? "imported"
                                                             : "straight");
    return add_scene(plan, scene, plan->config.episodes, error);
}

bcue_status bcue_sim_plan_read(const char *path, const char *const *overrides, size_t override_count,
                               bcue_sim_plan *plan, bcue_error *error)
{
    *plan = (bcue_sim_plan){0};
    BCUE_TRY(bcue_simulate_config_read(path, overrides, override_count, &plan->config, &plan->source, error));
    const bcue_sim_scene_entry *entries = plan->config.scenes.items;
    size_t most = 1;
    for (size_t i = 0; i < plan->config.scenes.count; i++)
        most += (size_t)entries[i].streets;
    plan->scenes = bcue_calloc(most, sizeof *plan->scenes);
    if (!plan->scenes)
        return bcue_fail_memory(error, "the scenes");
    if (plan->config.scenes.count == 0)
        return add_single(plan, error);
    for (size_t i = 0; i < plan->config.scenes.count; i++)
        BCUE_TRY(add_entry(plan, i, path, overrides, override_count, error));
    return BCUE_OK;
}

void bcue_sim_plan_destroy(bcue_sim_plan *plan)
{
    for (size_t i = 0; i < plan->scene_count; i++)
        bcue_config_destroy(plan->scenes[i].source);
    free(plan->scenes);
    bcue_config_destroy(plan->source);
    *plan = (bcue_sim_plan){0};
}

size_t bcue_sim_plan_scene_of(const bcue_sim_plan *plan, uint32_t episode)
{
    size_t scene = plan->scene_count - 1;
    while (scene > 0 && plan->scenes[scene].first_episode > episode)
        scene--;
    return scene;
}
