#include <math.h>
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

/* What a row of a foreign file says: a score per beam, to be ranked. */
typedef struct beam_score {
    double score;
    int32_t beam;
} beam_score;

/* Highest score first; of equal scores the lower beam. */
static int by_score(const void *a, const void *b)
{
    const beam_score *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->beam > y->beam) - (x->beam < y->beam);
}

/* Ranked in double, so that scores which differ only there are no ties. */
static void rank_row(bcue_predictions *p, size_t row, beam_score *scores)
{
    qsort(scores, (size_t)p->beams, sizeof *scores, by_score);
    for (int32_t k = 0; k < p->ranked_count; k++)
        p->ranked[row * (size_t)p->ranked_count + (size_t)k] = scores[k].beam;
}

static bcue_status rank_array(const char *path, const bcue_npy *array, beam_score *scores,
                              bcue_predictions *p, bcue_error *error)
{
    if (array->rank != 2 || array->shape[0] != p->rows || array->shape[1] != (size_t)p->beams ||
        array->type >= BCUE_NPY_C64)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: must hold real scores of the shape (%zu, %d): one row per test sample, in the "
                         "order of 'beamcue export-samples'",
                         path, p->rows, p->beams);
    for (size_t i = 0; i < p->rows; i++) {
        for (int32_t b = 0; b < p->beams; b++) {
            scores[b] = (beam_score){bcue_npy_get(array, i * (size_t)p->beams + (size_t)b), b};
            if (!isfinite(scores[b].score))
                return bcue_fail(error, BCUE_ERROR_DATA,
                                 "%s: the score of beam %d for sample '%s' (row %zu) is not finite; give "
                                 "every beam a number",
                                 path, b, p->ids[i], i);
        }
        rank_row(p, i, scores);
    }
    return BCUE_OK;
}

static bcue_status rank_npy(const char *path, bcue_predictions *p, bcue_error *error)
{
    bcue_npy array;
    BCUE_TRY(bcue_npy_read(path, &array, error));
    beam_score *scores = bcue_calloc((size_t)p->beams, sizeof *scores);
    bcue_status status =
        scores == NULL ? bcue_fail_memory(error, path) : rank_array(path, &array, scores, p, error);
    free(scores);
    bcue_npy_free(&array);
    return status;
}

typedef struct foreign_columns {
    int id, ranked;
    int *score; /* one per beam; used when ranked < 0 */
} foreign_columns;

static bcue_status find_columns(const bcue_csv *csv, int32_t beams, foreign_columns *columns,
                                bcue_error *error)
{
    columns->id = bcue_csv_find(csv, "id");
    columns->ranked = bcue_csv_find(csv, "ranked");
    if (columns->id < 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: needs a column 'id' with sample ids as in 'beamcue export-samples'",
                         bcue_csv_name(csv));
    for (int32_t b = 0; columns->ranked < 0 && b < beams; b++) {
        char name[32];
        snprintf(name, sizeof name, "score_%d", b);
        columns->score[b] = bcue_csv_find(csv, name);
        if (columns->score[b] < 0)
            return bcue_fail(
                error, BCUE_ERROR_DATA,
                "%s: needs a column 'ranked' (beams, best first) or score_0 .. score_%d, and has no '%s'",
                bcue_csv_name(csv), beams - 1, name);
    }
    return BCUE_OK;
}

/* "12 13 11": best first, -1 behind the last that is named. `named` marks beams and is left clean. */
static bool take_ranked(const char *cell, bcue_predictions *p, size_t row, bool *named)
{
    int32_t *ranked = p->ranked + row * (size_t)p->ranked_count, count = 0;
    bool good = true;
    for (const char *at = cell + strspn(cell, " "); good && *at != '\0'; at += strspn(at, " ")) {
        char *end;
        const long beam = strtol(at, &end, 10);
        good = end != at && beam >= 0 && beam < p->beams && !named[beam] && count < p->ranked_count &&
               (*end == ' ' || *end == '\0');
        if (!good)
            break;
        named[beam] = true;
        ranked[count++] = (int32_t)beam;
        at = end;
    }
    for (int32_t k = 0; k < p->ranked_count; k++) {
        if (k < count)
            named[ranked[k]] = false;
        else
            ranked[k] = -1;
    }
    return good && count > 0;
}

