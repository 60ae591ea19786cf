#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/inspect_api.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"

enum { GALLERY_PICTURES = 12, PICTURE_MAX_SIZE = 4 << 20, MOST_MAP_POINTS = 20000 };

static bcue_status put_chart(bcue_page *page, bcue_status status, bcue_text *svg, const char *caption)
{
    if (status == BCUE_OK)
        bcue_page_chart(page, svg, caption);
    bcue_text_free(svg);
    return status;
}

static bcue_status add_beam_histogram(bcue_page *page, const bcue_inspection *inspection, bcue_error *error)
{
    const bcue_bar_series series = {.name = "samples", .values = inspection->beam_histogram};
    const bcue_bar_chart chart = {
        .options = {.title = "Best beam", .description = "How often each beam is the best", .width = 520},
        .category = {.title = "beam index"},
        .value = {.title = "samples", .from_zero = true},
        .category_count = (size_t)inspection->beams,
        .series = &series,
        .series_count = 1};
    bcue_text svg = {0};
    bcue_status status = bcue_chart_bars(&chart, &svg, error);
    return put_chart(page, status, &svg, "Beams that are never best make a model look better than it is.");
}

static bcue_status add_histogram(bcue_page *page, const char *title, const char *caption,
                                 const double *values, size_t count, bcue_error *error)
{
    const bcue_histogram chart = {.options = {.title = title, .description = title, .width = 520},
                                  .x = {.title = title, .unit = "dB"},
                                  .values = values,
                                  .count = count};
    bcue_text svg = {0};
    bcue_status status = bcue_chart_histogram(&chart, &svg, error);
    return put_chart(page, status, &svg, caption);
}

/* Local metres, good enough for a map of one street. */
static bcue_status add_map(bcue_page *page, const bcue_dataset *dataset, bcue_error *error)
{
    const size_t count = bcue_dataset_count(dataset),
                 fix = 2 * ((size_t)bcue_dataset_gps_frames(dataset) - 1);
    const size_t step = count > MOST_MAP_POINTS ? count / MOST_MAP_POINTS : 1;
    const double metres_per_degree = 111194.93;
    double *x = bcue_calloc(count, sizeof *x), *y = bcue_calloc(count, sizeof *y),
           *beam = bcue_calloc(count, sizeof *beam);
    bcue_status status =
        x == NULL || y == NULL || beam == NULL ? bcue_fail_memory(error, "the map") : BCUE_OK;
    size_t points = 0;
    double origin[2] = {NAN, NAN};
    bcue_map_mark rsu = {.label = "RSU"};
    size_t marks = 0;
    for (size_t i = 0; status == BCUE_OK && i < count; i += step) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        if (sample->source != 0 || sample->label < 0 || sample->fix == NULL || !isfinite(sample->fix[fix]) ||
            !isfinite(sample->fix[fix + 1]))
            continue;
        if (!isfinite(origin[0])) {
            const bool known = isfinite(sample->rsu_fix[0]) && isfinite(sample->rsu_fix[1]);
            origin[0] = known ? sample->rsu_fix[0] : sample->fix[fix];
            origin[1] = known ? sample->rsu_fix[1] : sample->fix[fix + 1];
            marks = known ? 1 : 0;
        }
        x[points] =
            (sample->fix[fix + 1] - origin[1]) * metres_per_degree * cos(origin[0] * 0.017453292519943295);
        y[points] = (sample->fix[fix] - origin[0]) * metres_per_degree;
        beam[points++] = sample->label;
    }
    if (status == BCUE_OK && points > 0) {
        const bcue_map_chart chart = {.options = {.title = "Where the vehicle was, coloured by its best beam",
                                                  .description = "Map of vehicle positions",
                                                  .width = 1040},
                                      .x = {.title = "east", .unit = "m"},
                                      .y = {.title = "north", .unit = "m"},
                                      .value_title = "best beam",
                                      .x_values = x,
                                      .y_values = y,
                                      .colors = beam,
                                      .count = points,
                                      .marks = &rsu,
                                      .mark_count = marks};
        bcue_text svg = {0};
        status = put_chart(page, bcue_chart_map(&chart, &svg, error), &svg,
                           "Colours that change smoothly along the road mean that position tells the beam.");
    }
    free(x);
    free(y);
    free(beam);
    return status;
}

