#include "simulate/sim_coverage.h"

#include <math.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"

#define DEGREE (BCUE_PI / 180.0)
/* Points whose paths are held at once, and the most of a map. */
enum { PIECE = 512, MOST_POINTS = 4000000 };

static bcue_bounds default_area(const bcue_simulate_config *c, const bcue_sim_scene *scene)
{
    const bcue_bounds *b = &scene->bounds;
    if (b->x_low < b->x_high)
        return *b;
    double far = c->street.setback_m + 2.0 * c->street.lane_width_m + c->street.sidewalk_m + c->street.yard_m;
    return (bcue_bounds){-0.5 * c->street.length_m, 0.5 * c->street.length_m, 0.0, far};
}

static bcue_status make_grid(const bcue_sim_coverage_request *request, bcue_bounds area,
                             bcue_coverage_grid *grid, bcue_error *error)
{
    double width = area.x_high - area.x_low, height = area.y_high - area.y_low, step = request->step_m;
    if (!(width > 0.0 && height > 0.0 && step > 0.0))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a coverage map needs an area and a positive step (%g to %g m east, %g to %g m north, "
            "%g m); give an area",
            area.x_low, area.x_high, area.y_low, area.y_high, step);
    double columns = floor(width / step + 1e-9), rows = floor(height / step + 1e-9);
    if (columns < 1.0 || rows < 1.0 || columns * rows > MOST_POINTS)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "%g x %g m in steps of %g m are %.0f x %.0f points; expected 1 to %d", width, height,
                         step, columns, rows, MOST_POINTS);
    /* The middle of each cell. */
    *grid =
        (bcue_coverage_grid){.origin = {area.x_low + 0.5 * step, area.y_low + 0.5 * step, request->height_m},
                             .step_m = step,
                             .columns = (size_t)columns,
                             .rows = (size_t)rows};
    return BCUE_OK;
}

static bcue_status gather_units(const bcue_sim_coverage_request *request, bcue_sim_coverage *c,
                                bcue_error *error)
{
    size_t beams = c->radio.codebook.beams;
    c->unit_count = 1 + request->unit_count;
    c->units = bcue_calloc(c->unit_count, sizeof *c->units);
    if (!c->units)
        return bcue_fail_memory(error, "the roadside units");
    c->units[0] = (bcue_sim_unit){c->scene.place, c->scene.azimuth, request->beam};
    for (size_t u = 0; u < request->unit_count; u++)
        c->units[u + 1] = request->units[u];
    for (size_t u = 0; u < c->unit_count; u++)
        if (c->units[u].beam >= beams)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "unit %zu radiates beam %zu; the codebook has beams 0 to %zu", u,
                             c->units[u].beam, beams - 1);
    return BCUE_OK;
}

static bcue_coverage_unit unit_of(const bcue_sim_coverage *c, size_t u)
{
    bcue_coverage_unit unit = {.receiver = c->radio.unit, .active_beam = c->units[u].beam};
    if (u > 0)
        unit.receiver.frame =
            bcue_link_switched_frame(&c->radio.switches, c->units[u].place, c->units[u].azimuth,
                                     c->scene.config->array.tilt_deg * DEGREE);
    return unit;
}

/* Paths to `count` points from `first` on; none to those in solid objects. */
static bcue_status find_piece(bcue_sim_coverage *c, size_t first, size_t count, bcue_vec3 *points,
                              size_t *index, bcue_path_list *found, bcue_path_list *lists, bcue_error *error)
{
    size_t outside = 0;
    for (size_t p = 0; p < count; p++) {
        bcue_vec3 point = bcue_coverage_point(&c->grid, first + p);
        if (bcue_world_inside(&c->scene.world, point) != UINT32_MAX)
            continue;
        points[outside] = point;
        index[outside++] = p;
    }
    c->inside += count - outside;
    for (size_t u = 0; u < c->unit_count; u++) {
        BCUE_TRY(bcue_paths_find(c->radio.scene, c->units[u].place, points, outside, &c->radio.options, found,
                                 NULL, error));
        for (size_t p = 0; p < count; p++)
            lists[u * count + p] = (bcue_path_list){0};
        for (size_t k = 0; k < outside; k++)
            lists[u * count + index[k]] = found[k];
        for (size_t k = 0; k < outside; k++)
            found[k] = (bcue_path_list){0};
    }
    return BCUE_OK;
}

