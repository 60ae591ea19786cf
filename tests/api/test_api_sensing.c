/* inspect with LiDAR and radar: numbers, pictures, and the static background. */
#include <stdlib.h>

#include "api/sensor_pictures.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "beamcue/dataset.h"
#include "check.h"
#include "formats/image.h"

#define FOLDER BCUE_BINARY_DIR "/test_api_sensing"

enum { ROWS = 10, WALL = 200 };

static void write_file(const char *name, const void *data, size_t size)
{
    char path[512];
    bcue_error error;
    snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    CHECK_OK(bcue_file_write(path, data, size, &error), error);
}

/* A wall at x = 10 m in every cloud, and a car that moves; cube 4 x 16 x 12. One cloud is rubbish. */
static void write_recording(void)
{
    bcue_error error;
    bcue_text table = {0};
    CHECK_OK(bcue_make_dirs(FOLDER, &error), error);
    bcue_text_puts(&table, "index,unit1_lidar,unit1_radar,unit1_beam,seq_index\n");
    for (int i = 0; i < ROWS; i++) {
        double points[3 * (WALL + 20 + ROWS)];
        float cube[2 * 4 * 16 * 12] = {0};
        char name[64];
        size_t count = 0;
        for (int k = 0; k < WALL + 20 + i; k++, count++) {
            points[3 * count] = k < WALL ? 10.1 : 3.0 + i;
            points[3 * count + 1] = k < WALL ? 0.1 * k - 9.95 : -2.0 + 0.01 * k;
            points[3 * count + 2] = k < WALL ? 2.1 : 0.6;
        }
        for (int k = 0; k < 2 * 4 * 16 * 12; k++)
            cube[k] = (float)((k * 7919) % 13);
        const bcue_ply cloud = {.count = count, .points = points};
        const bcue_npy frame = {
            .type = BCUE_NPY_C64, .rank = 3, .shape = {4, 16, 12}, .count = 4 * 16 * 12, .data = cube};
        bcue_bytes bytes;
        CHECK_OK(bcue_ply_encode(&cloud, BCUE_PLY_ASCII, &bytes, &error), error);
        snprintf(name, sizeof name, "l%d.ply", i);
        write_file(name, bytes.data, i == 4 ? bytes.size - 12 : bytes.size); /* cut in its last line */
        bcue_bytes_free(&bytes);
        CHECK_OK(bcue_npy_encode(&frame, &bytes, &error), error);
        snprintf(name, sizeof name, "r%d.npy", i);
        write_file(name, bytes.data, bytes.size);
        bcue_bytes_free(&bytes);
        bcue_text_printf(&table, "%d,l%d.ply,%s%d.npy,%d,1\n", i + 1, i, i == 7 ? "gone" : "r", i, i + 1);
    }
    write_file("scenario.csv", table.data, table.size);
    bcue_text_free(&table);
}

static void test_inspect(void)
{
    bcue_report *report;
    bcue_error error;
    bcue_bytes page;
    write_recording();
    CHECK_OK(bcue_inspect(FOLDER, NULL, 0, FOLDER "/page.html", NULL, &report, &error), error);
    json_t *json = json_loads(bcue_report_json(report), 0, NULL);
    const json_t *lidar = json_object_get(json, "lidar"), *radar = json_object_get(json, "radar");
    CHECK_INT(json_integer_value(json_object_get(lidar, "looked_at")), ROWS);
    CHECK_INT(json_integer_value(json_object_get(lidar, "unreadable")), 1);
    const json_t *points = json_object_get(lidar, "points");
    CHECK_INT(json_integer_value(json_object_get(points, "least")), WALL + 20);
    CHECK_INT(json_integer_value(json_object_get(points, "most")), WALL + 20 + ROWS - 1);
    CHECK_INT(json_integer_value(json_object_get(radar, "looked_at")), ROWS - 1);
    CHECK_INT(json_integer_value(json_array_get(json_object_get(radar, "shape"), 1)), 16);
    json_decref(json);
    CHECK_CONTAINS(bcue_report_text(report), "points in a cloud, most");
    CHECK_CONTAINS(bcue_report_text(report), "radar file missing");
    bcue_report_destroy(report);
    CHECK_OK(bcue_file_read(FOLDER "/page.html", 1 << 24, &page, &error), error);
    CHECK_CONTAINS((const char *)page.data, "LiDAR cloud from above");
    CHECK_CONTAINS((const char *)page.data, "radar maps");
    bcue_bytes_free(&page);
}

