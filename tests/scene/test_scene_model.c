/* OBJ, glTF and PLY files: hand-computed places, materials and their map, and damaged files. */
#include <math.h>

#include "check.h"
#include "scene/import.h"
#include "scene_scratch.h"

static void bounds(const bcue_world *world, bcue_vec3 *low, bcue_vec3 *high)
{
    *low = (bcue_vec3){INFINITY, INFINITY, INFINITY};
    *high = (bcue_vec3){-INFINITY, -INFINITY, -INFINITY};
    for (size_t i = 0; i < world->statics.vertex_count; i++) {
        bcue_vec3 v = world->statics.vertices[i];
        *low = bcue_vec3_make(fmin(low->x, v.x), fmin(low->y, v.y), fmin(low->z, v.z));
        *high = bcue_vec3_make(fmax(high->x, v.x), fmax(high->y, v.y), fmax(high->z, v.z));
    }
}

/* Sum of signed volumes of the tetrahedra to the origin: the volume, when every side faces outwards. */
static double volume(const bcue_world *world)
{
    double sum = 0.0;
    for (size_t i = 0; i < world->statics.triangle_count; i++) {
        const uint32_t *corner = world->statics.triangles[i].vertex;
        sum += bcue_vec3_dot(
                   world->statics.vertices[corner[0]],
                   bcue_vec3_cross(world->statics.vertices[corner[1]], world->statics.vertices[corner[2]])) /
               6.0;
    }
    return sum;
}

static void check_box(bcue_vec3 is, double x, double y, double z)
{
    CHECK_NEAR(is.x, x, 1e-5);
    CHECK_NEAR(is.y, y, 1e-5);
    CHECK_NEAR(is.z, z, 1e-5);
}

/* The child's cube is [0, 2]^2 x [3, 5]; turned by 90 degrees about the file's y axis (z to x, x to -z) and
   moved it is x 13..15, y 1..3, z -2..0; with y up that is east 13..15, north 0..2, up 1..3. */
static void test_gltf(void)
{
    static const char *const names[] = {"tower.glb", "tower.gltf"};
    for (int i = 0; i < 2; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/tests/scene/data/%s", BCUE_SOURCE_DIR, names[i]);
        bcue_import_options options = {
            .materials = scratch_write("panel.yaml", "materials:\n  - name: Panel\n    radio: glass\n")};
        bcue_world world = {0};
        bcue_import_report report = {0};
        bcue_error error = {{0}};
        CHECK_OK(bcue_world_import(path, &options, &world, &report, &error), error);
        CHECK_INT(report.triangles, 12);
        CHECK_INT(report.objects, 2);
        bcue_vec3 low, high;
        bounds(&world, &low, &high);
        check_box(low, 13, 0, 1);
        check_box(high, 15, 2, 3);
        CHECK_NEAR(volume(&world), 8.0, 1e-5);
        bcue_material_id brick = bcue_world_find_material(&world, "itu_brick");
        CHECK_NEAR(bcue_world_material(&world, brick)->albedo[2], 0.125, 1e-6);
        for (size_t t = 0; t < world.statics.triangle_count; t++) {
            const bcue_triangle *triangle = &world.statics.triangles[t];
            bcue_vec3 a = world.statics.vertices[triangle->vertex[0]];
            bcue_vec3 normal = bcue_vec3_cross(bcue_vec3_sub(world.statics.vertices[triangle->vertex[1]], a),
                                               bcue_vec3_sub(world.statics.vertices[triangle->vertex[2]], a));
            CHECK((triangle->material == brick) == (fabs(normal.z) < 1e-6));
        }
        bcue_world_free(&world);
        CHECK_STATUS(bcue_world_import(path, NULL, &world, &report, &error), BCUE_ERROR_DATA);
        CHECK_CONTAINS(error.text, "\"Panel\" is no material of ITU-R P.2040");
        CHECK_CONTAINS(error.text, names[i]);
    }
}

#define OBJ_CUBE                                                                                             \
    "mtllib cube.mtl\no wall\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nv 0 0 1\nv 1 0 1\nv 0 1 1\nv 1 1 1\n"      \
    "usemtl itu_wood\nf 1 5 7 3\nf 2 4 8 6\nf 1 2 6 5\nf 3 7 8 4\nusemtl roof tiles\nf 1 3 4 2\nf 5 6 8 7\n"

