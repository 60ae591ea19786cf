#include "scene/gltf_parts.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"

enum { FLOAT_COMPONENT = 5126, BYTE_COMPONENT = 5121 };

bool bcue_gltf_begin(bcue_gltf *gltf)
{
    *gltf = (bcue_gltf){.nodes = json_array(),
                        .meshes = json_array(),
                        .materials = json_array(),
                        .accessors = json_array(),
                        .views = json_array(),
                        .children = json_array(),
                        .channels = json_array(),
                        .samplers = json_array()};
    gltf->failed = gltf->nodes == NULL || gltf->meshes == NULL || gltf->materials == NULL ||
                   gltf->accessors == NULL || gltf->views == NULL || gltf->children == NULL ||
                   gltf->channels == NULL || gltf->samplers == NULL;
    return !gltf->failed;
}

void bcue_gltf_free(bcue_gltf *gltf)
{
    json_t *const arrays[] = {gltf->nodes, gltf->meshes,   gltf->materials, gltf->accessors,
                              gltf->views, gltf->children, gltf->channels,  gltf->samplers};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        json_decref(arrays[i]);
    bcue_text_free(&gltf->bytes);
    *gltf = (bcue_gltf){0};
}

int bcue_gltf_add(bcue_gltf *gltf, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) {
        gltf->failed = true;
        return 0;
    }
    return (int)json_array_size(array) - 1;
}

/* Bytes at the end of the buffer, on a multiple of 4, as a view of their own. */
static int add_view(bcue_gltf *gltf, const void *data, size_t size, bcue_gltf_target target)
{
    static const char zeros[4];
    bcue_text_append(&gltf->bytes, zeros, (4 - gltf->bytes.size % 4) % 4);
    json_t *view = json_pack("{s:i, s:I, s:I}", "buffer", 0, "byteOffset", (json_int_t)gltf->bytes.size,
                             "byteLength", (json_int_t)size);
    if (view != NULL && target != BCUE_GLTF_DATA)
        json_object_set_new(view, "target", json_integer(target));
    bcue_text_append(&gltf->bytes, data, size);
    gltf->failed = gltf->failed || gltf->bytes.failed;
    return bcue_gltf_add(gltf, gltf->views, view);
}

static void set_limits(json_t *accessor, const float *values, size_t count, int width)
{
    json_t *least = json_array(), *greatest = json_array();
    for (int c = 0; c < width; c++) {
        float low = values[c], high = values[c];
        for (size_t i = 1; i < count; i++) {
            low = fminf(low, values[i * (size_t)width + (size_t)c]);
            high = fmaxf(high, values[i * (size_t)width + (size_t)c]);
        }
        json_array_append_new(least, json_real((double)low));
        json_array_append_new(greatest, json_real((double)high));
    }
    json_object_set_new(accessor, "min", least);
    json_object_set_new(accessor, "max", greatest);
}

int bcue_gltf_add_floats(bcue_gltf *gltf, const float *values, size_t count, int width,
                         bcue_gltf_target target, bool limits)
{
    static const char *const types[] = {"", "SCALAR", "", "VEC3", "VEC4"};
    int view = add_view(gltf, values, count * (size_t)width * sizeof *values, target);
    json_t *accessor = json_pack("{s:i, s:i, s:I, s:s}", "bufferView", view, "componentType", FLOAT_COMPONENT,
                                 "count", (json_int_t)count, "type", types[width]);
    if (accessor != NULL && limits)
        set_limits(accessor, values, count, width);
    return bcue_gltf_add(gltf, gltf->accessors, accessor);
}

int bcue_gltf_add_colours(bcue_gltf *gltf, const uint8_t *values, size_t count)
{
    int view = add_view(gltf, values, 4 * count, BCUE_GLTF_VERTICES);
    return bcue_gltf_add(gltf, gltf->accessors,
                         json_pack("{s:i, s:i, s:b, s:I, s:s}", "bufferView", view, "componentType",
                                   BYTE_COMPONENT, "normalized", 1, "count", (json_int_t)count, "type",
                                   "VEC4"));
}

