/* Tables, JSON and charts of a beam study. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/inspect_beams.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"

enum { MOST_SCENES_SHOWN = 6, PICTURE_MAX_SIZE = 4 << 20 };
#define CHART_WIDTH 520

static const char *const lobe_names[BCUE_LOBE_CLASSES] = {"single", "double", "triple"};

static double labelled_of(const bcue_beam_study *study, const bcue_scene_beams *scene)
{
    double sum = 0;
    for (int32_t b = 0; b < study->beams; b++)
        sum += scene->histogram[b];
    return sum;
}

static bcue_table *scene_table(const bcue_beam_study *study)
{
    const bcue_column columns[] = {
        {"scene", NULL, BCUE_ALIGN_LEFT, 0},      {"samples", NULL, BCUE_ALIGN_RIGHT, 0},
        {"best beam", "dB", BCUE_ALIGN_RIGHT, 1}, {"spread", "dB", BCUE_ALIGN_RIGHT, 2},
        {"gap", "dB", BCUE_ALIGN_RIGHT, 3},       {"kept", "%", BCUE_ALIGN_RIGHT, 1},
        {"single", "%", BCUE_ALIGN_RIGHT, 1},     {"double", "%", BCUE_ALIGN_RIGHT, 1},
        {"triple", "%", BCUE_ALIGN_RIGHT, 1},
    };
    const size_t count = sizeof columns / sizeof *columns;
    bcue_table *table = bcue_table_create("Best beams by scene", columns,
                                          study->has_lobes ? count : count - BCUE_LOBE_CLASSES);
    for (size_t s = 0; table != NULL && s < study->scene_count; s++) {
        const bcue_scene_beams *scene = &study->scenes[s];
        const double labelled = labelled_of(study, scene);
        bcue_table_row(table);
        bcue_table_text(table, scene->name);
        bcue_table_number(table, (double)scene->samples);
        bcue_table_number(table, scene->median_db);
        bcue_table_number(table, scene->median_spread_db);
        bcue_table_number(table, scene->median_gap_db);
        bcue_table_number(table, scene->pairs > 0 ? 100.0 * (double)scene->kept / (double)scene->pairs : NAN);
        for (int k = 0; study->has_lobes && k < BCUE_LOBE_CLASSES; k++)
            bcue_table_number(table, labelled > 0 ? 100.0 * (double)scene->lobes[k] / labelled : NAN);
    }
    if (table == NULL)
        return NULL;
    bcue_table_footnote(table, "best beam, spread, gap: medians of its power, 10 log10 in the file's unit "
                               "(dBm for a simulation), over the worst and over the second beam");
    bcue_table_footnote(table, "kept: the best beam is that of the sample before");
    return table;
}

static bcue_table *blind_table(const bcue_beam_study *study)
{
    const bcue_column columns[] = {
        {"scene", NULL, BCUE_ALIGN_LEFT, 0},       {"constant beam", NULL, BCUE_ALIGN_RIGHT, 0},
        {"MPR", "%", BCUE_ALIGN_RIGHT, 2},         {"loss", "dB", BCUE_ALIGN_RIGHT, 2},
        {"random: MPR", "%", BCUE_ALIGN_RIGHT, 2}, {"loss", "dB", BCUE_ALIGN_RIGHT, 2}};
    bcue_table *table = bcue_table_create("Beams chosen without looking", columns, 6);
    size_t rows = 0;
    for (size_t s = 0; table != NULL && s < study->scene_count; s++) {
        const bcue_scene_beams *scene = &study->scenes[s];
        if (scene->powered == 0)
            continue;
        rows++;
        bcue_table_row(table);
        bcue_table_text(table, scene->name);
        bcue_table_number(table, (double)scene->constant.beam);
        bcue_table_number(table, scene->constant.mpr);
        bcue_table_number(table, scene->constant.loss_db);
        bcue_table_number(table, scene->random_beam.mpr);
        bcue_table_number(table, scene->random_beam.loss_db);
    }
    if (table == NULL)
        return NULL;
    bcue_table_footnote(table, "constant: the beam (from 0) of the highest mean percentile rank (MPR) over "
                               "all samples of the scene, in hindsight; random: the mean over all beams");
    bcue_table_footnote(table, "loss: mean of 10 log10(best power / its power)");
    if (rows > 0)
        return table;
    bcue_table_destroy(table);
    return NULL;
}

static bcue_table *ridge_table(const bcue_beam_study *study)
{
    const bcue_column columns[] = {{"scene", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"beams, from 1", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"peak, from 1", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"samples", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"best beam", "dB", BCUE_ALIGN_RIGHT, 1}};
    bcue_table *table =
        bcue_table_create("Ridges: where best beams crowd", columns, sizeof columns / sizeof *columns);
    size_t rows = 0;
    for (size_t s = 0; table != NULL && s < study->scene_count; s++) {
        const bcue_scene_beams *scene = &study->scenes[s];
        for (size_t k = 0; k < scene->ridge_count; k++, rows++) {
            const bcue_ridge *ridge = &scene->ridges[k];
            bcue_table_row(table);
            bcue_table_text(table, scene->name);
            if (ridge->first == ridge->last)
                bcue_table_printf(table, "%d", ridge->first + 1);
            else
                bcue_table_printf(table, "%d-%d", ridge->first + 1, ridge->last + 1);
            bcue_table_number(table, (double)ridge->peak + 1);
            bcue_table_number(table, 100.0 * (double)ridge->samples / labelled_of(study, scene));
            bcue_table_number(table, ridge->median_db);
        }
    }
    if (rows > 0)
        return table;
    bcue_table_destroy(table);
    return NULL;
}

const char *const bcue_beam_study_table_names[BCUE_STUDY_TABLES] = {"scenes", "blind", "ridges"};

void bcue_beam_study_tables(const bcue_beam_study *study, bcue_table *tables[BCUE_STUDY_TABLES], bool *failed)
{
    tables[0] = scene_table(study);
    tables[1] = blind_table(study);
    tables[2] = ridge_table(study);
    *failed = tables[0] == NULL;
}

static json_t *blind_json(const bcue_blind_beam *blind)
{
    json_t *object = json_pack("{s:f, s:f}", "mpr", blind->mpr, "loss_db", blind->loss_db);
    if (blind->beam >= 0)
        json_object_set_new(object, "beam", json_integer(blind->beam));
    return object;
}

static json_t *ridges_json(const bcue_beam_study *study, const bcue_scene_beams *scene)
{
    json_t *list = json_array();
    for (size_t k = 0; k < scene->ridge_count; k++) {
        const bcue_ridge *ridge = &scene->ridges[k];
        json_t *entry = json_pack("{s:i, s:i, s:i, s:f}", "first", ridge->first, "peak", ridge->peak, "last",
                                  ridge->last, "share", (double)ridge->samples / labelled_of(study, scene));
        if (isfinite(ridge->median_db))
            json_object_set_new(entry, "best_db", json_real(ridge->median_db));
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *scene_json(const bcue_beam_study *study, const bcue_scene_beams *scene)
{
    json_t *object = json_pack("{s:s, s:I, s:o}", "name", scene->name, "samples", (json_int_t)scene->samples,
                               "ridges", ridges_json(study, scene));
    json_t *conditions = json_object(), *histogram = json_array();
    for (size_t c = 0; c < scene->condition_count; c++)
        json_object_set_new(conditions, scene->conditions[c].name,
                            json_integer((json_int_t)scene->conditions[c].samples));
    for (int32_t b = 0; b < study->beams; b++)
        json_array_append_new(histogram, json_integer((json_int_t)scene->histogram[b]));
    if (scene->pairs > 0)
        json_object_set_new(object, "kept_share", json_real((double)scene->kept / (double)scene->pairs));
    json_object_set_new(object, "conditions", conditions);
    json_object_set_new(object, "beam_histogram", histogram);
    if (study->has_lobes) {
        json_t *lobes = json_object();
        for (int k = 0; k < BCUE_LOBE_CLASSES; k++)
            json_object_set_new(lobes, lobe_names[k], json_integer((json_int_t)scene->lobes[k]));
        json_object_set_new(object, "lobes", lobes);
    }
    if (scene->powered > 0) {
        json_object_set_new(object, "best_db", json_real(scene->median_db));
        json_object_set_new(object, "spread_db", json_real(scene->median_spread_db));
        json_object_set_new(object, "gap_db", json_real(scene->median_gap_db));
        json_object_set_new(object, "constant", blind_json(&scene->constant));
        json_object_set_new(object, "random", blind_json(&scene->random_beam));
    }
    return object;
}

json_t *bcue_beam_study_json(const bcue_beam_study *study)
{
    json_t *list = json_array();
    for (size_t s = 0; list != NULL && s < study->scene_count; s++)
        json_array_append_new(list, scene_json(study, &study->scenes[s]));
    return list;
}

/* The middle one of the samples of a scene and condition that have a picture. */
static const bcue_sample *middle_sample(const bcue_dataset *dataset, const char *scene, const char *condition)
{
    const size_t newest = (size_t)bcue_dataset_frames(dataset) - 1;
    size_t found = 0, wanted = SIZE_MAX;
    for (int pass = 0; pass < 2; pass++) {
        found = 0;
        for (size_t i = 0; i < bcue_dataset_count(dataset); i++) {
            const bcue_sample *sample = bcue_dataset_sample(dataset, i);
            if (sample->scene == NULL || sample->condition == NULL || strcmp(sample->scene, scene) != 0 ||
                strcmp(sample->condition, condition) != 0 || sample->file[BCUE_CAMERA] == NULL ||
                sample->file[BCUE_CAMERA][newest] == NULL)
                continue;
            if (found++ == wanted)
                return sample;
        }
        wanted = found / 2;
    }
    return NULL;
}

