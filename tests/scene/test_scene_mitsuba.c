/* Mitsuba XML scenes: made-up ones against hand-computed places, damaged ones against their sentences, and
   the scenes of the sionna-rt package against counts taken from their files with Python. */
#include <math.h>
#include <time.h>

#include "check.h"
#include "mangle.h"
#include "scene/import.h"
#include "scene/mitsuba_document.h"
#include "scene_scratch.h"

enum { DEEP = 70 };

#define CONCRETE                                                                                             \
    "<bsdf type=\"itu-radio-material\" id=\"wall\"><string name=\"type\" value=\"concrete\"/>"               \
    "<float name=\"thickness\" value=\"0.3\"/></bsdf>"
#define SCENE(body) "<scene version=\"2.1.0\">\n" body "\n</scene>\n"
#define TRIANGLE                                                                                             \
    "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"        \
    "element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n2 0 0\n0 3 0\n3 0 1 2\n"

static bcue_status import_text(const char *text, const bcue_import_options *options, bcue_world *world,
                               bcue_import_report *report, bcue_error *error)
{
    *world = (bcue_world){0};
    return bcue_world_import(scratch_write("scene.xml", text), options, world, report, error);
}

static void test_shapes_and_materials(void)
{
    bcue_world world;
    bcue_import_report report;
    bcue_error error = {{0}};
    scratch_write("part.ply", TRIANGLE);
    CHECK_OK(
        import_text(SCENE(CONCRETE
                          "<bsdf type=\"twosided\" id=\"mat-itu_glass\"><bsdf type=\"diffuse\"><rgb "
                          "name=\"reflectance\" value=\"0.1 0.2 0.3\"/></bsdf></bsdf>"
                          "<bsdf type=\"radio-material\" id=\"own\"><float name=\"relative_permittivity\" "
                          "value=\"4\"/><float name=\"conductivity\" value=\"0.5\"/></bsdf>"
                          "<integrator type=\"path\"><integer name=\"max_depth\" value=\"3\"/></integrator>"
                          "<shape type=\"ply\" id=\"mesh-floor\"><string name=\"filename\" "
                          "value=\"part.ply\"/><ref id=\"wall\" name=\"bsdf\"/></shape>"
                          "<shape type=\"cube\" id=\"box\"><transform name=\"to_world\"><scale "
                          "value=\"0.5\"/><translate x=\"10\" z=\"0.5\"/></transform><ref "
                          "id=\"mat-itu_glass\"/></shape>"
                          "<shape type=\"rectangle\" id=\"sheet\"><ref id=\"own\"/></shape>"),
                    NULL, &world, &report, &error),
        error);
    CHECK_INT(report.objects, 3);
    CHECK_INT(report.triangles, 1 + 12 + 2);
    CHECK_INT(report.vertices, 3 + 8 + 4);
    CHECK_INT(report.files, 2);
    CHECK_INT(report.open_objects, 2); /* the triangle and the sheet; the cube is closed */
    CHECK_INT(world.material_count, BCUE_MATERIAL_COUNT + 3);
    if (world.material_count != BCUE_MATERIAL_COUNT + 3)
        return;
    CHECK_STR(world.materials[BCUE_MATERIAL_COUNT].name, "wall");
    CHECK_STR(world.materials[BCUE_MATERIAL_COUNT + 1].name, "mat-itu_glass");
    CHECK_NEAR(world.materials[BCUE_MATERIAL_COUNT + 1].albedo[1], 0.2, 1e-6);
    CHECK_STR(world.materials[BCUE_MATERIAL_COUNT + 2].name, "own");
    const bcue_radio_material *radio = &world.materials[BCUE_MATERIAL_COUNT].radio;
    CHECK(strcmp(radio->name, "concrete") == 0 && radio->slab && radio->thickness_m == 0.3);
    CHECK_NEAR(creal(bcue_radio_permittivity(radio, 28e9, NULL)), 5.24, 1e-12); /* P.2040-4, table 3 */
    radio = &world.materials[BCUE_MATERIAL_COUNT + 1].radio;
    CHECK(strcmp(radio->name, "glass") == 0 && radio->slab && radio->thickness_m == 0.1);
    bool extrapolated = false;
    radio = &world.materials[BCUE_MATERIAL_COUNT + 2].radio;
    double complex own = bcue_radio_permittivity(radio, 77e9, &extrapolated);
    CHECK_NEAR(creal(own), 4.0, 1e-12);
    CHECK_NEAR(cimag(own), -0.5 / (2.0 * BCUE_PI * 77e9 * 8.8541878128e-12), 1e-6);
    CHECK(!extrapolated);
    CHECK_INT(world.objects[0].kind, BCUE_OBJECT_GROUND);
    CHECK_INT(world.objects[1].kind, BCUE_OBJECT_BUILDING);
    bcue_vec3 low = {INFINITY, INFINITY, INFINITY}, high = {-INFINITY, -INFINITY, -INFINITY};
    double volume = 0.0;
    for (size_t i = 0; i < world.statics.triangle_count; i++) {
        const bcue_triangle *triangle = &world.statics.triangles[i];
        if (triangle->object != 1)
            continue;
        CHECK_INT(triangle->material, BCUE_MATERIAL_COUNT + 1);
        bcue_vec3 v[3];
        for (int k = 0; k < 3; k++) {
            v[k] = world.statics.vertices[triangle->vertex[k]];
            low = bcue_vec3_make(fmin(low.x, v[k].x), fmin(low.y, v[k].y), fmin(low.z, v[k].z));
            high = bcue_vec3_make(fmax(high.x, v[k].x), fmax(high.y, v[k].y), fmax(high.z, v[k].z));
        }
        volume += bcue_vec3_dot(v[0], bcue_vec3_cross(v[1], v[2])) / 6.0;
    }
    CHECK(low.x == 9.5 && high.x == 10.5 && low.y == -0.5 && high.y == 0.5 && low.z == 0.0 && high.z == 1.0);
    CHECK_NEAR(volume, 1.0, 1e-12); /* so all its sides face outwards */
    bcue_world_free(&world);
}

