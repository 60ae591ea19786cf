/* LiDAR and radar from files to batches: windows, missing and damaged frames, cache, mirroring, export; on
   fabricated recordings of all three layouts. */
#include "check.h"
#include "open_text.h"

#include "base/memory.h"
#include "dataset/export.h"
#include "dataset/loader.h"
#include "fabricate.h"
#include "formats/npy.h"
#include "formats/ply.h"

enum { ROWS = 9, POINTS = 40, SIDE = 16, LIDAR_FRAME = SIDE * SIDE, RADAR_FRAME = 2 * SIDE * SIDE };

/* Cloud and cube of row i; both differ from row to row. */
static bcue_ply make_cloud(uint32_t i)
{
    bcue_rng rng = bcue_rng_make(21, BCUE_RNG_TEST, i, 0, 0);
    bcue_ply cloud = {.count = POINTS, .points = bcue_calloc(3 * POINTS, sizeof(double))};
    for (size_t p = 0; p < POINTS; p++) {
        /* Whole millimetres, as the files have them; never on an edge of a bin. */
        cloud.points[3 * p] = (double)(int)bcue_rng_range(&rng, -50000, 0) / 1000 + 0.0001;
        cloud.points[3 * p + 1] = (double)(int)bcue_rng_range(&rng, -50000, 50000) / 1000 + 0.0001;
        cloud.points[3 * p + 2] = 1;
    }
    return cloud;
}

static bcue_npy make_cube(uint32_t i)
{
    bcue_rng rng = bcue_rng_make(22, BCUE_RNG_TEST, i, 0, 0);
    bcue_npy cube = {.type = BCUE_NPY_C64, .rank = 3, .shape = {4, 12, 10}, .count = 480};
    float *values = bcue_calloc(2 * cube.count, sizeof *values);
    for (size_t k = 0; k < 2 * cube.count; k++)
        values[k] = (float)bcue_rng_normal(&rng);
    cube.data = values;
    return cube;
}

static void write_frames(uint32_t i, const char *lidar, const char *radar)
{
    bcue_error error;
    bcue_bytes bytes;
    bcue_ply cloud = make_cloud(i);
    CHECK_OK(bcue_ply_encode(&cloud, i % 2 == 0 ? BCUE_PLY_ASCII : BCUE_PLY_BINARY, &bytes, &error), error);
    fabricate_bytes(lidar, bytes.data, i == 3 ? bytes.size / 2 : bytes.size); /* row 3: truncated */
    bcue_bytes_free(&bytes);
    bcue_ply_free(&cloud);
    bcue_npy cube = make_cube(i);
    CHECK_OK(bcue_npy_encode(&cube, &bytes, &error), error);
    fabricate_bytes(radar, bytes.data, i == 5 ? bytes.size - 100 : bytes.size); /* row 5: truncated */
    bcue_bytes_free(&bytes);
    bcue_npy_free(&cube);
}

/* A stand-alone scenario: row 3's cloud and row 5's cube are cut off, row 7 has no cube. */
static void make_recording(const char *name)
{
    bcue_text table = {0};
    fabricate_begin(name);
    bcue_text_puts(&table, "index,unit1_lidar,unit1_radar,unit1_pwr_60ghz,unit1_beam,seq_index\n");
    for (int i = 0; i < ROWS; i++) {
        char lidar[64], radar[64], power[64];
        snprintf(lidar, sizeof lidar, "unit1/lidar_data/lidar_data_%d.ply", i);
        snprintf(radar, sizeof radar, "unit1/radar_data/radar_data_%d.npy", i);
        snprintf(power, sizeof power, "power/%d.txt", i);
        write_frames((uint32_t)i, lidar, radar);
        fabricate_power(power, 8, i % 8);
        bcue_text_printf(&table, "%d,%s,%s,%s,%d,1\n", i + 1, lidar, i == 7 ? "" : radar, power, i % 8 + 1);
    }
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
}

static const char both[] = "lidar: {enabled: true, height: 16, width: 16}, "
                           "radar: {enabled: true, height: 16, width: 16}";

