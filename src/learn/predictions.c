#include "learn/predictions.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "formats/csv.h"
#include "metrics/rank.h"

static bcue_status reserve(bcue_predictions *p, size_t rows, int32_t beams, int32_t ranked_count, bcue_error *error)
{
    *p = (bcue_predictions){.rows = rows, .beams = beams, .ranked_count = ranked_count};
    size_t ranked, powers;
    if (!bcue_mul_size(rows, (size_t)ranked_count, &ranked) || !bcue_mul_size(rows, (size_t)beams, &powers))
        return bcue_fail_memory(error, "the predictions");
    p->ids = bcue_calloc(rows, sizeof *p->ids);
    p->street = bcue_calloc(rows, sizeof *p->street);
    p->episode = bcue_calloc(rows, sizeof *p->episode);
    p->label = bcue_calloc(rows, sizeof *p->label);
    p->missing = bcue_calloc(rows, sizeof *p->missing);
    p->ranked = bcue_calloc(ranked, sizeof *p->ranked);
    p->probability = bcue_calloc(ranked, sizeof *p->probability);
    p->power = bcue_calloc(powers, sizeof *p->power);
    const bool complete = p->ids != NULL && p->street != NULL && p->episode != NULL && p->label != NULL && p->missing != NULL && p->ranked != NULL &&
                          p->probability != NULL && p->power != NULL;
    if (!complete) {
        bcue_predictions_free(p);
        return bcue_fail_memory(error, "the predictions");
    }
    return BCUE_OK;
}

void bcue_predictions_free(bcue_predictions *p)
{
    for (size_t i = 0; p->ids != NULL && i < p->rows; i++)
        free(p->ids[i]);
    free(p->ids);
    free(p->street);
    free(p->episode);
    free(p->label);
    free(p->missing);
    free(p->ranked);
    free(p->probability);
    free(p->power);
    *p = (bcue_predictions){0};
}

static int32_t street_number(const bcue_dataset *dataset, int32_t source)
{
    const char *name = bcue_dataset_source_name(dataset, (size_t)source);
    size_t begin = strlen(name);
    while (begin > 0 && isdigit((unsigned char)name[begin - 1]))
        begin--;
    int64_t number;
    const bool numbered = name[begin] != '\0' && bcue_parse_int64(name + begin, &number) && number >= 0 && number < 1000;
    return numbered ? (int32_t)number : 1000 + source;
}

static uint8_t missing_bits(const bcue_dataset *dataset, const bcue_sample *sample)
{
    const size_t newest = (size_t)bcue_dataset_frames(dataset) - 1;
    const size_t newest_fix = 2 * ((size_t)bcue_dataset_gps_frames(dataset) - 1);
    unsigned bits = 0;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        const bool there = m == BCUE_GPS ? sample->fix != NULL && isfinite(sample->fix[newest_fix]) && isfinite(sample->fix[newest_fix + 1])
                                         : sample->file[m] != NULL && sample->file[m][newest] != NULL;
        bits |= there ? 0U : 1U << m;
    }
    return (uint8_t)bits;
}

bcue_status bcue_predictions_create(const bcue_dataset *dataset, const size_t *samples, size_t rows, int32_t ranked_count, bcue_predictions *p,
                                    bcue_error *error)
{
    const int32_t beams = bcue_dataset_beams(dataset);
    BCUE_TRY(reserve(p, rows, beams, ranked_count, error));
    for (size_t i = 0; i < rows; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, samples[i]);
        p->ids[i] = bcue_strdup(sample->id);
        if (p->ids[i] == NULL) {
            bcue_predictions_free(p);
            return bcue_fail_memory(error, "the predictions");
        }
        p->street[i] = street_number(dataset, sample->source);
        p->episode[i] = sample->episode;
        p->label[i] = sample->label;
        p->missing[i] = missing_bits(dataset, sample);
        for (int32_t b = 0; b < beams; b++)
            p->power[i * (size_t)beams + (size_t)b] = sample->power != NULL ? sample->power[b] : NAN;
    }
    return BCUE_OK;
}

void bcue_predictions_rank(bcue_predictions *p, size_t row, const float *scores)
{
    int32_t *ranked = p->ranked + row * (size_t)p->ranked_count;
    bcue_rank_beams(scores, p->beams, p->ranked_count, ranked);
    const double best = (double)scores[ranked[0]];
    double sum = 0;
    for (int32_t b = 0; b < p->beams; b++)
        sum += exp((double)scores[b] - best);
    for (int32_t k = 0; k < p->ranked_count; k++)
        p->probability[row * (size_t)p->ranked_count + (size_t)k] = exp((double)scores[ranked[k]] - best) / sum;
}