/* The steps of a transform act in the order in which they are written. */
static void test_transforms(void)
{
    static const struct {
        const char *steps;
        double x, y, z; /* where corner (1, 1, 0) of the rectangle comes to lie */
    } cases[] = {
        {"<translate x=\"1\"/><scale value=\"2\"/>", 4, 2, 0},
        {"<scale x=\"2\" y=\"3\"/><translate value=\"1, 1, 5\"/>", 3, 4, 5},
        {"<rotate z=\"1\" angle=\"90\"/>", -1, 1, 0},
        {"<rotate x=\"1\" angle=\"90\"/><rotate value=\"0 0 2\" angle=\"180\"/>", -1, 0, 1},
        {"<matrix value=\"0 0 1 7  1 0 0 8  0 1 0 9  0 0 0 1\"/>", 7, 9, 10},
        {"<matrix value=\"1 0 0  0 2 0  0 0 1\"/><translate y=\"$up\"/>", 1, 4.5, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 SCENE("<default name=\"up\" value=\"2.5\"/>" CONCRETE
                       "<shape type=\"rectangle\"><transform name=\"to_world\">%s</transform><ref "
                       "id=\"wall\"/></shape>"),
                 cases[i].steps);
        bcue_world world;
        bcue_error error = {{0}};
        CHECK_OK(import_text(text, NULL, &world, NULL, &error), error);
        if (world.statics.vertex_count == 4) {
            CHECK_NEAR(world.statics.vertices[2].x, cases[i].x, 1e-12);
            CHECK_NEAR(world.statics.vertices[2].y, cases[i].y, 1e-12);
            CHECK_NEAR(world.statics.vertices[2].z, cases[i].z, 1e-12);
        }
        bcue_world_free(&world);
    }
}

/* A mirrored rectangle keeps its front where the mirror puts it, flip_normals turns it round. */
static void test_orientation(void)
{
    static const struct {
        const char *inside;
        double normal_z;
    } cases[] = {
        {"", 1},
        {"<transform name=\"to_world\"><scale x=\"-1\"/></transform>", 1},
        {"<boolean name=\"flip_normals\" value=\"true\"/>", -1},
        {"<transform name=\"to_world\"><rotate x=\"1\" angle=\"180\"/></transform>", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text, SCENE(CONCRETE "<shape type=\"rectangle\">%s<ref id=\"wall\"/></shape>"),
                 cases[i].inside);
        bcue_world world;
        bcue_error error = {{0}};
        CHECK_OK(import_text(text, NULL, &world, NULL, &error), error);
        for (size_t t = 0; t < world.statics.triangle_count; t++) {
            const uint32_t *corner = world.statics.triangles[t].vertex;
            bcue_vec3 a = world.statics.vertices[corner[0]];
            bcue_vec3 normal =
                bcue_vec3_unit(bcue_vec3_cross(bcue_vec3_sub(world.statics.vertices[corner[1]], a),
                                               bcue_vec3_sub(world.statics.vertices[corner[2]], a)));
            CHECK_NEAR(normal.z, cases[i].normal_z, 1e-12);
        }
        bcue_world_free(&world);
    }
}