static void test_static_lidar(void)
{
    bcue_report *report;
    bcue_error error;
    bcue_ply fixed;
    CHECK_OK(bcue_static_lidar(FOLDER, NULL, 0, 10, 0.8, FOLDER "/static.ply", NULL, &report, &error), error);
    CHECK_CONTAINS(bcue_report_text(report), "from 9 clouds");
    bcue_report_destroy(report);
    CHECK_OK(bcue_ply_read(FOLDER "/static.ply", &fixed, &error), error);
    CHECK(fixed.count > 50 && fixed.count <= WALL); /* 20 m of wall in cubes of 0.25 m */
    for (size_t i = 0; i < fixed.count; i++)
        CHECK(fabs(fixed.points[3 * i] - 10.1) < 1e-9);
    bcue_ply_free(&fixed);
    CHECK_STATUS(bcue_static_lidar(FOLDER, NULL, 0, 1, 0.8, FOLDER "/x.ply", NULL, &report, &error),
                 BCUE_ERROR_ARGUMENT);
    const char *const only_one[] = {"data.window.frames=10"};
    CHECK_STATUS(bcue_static_lidar(FOLDER, only_one, 1, 10, 0.8, FOLDER "/x.ply", NULL, &report, &error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "at least 2");
}

/* A point ahead and to the left is drawn above and left of the middle; nothing else is. */
static void test_cloud_picture(void)
{
    double points[] = {25, 25, 1, -40, -10, 0, NAN, 0, 0, 500, 0, 0};
    const bcue_ply cloud = {.count = 4, .points = points};
    bcue_bytes png;
    bcue_image image;
    bcue_error error;
    CHECK_OK(bcue_picture_cloud(&cloud, 50, &png, &error), error);
    CHECK_OK(bcue_png_decode(png.data, png.size, "png", 3, &image, &error), error);
    CHECK(image.width == 384 && image.height == 384);
    size_t coloured = 0;
    for (int i = 0; i < 384 * 384; i++)
        coloured += (image.pixels[3 * i] | image.pixels[3 * i + 1] | image.pixels[3 * i + 2]) != 0;
    CHECK_INT(coloured, 2 + 17); /* two points and the cross of the sensor */
    CHECK(image.pixels[3 * (96 * 384 + 96)] != 0);
    CHECK(image.pixels[3 * (345 * 384 + 230)] != 0);
    bcue_image_free(&image);
    bcue_bytes_free(&png);
}

/* A point target's maps: the brightest pixel lies where the axes say. */
static void test_echo_picture(void)
{
    enum { SAMPLES = 64, CHIRPS = 200 };
    const double pi = 3.14159265358979323846;
    float *values = bcue_calloc(2 * 4 * SAMPLES * CHIRPS, sizeof *values);
    size_t at = 0;
    for (int a = 0; a < 4; a++)
        for (int s = 0; s < SAMPLES; s++)
            for (int c = 0; c < CHIRPS; c++, at++) {
                double phase = 2 * pi * (0.25 * s + 0.125 * c + 0.25 * a);
                values[2 * at] = (float)cos(phase);
                values[2 * at + 1] = (float)sin(phase);
            }
    const bcue_npy cube = {.type = BCUE_NPY_C64,
                           .rank = 3,
                           .shape = {4, SAMPLES, CHIRPS},
                           .count = 4 * SAMPLES * CHIRPS,
                           .data = values};
    bcue_bytes png;
    bcue_image image;
    bcue_error error;
    CHECK_OK(bcue_picture_echoes(&cube, "cube", &png, &error), error);
    CHECK_OK(bcue_png_decode(png.data, png.size, "png", 3, &image, &error), error);
    CHECK(image.width == 520 && image.height == 256);
    const uint8_t *pixel = &image.pixels[3 * ((255 - 64) * 520 + 128 + 64)];
    CHECK(pixel[0] > 240 && pixel[1] > 220 && pixel[2] < 60); /* the bright end of the scale */
    pixel = &image.pixels[3 * ((255 - 64) * 520 + 264 + 128 + 32)];
    CHECK(pixel[0] > 240 && pixel[1] > 220 && pixel[2] < 60);
    bcue_image_free(&image);
    bcue_bytes_free(&png);
    free(values);
}

int main(void)
{
    RUN(test_inspect);
    RUN(test_static_lidar);
    RUN(test_cloud_picture);
    RUN(test_echo_picture);
    return check_summary();
}
