#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "formats_fixture.h"
#include "formats/image.h"
#include "formats/npy.h"
#include "mangle.h"

/* Largest difference between a picture and the pixels in a fixture of shape (h, w) or (h, w, 3); 256 when the
 * shapes differ. */
static int largest_difference(const bcue_image *image, const char *expected_name)
{
    bcue_npy expected;
    bcue_error error = {{0}};
    CHECK_OK(bcue_npy_read(fixture_path(expected_name), &expected, &error), error);
    int channels = expected.rank == 3 ? (int)expected.shape[2] : 1, largest = 0;
    if (image->pixels == NULL || expected.data == NULL || (size_t)image->height != expected.shape[0] ||
        (size_t)image->width != expected.shape[1] || image->channels != channels)
        largest = 256;
    for (size_t i = 0; largest < 256 && i < expected.count; i++) {
        int difference = abs(image->pixels[i] - ((const uint8_t *)expected.data)[i]);
        largest = difference > largest ? difference : largest;
    }
    bcue_npy_free(&expected);
    return largest;
}

static void check_picture(const char *name, int tolerance)
{
    bcue_image image = {0};
    bcue_error error = {{0}};
    char expected_name[128];
    snprintf(expected_name, sizeof expected_name, "%s.npy", name);
    CHECK_OK(bcue_image_read(fixture_path(name), 0, &image, &error), error);
    int difference = largest_difference(&image, expected_name);
    CHECK_AT(difference <= tolerance, "%s: differs by %d", name, difference);
    bcue_image_free(&image);
}

static const char *const jpegs[] = {"baseline_420.jpg",    "baseline_444.jpg", "baseline_422_restart.jpg",
                                    "progressive.jpg",     "rgb.jpg",          "grey.jpg",
                                    "grey_progressive.jpg"};
static const char *const pngs[] = {
    "rgb8.png",   "rgb8_interlaced.png", "grey8.png",       "grey4.png", "grey2.png",
    "grey1.png",  "rgb_alpha8.png",      "grey_alpha8.png", "rgb16.png", "grey1_interlaced.png",
    "grey16.png", "palette4.png"};
enum { JPEGS = sizeof jpegs / sizeof jpegs[0], PNGS = sizeof pngs / sizeof pngs[0] };

static void test_jpeg_pixels(void)
{
    for (int i = 0; i < JPEGS; i++)
        check_picture(jpegs[i], 1);
}

static void test_exif_orientation(void)
{
    for (int orientation = 1; orientation <= 8; orientation++) {
        char name[64];
        snprintf(name, sizeof name, "orientation_%d.jpg", orientation);
        check_picture(name, 1);
    }
}

/* An orientation that cannot be read leaves the picture as it is stored. */
static void test_exif_unreadable(void)
{
    bcue_bytes bytes = fixture_read("orientation_6.jpg");
    size_t tiff = 0;
    while (tiff + 6 < bytes.size && memcmp(bytes.data + tiff, "Exif\0", 6) != 0)
        tiff++;
    tiff += 6;
    static const struct {
        size_t offset;
        uint8_t value;
    } damage[] = {{0, 'X'}, {4, 0xFF}, {7, 0xFF}, {34, 9}, {31, 1}, {8, 0}};
    for (size_t i = 0; tiff < bytes.size && i < sizeof damage / sizeof damage[0]; i++) {
        uint8_t kept = bytes.data[tiff + damage[i].offset];
        bytes.data[tiff + damage[i].offset] = damage[i].value;
        bcue_image image = {0};
        bcue_error error = {{0}};
        CHECK_OK(bcue_jpeg_decode(bytes.data, bytes.size, "e.jpg", 0, &image, &error), error);
        CHECK(image.width == 11 || image.width == 19);
        bcue_image_free(&image);
        bytes.data[tiff + damage[i].offset] = kept;
    }
    bcue_bytes_free(&bytes);
}

static void test_png_pixels(void)
{
    for (int i = 0; i < PNGS; i++)
        check_picture(pngs[i], 0);
}

static void test_uniform(void)
{
    bcue_image image = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_image_read(fixture_path("uniform.jpg"), 3, &image, &error), error);
    CHECK(image.width == 400 && image.height == 300 && image.channels == 3);
    static const int color[3] = {60, 120, 180};
    for (size_t i = 0; image.pixels != NULL && i < 400 * 300 * 3; i++)
        CHECK(abs(image.pixels[i] - color[i % 3]) <= 2);
    bcue_image_free(&image);
}

static int luma(const uint8_t *rgb)
{
    return (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000;
}

static void check_channels(const char *name, int tolerance)
{
    bcue_image color = {0}, grey = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_image_read(fixture_path(name), 3, &color, &error), error);
    CHECK_OK(bcue_image_read(fixture_path(name), 1, &grey, &error), error);
    CHECK(color.channels == 3 && grey.channels == 1);
    CHECK(color.width == grey.width && color.height == grey.height);
    for (size_t i = 0; color.pixels != NULL && grey.pixels != NULL && i < (size_t)(grey.width * grey.height);
         i++)
        CHECK_NEAR(grey.pixels[i], luma(color.pixels + 3 * i), tolerance);
    bcue_image_free(&color);
    bcue_image_free(&grey);
}

