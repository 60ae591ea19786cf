#include "learn/predictions.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "formats/csv.h"
#include "metrics/rank.h"

static bcue_status reserve(bcue_predictions *p, size_t rows, int32_t beams, int32_t ranked_count,
                           bcue_error *error)
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
    p->now = bcue_calloc(rows, sizeof *p->now);
    p->vehicle = bcue_calloc(rows, BCUE_VEHICLE_SCORES * sizeof *p->vehicle);
    const bool complete = p->ids != NULL && p->street != NULL && p->episode != NULL && p->label != NULL &&
                          p->missing != NULL && p->ranked != NULL && p->probability != NULL &&
                          p->power != NULL && p->now != NULL && p->vehicle != NULL;
    if (!complete) {
        bcue_predictions_free(p);
        return bcue_fail_memory(error, "the predictions");
    }
    for (size_t i = 0; i < rows; i++)
        p->now[i] = -1;
    for (size_t i = 0; i < rows * BCUE_VEHICLE_SCORES; i++)
        p->vehicle[i] = NAN;
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
    free(p->now);
    free(p->vehicle);
    *p = (bcue_predictions){0};
}

static int32_t street_number(const bcue_dataset *dataset, int32_t source)
{
    const char *name = bcue_dataset_source_name(dataset, (size_t)source);
    size_t begin = strlen(name);
    while (begin > 0 && isdigit((unsigned char)name[begin - 1]))
        begin--;
    int64_t number;
    const bool numbered =
        name[begin] != '\0' && bcue_parse_int64(name + begin, &number) && number >= 0 && number < 1000;
    return numbered ? (int32_t)number : 1000 + source;
}

static uint8_t missing_bits(const bcue_dataset *dataset, const bcue_sample *sample)
{
    unsigned bits = 0;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        bits |= bcue_sample_has(dataset, sample, (bcue_modality)m) ? 0U : 1U << m;
    return (uint8_t)bits;
}

bcue_status bcue_predictions_create(const bcue_dataset *dataset, const size_t *samples, size_t rows,
                                    int32_t ranked_count, bcue_predictions *p, bcue_error *error)
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
        p->now[i] = sample->label_now;
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
        p->probability[row * (size_t)p->ranked_count + (size_t)k] =
            (double)(float)(exp((double)scores[ranked[k]] - best) / sum);
}

/* ---- writing and reading
 * ---------------------------------------------------------------------------------------------------------
 */

static const char *const columns[] = {"id",     "street",      "episode", "label", "missing",
                                      "ranked", "probability", "power",   "now",   "vehicles"};
enum {
    COLUMN_ID,
    COLUMN_STREET,
    COLUMN_EPISODE,
    COLUMN_LABEL,
    COLUMN_MISSING,
    COLUMN_RANKED,
    COLUMN_PROBABILITY,
    COLUMN_POWER,
    COLUMN_NEEDED,
    COLUMN_NOW = COLUMN_NEEDED, /* these two only where they are known */
    COLUMN_VEHICLES,
    COLUMN_COUNT
};
enum { MOST_BEAMS = 65536 };

/* Ranked beams and probabilities of a row end at the first -1 and at NaN. */
static void write_row(const bcue_predictions *p, size_t i, const bool *wanted, bcue_text *out)
{
    const int32_t *ranked = p->ranked + i * (size_t)p->ranked_count;
    const double *probability = p->probability + i * (size_t)p->ranked_count;
    bcue_csv_put(out, p->ids[i], 0);
    bcue_text_printf(out, "%d,%d,%d,%u,", p->street[i], p->episode[i], p->label[i], (unsigned)p->missing[i]);
    for (int32_t k = 0; k < p->ranked_count && ranked[k] >= 0; k++)
        bcue_text_printf(out, k > 0 ? " %d" : "%d", ranked[k]);
    bcue_text_puts(out, ",");
    for (int32_t k = 0; k < p->ranked_count && !isnan(probability[k]); k++)
        bcue_text_printf(out, k > 0 ? " %.9g" : "%.9g", probability[k]);
    bcue_text_puts(out, ",");
    for (int32_t b = 0; b < p->beams; b++)
        bcue_text_printf(out, b > 0 ? " %.17g" : "%.17g", p->power[i * (size_t)p->beams + (size_t)b]);
    if (wanted[COLUMN_NOW])
        bcue_text_printf(out, ",%d", p->now[i]);
    const double *vehicle = p->vehicle + i * BCUE_VEHICLE_SCORES;
    for (int k = 0; wanted[COLUMN_VEHICLES] && k < BCUE_VEHICLE_SCORES; k++)
        bcue_text_printf(out, k > 0 ? " %.17g" : ",%.17g", vehicle[k]);
    bcue_text_puts(out, "\n");
}