/* ---- writing and reading --------------------------------------------------------------------------------------------------------- */

static const char *const columns[] = {"id", "street", "episode", "label", "missing", "ranked", "probability", "power"};
enum { COLUMN_ID, COLUMN_STREET, COLUMN_EPISODE, COLUMN_LABEL, COLUMN_MISSING, COLUMN_RANKED, COLUMN_PROBABILITY, COLUMN_POWER, COLUMN_COUNT };

static void write_row(const bcue_predictions *p, size_t i, bcue_text *out)
{
    bcue_csv_put(out, p->ids[i], 0);
    bcue_text_printf(out, "%d,%d,%d,%u,", p->street[i], p->episode[i], p->label[i], (unsigned)p->missing[i]);
    for (int32_t k = 0; k < p->ranked_count; k++)
        bcue_text_printf(out, k > 0 ? " %d" : "%d", p->ranked[i * (size_t)p->ranked_count + (size_t)k]);
    bcue_text_puts(out, ",");
    for (int32_t k = 0; k < p->ranked_count; k++)
        bcue_text_printf(out, k > 0 ? " %.6g" : "%.6g", p->probability[i * (size_t)p->ranked_count + (size_t)k]);
    bcue_text_puts(out, ",");
    for (int32_t b = 0; b < p->beams; b++)
        bcue_text_printf(out, b > 0 ? " %.17g" : "%.17g", p->power[i * (size_t)p->beams + (size_t)b]);
    bcue_text_puts(out, "\n");
}

bcue_status bcue_predictions_write(const char *path, const bcue_predictions *p, bcue_error *error)
{
    bcue_text out = {0};
    for (int c = 0; c < COLUMN_COUNT; c++)
        bcue_csv_put(&out, columns[c], c + 1 == COLUMN_COUNT);
    for (size_t i = 0; i < p->rows; i++)
        write_row(p, i, &out);
    bcue_status status = out.failed ? bcue_fail_memory(error, path) : bcue_file_write(path, out.data, out.size, error);
    bcue_text_free(&out);
    return status;
}

/* Blank-separated numbers of a cell, at most `capacity`; the count goes out, SIZE_MAX when something is not a number. */
static size_t parse_list(const char *cell, double *values, size_t capacity)
{
    size_t count = 0;
    for (const char *at = cell + strspn(cell, " "); *at != '\0'; at += strspn(at, " ")) {
        char *end;
        const double value = strtod(at, &end);
        if (end == at || (*end != ' ' && *end != '\0'))
            return SIZE_MAX;
        if (count < capacity)
            values[count] = value;
        count++;
        at = end;
    }
    return count;
}

static bcue_status bad_row(const bcue_csv *csv, size_t row, const char *what, bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_FORMAT, "%s:%zu: %s; write predictions with 'beamcue evaluate'", bcue_csv_name(csv), bcue_csv_line(csv, row), what);
}

/* Beam numbers: whole, in range, none twice. */
static bool take_ranked(const double *values, size_t count, int32_t beams, int32_t capacity, int32_t *ranked)
{
    for (size_t k = 0; k < (size_t)capacity; k++) {
        ranked[k] = -1;
        if (k >= count)
            continue;
        if (!(values[k] >= 0 && values[k] < beams && values[k] == floor(values[k])))
            return false;
        ranked[k] = (int32_t)values[k];
        for (size_t j = 0; j < k; j++) {
            if (ranked[j] == ranked[k])
                return false;
        }
    }
    return count > 0 && count <= (size_t)capacity;
}

static bool take_int(const bcue_csv *csv, size_t row, int column, int64_t low, int64_t high, int64_t *value)
{
    return bcue_parse_int64(bcue_csv_cell(csv, row, (size_t)column), value) && *value >= low && *value <= high;
}

