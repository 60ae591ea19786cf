#include "beamcue/coverage_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "api/coverage_picture.h"
#include "api/report_handle.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/npy.h"
#include "metrics/quantile.h"
#include "simulate/sim_plan.h"

#define DEGREE (BCUE_PI / 180.0)

static bcue_status write_array(const bcue_sim_coverage *c, const char *folder, const char *name,
                               bcue_npy_type type, const void *data, bcue_report *report, bcue_error *error)
{
    bcue_npy array = {.type = type,
                      .rank = 2,
                      .shape = {c->grid.rows, c->grid.columns},
                      .count = c->map.points,
                      .data = (void *)data};
    char file[64];
    snprintf(file, sizeof file, "%s.npy", name);
    char *path = bcue_path_join(folder, file);
    if (path == NULL)
        return bcue_fail_memory(error, "the name of an array");
    bcue_status status = bcue_npy_write(path, &array, error);
    if (status == BCUE_OK && !bcue_report_add_file(report, path))
        status = bcue_fail_memory(error, "the report");
    free(path);
    return status;
}

/* The beam that the strongest interferer radiates. */
static bcue_status write_interferer_beams(const bcue_sim_coverage *c, const char *folder, bcue_report *report,
                                          bcue_error *error)
{
    int32_t *beams = bcue_calloc(c->map.points + 1, sizeof *beams);
    if (beams == NULL)
        return bcue_fail_memory(error, "the interferers");
    for (size_t p = 0; p < c->map.points; p++)
        beams[p] = c->map.interferer[p] < 0 ? -1 : (int32_t)c->units[c->map.interferer[p]].beam;
    bcue_status status = write_array(c, folder, "interferer_beam", BCUE_NPY_I32, beams, report, error);
    free(beams);
    return status;
}

static bcue_status write_arrays(const bcue_sim_coverage *c, const char *folder, bcue_report *report,
                                bcue_error *error)
{
    const bcue_coverage *m = &c->map;
    BCUE_TRY(write_array(c, folder, "best_beam", BCUE_NPY_I32, m->beam, report, error));
    BCUE_TRY(write_array(c, folder, "rss_dbm", BCUE_NPY_F64, m->rss_dbm, report, error));
    BCUE_TRY(write_array(c, folder, "sinr_db", BCUE_NPY_F64, m->sinr_db, report, error));
    BCUE_TRY(write_array(c, folder, "delay_spread_s", BCUE_NPY_F64, m->delay_spread_s, report, error));
    BCUE_TRY(write_array(c, folder, "rician_k_db", BCUE_NPY_F64, m->rician_k_db, report, error));
    BCUE_TRY(write_array(c, folder, "unit", BCUE_NPY_I32, m->unit, report, error));
    BCUE_TRY(write_array(c, folder, "interferer_unit", BCUE_NPY_I32, m->interferer, report, error));
    return write_interferer_beams(c, folder, report, error);
}

static bcue_status write_pictures(const bcue_sim_coverage *c, const char *scene, const char *folder,
                                  bcue_report *report, bcue_error *error)
{
    bcue_status status = BCUE_OK;
    for (int layer = 0; status == BCUE_OK && layer < BCUE_COVERAGE_LAYERS; layer++) {
        char file[64];
        snprintf(file, sizeof file, "%s.png", bcue_coverage_layer_name((bcue_coverage_layer)layer));
        char *path = bcue_path_join(folder, file);
        status = path != NULL ? bcue_coverage_picture(c, (bcue_coverage_layer)layer, scene, path, error)
                              : bcue_fail_memory(error, "the name of a picture");
        if (status == BCUE_OK && !bcue_report_add_file(report, path))
            status = bcue_fail_memory(error, "the report");
        free(path);
    }
    return status;
}

