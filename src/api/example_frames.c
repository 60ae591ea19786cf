#include "api/example_frames.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/inspect_sensors.h"
#include "base/fail.h"
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

bcue_status bcue_picture_open(const bcue_dataset *dataset, const bcue_sample *sample,
                              bcue_picture_file *picture, bcue_error *error)
{
    const size_t newest = (size_t)bcue_dataset_frames(dataset) - 1;
    bcue_image image;
    *picture = (bcue_picture_file){0};
    if (sample->file[BCUE_CAMERA] == NULL || sample->file[BCUE_CAMERA][newest] == NULL)
        return BCUE_OK;
    char *path = bcue_path_join(bcue_dataset_source_root(dataset, (size_t)sample->source),
                                sample->file[BCUE_CAMERA][newest]);
    if (path == NULL)
        return bcue_fail_memory(error, "a picture");
    /* Moved or damaged since the evaluation: the page does without. */
    if (bcue_image_read(path, 0, &image, NULL) == BCUE_OK) {
        picture->width = image.width;
        picture->height = image.height;
        bcue_image_free(&image);
        if (bcue_file_read(path, PICTURE_MAX_SIZE, &picture->bytes, NULL) != BCUE_OK)
            *picture = (bcue_picture_file){0};
    }
    free(path);
    return BCUE_OK;
}

void bcue_picture_close(bcue_picture_file *picture)
{
    bcue_bytes_free(&picture->bytes);
    *picture = (bcue_picture_file){0};
}

