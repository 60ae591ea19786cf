/* Loader, cache and whole-sample flips on a fabricated recording with pictures. */
#include "check.h"
#include "open_text.h"

#include <dirent.h>
#include <pthread.h>

#include "dataset/export.h"
#include "dataset/feature_cache.h"
#include "dataset/loader.h"
#include "fabricate.h"
#include "formats/csv.h"
#include "formats/npy.h"

enum { ROWS = 12, PIXELS = 8 * 6 };

/* Picture i is dark but for a white left half of its row i mod 6. */
static void make_recording(const char *name)
{
    bcue_text table = {0};
    bcue_error error;
    fabricate_begin(name);
    fabricate_fix("unit1/GPS_data/gps_location.txt", 33.42, -111.93);
    bcue_text_puts(&table, "index,unit1_rgb,unit1_pwr_60ghz,unit1_loc,unit2_loc,unit1_beam,seq_index\n");
    for (int i = 0; i < ROWS; i++) {
        char file[64];
        uint8_t pixels[16 * 12] = {0};
        for (int y = 2 * (i % 6); y < 2 * (i % 6) + 2; y++)
            memset(pixels + 16 * y, 255, 8);
        bcue_image image = {.width = 16, .height = 12, .channels = 1, .pixels = pixels};
        snprintf(file, sizeof file, "pictures/%d.png", i);
        fabricate_text(file, "makes the folder");
        char *path = bcue_path_join(fabricate_root, file);
        CHECK_OK(bcue_image_write(path, &image, 90, &error), error);
        free(path);
        snprintf(file, sizeof file, "power/%d.txt", i);
        fabricate_power(file, 8, i % 8);
        snprintf(file, sizeof file, "gps/%d.txt", i);
        fabricate_fix(file, 33.4202, -111.93 + 1e-4 * (i - 5.5));
        bcue_text_printf(&table,
                         "%d,pictures/%d.png,power/%d.txt,unit1/GPS_data/gps_location.txt,gps/%d.txt,%d,1\n",
                         i + 1, i, i, i, i % 8 + 1);
    }
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
}

static bcue_status open_recording(const char *features, const char *data, const bcue_hooks *hooks,
                                  test_opened *t)
{
    static char yaml[3000];
    snprintf(yaml, sizeof yaml,
             "data: {beams: 8, sources: [{name: s, root: \"%s\"}]%s}\n"
             "features: {camera: {enabled: true, width: 8, height: 6, channels: 1, normalise: unit}%s}\n",
             fabricate_root, data, features);
    return test_open(yaml, hooks, t);
}

