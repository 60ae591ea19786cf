#include "simulate/view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "simulate/view_parts.h"

#define DEGREE (BCUE_PI / 180.0)
/* Paths of one instant, over all vehicles. */
enum { MOST_PATHS = 120, LEAST_PATHS_EACH = 3 };

struct bcue_view {
    bcue_view_source source;
    bcue_view_window window;
    bcue_view_sensing sensing;
    size_t count;
    bcue_text head, samples;
};

/* A JSON string that may stand inside <script>. */
static void put_string(bcue_text *out, const char *string)
{
    bcue_text_puts(out, "\"");
    for (const char *c = string; *c; c++)
        if (*c == '"' || *c == '\\' || *c == '<' || *c == '>' || *c == '&' || (unsigned char)*c < 0x20)
            bcue_text_printf(out, "\\u%04x", (unsigned)(unsigned char)*c);
        else
            bcue_text_append(out, c, 1);
    bcue_text_puts(out, "\"");
}

static double heading_deg(const bcue_view *view, double yaw)
{
    return remainder(atan2(view->window.sine, view->window.cosine) - yaw, 2.0 * BCUE_PI) / DEGREE;
}

static const char *scene_name(const bcue_simulate_config *c)
{
    if (c->scene == BCUE_SIM_SCENE_STRAIGHT)
        return "straight street";
    if (c->scene == BCUE_SIM_SCENE_IMPORTED)
        return bcue_path_basename(c->imported.file);
    return bcue_scenery_preset_name((bcue_scenery_preset)c->scenery.preset);
}

static void put_array(bcue_view *view)
{
    const bcue_simulate_config *c = view->source.config;
    const bcue_sim_radio *radio = view->source.radio;
    bcue_vec3 boresight = radio->unit.frame.forward;
    bool paper_b = c->array.codebook == BCUE_SIM_CODEBOOK_PAPER_B;
    bcue_text_printf(&view->head,
                     ",\"carrier_ghz\":%g,\"beams\":%zu,\"codebook\":\"%s\",\"array\":\"%zu x %zu\","
                     "\"mode\":\"%s\",\"boresight_deg\":%.1f,\"rsu_height_m\":%.2f,\"rsu_azimuth_deg\":%.1f",
                     1e-9 * c->channel.carrier_hz, radio->codebook.beams,
                     paper_b ? "paper B" : "over-sampled", radio->array.rows, radio->array.columns,
                     c->channel.mode == BCUE_LINK_PAPER ? "as in paper B" : "corrected",
                     heading_deg(view, atan2(boresight.y, boresight.x)), view->source.scene->place.z,
                     view->source.scene->azimuth / DEGREE);
    bcue_text_printf(&view->head, ",\"receivers\":\"%s\",\"measured\":%d,\"aggregate\":\"%s\"",
                     c->receivers == BCUE_SIM_ALL ? "all" : "target", c->channel.measured,
                     bcue_aggregation_name((bcue_aggregation)c->channel.aggregate));
}

static void put_sensors(bcue_view *view)
{
    const bcue_simulate_config *c = view->source.config;
    const bcue_view_sensing *s = &view->sensing;
    bcue_text *out = &view->head;
    if (view->source.sensors->outlets[BCUE_SIM_CLOCK_CAMERA].enabled)
        bcue_text_printf(out, ",\"camera\":{\"width\":%lld,\"height\":%lld,\"field_of_view_deg\":%g}",
                         (long long)c->camera.width, (long long)c->camera.height,
                         c->camera.field_of_view_deg);
    if (view->source.sensors->outlets[BCUE_SIM_CLOCK_LIDAR].enabled)
        bcue_text_printf(out, ",\"lidar\":{\"kind\":\"%s\"}",
                         c->lidar.kind == BCUE_SIM_LIDAR_PAPER_B ? "paper B" : "OS1-32");
    if (s->maps)
        bcue_text_printf(out, ",\"radar\":{\"kind\":\"cube\",\"step_m\":%.5f,\"spacing\":%.5f}",
                         bcue_view_range_step(s), s->recipe.antenna_spacing);
    else if (view->source.sensors->outlets[BCUE_SIM_CLOCK_RADAR].enabled)
        bcue_text_puts(out, ",\"radar\":{\"kind\":\"points\"}");
}

