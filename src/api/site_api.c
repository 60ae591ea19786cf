#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/dataset_api.h"
#include "api/report_handle.h"
#include "api/site_check.h"
#include "base/fail.h"
#include "beamcue/site.h"

enum { ROWS = 4 };
static const char *const names[ROWS] = {"array", "camera", "lidar", "radar"};
static const double tolerated_deg = 2.0; /* the least that a direction is called wrong by */
static const double least_compared = 10;

static const bcue_site_agreement *row_of(const bcue_site_study *study, int row)
{
    return row == 0 ? &study->array : &study->sensors[row - 1];
}

/* Is the direction off? More than tolerated, and more than the spread of so many frames can make of a right
 * one. */
static bool turned(const bcue_site_agreement *a)
{
    return (double)a->compared >= least_compared && fabs(a->azimuth_deg) > tolerated_deg &&
           fabs(a->azimuth_deg) > 3.0 * 1.5 * a->azimuth_spread_deg / sqrt((double)a->compared / 10.0 + 1.0);
}

static void put_verdict(bcue_table *table, const bcue_site_agreement *a, bool camera)
{
    if (a->missing[0] != '\0')
        bcue_table_printf(table, "to be measured: %s", a->missing);
    else if (a->looked_at == 0)
        bcue_table_text(table, "not in the recordings");
    else if (turned(a))
        bcue_table_printf(table, "off by %.1f degrees to the %s", fabs(a->azimuth_deg),
                          a->azimuth_deg > 0 ? "left" : "right");
    else if (camera && a->inside_percent < 5)
        bcue_table_text(table, "hardly a fix is in the picture");
    else if ((double)a->compared < least_compared)
        bcue_table_text(table, camera ? "see the pictures" : "too little to compare");
    else
        bcue_table_text(table, "fits");
}

static bcue_table *make_table(const bcue_site_study *study)
{
    const bcue_column columns[] = {{"", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"frames", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"compared", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"azimuth", "deg", BCUE_ALIGN_RIGHT, 2},
                                   {"half within", "deg", BCUE_ALIGN_RIGHT, 2},
                                   {"range", "m", BCUE_ALIGN_RIGHT, 2},
                                   {"half within", "m", BCUE_ALIGN_RIGHT, 2},
                                   {"in picture", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"off truth", "px", BCUE_ALIGN_RIGHT, 1},
                                   {"verdict", NULL, BCUE_ALIGN_LEFT, 0}};
    bcue_table *table = bcue_table_create("Sensors minus fixes", columns, sizeof columns / sizeof *columns);
    if (table == NULL)
        return NULL;
    for (int r = 0; r < ROWS; r++) {
        const bcue_site_agreement *a = row_of(study, r);
        const bool camera = r == 1 + BCUE_SITE_CAMERA, any = a->compared > 0;
        bcue_table_row(table);
        bcue_table_text(table, names[r]);
        bcue_table_number(table, (double)a->looked_at);
        bcue_table_number(table, (double)a->compared);
        bcue_table_number(table, any ? a->azimuth_deg : NAN);
        bcue_table_number(table, any ? a->azimuth_spread_deg : NAN);
        bcue_table_number(table, any ? a->range_m : NAN);
        bcue_table_number(table, any ? a->range_spread_m : NAN);
        bcue_table_number(table, camera && a->looked_at > 0 ? a->inside_percent : NAN);
        bcue_table_number(table, camera && any ? a->pixels : NAN);
        put_verdict(table, a, camera);
    }
    bcue_table_footnote(
        table, "medians over frames; azimuth: left positive. array: direction of the best beam; camera: "
               "true place of a simulation; lidar, radar: the nearest group of moving points");
    return table;
}

