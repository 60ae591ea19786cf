/* site.yaml: what is written for a recording, what is read, and whether a wrong pose shows. The recording is
   made here from places that are known: an array that looks 30 degrees east of north, a camera and a radar.
 */
#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "beamcue/site.h"
#include "dataset/site_config.h"
#include "fabricate.h"
#include "features/geodesy.h"
#include "formats/image.h"
#include "formats/npy.h"

enum { ROWS = 60, BEAMS = 31, ECHOES = 8, WIDTH = 160, HEIGHT = 90 };
static const double latitude = 48.1, longitude = 11.5, heading_deg = 30, span_deg = 90, range_m = 20;
#define DEGREE (BCUE_PI / 180)

/* Seen from the array: from 40 degrees on the left to 40 on the right. */
static double azimuth_of(int row)
{
    return (40.0 - 80.0 * row / (ROWS - 1)) * DEGREE;
}

static void write_echoes(int row)
{
    float points[ECHOES * 4];
    char name[64];
    for (int k = 0; k < ECHOES; k++) { /* to the right is positive */
        points[4 * k] = 5;
        points[4 * k + 1] = (float)-(azimuth_of(row) + 0.004 * (k - 4));
        points[4 * k + 2] = 0;
        points[4 * k + 3] = (float)range_m;
    }
    points[0] = 0; /* one that stands still, elsewhere */
    points[1] = 1;
    const bcue_npy frame = {
        .type = BCUE_NPY_F32, .rank = 2, .shape = {ECHOES, 4}, .count = 4 * ECHOES, .data = points};
    bcue_bytes bytes;
    bcue_error error;
    CHECK_OK(bcue_npy_encode(&frame, &bytes, &error), error);
    snprintf(name, sizeof name, "radar%d.npy", row);
    fabricate_bytes(name, bytes.data, bytes.size);
    bcue_bytes_free(&bytes);
}

static void write_recording(void)
{
    bcue_text table = {0};
    bcue_image image;
    bcue_bytes png;
    bcue_error error;
    fabricate_begin("site");
    CHECK_OK(bcue_image_create(WIDTH, HEIGHT, 3, &image, &error), error);
    CHECK_OK(bcue_png_encode(&image, &png, &error), error);
    fabricate_bytes("picture.png", png.data, png.size);
    fabricate_fix("rsu.txt", latitude, longitude);
    bcue_text_puts(&table, "index,unit1_rgb,unit1_radar,unit1_pwr_60ghz,unit1_loc,unit2_loc,seq_index\n");
    for (int row = 0; row < ROWS; row++) {
        const double east_of_north = heading_deg * DEGREE - azimuth_of(row);
        const double enu_m[3] = {range_m * sin(east_of_north), range_m * cos(east_of_north), 0};
        double fix[3];
        char name[64];
        bcue_enu_to_geodetic(enu_m, latitude, longitude, 0, &fix[0], &fix[1], &fix[2]);
        snprintf(name, sizeof name, "fix%d.txt", row);
        fabricate_fix(name, fix[0], fix[1]);
        snprintf(name, sizeof name, "power%d.txt", row);
        fabricate_power(name, BEAMS,
                        (int)lround((0.5 - azimuth_of(row) / (span_deg * DEGREE)) * (BEAMS - 1)));
        write_echoes(row);
        bcue_text_printf(&table, "%d,picture.png,radar%d.npy,power%d.txt,rsu.txt,fix%d.txt,1\n", row + 1, row,
                         row, row);
    }
    fabricate_bytes("scenario.csv", table.data, table.size);
    bcue_text_free(&table);
    bcue_bytes_free(&png);
    bcue_image_free(&image);
}

static char *site_path(const char *name)
{
    static char path[1200];
    snprintf(path, sizeof path, "%s/%s", fabricate_root, name);
    return path;
}

/* The recording's site.yaml with one line more or another. */
static void write_site(const char *name, const char *heading, const char *more)
{
    char text[2000];
    snprintf(text, sizeof text,
             "name: here\ndata: {beams: %d, sources: [{root: \"%s\"}]}\n"
             "origin: {latitude_deg: 48.1, longitude_deg: 11.5}\n%sarray: {field_of_view_deg: 90}\n"
             "camera: {height_m: 3, pitch_deg: -5, width: %d, height: %d, field_of_view_deg: 100}\n"
             "radar: {height_m: 2, pitch_deg: 0}\n%s",
             (int)BEAMS, fabricate_root, heading, (int)WIDTH, (int)HEIGHT, more);
    fabricate_text(name, text);
}

