/* The page of a network: simulate, train and evaluate a fusion network of camera, radar and positions, and
   look for what only networks have: curves, gain per sensor, weights, attention over the picture. */
#include <stdlib.h>
#include "base/file.h"
#include "base/parallel.h"
#include "beamcue/simulate.h"
#include "beamcue/train.h"
#include "check.h"

#define FOLDER BCUE_BINARY_DIR "/test_api_page"
#define CONFIG FOLDER "/run.yaml"

static const char yaml[] =
    "name: page\n"
    "out: " FOLDER "/out\n"
    "threads: 1\n"
    "data:\n"
    "  sources: [{root: " FOLDER "/street}]\n"
    "  beams: 64\n"
    "  power_unit: mW\n"
    "split: {kind: episode, train: 0.5, validation: 0.2, test: 0.3}\n"
    "features:\n"
    "  camera: {enabled: true, width: 64, height: 36}\n"
    "  radar: {enabled: true, recipe: points, width: 32, height: 32, points_range_m: 40, points_azimuth_deg: "
    "60, points_velocity_mps: 12}\n"
    "  position: {enabled: true, mode: enu}\n"
    "model: {kind: beamtransfuser, preset: tiny, modalities: [camera, radar, gps], width: 8, blocks: 1}\n"
    "train: {epochs: 2, batch: 16, loader_threads: 0}\n"
    "evaluate: {bootstrap: 100}\n"
    "view: {camera_fov_deg: 100, beam_span_deg: 90}\n";

static void make_street(void)
{
    const char *const set[] = {"output=" FOLDER "/street",
                               "overwrite=true",
                               "episodes=10",
                               "max_frames_per_episode=12",
                               "camera={width: 64, height: 36}",
                               "radar={enabled: true, kind: points}",
                               "weather={enabled: true, noon: 1, night: 1, rain: 0, fog: 0}"};
    bcue_error error = {""};
    CHECK_OK(bcue_simulate(NULL, set, sizeof set / sizeof set[0], NULL, NULL, &error), error);
}

static size_t times(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

/* CHECK_CONTAINS without the page in the message. */
static void check_has(const char *page, const char *words)
{
    CHECK_AT(strstr(page, words) != NULL, "the page lacks \"%s\"", words);
}

static void check_page(const char *page)
{
    static const char *const words[] = {"How it was trained",
                                        "Where it errs",
                                        "By condition",
                                        ">noon<",
                                        ">night<",
                                        "Worst cases",
                                        "What the sensors are worth to the network",
                                        "Gain per sensor",
                                        "without camera",
                                        "without radar",
                                        "without gps",
                                        "so it never learned to do without one",
                                        "Weight of each sensor",
                                        "Attention over the camera picture",
                                        "the framed token receives"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        check_has(page, words[i]);
    CHECK(strstr(page, "lidar") == NULL);
    CHECK(times(page, "data:image/jpeg;base64,") >= 3);
    /* One file: nothing is fetched. */
    CHECK(times(page, "src=\"http") == 0 && times(page, "<link") == 0);
}

/* A sensor that no sample has is refused, not learned as zeros. */
static void a_sensor_that_is_not_there_is_refused(void)
{
    static const char *const all[] = {"model.modalities=[camera, lidar, radar, gps]"};
    bcue_error error = {""};
    bcue_report *report = NULL;
    CHECK_STATUS(bcue_train(CONFIG, all, 1, NULL, &report, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text,
                   "the model reads lidar, but none of the 60 training samples has a LiDAR frame");
    bcue_report_destroy(report);
}

static void a_network_gets_its_page(void)
{
    bcue_error error = {""};
    bcue_report *report = NULL;
    make_street();
    CHECK_OK(bcue_file_write(CONFIG, yaml, strlen(yaml), &error), error);
    CHECK_OK(bcue_train(CONFIG, NULL, 0, NULL, &report, &error), error);
    bcue_report_destroy(report);
    report = NULL;
    CHECK_OK(bcue_evaluate(CONFIG, NULL, 0, NULL, NULL, &report, &error), error);
    bcue_report_destroy(report);
    bcue_bytes page = {0};
    CHECK_OK(bcue_file_read(FOLDER "/out/report.html", 1 << 26, &page, &error), error);
    if (page.data)
        check_page((const char *)page.data);
    bcue_bytes_free(&page);
}

int main(void)
{
    bcue_error error = {""};
    bcue_set_threads(1);
    CHECK_OK(bcue_make_dirs(FOLDER, &error), error);
    RUN(a_network_gets_its_page);
    RUN(a_sensor_that_is_not_there_is_refused);
    return check_summary();
}