static void test_axes(void)
{
    bcue_world world;
    bcue_error error = {{0}};
    bcue_import_options options = {.y_up = true, .unit_m = 0.01, .shift_m = {100, 0, 0}};
    scratch_write("part.ply", TRIANGLE);
    CHECK_OK(
        import_text(SCENE(CONCRETE "<shape type=\"ply\"><string name=\"filename\" value=\"part.ply\"/><ref "
                                   "id=\"wall\"/></shape>"),
                    &options, &world, NULL, &error),
        error);
    CHECK_NEAR(world.statics.vertices[1].x, 100.02, 1e-12);
    CHECK_NEAR(world.statics.vertices[2].z, 0.03, 1e-12); /* what was up, y, is up */
    CHECK_NEAR(world.statics.vertices[2].y, 0.0, 1e-12);
    bcue_world_free(&world);
}

static void check_refused(const char *text, const bcue_import_options *options, bcue_status expected,
                          const char *part)
{
    bcue_world world;
    bcue_error error = {{0}};
    bcue_status status = import_text(text, options, &world, NULL, &error);
    CHECK_AT(status == expected, "%s instead of: %s (%s)", bcue_status_name(status), part, error.text);
    CHECK_CONTAINS(error.text, part);
    CHECK(world.objects == NULL && world.statics.vertices == NULL);
    bcue_world_free(&world);
}

#define PLY_SHAPE(file)                                                                                      \
    SCENE(CONCRETE "\n<shape type=\"ply\" id=\"house\"><string name=\"filename\" value=\"" file              \
                   "\"/><ref id=\"wall\"/></shape>")
#define PLY_TEXT(vertices, faces, body)                                                                      \
    "ply\nformat ascii 1.0\nelement vertex " vertices                                                        \
    "\nproperty float x\nproperty float y\nproperty float z\nelement face " faces                            \
    "\nproperty list uchar int vertex_indices\nend_header\n" body