static bcue_status value_table(const bcue_sim_coverage *c, bcue_report *report, bcue_error *error)
{
    static const char *const names[] = {"", "RSS (dBm)", "SINR (dB)", "delay spread (ns)"};
    const bcue_column columns[] = {{"", NULL, BCUE_ALIGN_LEFT, 0},      {"least", NULL, BCUE_ALIGN_RIGHT, 1},
                                   {"5 %", NULL, BCUE_ALIGN_RIGHT, 1},  {"median", NULL, BCUE_ALIGN_RIGHT, 1},
                                   {"95 %", NULL, BCUE_ALIGN_RIGHT, 1}, {"most", NULL, BCUE_ALIGN_RIGHT, 1}};
    static const double parts[] = {0.0, 0.05, 0.5, 0.95, 1.0};
    double *values = bcue_calloc(c->map.points + 1, sizeof *values);
    bcue_table *table = bcue_table_create("Over the points with a signal", columns, 6);
    for (int layer = BCUE_COVERAGE_RSS; values != NULL && table != NULL && layer < BCUE_COVERAGE_LAYERS;
         layer++) {
        size_t count = 0;
        for (size_t p = 0; p < c->map.points; p++) {
            values[count] = bcue_coverage_value(&c->map, (bcue_coverage_layer)layer, p);
            count += isfinite(values[count]) ? 1 : 0;
        }
        bcue_sort_doubles(values, count);
        bcue_table_row(table);
        bcue_table_text(table, names[layer]);
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
            if (count > 0)
                bcue_table_number(table, values[(size_t)lround(parts[k] * (double)(count - 1))]);
            else
                bcue_table_missing(table);
    }
    bcue_status status = values != NULL ? bcue_report_add_table(report, "values", table, error)
                                        : bcue_fail_memory(error, "the values");
    bcue_table_destroy(table);
    free(values);
    return status;
}

static bcue_status unit_table(const bcue_sim_coverage *c, bcue_report *report, bcue_error *error)
{
    const bcue_column columns[] = {
        {"unit", NULL, BCUE_ALIGN_RIGHT, 0},     {"x", "m", BCUE_ALIGN_RIGHT, 1},
        {"y", "m", BCUE_ALIGN_RIGHT, 1},         {"z", "m", BCUE_ALIGN_RIGHT, 1},
        {"azimuth", "deg", BCUE_ALIGN_RIGHT, 1}, {"radiates beam", NULL, BCUE_ALIGN_RIGHT, 0},
        {"serves", "%", BCUE_ALIGN_RIGHT, 1},    {"disturbs most", "%", BCUE_ALIGN_RIGHT, 1}};
    bcue_table *table = bcue_table_create("Roadside units", columns, 8);
    size_t lit = 0;
    for (size_t p = 0; p < c->map.points; p++)
        lit += c->map.beam[p] >= 0;
    for (size_t u = 0; table != NULL && u < c->unit_count; u++) {
        size_t serves = 0, disturbs = 0;
        for (size_t p = 0; p < c->map.points; p++) {
            serves += c->map.unit[p] == (int32_t)u;
            disturbs += c->map.interferer[p] == (int32_t)u;
        }
        double hundredth = 0.01 * (double)(lit > 0 ? lit : 1);
        bcue_table_row(table);
        bcue_table_number(table, (double)u);
        bcue_table_number(table, c->units[u].place.x);
        bcue_table_number(table, c->units[u].place.y);
        bcue_table_number(table, c->units[u].place.z);
        bcue_table_number(table, c->units[u].azimuth / DEGREE);
        bcue_table_number(table, (double)c->units[u].beam);
        bcue_table_number(table, (double)serves / hundredth);
        bcue_table_number(table, (double)disturbs / hundredth);
    }
    if (table != NULL && c->unit_count > 1)
        bcue_table_footnote(table, "A unit that does not serve a point radiates its one beam.");
    bcue_status status = bcue_report_add_table(report, "units", table, error);
    bcue_table_destroy(table);
    return status;
}

static bcue_status beam_table(const bcue_sim_coverage *c, bcue_report *report, bcue_error *error)
{
    enum { MOST = 8 };
    const bcue_column columns[] = {{"unit", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"beam", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"points", NULL, BCUE_ALIGN_RIGHT, 0}};
    bcue_coverage_share *shares;
    size_t count;
    BCUE_TRY(bcue_coverage_shares(c, &shares, &count, error));
    char caption[80];
    snprintf(caption, sizeof caption, "Best beams: %zu of them, the most frequent first", count);
    bcue_table *table = bcue_table_create(caption, columns, 3);
    for (size_t i = 0; table != NULL && i < count && i < MOST; i++) {
        bcue_table_row(table);
        bcue_table_number(table, (double)shares[i].unit);
        bcue_table_number(table, (double)shares[i].beam);
        bcue_table_number(table, (double)shares[i].points);
    }
    free(shares);
    bcue_status status = bcue_report_add_table(report, "beams", table, error);
    bcue_table_destroy(table);
    return status;
}