static void put_models(bcue_view *view)
{
    const bcue_world *world = &view->source.scene->world;
    bcue_text_puts(&view->head, ",\"models\":[");
    for (size_t m = 0; m < world->model_count; m++) {
        bcue_text_puts(&view->head, m > 0 ? ",[" : "[");
        put_string(&view->head, world->models[m].name);
        bcue_text_printf(&view->head, ",%.2f,%.2f,%.2f]", world->models[m].length_m, world->models[m].width_m,
                         world->models[m].height_m);
    }
    bcue_text_puts(&view->head, "],\"parked\":[");
    for (size_t i = 0; i < world->parked_count; i++) {
        double u, w;
        bcue_view_place(&view->window, world->parked[i].position, &u, &w);
        bcue_text_printf(&view->head, "%s[%u,%.1f,%.1f,%.0f]", i > 0 ? "," : "", world->parked[i].model, u, w,
                         heading_deg(view, world->parked[i].yaw));
    }
    bcue_text_puts(&view->head, "]");
}

static bcue_status put_head(bcue_view *view, uint32_t number, const bcue_sim_episode *episode,
                            bcue_error *error)
{
    const bcue_simulate_config *c = view->source.config;
    const bcue_view_window *window = &view->window;
    bcue_text_puts(&view->head, "{\"scene\":");
    put_string(&view->head, scene_name(c));
    bcue_text_puts(&view->head, ",\"folder\":");
    put_string(&view->head, bcue_path_basename(c->output));
    bcue_text_printf(&view->head, ",\"seed\":%lld,\"episode\":%u,\"condition\":\"%s\",\"rate_hz\":%g",
                     (long long)c->seed, number + 1, episode->condition, c->frame_rate_hz);
    put_array(view);
    put_sensors(view);
    put_models(view);
    bcue_text_printf(&view->head, ",\"window\":[%.3f,%.3f,%.3f,%.3f],\"map\":\"", window->left, window->right,
                     window->low, window->high);
    BCUE_TRY(bcue_view_put_map(window, &view->source.scene->world, &view->head, error));
    bcue_text_puts(&view->head, "\",\"frames\":[\n");
    return BCUE_OK;
}

bcue_status bcue_view_create(const bcue_view_source *source, uint32_t number, const bcue_sim_episode *episode,
                             bcue_view **view, bcue_error *error)
{
    bcue_view *made = bcue_calloc(1, sizeof *made);
    if (!made)
        return bcue_fail_memory(error, "the view");
    made->source = *source;
    bcue_status status = bcue_view_window_find(source, episode, &made->window, error);
    if (status == BCUE_OK)
        status = bcue_view_sensing_create(&made->window, source->sensors, &made->sensing, error);
    if (status == BCUE_OK)
        status = put_head(made, number, episode, error);
    if (status != BCUE_OK) {
        bcue_view_destroy(made);
        return status;
    }
    *view = made;
    return BCUE_OK;
}

void bcue_view_destroy(bcue_view *view)
{
    if (!view)
        return;
    bcue_view_sensing_destroy(&view->sensing);
    bcue_text_free(&view->head);
    bcue_text_free(&view->samples);
    free(view);
}

size_t bcue_view_count(const bcue_view *view)
{
    return view->count;
}

/* Moving vehicles inside the window: [model, u, w, heading, speed, track]. */
static void put_vehicles(bcue_view *view, const bcue_view_moment *moment)
{
    const bcue_view_window *window = &view->window;
    bool first = true;
    bcue_text_puts(&view->samples, ",\"vehicles\":[");
    for (size_t i = 0; i < moment->at->instance_count; i++) {
        const bcue_instance *vehicle = &moment->at->instances[i];
        double u, w;
        bcue_view_place(window, vehicle->position, &u, &w);
        if (vehicle->parked || u < window->left - 10.0 || u > window->right + 10.0 ||
            w < window->low - 10.0 || w > window->high + 10.0)
            continue;
        bcue_text_printf(&view->samples, "%s[%u,%.2f,%.2f,%.1f,%.1f,%u]", first ? "" : ",", vehicle->model, u,
                         w, heading_deg(view, vehicle->yaw), bcue_vec3_norm(vehicle->velocity_mps),
                         moment->ids[i]);
        first = false;
    }
    bcue_text_puts(&view->samples, "]");
}

