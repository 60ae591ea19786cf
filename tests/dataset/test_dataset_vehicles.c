/* Paper B's task on a fabricated recording: windows of radar points and sets of vehicles, the label one row
   later, what is known now, files that are missing. */
#include "check.h"
#include "open_text.h"

#include "base/memory.h"
#include "dataset/loader.h"
#include "fabricate.h"
#include "features/point_sampling.h"
#include "formats/npy.h"

enum {
    ROWS = 14,
    MOST_POINTS = 5 + 3 * (ROWS - 1),
    FIRST_EPISODE = 8,
    POINTS = 12,
    BEAMS = 8,
    FRAMES = 3,
    MOST = 4
};

static void write_points(const char *file, uint32_t row)
{
    bcue_rng rng = bcue_rng_make(41, BCUE_RNG_TEST, row, 0, 0);
    float values[4 * MOST_POINTS];
    /* Row 2 has no detection at all. */
    const size_t count = row == 2 ? 0 : 5 + 3 * (size_t)row;
    for (size_t i = 0; i < 4 * MOST_POINTS; i++)
        values[i] = (float)bcue_rng_range(&rng, i % 4 == 3 ? 1 : -0.5, i % 4 == 3 ? 40 : 0.5);
    const bcue_npy points = {
        .type = BCUE_NPY_F32, .rank = 2, .shape = {count, 4}, .count = 4 * count, .data = values};
    bcue_bytes bytes;
    bcue_error error;
    CHECK_OK(bcue_npy_encode(&points, &bytes, &error), error);
    fabricate_bytes(file, bytes.data, bytes.size);
    bcue_bytes_free(&bytes);
}

static void make_recording(const char *name)
{
    bcue_text table = {0};
    fabricate_begin(name);
    fabricate_fix("rsu.txt", 33.42, -111.93);
    bcue_text_puts(&table, "index,unit1_radar,unit1_pwr_60ghz,unit1_loc,unit2_vehicles,unit1_vehicle_pwr,"
                           "seq_index,time_stamp\n");
    for (int i = 0; i < ROWS; i++) {
        char radar[64], power[64], vehicles[64], text[300];
        snprintf(radar, sizeof radar, "radar/%d.npy", i);
        snprintf(power, sizeof power, "power/%d.txt", i);
        snprintf(vehicles, sizeof vehicles, "vehicles/%d.csv", i);
        write_points(radar, (uint32_t)i);
        fabricate_power(power, BEAMS, i % BEAMS);
        snprintf(text, sizeof text,
                 "vehicle,latitude_deg,longitude_deg\n1,%.6f,-111.93\n2,33.42,%.6f\n3,nan,nan\n",
                 33.42 + 1e-5 * (i + 1), -111.93 - 1e-5 * (i + 1));
        if (i != 4) /* row 4 has no table of vehicles */
            fabricate_text(vehicles, text);
        /* Row 11 comes half a second late: a gap. */
        bcue_text_printf(&table, "%d,%s,%s,rsu.txt,%s,vehicle_power/%d.npy,%d,12:00:%02d-%06d\n", i + 1,
                         radar, power, vehicles, i, i < FIRST_EPISODE ? 1 : 2, i / 10 + (i > 10),
                         i % 10 * 100000);
    }
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
}

static bcue_status open_recording(const char *cache, test_opened *t)
{
    static char yaml[3000];
    snprintf(yaml, sizeof yaml,
             "data: {beams: 8, window: {frames: 3, horizon: 1, max_gap_s: 0.15}%s%s, sources: [{name: s, "
             "root: \"%s\"}]}\nfeatures: {radar: {enabled: true, recipe: hps, points: 12}, vehicles: "
             "{enabled: true, most: 4, scale_m: 10}}\n",
             cache != NULL ? ", cache: " : "", cache != NULL ? cache : "", fabricate_root);
    return test_open(yaml, NULL, t);
}

/* Newest rows of the samples: windows of 3 rows and a next row, within an episode and without the gap. */
static const int newest[] = {2, 3, 4, 5, 6};
enum { SAMPLES = sizeof newest / sizeof *newest };