static const size_t all_rows[ROWS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static void count_warning(void *cookie, bcue_log_level level, const char *text)
{
    (void)text;
    *(int *)cookie += level == BCUE_LOG_WARNING;
}

static void test_values(void)
{
    make_recording("loader");
    test_opened t;
    CHECK_OK(open_recording(", position: {enabled: true, mode: minmax}", "", NULL, &t), t.error);
    bcue_loader *loader;
    CHECK_STATUS(bcue_loader_create(t.dataset, &t.config.features, 1, NULL, &loader, &t.error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(t.error.text, "bcue_features_fit");
    t.config.features.position.low[0] = 33;
    t.config.features.position.high[0] = 34;
    CHECK_OK(bcue_features_fit(t.dataset, all_rows, 4, &t.config.features, &t.error), t.error);
    CHECK_NEAR(t.config.features.position.low[0], 33, 0); /* given bounds stay */
    CHECK_NEAR(t.config.features.position.high[1], -111.93 + 1e-4 * (3 - 5.5), 1e-9);
    CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, 2, NULL, &loader, &t.error), t.error);
    bcue_batch batch;
    CHECK_OK(bcue_loader_begin(loader, all_rows, ROWS, 5, false, 1, 0, &t.error), t.error);
    size_t seen = 0;
    for (;;) {
        CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
        if (batch.count == 0)
            break;
        CHECK_INT(batch.count, seen == 10 ? 2 : 5);
        for (size_t i = 0; i < batch.count; i++, seen++) {
            CHECK_INT(batch.sample[i], seen);
            CHECK_INT(batch.label[i], seen % 8);
            CHECK_NEAR(batch.power[i * 8 + seen % 8], 0.9, 0);
            CHECK_NEAR(batch.present[BCUE_CAMERA][i], 1, 0);
            CHECK_NEAR(batch.data[BCUE_CAMERA][i * PIXELS + seen % 6 * 8], 1, 0.3);
            CHECK_NEAR(batch.data[BCUE_CAMERA][i * PIXELS + seen % 6 * 8 + 7], 0, 1e-6);
            CHECK_NEAR(batch.data[BCUE_GPS][2 * i], 0.4202, 1e-5);
            CHECK_NEAR(batch.data[BCUE_GPS][2 * i + 1], (double)seen / 3, 1e-3);
        }
    }
    CHECK_INT(seen, ROWS);
    float picture[PIXELS], fix[2], present[1];
    float *data[BCUE_MODALITY_COUNT] = {[BCUE_CAMERA] = picture, [BCUE_GPS] = fix};
    float *presence[BCUE_MODALITY_COUNT] = {[BCUE_CAMERA] = present, [BCUE_GPS] = present};
    CHECK_OK(bcue_sample_inputs(t.dataset, &t.config.features, 3, data, presence, &t.error), t.error);
    CHECK_NEAR(picture[3 * 8], 1, 0.3);
    CHECK_NEAR(fix[1], 1, 1e-6);
    /* A pass that is given up, and then an empty one. */
    CHECK_OK(bcue_loader_begin(loader, all_rows, ROWS, 1, false, 1, 0, &t.error), t.error);
    CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
    CHECK_OK(bcue_loader_begin(loader, all_rows, 0, 4, false, 1, 0, &t.error), t.error);
    CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
    CHECK_INT(batch.count, 0);
    const size_t outside[] = {ROWS};
    CHECK_STATUS(bcue_loader_begin(loader, outside, 1, 4, false, 1, 0, &t.error), BCUE_ERROR_ARGUMENT);
    CHECK(bcue_loader_wait_s(loader) > 0);
    bcue_loader_destroy(loader);
    test_close(&t);
}

/* A mirrored sample: picture, position, label and power vector all change sides. */
static void test_flip(void)
{
    make_recording("flip");
    test_opened t;
    CHECK_OK(open_recording(", position: {enabled: true, mode: enu, scale_m: 10}, augment: {flip: 1, "
                            "shared_mirror_plane: true, "
                            "mirrored_codebook: true, boresight_deg: 0}",
                            "", NULL, &t),
             t.error);
    bcue_loader *loader;
    bcue_batch batch;
    CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, 1, NULL, &loader, &t.error), t.error);
    float plain_x[ROWS], plain_y[ROWS];
    for (int training = 0; training < 2; training++) {
        CHECK_OK(bcue_loader_begin(loader, all_rows, ROWS, ROWS, training == 1, 1, 0, &t.error), t.error);
        CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
        for (size_t i = 0; i < batch.count; i++) {
            size_t beam = training == 1 ? 7 - i % 8 : i % 8;
            CHECK_INT(batch.label[i], beam);
            CHECK_NEAR(batch.power[8 * i + beam], 0.9, 0);
            CHECK_NEAR(batch.data[BCUE_CAMERA][i * PIXELS + i % 6 * 8 + (training == 1 ? 7 : 0)], 1, 0.3);
            if (training == 0) {
                plain_x[i] = batch.data[BCUE_GPS][2 * i];
                plain_y[i] = batch.data[BCUE_GPS][2 * i + 1];
            } else {
                CHECK_NEAR(batch.data[BCUE_GPS][2 * i], -plain_x[i], 1e-5);
                CHECK_NEAR(batch.data[BCUE_GPS][2 * i + 1], plain_y[i], 1e-5);
            }
        }
    }
    bcue_loader_destroy(loader);
    test_close(&t);
}

