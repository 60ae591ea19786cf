/* The readers on real recordings, which lie beside the project where there are any. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "formats/csv.h"
#include "formats/deepsense_text.h"
#include "formats/image.h"
#include "formats/nmea.h"
#include "formats/npy.h"
#include "formats/ply.h"
#include "formats_fixture.h"
#include "mangle.h"

static const char *real_path(const char *name)
{
    static char paths[4][1024];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/../shared/realdata/%s", BCUE_SOURCE_DIR, name);
    return path;
}

#define NEEDS(name)                                                                                          \
    do {                                                                                                     \
        if (!bcue_path_exists(real_path(name)))                                                              \
            SKIP("no %s", real_path(name));                                                                  \
    } while (0)

static double number(const bcue_csv *csv, size_t row, const char *column)
{
    double value = -1.0;
    CHECK(bcue_parse_double(bcue_csv_cell(csv, row, (size_t)bcue_csv_find(csv, column)), &value));
    return value;
}

/* 20 pixels of each camera frame against those that Pillow decodes (baseline, progressive and EXIF files are
 * among them). */
static void test_camera(void)
{
    NEEDS("camera");
    bcue_csv *csv = NULL;
    bcue_error error = {{0}};
    CHECK_OK(bcue_csv_read(fixture_path("real_camera.csv"), &csv, &error), error);
    bcue_image image = {0};
    char open_name[256] = "";
    for (size_t row = 0; csv != NULL && row < bcue_csv_rows(csv); row++) {
        const char *name = bcue_csv_cell(csv, row, 0);
        if (strcmp(name, open_name) != 0) {
            bcue_image_free(&image);
            CHECK_OK(bcue_image_read(real_path(name), 3, &image, &error), error);
            snprintf(open_name, sizeof open_name, "%s", name);
        }
        CHECK_INT(image.width, number(csv, row, "width"));
        CHECK_INT(image.height, number(csv, row, "height"));
        if (image.pixels == NULL)
            break;
        const uint8_t *pixel = image.pixels + 3 * ((size_t)number(csv, row, "y") * (size_t)image.width +
                                                   (size_t)number(csv, row, "x"));
        CHECK_NEAR(pixel[0], number(csv, row, "red"), 1);
        CHECK_NEAR(pixel[1], number(csv, row, "green"), 1);
        CHECK_NEAR(pixel[2], number(csv, row, "blue"), 1);
    }
    bcue_image_free(&image);
    bcue_csv_destroy(csv);
}

static bcue_status decode_jpeg(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_image image;
    bcue_status status = bcue_jpeg_decode(data, size, name, 3, &image, error);
    bcue_image_free(&image);
    return status;
}

/* One of the small masks, so that 2,000 decodings take a second; the large frames' kinds are mangled as
 * fixtures. */
static void test_mask_mangled(void)
{
    NEEDS("deepsense_scenario5/unit1/camera_data");
    bcue_csv *csv = NULL;
    bcue_error error = {{0}};
    CHECK_OK(bcue_csv_read(real_path("deepsense_scenario5/scenario5.csv"), &csv, &error), error);
    bcue_bytes bytes = {0};
    for (size_t row = 0; csv != NULL && row < bcue_csv_rows(csv) && bytes.data == NULL; row++) {
        const char *name = bcue_csv_cell(csv, row, (size_t)bcue_csv_find(csv, "unit1_rgb"));
        char path[256];
        snprintf(path, sizeof path, "deepsense_scenario5/%s", name);
        if (bcue_ends_with(name, ".jpg") && bcue_path_exists(real_path(path)))
            CHECK_OK(bcue_file_read(real_path(path), 1 << 24, &bytes, &error), error);
    }
    CHECK(bytes.data != NULL);
    if (bytes.data != NULL) {
        /* The first 100 and last 100 lengths: enough at 960 x 540 pixels each. */
        size_t refused = 0;
        for (size_t i = 0; i < 200; i++) {
            size_t size = i < 100 ? i * bytes.size / 100 : bytes.size - 1 - (i - 100);
            refused += decode_jpeg(bytes.data, size, "mask.jpg", &error) != BCUE_OK;
        }
        CHECK_INT(refused, 200);
    }
    bcue_bytes_free(&bytes);
    bcue_csv_destroy(csv);
}

/* Every row of scenario 5: power and GPS files parse, the label is the best beam of the power, images open or
 * are absent. */