/* Pictures of samples spread evenly over the data set. A picture that cannot be read is left out. */
static bcue_status add_gallery(bcue_page *page, const bcue_dataset *dataset, bcue_error *error)
{
    const size_t count = bcue_dataset_count(dataset), newest = (size_t)bcue_dataset_frames(dataset) - 1;
    bcue_page_section(page, "Frames");
    bcue_page_grid_begin(page, BCUE_GRID_GALLERY);
    for (size_t k = 0; k < GALLERY_PICTURES; k++) {
        size_t i = count * k / GALLERY_PICTURES;
        const size_t end = count * (k + 1) / GALLERY_PICTURES;
        const bcue_sample *sample = NULL;
        for (; i < end; i++) {
            sample = bcue_dataset_sample(dataset, i);
            if (sample->file[BCUE_CAMERA] != NULL && sample->file[BCUE_CAMERA][newest] != NULL)
                break;
        }
        if (i >= end)
            continue;
        char *path = bcue_path_join(bcue_dataset_source_root(dataset, (size_t)sample->source),
                                    sample->file[BCUE_CAMERA][newest]);
        bcue_bytes bytes = {0};
        char caption[160];
        if (path == NULL)
            return bcue_fail_memory(error, "the page");
        snprintf(caption, sizeof caption, "%.80s: best beam %d", sample->id, sample->label);
        if (bcue_file_read(path, PICTURE_MAX_SIZE, &bytes, NULL) == BCUE_OK)
            bcue_page_picture(page, bytes.data, bytes.size, "camera frame", caption, NULL);
        bcue_bytes_free(&bytes);
        free(path);
    }
    bcue_page_grid_end(page);
    return BCUE_OK;
}

static bcue_status fill(bcue_page *page, const bcue_dataset *dataset, const bcue_inspection *inspection,
                        bcue_error *error)
{
    bcue_table *overview = bcue_inspection_overview(dataset, inspection),
               *defects = bcue_inspection_defects(dataset);
    if (overview != NULL && defects != NULL) {
        bcue_page_section(page, "What is there");
        bcue_page_table(page, overview);
        bcue_page_table(page, defects);
    }
    const bool made = overview != NULL && defects != NULL;
    bcue_table_destroy(overview);
    bcue_table_destroy(defects);
    bcue_table *sensors = bcue_sensors_table(&inspection->sensors);
    if (sensors != NULL)
        bcue_page_table(page, sensors);
    bcue_table_destroy(sensors);
    if (!made)
        return bcue_fail_memory(error, "the page");
    bcue_page_section(page, "Beams and positions");
    BCUE_TRY(add_map(page, dataset, error));
    bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
    BCUE_TRY(add_beam_histogram(page, inspection, error));
    if (inspection->powered > 0) {
        BCUE_TRY(add_histogram(page, "Power spread, best over worst beam",
                               "A small spread means that even a poor beam costs little.",
                               inspection->spread_db, inspection->powered, error));
        BCUE_TRY(add_histogram(page, "Gap, best over second beam",
                               "Gaps of hundredths of a dB make top-1 partly a matter of noise.",
                               inspection->gap_db, inspection->powered, error));
    }
    bcue_page_grid_end(page);
    BCUE_TRY(bcue_beam_study_add(page, dataset, &inspection->study, error));
    if (inspection->available[BCUE_CAMERA] > 0)
        BCUE_TRY(add_gallery(page, dataset, error));
    return bcue_sensors_add_pictures(page, dataset, &inspection->sensors, error);
}

bcue_status bcue_inspection_write_page(const bcue_dataset *dataset, const bcue_inspection *inspection,
                                       const char *title, const char *path, bcue_error *error)
{
    bcue_page *page = bcue_page_create(title, "Data set");
    if (page == NULL)
        return bcue_fail_memory(error, path);
    bcue_status status = fill(page, dataset, inspection, error);
    if (status == BCUE_OK) {
        bcue_origin_note note;
        bcue_origin_note_fill(&note, "beamcue inspect");
        status = bcue_page_write(page, &note.provenance, path, error);
    }
    bcue_page_destroy(page);
    return status;
}
