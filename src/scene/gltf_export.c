#include "scene/gltf_export.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "scene/gltf_parts.h"

static const float white[3] = {1.0f, 1.0f, 1.0f};

typedef struct gltf_export {
    const bcue_world *world;
    const bcue_traffic *traffic;
    bcue_gltf gltf;
    int **model_positions; /* owned: per model and material of the world, an accessor; -1: none */
    bcue_gltf_report report;
} gltf_export;

/* ---- what stands still ---- */

/* Which triangles make one primitive. */
typedef struct selection {
    const bcue_mesh *mesh;
    const bcue_world *world;
    bcue_object_kind kind; /* of the objects; with `any` all */
    bool any;
    bcue_material_id material;
} selection;

static bool selected(const selection *select, const bcue_triangle *triangle)
{
    return triangle->material == select->material &&
           (select->any || select->world->objects[triangle->object].kind == select->kind);
}

static size_t count_selected(const selection *select)
{
    size_t count = 0;
    for (size_t i = 0; i < select->mesh->triangle_count; i++)
        count += selected(select, &select->mesh->triangles[i]);
    return count;
}

/* Corners of the chosen triangles, three by three; a viewer makes flat normals of their own. The accessor. */
static int add_positions(gltf_export *export, const selection *select, size_t count)
{
    float *values = bcue_calloc(count, 9 * sizeof *values);
    if (values == NULL) {
        export->gltf.failed = true;
        return 0;
    }
    size_t at = 0;
    for (size_t i = 0; i < select->mesh->triangle_count; i++)
        for (int k = 0; k < 3 && selected(select, &select->mesh->triangles[i]); k++) {
            bcue_vec3 v = select->mesh->vertices[select->mesh->triangles[i].vertex[k]];
            values[at++] = (float)v.x;
            values[at++] = (float)v.y;
            values[at++] = (float)v.z;
        }
    int accessor = bcue_gltf_add_floats(&export->gltf, values, 3 * count, 3, BCUE_GLTF_VERTICES, true);
    export->report.triangles += count;
    free(values);
    return accessor;
}

static uint8_t colour_byte(float share)
{
    return (uint8_t)(255.0f * fminf(1.0f, fmaxf(0.0f, share)) + 0.5f);
}

/* The colour of each corner's object. Tints above 1 are cut. */
static int add_tints(gltf_export *export, const selection *select, size_t count)
{
    uint8_t *values = bcue_calloc(count, 12);
    if (values == NULL) {
        export->gltf.failed = true;
        return 0;
    }
    size_t at = 0;
    for (size_t i = 0; i < select->mesh->triangle_count; i++) {
        if (!selected(select, &select->mesh->triangles[i]))
            continue;
        const float *tint = export->world->objects[select->mesh->triangles[i].object].tint;
        for (int k = 0; k < 3; k++, at += 4)
            for (int c = 0; c < 4; c++)
                values[at + (size_t)c] = c == 3 ? 255 : colour_byte(tint[c]);
    }
    int accessor = bcue_gltf_add_colours(&export->gltf, values, 3 * count);
    free(values);
    return accessor;
}

static json_t *primitive(int positions, int colours, int material)
{
    json_t *made = json_pack("{s:{s:i}, s:i}", "attributes", "POSITION", positions, "material", material);
    if (made != NULL && colours >= 0)
        json_object_set_new(json_object_get(made, "attributes"), "COLOR_0", json_integer(colours));
    return made;
}

/* A node with a mesh of these primitives, below the root. */
static int add_mesh_node(gltf_export *export, const char *name, json_t *primitives)
{
    bcue_gltf *gltf = &export->gltf;
    json_t *text = json_string(name);
    int mesh = bcue_gltf_add(gltf, gltf->meshes, json_pack("{s:o}", "primitives", primitives));
    int node = bcue_gltf_add(
        gltf, gltf->nodes,
        json_pack("{s:o, s:i}", "name", text != NULL ? text : json_string("node"), "mesh", mesh));
    bcue_gltf_add(gltf, gltf->children, json_integer(node));
    return node;
}

