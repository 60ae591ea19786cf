#include "simulate/sim_run.h"

#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/hash.h"
#include "simulate/sim_codebook.h"

bcue_status bcue_sim_config_hash(const bcue_sim_plan *plan, char hash[17], bcue_error *error)
{
    /* Where the files go is left out. */
    bcue_simulate_config elsewhere = plan->config;
    bcue_text text = {0};
    char none[] = "-";
    elsewhere.output = none;
    elsewhere.overwrite = false;
    elsewhere.max_output_gb = 0.0;
    bcue_config_write(bcue_simulate_fields, &elsewhere, &text);
    bcue_status status = text.failed ? bcue_fail_memory(error, "the configuration") : BCUE_OK;
    if (status == BCUE_OK)
        bcue_hash_hex(text.data, text.size, hash);
    bcue_text_free(&text);
    return status;
}

/* The configuration that repeats this run. */
static bcue_status write_config(bcue_sim_run *r, bcue_error *error)
{
    bcue_text text = {0};
    bcue_config_write(bcue_simulate_fields, &r->plan->config, &text);
    bcue_status status =
        text.failed ? bcue_fail_memory(error, "the configuration")
                    : bcue_output_tree_write(&r->tree, "beamcue.yaml", text.data, text.size, false, error);
    bcue_text_free(&text);
    return status;
}

static const char *codebook_name(const bcue_simulate_config *c)
{
    static const char *const names[] = {
        [BCUE_SIM_CODEBOOK_OVERSAMPLED] = "oversampled",
        [BCUE_SIM_CODEBOOK_PAPER_B] = "paper-b",
        [BCUE_SIM_CODEBOOK_MEASURED] = "measured",
    };
    return names[c->array.codebook];
}

/* Of a scene: what its beams are, and their fingerprint. */
static bcue_status describe_codebook(const bcue_sim_plan_scene *scene, json_t **entry, bcue_error *error)
{
    char hash[17];
    size_t beams, elements;
    BCUE_TRY(bcue_sim_codebook_hash(&scene->config, &beams, &elements, hash, error));
    *entry = json_pack("{s:s, s:s, s:I, s:I, s:s}", "scene", scene->name, "codebook",
                       codebook_name(&scene->config), "beams", (json_int_t)beams, "elements",
                       (json_int_t)elements, "hash", hash);
    return *entry ? BCUE_OK : bcue_fail_memory(error, "the codebooks");
}

/* codebook.json is no part of the manifest: those of frozen data sets must stay as they are. */
static bcue_status write_codebooks(bcue_sim_run *r, bcue_error *error)
{
    bcue_status status = BCUE_OK;
    json_t *scenes = json_array();
    for (size_t i = 0; status == BCUE_OK && i < r->plan->scene_count; i++) {
        json_t *entry = NULL;
        status = describe_codebook(&r->plan->scenes[i], &entry, error);
        if (status == BCUE_OK && json_array_append_new(scenes, entry) != 0)
            status = bcue_fail_memory(error, "the codebooks");
    }
    json_t *all =
        json_pack("{s:s, s:i, s:o*}", "generator", "beamcue simulate", "format", 1, "scenes", scenes);
    char *text = all ? json_dumps(all, JSON_INDENT(1)) : NULL;
    json_decref(all);
    if (status == BCUE_OK)
        status = text ? bcue_output_tree_write(&r->tree, "codebook.json", text, strlen(text), false, error)
                      : bcue_fail_memory(error, "the codebooks");
    free(text);
    return status;
}

/* One entry per scene: its episodes, where the roadside unit stands, and what array it has. */
static json_t *describe_scene(const bcue_sim_plan_scene *scene, const bcue_sim_site *site)
{
    const bcue_simulate_config *c = &scene->config;
    const double degree = BCUE_PI / 180.0;
    return json_pack(
        "{s:s, s:I, s:I, s:I, s:{s:f, s:f, s:f, s:f, s:f, s:f, s:f}, s:{s:s, s:I, s:f, s:f}}", "name",
        scene->name, "seed", (json_int_t)c->seed, "first_episode", (json_int_t)scene->first_episode + 1,
        "episodes", (json_int_t)c->episodes, "rsu", "x_m", site->place.x, "y_m", site->place.y, "z_m",
        site->place.z, "azimuth_deg", site->azimuth / degree, "radar_z_m", site->radar.z, "latitude_deg",
        site->latitude_deg, "longitude_deg", site->longitude_deg, "array", "codebook", codebook_name(c),
        "beams", (json_int_t)site->beams, "tilt_deg", c->array.tilt_deg, "carrier_hz", c->channel.carrier_hz);
}

static json_t *describe_scenes(const bcue_sim_run *r)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < r->plan->scene_count; i++) {
        json_t *entry = describe_scene(&r->plan->scenes[i], &r->sites[i]);
        if (!entry || json_array_append_new(list, entry) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

/* Those of the scenes and tables, then those of the episodes in their order. */
static json_t *list_files(const bcue_sim_run *r)
{
    json_t *list = bcue_output_tree_list(&r->tree);
    if (list && r->files && json_array_extend(list, r->files) != 0) {
        json_decref(list);
        list = NULL;
    }
    return list;
}

bcue_status bcue_sim_write_manifest(bcue_sim_run *r, bcue_error *error)
{
    BCUE_TRY(write_config(r, error));
    BCUE_TRY(write_codebooks(r, error));
    const bcue_simulate_summary *sum = &r->summary;
    json_t *files = list_files(r), *scenes = describe_scenes(r);
    json_t *manifest =
        json_pack("{s:s, s:s, s:s, s:I, s:{s:I, s:I, s:I, s:I, s:I}, s:o*, s:o*}", "generator",
                  "beamcue simulate", "version", BCUE_PROJECT_VERSION, "config_hash", r->config_hash, "seed",
                  (json_int_t)r->plan->config.seed, "counts", "episodes", (json_int_t)sum->episodes,
                  "samples", (json_int_t)sum->samples, "samples_blocked", (json_int_t)sum->samples_blocked,
                  "frames_no_signal", (json_int_t)sum->frames_no_signal, "beams",
                  (json_int_t)r->sites[0].beams, "scenes", scenes, "files", files);
    char *text = files && scenes && manifest ? json_dumps(manifest, JSON_INDENT(1)) : NULL;
    json_decref(manifest);
    if (!text)
        return bcue_fail_memory(error, "the manifest");
    bcue_status status = bcue_output_tree_write_whole(&r->tree, "manifest.json", text, strlen(text), error);
    free(text);
    return status;
}