/* Room for one row. */
typedef struct row_room {
    beam_score *scores;
    bool *named;
} row_room;

static bcue_status take_row(const bcue_csv *csv, size_t row, const foreign_columns *columns,
                            const row_room *room, size_t to, bcue_predictions *p, bcue_error *error)
{
    if (columns->ranked >= 0) {
        if (!take_ranked(bcue_csv_cell(csv, row, (size_t)columns->ranked), p, to, room->named))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s:%zu: 'ranked' must list different beams from 0 to %d, separated by blanks",
                             bcue_csv_name(csv), bcue_csv_line(csv, row), p->beams - 1);
        return BCUE_OK;
    }
    for (int32_t b = 0; b < p->beams; b++) {
        room->scores[b].beam = b;
        if (!bcue_parse_double(bcue_csv_cell(csv, row, (size_t)columns->score[b]), &room->scores[b].score) ||
            !isfinite(room->scores[b].score))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s:%zu: score_%d is not a finite number; give every beam one",
                             bcue_csv_name(csv), bcue_csv_line(csv, row), b);
    }
    rank_row(p, to, room->scores);
    return BCUE_OK;
}

static bcue_status rank_rows(const bcue_csv *csv, const foreign_columns *columns, const id_row *known,
                             const row_room *room, bool *answered, bcue_predictions *p, bcue_error *error)
{
    for (size_t row = 0; row < bcue_csv_rows(csv); row++) {
        const id_row wanted = {.id = bcue_csv_cell(csv, row, (size_t)columns->id)};
        const id_row *found = bsearch(&wanted, known, p->rows, sizeof *known, by_id);
        if (found == NULL)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s:%zu: '%s' is not a sample of the scored part of the split",
                             bcue_csv_name(csv), bcue_csv_line(csv, row), wanted.id);
        if (answered[found->row])
            return bcue_fail(error, BCUE_ERROR_DATA, "%s:%zu: '%s' is answered twice", bcue_csv_name(csv),
                             bcue_csv_line(csv, row), wanted.id);
        answered[found->row] = true;
        BCUE_TRY(take_row(csv, row, columns, room, found->row, p, error));
    }
    for (size_t i = 0; i < p->rows; i++) {
        if (!answered[i])
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: no answer for sample '%s'; every one of the %zu scored samples needs one",
                             bcue_csv_name(csv), p->ids[i], p->rows);
    }
    return BCUE_OK;
}

static bcue_status rank_csv(const char *path, bcue_predictions *p, bcue_error *error)
{
    bcue_csv *csv;
    BCUE_TRY(bcue_csv_read(path, &csv, error));
    id_row *known = bcue_calloc(p->rows, sizeof *known);
    const row_room room = {bcue_calloc((size_t)p->beams, sizeof(beam_score)),
                           bcue_calloc((size_t)p->beams, sizeof(bool))};
    bool *answered = bcue_calloc(p->rows, sizeof *answered);
    foreign_columns columns = {.score = bcue_calloc((size_t)p->beams, sizeof(int))};
    bcue_status status = BCUE_OK;
    if (known == NULL || room.scores == NULL || room.named == NULL || answered == NULL ||
        columns.score == NULL)
        status = bcue_fail_memory(error, path);
    if (status == BCUE_OK) {
        for (size_t i = 0; i < p->rows; i++)
            known[i] = (id_row){p->ids[i], i};
        qsort(known, p->rows, sizeof *known, by_id);
        status = find_columns(csv, p->beams, &columns, error);
    }
    if (status == BCUE_OK)
        status = rank_rows(csv, &columns, known, &room, answered, p, error);
    free(known);
    free(room.scores);
    free(room.named);
    free(answered);
    free(columns.score);
    bcue_csv_destroy(csv);
    return status;
}

bcue_status bcue_predictions_read_foreign(const char *path, bcue_predictions *p, bcue_error *error)
{
    for (size_t i = 0; i < p->rows * (size_t)p->ranked_count; i++)
        p->probability[i] = NAN;
    return bcue_ends_with(path, ".npy") ? rank_npy(path, p, error) : rank_csv(path, p, error);
}
