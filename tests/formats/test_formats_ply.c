#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "formats_fixture.h"
#include "base/rng.h"
#include "base/text.h"
#include "formats/ply.h"
#include "mangle.h"

static const char *const clouds[] = {"ascii", "ascii_mixed", "little",    "little_mixed", "little_whole",
                                     "big",   "big_mixed",   "big_whole", "no_intensity"};
enum { CLOUDS = sizeof clouds / sizeof clouds[0] };

/* The formulas of tools/fixtures/make_formats.py: every order and type of properties holds the same nine
 * points. */
static void test_points(void)
{
    for (int c = 0; c < CLOUDS; c++) {
        char name[64];
        snprintf(name, sizeof name, "ply_%s.ply", clouds[c]);
        bcue_ply cloud = {0};
        bcue_error error = {{0}};
        CHECK_OK(bcue_ply_read(fixture_path(name), &cloud, &error), error);
        CHECK_INT(cloud.count, 9);
        CHECK((cloud.intensity == NULL) == (strcmp(clouds[c], "no_intensity") == 0));
        for (size_t i = 0; i < cloud.count; i++) {
            double k = (double)i;
            CHECK(cloud.points[3 * i] == k - 3.0);
            CHECK(cloud.points[3 * i + 1] == 100.0 - 2.0 * k);
            CHECK(cloud.points[3 * i + 2] == k * k);
            if (cloud.intensity != NULL)
                CHECK_INT(cloud.intensity[i], i * 17 % 101);
        }
        bcue_ply_free(&cloud);
    }
}

/* Short numbers take the fast road, others strtod's; both round correctly. */
static void test_numbers(void)
{
    static const double expected[12] = {3.0,
                                        0.1,
                                        -12.604652,
                                        5.0,
                                        -0.0,
                                        1e-3,
                                        NAN,
                                        1234567890.12345,
                                        123456789012345.6,
                                        0.12345678901234568,
                                        -0.25,
                                        0.5};
    bcue_ply cloud = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_ply_read(fixture_path("ply_numbers.ply"), &cloud, &error), error);
    CHECK_INT(cloud.count, 4);
    for (size_t i = 0; i < 3 * cloud.count && i < 12; i++)
        CHECK_AT(isnan(expected[i])
                     ? isnan(cloud.points[i])
                     : cloud.points[i] == expected[i] && !signbit(cloud.points[i]) == !signbit(expected[i]),
                 "number %zu is %.17g", i, cloud.points[i]);
    bcue_ply_free(&cloud);
    CHECK_OK(bcue_ply_read(fixture_path("ply_empty.ply"), &cloud, &error), error);
    CHECK(cloud.count == 0 && cloud.points != NULL && cloud.intensity != NULL);
    bcue_ply_free(&cloud);
}

/* 6,000 random decimals of 1 to 18 digits: the same doubles that strtod makes. */
static void test_numbers_round_as_strtod(void)
{
    enum { ROWS = 2000 };
    bcue_text text = {0};
    bcue_rng rng = bcue_rng_make(7, BCUE_RNG_TEST, 0, 0, 0);
    double *expected = calloc(3 * ROWS, sizeof *expected);
    bcue_text_printf(&text,
                     "ply\nformat ascii 1.0\nelement vertex %d\nproperty double x\nproperty double y\n"
                     "property double z\nend_header\n",
                     ROWS);
    for (int i = 0; expected != NULL && i < 3 * ROWS; i++) {
        char word[32];
        int size = 0;
        if (bcue_rng_below(&rng, 2) == 0)
            word[size++] = '-';
        int digits = 1 + (int)bcue_rng_below(&rng, 18), point = (int)bcue_rng_below(&rng, 20);
        for (int d = 0; d < digits; d++) {
            if (d == point)
                word[size++] = '.';
            word[size++] = (char)('0' + bcue_rng_below(&rng, 10));
        }
        word[size] = '\0';
        expected[i] = strtod(word, NULL);
        bcue_text_printf(&text, i % 3 == 2 ? "%s\n" : "%s ", word);
    }
    bcue_ply cloud = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_ply_decode(text.data, text.size, "t.ply", &cloud, &error), error);
    CHECK(cloud.count == ROWS && expected != NULL &&
          memcmp(cloud.points, expected, 3 * ROWS * sizeof *expected) == 0);
    bcue_ply_free(&cloud);
    free(expected);
    bcue_text_free(&text);
}