static void put_number(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

static void fill_json(const bcue_site_study *study, json_t *object)
{
    for (int r = 0; r < ROWS; r++) {
        const bcue_site_agreement *a = row_of(study, r);
        const bool any = a->compared > 0;
        json_t *part = json_object();
        json_object_set_new(part, "looked_at", json_integer((json_int_t)a->looked_at));
        json_object_set_new(part, "compared", json_integer((json_int_t)a->compared));
        put_number(part, "azimuth_deg", any ? a->azimuth_deg : NAN);
        put_number(part, "azimuth_spread_deg", any ? a->azimuth_spread_deg : NAN);
        put_number(part, "range_m", any ? a->range_m : NAN);
        put_number(part, "range_spread_m", any ? a->range_spread_m : NAN);
        if (r == 1 + BCUE_SITE_CAMERA) {
            put_number(part, "inside_percent", a->looked_at > 0 ? a->inside_percent : NAN);
            put_number(part, "pixels", any ? a->pixels : NAN);
        }
        json_object_set_new(part, "off", json_boolean(turned(a)));
        json_object_set_new(part, "missing", json_string(a->missing));
        json_object_set_new(object, names[r], part);
    }
    put_number(object, "heading_by_beams_deg", study->fit.samples > 0 ? study->fit.heading_deg : NAN);
}

/* What all directions together say about the heading. */
static void put_advice(const bcue_site_study *study, bcue_text *out)
{
    size_t off = 0, checked = 0, left = 0;
    for (int r = 0; r < ROWS; r++) {
        const bcue_site_agreement *a = row_of(study, r);
        checked += (double)a->compared >= least_compared;
        off += turned(a);
        left += turned(a) && a->azimuth_deg > 0;
    }
    if (study->fit.samples > 0)
        bcue_text_printf(out,
                         "\nheading by best beams and fixes: %.1f degrees, beam 0 to the %s (site.yaml: ",
                         study->fit.heading_deg, study->fit.right ? "right" : "left");
    if (study->fit.samples > 0 && isnan(study->site->heading_deg))
        bcue_text_puts(out, "to be measured)\n");
    else if (study->fit.samples > 0)
        bcue_text_printf(out, "%.1f, %s)\n", study->site->heading_deg,
                         study->site->array.first_beam ? "right" : "left");
    if (off > 1 && (left == 0 || left == off))
        bcue_text_printf(out,
                         "%zu of %zu that could be compared look too far to the %s: heading_deg is too %s\n",
                         off, checked, left > 0 ? "left" : "right", left > 0 ? "small" : "large");
}

static bool keep_path(void *cookie, const char *path)
{
    return bcue_report_add_file(cookie, path);
}

static bcue_status refuse_empty(const bcue_site_study *study, const char *path, bcue_error *error)
{
    bcue_text missing = {0};
    bool any = false;
    for (int r = 0; r < ROWS; r++)
        any = any || row_of(study, r)->looked_at > 0;
    if (any)
        return BCUE_OK;
    if (study->array.missing[0] != '\0')
        bcue_text_puts(&missing, study->array.missing);
    const bcue_status status =
        missing.size > 0
            ? bcue_fail(error, BCUE_ERROR_DATA, "%s: nothing can be compared yet; still to be measured: %s",
                        path, missing.data)
            : bcue_fail(error, BCUE_ERROR_DATA,
                        "%s: the recordings have no fix of a vehicle, so there is nothing to compare with",
                        path);
    bcue_text_free(&missing);
    return status;
}

static bcue_status check_site(const bcue_site_config *site, const bcue_dataset *dataset,
                              const char *site_path, const char *pictures, const bcue_hooks *hooks,
                              bcue_report *report, bcue_error *error)
{
    bcue_site_study study;
    bcue_codebook_mark mark;
    BCUE_TRY(bcue_site_check_codebook(bcue_site_codebook_mark(site, &mark) ? &mark : NULL, site_path, dataset,
                                      error));
    bcue_status status = bcue_site_study_make(site, dataset, hooks, &study, error);
    if (status == BCUE_OK)
        status = refuse_empty(&study, site_path, error);
    bcue_table *table = status == BCUE_OK ? make_table(&study) : NULL;
    if (status == BCUE_OK)
        status = table == NULL ? bcue_fail_memory(error, "the report")
                               : bcue_report_add_table(report, "sensors", table, error);
    bcue_table_destroy(table);
    if (status == BCUE_OK) {
        put_advice(&study, bcue_report_out(report));
        fill_json(&study, bcue_report_object(report));
        if (pictures != NULL)
            status = bcue_site_draw(&study, pictures, keep_path, report, error);
    }
    bcue_site_study_free(&study);
    return status;
}

bcue_status bcue_site_check(const char *config_or_folder, const char *const *overrides, size_t override_count,
                            const char *site_path, const char *pictures, const bcue_hooks *hooks,
                            bcue_report **report, bcue_error *error)
{
    bcue_site_config site;
    bcue_config *source, *config = NULL;
    bcue_dataset *dataset = NULL;
    *report = NULL;
    BCUE_TRY(bcue_site_config_read(site_path, &site, &source, error));
    bcue_status status = config_or_folder == NULL
                             ? bcue_dataset_open(&site.data, source, hooks, &dataset, error)
                             : bcue_open_recordings(config_or_folder, overrides, override_count, hooks,
                                                    &dataset, &config, error);
    bcue_report *made = NULL;
    if (status == BCUE_OK) {
        made = bcue_report_create();
        status = made == NULL ? bcue_fail_memory(error, "the report")
                              : check_site(&site, dataset, site_path, pictures, hooks, made, error);
    }
    bcue_dataset_destroy(dataset);
    bcue_config_destroy(config);
    bcue_config_destroy(source);
    if (made == NULL)
        return status;
    return bcue_report_deliver(made, status, report, error);
}