/* A copy is changed, like no other copy, and the same in every epoch, in training and out of it. */
static void test_copies(void)
{
    enum { COPIES = 3, ALL = 2 * (COPIES + 1) };
    static char yaml[3000];
    static const size_t order[ALL] = {0, 1, 2, 3, 4, 5, 6, 7};
    float first[ALL * PIXELS];
    make_recording("copies");
    snprintf(
        yaml, sizeof yaml,
        "data: {beams: 8, sources: [{name: s, root: \"%s\", copies: %d}]}\n"
        "features: {camera: {enabled: true, width: 8, height: 6, channels: 1, normalise: unit}, augment: "
        "{contrast: 0.5, blur_px: 1, probability: 0}}\n",
        fabricate_root, COPIES);
    test_opened t;
    CHECK_OK(test_open(yaml, NULL, &t), t.error);
    CHECK_INT(bcue_dataset_count(t.dataset), ROWS * (COPIES + 1));
    CHECK_STR(bcue_dataset_sample(t.dataset, 5)->id, "s/2+1");
    CHECK_INT(bcue_dataset_sample(t.dataset, 5)->label, 1);
    bcue_loader *loader;
    bcue_batch batch;
    CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, 1, NULL, &loader, &t.error), t.error);
    for (uint32_t pass = 0; pass < 3; pass++) {
        CHECK_OK(bcue_loader_begin(loader, order, ALL, ALL, pass > 0, 1 + pass, pass, &t.error), t.error);
        CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
        if (pass == 0)
            memcpy(first, batch.data[BCUE_CAMERA], sizeof first);
        CHECK(memcmp(first, batch.data[BCUE_CAMERA], sizeof first) == 0);
    }
    for (size_t i = 0; i < ALL; i++)
        for (size_t j = i + 1; j < ALL; j++)
            CHECK_AT(memcmp(first + i * PIXELS, first + j * PIXELS, PIXELS * sizeof *first) != 0, "%zu, %zu",
                     i, j);
    bcue_loader_destroy(loader);
    test_close(&t);
}

static void test_undecodable(void)
{
    make_recording("undecodable");
    fabricate_text("pictures/4.png", "no picture at all");
    test_opened t;
    int warnings = 0;
    bcue_hooks hooks = {.cookie = &warnings, .log = count_warning};
    for (int threads = 0; threads < 3; threads += 2) {
        CHECK_OK(open_recording("", "", NULL, &t), t.error);
        bcue_loader *loader;
        bcue_batch batch;
        warnings = 0;
        CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, threads, &hooks, &loader, &t.error),
                 t.error);
        CHECK_OK(bcue_loader_begin(loader, all_rows, ROWS, ROWS, false, 1, 0, &t.error), t.error);
        CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
        CHECK_NEAR(batch.present[BCUE_CAMERA][4], 0, 0);
        CHECK_NEAR(batch.present[BCUE_CAMERA][5], 1, 0);
        for (int p = 0; p < PIXELS; p++)
            CHECK_NEAR(batch.data[BCUE_CAMERA][4 * PIXELS + p], 0, 0);
        CHECK_INT(bcue_loader_undecodable(loader), 1);
        CHECK_INT(warnings, 1);
        bcue_loader_destroy(loader);
        test_close(&t);
        CHECK_OK(open_recording("", ", require: [camera]", NULL, &t), t.error);
        CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, threads, NULL, &loader, &t.error),
                 t.error);
        CHECK_OK(bcue_loader_begin(loader, all_rows, ROWS, 3, false, 1, 0, &t.error), t.error);
        CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
        CHECK_STATUS(bcue_loader_next(loader, &batch, &t.error), BCUE_ERROR_DATA);
        CHECK_CONTAINS(t.error.text, "pictures/4.png");
        CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
        CHECK_INT(batch.count, 0);
        bcue_loader_destroy(loader);
        test_close(&t);
    }
}

static bcue_status open_camera_cache(test_opened *t, const char *folder, bcue_feature_cache **cache)
{
    const bcue_frame_recipes recipes = {.features = t->config.features};
    return bcue_feature_cache_open(t->dataset, &recipes, BCUE_CAMERA, folder, NULL, cache, &t->error);
}

