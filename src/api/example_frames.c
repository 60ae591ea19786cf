#include "api/example_frames.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/inspect_sensors.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/image.h"

enum { EXAMPLES = 6, SHOWN_BEAMS = 3, PICTURE_MAX_SIZE = 8 << 20 };

/* Scratch for one example: what the charts want, per beam. */
typedef struct example {
    double *azimuth_deg, *probability, *power_db;
    size_t ranked[SHOWN_BEAMS];
    double ranked_probability[SHOWN_BEAMS];
    size_t ranked_count;
} example;

static void free_example(example *e)
{
    free(e->azimuth_deg);
    free(e->probability);
    free(e->power_db);
}

static bcue_status make_example(const bcue_view_config *view, size_t beams, example *e, bcue_error *error)
{
    *e = (example){.azimuth_deg = bcue_calloc(beams, sizeof(double)),
                   .probability = bcue_calloc(beams, sizeof(double)),
                   .power_db = bcue_calloc(beams, sizeof(double))};
    if (e->azimuth_deg == NULL || e->probability == NULL || e->power_db == NULL) {
        free_example(e);
        return bcue_fail_memory(error, "the pictures");
    }
    for (size_t b = 0; b < beams; b++)
        e->azimuth_deg[b] = view->beam_span_deg * (0.5 - (double)b / (double)(beams - 1));
    return BCUE_OK;
}

static void fill_example(const bcue_predictions *p, size_t row, example *e)
{
    const size_t beams = (size_t)p->beams, width = (size_t)p->ranked_count;
    memset(e->probability, 0, beams * sizeof *e->probability);
    e->ranked_count = 0;
    for (size_t k = 0; k < width; k++) {
        const int32_t beam = p->ranked[row * width + k];
        if (beam < 0)
            break;
        e->probability[beam] = p->probability[row * width + k];
        if (k < SHOWN_BEAMS) {
            e->ranked[e->ranked_count] = (size_t)beam;
            e->ranked_probability[e->ranked_count++] = p->probability[row * width + k];
        }
    }
    for (size_t b = 0; b < beams; b++) {
        const double power = p->power[row * beams + b];
        e->power_db[b] = power > 0 ? 10 * log10(power) : NAN;
    }
}

/* The sample of a row by its id; rows are few, samples many, so this walks the samples once per example. */
static const bcue_sample *find_sample(const bcue_dataset *dataset, const char *id)
{
    for (size_t i = 0; i < bcue_dataset_count(dataset); i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        if (strcmp(sample->id, id) == 0)
            return sample;
    }
    return NULL;
}

static void describe(const bcue_predictions *p, size_t row, const example *e, char *caption, size_t size)
{
    const int32_t label = p->label[row];
    const double loss = label >= 0 ? e->power_db[label] - e->power_db[e->ranked[0]] : NAN;
    int used = snprintf(caption, size, "%.60s: answered", p->ids[row]);
    for (size_t k = 0; k < e->ranked_count && used > 0 && (size_t)used < size; k++)
        used += snprintf(caption + used, size - (size_t)used, "%s %zu (%.0f %%)", k > 0 ? "," : "",
                         e->ranked[k], 100 * e->ranked_probability[k]);
    if (label >= 0 && used > 0 && (size_t)used < size)
        used += snprintf(caption + used, size - (size_t)used, "; best measured %d", label);
    if (isfinite(loss) && used > 0 && (size_t)used < size)
        snprintf(caption + used, size - (size_t)used, ", first answer %.2f dB below it", loss);
}