static bcue_status describe(const bcue_sim_coverage *c, bcue_report *report, bcue_error *error)
{
    const bcue_coverage_grid *g = &c->grid;
    size_t lit = 0;
    for (size_t p = 0; p < c->map.points; p++)
        lit += c->map.beam[p] >= 0;
    bcue_text *out = bcue_report_out(report);
    bcue_text_printf(out,
                     "%zu points, %zu x %zu in steps of %g m, %.1f m above ground; %zu with a signal, %zu in "
                     "houses\n\n",
                     c->map.points, g->columns, g->rows, g->step_m, g->origin.z, lit, c->inside);
    json_t *grid = json_pack("{s:f, s:f, s:f, s:f, s:I, s:I}", "x_m", g->origin.x, "y_m", g->origin.y, "z_m",
                             g->origin.z, "step_m", g->step_m, "columns", (json_int_t)g->columns, "rows",
                             (json_int_t)g->rows);
    json_object_set_new(bcue_report_object(report), "grid", grid);
    json_object_set_new(bcue_report_object(report), "points_with_signal", json_integer((json_int_t)lit));
    json_object_set_new(bcue_report_object(report), "points_in_houses", json_integer((json_int_t)c->inside));
    BCUE_TRY(value_table(c, report, error));
    bcue_text_puts(out, "\n");
    BCUE_TRY(unit_table(c, report, error));
    bcue_text_puts(out, "\n");
    return beam_table(c, report, error);
}

static bcue_status write_all(const bcue_sim_coverage *c, const char *scene, const char *folder,
                             bcue_report *report, bcue_error *error)
{
    BCUE_TRY(bcue_make_dirs(folder, error));
    BCUE_TRY(write_arrays(c, folder, report, error));
    BCUE_TRY(write_pictures(c, scene, folder, report, error));
    BCUE_TRY(describe(c, report, error));
    return bcue_report_write_json_file(report, folder, "coverage.json", error);
}

static size_t middle_beam(const bcue_simulate_config *config)
{
    return config->array.codebook == BCUE_SIM_CODEBOOK_PAPER_B ? 0 : (size_t)config->array.beams / 2;
}

static bcue_status cover(const bcue_simulate_config *config, const char *scene,
                         const bcue_coverage_options *o, const char *folder, const bcue_hooks *hooks,
                         bcue_report *report, bcue_error *error)
{
    size_t middle = middle_beam(config);
    bcue_sim_unit *units = bcue_calloc(o->site_count + 1, sizeof *units);
    if (units == NULL)
        return bcue_fail_memory(error, "the roadside units");
    for (size_t i = 0; i < o->site_count; i++) {
        const bcue_coverage_site *site = &o->sites[i];
        units[i] = (bcue_sim_unit){{site->x_m, site->y_m, site->z_m},
                                   site->azimuth_deg * DEGREE,
                                   site->beam < 0 ? middle : (size_t)site->beam};
    }
    bcue_sim_coverage_request request = {.step_m = o->step_m != 0.0 ? o->step_m : 2.0,
                                         .height_m = o->height_m != 0.0 ? o->height_m : 1.5,
                                         .beam = o->has_beam ? (size_t)o->beam : middle,
                                         .units = units,
                                         .unit_count = o->site_count};
    if (o->has_area)
        request.area = (bcue_bounds){o->x_low_m, o->x_high_m, o->y_low_m, o->y_high_m};
    bcue_sim_coverage coverage;
    bcue_status status = bcue_sim_coverage_make(config, &request, hooks, &coverage, error);
    if (status == BCUE_OK)
        status = write_all(&coverage, scene, folder, report, error);
    bcue_sim_coverage_destroy(&coverage);
    free(units);
    return status;
}

bcue_status bcue_map_coverage(const char *config_path, const char *const *overrides, size_t override_count,
                              const bcue_coverage_options *options, const char *folder,
                              const bcue_hooks *hooks, bcue_report **report, bcue_error *error)
{
    static const bcue_coverage_options defaults = {0};
    const bcue_coverage_options *o = options != NULL ? options : &defaults;
    *report = NULL;
    bcue_report *made = bcue_report_create();
    if (made == NULL)
        return bcue_fail_memory(error, "the report");
    bcue_sim_plan plan;
    bcue_status status = bcue_sim_plan_read(config_path, overrides, override_count, &plan, error);
    if (status == BCUE_OK && (o->scene < 0 || (size_t)o->scene >= plan.scene_count))
        status = bcue_fail(error, BCUE_ERROR_ARGUMENT, "there is no scene %lld; the configuration has %zu",
                           (long long)o->scene, plan.scene_count);
    if (status == BCUE_OK)
        status =
            cover(&plan.scenes[o->scene].config, plan.scenes[o->scene].name, o, folder, hooks, made, error);
    bcue_sim_plan_destroy(&plan);
    return bcue_report_deliver(made, status, report, error);
}
