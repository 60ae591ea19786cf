/* Binary glTF of worlds and traffic: read back by Assimp (through the importer), and its animation by hand.
 */
#include <math.h>
#include <stdint.h>

#include "base/json.h"
#include "base/memory.h"
#include "check.h"
#include "scene/fcd_import.h"
#include "scene/gltf_export.h"
#include "scene/import.h"
#include "scene_scratch.h"
#include "world/street.h"

/* An open .glb. */
typedef struct opened {
    bcue_bytes file;
    json_t *root;
    const uint8_t *buffer;
    size_t buffer_size;
} opened;

static uint32_t u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool open_glb(const char *path, opened *glb)
{
    bcue_error error = {{0}};
    *glb = (opened){0};
    CHECK_OK(bcue_file_read(path, 1 << 28, &glb->file, &error), error);
    const uint8_t *data = glb->file.data;
    size_t size = glb->file.size;
    if (size < 28 || memcmp(data, "glTF", 4) != 0 || u32(data + 4) != 2 || u32(data + 8) != size)
        return false;
    size_t text = u32(data + 12);
    if (text % 4 != 0 || 28 + text > size || memcmp(data + 16, "JSON", 4) != 0 ||
        memcmp(data + 20 + text + 4, "BIN\0", 4) != 0 || 28 + text + u32(data + 20 + text) != size)
        return false;
    glb->root = json_loadb((const char *)data + 20, text, JSON_REJECT_DUPLICATES, NULL);
    glb->buffer = data + 28 + text;
    glb->buffer_size = size - 28 - text;
    return glb->root != NULL;
}

static void close_glb(opened *glb)
{
    json_decref(glb->root);
    bcue_bytes_free(&glb->file);
}

static int64_t number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
}

static const json_t *item(const opened *glb, const char *array, int64_t index)
{
    return json_array_get(json_object_get(glb->root, array), (size_t)index);
}

/* The floats of an accessor, which must lie in its view and the view in the buffer. */
static const float *floats(const opened *glb, int64_t index, size_t *count)
{
    const json_t *accessor = item(glb, "accessors", index);
    const json_t *view = item(glb, "bufferViews", number(accessor, "bufferView"));
    const char *type = json_string_value(json_object_get(accessor, "type"));
    size_t width = type == NULL ? 0 : strcmp(type, "SCALAR") == 0 ? 1 : strcmp(type, "VEC3") == 0 ? 3 : 4;
    *count = (size_t)number(accessor, "count");
    size_t offset = (size_t)number(view, "byteOffset"), length = (size_t)number(view, "byteLength");
    CHECK(number(accessor, "componentType") == 5126 && width > 0);
    CHECK(offset % 4 == 0 && offset + length <= glb->buffer_size && 4 * width * *count <= length);
    return (const float *)(const void *)(glb->buffer + offset);
}