static bcue_status add_picture(bcue_page *page, const bcue_dataset *dataset, const char *scene,
                               const char *condition, bcue_error *error)
{
    const bcue_sample *sample = middle_sample(dataset, scene, condition);
    if (sample == NULL)
        return BCUE_OK;
    char *path =
        bcue_dataset_path(dataset, sample, sample->file[BCUE_CAMERA][bcue_dataset_frames(dataset) - 1]);
    bcue_bytes bytes = {0};
    char caption[200];
    if (path == NULL)
        return bcue_fail_memory(error, "the page");
    snprintf(caption, sizeof caption, "%.60s, %.40s (%.60s)", scene, condition, sample->id);
    if (bcue_file_read(path, PICTURE_MAX_SIZE, &bytes, NULL) == BCUE_OK)
        bcue_page_picture(page, bytes.data, bytes.size, caption, caption, NULL);
    bcue_bytes_free(&bytes);
    free(path);
    return BCUE_OK;
}

/* One picture per scene and condition: Fig. 5. */
static bcue_status add_contact_sheet(bcue_page *page, const bcue_dataset *dataset,
                                     const bcue_beam_study *study, bcue_error *error)
{
    bool any = false;
    for (size_t s = 0; s < study->scene_count && !any; s++)
        for (size_t c = 0; c < study->scenes[s].condition_count && !any; c++)
            any = middle_sample(dataset, study->scenes[s].name, study->scenes[s].conditions[c].name) != NULL;
    if (!any)
        return BCUE_OK;
    bcue_page_section(page, "Conditions");
    for (size_t s = 0; s < study->scene_count && s < MOST_SCENES_SHOWN; s++) {
        const bcue_scene_beams *scene = &study->scenes[s];
        bcue_page_heading(page, scene->name);
        bcue_page_grid_begin(page, BCUE_GRID_GALLERY);
        for (size_t c = 0; c < scene->condition_count; c++)
            BCUE_TRY(add_picture(page, dataset, scene->name, scene->conditions[c].name, error));
        bcue_page_grid_end(page);
    }
    return BCUE_OK;
}