static bcue_status open_recording(const char *data, const char *features, test_opened *t)
{
    static char yaml[3000];
    snprintf(yaml, sizeof yaml, "data: {beams: 8, sources: [{name: s, root: \"%s\"}]%s}\nfeatures: {%s}\n",
             fabricate_root, data, features);
    return test_open(yaml, NULL, t);
}

/* What row i must become, straight from cloud and cube. */
static void expected_frames(const bcue_feature_config *features, uint32_t i, float *lidar, float *radar)
{
    bcue_error error;
    bcue_ply cloud = make_cloud(i);
    bcue_lidar_features(&cloud, &features->lidar, NULL, 0, NULL, lidar);
    bcue_ply_free(&cloud);
    bcue_npy cube = make_cube(i);
    bcue_radar_maps *maps = NULL;
    CHECK_OK(bcue_radar_maps_create(&features->radar, &maps, &error), error);
    CHECK_OK(bcue_radar_features(maps, &cube, "cube", radar, &error), error);
    bcue_radar_maps_destroy(maps);
    bcue_npy_free(&cube);
}

/* One batch of everything against what the rows must become. `frames` per window, `stride` rows apart. */
static void check_pass(const test_opened *t, bcue_loader *loader, size_t frames, size_t stride, bool training,
                       bool *flipped)
{
    bcue_batch batch;
    bcue_error error;
    size_t count = bcue_dataset_count(t->dataset), order[ROWS];
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    CHECK_OK(bcue_loader_begin(loader, order, count, ROWS, training, 5, 1, &error), error);
    CHECK_OK(bcue_loader_next(loader, &batch, &error), error);
    CHECK_INT(batch.count, count);
    for (size_t i = 0; i < batch.count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(t->dataset, i);
        if (flipped != NULL)
            flipped[i] = batch.label[i] != sample->label;
        for (size_t f = 0; f < frames; f++) {
            uint32_t row = (uint32_t)((size_t)sample->row - (frames - 1 - f) * stride);
            static const float nothing[RADAR_FRAME];
            float lidar[LIDAR_FRAME], radar[RADAR_FRAME];
            expected_frames(&t->config.features, row, lidar, radar);
            if (flipped != NULL && flipped[i]) {
                bcue_lidar_mirror(&t->config.features.lidar, lidar);
                bcue_radar_mirror(&t->config.features.radar, radar);
            }
            size_t at = i * frames + f;
            bool cloud = row != 3, cube = row != 5 && row != 7;
            CHECK_AT(batch.present[BCUE_LIDAR][at] == (cloud ? 1.0F : 0.0F), "row %u", row);
            CHECK_AT(batch.present[BCUE_RADAR][at] == (cube ? 1.0F : 0.0F), "row %u", row);
            CHECK(memcmp(batch.data[BCUE_LIDAR] + at * LIDAR_FRAME, cloud ? lidar : nothing, sizeof lidar) ==
                  0);
            CHECK(memcmp(batch.data[BCUE_RADAR] + at * RADAR_FRAME, cube ? radar : nothing, sizeof radar) ==
                  0);
        }
    }
    CHECK(batch.data[BCUE_CAMERA] == NULL && batch.data[BCUE_GPS] == NULL);
}

static void test_windows(void)
{
    make_recording("sensing");
    for (int threads = 0; threads <= 2; threads += 2) {
        test_opened t;
        bcue_loader *loader = NULL;
        CHECK_OK(open_recording(", window: {frames: 3, stride: 2}", both, &t), t.error);
        const bcue_defects *defects = bcue_dataset_defects(t.dataset);
        CHECK_INT(bcue_dataset_count(t.dataset), ROWS - 4);
        CHECK_INT(defects->damaged_file[BCUE_LIDAR], 1);
        CHECK_INT(defects->damaged_file[BCUE_RADAR], 1);
        CHECK_INT(defects->missing_file[BCUE_RADAR], 1);
        CHECK_INT(defects->missing_file[BCUE_LIDAR], 0);
        CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, threads, NULL, &loader, &t.error),
                 t.error);
        check_pass(&t, loader, 3, 2, false, NULL);
        bcue_loader_destroy(loader);
        test_close(&t);
    }
    test_opened t;
    CHECK_OK(open_recording(", require: [lidar, radar]", both, &t), t.error);
    CHECK_INT(bcue_dataset_count(t.dataset), ROWS - 3);
    test_close(&t);
}