static void check_refused(const char *text, const char *part)
{
    bcue_ply cloud;
    bcue_error error = {{0}};
    bcue_status status = bcue_ply_decode(text, strlen(text), "t.ply", &cloud, &error);
    CHECK_AT(status == BCUE_ERROR_FORMAT || status == BCUE_ERROR_UNSUPPORTED, "read, instead of: %s", part);
    CHECK_CONTAINS(error.text, part);
    CHECK(cloud.points == NULL && cloud.intensity == NULL);
}

#define XYZ "property float x\nproperty float y\nproperty float z\n"
#define ASCII(count) "ply\nformat ascii 1.0\nelement vertex " count "\n" XYZ
#define BINARY(count) "ply\nformat binary_little_endian 1.0\nelement vertex " count "\n" XYZ

static void test_header_refused(void)
{
    check_refused("", "t.ply:1: not a PLY file");
    check_refused("plywood\n", "t.ply:1: not a PLY file");
    check_refused("ply\n", "t.ply:2: the file ends inside its header");
    check_refused("ply\nend_header\n", "t.ply:2: the header has no format line");
    check_refused("ply\nformat ascii 1.0\nformat ascii 1.0\n", "t.ply:3: the header must have one line");
    check_refused("ply\nformat ascii 2.0\n", "t.ply:2: PLY version \"2.0\"");
    check_refused("ply\nformat text 1.0\n", "t.ply:2: the format must be");
    check_refused("ply\nformat ascii 1.0\nend_header\n", "t.ply:3: the header has no element vertex");
    check_refused("ply\nformat ascii 1.0\nelement vertex -1\n", "t.ply:3: expected \"element NAME COUNT\"");
    check_refused("ply\nformat ascii 1.0\nproperty float x\n", "t.ply:3: a property before");
    check_refused(ASCII("1") "property float x\n", "t.ply:7: this property of the vertices comes twice");
    check_refused(ASCII("1") "element vertex 1\n", "t.ply:7: a second element");
    check_refused(ASCII("1") "property half h\n", "t.ply:7: unknown type");
    check_refused(ASCII("1") "property list float int h\n", "t.ply:7: unknown type");
    check_refused(ASCII("1") "property list uchar int intensity\n",
                  "t.ply:7: x, y, z and intensity must be single");
    check_refused(ASCII("1") "colour red\n", "t.ply:7: expected format");
    check_refused(ASCII("1") "\x01\n", "t.ply:7: not a line");
}

static void test_data_refused(void)
{
    check_refused(ASCII("2") "end_header\n1 2 3\n", "need at least 6 bytes each, but 6 bytes are left");
    check_refused(ASCII("9000000000000000000") "end_header\n1 2 3\n", "t.ply: byte ");
    check_refused(ASCII("2") "end_header\n1 2 3.00000\n", "t.ply:9: the file ends inside its data");
    check_refused(ASCII("2") "end_header\n1 2\n3 1 2 3\n", "t.ply:8: the line has fewer values");
    check_refused(ASCII("1") "end_header\n1 2 3 4\n", "t.ply:8: the line has more values");
    check_refused(ASCII("1") "end_header\n1 2 3\n4 5 6\n", "t.ply:9: more lines");
    check_refused(ASCII("1") "end_header\n1 2 3,5\n", "t.ply:8: one of the values is not a number");
    check_refused(ASCII("1") "end_header\n1 2 0x\n", "t.ply:8: one of the values is not a number");
    check_refused(ASCII("1") "element face 1\nproperty list uchar int i\nend_header\n1 2 3\n-1\n",
                  "t.ply:11: the length");
    check_refused(ASCII("1") "element face 1\nproperty list uchar int i\nend_header\n1 2 3\n3 1 2\n",
                  "t.ply:11: the line");
    check_refused(BINARY("2") "end_header\n123412341234123412341234+", "1 bytes more than the header says");
    check_refused(BINARY("2") "end_header\n12341234123412341234123", "t.ply: byte ");
    check_refused(BINARY("2305843009213693952") "end_header\n123412341234", "the file is truncated");
    check_refused(BINARY("1") "element f 1\nproperty list uint double d\nend_header\n123412341234zzzz",
                  "row 0 of \"f\"");
    bcue_ply cloud;
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_ply_read(fixture_path("absent.ply"), &cloud, &error), BCUE_ERROR_IO);
}

#define FACES(count) "element face " count "\nproperty list uchar int vertex_indices\n"

static void check_mesh_refused(const char *text, const char *part)
{
    bcue_ply_mesh mesh;
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_ply_mesh_decode(text, strlen(text), "t.ply", &mesh, &error), BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, part);
    CHECK(mesh.vertices == NULL && mesh.face_first == NULL && mesh.corners == NULL);
}

