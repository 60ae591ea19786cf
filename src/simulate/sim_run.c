#include "simulate/sim_run.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"

/* Who is there, and who of them counts. */
static bcue_status place_vehicles(bcue_sim_run *r, bcue_sim_moment *now, bcue_error *error)
{
    const bcue_traffic *traffic = &now->episode->traffic;
    size_t most = bcue_traffic_capacity(&r->scene.world, traffic);
    if (!bcue_grow((void **)&r->instances, &r->instance_capacity, most, sizeof *r->instances) ||
        !bcue_grow((void **)&r->ids, &r->id_capacity, most, sizeof *r->ids) ||
        !bcue_grow((void **)&r->served, &r->served_capacity, most, sizeof *r->served) ||
        !bcue_grow((void **)&r->fixes, &r->fix_capacity, most, sizeof *r->fixes))
        return bcue_fail_memory(error, "the vehicles");
    bcue_traffic_at(&r->scene.world, traffic, now->at.time_s, r->instances, &r->instance_count, r->ids);
    r->served_count = 0;
    for (size_t i = 0; i < r->instance_count; i++) {
        bool asked = bcue_sim_all_vehicles(r) ? r->ids[i] != BCUE_NO_TRACK : r->ids[i] == traffic->target;
        bool counts = asked && bcue_sim_scene_counts(&r->scene, &r->instances[i]);
        if (counts)
            r->served[r->served_count++] = i;
    }
    now->at.instances = r->instances;
    now->at.instance_count = r->instance_count;
    return BCUE_OK;
}

static bcue_status add_to_view(bcue_sim_run *r, const bcue_sim_moment *now, bcue_error *error)
{
    const bcue_view_moment moment = {.at = &now->at,
                                     .ids = r->ids,
                                     .served = r->served,
                                     .served_count = r->served_count,
                                     .fixes = r->fixes};
    return bcue_view_add(r->view, &moment, error);
}

/* Where nothing stands out of the noise the best beam would be a throw of dice: no sample. */
static bcue_status simulate_power(bcue_sim_run *r, const bcue_sim_moment *now, bool *heard, bcue_error *error)
{
    BCUE_TRY(bcue_sim_radio_aggregate(&r->radio, error));
    *heard = bcue_sim_radio_measure(&r->radio, now->at.episode, now->at.frame);
    return BCUE_OK;
}

static bcue_status simulate_instant(bcue_sim_run *r, bcue_sim_moment *now, bcue_error *error)
{
    BCUE_TRY(place_vehicles(r, now, error));
    now->measured = bcue_sim_measures(r->config, now->at.frame);
    double start = bcue_clock_s();
    if (now->measured)
        BCUE_TRY(bcue_sim_radio_trace(&r->radio, r->instances, r->instance_count, r->served, r->served_count,
                                      error));
    r->summary.channel_seconds += bcue_clock_s() - start;
    bcue_gnss_fix fix = {.quality = BCUE_GNSS_NONE};
    if (!bcue_sim_all_vehicles(r) && r->served_count == 1)
        fix = bcue_sim_step_receiver(r, now, r->served[0]);
    bool heard = r->served_count > 0;
    if (heard && now->measured)
        BCUE_TRY(simulate_power(r, now, &heard, error));
    if (!heard) {
        r->tally.frames_no_signal++;
        return BCUE_OK;
    }
    BCUE_TRY(bcue_sim_write_sample(r, now, &fix, error));
    if (!now->measured)
        return BCUE_OK;
    BCUE_TRY(bcue_sim_channel_add(r, now, error));
    return r->view ? add_to_view(r, now, error) : BCUE_OK;
}

static bcue_status start_receivers(bcue_sim_run *r, uint32_t episode, size_t tracks, bcue_error *error)
{
    const bcue_simulate_config *c = r->config;
    const bcue_gnss_config gnss = {.horizontal_sigma_m = c->gnss.horizontal_sigma_m,
                                   .vertical_sigma_m = c->gnss.vertical_sigma_m,
                                   .drift_sigma_m = c->gnss.drift_sigma_m,
                                   .drift_time_s = c->gnss.drift_time_s,
                                   .multipath_m = c->gnss.multipath_m,
                                   .outages_per_minute = c->gnss.outages_per_minute,
                                   .outage_mean_s = c->gnss.outage_mean_s,
                                   .rtk_fix_sigma_m = c->gnss.rtk_fix_sigma_m,
                                   .rtk_float_sigma_m = c->gnss.rtk_float_sigma_m,
                                   .rtk_lost_above = c->gnss.rtk_lost_above};
    if (!bcue_grow((void **)&r->receivers, &r->receiver_capacity, tracks, sizeof *r->receivers))
        return bcue_fail_memory(error, "the vehicles' receivers");
    for (size_t t = 0; t < tracks; t++) {
        r->receivers[t] = (bcue_sim_receiver){.clock = bcue_sim_clock_make(&c->gnss.clock, c->frame_rate_hz,
                                                                           (uint64_t)c->seed, 2 + (unsigned)t,
                                                                           BCUE_SIM_CLOCK_GNSS)};
        bcue_gnss_start(&r->receivers[t].gnss, &gnss, (uint64_t)c->seed, episode, (uint32_t)t);
    }
    return BCUE_OK;
}

