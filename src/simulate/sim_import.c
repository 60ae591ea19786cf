#include <math.h>
#include <stdio.h>
#include "base/fail.h"
#include "base/report_hooks.h"
#include "features/geodesy.h"
#include "scene/fcd_import.h"
#include "scene/import.h"
#include "simulate/sim_scene.h"

#define DEGREE (BCUE_PI / 180.0)

static const char *const kind_names[] = {"the ground",       "a building", "a tree",       "a lamp post",
                                         "a sign or signal", "a bus stop", "a parked car", "a solid"};

bcue_status bcue_sim_scene_check_place(const bcue_sim_scene *scene, const char *what, bcue_vec3 place,
                                       bcue_error *error)
{
    uint32_t object = bcue_world_inside(&scene->world, place);
    if (object == UINT32_MAX)
        return BCUE_OK;
    const bcue_object_kind kind = scene->world.objects[object].kind;
    return bcue_fail(error, BCUE_ERROR_CONFIG,
                     "%s: (%.2f, %.2f, %.2f) lies inside object %u, %s; move it out of the wall", what,
                     place.x, place.y, place.z, object,
                     kind_names[kind <= BCUE_OBJECT_OTHER ? kind : BCUE_OBJECT_OTHER]);
}

/* Where the RSU is on earth, when the file says where it is. */
static void locate(bcue_sim_scene *scene, const bcue_import_report *report)
{
    double altitude;
    const double enu_m[3] = {scene->place.x, scene->place.y, 0.0};
    if (report->latitude_deg == 0.0 && report->longitude_deg == 0.0)
        return;
    scene->origin_latitude_deg = report->latitude_deg;
    scene->origin_longitude_deg = report->longitude_deg;
    bcue_enu_to_geodetic(enu_m, report->latitude_deg, report->longitude_deg, scene->config->rsu.altitude_m,
                         &scene->latitude_deg, &scene->longitude_deg, &altitude);
}

bcue_status bcue_sim_scene_import(bcue_sim_scene *scene, bcue_error *error)
{
    const bcue_simulate_config *c = scene->config;
    const double *shift = c->imported.shift_m.items, *origin = c->imported.origin_deg.items,
                 *bounds = c->imported.bounds_m.items;
    bcue_import_options options = {.y_up = c->imported.y_up,
                                   .left_hand = c->imported.left_hand,
                                   .strict = c->imported.strict,
                                   .unit_m = c->imported.unit_m,
                                   .materials =
                                       bcue_sim_given(c->imported.materials) ? c->imported.materials : NULL,
                                   .hooks = scene->hooks};
    if (c->imported.shift_m.count == 3)
        options.shift_m = bcue_vec3_make(shift[0], shift[1], shift[2]);
    options.has_origin = c->imported.origin_deg.count == 2;
    if (options.has_origin) {
        options.latitude_deg = origin[0];
        options.longitude_deg = origin[1];
    }
    bcue_import_report report;
    BCUE_TRY(bcue_world_import(c->imported.file, &options, &scene->world, &report, error));
    if (c->imported.bounds_m.count == 4)
        scene->world.bounds = (bcue_bounds){bounds[0], bounds[1], bounds[2], bounds[3]};
    scene->bounds = scene->world.bounds;
    scene->place = bcue_vec3_make(c->imported.x_m, c->imported.y_m, c->imported.z_m);
    scene->azimuth = c->imported.yaw_deg * DEGREE;
    bcue_vec3 radar = bcue_vec3_make(c->imported.x_m, c->imported.y_m, c->imported.radar_z_m);
    scene->poses.camera =
        bcue_frame_make(scene->place, scene->azimuth, c->imported.camera_pitch_deg * DEGREE);
    scene->poses.lidar = bcue_frame_make(scene->place, scene->azimuth, c->imported.lidar_pitch_deg * DEGREE);
    scene->poses.radar = bcue_frame_make(radar, scene->azimuth, c->imported.radar_pitch_deg * DEGREE);
    locate(scene, &report);
    BCUE_TRY(bcue_sim_scene_check_place(scene, "imported.x_m, y_m, z_m", scene->place, error));
    BCUE_TRY(bcue_sim_scene_check_place(scene, "imported.radar_z_m", radar, error));
    if (scene->world.roads.lane_count == 0 && !bcue_sim_given(c->fcd.file))
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "%s has no roads, so nothing drives there; give traffic with fcd.file, or an "
                         "OpenStreetMap extract with roads",
                         c->imported.file);
    return BCUE_OK;
}

bcue_status bcue_sim_scene_fcd(bcue_sim_scene *scene, uint32_t in_scene, bcue_traffic *traffic,
                               bcue_error *error)
{
    const bcue_simulate_config *c = scene->config;
    const double step_s = 1.0 / c->frame_rate_hz, length_s = step_s * (double)(c->max_frames_per_episode - 1);
    bcue_fcd_options options = {.step_s = step_s,
                                .begin_s = c->fcd.begin_s + (length_s + step_s) * in_scene,
                                .lane_change_s = c->fcd.lane_change_s,
                                .geographic = c->fcd.geographic,
                                .latitude_deg = scene->origin_latitude_deg,
                                .longitude_deg = scene->origin_longitude_deg,
                                .bounds = scene->bounds,
                                .seed = (uint64_t)c->seed,
                                .hooks = scene->hooks};
    options.end_s = options.begin_s + length_s + step_s;
    if (c->fcd.shift_m.count == 2)
        options.shift_m = bcue_vec3_make(c->fcd.shift_m.items[0], c->fcd.shift_m.items[1], 0.0);
    if (options.geographic && options.latitude_deg == 0.0 && options.longitude_deg == 0.0)
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "fcd.geographic: the scene does not say where on earth it is; only an OpenStreetMap "
                         "extract does");
    bcue_fcd_report report;
    bcue_error inner = {""};
    bcue_status status = bcue_fcd_read(c->fcd.file, &options, &scene->world, traffic, &report, &inner);
    if (status == BCUE_ERROR_DATA)
        return bcue_fail(error, status, "%s (episode %u of the scene, from %g to %g s of its time)",
                         inner.text, in_scene + 1, options.begin_s, options.end_s);
    if (status != BCUE_OK)
        return bcue_fail(error, status, "%s", inner.text);
    traffic->duration_s = fmin(traffic->duration_s, length_s);
    bcue_error off = {""};
    if (scene->world.roads.lane_count == 0 || bcue_traffic_check(&scene->world, traffic, &off) == BCUE_OK)
        return BCUE_OK;
    if (c->fcd.on_road) {
        bcue_traffic_free(traffic);
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: %s", c->fcd.file, off.text);
    }
    if (!scene->told_off_road)
        bcue_log(scene->hooks, BCUE_LOG_WARNING, "%s: %s (fcd.on_road makes this an error)", c->fcd.file,
                 off.text);
    scene->told_off_road = true;
    return BCUE_OK;
}