/* A cut that the header does not show (an ASCII cloud cut in the middle of a line): missing when it is read.
 */
static void test_damage_found_late(void)
{
    test_opened t;
    bcue_loader *loader = NULL;
    bcue_bytes bytes;
    make_recording("sensing_late");
    char *path = bcue_path_join(fabricate_root, "unit1/lidar_data/lidar_data_4.ply");
    CHECK_OK(bcue_file_read(path, 1 << 20, &bytes, &t.error), t.error);
    CHECK_OK(bcue_file_write(path, bytes.data, bytes.size - 9, &t.error), t.error);
    bcue_bytes_free(&bytes);
    free(path);
    CHECK_OK(open_recording("", both, &t), t.error);
    CHECK_INT(bcue_dataset_defects(t.dataset)->damaged_file[BCUE_LIDAR], 1);
    CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, 0, NULL, &loader, &t.error), t.error);
    bcue_batch batch;
    const size_t order[] = {4};
    CHECK_OK(bcue_loader_begin(loader, order, 1, 1, false, 0, 0, &t.error), t.error);
    CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
    CHECK(batch.present[BCUE_LIDAR][0] == 0 && batch.present[BCUE_RADAR][0] == 1);
    CHECK_INT(bcue_loader_undecodable(loader), 1);
    bcue_loader_destroy(loader);
    test_close(&t);
    CHECK_OK(open_recording(", verify: true", both, &t), t.error); /* reading all finds it at once */
    CHECK_INT(bcue_dataset_defects(t.dataset)->damaged_file[BCUE_LIDAR], 2);
    test_close(&t);
}

static void test_cache(void)
{
    char data[1300], first[1100];
    make_recording("sensing_cache");
    snprintf(first, sizeof first, "%s/packed", fabricate_root);
    snprintf(data, sizeof data, ", cache: \"%s\", window: {frames: 2}", first);
    for (int run = 0; run < 2; run++) { /* built, then found */
        test_opened t;
        bcue_loader *loader = NULL;
        CHECK_OK(open_recording(data, both, &t), t.error);
        CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, 1, NULL, &loader, &t.error), t.error);
        check_pass(&t, loader, 2, 1, false, NULL);
        bcue_loader_destroy(loader);
        test_close(&t);
    }
    /* Other recipes, other caches: what they hold is right, too. */
    test_opened t;
    bcue_loader *loader = NULL;
    CHECK_OK(open_recording(data,
                            "lidar: {enabled: true, height: 16, width: 16, clip: 1, x_low_m: -40}, "
                            "radar: {enabled: true, height: 16, width: 16, recipe: calibrated}",
                            &t),
             t.error);
    CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, 1, NULL, &loader, &t.error), t.error);
    check_pass(&t, loader, 2, 1, false, NULL);
    bcue_loader_destroy(loader);
    test_close(&t);
}

static void test_flip(void)
{
    static const char flip[] = ", augment: {flip: 0.5, shared_mirror_plane: true, mirrored_codebook: true}";
    char features[400];
    test_opened t;
    bcue_loader *loader = NULL;
    bool flipped[ROWS] = {false};
    make_recording("sensing_flip");
    snprintf(features, sizeof features, "%s%s", both, flip);
    CHECK_OK(open_recording("", features, &t), t.error);
    CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, 0, NULL, &loader, &t.error), t.error);
    check_pass(&t, loader, 1, 1, true, flipped);
    int count = 0;
    for (int i = 0; i < ROWS; i++)
        count += flipped[i];
    CHECK(count > 0 && count < ROWS);
    bcue_loader_destroy(loader);
    test_close(&t);
    snprintf(features, sizeof features, "lidar: {enabled: true, y_low_m: -30}%s", flip);
    CHECK_OK(open_recording("", features, &t), t.error);
    CHECK_STATUS(bcue_loader_create(t.dataset, &t.config.features, 0, NULL, &loader, &t.error),
                 BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "must be symmetric");
    test_close(&t);
}