static void wanted_columns(const bcue_predictions *p, bool wanted[COLUMN_COUNT])
{
    for (int c = 0; c < COLUMN_COUNT; c++)
        wanted[c] = c < COLUMN_NEEDED;
    for (size_t i = 0; i < p->rows; i++) {
        wanted[COLUMN_NOW] = wanted[COLUMN_NOW] || (p->now[i] >= 0 && p->now[i] != p->label[i]);
        wanted[COLUMN_VEHICLES] = wanted[COLUMN_VEHICLES] || !isnan(p->vehicle[i * BCUE_VEHICLE_SCORES]);
    }
}

bcue_status bcue_predictions_write(const char *path, const bcue_predictions *p, bcue_error *error)
{
    bcue_text out = {0};
    bool wanted[COLUMN_COUNT];
    wanted_columns(p, wanted);
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (wanted[c])
            bcue_text_printf(&out, "%s%s", c > 0 ? "," : "", columns[c]);
    bcue_text_puts(&out, "\n");
    for (size_t i = 0; i < p->rows; i++)
        write_row(p, i, wanted, &out);
    bcue_status status =
        out.failed ? bcue_fail_memory(error, path) : bcue_file_write(path, out.data, out.size, error);
    bcue_text_free(&out);
    return status;
}

/* Blank-separated numbers of a cell, at most `capacity`; the count goes out, SIZE_MAX when something is not a
 * number. */
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
    return bcue_fail(error, BCUE_ERROR_FORMAT, "%s:%zu: %s; write predictions with 'beamcue evaluate'",
                     bcue_csv_name(csv), bcue_csv_line(csv, row), what);
}

/* Beam numbers: whole, in range, none twice; -1 behind them. `seen[beam]` holds 1 + the last row that ranked
 * it. */
static bool take_ranked(const double *values, size_t count, size_t row, const bcue_predictions *p,
                        size_t *seen)
{
    int32_t *ranked = p->ranked + row * (size_t)p->ranked_count;
    for (size_t k = 0; k < (size_t)p->ranked_count; k++) {
        ranked[k] = -1;
        if (k >= count)
            continue;
        if (!(values[k] >= 0 && values[k] < p->beams && values[k] == floor(values[k])) ||
            seen[(size_t)values[k]] == row + 1)
            return false;
        ranked[k] = (int32_t)values[k];
        seen[ranked[k]] = row + 1;
    }
    return true;
}

static bool take_int(const bcue_csv *csv, size_t row, int column, int64_t low, int64_t high, int64_t *value)
{
    return bcue_parse_int64(bcue_csv_cell(csv, row, (size_t)column), value) && *value >= low &&
           *value <= high;
}

/* Scratch space of reading: one value, and one mark, per beam. */
typedef struct row_scratch {
    double *values;
    size_t *seen;
} row_scratch;