/* Triangles, box and surface of the static world, and of the part that Assimp reads from the file. */
static void test_read_back(void)
{
    static const bcue_street_config street = {.length_m = 200,
                                              .lane_width_m = 3.5,
                                              .setback_m = 8,
                                              .sidewalk_m = 3,
                                              .yard_m = 2,
                                              .building_min_height_m = 8,
                                              .building_max_height_m = 20,
                                              .tree_spacing_m = 12};
    bcue_world made, read = {0};
    bcue_gltf_report report = {0};
    bcue_error error = {{0}};
    char path[256];
    CHECK_OK(bcue_world_make_street(&street, 3, &made, &error), error);
    snprintf(path, sizeof path, "%s", scratch_path("street.glb"));
    CHECK_OK(bcue_gltf_write(path, &made, NULL, &report, &error), error);
    bcue_import_options options = {.materials = scratch_write("all.yaml", "fallback: concrete\n")};
    CHECK_OK(bcue_world_import(path, &options, &read, NULL, &error), error);
    CHECK_INT(read.statics.triangle_count, made.statics.triangle_count);
    double area[2][BCUE_MATERIAL_COUNT] = {{0}};
    bcue_vec3 low[2] = {{1e9, 1e9, 1e9}, {1e9, 1e9, 1e9}}, high[2] = {{-1e9, -1e9, -1e9}, {-1e9, -1e9, -1e9}};
    for (int w = 0; w < 2; w++) {
        const bcue_world *world = w == 0 ? &made : &read;
        for (size_t i = 0; i < world->statics.triangle_count; i++) {
            const bcue_triangle *triangle = &world->statics.triangles[i];
            bcue_vec3 v[3];
            for (int k = 0; k < 3; k++) {
                v[k] = world->statics.vertices[triangle->vertex[k]];
                low[w] =
                    bcue_vec3_make(fmin(low[w].x, v[k].x), fmin(low[w].y, v[k].y), fmin(low[w].z, v[k].z));
                high[w] =
                    bcue_vec3_make(fmax(high[w].x, v[k].x), fmax(high[w].y, v[k].y), fmax(high[w].z, v[k].z));
            }
            /* The importer names materials as the file does. */
            const char *name = bcue_world_material(world, triangle->material)->name;
            bcue_material_id id = bcue_world_find_material(&made, name);
            CHECK_AT(id < BCUE_MATERIAL_COUNT, "material \"%s\" is unknown", name);
            if (id < BCUE_MATERIAL_COUNT)
                area[w][id] +=
                    bcue_vec3_norm(bcue_vec3_cross(bcue_vec3_sub(v[1], v[0]), bcue_vec3_sub(v[2], v[0])));
        }
    }
    for (int m = 0; m < BCUE_MATERIAL_COUNT; m++)
        CHECK_NEAR(area[1][m], area[0][m], 1e-4 * (1.0 + area[0][m]));
    CHECK(bcue_vec3_norm(bcue_vec3_sub(low[0], low[1])) < 1e-4 &&
          bcue_vec3_norm(bcue_vec3_sub(high[0], high[1])) < 1e-4);
    CHECK(report.bytes > 1000 && report.triangles == made.statics.triangle_count);
    bcue_world_free(&made);
    bcue_world_free(&read);
}

/* The node of a track, by its name "MODEL ID". */
static int64_t find_node(const opened *glb, const char *model, const char *id)
{
    char name[128];
    snprintf(name, sizeof name, "%s %s", model, id);
    size_t index;
    const json_t *node;
    json_array_foreach(json_object_get(glb->root, "nodes"), index, node)
    {
        if (strcmp(json_string_value(json_object_get(node, "name")), name) == 0)
            return (int64_t)index;
    }
    return -1;
}

/* Sampler of a node's channel: its times and values. */
static const float *channel(const opened *glb, int64_t node, const char *path, const float **times,
                            size_t *count)
{
    const json_t *animation = item(glb, "animations", 0), *entry;
    size_t index, values;
    json_array_foreach(json_object_get(animation, "channels"), index, entry)
    {
        const json_t *target = json_object_get(entry, "target");
        if (number(target, "node") != node ||
            strcmp(json_string_value(json_object_get(target, "path")), path) != 0)
            continue;
        const json_t *sampler =
            json_array_get(json_object_get(animation, "samplers"), (size_t)number(entry, "sampler"));
        *times = floats(glb, number(sampler, "input"), count);
        const float *out = floats(glb, number(sampler, "output"), &values);
        CHECK_INT(values, *count);
        return out;
    }
    *count = 0;
    return NULL;
}