/* Jitter and dropped points work on the points, also where a cache holds their counts; tests see neither. */
static void test_point_changes(void)
{
    char data[1300], folder[1100], features[500];
    make_recording("sensing_points");
    snprintf(folder, sizeof folder, "%s/packed", fabricate_root);
    snprintf(data, sizeof data, ", cache: \"%s\"", folder);
    snprintf(features, sizeof features, "%s, augment: {lidar_jitter_m: 3, lidar_drop: 0.5, radar_gain: 0.1}",
             both);
    test_opened t;
    bcue_loader *loader = NULL;
    CHECK_OK(open_recording(data, features, &t), t.error);
    CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, 1, NULL, &loader, &t.error), t.error);
    check_pass(&t, loader, 1, 1, false, NULL);
    const size_t order[] = {0, 0, 1};
    float seen[2][3 * LIDAR_FRAME], gained[RADAR_FRAME];
    for (int run = 0; run < 2; run++) {
        bcue_batch batch;
        CHECK_OK(bcue_loader_begin(loader, order, 3, 3, true, 5, 1, &t.error), t.error);
        CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
        memcpy(seen[run], batch.data[BCUE_LIDAR], sizeof seen[run]);
        memcpy(gained, batch.data[BCUE_RADAR], sizeof gained);
    }
    CHECK(memcmp(seen[0], seen[1], sizeof seen[0]) == 0);
    CHECK(memcmp(seen[0], seen[0] + LIDAR_FRAME, LIDAR_FRAME * sizeof(float)) == 0);
    float lidar[LIDAR_FRAME], radar[RADAR_FRAME];
    expected_frames(&t.config.features, 0, lidar, radar);
    CHECK(memcmp(seen[0], lidar, sizeof lidar) != 0);
    double factor = 0;
    for (size_t i = 0; i < RADAR_FRAME; i++)
        factor = radar[i] > 0.999F ? (double)gained[i] : factor;
    CHECK(factor >= 0.9 && factor <= 1.1 && factor != 1);
    for (size_t i = 0; i < RADAR_FRAME; i++)
        CHECK_NEAR(gained[i], (double)radar[i] * factor, 1e-6);
    bcue_loader_destroy(loader);
    test_close(&t);
}