/* Faces of different sizes, before or after the vertices, in text and in both byte orders. */
static void test_faces(void)
{
    static const char *const texts[] = {
        ASCII("4") FACES("2") "end_header\n0 0 0\n1 0 0\n1 1 0\n0 1 0.5\n3 0 1 2\n4 0 1 2 3\n",
        "ply\nformat ascii 1.0\nelement face 2\nproperty float weight\nproperty list int short vertex_index\n"
        "element vertex 4\n" XYZ "end_header\n9 3 0 1 2\n9 4 0 1 2 3\n0 0 0\n1 0 0\n1 1 0\n0 1 0.5\n",
    };
    for (size_t i = 0; i < 2; i++) {
        bcue_ply_mesh mesh = {0};
        bcue_error error = {{0}};
        CHECK_OK(bcue_ply_mesh_decode(texts[i], strlen(texts[i]), "t.ply", &mesh, &error), error);
        CHECK_INT(mesh.vertex_count, 4);
        CHECK_INT(mesh.face_count, 2);
        if (mesh.face_count == 2) {
            CHECK(mesh.face_first[0] == 0 && mesh.face_first[1] == 3 && mesh.face_first[2] == 7);
            CHECK(mesh.corners[2] == 2 && mesh.corners[6] == 3 && mesh.vertices[11] == 0.5);
        }
        bcue_ply_mesh_free(&mesh);
    }
    static const unsigned char little[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 63, 3,
                                           0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   0};
    char binary[512];
    int size = snprintf(binary, sizeof binary, "%s", BINARY("1") FACES("1") "end_header\n");
    memcpy(binary + size, little, sizeof little);
    bcue_ply_mesh mesh = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_ply_mesh_decode(binary, (size_t)size + sizeof little, "t.ply", &mesh, &error), error);
    CHECK(mesh.face_count == 1 && mesh.vertices[2] == 1.0 && mesh.corners[2] == 0);
    bcue_ply_mesh_free(&mesh);
    binary[size + 21] = 7; /* the last corner */
    CHECK_STATUS(bcue_ply_mesh_decode(binary, (size_t)size + sizeof little, "t.ply", &mesh, &error),
                 BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "t.ply: byte ");
    CHECK_CONTAINS(error.text, "face 0 has a corner that is not one of the vertices");
}

static void test_faces_refused(void)
{
    check_mesh_refused(ASCII("1") "end_header\n1 2 3\n", "t.ply:7: the header has no element face");
    check_mesh_refused(ASCII("1") FACES("0") FACES("0"), "t.ply:9: a second element \"face\"");
    check_mesh_refused(ASCII("1") "element face 0\nproperty int vertex_indices\n",
                       "t.ply:8: the corners of faces");
    check_mesh_refused(ASCII("1") FACES("1") "property list int int vertex_index\n",
                       "t.ply:9: a second list");
    check_mesh_refused(ASCII("1") FACES("1") "end_header\n1 2 3\n3 0 0 1\n", "t.ply:11: face 0 has a corner");
    check_mesh_refused(ASCII("1") FACES("1") "end_header\n1 2 3\n3 0 0 -1\n",
                       "t.ply:11: face 0 has a corner");
    check_mesh_refused(ASCII("1") FACES("1") "end_header\n1 2 3\n3 0 0 0.5\n",
                       "t.ply:11: face 0 has a corner");
    check_mesh_refused(ASCII("1") FACES("1") "end_header\n1 2 3\n2 0 0\n",
                       "t.ply:11: face 0 has fewer than 3");
    check_mesh_refused(ASCII("1") FACES("1") "end_header\n1 2 3\n4000000000 0 0\n",
                       "more corners than the file");
    check_mesh_refused(ASCII("1") FACES("4000000000") "end_header\n1 2 3\n3 0 0 0\n",
                       "the file is truncated");
}

static bcue_status decode_mesh(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_ply_mesh mesh;
    bcue_status status = bcue_ply_mesh_decode(data, size, name, &mesh, error);
    for (size_t i = 0; status == BCUE_OK && i < mesh.face_first[mesh.face_count]; i++)
        CHECK(mesh.corners[i] < mesh.vertex_count);
    bcue_ply_mesh_free(&mesh);
    return status;
}

static void test_mesh_mangled(void)
{
    static const char text[] =
        ASCII("4") FACES("2") "end_header\n0 0 0\n1 0 0\n1 1 0\n0 1 0.5\n3 0 1 2\n4 0 1 2 3\n";
    mangle_report cut = mangle_truncate((const uint8_t *)text, sizeof text - 1, decode_mesh, "m.ply");
    mangle_report flipped = mangle_flip((const uint8_t *)text, sizeof text - 1, decode_mesh, "m.ply");
    CHECK(cut.refused + 1 >= cut.tried);
    CHECK(flipped.refused > 300);
}

