/* Sensors with clocks of their own, further roadside units, sensors on a vehicle, and scenes and traffic of
   other programs: times in closed form, one street seen twice, a tower's shadow by hand, and sentences about
   what cannot be. */
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "beamcue/simulate.h"
#include "check.h"
#include "dataset/recordings.h"
#include "formats/csv.h"
#include "formats/npy.h"
#include "formats/ply.h"
#include "simulate/sim_clock.h"

static char root[512];

static const char *in_tree(const char *name, const char *path)
{
    static char text[4][1024];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(text[turn], sizeof text[turn], "%s/%s/%s", root, name, path);
    return text[turn];
}

static void put_file(const char *name, const char *text)
{
    bcue_error error = {""};
    char path[640];
    snprintf(path, sizeof path, "%s/%s", root, name);
    CHECK_OK(bcue_file_write(path, text, strlen(text), &error), error);
}

static bcue_status simulate(const char *name, const char *yaml, const char *const *more, bcue_error *error)
{
    char output[640], config[640], file[128];
    snprintf(file, sizeof file, "%s.yaml", name);
    put_file(file, yaml);
    snprintf(config, sizeof config, "%s/%s", root, file);
    snprintf(output, sizeof output, "output=%s/%s", root, name);
    const char *overrides[16] = {output};
    size_t count = 1;
    for (size_t i = 0; more && more[i]; i++)
        overrides[count++] = more[i];
    return bcue_simulate(config, overrides, count, NULL, NULL, error);
}