static void test_channels(void)
{
    check_channels("baseline_444.jpg", 3); /* the colours were clipped, the stored luma was not */
    check_channels("rgb.jpg", 1);
    check_channels("grey.jpg", 0);
    check_channels("rgb8.png", 1);
    check_channels("grey4.png", 0);
    bcue_image image = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_image_read(fixture_path("rgb8.png"), 1, &image, &error), error);
    CHECK_INT(largest_difference(&image, "rgb8.png.grey.npy"), 0);
    bcue_image_free(&image);
    CHECK_STATUS(bcue_image_read(fixture_path("rgb8.png"), 2, &image, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_image_read(fixture_path("grey.jpg"), 4, &image, &error), BCUE_ERROR_ARGUMENT);
}

static void check_refused(const char *name, bcue_status expected, const char *part)
{
    bcue_image image = {0};
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_image_read(fixture_path(name), 0, &image, &error), expected);
    CHECK_CONTAINS(error.text, name);
    CHECK_CONTAINS(error.text, part);
    CHECK(image.pixels == NULL);
}

static void test_refused(void)
{
    check_refused("cmyk.jpg", BCUE_ERROR_UNSUPPORTED, "4 colour components");
    check_refused("component_missing.jpg", BCUE_ERROR_FORMAT, "component 2 is never coded");
    check_refused("scans_101.jpg", BCUE_ERROR_FORMAT, "more than 100 scans");
    check_refused("claims_area.png", BCUE_ERROR_FORMAT, "16384 x 4096 pixels cannot fit");
    check_refused("claims_pixels.png", BCUE_ERROR_FORMAT, "16384 x 16384 pixels; at most");
    check_refused("claims_side.png", BCUE_ERROR_FORMAT, "user limit");
    check_refused("csv_plain.csv", BCUE_ERROR_FORMAT, "neither a JPEG nor a PNG");
    check_refused("absent.png", BCUE_ERROR_IO, "cannot open");
    bcue_image image = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_image_read(fixture_path("scans_99.jpg"), 0, &image, &error), error);
    for (size_t i = 0; image.pixels != NULL && i < 64 * 64; i++)
        CHECK_INT(image.pixels[i], 128);
    bcue_image_free(&image);
}

static size_t find_frame_header(const bcue_bytes *bytes)
{
    for (size_t i = 0; i + 9 < bytes->size; i++)
        if (bytes->data[i] == 0xFF && (bytes->data[i + 1] == 0xC0 || bytes->data[i + 1] == 0xC2))
            return i;
    CHECK_AT(0, "no frame header found");
    return 0;
}

static void check_patched(const char *name, int offset, const uint8_t *patch, int size, bcue_status expected,
                          const char *part)
{
    bcue_bytes bytes = fixture_read(name);
    memcpy(bytes.data + find_frame_header(&bytes) + offset, patch, (size_t)size);
    bcue_image image = {0};
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_jpeg_decode(bytes.data, bytes.size, "p.jpg", 0, &image, &error), expected);
    CHECK_CONTAINS(error.text, part);
    CHECK_CONTAINS(error.text, "p.jpg: byte ");
    bcue_image_free(&image);
    bcue_bytes_free(&bytes);
}

/* Frame headers that claim what the file cannot hold, or a kind of JPEG that is not read. Height and width
 * are at offset 5. */
static void test_jpeg_claims(void)
{
    static const uint8_t most[4] = {0x10, 0x00, 0x40, 0x00}, side[4] = {0x00, 0x01, 0x40, 0x01};
    static const uint8_t area[4] = {0x40, 0x00, 0x40, 0x00}, none[4] = {0x00, 0x00, 0x00, 0x10};
    static const uint8_t some[4] = {0x02, 0x00, 0x02, 0x00};
    check_patched("grey.jpg", 5, most, 4, BCUE_ERROR_FORMAT, "16384 x 4096 pixels cannot fit");
    check_patched("progressive.jpg", 5, most, 4, BCUE_ERROR_FORMAT, "16384 x 4096 pixels cannot fit");
    check_patched("grey.jpg", 5, side, 4, BCUE_ERROR_FORMAT, "16385 x 1 pixels; at most 16384 a side");
    check_patched("grey.jpg", 5, area, 4, BCUE_ERROR_FORMAT, "16384 x 16384 pixels; at most");
    check_patched("grey.jpg", 5, none, 4, BCUE_ERROR_FORMAT, "damaged JPEG");
    check_patched("baseline_420.jpg", 5, some, 4, BCUE_ERROR_FORMAT, "512 x 512 pixels cannot fit");
    check_patched("baseline_420.jpg", 1, (const uint8_t[]){0xC9}, 1, BCUE_ERROR_UNSUPPORTED, "arithmetic");
    check_patched("baseline_420.jpg", 1, (const uint8_t[]){0xC3}, 1, BCUE_ERROR_UNSUPPORTED, "of a kind");
    check_patched("baseline_420.jpg", 4, (const uint8_t[]){12}, 1, BCUE_ERROR_UNSUPPORTED, "of a kind");
}