static bcue_status read_row(const bcue_csv *csv, const int *at, size_t i, double *scratch, bcue_predictions *p, bcue_error *error)
{
    int64_t street, episode, label, missing;
    if (!take_int(csv, i, at[COLUMN_STREET], 0, INT32_MAX, &street) || !take_int(csv, i, at[COLUMN_EPISODE], 0, INT32_MAX, &episode) ||
        !take_int(csv, i, at[COLUMN_LABEL], -1, p->beams - 1, &label) || !take_int(csv, i, at[COLUMN_MISSING], 0, 255, &missing))
        return bad_row(csv, i, "street, episode, label or missing is not a number in range", error);
    p->street[i] = (int32_t)street;
    p->episode[i] = (int32_t)episode;
    p->label[i] = (int32_t)label;
    p->missing[i] = (uint8_t)missing;
    p->ids[i] = bcue_strdup(bcue_csv_cell(csv, i, (size_t)at[COLUMN_ID]));
    if (p->ids[i] == NULL)
        return bcue_fail_memory(error, bcue_csv_name(csv));
    const size_t width = (size_t)p->ranked_count, beams = (size_t)p->beams;
    size_t count = parse_list(bcue_csv_cell(csv, i, (size_t)at[COLUMN_RANKED]), scratch, beams);
    if (count == SIZE_MAX || !take_ranked(scratch, count, p->beams, p->ranked_count, p->ranked + i * width))
        return bad_row(csv, i, "the ranked beams are not different beam numbers", error);
    if (parse_list(bcue_csv_cell(csv, i, (size_t)at[COLUMN_PROBABILITY]), p->probability + i * width, width) != width)
        return bad_row(csv, i, "there must be one probability per ranked beam", error);
    if (parse_list(bcue_csv_cell(csv, i, (size_t)at[COLUMN_POWER]), p->power + i * beams, beams) != beams)
        return bad_row(csv, i, "there must be one power per beam", error);
    return BCUE_OK;
}

static bcue_status read_rows(const bcue_csv *csv, bcue_predictions *p, bcue_error *error)
{
    int at[COLUMN_COUNT];
    for (int c = 0; c < COLUMN_COUNT; c++) {
        at[c] = bcue_csv_find(csv, columns[c]);
        if (at[c] < 0)
            return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: no column '%s', so these are not predictions of 'beamcue evaluate'; score foreign ones with "
                                                       "'beamcue evaluate CONFIG --predictions FILE'", bcue_csv_name(csv), columns[c]);
    }
    const size_t rows = bcue_csv_rows(csv);
    if (rows == 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: no predictions in it", bcue_csv_name(csv));
    const size_t beams = parse_list(bcue_csv_cell(csv, 0, (size_t)at[COLUMN_POWER]), NULL, 0);
    const size_t ranked = parse_list(bcue_csv_cell(csv, 0, (size_t)at[COLUMN_RANKED]), NULL, 0);
    if (beams < 2 || beams > 65536 || ranked < 1 || ranked > beams)
        return bad_row(csv, 0, "the lists of powers and ranked beams do not fit together", error);
    BCUE_TRY(reserve(p, rows, (int32_t)beams, (int32_t)ranked, error));
    double *scratch = bcue_calloc(beams, sizeof *scratch);
    bcue_status status = scratch == NULL ? bcue_fail_memory(error, bcue_csv_name(csv)) : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < rows; i++)
        status = read_row(csv, at, i, scratch, p, error);
    free(scratch);
    return status;
}

bcue_status bcue_predictions_read(const char *path, bcue_predictions *p, bcue_error *error)
{
    *p = (bcue_predictions){0};
    bcue_csv *csv;
    BCUE_TRY(bcue_csv_read(path, &csv, error));
    bcue_status status = read_rows(csv, p, error);
    bcue_csv_destroy(csv);
    if (status != BCUE_OK)
        bcue_predictions_free(p);
    return status;
}

bcue_scored_set bcue_predictions_view(const bcue_predictions *p, bool index_monotone)
{
    return (bcue_scored_set){.rows = p->rows,
                             .beams = p->beams,
                             .ranked_count = p->ranked_count,
                             .ranked = p->ranked,
                             .power = p->power,
                             .label = p->label,
                             .episode = p->episode,
                             .street = p->street,
                             .sample_id = (const char *const *)p->ids,
                             .index_monotone = index_monotone};
}

bcue_status bcue_predictions_select(const bcue_predictions *p, const bool *keep, bcue_predictions *selected, bcue_error *error)
{
    size_t rows = 0;
    for (size_t i = 0; i < p->rows; i++)
        rows += keep[i];
    BCUE_TRY(reserve(selected, rows, p->beams, p->ranked_count, error));
    const size_t width = (size_t)p->ranked_count, beams = (size_t)p->beams;
    for (size_t i = 0, to = 0; i < p->rows; i++) {
        if (!keep[i])
            continue;
        selected->ids[to] = bcue_strdup(p->ids[i]);
        selected->street[to] = p->street[i];
        selected->episode[to] = p->episode[i];
        selected->label[to] = p->label[i];
        selected->missing[to] = p->missing[i];
        memcpy(selected->ranked + to * width, p->ranked + i * width, width * sizeof *p->ranked);
        memcpy(selected->probability + to * width, p->probability + i * width, width * sizeof *p->probability);
        memcpy(selected->power + to * beams, p->power + i * beams, beams * sizeof *p->power);
        if (selected->ids[to++] == NULL) {
            bcue_predictions_free(selected);
            return bcue_fail_memory(error, "the predictions");
        }
    }
    return BCUE_OK;
}
