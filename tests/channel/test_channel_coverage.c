/* Coverage maps over two units and free space, against powers worked out point by point. */
#include <stdint.h>
#include <stdlib.h>
#include "base/parallel.h"
#include "channel/aggregate.h"
#include "channel/coverage.h"
#include "hand_paths.h"

#define CARRIER 28e9
#define WAVELENGTH (BCUE_SPEED_OF_LIGHT / CARRIER)

enum { COLUMNS = 12, ROWS = 7, POINTS = COLUMNS * ROWS, BEAMS = 16 };

typedef struct rig {
    bcue_world world;
    bcue_channel *channel;
    bcue_array array;
    bcue_codebook codebook;
    bcue_coverage_unit units[2];
    bcue_coverage_grid grid;
    bcue_path paths[2 * POINTS];
    bcue_path_list lists[2 * POINTS];
    bcue_link_config config;
} rig;

static void set_up(rig *r)
{
    bcue_error error = {0};
    hand_world(&r->world, NULL, 0);
    bcue_channel_config channel = {.carrier_hz = CARRIER};
    CHECK_OK(bcue_channel_create(&r->world, &channel, &r->channel, &error), error);
    CHECK_OK(bcue_array_make_ula(BEAMS, 0.5 * WAVELENGTH, &r->array, &error), error);
    CHECK_OK(bcue_codebook_make_oversampled(&r->array, WAVELENGTH, BEAMS, 2.0, &r->codebook, &error), error);
    static const bcue_vec3 places[2] = {{-30, 0, 6}, {30, 5, 6}};
    for (int u = 0; u < 2; u++) {
        r->units[u] = (bcue_coverage_unit){{.array = &r->array, .codebook = &r->codebook, .transmits = true},
                                           u ? 3 : 9};
        r->units[u].receiver.frame = bcue_frame_make(places[u], u ? BCUE_PI : 0.0, 0.0);
    }
    r->grid = (bcue_coverage_grid){{-22, -9, 1.5}, 4.0, COLUMNS, ROWS};
    for (size_t u = 0; u < 2; u++)
        for (size_t p = 0; p < POINTS; p++) {
            r->paths[u * POINTS + p] = hand_direct(places[u], bcue_coverage_point(&r->grid, p));
            /* One point lies in the dark. */
            r->lists[u * POINTS + p] = (bcue_path_list){&r->paths[u * POINTS + p], p == 17 ? 0 : 1, 1};
        }
    r->config = (bcue_link_config){.subcarriers = 1, .transmit_power_dbm = 20.0};
}

/* The lists of a piece of the map, unit by unit. */
static bcue_path_list *piece(const rig *r, size_t first, size_t count)
{
    bcue_path_list *lists = calloc(2 * count, sizeof *lists);
    for (size_t u = 0; u < 2; u++)
        for (size_t p = 0; p < count; p++)
            lists[u * count + p] = r->lists[u * POINTS + first + p];
    return lists;
}

static void free_space(void)
{
    static rig r;
    bcue_error error = {0};
    bcue_coverage map;
    double noise = bcue_thermal_noise_mw(100e6, 7.0), power[2][BEAMS];
    set_up(&r);
    CHECK_OK(bcue_coverage_create(&r.grid, &map, &error), error);
    for (size_t first = 0; first < POINTS; first += 25) {
        size_t count = first + 25 < POINTS ? 25 : POINTS - first;
        bcue_path_list *lists = piece(&r, first, count);
        CHECK_OK(
            bcue_coverage_fill(&r.config, r.channel, r.units, 2, lists, first, count, noise, &map, &error),
            error);
        free(lists);
    }
    int served[2] = {0};
    for (size_t p = 0; p < POINTS; p++) {
        if (p == 17) {
            CHECK(map.unit[p] == -1 && map.beam[p] == -1 && map.interferer[p] == -1 &&
                  isinf(map.rss_dbm[p]) && isnan(map.delay_spread_s[p]));
            continue;
        }
        bcue_vec3 x = bcue_coverage_point(&r.grid, p);
        size_t best_unit = 0, best_beam = 0;
        for (size_t u = 0; u < 2; u++) {
            const bcue_frame *frame = &r.units[u].receiver.frame;
            bcue_vec3 line = bcue_vec3_sub(x, frame->origin),
                      d = bcue_frame_local(frame, bcue_vec3_unit(line));
            double complex a[BEAMS];
            for (size_t b = 0; b < BEAMS; b++) {
                power[u][b] = 100.0 * bcue_codebook_gain(&r.codebook, &r.array, b, d, WAVELENGTH, a) *
                              pow(WAVELENGTH / (4.0 * BCUE_PI * bcue_vec3_norm(line)), 2.0);
                if (power[u][b] > power[best_unit][best_beam]) {
                    best_unit = u;
                    best_beam = b;
                }
            }
        }
        double other = power[1 - best_unit][best_unit ? 9 : 3];
        CHECK_INT(map.unit[p], best_unit);
        CHECK_INT(map.beam[p], best_beam);
        CHECK_INT(map.interferer[p], 1 - best_unit);
        CHECK_NEAR(map.rss_dbm[p], 10.0 * log10(power[best_unit][best_beam]), 1e-6);
        CHECK_NEAR(map.sinr_db[p], 10.0 * log10(power[best_unit][best_beam] / (other + noise)), 1e-6);
        CHECK(map.delay_spread_s[p] == 0.0 && isinf(map.rician_k_db[p]));
        served[best_unit]++;
    }
    CHECK(served[0] > 20 && served[1] > 20);
    /* One thread says the same. */
    bcue_coverage again;
    CHECK_OK(bcue_coverage_create(&r.grid, &again, &error), error);
    int most = bcue_limit_threads(1);
    CHECK_OK(bcue_coverage_fill(&r.config, r.channel, r.units, 2, r.lists, 0, POINTS, noise, &again, &error),
             error);
    (void)bcue_limit_threads(most);
    CHECK(memcmp(map.rss_dbm, again.rss_dbm, POINTS * sizeof *map.rss_dbm) == 0);
    CHECK(memcmp(map.sinr_db, again.sinr_db, POINTS * sizeof *map.sinr_db) == 0);
    CHECK_STATUS(bcue_coverage_fill(&r.config, r.channel, r.units, 2, r.lists, 80, 20, noise, &map, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_coverage_fill(&r.config, r.channel, r.units, 2, r.lists, 0, POINTS, 0.0, &map, &error),
                 BCUE_ERROR_ARGUMENT);
    bcue_coverage_free(&map);
    bcue_coverage_free(&again);
    bcue_channel_destroy(r.channel);
    bcue_world_free(&r.world);
    bcue_array_free(&r.array);
    bcue_codebook_free(&r.codebook);
}

int main(void)
{
    RUN(free_space);
    return check_summary();
}
