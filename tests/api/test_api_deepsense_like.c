/* configs/deepsense_like.yaml against the real power vectors of DeepSense 6G, scenarios 1 to 6: medians of
   the spread (best over worst beam, within 1 dB) and of the gap (best over second, within 0.1 dB). The real
   numbers are those that tools/results/deepsense_like.py measures on the recordings. And beams as measured.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "beamcue/dataset.h"
#include "beamcue/simulate.h"
#include "check.h"

#define FOLDER BCUE_BINARY_DIR "/test_api_deepsense_like"
#define PATTERNS BCUE_SOURCE_DIR "/../shared/realdata/deepsense_codebook"

enum { SCENES = 6 };

static const double real_spread_db[SCENES] = {8.45, 8.58, 4.61, 4.20, 7.94, 4.18},
                    real_gap_db[SCENES] = {0.201, 0.154, 0.152, 0.127, 0.169, 0.108};

static bcue_status simulate(const char *episodes, const char *const *more, bcue_error *error)
{
    const char *overrides[16] = {"output=" FOLDER,      "overwrite=true",      "camera.enabled=false",
                                 "lidar.enabled=false", "radar.enabled=false", episodes};
    size_t count = 6;
    for (size_t i = 0; more != NULL && more[i] != NULL; i++)
        overrides[count++] = more[i];
    return bcue_simulate(BCUE_SOURCE_DIR "/configs/deepsense_like.yaml", overrides, count, NULL, NULL, error);
}

/* The JSON of the inspection of what was simulated; freed by the caller. */
static json_t *look(void)
{
    bcue_report *report;
    bcue_error error;
    CHECK_OK(bcue_inspect(FOLDER, NULL, 0, NULL, NULL, &report, &error), error);
    json_t *json = json_loads(bcue_report_json(report), 0, NULL);
    bcue_report_destroy(report);
    return json;
}

static double number(const json_t *scene, const char *name)
{
    return json_number_value(json_object_get(scene, name));
}

static void power_is_as_flat_as_real_power(void)
{
    bcue_error error;
    /* A frame a second is enough for medians. */
    const char *sparse[] = {"frame_rate_hz=1", "max_frames_per_episode=20", NULL};
    CHECK_OK(simulate("episodes=6", sparse, &error), error);
    json_t *json = look();
    const json_t *scenes = json_object_get(json, "scenes");
    CHECK_INT((int)json_array_size(scenes), SCENES);
    for (int s = 0; s < SCENES; s++) {
        const json_t *scene = json_array_get(scenes, (size_t)s);
        CHECK_AT(number(scene, "samples") > 8, "scene %d: %g samples", s + 1, number(scene, "samples"));
        CHECK_AT(fabs(number(scene, "spread_db") - real_spread_db[s]) < 1.0, "scene %d: spread %g dB, not %g",
                 s + 1, number(scene, "spread_db"), real_spread_db[s]);
        CHECK_AT(fabs(number(scene, "gap_db") - real_gap_db[s]) < 0.1, "scene %d: gap %g dB, not %g", s + 1,
                 number(scene, "gap_db"), real_gap_db[s]);
    }
    json_decref(json);
}

static void measured_beams_need_their_files(void)
{
    bcue_error error;
    const char *no_folder[] = {"array.codebook=measured", NULL};
    CHECK_STATUS(simulate("episodes=1", no_folder, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "measured beams need the folder of their patterns");
    const char *empty[] = {"array.codebook=measured", "array.patterns=" BCUE_SOURCE_DIR "/configs", NULL};
    CHECK(simulate("episodes=1", empty, &error) != BCUE_OK);
    CHECK_CONTAINS(error.text, "built_in_beam_pattern_0.mat");
}

static void measured_beams_serve_the_street(void)
{
    bcue_error error;
    if (!bcue_path_exists(PATTERNS))
        SKIP("no " PATTERNS);
    const char *more[] = {"array.codebook=measured", "array.patterns=" PATTERNS, "channel.measured=false",
                          "scenes=[{name: one, seed: 1}]", NULL};
    CHECK_OK(simulate("episodes=2", more, &error), error);
    json_t *json = look();
    const json_t *scene = json_array_get(json_object_get(json, "scenes"), 0);
    /* The first and the last beam of the testbed radiate next to nothing, and are never best. */
    const json_t *histogram = json_object_get(scene, "beam_histogram");
    CHECK_INT((int)json_array_size(histogram), 64);
    CHECK_INT((int)json_integer_value(json_array_get(histogram, 0)), 0);
    CHECK_INT((int)json_integer_value(json_array_get(histogram, 63)), 0);
    CHECK(number(scene, "spread_db") > 10.0);
    json_decref(json);
}

int main(void)
{
    RUN(power_is_as_flat_as_real_power);
    RUN(measured_beams_need_their_files);
    RUN(measured_beams_serve_the_street);
    return check_summary();
}