static bcue_status write_nmea(bcue_sim_run *r, uint32_t episode, bcue_error *error)
{
    if (!r->config->gnss.nmea)
        return BCUE_OK;
    char path[64];
    snprintf(path, sizeof path, "unit2/GPS_data/nmea_%u.txt", episode + 1);
    if (r->nmea.failed)
        return bcue_fail_memory(error, "the NMEA log");
    bcue_status status =
        bcue_output_tree_write(&r->tree, path, r->nmea.data ? r->nmea.data : "", r->nmea.size, true, error);
    r->nmea.size = 0;
    return status;
}

bcue_status bcue_sim_run_begin(bcue_sim_run *r, uint32_t number, const bcue_sim_episode *episode,
                               bcue_error *error)
{
    BCUE_TRY(bcue_sim_radio_set_weather(&r->radio, episode->has_weather ? &episode->weather : NULL, error));
    const bcue_weather *weather = episode->has_weather ? &episode->weather : NULL;
    bcue_sim_sensors_set_weather(&r->sensors, weather, &episode->light);
    bcue_sim_sensors_set_weather(&r->carried, weather, &episode->light);
    BCUE_TRY(bcue_sim_stations_set_weather(&r->stations, weather, &episode->light, error));
    return start_receivers(r, number, episode->traffic.track_count, error);
}

bcue_status bcue_sim_run_frame(bcue_sim_run *r, uint32_t number, const bcue_sim_episode *episode,
                               uint32_t frame, bcue_error *error)
{
    if (bcue_cancelled(r->hooks))
        return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped in episode %u of %u", number + 1,
                         r->plan->episodes);
    bcue_sim_moment now = {.episode = episode,
                           .at = {.episode = number,
                                  .frame = frame,
                                  .time_s = (double)frame / r->config->frame_rate_hz,
                                  .traffic = &episode->traffic}};
    return simulate_instant(r, &now, error);
}

static bcue_status simulate_frames(bcue_sim_run *r, uint32_t number, const bcue_sim_episode *episode,
                                   bcue_error *error)
{
    BCUE_TRY(bcue_sim_run_begin(r, number, episode, error));
    BCUE_TRY(bcue_sim_channel_open(r, number, error));
    for (uint32_t frame = 0; frame < episode->frames; frame++)
        if (bcue_sim_keeps(r->config, frame))
            BCUE_TRY(bcue_sim_run_frame(r, number, episode, frame, error));
    BCUE_TRY(bcue_sim_channel_close(r, number, error));
    return write_nmea(r, number, error);
}

/* Is this the episode of the page: the one that was asked for, else the first with a sample? */
static bool wants_view(const bcue_sim_run *r, uint32_t number)
{
    return r->options.view && r->summary.view_samples == 0 &&
           (r->options.view_episode == 0 || r->options.view_episode == number + 1);
}

static bcue_status open_view(bcue_sim_run *r, uint32_t number, const bcue_sim_episode *episode,
                             bcue_error *error)
{
    const bcue_view_source source = {
        .config = r->config, .scene = &r->scene, .radio = &r->radio, .sensors = &r->sensors};
    return wants_view(r, number) ? bcue_view_create(&source, number, episode, &r->view, error) : BCUE_OK;
}

/* The page is written as soon as its episode is over. */
static bcue_status close_view(bcue_sim_run *r, uint32_t number, bcue_error *error)
{
    bcue_status status = BCUE_OK;
    if (r->view && bcue_view_count(r->view) > 0) {
        status = bcue_view_write(r->view, r->options.view, error);
        r->summary.view_samples = status == BCUE_OK ? bcue_view_count(r->view) : 0;
    } else if (r->view && r->options.view_episode > 0)
        bcue_log(r->hooks, BCUE_LOG_WARNING, "%s was not written: episode %u has no sample to show",
                 r->options.view, number + 1);
    bcue_view_destroy(r->view);
    r->view = NULL;
    return status;
}