static json_t *check_site(const char *name, const char *pictures, bcue_status wanted, bcue_error *error)
{
    bcue_report *report = NULL;
    const bcue_status status =
        bcue_site_check(NULL, NULL, 0, site_path(name), pictures, NULL, &report, error);
    CHECK_AT(status == wanted, "%s", error->text);
    json_t *json = status == BCUE_OK ? json_loads(bcue_report_json(report), 0, NULL) : NULL;
    bcue_report_destroy(report);
    return json;
}

static double number_of(const json_t *json, const char *part, const char *key)
{
    return json_number_value(json_object_get(json_object_get(json, part), key));
}

static void test_right_pose(void)
{
    char pictures[1200];
    bcue_error error = {""};
    bcue_image image;
    write_recording();
    write_site("site.yaml", "heading_deg: 30\n", "");
    snprintf(pictures, sizeof pictures, "%s", site_path("pictures"));
    json_t *json = check_site("site.yaml", pictures, BCUE_OK, &error);
    CHECK(fabs(number_of(json, "array", "azimuth_deg")) < 0.8); /* beams are 3 degrees apart */
    CHECK(fabs(number_of(json, "radar", "azimuth_deg")) < 0.05);
    CHECK(fabs(number_of(json, "radar", "range_m")) < 0.05);
    CHECK_INT(json_integer_value(json_object_get(json_object_get(json, "radar"), "compared")), ROWS);
    CHECK(number_of(json, "camera", "inside_percent") == 100);
    CHECK(json_is_false(json_object_get(json_object_get(json, "radar"), "off")));
    CHECK(fabs(json_number_value(json_object_get(json, "heading_by_beams_deg")) - 30) < 0.8);
    json_decref(json);
    /* The fix is drawn: something red in a picture that was black. */
    CHECK_OK(bcue_image_read(site_path("pictures/camera-1.png"), 3, &image, &error), error);
    size_t red = 0;
    for (int i = 0; i < image.width * image.height; i++)
        red += image.pixels[3 * i] > 200 && image.pixels[3 * i + 1] < 100;
    CHECK(red > 50);
    bcue_image_free(&image);
    CHECK_OK(bcue_image_read(site_path("pictures/bev-4.png"), 3, &image, &error), error);
    bcue_image_free(&image);
}

/* A heading that is too large makes everything seem to look too far to the right; a yaw only its sensor. */
static void test_wrong_pose(void)
{
    bcue_error error = {""};
    write_recording();
    write_site("wrong.yaml", "heading_deg: 42\n", "");
    json_t *json = check_site("wrong.yaml", NULL, BCUE_OK, &error);
    CHECK(fabs(number_of(json, "array", "azimuth_deg") + 12) < 0.8);
    CHECK(fabs(number_of(json, "radar", "azimuth_deg") + 12) < 0.1);
    CHECK(json_is_true(json_object_get(json_object_get(json, "array"), "off")));
    CHECK(json_is_true(json_object_get(json_object_get(json, "radar"), "off")));
    CHECK(number_of(json, "camera", "inside_percent") < 100);
    json_decref(json);
    write_site("yaw.yaml", "heading_deg: 30\n", "lidar: {yaw_deg: 9}\n");
    json = check_site("yaw.yaml", NULL, BCUE_OK, &error);
    CHECK_STR(json_string_value(json_object_get(json_object_get(json, "lidar"), "missing")), "");
    CHECK(json_is_false(json_object_get(json_object_get(json, "radar"), "off")));
    json_decref(json);
    /* Roll and yaw of a pose, against what they mean. */
    bcue_site_config site;
    bcue_config *source;
    CHECK_OK(bcue_site_config_read(site_path("yaw.yaml"), &site, &source, &error), error);
    site.lidar.pose.pitch_deg = 0;
    site.lidar.pose.height_m = 1;
    site.lidar.pose.roll_deg = 90;
    const bcue_frame frame = bcue_site_frame(&site, &site.lidar.pose);
    CHECK(fabs(frame.forward.x - sin(21 * DEGREE)) < 1e-12 &&
          fabs(frame.forward.y - cos(21 * DEGREE)) < 1e-12);
    CHECK(fabs(frame.left.z - 1) < 1e-12); /* the right side hangs down */
    bcue_config_destroy(source);
}

