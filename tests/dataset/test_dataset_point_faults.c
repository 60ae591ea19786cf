/* Radar points that are lost and false ones, as batches have them: by seed and frame, whatever reads them. */
#include "check.h"
#include "open_text.h"

#include <math.h>

#include "base/rng.h"
#include "dataset/loader.h"
#include "fabricate.h"
#include "features/point_sampling.h"
#include "formats/npy.h"

enum {
    ROWS = 6,
    WINDOW = 2,
    SAMPLES = ROWS - WINDOW + 1,
    DETECTIONS = 12,
    POINTS = 20,
    FRAME = POINTS * BCUE_POINT_FIELDS
};

static void make_recording(void)
{
    bcue_text table = {0};
    fabricate_begin("point_faults");
    bcue_text_puts(&table, "index,unit1_radar,unit1_pwr_60ghz,seq_index\n");
    for (int i = 0; i < ROWS; i++) {
        float values[4 * DETECTIONS];
        char radar[64], power[64];
        bcue_bytes bytes;
        bcue_error error;
        bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
        for (int k = 0; k < 4 * DETECTIONS; k++)
            values[k] = (float)bcue_rng_range(&rng, k % 4 == 3 ? 5 : -0.2, k % 4 == 3 ? 50 : 0.2);
        const bcue_npy list = {.type = BCUE_NPY_F32,
                               .rank = 2,
                               .shape = {DETECTIONS, 4},
                               .count = 4 * DETECTIONS,
                               .data = values};
        CHECK_OK(bcue_npy_encode(&list, &bytes, &error), error);
        snprintf(radar, sizeof radar, "radar/%d.npy", i);
        snprintf(power, sizeof power, "power/%d.txt", i);
        fabricate_bytes(radar, bytes.data, bytes.size);
        fabricate_power(power, 8, i);
        bcue_bytes_free(&bytes);
        bcue_text_printf(&table, "%d,%s,%s,1\n", i + 1, radar, power);
    }
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
}

typedef float windows[SAMPLES][WINDOW][FRAME];

/* All samples, `threads` ahead, from a cache folder or the files. */
static void load(const bcue_point_faults *faults, uint64_t seed, int threads, const char *cache, windows out)
{
    char yaml[4000];
    test_opened t;
    bcue_loader *loader = NULL;
    bcue_batch batch;
    const size_t order[SAMPLES] = {0, 1, 2, 3, 4};
    snprintf(yaml, sizeof yaml,
             "data: {beams: 8%s%s, window: {frames: %d}, sources: [{name: a, root: \"%s\"}]}\n"
             "features: {radar: {enabled: true, recipe: hps, points: %d}}\n",
             cache != NULL ? ", cache: " : "", cache != NULL ? cache : "", (int)WINDOW, fabricate_root,
             (int)POINTS);
    CHECK_OK(test_open(yaml, NULL, &t), t.error);
    CHECK_INT(bcue_dataset_count(t.dataset), SAMPLES);
    CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, threads, NULL, &loader, &t.error), t.error);
    if (faults != NULL)
        bcue_loader_spoil_points(loader, faults, seed);
    CHECK_OK(bcue_loader_begin(loader, order, SAMPLES, SAMPLES, false, 0, 0, &t.error), t.error);
    CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
    memcpy(out, batch.data[BCUE_RADAR], sizeof(windows));
    for (size_t i = 0; i < SAMPLES * WINDOW; i++)
        CHECK(batch.present[BCUE_RADAR][i] == 1);
    bcue_loader_destroy(loader);
    test_close(&t);
}

static size_t points_of(const float *frame)
{
    size_t count = 0;
    for (size_t i = 0; i < POINTS; i++)
        count += frame[BCUE_POINT_FIELDS * i + BCUE_POINT_FIELDS - 1] > 0;
    return count;
}

static void no_rate_is_plain(void)
{
    static windows plain, spoiled;
    const bcue_point_faults none = {0};
    load(NULL, 0, 0, NULL, plain);
    load(&none, 3, 0, NULL, spoiled);
    CHECK(memcmp(plain, spoiled, sizeof plain) == 0);
    CHECK_INT(points_of(plain[0][0]), DETECTIONS);
}

static void everything_lost_is_an_empty_frame(void)
{
    static windows spoiled;
    const bcue_point_faults all = {.lost = 1};
    load(&all, 3, 0, NULL, spoiled);
    for (size_t i = 0; i < SAMPLES; i++)
        CHECK_INT(points_of(spoiled[i][0]) + points_of(spoiled[i][1]), 0);
}

/* By seed and frame: the same for any number of threads, from the cache's folder, and in both windows of a
 * frame. */
static void faults_belong_to_seed_and_frame(void)
{
    static windows first, other;
    const bcue_point_faults faults = {.lost = 0.4, .false_points = 3};
    char cache[1200];
    snprintf(cache, sizeof cache, "%s-cache", fabricate_root);
    load(&faults, 3, 0, NULL, first);
    load(&faults, 3, 2, NULL, other);
    CHECK(memcmp(first, other, sizeof first) == 0);
    load(NULL, 0, 0, cache, other); /* makes it */
    CHECK(memcmp(first, other, sizeof first) != 0);
    load(&faults, 3, 0, cache, other);
    CHECK(memcmp(first, other, sizeof first) == 0);
    load(&faults, 4, 0, NULL, other);
    CHECK(memcmp(first, other, sizeof first) != 0);
    for (size_t i = 0; i + 1 < SAMPLES; i++) {
        CHECK(memcmp(first[i][1], first[i + 1][0], sizeof first[i][1]) == 0);
        CHECK(memcmp(first[i][0], first[i][1], sizeof first[i][1]) != 0);
    }
}

int main(void)
{
    make_recording();
    RUN(no_rate_is_plain);
    RUN(everything_lost_is_an_empty_frame);
    RUN(faults_belong_to_seed_and_frame);
    return check_summary();
}
