/* Simulations with every sensor: what the files hold, that they repeat on any number of threads, and that the
   tables of all vehicles agree with the power beside them. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "beamcue/simulate.h"
#include "check.h"
#include "formats/csv.h"
#include "formats/deepsense_text.h"
#include "formats/nmea.h"
#include "formats/npy.h"
#include "formats/ply.h"

static char root[512];

static bcue_status simulate(const char *name, const char *const *more, bcue_simulate_summary *summary,
                            bcue_error *error)
{
    static char output[640];
    snprintf(output, sizeof output, "output=%s/%s", root, name);
    const char *overrides[32] = {output,
                                 "overwrite=true",
                                 "seed=5",
                                 "episodes=2",
                                 "frame_rate_hz=5",
                                 "camera.width=64",
                                 "camera.height=36",
                                 "max_frames_per_episode=3",
                                 "channel.subcarriers=4"};
    size_t count = 9;
    for (size_t i = 0; more && more[i]; i++)
        overrides[count++] = more[i];
    return bcue_simulate(NULL, overrides, count, NULL, summary, error);
}

static const char *in_tree(const char *name, const char *path)
{
    static char text[1024];
    snprintf(text, sizeof text, "%s/%s/%s", root, name, path);
    return text;
}

static void every_sensor_writes_what_its_format_says(void)
{
    bcue_error error = {""};
    bcue_simulate_summary summary;
    const char *more[] = {"lidar.enabled=true",  "radar.enabled=true", "radar.kind=cube-scenario9",
                          "radar.scatterers=20", "gnss.nmea=true",     NULL};
    CHECK_OK(simulate("all", more, &summary, &error), error);
    CHECK_INT(summary.samples, 6);
    bcue_ply cloud = {0};
    CHECK_OK(bcue_ply_read(in_tree("all", "unit1/lidar_data/lidar_data_0001_0000.ply"), &cloud, &error),
             error);
    CHECK_AT(cloud.count > 5000 && cloud.count <= 32 * 1024, "%zu points", cloud.count);
    size_t below = 0;
    for (size_t i = 0; i < cloud.count; i++)
        below += cloud.points[3 * i + 2] < 0.0;
    CHECK(below > cloud.count / 3); /* the road lies below the LiDAR */
    bcue_ply_free(&cloud);
    bcue_npy cube = {0};
    CHECK_OK(bcue_npy_read(in_tree("all", "unit1/radar_data/radar_data_0002_0002.npy"), &cube, &error),
             error);
    CHECK(cube.type == BCUE_NPY_C64 && cube.rank == 3 && cube.shape[0] == 4 && cube.shape[1] == 256 &&
          cube.shape[2] == 128);
    bcue_npy_free(&cube);
    bcue_nmea_log log = {0};
    CHECK_OK(bcue_nmea_read(in_tree("all", "unit2/GPS_data/nmea_1.txt"), &log, &error), error);
    CHECK_INT(log.gga, 3);
    CHECK_INT(log.damaged, 0);
    bcue_nmea_free(&log);
}

static void radar_detections_are_those_of_carla(void)
{
    bcue_error error = {""};
    const char *more[] = {"radar.enabled=true", "camera.enabled=false", NULL};
    CHECK_OK(simulate("points", more, NULL, &error), error);
    bcue_npy points = {0};
    CHECK_OK(bcue_npy_read(in_tree("points", "unit1/radar_data/radar_data_0001_0002.npy"), &points, &error),
             error);
    CHECK(points.type == BCUE_NPY_F32 && points.rank == 2 && points.shape[1] == 4 && points.shape[0] > 500);
    size_t moving = 0;
    for (size_t i = 0; i < points.shape[0]; i++)
        moving += fabs(bcue_npy_get(&points, 4 * i)) > 0.1;
    CHECK(moving > 0);
    bcue_npy_free(&points);
}

static void threads_change_no_file(void)
{
    bcue_error error = {""};
    const char *more[] = {"lidar.enabled=true",
                          "radar.enabled=true",
                          "weather.enabled=true",
                          "weather.night=30",
                          "receivers=all",
                          "channel.measured=false",
                          NULL};
    int threads = bcue_get_threads();
    bcue_set_threads(1);
    CHECK_OK(simulate("one", more, NULL, &error), error);
    bcue_set_threads(2);
    CHECK_OK(simulate("two", more, NULL, &error), error);
    bcue_set_threads(threads);
    bcue_bytes one = {0}, two = {0};
    CHECK_OK(bcue_file_read(in_tree("one", "manifest.json"), (size_t)1 << 28, &one, &error), error);
    CHECK_OK(bcue_file_read(in_tree("two", "manifest.json"), (size_t)1 << 28, &two, &error), error);
    CHECK(one.size > 2000 && one.size == two.size && memcmp(one.data, two.data, one.size) == 0);
    bcue_bytes_free(&one);
    bcue_bytes_free(&two);
}

static bool same_manifest(const char *one, const char *two)
{
    bcue_error error = {""};
    bcue_bytes first = {0}, second = {0};
    CHECK_OK(bcue_file_read(in_tree(one, "manifest.json"), (size_t)1 << 28, &first, &error), error);
    CHECK_OK(bcue_file_read(in_tree(two, "manifest.json"), (size_t)1 << 28, &second, &error), error);
    bool same =
        first.size > 2000 && first.size == second.size && memcmp(first.data, second.data, first.size) == 0;
    bcue_bytes_free(&first);
    bcue_bytes_free(&second);
    return same;
}

/* With the instructions of the ray search pinned, and the channel as HDF5: still the same on any number of
   threads. The tables and the channel file of an episode are there and in the manifest. */