static bcue_status put_chart(bcue_page *page, bcue_status status, bcue_text *svg, const char *caption)
{
    if (status == BCUE_OK)
        bcue_page_chart(page, svg, caption);
    bcue_text_free(svg);
    return status;
}

/* How many lobes the best beam has: Fig. 6. */
static bcue_status add_lobes(bcue_page *page, const bcue_beam_study *study, bcue_error *error)
{
    double shares[MOST_SCENES_SHOWN][BCUE_LOBE_CLASSES];
    bcue_bar_series series[MOST_SCENES_SHOWN];
    size_t count = study->scene_count < MOST_SCENES_SHOWN ? study->scene_count : MOST_SCENES_SHOWN;
    for (size_t s = 0; s < count; s++) {
        const double labelled = labelled_of(study, &study->scenes[s]);
        for (int k = 0; k < BCUE_LOBE_CLASSES; k++)
            shares[s][k] = labelled > 0 ? 100.0 * (double)study->scenes[s].lobes[k] / labelled : NAN;
        series[s] = (bcue_bar_series){.name = study->scenes[s].name, .values = shares[s]};
    }
    const bcue_bar_chart chart = {.options = {.title = "Lobes of the best beam",
                                              .description = "Share of samples whose best beam has one, two "
                                                             "or three lobes",
                                              .width = CHART_WIDTH},
                                  .category = {.title = "beams with one, two and three lobes"},
                                  .value = {.title = "samples", .unit = "%", .from_zero = true},
                                  .categories = lobe_names,
                                  .category_count = BCUE_LOBE_CLASSES,
                                  .series = series,
                                  .series_count = count,
                                  .values = true,
                                  .decimals = 1};
    bcue_text svg = {0};
    return put_chart(page, bcue_chart_bars(&chart, &svg, error), &svg,
                     "Of the 152 beams 40 have one lobe, 64 two and 48 three.");
}

/* "1", "2", ...; all in one allocation, freed by the caller. */
static char *number_labels(int32_t beams, const char **labels)
{
    enum { LABEL = 12 };
    char *text = bcue_calloc((size_t)beams, LABEL);
    for (int32_t b = 0; text != NULL && b < beams; b++) {
        snprintf(text + (size_t)b * LABEL, LABEL, "%d", b + 1);
        labels[b] = text + (size_t)b * LABEL;
    }
    return text;
}