static void check_track(const opened *glb, const bcue_world *world, const bcue_traffic *traffic, size_t index)
{
    const bcue_track *track = &traffic->tracks[index];
    int64_t node = find_node(glb, world->models[track->model].name, track->id);
    CHECK_AT(node > 0, "no node for %s", track->id);
    const float *times, *turn_times, *scale_times;
    size_t count, turns, scales;
    const float *place = channel(glb, node, "translation", &times, &count);
    const float *turn = channel(glb, node, "rotation", &turn_times, &turns);
    CHECK_INT(count, track->state_count);
    CHECK_INT(turns, count);
    for (size_t k = 0; k < count && k < turns; k++) {
        bcue_track_state state;
        CHECK(bcue_track_at(traffic, index, (double)times[k], &state));
        CHECK_NEAR(place[3 * k], state.position.x, 1e-4);
        CHECK_NEAR(place[3 * k + 1], state.position.y, 1e-4);
        CHECK_NEAR(remainder(2.0 * atan2((double)turn[4 * k + 2], (double)turn[4 * k + 3]) - state.yaw,
                             2.0 * BCUE_PI),
                   0.0, 1e-4);
        /* Neighbours on the same side of the sphere, or a viewer turns the long way. */
        CHECK(k == 0 || turn[4 * k + 2] * turn[4 * k - 2] + turn[4 * k + 3] * turn[4 * k - 1] > 0.0f);
    }
    const float *scale = channel(glb, node, "scale", &scale_times, &scales);
    double end = track->first_time_s + (double)(track->state_count - 1) * traffic->step_s;
    CHECK_INT(scales, track->first_time_s <= 0.0 && end >= traffic->duration_s
                          ? 0
                          : (1 + (track->first_time_s > 0.0) + (end < traffic->duration_s)));
    for (size_t k = 0; k < scales; k++) {
        bool there =
            (double)scale_times[k] >= track->first_time_s - 1e-4 && (double)scale_times[k] < end - 1e-4;
        CHECK(scale[3 * k] == (there ? 1.0f : 0.0f));
    }
}

static void test_traffic(void)
{
    bcue_world world;
    bcue_traffic traffic;
    bcue_gltf_report report = {0};
    bcue_error error = {{0}};
    char path[512];
    snprintf(path, sizeof path, "%s/tests/scene/data/crossing_jump.xml", BCUE_SOURCE_DIR);
    CHECK_OK(bcue_world_make_plain(200.0, BCUE_MATERIAL_ASPHALT, &world, &error), error);
    CHECK_OK(bcue_fcd_read(path, NULL, &world, &traffic, NULL, &error), error);
    snprintf(path, sizeof path, "%s", scratch_path("traffic.glb"));
    bcue_parked parked = {.model = 1, .position = {5, 6, 0}, .yaw = 1.0, .paint = {1, 0, 0}};
    bcue_world_add_parked(&world, &parked);
    CHECK_OK(bcue_gltf_write(path, &world, &traffic, &report, &error), error);
    CHECK_INT(report.vehicles, traffic.track_count + 1);
    opened glb;
    CHECK(open_glb(path, &glb));
    for (size_t t = 0; glb.root != NULL && t < traffic.track_count; t++)
        check_track(&glb, &world, &traffic, t);
    /* Everything hangs below the root, which turns z up to y up. */
    const json_t *rotation = json_object_get(item(&glb, "nodes", 0), "rotation");
    CHECK_NEAR(json_number_value(json_array_get(rotation, 0)), -sqrt(0.5), 1e-12);
    CHECK_INT(json_array_size(json_object_get(item(&glb, "nodes", 0), "children")),
              json_array_size(json_object_get(glb.root, "nodes")) - 1);
    close_glb(&glb);
    bcue_traffic_free(&traffic);
    bcue_world_free(&world);
}

static void test_refused(void)
{
    bcue_world world;
    bcue_error error = {{0}};
    CHECK_OK(bcue_world_make_plain(10.0, BCUE_MATERIAL_ASPHALT, &world, &error), error);
    CHECK_STATUS(bcue_gltf_write(scratch_path("street.gltf"), &world, NULL, NULL, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "street.gltf: binary glTF is written; its name ends in .glb");
    CHECK_STATUS(bcue_gltf_write(scratch_path("absent/street.glb"), &world, NULL, NULL, &error),
                 BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "absent/street.glb");
    bcue_world_free(&world);
}

int main(void)
{
    RUN(test_read_back);
    RUN(test_traffic);
    RUN(test_refused);
    scratch_remove();
    return check_summary();
}