static void test_obj(void)
{
    bcue_world world = {0};
    bcue_import_report report = {0};
    bcue_error error = {{0}};
    char map[256];
    snprintf(map, sizeof map, "%s", scratch_write("map.yaml", "fallback: metal\n"));
    scratch_write("cube.mtl", "newmtl itu_wood\nKd 0.25 0.5 0.75\nnewmtl roof tiles\nKd 1 0 0\n");
    bcue_import_options options = {.y_up = true, .unit_m = 3.0, .shift_m = {0, 3, 0}, .materials = map};
    CHECK_OK(bcue_world_import(scratch_write("cube.obj", OBJ_CUBE), &options, &world, &report, &error),
             error);
    CHECK_INT(report.triangles, 12);
    bcue_vec3 low, high;
    bounds(&world, &low, &high);
    check_box(low, 0, 0, 0);
    check_box(high, 3, 3, 3);
    CHECK_NEAR(volume(&world), 27.0, 1e-5);
    bcue_material_id wood = bcue_world_find_material(&world, "itu_wood");
    CHECK_NEAR(bcue_world_material(&world, wood)->albedo[1], 0.5, 1e-6);
    CHECK(bcue_world_find_material(&world, "roof tiles") != UINT32_MAX);
    bcue_world_free(&world);
    /* The same mesh as a shape of a Mitsuba scene. */
    CHECK_OK(bcue_world_import(scratch_write("obj.xml",
                                             "<scene><bsdf type=\"itu-radio-material\" id=\"m\"><string "
                                             "name=\"type\" value=\"metal\"/></bsdf><shape "
                                             "type=\"obj\"><string name=\"filename\" "
                                             "value=\"cube.obj\"/><transform "
                                             "name=\"to_world\"><translate z=\"-0.5\"/></transform><ref "
                                             "id=\"m\"/></shape></scene>"),
                               NULL, &world, &report, &error),
             error);
    CHECK_INT(report.triangles, 12);
    CHECK_NEAR(volume(&world), 1.0, 1e-6);
    bounds(&world, &low, &high);
    check_box(low, 0, 0, -0.5);
    bcue_world_free(&world);
}

static void test_ply(void)
{
    static const char text[] = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float "
                               "y\nproperty float z\nelement face 4\nproperty list uchar int vertex_index\n"
                               "end_header\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n";
    bcue_world world = {0};
    bcue_import_report report = {0};
    bcue_error error = {{0}};
    bcue_import_options options = {.strict = true};
    CHECK_OK(bcue_world_import(scratch_write("itu_glass.ply", text), &options, &world, &report, &error),
             error);
    CHECK_INT(report.open_objects, 0);
    CHECK_NEAR(volume(&world), 1.0 / 6.0, 1e-12);
    CHECK(bcue_world_find_material(&world, "itu_glass") != UINT32_MAX);
    bcue_world_free(&world);
    CHECK_STATUS(bcue_world_import(scratch_write("house.ply", text), NULL, &world, &report, &error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "house.ply: \"ply\" is no material of ITU-R P.2040");
}

static void check_refused(const char *path, bcue_status expected, const char *part)
{
    bcue_world world = {0};
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_world_import(path, NULL, &world, NULL, &error), expected);
    CHECK_CONTAINS(error.text, part);
    CHECK(world.objects == NULL);
    bcue_world_free(&world);
}

static void test_refused(void)
{
    check_refused(scratch_path("absent.obj"), BCUE_ERROR_IO, "absent.obj: cannot open");
    check_refused(scratch_path("absent.xml"), BCUE_ERROR_IO, "absent.xml: cannot open");
    check_refused(scratch_write("scene.blend", "x"), BCUE_ERROR_UNSUPPORTED,
                  "a scene is .xml (Mitsuba), .obj");
    check_refused(scratch_write("bad.gltf", "{\"asset\":"), BCUE_ERROR_FORMAT, "bad.gltf: cannot be read: ");
    check_refused(scratch_write("bad.glb", "glTF"), BCUE_ERROR_FORMAT, "bad.glb: cannot be read: ");
    check_refused(scratch_write("nan.obj", "o wall\nusemtl itu_wood\nv 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n"),
                  BCUE_ERROR_DATA, "nan.obj");
}

int main(void)
{
    RUN(test_gltf);
    RUN(test_obj);
    RUN(test_ply);
    RUN(test_refused);
    scratch_remove();
    return check_summary();
}