/* The challenge package: windows of its own, and each scenario's own field of view. */
static void test_challenge(void)
{
    bcue_text table = {0};
    fabricate_begin("sensing_challenge");
    bcue_text_puts(
        &table, "index,unit1_lidar_1,unit1_lidar_2,unit1_radar_1,unit1_radar_2,unit1_pwr_60ghz,unit1_beam\n");
    for (int i = 0; i < 2; i++) {
        const int scenario = i == 0 ? 32 : 34;
        char name[2][2][96];
        for (int s = 0; s < 2; s++) {
            int frame = 10 + 4 * i + 2 * s; /* 10, 12, 14, 16: neither 3 nor 5, which are cut off */
            snprintf(name[0][s], sizeof name[0][s], "scenario%d/unit1/lidar_data/lidar_data_%d.ply", scenario,
                     frame);
            snprintf(name[1][s], sizeof name[1][s], "scenario%d/unit1/radar_data/radar_data_%d.npy", scenario,
                     frame);
            write_frames((uint32_t)frame, name[0][s], name[1][s]);
        }
        fabricate_power(i == 0 ? "p0.txt" : "p1.txt", 8, 3);
        bcue_text_printf(&table, "%d,./%s,./%s,./%s,./%s,./p%d.txt,4\n", i + 1, name[0][0], name[0][1],
                         name[1][0], name[1][1], i);
    }
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
    test_opened t;
    CHECK_OK(open_recording(", window: {frames: 2}",
                            "lidar: {enabled: true, height: 16, width: 16, field_of_view: scenario}, "
                            "radar: {enabled: true, height: 16, width: 16}",
                            &t),
             t.error);
    CHECK_INT(bcue_dataset_count(t.dataset), 2);
    for (size_t i = 0; i < 2; i++) {
        float lidar[2 * LIDAR_FRAME], radar[2 * RADAR_FRAME], there[2][2];
        float *data[BCUE_MODALITY_COUNT] = {NULL, lidar, radar, NULL};
        float *present[BCUE_MODALITY_COUNT] = {NULL, there[0], there[1], NULL};
        CHECK_INT(bcue_dataset_sample(t.dataset, i)->scenario, i == 0 ? 32 : 34);
        CHECK_OK(bcue_sample_inputs(t.dataset, &t.config.features, i, data, present, &t.error), t.error);
        for (uint32_t s = 0; s < 2; s++) {
            float wanted[LIDAR_FRAME], wanted_radar[RADAR_FRAME];
            bcue_lidar_recipe street = t.config.features.lidar;
            bcue_feature_config as_fixed = t.config.features;
            street.field_of_view = BCUE_LIDAR_VIEW_FIXED;
            street.x_low_m = i == 0 ? -60 : -50;
            street.y_low_m = i == 0 ? -40 : -20;
            street.y_high_m = i == 0 ? 5.5 : 10;
            as_fixed.lidar = street;
            expected_frames(&as_fixed, (uint32_t)(10 + 4 * i + 2 * s), wanted, wanted_radar);
            CHECK(memcmp(lidar + s * LIDAR_FRAME, wanted, sizeof wanted) == 0);
            CHECK(memcmp(radar + s * RADAR_FRAME, wanted_radar, sizeof wanted_radar) == 0);
            CHECK(there[0][s] == 1 && there[1][s] == 1);
        }
    }
    test_close(&t);
}

/* The tree of paper B: clouds, and radar as lists of points. */
static void test_paper_b(void)
{
    bcue_error error;
    fabricate_begin("sensing_paper_b");
    for (uint32_t i = 0; i < 3; i++) {
        char file[64];
        bcue_bytes bytes;
        bcue_ply cloud = make_cloud(i);
        CHECK_OK(bcue_ply_encode(&cloud, BCUE_PLY_BINARY_FLOAT, &bytes, &error), error);
        snprintf(file, sizeof file, "_out_lidar/%06u.ply", i + 1);
        fabricate_bytes(file, bytes.data, bytes.size);
        bcue_bytes_free(&bytes);
        bcue_ply_free(&cloud);
        float points[2][4] = {{(float)i, 0.1F, 0, 30}, {-5, -0.5F, 0, 70}};
        const bcue_npy array = {.type = BCUE_NPY_F32, .rank = 2, .shape = {2, 4}, .count = 8, .data = points};
        CHECK_OK(bcue_npy_encode(&array, &bytes, &error), error);
        snprintf(file, sizeof file, "_out_radar/%06u.npy", i + 1);
        fabricate_bytes(file, bytes.data, bytes.size);
        bcue_bytes_free(&bytes);
        const double rss_db[4] = {-60, -70, -80, -90};
        snprintf(file, sizeof file, "_out_net/%06u.csv.mat", i + 1);
        fabricate_mat(file, "list_RSS", 1, 4, rss_db);
    }
    char yaml[3000];
    test_opened t;
    snprintf(yaml, sizeof yaml,
             "data: {beams: 4, sources: [{name: b, format: paper-b, root: \"%s\"}], window: {frames: 2}}\n"
             "features: {lidar: {enabled: true, height: 16, width: 16}, "
             "radar: {enabled: true, height: 16, width: 16, recipe: points}}\n",
             fabricate_root);
    CHECK_OK(test_open(yaml, NULL, &t), t.error);
    CHECK_INT(bcue_dataset_count(t.dataset), 2);
    float lidar[2 * LIDAR_FRAME], radar[2 * RADAR_FRAME], there[2][2];
    float *data[BCUE_MODALITY_COUNT] = {NULL, lidar, radar, NULL};
    float *present[BCUE_MODALITY_COUNT] = {NULL, there[0], there[1], NULL};
    CHECK_OK(bcue_sample_inputs(t.dataset, &t.config.features, 1, data, present, &t.error), t.error);
    float sums[2] = {0, 0};
    for (size_t i = 0; i < LIDAR_FRAME; i++)
        sums[0] += lidar[i] * 5;
    for (size_t i = 0; i < 2 * RADAR_FRAME; i++)
        sums[1] += radar[i] * 5;
    CHECK_NEAR(sums[0], POINTS, 0.01);
    CHECK_NEAR(sums[1], 2 * 2 * 2, 0.01); /* two points, two maps, two frames */
    test_close(&t);
}