static bcue_status decode(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_ply cloud;
    bcue_status status = bcue_ply_decode(data, size, name, &cloud, error);
    double sum = 0.0;
    for (size_t i = 0; i < 3 * cloud.count; i++)
        sum += isfinite(cloud.points[i]) ? 1.0 : 0.0;
    CHECK(sum <= 3.0 * (double)size);
    bcue_ply_free(&cloud);
    return status;
}

static void test_mangled(void)
{
    for (int c = 0; c < CLOUDS; c++) {
        char name[64];
        snprintf(name, sizeof name, "ply_%s.ply", clouds[c]);
        bcue_bytes bytes = fixture_read(name);
        mangle_report cut = mangle_truncate(bytes.data, bytes.size, decode, name);
        mangle_report flipped = mangle_flip(bytes.data, bytes.size, decode, name);
        bool ascii = strncmp(clouds[c], "ascii", 5) == 0;
        /* An ASCII file may lack its last line end and digits of its last number. */
        CHECK_AT(cut.refused + (ascii ? 4 : 0) >= cut.tried, "%s: %zu of %zu shortened files read", name,
                 cut.tried - cut.refused, cut.tried);
        CHECK(flipped.refused > 100);
        bcue_bytes_free(&bytes);
    }
}

/* Written clouds read back: binary the same bits, ASCII to its six decimals, float to its precision. */
static void test_written(void)
{
    enum { COUNT = 50 };
    double points[3 * COUNT], intensity[COUNT];
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, 0);
    for (int i = 0; i < 3 * COUNT; i++)
        points[i] = bcue_rng_range(&rng, -200, 200);
    for (int i = 0; i < COUNT; i++)
        intensity[i] = (double)(i * 1500);
    for (int layout = BCUE_PLY_ASCII; layout <= BCUE_PLY_BINARY_FLOAT; layout++)
        for (int with = 0; with < 2; with++) {
            const bcue_ply cloud = {.count = COUNT, .points = points, .intensity = with ? intensity : NULL};
            bcue_ply back;
            bcue_bytes bytes;
            bcue_error error = {{0}};
            CHECK_OK(bcue_ply_encode(&cloud, (bcue_ply_layout)layout, &bytes, &error), error);
            CHECK_OK(bcue_ply_decode(bytes.data, bytes.size, "written.ply", &back, &error), error);
            CHECK_INT(back.count, COUNT);
            const double tolerance = layout == BCUE_PLY_ASCII    ? 5.01e-7
                                     : layout == BCUE_PLY_BINARY ? 0
                                                                 : 1e-5;
            for (size_t i = 0; i < 3 * back.count; i++)
                CHECK_NEAR(back.points[i], points[i], tolerance);
            CHECK((back.intensity != NULL) == (with != 0));
            for (size_t i = 0; back.intensity != NULL && i < back.count; i++)
                CHECK_NEAR(back.intensity[i], fmin(intensity[i], 65535), 0);
            bcue_ply_free(&back);
            bcue_bytes_free(&bytes);
        }
    /* The recordings' own layout, and other programs' idea of little endian. */
    const bcue_ply one = {
        .count = 1, .points = (double[]){-12.604652, -0.928885, 2.892489}, .intensity = (double[]){60}};
    bcue_bytes bytes;
    bcue_error error = {{0}};
    CHECK_OK(bcue_ply_encode(&one, BCUE_PLY_ASCII, &bytes, &error), error);
    CHECK_STR((const char *)bytes.data,
              "ply\nformat ascii 1.0\nelement vertex 1\nproperty double x\nproperty double y\n"
              "property double z\nproperty ushort intensity\nend_header\n"
              "-12.604652 -0.928885 2.892489 60\n");
    bcue_bytes_free(&bytes);
    const bcue_ply unit = {.count = 1, .points = (double[]){1, 0, -2}, .intensity = (double[]){258}};
    CHECK_OK(bcue_ply_encode(&unit, BCUE_PLY_BINARY_FLOAT, &bytes, &error), error);
    static const uint8_t tail[14] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0, 2, 1};
    CHECK(bytes.size > 14 && memcmp(bytes.data + bytes.size - 14, tail, 14) == 0);
    bcue_bytes_free(&bytes);
}

int main(void)
{
    RUN(test_written);
    RUN(test_points);
    RUN(test_numbers);
    RUN(test_numbers_round_as_strtod);
    RUN(test_header_refused);
    RUN(test_data_refused);
    RUN(test_faces);
    RUN(test_faces_refused);
    RUN(test_mangled);
    RUN(test_mesh_mangled);
    return check_summary();
}
