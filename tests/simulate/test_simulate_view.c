/* The page of --view: what it holds against the folder of the same run, and against plain geometry. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "beamcue/simulate.h"
#include "check.h"
#include "features/geodesy.h"
#include "formats/csv.h"
#include "formats/deepsense_text.h"
#include "formats/image.h"
#include "simulate/view_parts.h"

#define DEGREE (BCUE_PI / 180.0)

static char root[512];

static char *in_root(const char *path)
{
    bcue_text text = {0};
    bcue_text_printf(&text, "%s/%s", root, path);
    return text.data;
}

static bcue_status simulate(const char *name, const char *const *more, const bcue_simulate_options *options,
                            bcue_simulate_summary *summary, bcue_error *error)
{
    static char output[640];
    snprintf(output, sizeof output, "output=%s/%s", root, name);
    const char *overrides[32] = {output,
                                 "seed=5",
                                 "episodes=2",
                                 "frame_rate_hz=3",
                                 "camera.width=640",
                                 "camera.height=360",
                                 "array.beams=31",
                                 "channel.subcarriers=4",
                                 "lidar.enabled=true",
                                 "radar.enabled=true"};
    size_t count = 10;
    for (size_t i = 0; more && more[i]; i++)
        overrides[count++] = more[i];
    return bcue_simulate_run(NULL, overrides, count, options, NULL, summary, error);
}

/* What the page plays. */
static json_t *page_data(const char *path)
{
    static const char *const begin = "<script id=\"data\" type=\"application/json\">";
    bcue_error error = {0};
    bcue_bytes page = {0};
    CHECK_OK(bcue_file_read(path, (size_t)1 << 28, &page, &error), error);
    const char *text = (const char *)page.data, *start = text ? strstr(text, begin) : NULL;
    CHECK(start != NULL);
    if (!start)
        return NULL;
    start += strlen(begin);
    const char *end = strstr(start, "</script>");
    json_error_t why;
    json_t *data = json_loadb(start, (size_t)(end - start), JSON_REJECT_DUPLICATES, &why);
    CHECK_AT(data != NULL, "%s", why.text);
    /* Self-contained: no address of another place, nothing loaded, and it ends where a page ends. */
    CHECK(strstr(text, "http:") == NULL && strstr(text, "https:") == NULL && strstr(text, "@import") == NULL);
    CHECK(strstr(text, " src=") == NULL && strstr(text, "href=") == NULL && strstr(text, "fetch(") == NULL);
    CHECK(page.size > 8 && strcmp(text + page.size - 8, "</html>\n") == 0);
    bcue_bytes_free(&page);
    return data;
}

