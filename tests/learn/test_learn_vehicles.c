/* Scores per vehicle, by hand; the predictions file that keeps them; samples whose best beam changed. */
#include "check.h"

#include <stdlib.h>

#include "base/text.h"
#include "../dataset/fabricate.h"
#include "../dataset/open_text.h"
#include "formats/npy.h"
#include "learn/predictions.h"
#include "metrics/metric.h"

enum { ROWS = 4, BEAMS = 3, VEHICLES = 3 };

/* mW per vehicle and beam: the third vehicle is out of reach. */
static const double power[VEHICLES][BEAMS] = {{1e-6, 1e-8, 1e-9}, {1e-10, 1e-7, 0}, {0, 0, 1e-21}};

static void make_recording(const double *values, size_t columns)
{
    bcue_text table = {0};
    bcue_bytes bytes;
    bcue_error error;
    fabricate_begin("rated");
    bcue_text_puts(&table, "index,unit1_rgb,unit1_pwr_60ghz,unit1_vehicle_pwr,seq_index\n");
    double copy[VEHICLES * BEAMS];
    memcpy(copy, values, sizeof copy);
    const bcue_npy array = {.type = BCUE_NPY_F64,
                            .rank = 2,
                            .shape = {VEHICLES * BEAMS / columns, columns},
                            .count = VEHICLES * BEAMS,
                            .data = copy};
    CHECK_OK(bcue_npy_encode(&array, &bytes, &error), error);
    for (int i = 0; i < ROWS; i++) {
        char file[64];
        snprintf(file, sizeof file, "p%d.txt", i);
        fabricate_power(file, BEAMS, i < 2 ? 0 : i - 1); /* 0 0 1 2 */
        fabricate_bytes("vehicles.npy", bytes.data, bytes.size);
        bcue_text_printf(&table, "%d,none.jpg,%s,%s,1\n", i + 1, file, i == 3 ? "" : "vehicles.npy");
    }
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
    bcue_bytes_free(&bytes);
}

static void open_recording(test_opened *t)
{
    static char yaml[2000];
    snprintf(yaml, sizeof yaml,
             "data: {beams: 3, window: {horizon: 1}, sources: [{name: s, root: \"%s\"}]}\n", fabricate_root);
    CHECK_OK(test_open(yaml, NULL, t), t->error);
}

static void test_scores(void)
{
    test_opened t;
    bcue_error error;
    bcue_predictions p, back;
    const size_t samples[] = {0, 1, 2};
    const float first[] = {1, 0, 0}, second[] = {0, 1, 0};
    make_recording(&power[0][0], BEAMS);
    open_recording(&t);
    CHECK_INT(bcue_dataset_count(t.dataset), 3);
    CHECK_OK(bcue_predictions_create(t.dataset, samples, 3, BEAMS, &p, &error), error);
    bcue_predictions_rank(&p, 0, first);
    bcue_predictions_rank(&p, 1, second);
    bcue_predictions_rank(&p, 2, second);
    CHECK_OK(bcue_predictions_rate_vehicles(t.dataset, samples, -75, &p, &error), error);
    CHECK_INT(p.now[0], 0);
    CHECK_INT(p.label[0], 0);
    CHECK_INT(p.now[1], 0);
    CHECK_INT(p.label[1], 1);
    /* Beam 0: -60 and -100 dBm; own best -60 and -70. */
    CHECK_NEAR(p.vehicle[BCUE_VEHICLE_REACHABLE], 2.0 / 3, 1e-12);
    CHECK_NEAR(p.vehicle[BCUE_VEHICLE_RSS], -80, 1e-9);
    CHECK_NEAR(p.vehicle[BCUE_VEHICLE_WORST], -100, 1e-9);
    CHECK_NEAR(p.vehicle[BCUE_VEHICLE_LOSS], 15, 1e-9);
    CHECK_NEAR(p.vehicle[BCUE_VEHICLE_OUTAGE], 2.0 / 3, 1e-12);
    /* Beam 1: -80 and -70. */
    const double *row = p.vehicle + BCUE_VEHICLE_SCORES;
    CHECK_NEAR(row[BCUE_VEHICLE_RSS], -75, 1e-9);
    CHECK_NEAR(row[BCUE_VEHICLE_WORST], -80, 1e-9);
    CHECK_NEAR(row[BCUE_VEHICLE_LOSS], 10, 1e-9);
    CHECK_NEAR(row[BCUE_VEHICLE_OUTAGE], 2.0 / 3, 1e-12);
    CHECK(isnan(p.vehicle[2 * BCUE_VEHICLE_SCORES])); /* no file at the label's instant */
    char *path = bcue_path_join(fabricate_root, "predictions.csv");
    CHECK_OK(bcue_predictions_write(path, &p, &error), error);
    CHECK_OK(bcue_predictions_read(path, &back, &error), error);
    free(path);
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(back.now[i], p.now[i]);
    CHECK(memcmp(back.vehicle, p.vehicle, 2 * BCUE_VEHICLE_SCORES * sizeof *p.vehicle) == 0);
    CHECK(isnan(back.vehicle[2 * BCUE_VEHICLE_SCORES]));
    const bcue_scored_set set = bcue_predictions_view(&back, true, BCUE_POWER_MILLIWATT);
    bcue_metric metric;
    double value;
    size_t rows;
    CHECK_OK(bcue_metric_parse("vehicle_rss_db", &metric, &error), error);
    CHECK_OK(bcue_metric_compute(&set, metric, &value, &rows, &error), error);
    CHECK_NEAR(value, (-80.0 - 75.0) / 2, 1e-9);
    CHECK_INT(rows, 2);
    CHECK_OK(bcue_metric_parse("vehicle_worst_db", &metric, &error), error);
    CHECK_OK(bcue_metric_compute(&set, metric, &value, &rows, &error), error);
    CHECK_NEAR(value, -90, 1e-9);
    CHECK_STR(bcue_metric_unit(metric, BCUE_POWER_ARBITRARY), "dB rel.");
    bcue_predictions_free(&p);
    bcue_predictions_free(&back);
    test_close(&t);
}

static void rate_first(const char *part)
{
    test_opened t;
    bcue_error error;
    bcue_predictions p;
    const size_t samples[] = {0};
    const float first[] = {1, 0, 0};
    open_recording(&t);
    CHECK_OK(bcue_predictions_create(t.dataset, samples, 1, BEAMS, &p, &error), error);
    bcue_predictions_rank(&p, 0, first);
    CHECK_STATUS(bcue_predictions_rate_vehicles(t.dataset, samples, -100, &p, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, part);
    bcue_predictions_free(&p);
    test_close(&t);
}

static void test_bad_files(void)
{
    double broken[VEHICLES * BEAMS];
    make_recording(&power[0][0], 1);
    rate_first("vehicles.npy: expected float64 (vehicles, 3)");
    memcpy(broken, power, sizeof broken);
    broken[4] = NAN;
    make_recording(broken, BEAMS);
    rate_first("power 4 is nan");
}

int main(void)
{
    RUN(test_scores);
    RUN(test_bad_files);
    return check_summary();
}
