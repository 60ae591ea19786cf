/* The table of link modes on one vehicle in free space, where what each difference does is known. */
#include "channel/mode_table.h"
#include "hand_paths.h"

#define CARRIER 28e9

static void free_space(void)
{
    bcue_error error = {0};
    bcue_world world;
    bcue_mode_table *table = NULL;
    bcue_weather weather = bcue_weather_clear();
    weather.rain_mm_h = 50.0;
    hand_world(&world, NULL, 0);
    bcue_mode_table_config config = {.carrier_hz = CARRIER,
                                     .bandwidth_hz = 100e6,
                                     .subcarriers = 4,
                                     .place = {0, 0, 21},
                                     .azimuth = -0.5 * BCUE_PI,
                                     .tilt = 0.0,
                                     .weather = &weather,
                                     .aggregation = BCUE_AGGREGATE_MEAN_DB};
    CHECK_OK(bcue_mode_table_create(&world, &config, &table, &error), error);
    bcue_world_free(&world);
    /* South of the mast, far enough to be seen by beams below the horizon. */
    enum { INSTANTS = 40 };
    double distance_sum = 0.0;
    for (int i = 0; i < INSTANTS; i++) {
        bcue_vec3 vehicle = {-30.0 + 1.5 * i, -25.0, 1.6};
        bcue_path path = hand_direct(vehicle, config.place);
        bcue_path_list list = {&path, 1, 1};
        distance_sum += 20.0 * log10(path.length_m) / INSTANTS;
        CHECK_OK(bcue_mode_table_add(table, &list, 1, &error), error);
    }
    bcue_mode_row corrected = bcue_mode_table_row(table, 1), paper = bcue_mode_table_row(table, 0);
    CHECK_STR(corrected.mode, "corrected");
    CHECK(corrected.difference == NULL && paper.difference == NULL);
    CHECK_INT(corrected.instants, INSTANTS);
    CHECK_INT(corrected.dark, 0);
    CHECK_NEAR(corrected.same_share, 1.0, 0.0);
    CHECK_NEAR(corrected.mean_loss_db, 0.0, 0.0);
    double free_db = -distance_sum - 20.0 * log10(4.0 * BCUE_PI * CARRIER / BCUE_SPEED_OF_LIGHT);
    CHECK(corrected.mean_rss_dbm < free_db + 18.06 && corrected.mean_rss_dbm > free_db + 15.0);
    for (size_t v = 2; v < BCUE_MODE_VARIANTS; v++) {
        bcue_mode_row row = bcue_mode_table_row(table, v);
        double share = row.lobe_share[0] + row.lobe_share[1] + row.lobe_share[2];
        CHECK_NEAR(share, 1.0, 1e-12);
        if (row.mode[0] == 'p')
            continue;
        double change = row.mean_rss_dbm - corrected.mean_rss_dbm;
        if (strcmp(row.difference, "orientation") == 0) {
            /* The road lies along the array: a different beam, and a poor one by the corrected reading. */
            CHECK(row.same_share < 0.2 && row.mean_loss_db > 3.0);
        } else if (strcmp(row.difference, "normalisation") == 0) {
            CHECK_NEAR(change, 18.06, 0.4); /* weights of amplitude 1 instead of norm 1 */
            CHECK(row.lobe_share[0] >= corrected.lobe_share[0]);
        } else if (strcmp(row.difference, "mechanisms") == 0) {
            CHECK(change > 0.1 && change < 0.6); /* no rain */
            CHECK_NEAR(row.same_share, 1.0, 0.0);
        } else {
            CHECK_NEAR(change, 0.0, 1e-6);
            CHECK_NEAR(row.same_share, 1.0, 0.0);
        }
    }
    size_t total = 0;
    for (size_t b = 0; b < 152; b++)
        total += bcue_mode_table_histogram(table, 1)[b];
    CHECK_INT(total, INSTANTS);
    bcue_path_list none = {NULL, 0, 0};
    CHECK_OK(bcue_mode_table_add(table, &none, 1, &error), error);
    CHECK_INT(bcue_mode_table_row(table, 1).dark, 1);
    CHECK_STATUS(bcue_mode_table_add(table, &none, 0, &error), BCUE_ERROR_ARGUMENT);
    bcue_mode_table_destroy(table);
    hand_world(&world, NULL, 0);
    config.aggregation = BCUE_AGGREGATE_PROPORTIONAL_FAIR;
    CHECK_STATUS(bcue_mode_table_create(&world, &config, &table, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "not proportional-fair");
    bcue_world_free(&world);
}

int main(void)
{
    RUN(free_space);
    return check_summary();
}