static void test_refused_documents(void)
{
    check_refused("<scene>", NULL, BCUE_ERROR_FORMAT, "scene.xml:1: not well-formed XML");
    check_refused("<html/>", NULL, BCUE_ERROR_FORMAT, "scene.xml:1: <html>: neither a Mitsuba scene");
    check_refused("<!DOCTYPE scene [<!ENTITY a \"b\">]><scene/>", NULL, BCUE_ERROR_FORMAT,
                  "scene.xml:1: a document type");
    check_refused(SCENE(""), NULL, BCUE_ERROR_DATA, "scene.xml: nothing to build a world from");
    check_refused(SCENE("<shape type=\"sphere\"/>"), NULL, BCUE_ERROR_UNSUPPORTED,
                  "scene.xml:2: shape type \"sphere\"; ply, obj");
    check_refused(SCENE("<shape/>"), NULL, BCUE_ERROR_FORMAT,
                  "scene.xml:2: <shape>: the attribute \"type\" is missing");
    check_refused(SCENE("<shape type=\"ply\" id=\"h\"/>"), NULL, BCUE_ERROR_FORMAT,
                  "scene.xml:2: shape \"h\" has no <string name=\"filename\">");
    check_refused(SCENE("<shape type=\"cube\" id=\"h\"/>"), NULL, BCUE_ERROR_FORMAT,
                  "scene.xml:2: shape \"h\" has no material");
    check_refused(SCENE("<shape type=\"cube\" id=\"h\"><ref id=\"gold\"/></shape>"), NULL, BCUE_ERROR_DATA,
                  "scene.xml:2: shape \"h\" refers to \"gold\", and no <bsdf> has that id");
    check_refused(SCENE(CONCRETE CONCRETE), NULL, BCUE_ERROR_FORMAT,
                  "scene.xml:2: <bsdf>: the id \"wall\" is taken");
    check_refused(SCENE("<bsdf type=\"itu-radio-material\"/>"), NULL, BCUE_ERROR_FORMAT, "needs an id");
    check_refused(SCENE("<bsdf type=\"radio-material\" id=\"a\"><float name=\"conductivity\" "
                        "value=\"-1\"/></bsdf>"),
                  NULL, BCUE_ERROR_FORMAT, "scene.xml:2: <float>: value must be one number from 0 to");
    check_refused(SCENE("<bsdf type=\"itu-radio-material\" id=\"m\"><string name=\"type\" "
                        "value=\"concret\"/></bsdf><shape type=\"cube\"><ref id=\"m\"/></shape>"),
                  NULL, BCUE_ERROR_DATA, "scene.xml:2: \"m\" is no material of ITU-R P.2040");
    check_refused(SCENE("<bsdf type=\"diffuse\" id=\"itu_concret\"/><shape type=\"cube\"><ref "
                        "id=\"itu_concret\"/></shape>"),
                  NULL, BCUE_ERROR_DATA, "(did you mean \"concrete\"?)");
    check_refused(SCENE("<shape type=\"cube\"><transform><translate x=\"nan\"/></transform></shape>"), NULL,
                  BCUE_ERROR_FORMAT, "scene.xml:2: <translate>: x=\"nan\" is not made of numbers");
    check_refused(SCENE("<shape type=\"cube\"><transform><scale value=\"$s\"/></transform></shape>"), NULL,
                  BCUE_ERROR_FORMAT, "value=\"$s\" has no <default>");
    check_refused(SCENE("<include filename=\"b.xml\"/>"), NULL, BCUE_ERROR_FORMAT, "scenes in several files");
    char deep[DEEP * 8];
    size_t size = 0;
    for (int i = 0; i < DEEP; i++)
        size += (size_t)snprintf(deep + size, sizeof deep - size, i == 0 ? "<scene>" : "<a>");
    check_refused(deep, NULL, BCUE_ERROR_FORMAT, "scene.xml:1: <a>: nested deeper than 64 elements");
}

static void test_refused_meshes(void)
{
    bcue_import_options strict = {.strict = true};
    check_refused(PLY_SHAPE("absent.ply"), NULL, BCUE_ERROR_IO, "scene.xml:3: shape \"house\": ");
    check_refused(PLY_SHAPE("absent.ply"), NULL, BCUE_ERROR_IO, "absent.ply");
    scratch_write("bad.ply", PLY_TEXT("3", "1", "0 0 0\n1 nan 0\n0 1 0\n3 0 1 2\n"));
    check_refused(PLY_SHAPE("bad.ply"), NULL, BCUE_ERROR_DATA,
                  "bad.ply: vertex 1 of \"house\" is (1, nan, 0)");
    scratch_write("bad.ply", PLY_TEXT("3", "1", "0 0 0\n1 1e30 0\n0 1 0\n3 0 1 2\n"));
    check_refused(PLY_SHAPE("bad.ply"), NULL, BCUE_ERROR_DATA, "farther than 1e+07 m from the origin");
    scratch_write("bad.ply", PLY_TEXT("3", "1", "0 0 0\n1 0 0\n0 1 0\n3 0 1 3\n"));
    check_refused(PLY_SHAPE("bad.ply"), NULL, BCUE_ERROR_FORMAT,
                  "bad.ply:13: face 0 has a corner that is not");
    scratch_write("bad.ply", PLY_TEXT("4", "2", "0 0 0\n1 0 0\n2 0 0\n0 1 0\n3 0 1 3\n3 0 1 2\n"));
    check_refused(PLY_SHAPE("bad.ply"), &strict, BCUE_ERROR_DATA,
                  "bad.ply: triangle 1 of \"house\" has no area");
    scratch_write("bad.ply", PLY_TEXT("3", "1", "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"));
    check_refused(PLY_SHAPE("bad.ply"), &strict, BCUE_ERROR_DATA,
                  "bad.ply: \"house\" has a hole: 3 edges belong to one triangle only");
    scratch_write("bad.ply", PLY_TEXT("4", "1", "0 0 0\n1 1 0\n1 0 0\n0 1 0\n4 0 1 2 3\n"));
    check_refused(PLY_SHAPE("bad.ply"), NULL, BCUE_ERROR_DATA, "bad.ply: face 0 has 4 corners and no simple");
    scratch_write("bad.ply", PLY_TEXT("3", "1", "0 0 0\n1 0 0\n0 1 0\n2 0 1\n"));
    check_refused(PLY_SHAPE("bad.ply"), NULL, BCUE_ERROR_FORMAT,
                  "bad.ply:13: face 0 has fewer than 3 corners");
    check_refused(PLY_SHAPE("scene.xml"), NULL, BCUE_ERROR_FORMAT, "not a PLY file");
}