static void test_not_measured(void)
{
    bcue_error error = {""};
    write_recording();
    write_site("none.yaml", "", "");
    check_site("none.yaml", NULL, BCUE_ERROR_DATA, &error);
    CHECK_CONTAINS(error.text, "still to be measured: heading_deg");
    fabricate_text(
        "part.yaml",
        "data: {beams: 31, sources: [{root: .}]}\nheading_deg: 30\narray: {field_of_view_deg: 90}\n"
        "origin: {latitude_deg: 48.1, longitude_deg: 11.5}\nradar: {height_m: 2}\n");
    json_t *json = check_site("part.yaml", NULL, BCUE_OK, &error);
    CHECK_STR(json_string_value(json_object_get(json_object_get(json, "radar"), "missing")),
              "radar.pitch_deg");
    CHECK_CONTAINS(json_string_value(json_object_get(json_object_get(json, "camera"), "missing")),
                   "camera.height_m, camera.pitch_deg, camera.field_of_view_deg");
    json_decref(json);
    fabricate_text("typo.yaml", "data: {sources: [{root: .}]}\ncamera:\n  hight_m: 3\n");
    check_site("typo.yaml", NULL, BCUE_ERROR_CONFIG, &error);
    CHECK_CONTAINS(error.text, "typo.yaml:3: unknown key 'hight_m' in 'camera'");
    fabricate_text("half.yaml", "data: {sources: [{root: .}]}\norigin:\n  latitude_deg: 48\n");
    check_site("half.yaml", NULL, BCUE_ERROR_CONFIG, &error);
    CHECK_CONTAINS(error.text, "needs both latitude_deg and longitude_deg");
    check_site("", NULL, BCUE_ERROR_IO, &error);
    CHECK_CONTAINS(error.text, "has no site.yaml");
}

/* site.yaml and recordings that both say their codebook, and say different ones. */
static void test_codebooks(void)
{
    bcue_error error = {""};
    const char *const told = "{\"scenes\": [{\"hash\": \"0123456789abcdef\"}]}";
    char text[400];
    write_recording();
    fabricate_text("codebook.json", told);
    for (int same = 0; same < 2; same++) {
        snprintf(text, sizeof text,
                 "data: {beams: 31, sources: [{root: .}]}\nheading_deg: 30\n"
                 "array: {field_of_view_deg: 90, codebook_hash: \"%s\"}\n"
                 "origin: {latitude_deg: 48.1, longitude_deg: 11.5}\n",
                 same ? "0123456789abcdef" : "0123456789abcdee");
        fabricate_text("other.yaml", text);
        json_decref(check_site("other.yaml", NULL, same ? BCUE_OK : BCUE_ERROR_DATA, &error));
    }
    CHECK_CONTAINS(error.text,
                   "array.codebook_hash says the codebook 0123456789abcdee, the recordings of site have the "
                   "codebook 0123456789abcdef");
    fabricate_text("number.yaml", "data: {sources: [{root: .}]}\narray:\n  codebook_hash: 12\n");
    check_site("number.yaml", NULL, BCUE_ERROR_CONFIG, &error);
    CHECK_CONTAINS(error.text, "number.yaml:3: array.codebook_hash: '12' is no hash of a codebook");
}

static void test_skeleton(void)
{
    bcue_report *report;
    bcue_error error = {""};
    bcue_site_config site;
    bcue_config *source;
    bcue_bytes text;
    const char *const beams[] = {"data.beams=31"};
    write_recording();
    CHECK_OK(bcue_site_new(fabricate_root, beams, 1, site_path("new.yaml"), NULL, &report, &error), error);
    bcue_report_destroy(report);
    CHECK_OK(bcue_site_config_read(site_path("new.yaml"), &site, &source, &error), error);
    CHECK(fabs(site.origin.latitude_deg - 48.1) < 1e-7 && fabs(site.origin.longitude_deg - 11.5) < 1e-7);
    CHECK_INT(site.camera.width, WIDTH);
    CHECK_INT(site.data.beams, BEAMS);
    CHECK(site.camera.pose.rate_hz == 10);
    CHECK(isnan(site.heading_deg) && isnan(site.radar.pose.height_m));
    bcue_config_destroy(source);
    CHECK_OK(bcue_file_read(site_path("new.yaml"), 1 << 20, &text, &error), error);
    CHECK_CONTAINS((const char *)text.data,
                   "# heading_deg:                     # TO MEASURE: where the array looks");
    CHECK_CONTAINS((const char *)text.data, "Best beams and fixes say about 30 ");
    bcue_bytes_free(&text);
    CHECK_STATUS(bcue_site_new(fabricate_root, beams, 1, site_path("new.yaml"), NULL, &report, &error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "is there already");
}

int main(void)
{
    RUN(test_right_pose);
    RUN(test_wrong_pose);
    RUN(test_not_measured);
    RUN(test_codebooks);
    RUN(test_skeleton);
    return check_summary();
}