static void test_windows(void)
{
    test_opened t;
    bcue_error error;
    make_recording("vehicles");
    CHECK_OK(open_recording(NULL, &t), error);
    /* Episode 2: rows 8, 9, 10 end before the gap with no next row; 11, 12, 13 as well. */
    CHECK_INT(bcue_dataset_count(t.dataset), SAMPLES);
    CHECK_INT(bcue_dataset_defects(t.dataset)->window_crossing_dropped, ROWS - SAMPLES);
    for (size_t i = 0; i < SAMPLES && i < bcue_dataset_count(t.dataset); i++) {
        const bcue_sample *sample = bcue_dataset_sample(t.dataset, i);
        char name[64];
        CHECK_INT(sample->row, newest[i]);
        CHECK_INT(sample->label, (newest[i] + 1) % BEAMS);
        CHECK_INT(sample->label_now, newest[i] % BEAMS);
        CHECK(sample->power[sample->label] > 0.8 && sample->power_now[sample->label_now] > 0.8);
        snprintf(name, sizeof name, "vehicle_power/%d.npy", newest[i] + 1);
        CHECK_STR(sample->vehicle_power, name);
    }
    test_close(&t);
}

/* What the frame of a row must be, by the features' own functions. */
static void expected(const bcue_feature_config *features, int row, float *radar, float *vehicles)
{
    const double rsu[2] = {33.42, -111.93};
    char file[64];
    bcue_npy points;
    bcue_bytes bytes;
    bcue_error error;
    snprintf(file, sizeof file, "radar/%d.npy", row);
    char *path = bcue_path_join(fabricate_root, file);
    CHECK_OK(bcue_npy_read(path, &points, &error), error);
    CHECK_OK(bcue_point_sample(&features->radar, &points, "points", radar, &error), error);
    bcue_npy_free(&points);
    free(path);
    memset(vehicles, 0, MOST * 3 * sizeof *vehicles);
    if (row == 4)
        return;
    snprintf(file, sizeof file, "vehicles/%d.csv", row);
    path = bcue_path_join(fabricate_root, file);
    CHECK_OK(bcue_file_read(path, 10000, &bytes, &error), error);
    CHECK_OK(bcue_vehicle_set_decode(bytes.data, bytes.size, "v", &features->vehicles, rsu, vehicles, &error),
             error);
    bcue_bytes_free(&bytes);
    free(path);
}

static void check_batch(const char *cache)
{
    test_opened t;
    bcue_error error;
    bcue_loader *loader;
    bcue_batch batch;
    size_t order[SAMPLES];
    CHECK_OK(open_recording(cache, &t), error);
    for (size_t i = 0; i < SAMPLES; i++)
        order[i] = i;
    CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, 2, NULL, &loader, &error), error);
    CHECK_OK(bcue_loader_begin(loader, order, SAMPLES, SAMPLES, true, 1, 1, &error), error);
    CHECK_OK(bcue_loader_next(loader, &batch, &error), error);
    CHECK_INT(batch.count, SAMPLES);
    for (size_t i = 0; i < batch.count; i++)
        for (int f = 0; f < FRAMES; f++) {
            float radar[POINTS * BCUE_POINT_FIELDS], vehicles[MOST * 3];
            const int row = newest[i] - (FRAMES - 1) + f;
            const size_t at = i * FRAMES + (size_t)f;
            expected(&t.config.features, row, radar, vehicles);
            CHECK(memcmp(batch.data[BCUE_RADAR] + at * POINTS * BCUE_POINT_FIELDS, radar, sizeof radar) == 0);
            CHECK(memcmp(batch.data[BCUE_VEHICLES] + at * MOST * 3, vehicles, sizeof vehicles) == 0);
            CHECK(batch.present[BCUE_RADAR][at] == 1);
            CHECK(batch.present[BCUE_VEHICLES][at] == (row == 4 ? 0.0F : 1.0F));
            if (row != 4) /* two fixes, the third is nan */
                CHECK(vehicles[2] == 1 && vehicles[5] == 1 && vehicles[8] == 0);
        }
    bcue_loader_destroy(loader);
    test_close(&t);
}

static void test_batches(void)
{
    char folder[1100];
    make_recording("vehicles");
    check_batch(NULL);
    snprintf(folder, sizeof folder, "\"%s/cache\"", fabricate_root);
    check_batch(folder); /* builds */
    check_batch(folder); /* reads */
}

int main(void)
{
    RUN(test_windows);
    RUN(test_batches);
    return check_summary();
}