/* Without `strict` a triangle without area is left out, said and counted; a polygon is cut. */
static void test_tolerated(void)
{
    bcue_world world;
    bcue_import_report report;
    bcue_error error = {{0}};
    bcue_hooks hooks = {.log = scratch_log};
    bcue_import_options options = {.hooks = &hooks};
    scratch_log_text[0] = '\0';
    scratch_write("odd.ply", PLY_TEXT("7", "3",
                                      "0 0 0\n4 0 0\n4 4 0\n2 1 0\n0 4 0\n4 0 9\n0 0 9\n"
                                      "5 0 1 2 3 4\n3 0 1 1\n4 0 6 5 1\n"));
    CHECK_OK(import_text(PLY_SHAPE("odd.ply"), &options, &world, &report, &error), error);
    CHECK_INT(report.zero_area, 1);
    CHECK_INT(report.triangles, 3 + 2);
    CHECK_INT(report.open_objects, 1);
    CHECK_CONTAINS(scratch_log_text, "odd.ply: triangle 3 of \"house\" has no area and is left out");
    double area = 0.0;
    for (size_t i = 0; i < world.statics.triangle_count; i++) {
        const uint32_t *corner = world.statics.triangles[i].vertex;
        bcue_vec3 a = world.statics.vertices[corner[0]];
        bcue_vec3 twice = bcue_vec3_cross(bcue_vec3_sub(world.statics.vertices[corner[1]], a),
                                          bcue_vec3_sub(world.statics.vertices[corner[2]], a));
        if (twice.z != 0.0) {
            CHECK(twice.z > 0.0);
            area += 0.5 * twice.z;
        } else {
            CHECK(twice.y > 0.0); /* (0,0,0) (0,0,9) (4,0,9) (4,0,0): its front looks north */
        }
    }
    CHECK_NEAR(area, 16.0 - 0.5 * 4.0 * 3.0, 1e-12); /* the square less the notch down to (2, 1) */
    bcue_world_free(&world);
}

static void test_material_map(void)
{
    bcue_world world;
    bcue_error error = {{0}};
    char map[256];
    bcue_import_options options = {.materials = map};
    static const char *const scene =
        SCENE("<bsdf type=\"diffuse\" id=\"Wall_03\"/><bsdf type=\"diffuse\" id=\"Odd\"/>"
              "<shape type=\"cube\"><ref id=\"Wall_03\"/></shape><shape "
              "type=\"cube\"><ref id=\"Odd\"/></shape>");
    snprintf(map, sizeof map, "%s",
             scratch_write("map.yaml",
                           "materials:\n  - name: Wall_*\n    radio: itu_brick\n    colour: [1, 0, "
                           "0.5]\nfallback: glass\n"));
    CHECK_OK(import_text(scene, &options, &world, NULL, &error), error);
    const bcue_material *wall = bcue_world_material(&world, bcue_world_find_material(&world, "Wall_03"));
    CHECK_NEAR(wall->albedo[2], 0.5, 1e-6);
    CHECK_INT(wall->pattern, BCUE_PATTERN_BRICKS);
    bcue_world_free(&world);
    snprintf(map, sizeof map, "%s",
             scratch_write("map.yaml", "materials:\n  - name: Wall_*\n    radio: brick\n"));
    check_refused(scene, &options, BCUE_ERROR_DATA, "scene.xml:2: \"Odd\" is no material of ITU-R P.2040");
    snprintf(map, sizeof map, "%s",
             scratch_write("map.yaml", "materials:\n  - name: Wall_*\n    radio: bricks\n"));
    check_refused(scene, &options, BCUE_ERROR_CONFIG, "map.yaml:3: \"bricks\" is no material");
    snprintf(map, sizeof map, "%s", scratch_write("map.yaml", "materials:\n  - radio: brick\n"));
    check_refused(scene, &options, BCUE_ERROR_CONFIG, "map.yaml:2: ");
    snprintf(map, sizeof map, "%s", scratch_path("absent.yaml"));
    check_refused(scene, &options, BCUE_ERROR_IO, "absent.yaml");
}