static bcue_status add_histogram(bcue_page *page, const bcue_beam_study *study, const bcue_scene_beams *scene,
                                 const char *const *labels, bcue_error *error)
{
    char title[160];
    snprintf(title, sizeof title, "%.100s: how often each beam is the best", scene->name);
    const bcue_bar_series series = {.name = "samples", .values = scene->histogram};
    const bcue_bar_chart chart = {.options = {.title = title, .description = title, .width = CHART_WIDTH},
                                  .category = {.title = "beam, from 1"},
                                  .value = {.title = "samples", .from_zero = true},
                                  .categories = labels,
                                  .category_count = (size_t)study->beams,
                                  .series = &series,
                                  .series_count = 1};
    bcue_text svg = {0};
    return put_chart(page, bcue_chart_bars(&chart, &svg, error), &svg, NULL);
}

/* The rows of the density: even steps from the 1st to the 99th of 100 powers; beyond, in the outermost row.
 */
static bcue_status add_density(bcue_page *page, const bcue_beam_study *study, const bcue_scene_beams *scene,
                               const char *const *labels, bcue_error *error)
{
    const size_t beams = (size_t)study->beams;
    const char *row_labels[BCUE_DENSITY_ROWS];
    char row_text[BCUE_DENSITY_ROWS][16], title[160];
    double *density = bcue_calloc(beams * BCUE_DENSITY_ROWS, sizeof *density);
    if (density == NULL)
        return bcue_fail_memory(error, "the density of best beams");
    const double step = fmax((scene->high_db - scene->low_db) / BCUE_DENSITY_ROWS, 1e-6);
    for (size_t i = 0; i < scene->powered; i++) {
        const double row = floor((scene->high_db - scene->best_db[i]) / step);
        density[(size_t)fmin(fmax(row, 0), BCUE_DENSITY_ROWS - 1) * beams + (size_t)scene->best[i]] += 1;
    }
    for (size_t r = 0; r < BCUE_DENSITY_ROWS; r++) {
        snprintf(row_text[r], sizeof row_text[r], "%.0f", scene->high_db - ((double)r + 0.5) * step);
        row_labels[r] = row_text[r];
    }
    snprintf(title, sizeof title, "%.100s: best beam and its power", scene->name);
    const bcue_heat_map map = {
        .options = {.title = title, .description = title, .width = CHART_WIDTH, .height = 330},
        .row_title = "power of the best beam, dB",
        .column_title = "beam, from 1",
        .value_title = "samples",
        .values = density,
        .row_count = BCUE_DENSITY_ROWS,
        .column_count = beams,
        .row_labels = row_labels,
        .column_labels = labels};
    bcue_text svg = {0};
    bcue_status status = bcue_chart_heat_map(&map, &svg, error);
    free(density);
    return put_chart(page, status, &svg, NULL);
}

static bcue_status add_scene_charts(bcue_page *page, const bcue_beam_study *study, bcue_error *error)
{
    const char **labels = bcue_calloc((size_t)study->beams, sizeof *labels);
    char *text = labels != NULL ? number_labels(study->beams, labels) : NULL;
    bcue_status status = text != NULL ? BCUE_OK : bcue_fail_memory(error, "the page");
    bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
    if (status == BCUE_OK && study->has_lobes)
        status = add_lobes(page, study, error);
    bcue_page_grid_end(page);
    for (size_t s = 0; status == BCUE_OK && s < study->scene_count && s < MOST_SCENES_SHOWN; s++) {
        bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
        status = add_histogram(page, study, &study->scenes[s], labels, error);
        if (status == BCUE_OK && study->scenes[s].powered > 0)
            status = add_density(page, study, &study->scenes[s], labels, error);
        bcue_page_grid_end(page);
    }
    free(text);
    free(labels);
    return status;
}

bcue_status bcue_beam_study_add(bcue_page *page, const bcue_dataset *dataset, const bcue_beam_study *study,
                                bcue_error *error)
{
    BCUE_TRY(add_contact_sheet(page, dataset, study, error));
    bcue_table *tables[BCUE_STUDY_TABLES];
    bool failed;
    bcue_page_section(page, "Best beams");
    bcue_beam_study_tables(study, tables, &failed);
    for (int t = 0; t < BCUE_STUDY_TABLES; t++) {
        if (tables[t] != NULL)
            bcue_page_table(page, tables[t]);
        bcue_table_destroy(tables[t]);
    }
    if (failed)
        return bcue_fail_memory(error, "the page");
    return add_scene_charts(page, study, error);
}