static void test_scenario5(void)
{
    NEEDS("deepsense_scenario5/scenario5.csv");
    bcue_csv *csv = NULL;
    bcue_error error = {{0}};
    CHECK_OK(bcue_csv_read(real_path("deepsense_scenario5/scenario5.csv"), &csv, &error), error);
    if (csv == NULL)
        return;
    CHECK_INT(bcue_csv_rows(csv), 2300);
    size_t agree = 0;
    for (size_t row = 0; row < bcue_csv_rows(csv); row++) {
        double *power = NULL, latitude_deg = 0.0, longitude_deg = 0.0;
        size_t count = 0, best = 0;
        char path[256];
        snprintf(path, sizeof path, "deepsense_scenario5/%s",
                 bcue_csv_cell(csv, row, (size_t)bcue_csv_find(csv, "unit1_pwr_60ghz")));
        CHECK_OK(bcue_deepsense_power_read(real_path(path), &power, &count, &error), error);
        CHECK_INT(count, 64);
        for (size_t i = 1; i < count; i++)
            best = power[i] > power[best] ? i : best;
        agree += (double)(best + 1) == number(csv, row, "unit1_beam");
        free(power);
        snprintf(path, sizeof path, "deepsense_scenario5/%s",
                 bcue_csv_cell(csv, row, (size_t)bcue_csv_find(csv, "unit2_loc")));
        CHECK_OK(bcue_deepsense_gps_read(real_path(path), &latitude_deg, &longitude_deg, &error), error);
        CHECK(fabs(latitude_deg - 33.42) < 0.01 && fabs(longitude_deg + 111.93) < 0.01);
    }
    CHECK_INT(agree, 2300);
    bcue_csv_destroy(csv);
}

static void test_npy(void)
{
    NEEDS("deepsense_position");
    bcue_npy array = {0};
    bcue_error error = {{0}};
    CHECK_OK(
        bcue_npy_read(real_path("deepsense_position/scenario5_unit1_pwr_60ghz_1-2300.npy"), &array, &error),
        error);
    CHECK(array.type == BCUE_NPY_F64 && array.rank == 2 && array.shape[0] == 2300 && array.shape[1] == 64);
    bcue_npy_free(&array);
    CHECK_OK(bcue_npy_read(real_path("deepsense_position/scenario1_seq_index_1-2422.npy"), &array, &error),
             error);
    CHECK(array.type == BCUE_NPY_I64 && array.shape[0] == 2422);
    bcue_npy_free(&array);
    CHECK_OK(bcue_npy_read(real_path("radar/openradar_tx1_cube_4x128x128_c64.npy"), &array, &error), error);
    CHECK(array.type == BCUE_NPY_C64 && array.rank == 3 && array.shape[0] == 4 && array.shape[2] == 128);
    double power = 0.0;
    for (size_t i = 0; array.data != NULL && i < 2 * array.count; i++) {
        double part = (double)((const float *)array.data)[i];
        CHECK(isfinite(part));
        power += part * part;
    }
    CHECK(power > 0.0);
    bcue_npy_free(&array);
}

static bcue_status decode_npy(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_npy array;
    bcue_status status = bcue_npy_decode(data, size, name, &array, error);
    bcue_npy_free(&array);
    return status;
}

static void test_radar_mangled(void)
{
    NEEDS("radar");
    bcue_bytes bytes = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_file_read(real_path("radar/openradar_tx1_cube_4x128x128_c64.npy"), 1 << 24, &bytes, &error),
             error);
    if (bytes.data == NULL)
        return;
    mangle_report cut = mangle_truncate(bytes.data, bytes.size, decode_npy, "radar.npy");
    CHECK_INT(cut.tried, 1000);
    CHECK_INT(cut.refused, 1000);
    bcue_bytes_free(&bytes);
}