static bcue_status decode(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_mitsuba_document document;
    bcue_status status = bcue_mitsuba_decode(data, size, name, &document, error);
    CHECK(status == BCUE_OK || (document.shapes == NULL && document.materials == NULL));
    bcue_mitsuba_free(&document);
    return status;
}

static void test_mangled(void)
{
    static const char text[] = SCENE("<default name=\"up\" value=\"2.5\"/>\n" CONCRETE
                                     "\n<shape type=\"ply\" id=\"house\">\n<string name=\"filename\" "
                                     "value=\"a.ply\"/>\n<transform name=\"to_world\"><rotate x=\"1\" "
                                     "angle=\"90\"/><matrix value=\"1 0 0 0 2 0 0 0 1\"/></transform>\n<ref "
                                     "id=\"wall\" name=\"bsdf\"/>\n</shape>");
    mangle_report cut = mangle_truncate((const uint8_t *)text, sizeof text - 2, decode, "m.xml");
    mangle_report flipped = mangle_flip((const uint8_t *)text, sizeof text - 1, decode, "m.xml");
    CHECK_INT(cut.refused, cut.tried);
    CHECK(flipped.refused > 300);
}

/* Shapes, vertices and triangles of each scene, counted from the headers of its PLY files. */
static const struct {
    const char *name;
    size_t shapes, vertices, triangles;
} sionna[] = {
    {"box", 1, 8, 12},
    {"box_knife", 2, 17, 20},
    {"box_one_screen", 2, 12, 14},
    {"box_two_screens", 3, 16, 16},
    {"double_reflector", 2, 8, 4},
    {"etoile", 565, 13251, 13098},
    {"floor_wall", 2, 8, 4},
    {"florence", 2639, 36190, 35373},
    {"munich", 2367, 34044, 38936},
    {"san_francisco", 4735, 177359, 268041},
    {"simple_reflector", 1, 4, 2},
    {"simple_street_canyon", 7, 52, 74},
    {"simple_street_canyon_with_cars", 15, 148, 234},
    {"simple_wedge", 1, 6, 4},
    {"triple_reflector", 3, 12, 6},
};

static void test_sionna_scenes(void)
{
    const char *folder = getenv("BCUE_SIONNA_SCENES");
    char fallback[512], path[1024];
    snprintf(fallback, sizeof fallback, "%s/sionna-rt/sionna/rt/scenes", BCUE_BINARY_DIR);
    if (folder == NULL)
        folder = fallback;
    if (!bcue_path_is_dir(folder))
        SKIP("no %s; tools/peer/get_sionna_scenes.sh brings it", folder);
    for (size_t i = 0; i < sizeof sionna / sizeof sionna[0]; i++) {
        bcue_world world = {0};
        bcue_import_report report = {0};
        bcue_error error = {{0}};
        struct timespec start, end;
        snprintf(path, sizeof path, "%s/%s/%s.xml", folder, sionna[i].name, sionna[i].name);
        clock_gettime(CLOCK_MONOTONIC, &start);
        CHECK_OK(bcue_world_import(path, NULL, &world, &report, &error), error);
        clock_gettime(CLOCK_MONOTONIC, &end);
        double seconds = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
        printf("%s: %zu objects, %zu triangles, %.3f s\n", sionna[i].name, report.objects, report.triangles,
               seconds);
        CHECK_INT(report.objects, sionna[i].shapes);
        CHECK_INT(report.vertices, sionna[i].vertices);
        CHECK_INT(report.triangles + report.zero_area, sionna[i].triangles);
        bcue_world_free(&world);
    }
}

int main(void)
{
    RUN(test_shapes_and_materials);
    RUN(test_transforms);
    RUN(test_orientation);
    RUN(test_axes);
    RUN(test_refused_documents);
    RUN(test_refused_meshes);
    RUN(test_tolerated);
    RUN(test_material_map);
    RUN(test_mangled);
    RUN(test_sionna_scenes);
    scratch_remove();
    return check_summary();
}
