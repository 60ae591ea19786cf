/* The two readings of paper B's link, and each difference between them alone, in paper B's scenes: which beam
   is chosen for all vehicles within the bounds, and what that costs where the corrected reading holds. Prints
   Markdown. Usage: bench_link_modes [2-lane|3-lane [EPISODES [SECONDS BETWEEN INSTANTS [LOSS]]]]; paths that
   certainly lose more than LOSS (120 dB, as in the paper) are not looked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "channel/log_distance.h"
#include "channel/mode_table.h"
#include "rays/paths.h"
#include "world/scenery.h"
#include "world/traffic_flow.h"

#define CARRIER 28e9

enum { MAX_VEHICLES = 40, STEPS = 200 };

typedef struct run {
    bcue_world world;
    bcue_site site;
    bcue_radio_scene *scene;
    bcue_mode_table *table;
    bcue_path_options options;
    bcue_path_list lists[MAX_VEHICLES];
    size_t paths, vehicles, instants;
    /* For the fit: the corrected channel between single antennas, without [0] and with [1] a line of sight.
     */
    bcue_channel *channel;
    bcue_link_config link;
    bcue_array antenna;
    bcue_link_rays rays;
    double *distance_m[2], *loss_db[2];
    size_t count[2], capacity[2], loss_capacity[2], dark;
} run;

static bcue_status set_up(run *r, bcue_scenery_preset preset, double max_loss_db, bcue_error *error)
{
    static bcue_weather weather;
    weather = bcue_weather_clear();
    bcue_status status = bcue_scenery_make_preset(preset, 1, &r->world, &r->site, error);
    if (status == BCUE_OK)
        status = bcue_radio_scene_create(&r->world, &r->scene, error);
    bcue_mode_table_config config = {.carrier_hz = CARRIER,
                                     .bandwidth_hz = 100e6,
                                     .subcarriers = 64,
                                     .place = r->site.position,
                                     .azimuth = r->site.yaw,
                                     .weather = &weather,
                                     .aggregation = BCUE_AGGREGATE_MEAN_DB,
                                     .transmits = true};
    r->options = (bcue_path_options){.max_reflections = 1,
                                     .diffraction = true,
                                     .mixed = true,
                                     .min_edge_m = 5.0 * BCUE_SPEED_OF_LIGHT / CARRIER,
                                     .max_transmissions = 2,
                                     .max_loss_db = max_loss_db,
                                     .wavelength_m = BCUE_SPEED_OF_LIGHT / CARRIER};
    bcue_link_switches corrected = bcue_link_mode_switches(BCUE_LINK_CORRECTED);
    bcue_channel_config channel = {.carrier_hz = CARRIER};
    bcue_link_apply_switches(&corrected, &weather, &r->link, &channel);
    if (status == BCUE_OK)
        status = bcue_channel_create(&r->world, &channel, &r->channel, error);
    if (status == BCUE_OK)
        status = bcue_array_make_ula(1, 0.005, &r->antenna, error);
    return status == BCUE_OK ? bcue_mode_table_create(&r->world, &config, &r->table, error) : status;
}

/* Note the loss of one vehicle's paths together. */
static bcue_status note(run *r, const bcue_path_list *paths, double distance_m, bcue_error *error)
{
    const bcue_vec3 rest = {0, 0, 0};
    bcue_link_receiver receiver = {
        .array = &r->antenna, .frame = bcue_frame_make(rest, 0.0, 0.0), .transmits = true};
    bcue_status status = bcue_link_trace(&r->link, r->channel, &receiver, paths, rest, rest, &r->rays, error);
    if (status != BCUE_OK)
        return status;
    bcue_link_summary summary = bcue_link_summarise(&r->rays);
    int k = summary.line_of_sight;
    if (!isfinite(summary.gain_db)) {
        r->dark++;
        return BCUE_OK;
    }
    if (!bcue_grow((void **)&r->distance_m[k], &r->capacity[k], r->count[k] + 1, sizeof(double)) ||
        !bcue_grow((void **)&r->loss_db[k], &r->loss_capacity[k], r->count[k] + 1, sizeof(double)))
        return BCUE_ERROR_MEMORY;
    r->distance_m[k][r->count[k]] = distance_m;
    r->loss_db[k][r->count[k]++] = -summary.gain_db;
    return BCUE_OK;
}

static void print_fit(const run *r)
{
    static const char *const names[2] = {"without", "with"};
    for (int k = 1; k >= 0; k--) {
        bcue_log_distance fit;
        bcue_error error = {0};
        if (bcue_log_distance_fit(r->distance_m[k], r->loss_db[k], NULL, r->count[k], &fit, &error) ==
            BCUE_OK)
            printf("%s line of sight: PL = %.1f + 10 x %.2f log10(d) dB, deviation %.1f dB (%zu vehicles)\n",
                   names[k], fit.reference_db, fit.exponent, fit.shadowing_db, r->count[k]);
        else
            printf("%s line of sight: %s\n", names[k], error.text);
    }
    printf("nothing arrives: %zu vehicles\n", r->dark);
}