/* The first and last lines of the files, read by eye. */
static void test_lidar(void)
{
    NEEDS("lidar");
    bcue_ply cloud = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_ply_read(real_path("lidar/os1_32_frame638_deepsense_style.ply"), &cloud, &error), error);
    CHECK_INT(cloud.count, 27310);
    CHECK(cloud.points != NULL && cloud.points[0] == -12.604652 && cloud.points[1] == -0.928885 &&
          cloud.points[2] == 2.892489);
    CHECK(cloud.intensity != NULL && cloud.intensity[0] == 60.0 && cloud.intensity[1] == 101.0);
    bcue_ply_free(&cloud);
    CHECK_OK(bcue_ply_read(real_path("lidar/OS-1-128_v2.3.0_1024x10_lb_n3_map-000.ply"), &cloud, &error),
             error);
    CHECK_INT(cloud.count, 155000);
    CHECK(cloud.intensity == NULL);
    for (size_t i = 0; i < 3 * cloud.count; i++)
        CHECK(fabs(cloud.points[i]) < 300.0);
    bcue_ply_free(&cloud);
    CHECK_OK(bcue_ply_read(real_path("lidar/cloud-binary.ply"), &cloud, &error), error);
    CHECK(cloud.count == 1 && cloud.points[0] == 1.0 && cloud.points[1] == 2.0 && cloud.points[2] == 3.0);
    bcue_ply_free(&cloud);
}

static bcue_status decode_ply(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_ply cloud;
    bcue_status status = bcue_ply_decode(data, size, name, &cloud, error);
    bcue_ply_free(&cloud);
    return status;
}

/* The binary map at 1,000 lengths; the ASCII frame at 20, since each is parsed to where it ends. */
static void test_lidar_mangled(void)
{
    NEEDS("lidar");
    bcue_bytes bytes = {0};
    bcue_error error = {{0}};
    CHECK_OK(
        bcue_file_read(real_path("lidar/OS-1-128_v2.3.0_1024x10_lb_n3_map-000.ply"), 1 << 24, &bytes, &error),
        error);
    mangle_report cut = mangle_truncate(bytes.data, bytes.size, decode_ply, "map.ply");
    CHECK_INT(cut.tried, 1000);
    CHECK_INT(cut.refused, 1000);
    bcue_bytes_free(&bytes);
    CHECK_OK(bcue_file_read(real_path("lidar/os1_32_frame638_deepsense_style.ply"), 1 << 24, &bytes, &error),
             error);
    for (size_t i = 0; i < 20 && bytes.data != NULL; i++)
        CHECK_STATUS(decode_ply(bytes.data, i * bytes.size / 20, "frame.ply", &error), BCUE_ERROR_FORMAT);
    bcue_bytes_free(&bytes);
}

/* 544 valid sentences, of which 34 GGA and 34 RMC of the same instants (counted by another program). */
static void test_nmea(void)
{
    NEEDS("nmea");
    bcue_nmea_log log;
    bcue_error error = {{0}};
    CHECK_OK(bcue_nmea_read(real_path("nmea/TrimbleR2SampleData.txt"), &log, &error), error);
    CHECK_INT(log.sentences, 544);
    CHECK_INT(log.damaged, 0);
    CHECK_INT(log.gga, 34);
    CHECK_INT(log.rmc, 34);
    CHECK_INT(log.count, 34);
    for (size_t i = 0; i < log.count; i++) {
        const bcue_nmea_fix *fix = &log.fixes[i];
        CHECK((fix->quality == 2 || fix->quality == 5) && fix->year == 2017 && fix->month == 12 &&
              fix->day == 20);
        CHECK_NEAR(fix->latitude_deg, 34.05786, 1e-4);
        CHECK_NEAR(fix->longitude_deg, -117.19682, 1e-4);
    }
    bcue_nmea_free(&log);
}

static void test_csvs(void)
{
    NEEDS("deepsense_scenario5/published_vision_position_csv");
    static const struct {
        const char *name;
        size_t rows;
    } files[] = {{"pos_beam/scenario5_pos_beam_test.csv", 230},
                 {"img_pos_beam/scenario5_img_pos_beam_test.csv", 230},
                 {"image_beam/scenario5_img_beam_test.csv", 230}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "deepsense_scenario5/published_vision_position_csv/%s", files[i].name);
        bcue_csv *csv = NULL;
        bcue_error error = {{0}};
        CHECK_OK(bcue_csv_read(real_path(path), &csv, &error), error);
        if (csv != NULL) {
            CHECK_INT(bcue_csv_rows(csv), files[i].rows);
            CHECK_INT(bcue_csv_repeated_headers(csv), 0);
        }
        bcue_csv_destroy(csv);
    }
}

int main(void)
{
    RUN(test_camera);
    RUN(test_mask_mangled);
    RUN(test_scenario5);
    RUN(test_npy);
    RUN(test_radar_mangled);
    RUN(test_lidar);
    RUN(test_lidar_mangled);
    RUN(test_nmea);
    RUN(test_csvs);
    return check_summary();
}