static void unstage(bcue_sim_run *r)
{
    r->summary.camera_seconds += r->sensors.camera_seconds;
    r->summary.lidar_seconds += r->sensors.lidar_seconds;
    r->summary.radar_seconds += r->sensors.radar_seconds;
    r->summary.camera_seconds += r->carried.camera_seconds;
    r->summary.lidar_seconds += r->carried.lidar_seconds;
    r->summary.radar_seconds += r->carried.radar_seconds;
    bcue_sim_sensors_destroy(&r->sensors);
    bcue_sim_sensors_destroy(&r->carried);
    bcue_sim_stations_destroy(&r->stations);
    bcue_sim_radio_destroy(&r->radio);
    bcue_sim_scene_destroy(&r->scene);
    r->staged = NULL;
    r->config = NULL;
}

static void tell_materials(bcue_sim_run *r)
{
    size_t count;
    const char *material = bcue_channel_extrapolated(r->radio.channel, &count);
    if (material && !r->told_materials)
        bcue_log(r->hooks, BCUE_LOG_INFO,
                 "%zu material(s), %s first, are used outside of their frequency range at %g GHz: continued "
                 "as docs/simulation.md says",
                 count, material, 1e-9 * r->config->channel.carrier_hz);
    r->told_materials = r->told_materials || material;
}

bcue_status bcue_sim_run_stage(bcue_sim_run *r, size_t index, bcue_error *error)
{
    const bcue_sim_plan_scene *scene = &r->plan->scenes[index];
    if (r->staged == scene)
        return BCUE_OK;
    unstage(r);
    const bcue_simulate_config *c = &scene->config;
    r->staged = scene;
    r->config = c;
    BCUE_TRY(bcue_sim_scene_create(c, (uint32_t)index, r->hooks, &r->scene, error));
    BCUE_TRY(bcue_sim_radio_create(c, &r->scene.world, r->scene.place, r->scene.azimuth, &r->radio, error));
    BCUE_TRY(bcue_sim_sensors_create(c, &r->scene.world, 1, &r->scene.poses, &r->sensors, error));
    BCUE_TRY(bcue_sim_sensors_create(c, &r->scene.world, 2, NULL, &r->carried, error));
    BCUE_TRY(bcue_sim_stations_create(&r->scene, &r->stations, error));
    tell_materials(r);
    r->sites[index] = (bcue_sim_site){.known = true,
                                      .place = r->scene.place,
                                      .radar = r->scene.poses.radar.origin,
                                      .azimuth = r->scene.azimuth,
                                      .latitude_deg = r->scene.latitude_deg,
                                      .longitude_deg = r->scene.longitude_deg,
                                      .beams = r->radio.codebook.beams};
    return BCUE_OK;
}

bcue_status bcue_sim_run_episode(bcue_sim_run *r, uint32_t number, bcue_error *error)
{
    size_t index = bcue_sim_plan_scene_of(r->plan, number);
    r->tally = (bcue_sim_tally){0};
    r->rows.size = r->truth.size = r->nmea.size = 0;
    BCUE_TRY(bcue_sim_run_stage(r, index, error));
    bcue_sim_episode episode;
    BCUE_TRY(bcue_sim_scene_episode(&r->scene, number, number - r->staged->first_episode, &episode, error));
    bcue_status status = open_view(r, number, &episode, error);
    if (status == BCUE_OK)
        status = simulate_frames(r, number, &episode, error);
    if (status == BCUE_OK)
        status = close_view(r, number, error);
    bcue_sim_channel_abandon(r); /* unless it was closed */
    bcue_traffic_free(&episode.traffic);
    return status;
}

void bcue_sim_run_free(bcue_sim_run *r)
{
    bcue_view_destroy(r->view);
    unstage(r);
    json_decref(r->files);
    free(r->sites);
    free(r->instances);
    free(r->ids);
    free(r->served);
    free(r->fixes);
    free(r->receivers);
    bcue_text_free(&r->rows);
    bcue_text_free(&r->truth);
    bcue_text_free(&r->nmea);
    bcue_text_free(&r->scratch);
}

bool bcue_sim_all_vehicles(const bcue_sim_run *r)
{
    return r->config->receivers == BCUE_SIM_ALL;
}