static void add_statics(gltf_export *export)
{
    static const char *const names[] = {[BCUE_OBJECT_GROUND] = "ground",
                                        [BCUE_OBJECT_BUILDING] = "buildings",
                                        [BCUE_OBJECT_TREE] = "trees",
                                        [BCUE_OBJECT_LAMP_POST] = "lamp posts",
                                        [BCUE_OBJECT_SIGN] = "signs",
                                        [BCUE_OBJECT_BUS_STOP] = "bus stops",
                                        [BCUE_OBJECT_PARKED_CAR] = "parked cars",
                                        [BCUE_OBJECT_OTHER] = "other"};
    const bcue_world *world = export->world;
    for (size_t kind = 0; kind < sizeof names / sizeof names[0]; kind++) {
        json_t *primitives = json_array();
        for (bcue_material_id m = 0; m < world->material_count && !export->gltf.failed; m++) {
            selection select = {&world->statics, world, (bcue_object_kind)kind, false, m};
            size_t count = count_selected(&select);
            if (count == 0)
                continue;
            int positions = add_positions(export, &select, count);
            int colours = world->materials[m].tinted ? add_tints(export, &select, count) : -1;
            bcue_gltf_add(&export->gltf, primitives,
                          primitive(positions, colours,
                                    bcue_gltf_material(&export->gltf, &world->materials[m], white)));
        }
        if (json_array_size(primitives) > 0)
            (void)add_mesh_node(export, names[kind], primitives);
        else
            json_decref(primitives);
    }
}

/* ---- vehicles ---- */

/* Positions of a model per material, made at its first use. */
static const int *model_accessors(gltf_export *export, uint32_t model)
{
    const bcue_world *world = export->world;
    if (export->model_positions[model] != NULL)
        return export->model_positions[model];
    int *accessors = bcue_calloc(world->material_count, sizeof *accessors);
    if (accessors == NULL) {
        export->gltf.failed = true;
        return NULL;
    }
    for (bcue_material_id m = 0; m < world->material_count; m++) {
        selection select = {&world->models[model].mesh, world, BCUE_OBJECT_OTHER, true, m};
        size_t count = count_selected(&select);
        accessors[m] = count > 0 ? add_positions(export, &select, count) : -1;
    }
    export->model_positions[model] = accessors;
    return accessors;
}

static int add_vehicle_node(gltf_export *export, const char *name, uint32_t model, const float paint[3])
{
    const bcue_world *world = export->world;
    const int *accessors = model < world->model_count ? model_accessors(export, model) : NULL;
    json_t *primitives = json_array();
    for (bcue_material_id m = 0; accessors != NULL && m < world->material_count; m++)
        if (accessors[m] >= 0)
            bcue_gltf_add(&export->gltf, primitives,
                          primitive(accessors[m], -1,
                                    bcue_gltf_material(&export->gltf, &world->materials[m],
                                                       world->materials[m].tinted ? paint : white)));
    export->report.vehicles++;
    return add_mesh_node(export, name, primitives);
}

static void set_pose(gltf_export *export, int node, bcue_vec3 position, double yaw)
{
    json_t *object = json_array_get(export->gltf.nodes, (size_t)node);
    json_object_set_new(object, "translation", json_pack("[f, f, f]", position.x, position.y, position.z));
    json_object_set_new(object, "rotation",
                        json_pack("[f, f, f, f]", 0.0, 0.0, sin(0.5 * yaw), cos(0.5 * yaw)));
}

static void add_channel(gltf_export *export, int node, const char *path, int times, int values,
                        const char *kind)
{
    bcue_gltf *gltf = &export->gltf;
    int sampler =
        bcue_gltf_add(gltf, gltf->samplers,
                      json_pack("{s:i, s:i, s:s}", "input", times, "output", values, "interpolation", kind));
    bcue_gltf_add(gltf, gltf->channels,
                  json_pack("{s:i, s:{s:i, s:s}}", "sampler", sampler, "target", "node", node, "path", path));
}

/* Shown from first to last; hidden means a scale of nought. */
static void add_visibility(gltf_export *export, int node, double first_s, double last_s, double end_s)
{
    float times[3], scales[9];
    size_t count = 0;
    const double when[3] = {0.0, first_s, last_s};
    const float how[3] = {0.0f, 1.0f, 0.0f};
    for (int i = 0; i < 3; i++) {
        if ((i == 0 && first_s <= 0.0) || (i == 2 && last_s >= end_s))
            continue;
        times[count] = (float)fmax(0.0, when[i]);
        for (int c = 0; c < 3; c++)
            scales[3 * count + (size_t)c] = how[i];
        count++;
    }
    if (count < 2)
        return; /* there all the time */
    int input = bcue_gltf_add_floats(&export->gltf, times, count, 1, BCUE_GLTF_DATA, true);
    int output = bcue_gltf_add_floats(&export->gltf, scales, count, 3, BCUE_GLTF_DATA, false);
    add_channel(export, node, "scale", input, output, "STEP");
}

/* Places and headings of a track as key frames. A track with one state has two, at both ends of the episode.
 */