static bcue_status read_lists(const bcue_csv *csv, const int *at, size_t i, const row_scratch *scratch,
                              bcue_predictions *p, bcue_error *error)
{
    const size_t width = (size_t)p->ranked_count, beams = (size_t)p->beams;
    const size_t ranked =
        parse_list(bcue_csv_cell(csv, i, (size_t)at[COLUMN_RANKED]), scratch->values, beams);
    if (ranked > width || !take_ranked(scratch->values, ranked, i, p, scratch->seen))
        return bad_row(csv, i, "the ranked beams are not different beam numbers", error);
    double *probability = p->probability + i * width;
    const size_t given =
        parse_list(bcue_csv_cell(csv, i, (size_t)at[COLUMN_PROBABILITY]), probability, width);
    if (given != 0 && given != ranked)
        return bad_row(csv, i, "there must be one probability per ranked beam, or none", error);
    for (size_t k = 0; k < width; k++)
        probability[k] = k < given ? (double)(float)probability[k] : NAN;
    (void)parse_list(bcue_csv_cell(csv, i, (size_t)at[COLUMN_POWER]), p->power + i * beams, beams);
    int64_t now = -1;
    if (at[COLUMN_NOW] >= 0 && !take_int(csv, i, at[COLUMN_NOW], -1, p->beams - 1, &now))
        return bad_row(csv, i, "now is no beam number", error);
    p->now[i] = (int32_t)now;
    if (at[COLUMN_VEHICLES] >= 0 &&
        parse_list(bcue_csv_cell(csv, i, (size_t)at[COLUMN_VEHICLES]), p->vehicle + i * BCUE_VEHICLE_SCORES,
                   BCUE_VEHICLE_SCORES) != BCUE_VEHICLE_SCORES)
        return bad_row(csv, i, "vehicles does not hold its five numbers", error);
    return BCUE_OK;
}

static bcue_status read_row(const bcue_csv *csv, const int *at, size_t i, const row_scratch *scratch,
                            bcue_predictions *p, bcue_error *error)
{
    int64_t street, episode, label, missing;
    if (!take_int(csv, i, at[COLUMN_STREET], 0, INT32_MAX, &street) ||
        !take_int(csv, i, at[COLUMN_EPISODE], 0, INT32_MAX, &episode) ||
        !take_int(csv, i, at[COLUMN_LABEL], -1, p->beams - 1, &label) ||
        !take_int(csv, i, at[COLUMN_MISSING], 0, 255, &missing))
        return bad_row(csv, i, "street, episode, label or missing is not a number in range", error);
    p->street[i] = (int32_t)street;
    p->episode[i] = (int32_t)episode;
    p->label[i] = (int32_t)label;
    p->missing[i] = (uint8_t)missing;
    p->ids[i] = bcue_strdup(bcue_csv_cell(csv, i, (size_t)at[COLUMN_ID]));
    if (p->ids[i] == NULL)
        return bcue_fail_memory(error, bcue_csv_name(csv));
    return read_lists(csv, at, i, scratch, p, error);
}

static bcue_status find_columns(const bcue_csv *csv, int at[COLUMN_COUNT], bcue_error *error)
{
    for (int c = 0; c < COLUMN_COUNT; c++) {
        at[c] = bcue_csv_find(csv, columns[c]);
        if (at[c] < 0 && c < COLUMN_NEEDED)
            return bcue_fail(error, BCUE_ERROR_FORMAT,
                             "%s: no column '%s', so these are not predictions of 'beamcue evaluate'; score "
                             "foreign ones with "
                             "'beamcue evaluate CONFIG --predictions FILE'",
                             bcue_csv_name(csv), columns[c]);
    }
    return BCUE_OK;
}

/* Looks at every row before anything of its size is allocated: as many powers in each, and not more ranked
 * beams. */
