/* The channel itself, beside what sensors and receiver make of it: one HDF5 file per episode. */
#include "simulate/sim_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"

#define CHANNEL_PATH "channel/channel_%04u.h5"

static int32_t blocker_of(const bcue_sim_run *r, const bcue_sim_radio *radio, size_t v)
{
    if (radio->links[v].line_of_sight)
        return BCUE_NO_BLOCKER;
    bcue_vec3 from = radio->unit.frame.origin;
    bcue_vec3 to = bcue_instance_antenna(&r->scene.world, &r->instances[r->served[v]]);
    bcue_vec3 way = bcue_vec3_sub(to, from);
    double length = bcue_vec3_norm(way);
    bcue_radio_packet ray = {.count = 1, .origin = {from}, .direction = {bcue_vec3_scale(way, 1.0 / length)}};
    bcue_radio_intersect(radio->scene, &ray);
    size_t count;
    const bcue_placed_surface *surfaces = bcue_radio_surfaces(radio->scene, &count);
    if (ray.surface[0] >= count || ray.distance[0] >= length)
        return BCUE_STATIC_BLOCKER;
    uint32_t instance = surfaces[ray.surface[0]].instance;
    if (instance == BCUE_RADIO_STATIC || instance >= r->instance_count || r->ids[instance] == BCUE_NO_TRACK)
        return BCUE_STATIC_BLOCKER;
    return (int32_t)r->ids[instance];
}

int32_t bcue_sim_blocker(const bcue_sim_run *r, size_t v)
{
    return blocker_of(r, &r->radio, v);
}

/* Of the unit with the most; the others' rows end in NAN. */
static size_t most_beams(const bcue_sim_run *r)
{
    size_t most = r->radio.codebook.beams;
    for (size_t i = 0; i < r->stations.count; i++)
        if (r->stations.items[i].radio.codebook.beams > most)
            most = r->stations.items[i].radio.codebook.beams;
    return most;
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
        .beams = c->channel.record >= BCUE_SIM_RECORD_POWER ? most_beams(r) : 0,
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

/* What the links of one unit need room for. */
typedef struct link_room {
    bcue_tap *taps;
    double complex *response;
    double *power_mw;
    size_t beams;
} link_room;

static bcue_status make_room(const bcue_sim_run *r, const bcue_sim_radio *radio, link_room *room,
                             bcue_error *error)
{
    size_t most = 1;
    for (size_t v = 0; v < radio->vehicles; v++)
        most = radio->lists[v].count > most ? radio->lists[v].count : most;
    room->beams = most_beams(r);
    room->taps = bcue_calloc(most, sizeof *room->taps);
    room->response = bcue_calloc((size_t)r->config->channel.subcarriers, sizeof *room->response);
    room->power_mw = bcue_calloc(room->beams, sizeof *room->power_mw);
    return room->taps && room->response && room->power_mw
               ? BCUE_OK
               : bcue_fail_memory(error, "the channel of an instant");
}

static bcue_status fill_room(const bcue_sim_run *r, bcue_sim_radio *radio, size_t v, double time_s,
                             link_room *room, bcue_error *error)
{
    const bcue_path_list *list = &radio->lists[v];
    const bcue_vec3 still = {0, 0, 0}, velocity = r->instances[r->served[v]].velocity_mps;
    for (size_t p = 0; p < list->count; p++)
        BCUE_TRY(bcue_channel_tap(radio->channel, &list->paths[p], still, velocity, &room->taps[p], error));
    for (size_t b = 0; b < room->beams; b++)
        room->power_mw[b] =
            b < radio->codebook.beams ? radio->power_mw[v * radio->codebook.beams + b] : (double)NAN;
    if (r->config->channel.record < BCUE_SIM_RECORD_CFR)
        return BCUE_OK;
    BCUE_TRY(bcue_link_trace(&radio->link, radio->channel, &radio->unit, list, still, velocity, &radio->rays,
                             error));
    return bcue_link_frequency_response(&radio->link, &radio->rays, time_s, room->response, error);
}

static bcue_status add_link(bcue_sim_run *r, bcue_sim_radio *radio, uint32_t unit, const bcue_sim_moment *now,
                            size_t v, link_room *room, bcue_error *error)
{
    const bcue_link_summary *summary = &radio->links[v];
    const bcue_instance *vehicle = &r->instances[r->served[v]];
    BCUE_TRY(fill_room(r, radio, v, now->at.time_s, room, error));
    const bcue_channel_link link = {.frame = now->at.frame,
                                    .unit = unit,
                                    .vehicle = r->ids[r->served[v]],
                                    .time_s = now->at.time_s,
                                    .transmitter = radio->unit.frame.origin,
                                    .receiver = bcue_instance_antenna(&r->scene.world, vehicle),
                                    .paths = radio->lists[v].paths,
                                    .taps = room->taps,
                                    .path_count = radio->lists[v].count,
                                    .line_of_sight = summary->line_of_sight,
                                    .blocker = blocker_of(r, radio, v),
                                    .gain_db = summary->gain_db,
                                    .rician_k_db = summary->rician_k_db,
                                    .delay_spread_s = summary->delay_spread_s,
                                    .power_mw = room->power_mw,
                                    .frequency = room->response};
    return bcue_channel_file_add(r->channel_file, &link, error);
}

static bcue_status add_unit(bcue_sim_run *r, bcue_sim_radio *radio, uint32_t unit, const bcue_sim_moment *now,
                            bcue_error *error)
{
    link_room room = {0};
    bcue_status status = make_room(r, radio, &room, error);
    for (size_t v = 0; status == BCUE_OK && v < radio->vehicles; v++)
        status = add_link(r, radio, unit, now, v, &room, error);
    free(room.taps);
    free(room.response);
    free(room.power_mw);
    return status;
}

bcue_status bcue_sim_channel_add(bcue_sim_run *r, const bcue_sim_moment *now, bcue_error *error)
{
    if (!r->channel_file)
        return BCUE_OK;
    BCUE_TRY(add_unit(r, &r->radio, 0, now, error));
    for (size_t i = 0; i < r->stations.count; i++)
        BCUE_TRY(add_unit(r, &r->stations.items[i].radio, (uint32_t)(i + 1), now, error));
    return BCUE_OK;
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
