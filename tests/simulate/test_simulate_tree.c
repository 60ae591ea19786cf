/* Whole simulations of a tiny street: the folder they write, that it repeats, and what happens when they
 * fail. */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/text.h"
#include "beamcue/simulate.h"
#include "check.h"
#include "features/geodesy.h"
#include "formats/csv.h"
#include "formats/deepsense_text.h"
#include "formats/image.h"
#include "simulate/simulate_config.h"

/* Tests run in a folder of their own below the build. */
static char root[512];

static bcue_status simulate(const char *name, const char *const *more, const bcue_hooks *hooks,
                            bcue_simulate_summary *summary, bcue_error *error)
{
    static char output[640];
    snprintf(output, sizeof output, "output=%s/%s", root, name);
    const char *overrides[24] = {output,
                                 "seed=5",
                                 "episodes=2",
                                 "frame_rate_hz=5",
                                 "camera.width=64",
                                 "camera.height=36",
                                 "array.beams=16",
                                 "channel.subcarriers=4"};
    size_t count = 8;
    for (size_t i = 0; more && more[i]; i++)
        overrides[count++] = more[i];
    return bcue_simulate(NULL, overrides, count, hooks, summary, error);
}

static char *in_tree(const char *name, const char *path)
{
    bcue_text text = {0};
    bcue_text_printf(&text, "%s/%s/%s", root, name, path);
    return text.data;
}

/* How many entries of the root start with `prefix`. */
static int entries(const char *prefix)
{
    int count = 0;
    DIR *folder = opendir(root);
    CHECK(folder != NULL);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += bcue_starts_with(entry->d_name, prefix);
    if (folder)
        closedir(folder);
    return count;
}

static json_t *manifest_of(const char *name)
{
    char *path = in_tree(name, "manifest.json");
    json_t *manifest = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    CHECK_AT(manifest != NULL, "%s is not JSON", path);
    free(path);
    return manifest;
}

static bool same_bytes(const char *a, const char *b, const char *path)
{
    bcue_error error = {0};
    char *first = in_tree(a, path), *second = in_tree(b, path);
    bcue_bytes one = {0}, two = {0};
    CHECK_OK(bcue_file_read(first, (size_t)1 << 28, &one, &error), error);
    CHECK_OK(bcue_file_read(second, (size_t)1 << 28, &two, &error), error);
    bool same = one.size == two.size && one.size > 0 && memcmp(one.data, two.data, one.size) == 0;
    bcue_bytes_free(&one);
    bcue_bytes_free(&two);
    free(first);
    free(second);
    return same;
}

/* Every listed file, and the list itself, bit for bit the same with one thread and with three. */
static void repeats_on_any_number_of_threads(void)
{
    bcue_error error = {0};
    bcue_simulate_summary summary;
    bcue_set_threads(1);
    CHECK_OK(simulate("one", NULL, NULL, &summary, &error), error);
    bcue_set_threads(3);
    CHECK_OK(simulate("three", NULL, NULL, NULL, &error), error);
    bcue_set_threads(0);
    CHECK(same_bytes("one", "three", "manifest.json"));
    json_t *manifest = manifest_of("one"), *files = json_object_get(manifest, "files"), *entry;
    CHECK(summary.samples > 10);
    CHECK_INT(summary.episodes, 2);
    CHECK_INT(json_array_size(files), 3 * summary.samples + 3);
    size_t i;
    json_array_foreach(files, i, entry)
    {
        const char *path = json_string_value(json_object_get(entry, "path"));
        CHECK_AT(same_bytes("one", "three", path), "%s differs", path);
        char *full = in_tree("one", path);
        struct stat info;
        CHECK(stat(full, &info) == 0 && info.st_size == json_integer_value(json_object_get(entry, "bytes")));
        free(full);
    }
    json_decref(manifest);
    CHECK_OK(simulate("other", (const char *[]){"seed=6", NULL}, NULL, NULL, &error), error);
    CHECK(!same_bytes("one", "other", "scenario.csv"));
    CHECK_INT(entries("one"), 1); /* no temporary folder is left */
}

static const char *cell(const bcue_csv *csv, size_t row, const char *column)
{
    int found = bcue_csv_find(csv, column);
    CHECK_AT(found >= 0, "there is no column %s", column);
    return found < 0 ? "" : bcue_csv_cell(csv, row, (size_t)found);
}

static double number(const bcue_csv *csv, size_t row, const char *column)
{
    double value = NAN;
    CHECK(bcue_parse_double(cell(csv, row, column), &value));
    return value;
}

static int in_sight, far_from_geometry;

/* One row against its files and the truth. Beams cover 90 degrees with 16 beams of the 16-element array, so
   in line of sight the best is within one of the geometric beam, unless a reflection off the vehicle's own
   roof fades the direct wave away. */