static bcue_status measure_rows(const bcue_csv *csv, const int *at, size_t *beams, size_t *most_ranked,
                                bcue_error *error)
{
    *beams = *most_ranked = 0;
    for (size_t i = 0; i < bcue_csv_rows(csv); i++) {
        const size_t powers = parse_list(bcue_csv_cell(csv, i, (size_t)at[COLUMN_POWER]), NULL, 0);
        const size_t ranked = parse_list(bcue_csv_cell(csv, i, (size_t)at[COLUMN_RANKED]), NULL, 0);
        if (i == 0)
            *beams = powers;
        if (powers != *beams || powers < 2 || powers > MOST_BEAMS)
            return bad_row(csv, i, "every row must have as many powers as the first, 2 to 65536", error);
        if (ranked < 1 || ranked > powers)
            return bad_row(csv, i, "there must be 1 ranked beam up to as many as there are powers", error);
        *most_ranked = ranked > *most_ranked ? ranked : *most_ranked;
    }
    if (*beams == 0)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: no predictions in it; write them with 'beamcue evaluate'", bcue_csv_name(csv));
    return BCUE_OK;
}

static bcue_status read_rows(const bcue_csv *csv, bcue_predictions *p, bcue_error *error)
{
    int at[COLUMN_COUNT];
    size_t beams, ranked;
    BCUE_TRY(find_columns(csv, at, error));
    BCUE_TRY(measure_rows(csv, at, &beams, &ranked, error));
    BCUE_TRY(reserve(p, bcue_csv_rows(csv), (int32_t)beams, (int32_t)ranked, error));
    const row_scratch scratch = {bcue_calloc(beams, sizeof(double)), bcue_calloc(beams, sizeof(size_t))};
    bcue_status status = scratch.values == NULL || scratch.seen == NULL
                             ? bcue_fail_memory(error, bcue_csv_name(csv))
                             : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < p->rows; i++)
        status = read_row(csv, at, i, &scratch, p, error);
    free(scratch.values);
    free(scratch.seen);
    return status;
}

static bcue_status read_and_close(bcue_csv *csv, bcue_predictions *p, bcue_error *error)
{
    bcue_status status = read_rows(csv, p, error);
    bcue_csv_destroy(csv);
    if (status != BCUE_OK)
        bcue_predictions_free(p);
    return status;
}

bcue_status bcue_predictions_read(const char *path, bcue_predictions *p, bcue_error *error)
{
    bcue_csv *csv;
    *p = (bcue_predictions){0};
    BCUE_TRY(bcue_csv_read(path, &csv, error));
    return read_and_close(csv, p, error);
}

bcue_status bcue_predictions_decode(const void *data, size_t size, const char *name, bcue_predictions *p,
                                    bcue_error *error)
{
    bcue_csv *csv;
    *p = (bcue_predictions){0};
    BCUE_TRY(bcue_csv_parse(data, size, name, &csv, error));
    return read_and_close(csv, p, error);
}

bcue_scored_set bcue_predictions_view(const bcue_predictions *p, bool index_monotone, int power_unit)
{
    return (bcue_scored_set){.rows = p->rows,
                             .beams = p->beams,
                             .ranked_count = p->ranked_count,
                             .ranked = p->ranked,
                             .power = p->power,
                             .label = p->label,
                             .episode = p->episode,
                             .street = p->street,
                             .vehicle = p->vehicle,
                             .sample_id = (const char *const *)p->ids,
                             .power_unit = (bcue_power_unit)power_unit,
                             .index_monotone = index_monotone};
}

bcue_status bcue_predictions_select(const bcue_predictions *p, const bool *keep, bcue_predictions *selected,
                                    bcue_error *error)
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
        selected->now[to] = p->now[i];
        memcpy(selected->vehicle + to * BCUE_VEHICLE_SCORES, p->vehicle + i * BCUE_VEHICLE_SCORES,
               BCUE_VEHICLE_SCORES * sizeof *p->vehicle);
        memcpy(selected->ranked + to * width, p->ranked + i * width, width * sizeof *p->ranked);
        memcpy(selected->probability + to * width, p->probability + i * width,
               width * sizeof *p->probability);
        memcpy(selected->power + to * beams, p->power + i * beams, beams * sizeof *p->power);
        if (selected->ids[to++] == NULL) {
            bcue_predictions_free(selected);
            return bcue_fail_memory(error, "the predictions");
        }
    }
    return BCUE_OK;
}