/* Open the cache; is it made anew, does it hold what the files hold, and how many files lie in its folder? */
static void check_cache(bool built, int files)
{
    test_opened t;
    bcue_feature_cache *cache = NULL;
    char folder[1100];
    snprintf(folder, sizeof folder, "%s/packed", fabricate_root);
    CHECK_OK(open_recording("", "", NULL, &t), t.error);
    CHECK_OK(open_camera_cache(&t, folder, &cache), t.error);
    if (cache != NULL) {
        CHECK_INT(bcue_feature_cache_was_built(cache), built);
        for (size_t i = 0; i < ROWS; i++) {
            float expected[PIXELS];
            char *path = bcue_dataset_path(t.dataset, bcue_dataset_sample(t.dataset, i),
                                           bcue_dataset_sample(t.dataset, i)->file[BCUE_CAMERA][0]);
            bcue_image image;
            CHECK_OK(bcue_image_read(path, 1, &image, &t.error), t.error);
            CHECK_OK(bcue_camera_resize(&image, &t.config.features.camera, expected, &t.error), t.error);
            bcue_image_free(&image);
            free(path);
            CHECK(memcmp(bcue_feature_cache_frame(cache, i, 0), expected, sizeof expected) == 0);
        }
        bcue_feature_cache_close(cache);
    }
    test_close(&t);
    DIR *stream = opendir(folder);
    int found = 0;
    for (struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;)
        found += entry->d_name[0] != '.';
    if (stream != NULL)
        closedir(stream);
    CHECK_INT(found, files);
}

static void test_cache(void)
{
    make_recording("cache");
    check_cache(true, 1);
    check_cache(false, 1);
    test_opened t;
    bcue_feature_cache *cache;
    bcue_bytes whole;
    char folder[1100], path[1200];
    snprintf(folder, sizeof folder, "%s/packed", fabricate_root);
    CHECK_OK(open_recording("", "", NULL, &t), t.error);
    CHECK_OK(open_camera_cache(&t, folder, &cache), t.error);
    snprintf(path, sizeof path, "%s", bcue_feature_cache_path(cache));
    bcue_feature_cache_close(cache);
    test_close(&t);
    CHECK_OK(bcue_file_read(path, 1 << 20, &whole, &t.error), t.error);
    /* Cut off at several lengths, among them inside header, table and frames. */
    for (size_t length = 0; length < whole.size; length += 997) {
        CHECK_OK(bcue_file_write(path, whole.data, length, &t.error), t.error);
        check_cache(true, 1);
    }
    /* One bit anywhere that is read: header, table, frames. */
    static const size_t places[] = {0, 9, 13, 16, 30, 40, 60, 70, 80, 200, 4096, 5000};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        whole.data[places[i]] ^= 4;
        CHECK_OK(bcue_file_write(path, whole.data, whole.size, &t.error), t.error);
        whole.data[places[i]] ^= 4;
        check_cache(true, 1);
    }
    CHECK_OK(bcue_file_write(path, "something else", 14, &t.error), t.error);
    check_cache(true, 1);
    check_cache(false, 1);
    bcue_bytes_free(&whole);
    /* Another picture of another size and time: another key, beside the old cache. */
    char *first = bcue_path_join(fabricate_root, "pictures/0.png");
    uint8_t pixels[20 * 12] = {9};
    bcue_image image = {.width = 20, .height = 12, .channels = 1, .pixels = pixels};
    CHECK_OK(bcue_image_write(first, &image, 90, &t.error), t.error);
    free(first);
    check_cache(true, 2);
}

static void *open_cache_again(void *argument)
{
    test_opened *t = argument;
    bcue_feature_cache *cache;
    char folder[1100];
    snprintf(folder, sizeof folder, "%s/packed", fabricate_root);
    if (open_camera_cache(t, folder, &cache) != BCUE_OK)
        return NULL;
    bcue_feature_cache_close(cache);
    return t;
}

/* Runs that find no cache at the same moment all make one, and one whole file is left. */
static void test_cache_at_once(void)
{
    enum { RUNS = 4 };
    make_recording("cache_at_once");
    test_opened runs[RUNS];
    pthread_t threads[RUNS];
    for (int i = 0; i < RUNS; i++)
        CHECK_OK(open_recording("", "", NULL, &runs[i]), runs[i].error);
    for (int i = 0; i < RUNS; i++)
        CHECK(pthread_create(&threads[i], NULL, open_cache_again, &runs[i]) == 0);
    for (int i = 0; i < RUNS; i++) {
        void *opened = NULL;
        pthread_join(threads[i], &opened);
        CHECK_AT(opened != NULL, "run %d: %s", i, runs[i].error.text);
        test_close(&runs[i]);
    }
    check_cache(false, 1);
}