static void check_row(const bcue_csv *csv, const bcue_csv *truth, size_t row)
{
    bcue_error error = {0};
    char *power_path = in_tree("one", cell(csv, row, "unit1_pwr_60ghz")),
         *image_path = in_tree("one", cell(csv, row, "unit1_rgb"));
    char *fix_path = in_tree("one", cell(csv, row, "unit2_loc")),
         *station_path = in_tree("one", cell(csv, row, "unit1_loc"));
    double *power = NULL, latitude, longitude, station_latitude, station_longitude;
    size_t count = 0, best = 0;
    CHECK_OK(bcue_deepsense_power_read(power_path, &power, &count, &error), error);
    CHECK_INT(count, 16);
    for (size_t b = 0; b < count; b++) {
        CHECK(power[b] > 0.0 && isfinite(power[b]));
        best = power[b] > power[best] ? b : best;
    }
    CHECK_INT(number(csv, row, "unit1_beam"), best + 1);
    double azimuth = number(truth, row, "azimuth_deg");
    if (number(csv, row, "los") == 1.0) {
        in_sight++;
        far_from_geometry += fabs((double)best - (45.0 - azimuth) / 90.0 * 15.0) > 1.0;
    }
    CHECK_OK(bcue_deepsense_gps_read(station_path, &station_latitude, &station_longitude, &error), error);
    CHECK_OK(bcue_deepsense_gps_read(fix_path, &latitude, &longitude, &error), error);
    double enu[3];
    bcue_geodetic_to_enu(latitude, longitude, 350.0, station_latitude, station_longitude, 350.0, enu);
    CHECK_NEAR(enu[0], number(truth, row, "x_m"), 7.5); /* five deviations */
    CHECK_NEAR(enu[1], number(truth, row, "y_m"), 7.5);
    bcue_image image = {0};
    CHECK_OK(bcue_image_read(image_path, 3, &image, &error), error);
    CHECK_INT(image.width, 64);
    CHECK_INT(image.height, 36);
    bcue_image_free(&image);
    free(power);
    free(power_path);
    free(image_path);
    free(fix_path);
    free(station_path);
}

static void tree_reads_as_deepsense(void)
{
    bcue_error error = {0};
    char *csv_path = in_tree("one", "scenario.csv"), *truth_path = in_tree("one", "ground_truth.csv");
    bcue_csv *csv = NULL, *truth = NULL;
    CHECK_OK(bcue_csv_read(csv_path, &csv, &error), error);
    CHECK_OK(bcue_csv_read(truth_path, &truth, &error), error);
    CHECK_INT(bcue_csv_rows(csv), bcue_csv_rows(truth));
    for (size_t row = 0; row < bcue_csv_rows(csv); row++) {
        CHECK_INT(number(csv, row, "index"), row + 1);
        CHECK(number(csv, row, "seq_index") >= 1 && number(csv, row, "seq_index") <= 2);
        CHECK_CONTAINS(cell(csv, row, "time_stamp"), "12:0");
        check_row(csv, truth, row);
    }
    CHECK(in_sight > 20 && 10 * far_from_geometry <= in_sight);
    bcue_csv_destroy(csv);
    bcue_csv_destroy(truth);
    free(csv_path);
    free(truth_path);
}

/* The effective configuration beside the result gives the same result. */
static void repeats_from_its_own_configuration(void)
{
    bcue_error error = {0};
    char *config = in_tree("one", "beamcue.yaml"), output[640];
    snprintf(output, sizeof output, "output=%s/replayed", root);
    const char *overrides[] = {output};
    CHECK_OK(bcue_simulate(config, overrides, 1, NULL, NULL, &error), error);
    CHECK(same_bytes("one", "replayed", "manifest.json"));
    free(config);
}