/* Where in the camera's picture a place is, as shares of its sides; false: not in it. */
static bool picture_place(const bcue_view *view, bcue_vec3 place, double *x, double *y)
{
    const bcue_simulate_config *c = view->source.config;
    const bcue_camera_config camera = {.width = (int)c->camera.width,
                                       .height = (int)c->camera.height,
                                       .field_of_view = c->camera.field_of_view_deg * DEGREE,
                                       .distortion = {c->camera.distortion, 0.0}};
    double column, row;
    if (!view->source.sensors->outlets[BCUE_SIM_CLOCK_CAMERA].enabled ||
        !bcue_camera_project(&camera, &view->source.sensors->poses.camera, place, &column, &row))
        return false;
    *x = column / camera.width;
    *y = row / camera.height;
    return *x >= 0.0 && *x <= 1.0 && *y >= 0.0 && *y <= 1.0;
}

static void put_pair(bcue_text *out, bool known, double a, double b, const char *format)
{
    char text[64];
    if (known)
        snprintf(text, sizeof text, format, a, b);
    bcue_text_puts(out, known ? text : ",null,null");
}

/* One vehicle that is served: [track, u, w, line of sight, own best beam, path gain (dB), picture x, y, fix
   u, w]. */
static void put_one_served(bcue_view *view, const bcue_view_moment *moment, size_t v)
{
    const bcue_sim_radio *radio = view->source.radio;
    const bcue_instance *vehicle = &moment->at->instances[moment->served[v]];
    const bcue_link_summary *link = &radio->links[v];
    size_t beams = radio->codebook.beams;
    bcue_vec3 antenna = bcue_instance_antenna(&view->source.scene->world, vehicle);
    double u, w, x = 0.0, y = 0.0, fix_u = 0.0, fix_w = 0.0;
    bcue_view_place(&view->window, antenna, &u, &w);
    bcue_text_printf(&view->samples, "[%u,%.2f,%.2f,%d,%zu,", moment->ids[moment->served[v]], u, w,
                     link->line_of_sight, bcue_best_beam(radio->power_mw + v * beams, beams));
    if (link->rays > 0)
        bcue_text_printf(&view->samples, "%.1f", link->gain_db);
    else
        bcue_text_puts(&view->samples, "null");
    bool seen = picture_place(view, antenna, &x, &y);
    put_pair(&view->samples, seen, x, y, ",%.4f,%.4f");
    bool known = moment->fixes && isfinite(moment->fixes[v].x);
    if (known)
        bcue_view_place(&view->window, moment->fixes[v], &fix_u, &fix_w);
    put_pair(&view->samples, known, fix_u, fix_w, ",%.2f,%.2f");
    bcue_text_puts(&view->samples, "]");
}

static void put_power(bcue_text *out, const char *name, const double *power_mw, size_t beams)
{
    bcue_text_printf(out, ",\"%s\":[", name);
    for (size_t b = 0; b < beams; b++) {
        bcue_text_puts(out, b > 0 ? "," : "");
        if (power_mw[b] > 0.0)
            bcue_text_printf(out, "%.1f", 10.0 * log10(power_mw[b]));
        else
            bcue_text_puts(out, "null");
    }
    bcue_text_puts(out, "]");
}

/* The paths of all vehicles, and the best beam's lobe in the cone of the strongest of them. */
static bcue_status put_radio(bcue_view *view, const bcue_view_moment *moment, size_t best, bcue_error *error)
{
    size_t each = moment->served_count > 0 ? MOST_PATHS / moment->served_count : 0;
    each = each < LEAST_PATHS_EACH ? LEAST_PATHS_EACH : each;
    bool first = true;
    double most_db = -HUGE_VAL;
    bcue_vec3 towards = {1, 0, 0};
    bcue_text_puts(&view->samples, ",\"paths\":[");
    for (size_t v = 0; v < moment->served_count; v++) {
        bcue_vec3 departure = towards;
        double gain_db;
        BCUE_TRY(bcue_view_put_paths(&view->window, view->source.radio, v,
                                     moment->at->instances[moment->served[v]].velocity_mps, each, &first,
                                     &departure, &gain_db, &view->samples, error));
        if (gain_db > most_db) {
            most_db = gain_db;
            towards = departure;
        }
    }
    double elevation = asin(fmax(-1.0, fmin(1.0, towards.z)));
    bcue_text_printf(&view->samples, "],\"lobe_deg\":%.1f,\"lobe\":\"", elevation / DEGREE);
    BCUE_TRY(bcue_view_put_lobe(&view->window, view->source.radio, best, elevation, &view->samples, error));
    bcue_text_puts(&view->samples, "\"");
    return BCUE_OK;
}