static bcue_status add_picture(bcue_page *page, const bcue_view_config *view, const bcue_predictions *p,
                               size_t row, const char *path, const example *e, bcue_error *error)
{
    bcue_bytes bytes;
    bcue_image image;
    bcue_text overlay = {0};
    char caption[320];
    if (bcue_file_read(path, PICTURE_MAX_SIZE, &bytes, NULL) != BCUE_OK)
        return BCUE_OK; /* moved since the evaluation: the page does without */
    describe(p, row, e, caption, sizeof caption);
    bcue_status status = BCUE_OK;
    if (view->camera_fov_deg > 0 && bcue_image_read(path, 0, &image, NULL) == BCUE_OK) {
        const bcue_beam_overlay chart = {.description = caption,
                                         .width = image.width,
                                         .height = image.height,
                                         .horizontal_fov_deg = view->camera_fov_deg,
                                         .camera_yaw_deg = view->camera_yaw_deg,
                                         .azimuth_deg = e->azimuth_deg,
                                         .beam_count = (size_t)p->beams,
                                         .probability = e->probability,
                                         .ranked = e->ranked,
                                         .ranked_count = e->ranked_count,
                                         .label = p->label[row]};
        status = bcue_chart_overlay(&chart, &overlay, error);
        bcue_image_free(&image);
    }
    if (status == BCUE_OK)
        bcue_page_picture(page, bytes.data, bytes.size, "test frame", caption,
                          overlay.size > 0 ? &overlay : NULL);
    bcue_text_free(&overlay);
    bcue_bytes_free(&bytes);
    return status;
}

static bcue_status add_power_chart(bcue_page *page, const bcue_view_config *view, const bcue_predictions *p,
                                   size_t row, const example *e, bcue_error *error)
{
    bcue_text svg = {0};
    char title[128];
    snprintf(title, sizeof title, "Power of every beam: %.60s", p->ids[row]);
    const bcue_beam_chart chart = {
        .options = {.title = title, .description = "Measured power per beam, with the answered beams marked"},
        .power_db = e->power_db,
        .azimuth_deg = view->camera_fov_deg > 0 ? e->azimuth_deg : NULL,
        .beam_count = (size_t)p->beams,
        .ranked = e->ranked,
        .ranked_count = e->ranked_count,
        .probability = e->ranked_probability,
        .label = p->label[row],
        .range_db = 10};
    bcue_status status = bcue_chart_beams(&chart, &svg, error);
    if (status == BCUE_OK)
        bcue_page_chart(
            page, &svg,
            "The first picture above. Beams that lie close in power cost little when they are confused.");
    bcue_text_free(&svg);
    return status;
}

/* The first row from `begin` on, before `end`, whose newest picture is there; its path (malloc'd) or NULL. */
static char *next_picture(const bcue_dataset *dataset, const bcue_predictions *p, size_t begin, size_t end,
                          size_t *row)
{
    const size_t newest = (size_t)bcue_dataset_frames(dataset) - 1;
    for (size_t i = begin; i < end; i++) {
        const bcue_sample *sample = find_sample(dataset, p->ids[i]);
        if (sample == NULL || sample->file[BCUE_CAMERA] == NULL || sample->file[BCUE_CAMERA][newest] == NULL)
            continue;
        *row = i;
        return bcue_path_join(bcue_dataset_source_root(dataset, (size_t)sample->source),
                              sample->file[BCUE_CAMERA][newest]);
    }
    return NULL;
}

bcue_status bcue_add_example_frames(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                                    const bcue_predictions *p, bcue_error *error)
{
    example e;
    size_t first = SIZE_MAX;
    BCUE_TRY(make_example(&run->view, (size_t)p->beams, &e, error));
    bcue_status status = BCUE_OK;
    for (size_t k = 0; status == BCUE_OK && k < EXAMPLES; k++) {
        size_t row = 0;
        char *path = next_picture(dataset, p, (2 * k + 1) * p->rows / (2 * EXAMPLES),
                                  (k + 1) * p->rows / EXAMPLES, &row);
        if (path == NULL)
            continue;
        if (first == SIZE_MAX) {
            first = row;
            bcue_page_section(page, "What it answers");
            bcue_page_paragraph(
                page, "Test pictures that the model never saw, spread evenly over the test part%s.",
                run->view.camera_fov_deg > 0 ? ", with its first three beams drawn where they point" : "");
            bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
        }
        fill_example(p, row, &e);
        status = add_picture(page, &run->view, p, row, path, &e, error);
        free(path);
    }
    if (first != SIZE_MAX) {
        bcue_page_grid_end(page);
        fill_example(p, first, &e);
        if (status == BCUE_OK)
            status = add_power_chart(page, &run->view, p, first, &e, error);
        const bcue_sample *sample = find_sample(dataset, p->ids[first]);
        if (status == BCUE_OK && sample != NULL)
            status = bcue_sensors_add_sample(page, dataset, sample, run->features.lidar.enabled,
                                             run->features.radar.enabled, error);
    }
    free_example(&e);
    return status;
}