/* Cameras append thumbnails and metadata after the end mark; that is not damage. */
static void test_appended_bytes(void)
{
    bcue_bytes bytes = fixture_read("progressive.jpg");
    uint8_t *longer = calloc(1, bytes.size + 100);
    CHECK(longer != NULL);
    if (longer != NULL) {
        memcpy(longer, bytes.data, bytes.size);
        bcue_image image = {0};
        bcue_error error = {{0}};
        CHECK_OK(bcue_jpeg_decode(longer, bytes.size + 100, "l.jpg", 0, &image, &error), error);
        bcue_image_free(&image);
    }
    free(longer);
    bcue_bytes_free(&bytes);
}

static bcue_image make_picture(int width, int height, int channels)
{
    bcue_image image = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_image_create(width, height, channels, &image, &error), error);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++)
                image.pixels[(y * width + x) * channels + c] = (uint8_t)(x * 2 + y * 2 + c * 10);
    return image;
}

static void check_round_trip(const char *ending, int channels, double tolerance)
{
    char path[512];
    snprintf(path, sizeof path, "%s/test_formats_image_%d%s", BCUE_BINARY_DIR, channels, ending);
    bcue_image image = make_picture(61, 47, channels), again = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_image_write(path, &image, 95, &error), error);
    CHECK_OK(bcue_image_read(path, 0, &again, &error), error);
    CHECK(again.width == 61 && again.height == 47 && again.channels == channels);
    double sum = 0.0;
    size_t count = (size_t)(61 * 47 * channels);
    for (size_t i = 0; again.pixels != NULL && i < count; i++)
        sum += abs(again.pixels[i] - image.pixels[i]);
    CHECK_AT(sum / (double)count <= tolerance, "%s: mean difference %g", path, sum / (double)count);
    bcue_image_free(&again);
    bcue_image_free(&image);
    remove(path);
}

static void test_round_trip(void)
{
    check_round_trip(".png", 1, 0.0);
    check_round_trip(".PNG", 3, 0.0);
    check_round_trip(".jpg", 1, 1.5);
    check_round_trip(".Jpeg", 3, 1.5);
}

static void test_write_refused(void)
{
    bcue_image image = make_picture(5, 4, 3);
    bcue_bytes bytes;
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_image_write("a.bmp", &image, 90, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_image_write("/nonexistent/a.png", &image, 90, &error), BCUE_ERROR_IO);
    CHECK_STATUS(bcue_jpeg_encode(&image, 0, &bytes, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_jpeg_encode(&image, 101, &bytes, &error), BCUE_ERROR_ARGUMENT);
    image.channels = 2;
    CHECK_STATUS(bcue_png_encode(&image, &bytes, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_image_write("a.jpg", &image, 90, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "a.jpg");
    bcue_image_free(&image);
    CHECK_STATUS(bcue_png_encode(&image, &bytes, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_image_create(16384, 4097, 1, &image, &error), BCUE_ERROR_ARGUMENT);
    bcue_image_free(NULL);
}

static bcue_status decode_jpeg(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_image image;
    bcue_status status = bcue_jpeg_decode(data, size, name, 0, &image, error);
    CHECK((status == BCUE_OK) == (image.pixels != NULL));
    bcue_image_free(&image);
    return status;
}

static bcue_status decode_png(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_image image;
    bcue_status status = bcue_png_decode(data, size, name, 3, &image, error);
    CHECK((status == BCUE_OK) == (image.pixels != NULL));
    bcue_image_free(&image);
    return status;
}

/* A shorter file is never a picture, of either format; PNG's checksums catch every flipped bit too. */
static void test_mangled(void)
{
    for (int i = 0; i < JPEGS + PNGS; i++) {
        bool png = i >= JPEGS;
        const char *name = png ? pngs[i - JPEGS] : jpegs[i];
        bcue_bytes bytes = fixture_read(name);
        mangle_report cut = mangle_truncate(bytes.data, bytes.size, png ? decode_png : decode_jpeg, name);
        mangle_report flipped = mangle_flip(bytes.data, bytes.size, png ? decode_png : decode_jpeg, name);
        CHECK_AT(cut.refused == cut.tried, "%s: %zu of %zu shortened files read", name,
                 cut.tried - cut.refused, cut.tried);
        CHECK_AT(flipped.refused >= (png ? flipped.tried : 50), "%s: only %zu damaged files refused", name,
                 flipped.refused);
        bcue_bytes_free(&bytes);
    }
}

int main(void)
{
    RUN(test_jpeg_pixels);
    RUN(test_exif_orientation);
    RUN(test_exif_unreadable);
    RUN(test_png_pixels);
    RUN(test_uniform);
    RUN(test_channels);
    RUN(test_refused);
    RUN(test_jpeg_claims);
    RUN(test_appended_bytes);
    RUN(test_round_trip);
    RUN(test_write_refused);
    RUN(test_mangled);
    return check_summary();
}