int bcue_gltf_material(bcue_gltf *gltf, const bcue_material *material, const float tint[3])
{
    double colour[3];
    char name[80];
    for (int c = 0; c < 3; c++)
        colour[c] = fmin(1.0, fmax(0.0, (double)material->albedo[c] * (double)tint[c]));
    snprintf(name, sizeof name, "%s", material->name);
    if (tint[0] != 1.0f || tint[1] != 1.0f || tint[2] != 1.0f)
        snprintf(name, sizeof name, "%s %02x%02x%02x", material->name, (unsigned)(255.0 * colour[0]),
                 (unsigned)(255.0 * colour[1]), (unsigned)(255.0 * colour[2]));
    size_t index;
    json_t *known;
    json_array_foreach(gltf->materials, index, known)
    {
        if (strcmp(json_string_value(json_object_get(known, "name")), name) == 0)
            return (int)index;
    }
    /* Names need not be UTF-8 in the file they came from. */
    json_t *text = json_string(name);
    if (text == NULL) {
        snprintf(name, sizeof name, "material %zu", json_array_size(gltf->materials));
        text = json_string(name);
    }
    return bcue_gltf_add(gltf, gltf->materials,
                         json_pack("{s:o, s:b, s:{s:[f, f, f, f], s:f, s:f}}", "name", text, "doubleSided", 1,
                                   "pbrMetallicRoughness", "baseColorFactor", colour[0], colour[1], colour[2],
                                   1.0, "metallicFactor", 0.0, "roughnessFactor",
                                   1.0 - 0.7 * (double)material->gloss));
}

/* ---- the file ---- */

static json_t *document(bcue_gltf *gltf)
{
    /* Node 0: -90 degrees about x, so that z of the world is y of glTF. */
    json_t *root = json_pack("{s:s, s:[f, f, f, f], s:O}", "name", "world", "rotation", -sqrt(0.5), 0.0, 0.0,
                             sqrt(0.5), "children", gltf->children);
    if (root == NULL || json_array_set_new(gltf->nodes, 0, root) != 0)
        return NULL;
    json_t *made =
        json_pack("{s:{s:s, s:s}, s:i, s:[{s:[i]}], s:O, s:O, s:O, s:O, s:O, s:[{s:I}]}", "asset", "version",
                  "2.0", "generator", "beamcue", "scene", 0, "scenes", "nodes", 0, "nodes", gltf->nodes,
                  "meshes", gltf->meshes, "materials", gltf->materials, "accessors", gltf->accessors,
                  "bufferViews", gltf->views, "buffers", "byteLength", (json_int_t)gltf->bytes.size);
    if (made != NULL && json_array_size(gltf->channels) > 0) {
        json_t *animations = json_pack("[{s:s, s:O, s:O}]", "name", "traffic", "channels", gltf->channels,
                                       "samplers", gltf->samplers);
        if (animations == NULL || json_object_set_new(made, "animations", animations) != 0) {
            json_decref(made);
            return NULL;
        }
    }
    return made;
}

static void write_u32(FILE *stream, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};
    fwrite(bytes, 1, 4, stream);
}

bcue_status bcue_gltf_finish(bcue_gltf *gltf, const char *path, size_t *bytes, bcue_error *error)
{
    json_t *root = gltf->failed ? NULL : document(gltf);
    char *text = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (text == NULL)
        return bcue_fail_memory(error, path);
    size_t text_size = strlen(text), text_pad = (4 - text_size % 4) % 4, pad = (4 - gltf->bytes.size % 4) % 4;
    uint64_t total = 12 + 8 + (uint64_t)text_size + text_pad + 8 + (uint64_t)gltf->bytes.size + pad;
    if (total > UINT32_MAX) {
        free(text);
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: the scene needs %.1f GiB, and binary glTF ends at 4",
                         path, (double)total / (1024.0 * 1024.0 * 1024.0));
    }
    bcue_file_writer writer;
    bcue_status status = bcue_file_writer_open(&writer, path, error);
    if (status == BCUE_OK) {
        fwrite("glTF", 1, 4, writer.stream);
        write_u32(writer.stream, 2);
        write_u32(writer.stream, (uint32_t)total);
        write_u32(writer.stream, (uint32_t)(text_size + text_pad));
        fwrite("JSON", 1, 4, writer.stream);
        fwrite(text, 1, text_size, writer.stream);
        fwrite("   ", 1, text_pad, writer.stream);
        write_u32(writer.stream, (uint32_t)(gltf->bytes.size + pad));
        fwrite("BIN\0", 1, 4, writer.stream);
        fwrite(gltf->bytes.data, 1, gltf->bytes.size, writer.stream);
        fwrite("\0\0\0", 1, pad, writer.stream);
        status = bcue_file_writer_commit(&writer, error);
    }
    free(text);
    *bytes = (size_t)total;
    return status;
}