static double number_at(const json_t *array, size_t index)
{
    const json_t *value = json_array_get(array, index);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static uint8_t *unpack(const char *text, size_t *size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t *bytes = bcue_calloc(strlen(text) + 1, 1);
    uint32_t word = 0;
    *size = 0;
    for (size_t i = 0; text[i] && text[i] != '='; i++) {
        word = word << 6 | (uint32_t)(strchr(digits, text[i]) - digits);
        if (i % 4 != 0)
            bytes[(*size)++] = (uint8_t)(word >> (6 - 2 * (i % 4)));
    }
    return bytes;
}

static bcue_image picture_of(const json_t *text, bool jpeg)
{
    bcue_error error = {0};
    bcue_image image = {0};
    size_t size;
    uint8_t *bytes = unpack(json_string_value(text), &size);
    CHECK_OK(jpeg ? bcue_jpeg_decode(bytes, size, "camera", 3, &image, &error)
                  : bcue_png_decode(bytes, size, "picture", 1, &image, &error),
             error);
    free(bytes);
    return image;
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

static bcue_csv *read_table(const char *name, const char *file)
{
    bcue_error error = {0};
    bcue_csv *csv = NULL;
    char relative[128];
    snprintf(relative, sizeof relative, "%s/%s", name, file);
    char *path = in_root(relative);
    CHECK_OK(bcue_csv_read(path, &csv, &error), error);
    free(path);
    return csv;
}

static char *named_file(const char *name, const bcue_csv *csv, size_t row, const char *column)
{
    bcue_text text = {0};
    bcue_text_printf(&text, "%s/%s/%s", root, name, cell(csv, row, column));
    return text.data;
}

static void check_power(const json_t *frame, const char *path)
{
    bcue_error error = {0};
    double *power = NULL;
    size_t beams = 0;
    CHECK_OK(bcue_deepsense_power_read(path, &power, &beams, &error), error);
    const json_t *shown = json_object_get(frame, "power_db");
    CHECK_INT(json_array_size(shown), beams);
    for (size_t b = 0; b < beams; b++)
        CHECK_NEAR(number_at(shown, b), 10.0 * log10(power[b]), 0.0501);
    free(power);
}

/* The best beam of an over-sampled codebook over 90 degrees steers to 90 (1/2 - b / 30) degrees to the left;
   its lobe is as strong there as the array can make it. What comes back from behind the array is its mirror
   image. */
static void check_lobe(const json_t *frame)
{
    size_t size;
    uint8_t *levels = unpack(json_string_value(json_object_get(frame, "lobe")), &size);
    CHECK_INT(size, 360);
    double best = json_number_value(json_object_get(frame, "best"));
    double elevation = json_number_value(json_object_get(frame, "lobe_deg")) * DEGREE;
    double sine = sin(90.0 * DEGREE * (best / 30.0 - 0.5)) / cos(elevation);
    CHECK(elevation < 0.0 && elevation > -0.6); /* down to a car */
    if (fabs(sine) < 0.95) {
        size_t at = (size_t)((lround(asin(sine) / DEGREE) + 360) % 360);
        CHECK_AT(levels[at] >= 250, "%d at %zu degrees", levels[at], at);
        CHECK(levels[(540 - at) % 360] >= 250);
        CHECK(levels[(at + 30) % 360] < 128 || levels[(at + 330) % 360] < 128);
    }
    free(levels);
}

/* Paths run from the unit at the origin to the vehicle's antenna; a direct one is there when the line of
   sight is free, and straight. */
static void check_paths(const json_t *frame, double u, double w, double most)
{
    const json_t *paths = json_object_get(frame, "paths"), *path;
    size_t i, direct = 0;
    double before_db = 1e9;
    CHECK((double)json_array_size(paths) <= most);
    json_array_foreach(paths, i, path)
    {
        size_t size = json_array_size(path);
        CHECK(size >= 7 && size % 2 == 1);
        direct += number_at(path, 0) == 0.0;
        CHECK(number_at(path, 0) != 0.0 || size == 7);
        CHECK(number_at(path, 2) <= before_db);
        before_db = number_at(path, 2);
        CHECK_NEAR(number_at(path, 3), 0.0, 0.051);
        CHECK_NEAR(number_at(path, 4), 0.0, 0.051);
        CHECK_NEAR(number_at(path, size - 2), u, 0.06);
        CHECK_NEAR(number_at(path, size - 1), w, 0.06);
    }
    CHECK_INT(direct, json_integer_value(json_object_get(frame, "los")));
}

static void check_fix(const json_t *served, const char *fix_path, const char *station_path)
{
    bcue_error error = {0};
    double latitude, longitude, station_latitude, station_longitude, enu[3];
    CHECK_OK(bcue_deepsense_gps_read(station_path, &station_latitude, &station_longitude, &error), error);
    CHECK_OK(bcue_deepsense_gps_read(fix_path, &latitude, &longitude, &error), error);
    bcue_geodetic_to_enu(latitude, longitude, 350.0, station_latitude, station_longitude, 350.0, enu);
    CHECK_NEAR(number_at(served, 8), enu[0], 0.02);
    CHECK_NEAR(number_at(served, 9), enu[1], 0.02);
}

static int clouds, clouds_with_vehicle;

/* Is something of the LiDAR's picture within 3 m of the vehicle coloured as a vehicle? Others may hide it. */
static void check_cloud(const json_t *data, const json_t *frame, double u, double w)
{
    const json_t *window = json_object_get(data, "window");
    bcue_image image = picture_of(json_object_get(frame, "lidar"), false);
    double scale = image.width / (number_at(window, 1) - number_at(window, 0));
    int near = 0, street = 0;
    for (int row = 0; row < image.height; row++)
        for (int column = 0; column < image.width; column++) {
            uint8_t code = image.pixels[row * image.width + column];
            double du = number_at(window, 0) + (column + 0.5) / scale - u;
            double dw = number_at(window, 3) - (row + 0.5) / scale - w;
            near += code >= 128 && hypot(du, dw) < 3.0;
            street += code >= 2 && code < 128;
        }
    clouds++;
    clouds_with_vehicle += near >= 3;
    CHECK(street > 500);
    bcue_image_free(&image);
}

static void check_frame(const json_t *data, const json_t *frame, const bcue_csv *csv, const bcue_csv *truth,
                        size_t row)
{
    CHECK_INT(json_integer_value(json_object_get(frame, "best")), number(csv, row, "unit1_beam") - 1);
    CHECK_INT(json_integer_value(json_object_get(frame, "los")), number(csv, row, "los"));
    CHECK_NEAR(json_number_value(json_object_get(frame, "t")), number(truth, row, "time_s"), 1e-3);
    char *power = named_file("one", csv, row, "unit1_pwr_60ghz"),
         *fix = named_file("one", csv, row, "unit2_loc");
    char *station = named_file("one", csv, row, "unit1_loc");
    check_power(frame, power);
    CHECK_INT(json_array_size(json_object_get(frame, "served")), 1);
    const json_t *served = json_array_get(json_object_get(frame, "served"), 0);
    /* The unit looks north: to the right is east. */
    double u = number(truth, row, "x_m"), w = number(truth, row, "y_m");
    CHECK_NEAR(number_at(served, 1), u, 0.0051);
    CHECK_NEAR(number_at(served, 2), w, 0.0051);
    CHECK_NEAR(number_at(served, 6), number(truth, row, "image_column") / 640.0, 1e-4);
    CHECK_NEAR(number_at(served, 7), number(truth, row, "image_row") / 360.0, 1e-4);
    check_fix(served, fix, station);
    check_paths(frame, u, w, number(truth, row, "paths"));
    check_lobe(frame);
    check_cloud(data, frame, u, w);
    bcue_image camera = picture_of(json_object_get(frame, "camera"), true);
    CHECK_INT(camera.width, 448);
    CHECK_INT(camera.height, 252);
    bcue_image_free(&camera);
    size_t size;
    uint8_t *dots = unpack(json_string_value(json_object_get(frame, "radar")), &size);
    CHECK(size > 300 && size % 3 == 0);
    free(dots);
    free(power);
    free(fix);
    free(station);
}

/* Seen from above: a road with its paint, and houses behind it. Defaults of `street`: 12 m to the road, two
   lanes of 3.5 m. */
static void check_map(const json_t *data)
{
    const json_t *window = json_object_get(data, "window");
    bcue_image map = picture_of(json_object_get(data, "map"), false);
    double scale = map.width / (number_at(window, 1) - number_at(window, 0));
    int road = 0, paint = 0, houses = 0;
    for (int column = 0; column < map.width; column++) {
        int on_lane = (int)((number_at(window, 3) - 13.5) * scale);
        int on_centre = (int)((number_at(window, 3) - 15.5) * scale);
        road += map.pixels[on_lane * map.width + column] == 1;
        paint += map.pixels[on_centre * map.width + column] == 5;
        houses += map.pixels[4 * map.width + column] >= 64;
    }
    CHECK_AT(10 * road > 9 * map.width, "road on %d of %d", road, map.width);
    CHECK_NEAR((double)paint / map.width, 0.5, 0.12); /* dashes */
    CHECK_AT(2 * houses > map.width, "houses on %d of %d", houses, map.width);
    bcue_image_free(&map);
}

static void the_page_shows_what_the_folder_holds(void)
{
    bcue_error error = {0};
    bcue_simulate_summary summary;
    char *page = in_root("one.html");
    const bcue_simulate_options options = {.view = page, .view_episode = 2};
    CHECK_OK(simulate("one", NULL, &options, &summary, &error), error);
    json_t *data = page_data(page), *frames = json_object_get(data, "frames"), *frame;
    if (!data)
        return;
    bcue_csv *csv = read_table("one", "scenario.csv"), *truth = read_table("one", "ground_truth.csv");
    size_t row = 0, i, rows = bcue_csv_rows(csv);
    while (row < rows && number(csv, row, "seq_index") < 2.0)
        row++;
    CHECK(row > 0 && row < rows);
    CHECK_INT(json_array_size(frames), rows - row);
    CHECK_INT(summary.view_samples, rows - row);
    CHECK_INT(json_integer_value(json_object_get(data, "episode")), 2);
    CHECK_STR(json_string_value(json_object_get(json_object_get(data, "radar"), "kind")), "points");
    json_array_foreach(frames, i, frame) check_frame(data, frame, csv, truth, row + i);
    CHECK_AT(10 * clouds_with_vehicle >= 8 * clouds, "%d of %d", clouds_with_vehicle, clouds);
    check_map(data);
    json_decref(data);
    bcue_csv_destroy(csv);
    bcue_csv_destroy(truth);
    free(page);
}

/* Watching changes nothing. */
static void the_folder_is_the_same_without_a_page(void)
{
    bcue_error error = {0};
    bcue_simulate_summary summary;
    bcue_bytes with = {0}, without = {0};
    CHECK_OK(simulate("plain", NULL, NULL, &summary, &error), error);
    CHECK_INT(summary.view_samples, 0);
    char *first = in_root("one/manifest.json"), *second = in_root("plain/manifest.json");
    CHECK_OK(bcue_file_read(first, 1 << 24, &with, &error), error);
    CHECK_OK(bcue_file_read(second, 1 << 24, &without, &error), error);
    CHECK(with.size == without.size && with.size > 0 && memcmp(with.data, without.data, with.size) == 0);
    bcue_bytes_free(&with);
    bcue_bytes_free(&without);
    free(first);
    free(second);
}

static void all_vehicles_and_sensors_that_are_off(void)
{
    bcue_error error = {0};
    char *page = in_root("all.html");
    const bcue_simulate_options options = {.view = page};
    const char *more[] = {"receivers=all",
                          "channel.measured=false",
                          "camera.enabled=false",
                          "lidar.enabled=false",
                          "radar.kind=cube",
                          "episodes=1",
                          "frame_rate_hz=1",
                          "traffic.vehicles_per_minute=12",
                          NULL};
    CHECK_OK(simulate("x<y&z", more, &options, NULL, &error), error);
    json_t *data = page_data(page), *frames = json_object_get(data, "frames"), *frame;
    if (!data)
        return;
    CHECK_STR(json_string_value(json_object_get(data, "folder")), "x<y&z");
    CHECK(json_object_get(data, "camera") == NULL && json_object_get(data, "lidar") == NULL);
    CHECK_STR(json_string_value(json_object_get(json_object_get(data, "radar"), "kind")), "cube");
    /* 256 samples at 150 m/us sweep: a row of the cube is c fs / (2 S 256); rows may be merged. */
    CHECK(json_number_value(json_object_get(json_object_get(data, "radar"), "step_m")) > 0.05);
    bcue_csv *csv = read_table("x<y&z", "scenario.csv");
    size_t i, several = 0;
    CHECK_INT(json_array_size(frames), bcue_csv_rows(csv));
    json_array_foreach(frames, i, frame)
    {
        const json_t *served = json_object_get(frame, "served");
        bcue_csv *vehicles = NULL;
        char *path = named_file("x<y&z", csv, i, "unit2_vehicles");
        CHECK_OK(bcue_csv_read(path, &vehicles, &error), error);
        CHECK_INT(json_array_size(served), bcue_csv_rows(vehicles));
        several += json_array_size(served) > 1;
        for (size_t v = 0; v < bcue_csv_rows(vehicles); v++) {
            const json_t *one = json_array_get(served, v);
            CHECK_INT(number_at(one, 0), number(vehicles, v, "vehicle"));
            CHECK_INT(number_at(one, 4), number(vehicles, v, "best_beam") - 1);
            CHECK_INT(number_at(one, 3), number(vehicles, v, "los"));
            CHECK_NEAR(number_at(one, 1), number(vehicles, v, "x_m"), 2.0); /* antenna and centre */
            CHECK(json_is_null(json_array_get(one, 6)));
        }
        bcue_image echoes = picture_of(json_object_get(frame, "radar"), false);
        CHECK_INT(echoes.width, 128);
        bcue_image_free(&echoes);
        bcue_csv_destroy(vehicles);
        free(path);
    }
    CHECK(several > 0);
    bcue_csv_destroy(csv);
    json_decref(data);
    free(page);
}

/* A unit that looks west has north on its right. */
static void right_is_right(void)
{
    const bcue_view_window window = {.origin = {126.5, -21.0, 11.0}, .cosine = -1.0, .sine = 0.0};
    double u, w;
    bcue_view_place(&window, (bcue_vec3){100.0, -11.0, 0.0}, &u, &w);
    CHECK_NEAR(u, 10.0, 1e-12);
    CHECK_NEAR(w, 26.5, 1e-12);
}

static void what_cannot_be_shown_is_said_first(void)
{
    bcue_error error = {0};
    char *page = in_root("none.html"), *nowhere = in_root("one/scenario.csv/page.html");
    const bcue_simulate_options late = {.view = page, .view_episode = 3}, lost = {.view = nowhere};
    CHECK_STATUS(simulate("none", NULL, &late, NULL, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "no episode 3");
    CHECK_STATUS(simulate("none", NULL, &lost, NULL, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "scenario.csv");
    char *folder = in_root("none");
    CHECK(!bcue_path_exists(folder) && !bcue_path_exists(page));
    free(page);
    free(nowhere);
    free(folder);
}

int main(void)
{
    snprintf(root, sizeof root, "%s/view-XXXXXX", BCUE_BINARY_DIR);
    if (!mkdtemp(root)) {
        perror(root);
        return 1;
    }
    RUN(the_page_shows_what_the_folder_holds);
    RUN(the_folder_is_the_same_without_a_page);
    RUN(all_vehicles_and_sensors_that_are_off);
    RUN(right_is_right);
    RUN(what_cannot_be_shown_is_said_first);
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command) == 0 ? check_summary() : 1;
}
