/* The loader and the packed cache on real pictures, where they lie beside the project. */
#include "check.h"
#include "open_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "dataset/loader.h"

#define SCENARIO5 BCUE_SOURCE_DIR "/../shared/realdata/deepsense_scenario5"
#define CACHE BCUE_BINARY_DIR "/test_loader_cache"

static const char yaml[] = "data:\n"
                           "  sources: [{name: scenario5, root: " SCENARIO5 ", csv: scenario5.csv}]\n"
                           "  cache: " CACHE "\n"
                           "features:\n"
                           "  camera: {enabled: true, width: 64, height: 48, channels: 1}\n"
                           "  position: {enabled: true, mode: enu}\n"
                           "  augment: {brightness: 0.3, contrast: 0.2, gamma: 0.5, blur_px: 1}\n";

/* Everything that a pass hands out, as one number. */
static uint64_t hash_pass(bcue_loader *loader, const size_t *order, size_t count, size_t batch_size,
                          int32_t beams, size_t pixels)
{
    bcue_error error;
    bcue_batch batch;
    bcue_hash hash = bcue_hash_begin();
    size_t seen = 0;
    CHECK_OK(bcue_loader_begin(loader, order, count, batch_size, true, 7, 3, &error), error);
    for (;;) {
        CHECK_OK(bcue_loader_next(loader, &batch, &error), error);
        if (batch.count == 0)
            break;
        seen += batch.count;
        bcue_hash_bytes(&hash, batch.sample, batch.count * sizeof *batch.sample);
        bcue_hash_bytes(&hash, batch.label, batch.count * sizeof *batch.label);
        bcue_hash_bytes(&hash, batch.power, batch.count * (size_t)beams * sizeof *batch.power);
        bcue_hash_bytes(&hash, batch.data[BCUE_CAMERA], batch.count * pixels * sizeof(float));
        bcue_hash_bytes(&hash, batch.present[BCUE_CAMERA], batch.count * sizeof(float));
        bcue_hash_bytes(&hash, batch.data[BCUE_GPS], batch.count * 2 * sizeof(float));
    }
    CHECK_INT(seen, count);
    return bcue_hash_end(&hash);
}

static void test_threads_and_cache_agree(void)
{
    if (!bcue_path_is_dir(SCENARIO5))
        SKIP("no recordings at %s", SCENARIO5);
    test_opened cached, plain;
    CHECK_OK(test_open(yaml, NULL, &cached), cached.error);
    char *without = strdup(yaml), *line = strstr(without, "  cache:");
    memmove(line, strchr(line, '\n') + 1, strlen(strchr(line, '\n') + 1) + 1);
    CHECK_OK(test_open(without, NULL, &plain), plain.error);
    free(without);
    if (cached.dataset == NULL || plain.dataset == NULL)
        return;
    size_t order[150];
    for (size_t i = 0; i < 150; i++)
        order[i] = i * 7919 % 2300;
    uint64_t expected = 0;
    for (int threads = 0; threads <= 3; threads++) {
        bcue_loader *loader;
        CHECK_OK(
            bcue_loader_create(plain.dataset, &plain.config.features, threads, NULL, &loader, &plain.error),
            plain.error);
        uint64_t got = hash_pass(loader, order, 150, 32, 64, 64 * 48);
        if (threads == 0)
            expected = got;
        CHECK(got == expected);
        CHECK(hash_pass(loader, order, 150, 32, 64, 64 * 48) ==
              expected); /* again: nothing is left over of the first pass */
        bcue_loader_destroy(loader);
    }
    for (int threads = 0; threads <= 2; threads += 2) {
        bcue_loader *loader;
        CHECK_OK(bcue_loader_create(cached.dataset, &cached.config.features, threads, NULL, &loader,
                                    &cached.error),
                 cached.error);
        CHECK(hash_pass(loader, order, 150, 32, 64, 64 * 48) == expected);
        bcue_loader_destroy(loader);
    }
    test_close(&cached);
    test_close(&plain);
}

int main(void)
{
    RUN(test_threads_and_cache_agree);
    return check_summary();
}