static void pinned_runs_repeat_with_their_channel_files(void)
{
    bcue_error error = {""};
    const char *more[] = {"isa=avx2", "lidar.enabled=true", "channel.record=cfr", "channel.reflections=1",
                          NULL};
    int threads = bcue_get_threads();
    bcue_set_threads(1);
    CHECK_OK(simulate("pinned_one", more, NULL, &error), error);
    bcue_set_threads(2);
    CHECK_OK(simulate("pinned_two", more, NULL, &error), error);
    bcue_set_threads(threads);
    CHECK(same_manifest("pinned_one", "pinned_two"));
    bcue_bytes file = {0}, manifest = {0};
    CHECK_OK(bcue_file_read(in_tree("pinned_one", "channel/channel_0002.h5"), 1 << 26, &file, &error), error);
    CHECK(file.size > 1000 && memcmp(file.data, "\211HDF\r\n\032\n", 8) == 0);
    CHECK_OK(bcue_file_read(in_tree("pinned_one", "manifest.json"), 1 << 26, &manifest, &error), error);
    CHECK_CONTAINS((const char *)manifest.data, "channel/channel_0002.h5");
    bcue_bytes_free(&file);
    bcue_bytes_free(&manifest);
    bcue_csv *truth = NULL;
    CHECK_OK(bcue_csv_read(in_tree("pinned_one", "ground_truth.csv"), &truth, &error), error);
    for (size_t row = 0; truth && row < bcue_csv_rows(truth); row++) {
        const char *sight = bcue_csv_cell(truth, row, (size_t)bcue_csv_find(truth, "los"));
        const char *blocker = bcue_csv_cell(truth, row, (size_t)bcue_csv_find(truth, "blocker"));
        double spread = -1.0;
        CHECK(bcue_parse_double(bcue_csv_cell(truth, row, (size_t)bcue_csv_find(truth, "delay_spread_ns")),
                                &spread) &&
              spread >= 0.0 && spread < 1000.0);
        CHECK((strcmp(sight, "1") == 0) == (strcmp(blocker, "-1") == 0));
    }
    bcue_csv_destroy(truth);
}

/* The aggregate in dB is the mean over the vehicles of their power, each at least -200 dBm; the best beam of
   each is the largest of its row. Paper B's scene, its 152 beams, no noise. */
static void vehicles_and_their_power_agree(void)
{
    bcue_error error = {""};
    bcue_simulate_summary summary;
    const char *more[] = {"scene=scenery",
                          "scenery.preset=3-lane",
                          "array.codebook=paper-b",
                          "receivers=all",
                          "channel.carrier_hz=28e9",
                          "channel.mode=paper",
                          "channel.measured=false",
                          "channel.transmit_power_dbm=0",
                          "camera.enabled=false",
                          "gnss.horizontal_sigma_m=0",
                          "episodes=1",
                          NULL};
    CHECK_OK(simulate("paper_b", more, &summary, &error), error);
    CHECK_INT(summary.samples, 3);
    bcue_npy power = {0};
    CHECK_OK(
        bcue_npy_read(in_tree("paper_b", "unit1/mmWave_data/vehicle_power_0001_0000.npy"), &power, &error),
        error);
    CHECK(power.rank == 2 && power.shape[1] == 152 && power.shape[0] >= 1);
    bcue_csv *table = NULL;
    CHECK_OK(bcue_csv_read(in_tree("paper_b", "unit2/vehicle_data/vehicles_0001_0000.csv"), &table, &error),
             error);
    CHECK_INT(bcue_csv_rows(table), power.shape[0]);
    double *mean = NULL;
    size_t beams = 0;
    CHECK_OK(bcue_deepsense_power_read(in_tree("paper_b", "unit1/mmWave_data/mmWave_power_0001_0000.txt"),
                                       &mean, &beams, &error),
             error);
    CHECK_INT(beams, 152);
    for (size_t b = 0; b < beams && b < 152; b++) {
        double sum = 0.0;
        for (size_t v = 0; v < power.shape[0]; v++)
            sum += fmax(-200.0, 10.0 * log10(bcue_npy_get(&power, v * 152 + b)));
        CHECK_NEAR(10.0 * log10(mean[b]), sum / (double)power.shape[0], 1e-4);
    }
    free(mean);
    bcue_csv_destroy(table);
    bcue_npy_free(&power);
}

static void wrong_settings_are_told(void)
{
    bcue_error error = {""};
    const char *nothing[] = {"weather.enabled=true", "weather.noon=0", "weather.night=0",
                             "weather.rain=0",       "weather.fog=0",  NULL};
    CHECK_STATUS(simulate("bad", nothing, NULL, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "weather");
    CHECK_CONTAINS(error.text, "share 0");
    const char *inside[] = {"scene=scenery",
                            "scenery.preset=2-lane",
                            "scenery.buildings.0.name=tower",
                            "scenery.buildings.0.footprint_m=[22, 82, 30, 82, 30, 90, 22, 90]",
                            "scenery.buildings.0.height_m=40",
                            NULL};
    CHECK(access(in_tree("bad", ""), F_OK) != 0);
    CHECK_STATUS(simulate("bad", inside, NULL, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "lies inside building 1 (tower)");
    CHECK(access(in_tree("bad", ""), F_OK) != 0);
}

int main(void)
{
    snprintf(root, sizeof root, "%s/tests/simulate/sensors_%ld", BCUE_BINARY_DIR, (long)getpid());
    mkdir(root, 0777);
    RUN(every_sensor_writes_what_its_format_says);
    RUN(radar_detections_are_those_of_carla);
    RUN(threads_change_no_file);
    RUN(pinned_runs_repeat_with_their_channel_files);
    RUN(vehicles_and_their_power_agree);
    RUN(wrong_settings_are_told);
    char command[640];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CHECK(system(command) == 0);
    return check_summary();
}