static bcue_npy exported(const char *name)
{
    char path[1200];
    bcue_npy array = {0};
    bcue_error error = {{0}};
    snprintf(path, sizeof path, "%s/samples/%s.npy", fabricate_root, name);
    CHECK_OK(bcue_npy_read(path, &array, &error), error);
    return array;
}

static void test_export(void)
{
    make_recording("export");
    char gone[1200];
    snprintf(gone, sizeof gone, "%s/pictures/7.png", fabricate_root);
    CHECK(remove(gone) == 0);
    test_opened t;
    CHECK_OK(open_recording(", position: {enabled: true, mode: enu}", "", NULL, &t), t.error);
    size_t train[] = {0, 1, 2}, test[] = {9, 11};
    bcue_split split = {
        .train = train, .train_count = 3, .test = test, .test_count = 2, .leak = {.percent = 12.5}};
    char folder[1200], path[1300];
    snprintf(folder, sizeof folder, "%s/samples", fabricate_root);
    CHECK_OK(bcue_dataset_export(t.dataset, &split, &t.config.features, folder, NULL, &t.error), t.error);
    bcue_npy label = exported("label"), power = exported("power"), side = exported("split"),
             fix = exported("fix");
    bcue_npy camera = exported("camera"), present = exported("camera_present"),
             position = exported("position");
    CHECK(label.count == ROWS && power.count == ROWS * 8 && fix.rank == 3 && position.rank == 3 &&
          present.rank == 2);
    CHECK(camera.rank == 5 && camera.shape[0] == ROWS && camera.shape[1] == 1 && camera.shape[2] == 1 &&
          camera.shape[3] == 6 && camera.shape[4] == 8);
    for (size_t i = 0; i < ROWS && camera.rank == 5; i++) {
        CHECK_NEAR(bcue_npy_get(&label, i), (double)(i % 8), 0);
        CHECK_NEAR(bcue_npy_get(&power, 8 * i + i % 8), 0.9, 0);
        CHECK_NEAR(bcue_npy_get(&side, i), i < 3 ? 1 : i == 9 || i == 11 ? 3 : 0, 0);
        CHECK_NEAR(bcue_npy_get(&present, i), i == 7 ? 0 : 1, 0);
        CHECK_NEAR(bcue_npy_get(&camera, i * PIXELS + i % 6 * 8), i == 7 ? 0 : 1, 0.3);
        CHECK_NEAR(bcue_npy_get(&fix, 2 * i), 33.4202, 1e-9);
    }
    bcue_npy *arrays[] = {&label, &power, &side, &fix, &camera, &present, &position};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        bcue_npy_free(arrays[i]);
    bcue_csv *csv;
    snprintf(path, sizeof path, "%s/samples.csv", folder);
    CHECK_OK(bcue_csv_read(path, &csv, &t.error), t.error);
    CHECK_INT(bcue_csv_rows(csv), ROWS);
    CHECK_STR(bcue_csv_cell(csv, 9, (size_t)bcue_csv_find(csv, "side")), "test");
    CHECK_STR(bcue_csv_cell(csv, 3, (size_t)bcue_csv_find(csv, "id")), "s/4");
    CHECK_STR(bcue_csv_cell(csv, 7, (size_t)bcue_csv_find(csv, "camera_1")), "");
    CHECK(bcue_path_exists(bcue_csv_cell(csv, 8, (size_t)bcue_csv_find(csv, "camera_1"))));
    bcue_csv_destroy(csv);
    CHECK_STATUS(bcue_dataset_export(t.dataset, &split, NULL, "/proc/no/such/place", NULL, &t.error),
                 BCUE_ERROR_IO);
    test_close(&t);
}

int main(void)
{
    RUN(test_values);
    RUN(test_flip);
    RUN(test_copies);
    RUN(test_undecodable);
    RUN(test_cache);
    RUN(test_cache_at_once);
    RUN(test_export);
    return check_summary();
}