static bcue_status add_picture(bcue_page *page, const bcue_view_config *view, const bcue_predictions *p,
                               size_t row, const bcue_picture_file *picture, const example *e,
                               bcue_error *error)
{
    bcue_text overlay = {0};
    char caption[320];
    describe(p, row, e, caption, sizeof caption);
    bcue_status status = BCUE_OK;
    if (view->camera_fov_deg > 0) {
        const bcue_beam_overlay chart = {.description = caption,
                                         .width = picture->width,
                                         .height = picture->height,
                                         .horizontal_fov_deg = view->camera_fov_deg,
                                         .camera_yaw_deg = view->camera_yaw_deg,
                                         .azimuth_deg = e->azimuth_deg,
                                         .beam_count = (size_t)p->beams,
                                         .probability = e->probability,
                                         .ranked = e->ranked,
                                         .ranked_count = e->ranked_count,
                                         .label = p->label[row]};
        status = bcue_chart_overlay(&chart, &overlay, error);
    }
    if (status == BCUE_OK)
        bcue_page_picture(page, picture->bytes.data, picture->bytes.size, "test frame", caption,
                          overlay.size > 0 ? &overlay : NULL);
    bcue_text_free(&overlay);
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

/* The first row from `begin` on, before `end`, whose newest picture is there; *row = end: none. */
static bcue_status next_picture(const bcue_dataset *dataset, const bcue_sample_lookup *lookup,
                                const bcue_predictions *p, size_t begin, size_t end, size_t *row,
                                bcue_picture_file *picture, bcue_error *error)
{
    for (*row = begin; *row < end; (*row)++) {
        const bcue_sample *sample = bcue_sample_find(lookup, p->ids[*row]);
        if (sample == NULL)
            continue;
        BCUE_TRY(bcue_picture_open(dataset, sample, picture, error));
        if (picture->bytes.data != NULL)
            return BCUE_OK;
    }
    return BCUE_OK;
}

static bcue_status add_spread(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                              const bcue_sample_lookup *lookup, const bcue_predictions *p, example *e,
                              size_t *first, bcue_error *error)
{
    bcue_status status = BCUE_OK;
    for (size_t k = 0; status == BCUE_OK && k < EXAMPLES; k++) {
        const size_t end = (k + 1) * p->rows / EXAMPLES;
        bcue_picture_file picture = {0};
        size_t row;
        BCUE_TRY(next_picture(dataset, lookup, p, (2 * k + 1) * p->rows / (2 * EXAMPLES), end, &row, &picture,
                              error));
        if (row == end)
            continue;
        if (*first == SIZE_MAX) {
            *first = row;
            bcue_page_section(page, "What it answers");
            bcue_page_paragraph(
                page, "Test pictures that the model never saw, spread evenly over the test part%s.",
                run->view.camera_fov_deg > 0 ? ", with its first three beams drawn where they point" : "");
            bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
        }
        fill_example(p, row, e);
        status = add_picture(page, &run->view, p, row, &picture, e, error);
        bcue_picture_close(&picture);
    }
    if (*first != SIZE_MAX)
        bcue_page_grid_end(page);
    return status;
}

bcue_status bcue_add_example_frames(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                                    const bcue_sample_lookup *lookup, const bcue_predictions *p,
                                    bcue_error *error)
{
    example e;
    size_t first = SIZE_MAX;
    BCUE_TRY(make_example(&run->view, (size_t)p->beams, &e, error));
    bcue_status status = add_spread(page, run, dataset, lookup, p, &e, &first, error);
    if (status == BCUE_OK && first != SIZE_MAX) {
        fill_example(p, first, &e);
        status = add_power_chart(page, &run->view, p, first, &e, error);
        const bcue_sample *sample = bcue_sample_find(lookup, p->ids[first]);
        if (status == BCUE_OK && sample != NULL)
            status = bcue_sensors_add_sample(page, dataset, sample, run->features.lidar.enabled,
                                             run->features.radar.enabled, error);
    }
    free_example(&e);
    return status;
}

/* ---- the worst cases ---- */

typedef struct bad_row {
    size_t row;
    double loss_db;  /* NaN: no powers */
    int32_t off;     /* beams between the first answer and the best */
    int32_t episode; /* one of an episode is shown: its frames are alike */
} bad_row;

/* How wrong a row is: by lost power, and where powers are not known by distance. */
static bool judge(const bcue_predictions *p, size_t row, bad_row *bad)
{
    const size_t beams = (size_t)p->beams;
    const int32_t answered = p->ranked[row * (size_t)p->ranked_count], label = p->label[row];
    const double *power = p->power + row * beams;
    *bad = (bad_row){.row = row, .loss_db = NAN, .episode = p->episode[row]};
    if (label < 0 || answered < 0 || answered == label)
        return false;
    bad->off = abs(answered - label);
    if (power[answered] > 0 && power[label] > 0)
        bad->loss_db = 10 * log10(power[label] / power[answered]);
    return !(bad->loss_db <= 0);
}

static int worse_first(const void *a, const void *b)
{
    const bad_row *x = a, *y = b;
    if (isnan(x->loss_db) != isnan(y->loss_db))
        return isnan(x->loss_db) ? 1 : -1;
    if (!isnan(x->loss_db) && x->loss_db != y->loss_db)
        return x->loss_db < y->loss_db ? 1 : -1;
    if (x->off != y->off)
        return x->off < y->off ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The worst row of each episode, worst first; keeps at most EXAMPLES. */
static size_t keep_worst(bad_row *bad, size_t count)
{
    size_t kept = 0;
    qsort(bad, count, sizeof *bad, worse_first);
    for (size_t i = 0; i < count && kept < EXAMPLES; i++) {
        size_t k = 0;
        while (k < kept && bad[k].episode != bad[i].episode)
            k++;
        if (k == kept)
            bad[kept++] = bad[i];
    }
    return kept;
}

static bcue_status add_worst_table(bcue_page *page, const bcue_sample_lookup *lookup,
                                   const bcue_predictions *p, const bad_row *bad, size_t count,
                                   bcue_error *error)
{
    const bcue_column columns[] = {
        {"sample", NULL, BCUE_ALIGN_LEFT, 0},    {"scene", NULL, BCUE_ALIGN_LEFT, 0},
        {"condition", NULL, BCUE_ALIGN_LEFT, 0}, {"answered", NULL, BCUE_ALIGN_RIGHT, 0},
        {"best", NULL, BCUE_ALIGN_RIGHT, 0},     {"probability", "%", BCUE_ALIGN_RIGHT, 0},
        {"loss", "dB", BCUE_ALIGN_RIGHT, 2}};
    bcue_table *table = bcue_table_create(NULL, columns, sizeof columns / sizeof *columns);
    if (table == NULL)
        return bcue_fail_memory(error, "the page");
    for (size_t k = 0; k < count; k++) {
        const size_t at = bad[k].row * (size_t)p->ranked_count;
        const bcue_sample *sample = bcue_sample_find(lookup, p->ids[bad[k].row]);
        bcue_table_row(table);
        bcue_table_text(table, p->ids[bad[k].row]);
        bcue_table_text(table, sample != NULL ? sample->scene : NULL);
        bcue_table_text(table, sample != NULL ? sample->condition : NULL);
        bcue_table_number(table, p->ranked[at]);
        bcue_table_number(table, p->label[bad[k].row]);
        bcue_table_number(table, 100 * p->probability[at]);
        bcue_table_number(table, bad[k].loss_db);
    }
    bcue_page_table(page, table);
    bcue_table_destroy(table);
    return BCUE_OK;
}

static bcue_status add_worst_pictures(bcue_page *page, const bcue_run_config *run,
                                      const bcue_dataset *dataset, const bcue_sample_lookup *lookup,
                                      const bcue_predictions *p, const bad_row *bad, size_t count,
                                      bcue_error *error)
{
    example e;
    BCUE_TRY(make_example(&run->view, (size_t)p->beams, &e, error));
    bcue_status status = BCUE_OK;
    bool begun = false;
    for (size_t k = 0; status == BCUE_OK && k < count; k++) {
        bcue_picture_file picture = {0};
        size_t row;
        status = next_picture(dataset, lookup, p, bad[k].row, bad[k].row + 1, &row, &picture, error);
        if (status != BCUE_OK || picture.bytes.data == NULL)
            continue;
        if (!begun)
            bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
        begun = true;
        fill_example(p, row, &e);
        status = add_picture(page, &run->view, p, row, &picture, &e, error);
        bcue_picture_close(&picture);
    }
    if (begun)
        bcue_page_grid_end(page);
    free_example(&e);
    return status;
}

bcue_status bcue_add_worst_cases(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                                 const bcue_sample_lookup *lookup, const bcue_predictions *p,
                                 bcue_error *error)
{
    bad_row *bad = bcue_calloc(p->rows, sizeof *bad);
    size_t count = 0;
    if (bad == NULL)
        return bcue_fail_memory(error, "the worst cases");
    for (size_t i = 0; i < p->rows; i++)
        count += judge(p, i, &bad[count]);
    bcue_status status = BCUE_OK;
    if (count > 0) {
        bcue_page_section(page, "Worst cases");
        bcue_page_paragraph(page, "The first answers that lose most, one of each recording (its frames are "
                                  "alike); first seed.");
        count = keep_worst(bad, count);
        status = add_worst_table(page, lookup, p, bad, count, error);
    }
    if (status == BCUE_OK && count > 0)
        status = add_worst_pictures(page, run, dataset, lookup, p, bad, count, error);
    free(bad);
    return status;
}