static void an_existing_folder_is_safe(void)
{
    bcue_error error = {0};
    CHECK_STATUS(simulate("one", NULL, NULL, NULL, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "exists already");
    char *keep = in_tree("mine", "notes.txt"), *folder = in_tree("mine", "");
    CHECK_OK(bcue_make_dirs(folder, &error), error);
    CHECK_OK(bcue_file_write(keep, "dear", 4, &error), error);
    const char *overwrite[] = {"overwrite=true", NULL},
               *replace[] = {"overwrite=true", "seed=7", "camera.enabled=false", NULL};
    CHECK_STATUS(simulate("mine", overwrite, NULL, NULL, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "was not made by a simulation");
    CHECK(bcue_path_exists(keep));
    CHECK_OK(simulate("other", replace, NULL, NULL, &error), error);
    char *images = in_tree("other", "unit1/camera_data");
    CHECK(!bcue_path_exists(images)); /* what the earlier simulation had written is gone */
    CHECK_INT(entries("other"), 1);
    free(images);
    free(keep);
    free(folder);
}

static int polls;
static int cancel_later(void *cookie)
{
    (void)cookie;
    return ++polls > 5;
}

static void a_cancelled_run_leaves_nothing(void)
{
    bcue_error error = {0};
    bcue_hooks hooks = {.cancelled = cancel_later};
    polls = 0;
    CHECK_STATUS(simulate("cancelled", NULL, &hooks, NULL, &error), BCUE_ERROR_CANCELLED);
    CHECK_CONTAINS(error.text, "episode");
    CHECK_INT(entries("cancelled"), 0);
}

/* No file may grow beyond 700 bytes: what a full disk does to the first picture. */
static void a_full_disk_leaves_nothing(void)
{
    struct rlimit before, small;
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    small = before;
    small.rlim_cur = 700;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    bcue_error error = {0};
    bcue_status status = simulate("full", NULL, NULL, NULL, &error);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, handler);
    CHECK_INT(status, BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "cannot write");
    CHECK_INT(entries("full"), 0);
}

static void bad_places_are_named(void)
{
    bcue_error error = {0};
    char *file = in_tree("plain_file", "");
    file[strlen(file) - 1] = '\0';
    CHECK_OK(bcue_file_write(file, "x", 1, &error), error);
    CHECK_STATUS(simulate("plain_file", NULL, NULL, NULL, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "not a folder");
    CHECK_STATUS(simulate("plain_file/below", NULL, NULL, NULL, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "plain_file");
    free(file);
}

static void bad_configurations_are_explained(void)
{
    static const struct {
        const char *override, *status_word;
        bcue_status status;
    } cases[] = {
        {"episodes=0", "episodes", BCUE_ERROR_CONFIG},
        {"episode=3", "episodes", BCUE_ERROR_CONFIG},
        {"camera.width=wide", "camera.width", BCUE_ERROR_CONFIG},
        {"traffic.min_speed_mps=30", "traffic.min_speed_mps", BCUE_ERROR_CONFIG},
        {"street={setback_m: 6, sidewalk_m: 8}", "setback_m", BCUE_ERROR_CONFIG},
        {"record_half_angle_deg=80", "street.length_m", BCUE_ERROR_CONFIG},
        {"traffic.class_weights={hatchback: 0, sedan: 0, suv: 0, van: 0, truck: 0, bus: 0, motorcycle: 0}",
         "class_weights", BCUE_ERROR_CONFIG},
        {"channel.transmit_power_dbm=-90", "channel.transmit_power_dbm", BCUE_ERROR_DATA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bcue_error error = {0};
        const char *more[] = {cases[i].override, NULL};
        CHECK_STATUS(simulate("bad", more, NULL, NULL, &error), cases[i].status);
        CHECK_CONTAINS(error.text, cases[i].status_word);
        CHECK_INT(entries("bad"), 0);
    }
    bcue_error error = {0};
    CHECK_STATUS(bcue_simulate(NULL, NULL, 0, NULL, NULL, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "output");
    char *text = NULL;
    CHECK_OK(bcue_simulate_describe(&text, &error), error);
    CHECK_CONTAINS(text, "vehicles_per_minute");
    free(text);
}

/* Frames in which no beam stands out of the noise are left out and counted. */
static void frames_without_signal_are_counted(void)
{
    bcue_error error = {0};
    bcue_simulate_summary summary;
    const char *jam[] = {"channel.reflections=0",          "camera.enabled=false",        "episodes=12",
                         "traffic.vehicles_per_minute=40", "traffic.class_weights.bus=8", NULL};
    CHECK_OK(simulate("jam", jam, NULL, &summary, &error), error);
    CHECK(summary.frames_no_signal > 0);
    CHECK_INT(summary.samples_blocked, 0); /* without reflections a blocked frame has no path at all */
    json_t *manifest = manifest_of("jam");
    json_t *counts = json_object_get(manifest, "counts");
    CHECK_INT(json_integer_value(json_object_get(counts, "frames_no_signal")), summary.frames_no_signal);
    CHECK_INT(json_integer_value(json_object_get(counts, "samples")), summary.samples);
    json_decref(manifest);
    CHECK_OK(simulate("jam_reflected", jam + 1, NULL, &summary, &error), error);
    CHECK(summary.samples_blocked > 0);
}

static void remove_tree(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *inner = bcue_path_join(path, entry->d_name);
        struct stat info;
        if (inner && lstat(inner, &info) == 0 && S_ISDIR(info.st_mode))
            remove_tree(inner);
        else if (inner)
            unlink(inner);
        free(inner);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

int main(void)
{
    snprintf(root, sizeof root, "%s/simulate-XXXXXX", BCUE_BINARY_DIR);
    if (!mkdtemp(root)) {
        perror(root);
        return 1;
    }
    RUN(repeats_on_any_number_of_threads);
    RUN(tree_reads_as_deepsense);
    RUN(repeats_from_its_own_configuration);
    RUN(an_existing_folder_is_safe);
    RUN(a_cancelled_run_leaves_nothing);
    RUN(a_full_disk_leaves_nothing);
    RUN(bad_places_are_named);
    RUN(bad_configurations_are_explained);
    RUN(frames_without_signal_are_counted);
    remove_tree(root);
    return check_summary();
}
