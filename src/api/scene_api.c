#include "beamcue/scene.h"

#include <math.h>

#include "base/fail.h"
#include "base/text.h"
#include "scene/fcd_import.h"
#include "scene/gltf_export.h"
#include "scene/import.h"

static void summarise(const bcue_world *world, const bcue_import_report *report, bcue_scene_summary *summary)
{
    *summary = (bcue_scene_summary){.files = report->files,
                                    .objects = report->objects,
                                    .vertices = report->vertices,
                                    .triangles = report->triangles,
                                    .materials = world->material_count - BCUE_MATERIAL_COUNT,
                                    .zero_area_triangles = report->zero_area,
                                    .open_objects = report->open_objects,
                                    .skipped_buildings = report->skipped,
                                    .lanes = world->roads.lane_count,
                                    .signals = world->roads.signal_count,
                                    .trees = world->canopy_count,
                                    .latitude_deg = report->latitude_deg,
                                    .longitude_deg = report->longitude_deg};
    for (size_t i = 0; i < world->statics.vertex_count; i++) {
        const bcue_vec3 v = world->statics.vertices[i];
        const double place[3] = {v.x, v.y, v.z};
        for (int c = 0; c < 3; c++) {
            summary->low_m[c] = i == 0 ? place[c] : fmin(summary->low_m[c], place[c]);
            summary->high_m[c] = i == 0 ? place[c] : fmax(summary->high_m[c], place[c]);
        }
    }
}

static bcue_status add_traffic(const bcue_scene_options *options, const bcue_hooks *hooks,
                               const bcue_world *world, const bcue_import_report *report,
                               bcue_traffic *traffic, bcue_scene_summary *summary, bcue_error *error)
{
    bcue_fcd_options fcd = {.step_s = options->traffic_step_s,
                            .from_first = true,
                            .geographic = options->traffic_geographic != 0,
                            .latitude_deg = report->latitude_deg,
                            .longitude_deg = report->longitude_deg,
                            .shift_m = {options->shift_m[0], options->shift_m[1], options->shift_m[2]},
                            .bounds = world->bounds,
                            .hooks = hooks};
    bcue_fcd_report found;
    bcue_status status = bcue_fcd_read(options->traffic, &fcd, world, traffic, &found, error);
    if (status == BCUE_OK) {
        summary->vehicles = traffic->track_count;
        summary->overlaps = found.overlaps;
        summary->traffic_s = traffic->duration_s;
    }
    return status;
}

bcue_status bcue_scene_convert(const char *path, const bcue_scene_options *options, const char *gltf_path,
                               const bcue_hooks *hooks, bcue_scene_summary *summary, bcue_error *error)
{
    static const bcue_scene_options none = {0};
    bcue_scene_summary unseen;
    options = options != NULL ? options : &none;
    summary = summary != NULL ? summary : &unseen;
    const bcue_import_options import = {
        .y_up = options->y_up != 0,
        .unit_m = options->unit_m,
        .shift_m = {options->shift_m[0], options->shift_m[1], options->shift_m[2]},
        .materials = options->materials,
        .strict = options->strict != 0,
        .has_origin = options->has_origin != 0,
        .latitude_deg = options->latitude_deg,
        .longitude_deg = options->longitude_deg,
        .left_hand = options->left_hand != 0,
        .hooks = hooks};
    if (gltf_path != NULL && !bcue_ends_with(gltf_path, ".glb"))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: binary glTF is written; its name ends in .glb",
                         gltf_path);
    bcue_world world;
    bcue_import_report report;
    bcue_status status = bcue_world_import(path, &import, &world, &report, error);
    if (status != BCUE_OK)
        return status;
    summarise(&world, &report, summary);
    bcue_traffic traffic = {0};
    if (options->traffic != NULL)
        status = add_traffic(options, hooks, &world, &report, &traffic, summary, error);
    if (status == BCUE_OK && gltf_path != NULL) {
        bcue_gltf_report written;
        status =
            bcue_gltf_write(gltf_path, &world, options->traffic != NULL ? &traffic : NULL, &written, error);
        summary->gltf_bytes = status == BCUE_OK ? written.bytes : 0;
    }
    bcue_traffic_free(&traffic);
    bcue_world_free(&world);
    return status;
}