static void add_motion(gltf_export *export, int node, const bcue_track *track)
{
    const bcue_traffic *traffic = export->traffic;
    bool still = track->state_count == 1;
    size_t most = still ? 2 : track->state_count, count = 0;
    float *times = bcue_calloc(most, sizeof *times), *places = bcue_calloc(most, 3 * sizeof *places);
    float *turns = bcue_calloc(most, 4 * sizeof *turns);
    double half = 0.0; /* of the yaw, without jumps, so that quaternions of neighbours have the same sign */
    for (size_t k = 0; k < most && times != NULL && places != NULL && turns != NULL; k++) {
        double time_s =
            still ? (k == 0 ? 0.0 : traffic->duration_s) : track->first_time_s + (double)k * traffic->step_s;
        bcue_track_state state;
        if (time_s < 0.0 || (k > 0 && time_s <= (double)times[count > 0 ? count - 1 : 0]) ||
            !bcue_track_at(traffic, (size_t)(track - traffic->tracks), time_s, &state))
            continue;
        half = count == 0 ? 0.5 * state.yaw : half + 0.5 * remainder(state.yaw - 2.0 * half, 2.0 * BCUE_PI);
        times[count] = (float)time_s;
        places[3 * count] = (float)state.position.x;
        places[3 * count + 1] = (float)state.position.y;
        places[3 * count + 2] = (float)state.position.z;
        turns[4 * count + 2] = (float)sin(half);
        turns[4 * count + 3] = (float)cos(half);
        count++;
    }
    if (count > 0) {
        int input = bcue_gltf_add_floats(&export->gltf, times, count, 1, BCUE_GLTF_DATA, true);
        int place = bcue_gltf_add_floats(&export->gltf, places, count, 3, BCUE_GLTF_DATA, false);
        int turn = bcue_gltf_add_floats(&export->gltf, turns, count, 4, BCUE_GLTF_DATA, false);
        add_channel(export, node, "translation", input, place, "LINEAR");
        add_channel(export, node, "rotation", input, turn, "LINEAR");
    } else {
        export->gltf.failed = export->gltf.failed || times == NULL || places == NULL || turns == NULL;
    }
    free(times);
    free(places);
    free(turns);
}

static void add_vehicles(gltf_export *export)
{
    const bcue_traffic *traffic = export->traffic;
    for (size_t i = 0; i < export->world->parked_count && !export->gltf.failed; i++) {
        const bcue_parked *parked = &export->world->parked[i];
        int node = add_vehicle_node(export, "parked", parked->model, parked->paint);
        set_pose(export, node, parked->position, parked->yaw);
    }
    for (size_t t = 0; traffic != NULL && t < traffic->track_count && !export->gltf.failed; t++) {
        const bcue_track *track = &traffic->tracks[t];
        if (track->state_count == 0)
            continue;
        char name[96];
        snprintf(name, sizeof name, "%s %s", export->world->models[track->model].name, track->id);
        int node = add_vehicle_node(export, name, track->model, track->paint);
        const bcue_track_state *first = &traffic->states[track->first_state];
        set_pose(export, node, first->position, first->yaw);
        add_motion(export, node, track);
        if (track->state_count > 1)
            add_visibility(export, node, track->first_time_s,
                           track->first_time_s + (double)(track->state_count - 1) * traffic->step_s,
                           traffic->duration_s);
    }
}

bcue_status bcue_gltf_write(const char *path, const bcue_world *world, const bcue_traffic *traffic,
                            bcue_gltf_report *report, bcue_error *error)
{
    if (!bcue_ends_with(path, ".glb"))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: binary glTF is written; its name ends in .glb",
                         path);
    gltf_export export = {.world = world,
                          .traffic = traffic,
                          .model_positions = bcue_calloc(world->model_count, sizeof(int *))};
    bcue_status status = BCUE_OK;
    if (!bcue_gltf_begin(&export.gltf) || export.model_positions == NULL) {
        status = bcue_fail_memory(error, path);
    } else {
        bcue_gltf_add(&export.gltf, export.gltf.nodes, json_object()); /* the root, made at the end */
        add_statics(&export);
        add_vehicles(&export);
        status = bcue_gltf_finish(&export.gltf, path, &export.report.bytes, error);
    }
    for (size_t m = 0; m < world->model_count && export.model_positions != NULL; m++)
        free(export.model_positions[m]);
    free(export.model_positions);
    bcue_gltf_free(&export.gltf);
    if (status == BCUE_OK && report != NULL)
        *report = export.report;
    return status;
}