static bcue_status put_sensing(bcue_view *view, bcue_error *error)
{
    const bcue_sim_sensors *sensors = view->source.sensors;
    bcue_text *out = &view->samples;
    if (view->source.sensors->outlets[BCUE_SIM_CLOCK_CAMERA].enabled) {
        bcue_text_puts(out, ",\"camera\":\"");
        BCUE_TRY(bcue_view_put_picture(&view->sensing, sensors, out, error));
        bcue_text_puts(out, "\"");
    }
    if (view->source.sensors->outlets[BCUE_SIM_CLOCK_LIDAR].enabled) {
        bcue_text_puts(out, ",\"lidar\":\"");
        BCUE_TRY(bcue_view_put_cloud(&view->sensing, &view->window, sensors, out, error));
        bcue_text_puts(out, "\"");
    }
    if (view->source.sensors->outlets[BCUE_SIM_CLOCK_RADAR].enabled) {
        bcue_text_puts(out, ",\"radar\":\"");
        if (view->sensing.maps)
            BCUE_TRY(bcue_view_put_echoes(&view->sensing, sensors, out, error));
        else
            bcue_view_put_detections(&view->sensing, &view->window, sensors, out);
        bcue_text_puts(out, "\"");
    }
    return BCUE_OK;
}

bcue_status bcue_view_add(bcue_view *view, const bcue_view_moment *moment, bcue_error *error)
{
    const bcue_sim_radio *radio = view->source.radio;
    size_t beams = radio->codebook.beams, best = bcue_best_beam(radio->measured_mw, beams);
    bcue_text *out = &view->samples;
    bool sight = false;
    for (size_t v = 0; v < moment->served_count; v++)
        sight |= radio->links[v].line_of_sight;
    bcue_text_printf(out, "%s{\"t\":%.3f,\"best\":%zu,\"los\":%d", view->count > 0 ? ",\n" : "",
                     moment->at->time_s, best, sight);
    put_power(out, "power_db", radio->measured_mw, beams);
    if (view->source.config->channel.measured)
        put_power(out, "clean_db", radio->clean_mw, beams);
    put_vehicles(view, moment);
    bcue_text_puts(out, ",\"served\":[");
    for (size_t v = 0; v < moment->served_count; v++) {
        bcue_text_puts(out, v > 0 ? "," : "");
        put_one_served(view, moment, v);
    }
    bcue_text_puts(out, "]");
    BCUE_TRY(put_radio(view, moment, best, error));
    BCUE_TRY(put_sensing(view, error));
    bcue_text_puts(out, "}");
    view->count++;
    return out->failed ? bcue_fail_memory(error, "the view") : BCUE_OK;
}

static void put_embedded(bcue_text *page, const char *marker, const bcue_view *view)
{
    if (strcmp(marker, "style") == 0)
        bcue_text_append(page, bcue_view_style_css, bcue_view_style_css_size);
    else if (strcmp(marker, "player") == 0)
        bcue_text_append(page, bcue_view_player_js, bcue_view_player_js_size);
    else {
        bcue_text_append(page, view->head.data, view->head.size);
        if (view->count > 0)
            bcue_text_append(page, view->samples.data, view->samples.size);
        bcue_text_puts(page, "\n]}");
    }
}

bcue_status bcue_view_write(const bcue_view *view, const char *path, bcue_error *error)
{
    static const char *const markers[] = {"style", "data", "player"};
    bcue_text page = {0};
    const char *at = (const char *)bcue_view_page_html, *end = at + bcue_view_page_html_size;
    for (size_t m = 0; m < sizeof markers / sizeof markers[0]; m++) {
        char needle[32];
        int length = snprintf(needle, sizeof needle, "@%s@", markers[m]);
        const char *found = at;
        while (found + length < end && memcmp(found, needle, (size_t)length) != 0)
            found++;
        bcue_text_append(&page, at, (size_t)(found - at));
        put_embedded(&page, markers[m], view);
        at = found + length;
    }
    bcue_text_append(&page, at, (size_t)(end - at));
    bcue_status status = page.failed || view->head.failed || view->samples.failed
                             ? bcue_fail_memory(error, "the view")
                             : bcue_file_write(path, page.data, page.size, error);
    bcue_text_free(&page);
    return status;
}