/* A recipe that refuses every file is told, not taken for missing sensors. */
static void test_wrong_recipe(void)
{
    test_opened t;
    bcue_loader *loader = NULL;
    make_recording("sensing_recipe");
    CHECK_OK(open_recording("", "radar: {enabled: true, recipe: points}", &t), t.error);
    CHECK_STATUS(bcue_loader_create(t.dataset, &t.config.features, 0, NULL, &loader, &t.error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(t.error.text, "recipe: tii or calibrated (features.radar)");
    test_close(&t);
    CHECK_OK(open_recording("", "radar: {enabled: true, height: 8}", &t), t.error);
    CHECK_STATUS(bcue_loader_create(t.dataset, &t.config.features, 0, NULL, &loader, &t.error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(t.error.text, ".npy: 4 antennas, 12 samples");
    test_close(&t);
}

static float npy_value(const bcue_npy *array, size_t index)
{
    return (float)bcue_npy_get(array, index);
}

static void test_export(void)
{
    test_opened t;
    bcue_npy array;
    char folder[1100];
    make_recording("sensing_export");
    CHECK_OK(open_recording(", window: {frames: 2}", both, &t), t.error);
    snprintf(folder, sizeof folder, "%s/exported", fabricate_root);
    CHECK_OK(bcue_dataset_export(t.dataset, NULL, &t.config.features, folder, NULL, &t.error), t.error);
    float lidar[LIDAR_FRAME], radar[RADAR_FRAME];
    expected_frames(&t.config.features, 2, lidar, radar);
    char *path = bcue_path_join(folder, "lidar.npy");
    CHECK_OK(bcue_npy_read(path, &array, &t.error), t.error);
    CHECK(array.rank == 5 && array.shape[0] == ROWS - 1 && array.shape[1] == 2 && array.shape[2] == 1);
    for (size_t i = 0; i < LIDAR_FRAME; i++)
        CHECK(npy_value(&array, 3 * LIDAR_FRAME + i) == lidar[i]); /* newest frame of sample 1: row 2 */
    bcue_npy_free(&array);
    free(path);
    path = bcue_path_join(folder, "radar.npy");
    CHECK_OK(bcue_npy_read(path, &array, &t.error), t.error);
    CHECK(array.rank == 5 && array.shape[2] == 2 && array.shape[3] == SIDE);
    for (size_t i = 0; i < RADAR_FRAME; i++)
        CHECK(npy_value(&array, 3 * RADAR_FRAME + i) == radar[i]);
    bcue_npy_free(&array);
    free(path);
    path = bcue_path_join(folder, "radar_present.npy");
    CHECK_OK(bcue_npy_read(path, &array, &t.error), t.error);
    CHECK_NEAR(npy_value(&array, 2 * 4), 1, 0); /* sample 4: rows 4 and 5 */
    CHECK_NEAR(npy_value(&array, 2 * 4 + 1), 0, 0);
    bcue_npy_free(&array);
    free(path);
    test_close(&t);
}

int main(void)
{
    RUN(test_windows);
    RUN(test_damage_found_late);
    RUN(test_cache);
    RUN(test_flip);
    RUN(test_point_changes);
    RUN(test_challenge);
    RUN(test_paper_b);
    RUN(test_wrong_recipe);
    RUN(test_export);
    return check_summary();
}
