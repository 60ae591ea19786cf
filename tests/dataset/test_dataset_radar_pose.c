/* Two recordings of the same radar points whose radars stand differently: height and tilt of each source lead
   to its own frame of the ground, read from files and from the cache. */
#include "check.h"
#include "open_text.h"

#include "dataset/loader.h"
#include "fabricate.h"
#include "features/point_sampling.h"
#include "formats/npy.h"

enum { ROWS = 3, POINTS = 6, FRAME = POINTS * BCUE_POINT_FIELDS };

static const float points[4 * 4] = {3, -0.4F, 0.1F,  20, -2, 0,    -0.1F, 35,
                                    0, 0.3F,  0.05F, 12, 7,  0.5F, -0.2F, 50};
static const bcue_npy list = {
    .type = BCUE_NPY_F32, .rank = 2, .shape = {4, 4}, .count = 16, .data = (void *)(uintptr_t)points};

static void make_recording(const char *name)
{
    bcue_text table = {0};
    bcue_bytes bytes;
    bcue_error error;
    fabricate_begin(name);
    bcue_text_puts(&table, "index,unit1_radar,unit1_pwr_60ghz,seq_index\n");
    CHECK_OK(bcue_npy_encode(&list, &bytes, &error), error);
    for (int i = 0; i < ROWS; i++) {
        char radar[64], power[64];
        snprintf(radar, sizeof radar, "radar/%d.npy", i);
        snprintf(power, sizeof power, "power/%d.txt", i);
        fabricate_bytes(radar, bytes.data, bytes.size);
        fabricate_power(power, 8, i);
        bcue_text_printf(&table, "%d,%s,%s,1\n", i + 1, radar, power);
    }
    bcue_bytes_free(&bytes);
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
}

/* The same folder as two sources, the second one with `pose`. */
static bcue_status open_both(const char *cache, const char *pose, test_opened *t)
{
    static char yaml[4000];
    snprintf(yaml, sizeof yaml,
             "data: {beams: 8%s%s, sources: [{name: a, root: \"%s\"}, {name: b, root: \"%s\"%s}]}\n"
             "features: {radar: {enabled: true, recipe: hps, points: 6, points_frame: ground, "
             "points_height_m: 5}}\n",
             cache != NULL ? ", cache: " : "", cache != NULL ? cache : "", fabricate_root, fabricate_root,
             pose);
    return test_open(yaml, NULL, t);
}

static void expect(const test_opened *t, double height_m, double pitch_deg, float *frame)
{
    bcue_error error;
    bcue_radar_recipe recipe = t->config.features.radar;
    recipe.points_height_m = height_m;
    recipe.points_pitch_deg = pitch_deg;
    CHECK_OK(bcue_point_sample(&recipe, &list, "points", frame, &error), error);
}

static void check_frames(const char *cache, const char *pose, double height_m, double pitch_deg)
{
    test_opened t;
    bcue_loader *loader = NULL;
    bcue_batch batch;
    const size_t order[2 * ROWS] = {3, 0, 4, 1, 5, 2}; /* b, a, b, a, ...: one work space for both */
    float first[FRAME], second[FRAME];
    CHECK_OK(open_both(cache, pose, &t), t.error);
    CHECK_INT(bcue_dataset_count(t.dataset), 2 * ROWS);
    expect(&t, 5, 0, first);
    expect(&t, height_m, pitch_deg, second);
    CHECK_OK(bcue_loader_create(t.dataset, &t.config.features, 0, NULL, &loader, &t.error), t.error);
    CHECK_OK(bcue_loader_begin(loader, order, 2 * ROWS, 2 * ROWS, false, 0, 0, &t.error), t.error);
    CHECK_OK(bcue_loader_next(loader, &batch, &t.error), t.error);
    for (size_t i = 0; i < 2 * ROWS; i++)
        CHECK_AT(memcmp(batch.data[BCUE_RADAR] + i * FRAME, i % 2 == 0 ? second : first, sizeof first) == 0,
                 "sample %zu", order[i]);
    bcue_loader_destroy(loader);
    test_close(&t);
}

static void test_poses(void)
{
    char folder[1100], cache[1110];
    make_recording("radar_pose");
    snprintf(folder, sizeof folder, "%s/packed", fabricate_root);
    snprintf(cache, sizeof cache, "\"%s\"", folder);
    const char *const caches[] = {NULL, cache, cache}; /* from files, packed, found */
    for (int i = 0; i < 3; i++) {
        check_frames(caches[i], ", radar_pose: [4, -10]", 4, -10);
        check_frames(caches[i], "", 5, 0);
        check_frames(caches[i], ", radar_pose: [8, -10]", 8, -10);
    }
}

static void test_refused(void)
{
    static const char *const wrong[] = {"[4]", "[4, -10, 1]", "[0, -10]", "[4, 91]", "[nan, 0]"};
    make_recording("radar_pose_refused");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        test_opened t;
        char pose[64];
        snprintf(pose, sizeof pose, ", radar_pose: %s", wrong[i]);
        CHECK(open_both(NULL, pose, &t) != BCUE_OK);
        CHECK_CONTAINS(t.error.text, "radar_pose");
        test_close(&t);
    }
}

int main(void)
{
    RUN(test_poses);
    RUN(test_refused);
    return check_summary();
}