static bcue_csv *table_of(const char *name, const char *file)
{
    bcue_error error = {""};
    bcue_csv *csv = NULL;
    CHECK_OK(bcue_csv_read(in_tree(name, file), &csv, &error), error);
    return csv;
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

/* Seconds within the minute of an episode. */
static double seconds(const char *stamp)
{
    int second = 0, micro = 0;
    CHECK_AT(sscanf(stamp, "%*d:%*d:%d-%d", &second, &micro) == 2, "\"%s\" is no time", stamp);
    return second + 1e-6 * micro;
}

static bool same_file(const char *name, const char *path, const char *other_name, const char *other_path)
{
    bcue_error error = {""};
    bcue_bytes one = {0}, two = {0};
    CHECK_OK(bcue_file_read(in_tree(name, path), 1 << 24, &one, &error), error);
    CHECK_OK(bcue_file_read(in_tree(other_name, other_path), 1 << 24, &two, &error), error);
    bool same = one.size > 0 && one.size == two.size && memcmp(one.data, two.data, one.size) == 0;
    bcue_bytes_free(&one);
    bcue_bytes_free(&two);
    return same;
}

/* ---- clocks ---- */
static void the_newest_measurement_that_has_arrived(void)
{
    const bcue_sim_clock_config plain = {0};
    bcue_sim_clock clock = bcue_sim_clock_make(&plain, 10.0, 1, 1, BCUE_SIM_CLOCK_CAMERA);
    for (uint32_t k = 0; k < 1000; k++) {
        bcue_sim_capture capture = bcue_sim_clock_newest(&clock, 3, k / 10.0);
        CHECK(capture.due && !capture.dropped && capture.number == k);
        CHECK_NEAR(capture.time_s, k / 10.0, 1e-12);
    }
    CHECK(!bcue_sim_clock_is_own(&plain));
    const bcue_sim_clock_config slow = {.rate_hz = 4.0, .offset_ms = 20.0, .latency_ms = 110.0};
    clock = bcue_sim_clock_make(&slow, 10.0, 1, 1, BCUE_SIM_CLOCK_CAMERA);
    for (int k = 0; k < 200; k++) {
        double t = 0.013 * k, newest = floor((t - 0.13) * 4.0 + 1e-6);
        bcue_sim_capture capture = bcue_sim_clock_newest(&clock, 3, t);
        CHECK(capture.due == (newest >= 0.0));
        if (capture.due)
            CHECK_NEAR(capture.time_s, 0.02 + newest / 4.0, 1e-12);
    }
}

/* Deviation and share of the losses are those asked for; nothing comes early, or in another order. */
static void jitter_and_losses(void)
{
    const bcue_sim_clock_config shaky = {
        .rate_hz = 20.0, .offset_ms = 500.0, .latency_ms = 30.0, .jitter_ms = 4.0, .drop_rate = 0.25};
    bcue_sim_clock clock = bcue_sim_clock_make(&shaky, 10.0, 7, 1, BCUE_SIM_CLOCK_LIDAR);
    bcue_sim_clock other = bcue_sim_clock_make(&shaky, 10.0, 7, 2, BCUE_SIM_CLOCK_LIDAR);
    double sum = 0, squares = 0, before = -1;
    int lost = 0, count = 4000, differ = 0;
    for (int k = 0; k < count; k++) {
        double t = 0.5 + 0.05 * k + 0.03 + 0.025; /* half an interval after the k-th arrives on the average */
        bcue_sim_capture capture = bcue_sim_clock_newest(&clock, 0, t);
        CHECK(capture.due && capture.number == (uint32_t)k && capture.time_s + 0.03 <= t &&
              capture.time_s > before);
        before = capture.time_s;
        double error = capture.time_s - 0.5 - 0.05 * k;
        sum += error;
        squares += error * error;
        lost += capture.dropped;
        differ += fabs(bcue_sim_clock_newest(&other, 0, t).time_s - capture.time_s) > 1e-6;
    }
    CHECK_NEAR(sum / count, 0.0, 0.0003);
    CHECK_NEAR(sqrt(squares / count), 0.004, 0.0002);
    CHECK_NEAR((double)lost / count, 0.25, 0.03);
    CHECK(differ > count * 9 / 10);
}

static const char street[] = "seed: 3\n"
                             "episodes: 2\n"
                             "max_frames_per_episode: 12\n"
                             "traffic: {vehicles_per_minute: 0, min_speed_mps: 8, max_speed_mps: 10}\n"
                             "channel: {measured: false}\n"
                             "camera: {width: 48, height: 27}\n";

static void a_table_with_clocks(void)
{
    bcue_error error = {""};
    const char *own[] = {"camera.rate_hz=5",   "camera.latency_ms=30", "gnss.drop_rate=1",
                         "lidar.enabled=true", "lidar.offset_ms=30",   NULL};
    CHECK_OK(simulate("plain", street, NULL, &error), error);
    CHECK_OK(simulate("own", street, own, &error), error);
    bcue_csv *plain = table_of("plain", "scenario.csv"), *csv = table_of("own", "scenario.csv");
    if (!plain || !csv)
        return;
    CHECK(bcue_csv_find(plain, "unit1_rgb_time_stamp") < 0);
    CHECK(bcue_csv_rows(csv) == bcue_csv_rows(plain) && bcue_csv_rows(csv) > 10);
    for (size_t row = 0; row < bcue_csv_rows(csv); row++) {
        double t = seconds(cell(csv, row, "time_stamp")), newest = floor((t - 0.03) * 5.0 + 1e-6);
        unsigned episode = (unsigned)number(csv, row, "seq_index");
        char image[64], frame[64];
        CHECK_STR(cell(csv, row, "unit2_loc"), "");
        CHECK_STR(cell(csv, row, "unit2_loc_time_stamp"), "");
        if (newest < 0) {
            CHECK_STR(cell(csv, row, "unit1_rgb"), "");
            continue;
        }
        snprintf(image, sizeof image, "unit1/camera_data/image_%04u_%04d.jpg", episode, (int)newest);
        snprintf(frame, sizeof frame, "unit1/camera_data/image_%04u_%04d.jpg", episode, 2 * (int)newest);
        CHECK_STR(cell(csv, row, "unit1_rgb") + 2, image);
        CHECK_NEAR(seconds(cell(csv, row, "unit1_rgb_time_stamp")), newest / 5.0, 1e-6);
        /* What it shows is what every second frame of the other run shows. */
        CHECK_AT(same_file("own", image, "plain", frame), "%s and %s", image, frame);
        double swept = seconds(cell(csv, row, "unit1_lidar_time_stamp"));
        CHECK_NEAR(swept, 0.03 + floor((t - 0.03) * 10.0 + 1e-6) / 10.0, 1e-6);
    }
    bcue_csv_destroy(plain);
    bcue_csv_destroy(csv);
}

/* The reader takes an empty cell for a missing modality. */
static void the_reader_counts_what_is_missing(void)
{
    bcue_error error = {""};
    char text[1024];
    snprintf(text, sizeof text, "beams: 64\nrequire: []\nsources: [{root: '%s/own'}]\n", root);
    bcue_data_config config;
    bcue_config *origin = NULL;
    CHECK_OK(bcue_config_read_text(text, strlen(text), "test", NULL, 0, bcue_data_config_fields, &config,
                                   &origin, &error),
             error);
    bcue_dataset *dataset = NULL;
    CHECK_OK(bcue_dataset_open(&config, origin, NULL, &dataset, &error), error);
    bcue_csv *csv = table_of("own", "scenario.csv");
    if (dataset && csv) {
        CHECK_INT(bcue_dataset_defects(dataset)->missing_file[BCUE_CAMERA], 2);
        CHECK_INT(bcue_dataset_defects(dataset)->missing_file[BCUE_GPS], bcue_csv_rows(csv));
    }
    bcue_csv_destroy(csv);
    bcue_dataset_destroy(dataset);
    bcue_config_destroy(origin);
}

/* ---- on a vehicle ---- */
static void sensors_ride_along(void)
{
    bcue_error error = {""};
    const char *more[] = {"camera.on=both", "lidar={enabled: true, on: vehicle}",
                          "radar={enabled: true, on: vehicle}", "episodes=1", NULL};
    CHECK_OK(simulate("rider", street, more, &error), error);
    bcue_csv *csv = table_of("rider", "scenario.csv"), *truth = table_of("rider", "ground_truth.csv");
    if (!csv || !truth)
        return;
    CHECK(bcue_csv_find(csv, "unit1_lidar") < 0 && bcue_csv_find(csv, "unit1_radar") < 0);
    CHECK(bcue_csv_rows(csv) > 5 && bcue_csv_rows(csv) == bcue_csv_rows(truth));
    CHECK(same_file("rider", cell(csv, 3, "unit1_rgb"), "plain", cell(csv, 3, "unit1_rgb")));
    CHECK(!same_file("rider", cell(csv, 3, "unit1_rgb"), "rider", cell(csv, 3, "unit2_rgb")));
    for (size_t row = 1; row < bcue_csv_rows(csv); row += 3) {
        bcue_ply cloud = {0};
        bcue_npy hits = {0};
        CHECK_OK(bcue_ply_read(in_tree("rider", cell(csv, row, "unit2_lidar")), &cloud, &error), error);
        CHECK_OK(bcue_npy_read(in_tree("rider", cell(csv, row, "unit2_radar")), &hits, &error), error);
        /* The road lies as far below the LiDAR as the roof is high, and a bit. */
        double low = 0;
        for (size_t i = 0; i < cloud.count; i++)
            low = fmin(low, cloud.points[3 * i + 2]);
        CHECK_AT(low < -1.5 && low > -4.5, "the lowest point is at %g m", low);
        /* What stands still comes closer, at most as fast as the vehicle drives. */
        double speed = fabs(number(truth, row, "velocity_mps")), fastest = 0;
        for (size_t i = 0; i < hits.count / 4; i++)
            fastest = fmin(fastest, (double)((const float *)hits.data)[4 * i]);
        CHECK_AT(-fastest <= speed + 0.01 && -fastest > 0.8 * speed, "%g of %g m/s", fastest, speed);
        bcue_ply_free(&cloud);
        bcue_npy_free(&hits);
    }
    bcue_csv_destroy(csv);
    bcue_csv_destroy(truth);
}

/* ---- further units ---- */
static void a_second_unit_at_the_same_place_hears_the_same(void)
{
    bcue_error error = {""};
    const char *more[] = {
        "episodes=1",
        "rsus=[{x_m: 0, y_m: 0, z_m: 5, yaw_deg: 90, sensors: true, sensor_pitch_deg: -4}, "
        "{x_m: 15, y_m: 0, z_m: 5, yaw_deg: 90}, {x_m: 0, y_m: 0, z_m: 5, yaw_deg: 90, beams: 8}]",
        NULL};
    CHECK_OK(simulate("several", street, more, &error), error);
    bcue_csv *csv = table_of("several", "scenario.csv");
    for (size_t row = 0; csv && row < bcue_csv_rows(csv); row += 4) {
        CHECK_STR(cell(csv, row, "unit3_beam"), cell(csv, row, "unit1_beam"));
        CHECK(same_file("several", cell(csv, row, "unit1_pwr_60ghz"), "several",
                        cell(csv, row, "unit3_pwr_60ghz")));
        CHECK(same_file("several", cell(csv, row, "unit1_loc"), "several", cell(csv, row, "unit3_loc")));
        CHECK(same_file("several", cell(csv, row, "unit1_rgb"), "several", cell(csv, row, "unit3_rgb")));
        CHECK(bcue_csv_find(csv, "unit4_rgb") < 0);
        /* Eight beams over the same 90 degrees: each is as wide as eight of the sixty-four. */
        double fine = number(csv, row, "unit1_beam"), coarse = number(csv, row, "unit5_beam");
        CHECK_AT(fabs((coarse - 1.0) / 7.0 - (fine - 1.0) / 63.0) < 0.12, "beams %g and %g", coarse, fine);
        CHECK(!same_file("several", cell(csv, row, "unit1_pwr_60ghz"), "several",
                         cell(csv, row, "unit4_pwr_60ghz")));
        /* Beam 1 is the leftmost: what the unit further right (east) hears lies further left. */
        CHECK(number(csv, row, "unit4_beam") <= number(csv, row, "unit1_beam"));
    }
    bcue_csv_destroy(csv);
}

static size_t read_column(hid_t file, const char *name, double *values, size_t capacity)
{
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT), space = set >= 0 ? H5Dget_space(set) : -1;
    hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
    CHECK_AT(count > 0 && (size_t)count <= capacity &&
                 H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0,
             "%s: %lld values", name, (long long)count);
    H5Sclose(space);
    H5Dclose(set);
    return count > 0 && (size_t)count <= capacity ? (size_t)count : 0;
}

