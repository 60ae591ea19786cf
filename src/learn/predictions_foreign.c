#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "formats/csv.h"
#include "formats/npy.h"
#include "learn/predictions.h"

/* Row of each sample id, by sorted search. */
typedef struct id_row {
    const char *id;
    size_t row;
} id_row;

static int by_id(const void *a, const void *b)
{
    return strcmp(((const id_row *)a)->id, ((const id_row *)b)->id);
}

static bcue_status rank_npy(const char *path, bcue_predictions *p, bcue_error *error)
{
    bcue_npy array;
    BCUE_TRY(bcue_npy_read(path, &array, error));
    float *scores = bcue_calloc((size_t)p->beams, sizeof *scores);
    bcue_status status = scores == NULL ? bcue_fail_memory(error, path) : BCUE_OK;
    if (status == BCUE_OK && (array.rank != 2 || array.shape[0] != p->rows || array.shape[1] != (size_t)p->beams))
        status = bcue_fail(error, BCUE_ERROR_DATA, "%s: scores must have the shape (%zu, %d): one row per test sample, in the order of 'beamcue export-samples'",
                           path, p->rows, p->beams);
    for (size_t i = 0; status == BCUE_OK && i < p->rows; i++) {
        for (size_t b = 0; b < (size_t)p->beams; b++)
            scores[b] = (float)bcue_npy_get(&array, i * (size_t)p->beams + b);
        bcue_predictions_rank(p, i, scores);
    }
    free(scores);
    bcue_npy_free(&array);
    return status;
}

typedef struct foreign_columns {
    int id, ranked;
    int *score; /* one per beam; used when ranked < 0 */
} foreign_columns;

static bcue_status find_columns(const bcue_csv *csv, int32_t beams, foreign_columns *columns, bcue_error *error)
{
    columns->id = bcue_csv_find(csv, "id");
    columns->ranked = bcue_csv_find(csv, "ranked");
    if (columns->id < 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: needs a column 'id' with sample ids as in 'beamcue export-samples'", bcue_csv_name(csv));
    for (int32_t b = 0; columns->ranked < 0 && b < beams; b++) {
        char name[32];
        snprintf(name, sizeof name, "score_%d", b);
        columns->score[b] = bcue_csv_find(csv, name);
        if (columns->score[b] < 0)
            return bcue_fail(error, BCUE_ERROR_DATA, "%s: needs a column 'ranked' (beams, best first) or score_0 .. score_%d, and has no '%s'",
                             bcue_csv_name(csv), beams - 1, name);
    }
    return BCUE_OK;
}

/* "12 13 11": the ranked beams become scores that fall with the place; beams not listed come last. */
static bool scores_from_ranked(const char *cell, int32_t beams, float *scores)
{
    memset(scores, 0, (size_t)beams * sizeof *scores);
    int32_t place = 0;
    for (const char *at = cell + strspn(cell, " "); *at != '\0'; at += strspn(at, " ")) {
        char *end;
        const long beam = strtol(at, &end, 10);
        if (end == at || beam < 0 || beam >= beams || scores[beam] > 0 || (*end != ' ' && *end != '\0'))
            return false;
        scores[beam] = (float)(beams - place++);
        at = end;
    }
    return place > 0;
}

static bcue_status row_scores(const bcue_csv *csv, size_t row, const foreign_columns *columns, int32_t beams, float *scores, bcue_error *error)
{
    if (columns->ranked >= 0) {
        if (!scores_from_ranked(bcue_csv_cell(csv, row, (size_t)columns->ranked), beams, scores))
            return bcue_fail(error, BCUE_ERROR_DATA, "%s:%zu: 'ranked' must list different beams from 0 to %d, separated by blanks", bcue_csv_name(csv),
                             bcue_csv_line(csv, row), beams - 1);
        return BCUE_OK;
    }
    for (int32_t b = 0; b < beams; b++) {
        double value;
        if (!bcue_parse_double(bcue_csv_cell(csv, row, (size_t)columns->score[b]), &value))
            return bcue_fail(error, BCUE_ERROR_DATA, "%s:%zu: score_%d is not a number", bcue_csv_name(csv), bcue_csv_line(csv, row), b);
        scores[b] = (float)value;
    }
    return BCUE_OK;
}

static bcue_status rank_rows(const bcue_csv *csv, const foreign_columns *columns, const id_row *known, float *scores, bool *answered, bcue_predictions *p,
                             bcue_error *error)
{
    for (size_t row = 0; row < bcue_csv_rows(csv); row++) {
        const id_row wanted = {.id = bcue_csv_cell(csv, row, (size_t)columns->id)};
        const id_row *found = bsearch(&wanted, known, p->rows, sizeof *known, by_id);
        if (found == NULL)
            return bcue_fail(error, BCUE_ERROR_DATA, "%s:%zu: '%s' is not a sample of the scored part of the split", bcue_csv_name(csv),
                             bcue_csv_line(csv, row), wanted.id);
        if (answered[found->row])
            return bcue_fail(error, BCUE_ERROR_DATA, "%s:%zu: '%s' is answered twice", bcue_csv_name(csv), bcue_csv_line(csv, row), wanted.id);
        answered[found->row] = true;
        BCUE_TRY(row_scores(csv, row, columns, p->beams, scores, error));
        bcue_predictions_rank(p, found->row, scores);
    }
    for (size_t i = 0; i < p->rows; i++) {
        if (!answered[i])
            return bcue_fail(error, BCUE_ERROR_DATA, "%s: no answer for sample '%s'; every one of the %zu scored samples needs one", bcue_csv_name(csv),
                             p->ids[i], p->rows);
    }
    return BCUE_OK;
}

static bcue_status rank_csv(const char *path, bcue_predictions *p, bcue_error *error)
{
    bcue_csv *csv;
    BCUE_TRY(bcue_csv_read(path, &csv, error));
    id_row *known = bcue_calloc(p->rows, sizeof *known);
    float *scores = bcue_calloc((size_t)p->beams, sizeof *scores);
    bool *answered = bcue_calloc(p->rows, sizeof *answered);
    foreign_columns columns = {.score = bcue_calloc((size_t)p->beams, sizeof(int))};
    bcue_status status = BCUE_OK;
    if (known == NULL || scores == NULL || answered == NULL || columns.score == NULL)
        status = bcue_fail_memory(error, path);
    if (status == BCUE_OK) {
        for (size_t i = 0; i < p->rows; i++)
            known[i] = (id_row){p->ids[i], i};
        qsort(known, p->rows, sizeof *known, by_id);
        status = find_columns(csv, p->beams, &columns, error);
    }
    if (status == BCUE_OK)
        status = rank_rows(csv, &columns, known, scores, answered, p, error);
    free(known);
    free(scores);
    free(answered);
    free(columns.score);
    bcue_csv_destroy(csv);
    return status;
}

bcue_status bcue_predictions_read_foreign(const char *path, bcue_predictions *p, bcue_error *error)
{
    return bcue_ends_with(path, ".npy") ? rank_npy(path, p, error) : rank_csv(path, p, error);
}
