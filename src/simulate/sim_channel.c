/* The channel itself, beside what sensors and receiver make of it: one HDF5 file per episode. */
#include "simulate/sim_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"

#define CHANNEL_PATH "channel/channel_%04u.h5"

int32_t bcue_sim_blocker(const bcue_sim_run *r, size_t v)
{
    if (r->radio.links[v].line_of_sight)
        return BCUE_NO_BLOCKER;
    bcue_vec3 from = r->radio.unit.frame.origin;
    bcue_vec3 to = bcue_instance_antenna(&r->scene.world, &r->instances[r->served[v]]);
    bcue_vec3 way = bcue_vec3_sub(to, from);
    double length = bcue_vec3_norm(way);
    bcue_radio_packet ray = {.count = 1, .origin = {from}, .direction = {bcue_vec3_scale(way, 1.0 / length)}};
    bcue_radio_intersect(r->radio.scene, &ray);
    size_t count;
    const bcue_placed_surface *surfaces = bcue_radio_surfaces(r->radio.scene, &count);
    if (ray.surface[0] >= count || ray.distance[0] >= length)
        return BCUE_STATIC_BLOCKER;
    uint32_t instance = surfaces[ray.surface[0]].instance;
    if (instance == BCUE_RADIO_STATIC || instance >= r->instance_count || r->ids[instance] == BCUE_NO_TRACK)
        return BCUE_STATIC_BLOCKER;
    return (int32_t)r->ids[instance];
}

bcue_status bcue_sim_channel_open(bcue_sim_run *r, uint32_t episode, bcue_error *error)
{
    const bcue_simulate_config *c = r->config;
    if (c->channel.record == BCUE_SIM_RECORD_NONE || r->tree.measuring)
        return BCUE_OK;
    const bcue_channel_file_config file = {
        .carrier_hz = c->channel.carrier_hz,
        .bandwidth_hz = c->channel.bandwidth_hz,
        .seed = (uint64_t)c->seed,
        .episode = episode + 1,
        .world = &r->scene.world,
        .beams = c->channel.record >= BCUE_SIM_RECORD_POWER ? r->radio.codebook.beams : 0,
        .subcarriers = c->channel.record >= BCUE_SIM_RECORD_CFR ? (size_t)c->channel.subcarriers : 0};
    char name[64];
    snprintf(name, sizeof name, CHANNEL_PATH, episode + 1);
    char *path = bcue_output_tree_path(&r->tree, name), *folder = path ? bcue_path_dirname(path) : NULL;
    bcue_status status = folder ? bcue_make_dirs(folder, error) : bcue_fail_memory(error, name);
    if (status == BCUE_OK)
        status = bcue_channel_file_create(path, &file, &r->channel_file, error);
    free(path);
    free(folder);
    return status;
}

static bcue_status fill_taps(bcue_sim_run *r, size_t v, bcue_tap *taps, bcue_error *error)
{
    const bcue_path_list *list = &r->radio.lists[v];
    for (size_t p = 0; p < list->count; p++)
        BCUE_TRY(bcue_channel_tap(r->radio.channel, &list->paths[p], (bcue_vec3){0, 0, 0},
                                  r->instances[r->served[v]].velocity_mps, &taps[p], error));
    return BCUE_OK;
}

static bcue_status fill_response(bcue_sim_run *r, size_t v, double time_s, double complex *response,
                                 bcue_error *error)
{
    bcue_sim_radio *radio = &r->radio;
    BCUE_TRY(bcue_link_trace(&radio->link, radio->channel, &radio->unit, &radio->lists[v],
                             (bcue_vec3){0, 0, 0}, r->instances[r->served[v]].velocity_mps, &radio->rays,
                             error));
    return bcue_link_frequency_response(&radio->link, &radio->rays, time_s, response, error);
}

static bcue_status add_link(bcue_sim_run *r, const bcue_sim_moment *now, size_t v, bcue_tap *taps,
                            double complex *response, bcue_error *error)
{
    const bcue_link_summary *summary = &r->radio.links[v];
    const bcue_instance *vehicle = &r->instances[r->served[v]];
    BCUE_TRY(fill_taps(r, v, taps, error));
    if (r->config->channel.record >= BCUE_SIM_RECORD_CFR)
        BCUE_TRY(fill_response(r, v, now->at.time_s, response, error));
    const bcue_channel_link link = {.frame = now->at.frame,
                                    .vehicle = r->ids[r->served[v]],
                                    .time_s = now->at.time_s,
                                    .transmitter = r->radio.unit.frame.origin,
                                    .receiver = bcue_instance_antenna(&r->scene.world, vehicle),
                                    .paths = r->radio.lists[v].paths,
                                    .taps = taps,
                                    .path_count = r->radio.lists[v].count,
                                    .line_of_sight = summary->line_of_sight,
                                    .blocker = bcue_sim_blocker(r, v),
                                    .gain_db = summary->gain_db,
                                    .rician_k_db = summary->rician_k_db,
                                    .delay_spread_s = summary->delay_spread_s,
                                    .power_mw = r->radio.power_mw + v * r->radio.codebook.beams,
                                    .frequency = response};
    return bcue_channel_file_add(r->channel_file, &link, error);
}

bcue_status bcue_sim_channel_add(bcue_sim_run *r, const bcue_sim_moment *now, bcue_error *error)
{
    if (!r->channel_file)
        return BCUE_OK;
    size_t most = 1;
    for (size_t v = 0; v < r->radio.vehicles; v++)
        most = r->radio.lists[v].count > most ? r->radio.lists[v].count : most;
    bcue_tap *taps = bcue_calloc(most, sizeof *taps);
    double complex *response = bcue_calloc((size_t)r->config->channel.subcarriers, sizeof *response);
    bcue_status status = taps && response ? BCUE_OK : bcue_fail_memory(error, "the channel of an instant");
    for (size_t v = 0; status == BCUE_OK && v < r->radio.vehicles; v++)
        status = add_link(r, now, v, taps, response, error);
    free(taps);
    free(response);
    return status;
}

bcue_status bcue_sim_channel_close(bcue_sim_run *r, uint32_t episode, bcue_error *error)
{
    if (!r->channel_file)
        return BCUE_OK;
    char name[64];
    snprintf(name, sizeof name, CHANNEL_PATH, episode + 1);
    bcue_channel_file *file = r->channel_file;
    r->channel_file = NULL;
    BCUE_TRY(bcue_channel_file_commit(file, error));
    return bcue_output_tree_adopt(&r->tree, name, error);
}

void bcue_sim_channel_abandon(bcue_sim_run *r)
{
    bcue_channel_file_abandon(r->channel_file);
    r->channel_file = NULL;
}