static bcue_status fill(bcue_sim_coverage *c, const bcue_coverage_unit *units, double noise_mw,
                        const bcue_hooks *hooks, bcue_error *error)
{
    bcue_vec3 *points = bcue_calloc(PIECE, sizeof *points);
    size_t *index = bcue_calloc(PIECE, sizeof *index);
    bcue_path_list *found = bcue_calloc(PIECE, sizeof *found);
    bcue_path_list *lists = bcue_calloc(PIECE * c->unit_count, sizeof *lists);
    bcue_status status =
        points && index && found && lists ? BCUE_OK : bcue_fail_memory(error, "the points of a map");
    for (size_t first = 0; status == BCUE_OK && first < c->map.points; first += PIECE) {
        size_t count = c->map.points - first < PIECE ? c->map.points - first : PIECE;
        bcue_progress(hooks, "point", first, c->map.points);
        if (bcue_cancelled(hooks))
            status = bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped after %zu of %zu points", first,
                               c->map.points);
        if (status == BCUE_OK)
            status = find_piece(c, first, count, points, index, found, lists, error);
        if (status == BCUE_OK)
            status = bcue_coverage_fill(&c->radio.link, c->radio.channel, units, c->unit_count, lists, first,
                                        count, noise_mw, &c->map, error);
        for (size_t i = 0; lists && i < PIECE * c->unit_count; i++) {
            bcue_path_list_free(&lists[i]);
            lists[i] = (bcue_path_list){0};
        }
    }
    if (status == BCUE_OK)
        bcue_progress(hooks, "point", c->map.points, c->map.points);
    for (size_t i = 0; found && i < PIECE; i++)
        bcue_path_list_free(&found[i]);
    free(points);
    free(index);
    free(found);
    free(lists);
    return status;
}

/* Nobody drives; what is parked stands in the way. */
static bcue_status place_parked(bcue_sim_coverage *c, bcue_error *error)
{
    const bcue_traffic none = {.step_s = 1.0};
    size_t count;
    bcue_instance *parked = bcue_calloc(c->scene.world.parked_count + 1, sizeof *parked);
    if (!parked)
        return bcue_fail_memory(error, "the parked vehicles");
    bcue_traffic_at(&c->scene.world, &none, 0.0, parked, &count, NULL);
    bcue_status status = bcue_radio_scene_place(c->radio.scene, parked, count, error);
    free(parked);
    return status;
}

bcue_status bcue_sim_coverage_make(const bcue_simulate_config *config,
                                   const bcue_sim_coverage_request *request, const bcue_hooks *hooks,
                                   bcue_sim_coverage *c, bcue_error *error)
{
    *c = (bcue_sim_coverage){.inside = 0};
    BCUE_TRY(bcue_sim_scene_create(config, 0, NULL, &c->scene, error));
    BCUE_TRY(
        bcue_sim_radio_create(config, &c->scene.world, c->scene.place, c->scene.azimuth, &c->radio, error));
    const bcue_bounds *asked = &request->area;
    bool given = asked->x_low < asked->x_high || asked->y_low < asked->y_high;
    BCUE_TRY(make_grid(request, given ? *asked : default_area(config, &c->scene), &c->grid, error));
    BCUE_TRY(gather_units(request, c, error));
    BCUE_TRY(bcue_coverage_create(&c->grid, &c->map, error));
    BCUE_TRY(place_parked(c, error));
    bcue_coverage_unit *units = bcue_calloc(c->unit_count, sizeof *units);
    if (!units)
        return bcue_fail_memory(error, "the roadside units");
    for (size_t u = 0; u < c->unit_count; u++)
        units[u] = unit_of(c, u);
    bcue_status status = fill(c, units, pow(10.0, 0.1 * config->channel.noise_floor_dbm), hooks, error);
    free(units);
    return status;
}

void bcue_sim_coverage_destroy(bcue_sim_coverage *c)
{
    bcue_coverage_free(&c->map);
    free(c->units);
    bcue_sim_radio_destroy(&c->radio);
    bcue_sim_scene_destroy(&c->scene);
    *c = (bcue_sim_coverage){.inside = 0};
}