/* Every unit's links are in the channel file: one per unit and frame, with the paths and the power of that
 * unit. */
static void the_channel_file_holds_every_unit(void)
{
    bcue_error error = {""};
    const char *more[] = {"episodes=1", "channel.record=power", "camera.enabled=false",
                          "rsus=[{x_m: 0, y_m: 0, z_m: 5, yaw_deg: 90}, "
                          "{x_m: 15, y_m: 0, z_m: 5, yaw_deg: 90, beams: 8}]",
                          NULL};
    enum { MOST = 1024, BEAMS = 64 };
    static double unit[MOST], place[3 * MOST], power[BEAMS * MOST], gain[MOST];
    CHECK_OK(simulate("recorded", street, more, &error), error);
    hid_t file = H5Fopen(in_tree("recorded", "channel/channel_0001.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    size_t links = read_column(file, "link/unit", unit, MOST);
    CHECK(links > 3 && links % 3 == 0);
    CHECK(read_column(file, "link/transmitter", place, 3 * MOST) == 3 * links);
    CHECK(read_column(file, "link/gain_db", gain, MOST) == links);
    CHECK(read_column(file, "beam/power_mw", power, BEAMS * MOST) == BEAMS * links);
    for (size_t i = 0; i + 2 < links; i += 3) {
        CHECK(unit[i] == 0 && unit[i + 1] == 1 && unit[i + 2] == 2);
        CHECK(place[3 * (i + 2)] == 15.0 && place[3 * i] == 0.0);
        CHECK(gain[i] == gain[i + 1] && gain[i] != gain[i + 2]);
        CHECK(memcmp(power + BEAMS * i, power + BEAMS * (i + 1), BEAMS * sizeof *power) == 0);
        CHECK(power[BEAMS * (i + 2) + 7] > 0.0 && isnan(power[BEAMS * (i + 2) + 8]));
    }
    H5Fclose(file);
}

/* ---- other programs' scenes and traffic ---- */
static const char scene_obj[] = "o ground\nusemtl concrete\n"
                                "v -100 -100 0\nv 100 -100 0\nv 100 100 0\nv -100 100 0\nf 1 2 3 4\n"
                                "o tower\nusemtl brick\n"
                                "v 20 20 0\nv 30 20 0\nv 30 30 0\nv 20 30 0\n"
                                "v 20 20 15\nv 30 20 15\nv 30 30 15\nv 20 30 15\n"
                                "f 5 6 10 9\nf 6 7 11 10\nf 7 8 12 11\nf 8 5 9 12\nf 9 10 11 12\n";

/* One car north along x = 40 at 10 m/s, its front bumper at y = 10 at first. */
static void put_trace(const char *name, int backward_at)
{
    bcue_text text = {0};
    bcue_text_puts(&text, "<fcd-export>\n");
    for (int k = 0; k <= 8; k++)
        bcue_text_printf(
            &text,
            "<timestep time=\"%d.00\"><vehicle id=\"a\" x=\"40\" y=\"%d\" angle=\"0\" type=\"car\" "
            "speed=\"10\"/></timestep>\n",
            k == backward_at ? k - 2 : k, 10 + 10 * k);
    bcue_text_puts(&text, "</fcd-export>\n");
    put_file(name, text.data);
    bcue_text_free(&text);
}

static const char imported[] = "seed: 1\n"
                               "episodes: 1\n"
                               "max_frames_per_episode: 60\n"
                               "scene: imported\n"
                               "imported: {x_m: 0, y_m: 0, z_m: 6, yaw_deg: 45}\n"
                               "channel: {measured: false, diffraction: true}\n"
                               "array: {field_of_view_deg: 170}\n"
                               "camera: {width: 48, height: 27}\n";

static const char *key_of(const char *key, const char *file)
{
    static char text[4][700];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(text[turn], sizeof text[turn], "%s=%s/%s", key, root, file);
    return text[turn];
}

static void a_tower_hides_the_car(void)
{
    bcue_error error = {""};
    put_file("scene.obj", scene_obj);
    put_trace("trace.xml", -1);
    const char *more[] = {key_of("imported.file", "scene.obj"), key_of("fcd.file", "trace.xml"), NULL};
    CHECK_OK(simulate("tower", imported, more, &error), error);
    bcue_csv *csv = table_of("tower", "scenario.csv"), *truth = table_of("tower", "ground_truth.csv");
    if (!csv || !truth)
        return;
    size_t free_rows = 0, hidden = 0;
    for (size_t row = 0; row < bcue_csv_rows(csv); row++) {
        double x = number(truth, row, "x_m"), y = number(truth, row, "y_m"), t = number(truth, row, "time_s");
        CHECK_NEAR(x, 40.0, 0.5);
        CHECK_AT(y < 10.0 + 10.0 * t && y > 10.0 + 10.0 * t - 5.0, "%g at %g s", y, t);
        /* The line from (0, 0) meets the tower between its corners (30, 20) and (20, 30). */
        double slope = y / x, low = 20.0 / 30.0, high = 30.0 / 20.0;
        if (fabs(slope - low) < 0.01 || fabs(slope - high) < 0.01)
            continue;
        CHECK_INT(number(csv, row, "los"), slope < low || slope > high);
        free_rows += slope < low || slope > high;
        hidden += slope > low && slope < high;
    }
    CHECK_AT(free_rows > 10 && hidden > 10, "%zu free, %zu hidden", free_rows, hidden);
    bcue_csv_destroy(csv);
    bcue_csv_destroy(truth);
}

/* An OpenStreetMap extract: one road, whose lanes carry the traffic; the unit is where the map says. */
static void a_map_alone_gives_a_data_set(void)
{
    bcue_error error = {""};
    put_file("town.osm",
             "<osm version=\"0.6\">"
             "<bounds minlat=\"48.1355\" minlon=\"11.5730\" maxlat=\"48.1385\" maxlon=\"11.5770\"/>"
             "<node id=\"1\" lat=\"48.137\" lon=\"11.5725\"/><node id=\"2\" lat=\"48.137\" lon=\"11.5775\"/>"
             "<way id=\"9\"><nd ref=\"1\"/><nd ref=\"2\"/><tag k=\"highway\" v=\"secondary\"/>"
             "<tag k=\"lanes\" v=\"2\"/></way></osm>");
    const char *more[] = {key_of("imported.file", "town.osm"), "imported.y_m=12", "imported.yaw_deg=-90",
                          "max_frames_per_episode=5", NULL};
    CHECK_OK(simulate("town", imported, more, &error), error);
    bcue_csv *csv = table_of("town", "scenario.csv");
    if (!csv)
        return;
    CHECK(bcue_csv_rows(csv) > 0);
    bcue_bytes place = {0};
    CHECK_OK(bcue_file_read(in_tree("town", cell(csv, 0, "unit1_loc")), 1 << 16, &place, &error), error);
    double latitude = 0, longitude = 0;
    CHECK_INT(sscanf((const char *)place.data, "%lf %lf", &latitude, &longitude), 2);
    CHECK_NEAR(latitude, 48.137 + 12.0 / 111200.0, 2e-6);
    CHECK_NEAR(longitude, 11.575, 2e-6);
    bcue_bytes_free(&place);
    bcue_csv_destroy(csv);
}

static void what_cannot_be_is_explained(void)
{
    char obj[2048];
    snprintf(obj, sizeof obj, "%s", scene_obj);
    memcpy(strstr(obj, "v 30 30 15"), "v nan 30 1", 10);
    put_file("nan.obj", obj);
    snprintf(obj, sizeof obj, "%sf 5 5 6\n", scene_obj);
    put_file("flat.obj", obj);
    snprintf(obj, sizeof obj, "%s", scene_obj);
    memcpy(strstr(obj, "brick"), "unobt", 5);
    put_file("odd.obj", obj);
    put_trace("back.xml", 5);
    char inside[700];
    snprintf(inside, sizeof inside, "imported={file: '%s/scene.obj', x_m: 25, y_m: 25}", root);
    const struct {
        const char *file, *trace, *key, *words;
    } cases[] = {
        {"nan.obj", "trace.xml", NULL, "vertex 5 of \"tower\" is (nan"},
        {"odd.obj", "trace.xml", NULL, "\"unobt\" is no material"},
        {"flat.obj", "trace.xml", "imported.strict=true", "has a hole: 4 edges"},
        {"scene.obj", "back.xml", NULL, "time 3 comes after 4"},
        {"scene.obj", "trace.xml", inside, "lies inside object 1, a building"},
        {"scene.obj", "trace.xml", "rsus=[{}, {x_m: 25, y_m: 25, z_m: 3}]",
         "rsus.1: (25.00, 25.00, 3.00) lies inside"},
        {"scene.obj", "trace.xml", "fcd.file=", "has no roads"},
        {"scene.obj", "trace.xml", "imported.file=", "needs the file of a scene"},
        {"scene.obj", "trace.xml", "fcd.begin_s=100", "episode 1 of the scene"},
        {"scene.obj", "trace.xml", "fcd.geographic=true", "where on earth"},
        {"scene.obj", "trace.xml", "scene=straight", "does not go with scene: straight"},
        {"scene.obj", "trace.xml", "imported.bounds_m=[1, 2, 3]", "3 numbers instead of 4"},
        {"scene.obj", "trace.xml", "imported.bounds_m=[5, 2, 3, 4]", "holds no place"},
        {"town.osm", "trace.xml", "fcd.on_road=true", "vehicle 1 (a): at 0.00 s it is off the road"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bcue_error error = {""};
        const char *more[] = {key_of("imported.file", cases[i].file), key_of("fcd.file", cases[i].trace),
                              cases[i].key, NULL};
        bcue_status status = simulate("wrong", imported, more, &error);
        CHECK_AT(status != BCUE_OK, "case %zu was taken", i);
        CHECK_CONTAINS(error.text, cases[i].words);
        CHECK(!bcue_path_exists(in_tree("wrong", "")));
    }
    bcue_error error = {""};
    const char *all[] = {"receivers=all", "lidar={enabled: true, on: vehicle}", NULL};
    CHECK_STATUS(simulate("wrong", street, all, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "no single one to carry a sensor");
}

int main(void)
{
    snprintf(root, sizeof root, "%s/tests/simulate/units_%ld", BCUE_BINARY_DIR, (long)getpid());
    mkdir(root, 0777);
    RUN(the_newest_measurement_that_has_arrived);
    RUN(jitter_and_losses);
    RUN(a_table_with_clocks);
    RUN(the_reader_counts_what_is_missing);
    RUN(sensors_ride_along);
    RUN(a_second_unit_at_the_same_place_hears_the_same);
    RUN(the_channel_file_holds_every_unit);
    RUN(a_tower_hides_the_car);
    RUN(a_map_alone_gives_a_data_set);
    RUN(what_cannot_be_is_explained);
    char command[640];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CHECK(system(command) == 0);
    return check_summary();
}