static bcue_status instant(run *r, const bcue_traffic *traffic, double time_s, bcue_instance *instances,
                           bcue_error *error)
{
    size_t count, seen = 0;
    bcue_vec3 antennas[MAX_VEHICLES];
    uint32_t ids[1024];
    bcue_traffic_at(&r->world, traffic, time_s, instances, &count, ids);
    bcue_status status = bcue_radio_scene_place(r->scene, instances, count, error);
    for (size_t i = 0; i < count && seen < MAX_VEHICLES; i++)
        if (ids[i] != BCUE_NO_TRACK && instances[i].model < BCUE_VEHICLE_CLASS_COUNT &&
            bcue_bounds_contain(&r->world.bounds, instances[i].position.x, instances[i].position.y))
            antennas[seen++] = bcue_instance_antenna(&r->world, &instances[i]);
    if (status != BCUE_OK || seen == 0)
        return status;
    status = bcue_paths_find(r->scene, r->site.position, antennas, seen, &r->options, r->lists, NULL, error);
    for (size_t v = 0; status == BCUE_OK && v < seen; v++) {
        r->paths += r->lists[v].count;
        status = note(r, &r->lists[v], bcue_vec3_norm(bcue_vec3_sub(antennas[v], r->site.position)), error);
    }
    r->vehicles += seen;
    r->instants++;
    return status == BCUE_OK ? bcue_mode_table_add(r->table, r->lists, seen, error) : status;
}

static bcue_status episode(run *r, uint32_t number, double step_s, bcue_error *error)
{
    bcue_flow_config config;
    bcue_traffic traffic = {0};
    bcue_status status = bcue_flow_defaults(&config, error);
    if (status == BCUE_OK)
        status = bcue_traffic_flow(&r->world, &config, 1, number, &traffic, error);
    if (status != BCUE_OK)
        return status;
    size_t capacity = bcue_traffic_capacity(&r->world, &traffic);
    bcue_instance *instances = capacity < 1024 ? calloc(capacity + 1, sizeof *instances) : NULL;
    double end = 0.1 * (double)bcue_traffic_steps(&r->world, &traffic, 0.1, STEPS);
    for (int i = 0; instances && status == BCUE_OK && i * step_s < end; i++)
        status = instant(r, &traffic, i * step_s, instances, error);
    free(instances);
    bcue_traffic_free(&traffic);
    return status;
}

/* The beams chosen most often, from 1. */
static void print_beams(const run *r, size_t variant)
{
    const size_t *chosen = bcue_mode_table_histogram(r->table, variant);
    for (int rank = 0, last = -1; rank < 8; rank++) {
        int best = -1;
        for (int b = 0; b < 152; b++) {
            bool listed = last >= 0 && (chosen[b] > chosen[last] || (chosen[b] == chosen[last] && b <= last));
            if (!listed && chosen[b] > 0 && (best < 0 || chosen[b] > chosen[best]))
                best = b;
        }
        if (best < 0)
            break;
        printf("%s%d (%.0f %%)", rank ? ", " : "", best + 1,
               100.0 * (double)chosen[best] / (double)r->instants);
        last = best;
    }
    puts("");
}

static void print(const run *r, const char *name)
{
    printf("%s: %zu instants, %.1f vehicles and %.0f paths per instant\n\n", name, r->instants,
           (double)r->vehicles / (double)r->instants, (double)r->paths / (double)r->instants);
    puts("| reading | mean RSS of the choice (dBm) | same beam as corrected (%) | loss by the corrected "
         "reading (dB) | 1 / 2 / 3 "
         "lobes (%) | dark |");
    puts("|---|---|---|---|---|---|");
    for (size_t v = 0; v < BCUE_MODE_VARIANTS; v++) {
        bcue_mode_row row = bcue_mode_table_row(r->table, v);
        printf("| %s%s%s | %.1f | %.1f | %.2f | %.0f / %.0f / %.0f | %zu |\n", row.mode,
               row.difference ? row.mode[0] == 'p' ? ", corrected: " : ", as in the paper: " : "",
               row.difference ? row.difference : "", row.mean_rss_dbm, 100.0 * row.same_share,
               row.mean_loss_db, 100.0 * row.lobe_share[0], 100.0 * row.lobe_share[1],
               100.0 * row.lobe_share[2], row.dark);
    }
    printf("\nbeams chosen most often (from 1), paper: ");
    print_beams(r, 0);
    printf("corrected: ");
    print_beams(r, 1);
    puts("");
    print_fit(r);
}

int main(int count, char **arguments)
{
    static run r;
    bcue_error error = {0};
    bool three = count > 1 && strcmp(arguments[1], "3-lane") == 0;
    uint32_t episodes = count > 2 ? (uint32_t)strtoul(arguments[2], NULL, 10) : 10;
    double step_s = count > 3 ? strtod(arguments[3], NULL) : 1.0;
    double max_loss_db = count > 4 ? strtod(arguments[4], NULL) : 120.0;
    bcue_status status =
        set_up(&r, three ? BCUE_SCENERY_THREE_LANE : BCUE_SCENERY_TWO_LANE, max_loss_db, &error);
    for (uint32_t e = 0; status == BCUE_OK && e < episodes; e++)
        status = episode(&r, e, step_s > 0.0 ? step_s : 1.0, &error);
    if (status == BCUE_OK && r.instants > 0)
        print(&r, three ? "3-lane" : "2-lane");
    else
        fprintf(stderr, "%s\n", status == BCUE_OK ? "no instant with a vehicle" : error.text);
    for (int v = 0; v < MAX_VEHICLES; v++)
        bcue_path_list_free(&r.lists[v]);
    for (int k = 0; k < 2; k++) {
        free(r.distance_m[k]);
        free(r.loss_db[k]);
    }
    bcue_link_rays_free(&r.rays);
    bcue_array_free(&r.antenna);
    bcue_channel_destroy(r.channel);
    bcue_mode_table_destroy(r.table);
    bcue_radio_scene_destroy(r.scene);
    bcue_world_free(&r.world);
    return status == BCUE_OK ? 0 : 1;
}
