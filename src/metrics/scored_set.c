#include "metrics/scored_set.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"

static const char *const power_unit_names[] = {"arbitrary", "mW", "W"};

const char *bcue_power_unit_name(bcue_power_unit unit)
{
    return power_unit_names[unit];
}

bool bcue_power_unit_find(const char *name, bcue_power_unit *unit)
{
    for (int i = 0; i <= BCUE_POWER_WATT; i++) {
        if (strcmp(name, power_unit_names[i]) == 0) {
            *unit = (bcue_power_unit)i;
            return true;
        }
    }
    return false;
}

static bcue_status check_header(const bcue_scored_set *set, bcue_error *error)
{
    size_t cells;
    if (set->beams < 1)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "scored set: %" PRId32 " beams, at least 1 is needed",
                         set->beams);
    if (set->ranked_count < 1 || set->ranked_count > set->beams)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "scored set: %" PRId32 " ranked beams per row, must be 1 to the %" PRId32
                         " beams of the codebook",
                         set->ranked_count, set->beams);
    if (set->rows > 0 && set->ranked == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "scored set: no ranked beams");
    if (set->rows > 0 && set->label == NULL && set->power == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "scored set: neither labels nor powers, so no answer can be judged");
    if (!bcue_mul_size(set->rows, (size_t)set->beams, &cells) ||
        !bcue_mul_size(cells, sizeof(double), &cells))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "scored set: %zu rows of %" PRId32 " beams exceed memory", set->rows, set->beams);
    return BCUE_OK;
}

/* `seen[beam]` holds 1 + the last row that ranked it. */
static bcue_status check_ranking(const bcue_scored_set *set, size_t n, size_t *seen, bcue_error *error)
{
    const int32_t *ranked = set->ranked + n * (size_t)set->ranked_count;
    bool ended = false;
    for (int32_t k = 0; k < set->ranked_count; k++) {
        if (ranked[k] == -1 && k > 0) {
            ended = true;
            continue;
        }
        if (ranked[k] < 0 || ranked[k] >= set->beams)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "row %zu: beam %" PRId32 " in place %" PRId32 " is not one of 0 .. %" PRId32, n,
                             ranked[k], k + 1, set->beams - 1);
        if (ended)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "row %zu: a beam follows the end (-1) of the ranking in place %" PRId32, n,
                             k + 1);
        if (seen[ranked[k]] == n + 1)
            return bcue_fail(error, BCUE_ERROR_DATA, "row %zu: beam %" PRId32 " is ranked twice", n,
                             ranked[k]);
        seen[ranked[k]] = n + 1;
    }
    return BCUE_OK;
}

bcue_status bcue_scored_set_check(const bcue_scored_set *set, bcue_error *error)
{
    BCUE_TRY(check_header(set, error));
    size_t *seen = bcue_calloc((size_t)set->beams, sizeof *seen);
    if (seen == NULL)
        return bcue_fail_memory(error, "the check of a scored set");
    bcue_status status = BCUE_OK;
    for (size_t n = 0; n < set->rows && status == BCUE_OK; n++) {
        status = check_ranking(set, n, seen, error);
        if (status == BCUE_OK && set->label != NULL && (set->label[n] < -1 || set->label[n] >= set->beams))
            status = bcue_fail(error, BCUE_ERROR_DATA,
                               "row %zu: label %" PRId32 " is not one of 0 .. %" PRId32 " (or -1 for none)",
                               n, set->label[n], set->beams - 1);
    }
    free(seen);
    return status;
}

bcue_scored_row bcue_scored_set_row(const bcue_scored_set *set, size_t n)
{
    bcue_scored_row row = {.ranked = set->ranked + n * (size_t)set->ranked_count,
                           .label = set->label != NULL ? set->label[n] : -1};
    if (set->power != NULL) {
        const double *power = set->power + n * (size_t)set->beams;
        double best = 0.0, least = HUGE_VAL;
        bool valid = true;
        for (int32_t b = 0; b < set->beams; b++) {
            valid = valid && isfinite(power[b]) && power[b] >= 0.0;
            best = power[b] > best ? power[b] : best;
            least = power[b] < least ? power[b] : least;
        }
        if (valid && best > 0.0) {
            row.power = power;
            row.best_power = best;
            row.least_power = least;
            row.best_ties = row.label < 0 || power[row.label] >= best;
        }
    }
    row.has_best = row.best_ties || row.label >= 0;
    return row;
}

bool bcue_scored_row_is_best(const bcue_scored_row *row, int32_t beam)
{
    if (beam < 0)
        return false;
    return row->best_ties ? row->power[beam] >= row->best_power : beam == row->label;
}

int32_t bcue_scored_row_distance(const bcue_scored_row *row, int32_t beams, int32_t beam)
{
    if (!row->best_ties)
        return beam - row->label;
    int32_t nearest = 0;
    bool found = false;
    for (int32_t b = 0; b < beams; b++) {
        if (row->power[b] < row->best_power)
            continue;
        int32_t distance = beam - b;
        if (!found || abs(distance) < abs(nearest))
            nearest = distance;
        found = true;
    }
    return nearest;
}

double bcue_scored_row_ratio(const bcue_scored_row *row, int32_t beam)
{
    double least = pow(10.0, -BCUE_LOSS_LIMIT_DB / 10.0);
    double ratio = row->power[beam] / row->best_power;
    return ratio > least ? ratio : least;
}

bcue_scored_counts bcue_scored_set_count(const bcue_scored_set *set)
{
    bcue_scored_counts counts = {.rows = set->rows};
    double least = pow(10.0, -BCUE_LOSS_LIMIT_DB / 10.0);
    for (size_t n = 0; n < set->rows; n++) {
        bcue_scored_row row = bcue_scored_set_row(set, n);
        counts.rows_with_best += row.has_best;
        if (row.power == NULL) {
            counts.invalid_power += set->power != NULL;
            continue;
        }
        counts.rows_with_power++;
        counts.label_mismatch += !row.best_ties;
        counts.limited_loss += row.power[row.ranked[0]] / row.best_power < least;
        int32_t best = 0;
        for (int32_t b = 0; b < set->beams; b++)
            best += row.power[b] >= row.best_power;
        counts.tied_best += row.best_ties && best > 1;
    }
    return counts;
}

static bcue_status fail_differs(size_t n, const bcue_scored_set *a, const char *what, bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_DATA,
                     "row %zu%s%s: %s differ between the two sets; score both models on the same test "
                     "samples in the same order",
                     n, a->sample_id != NULL ? ", sample " : "", a->sample_id != NULL ? a->sample_id[n] : "",
                     what);
}

static bool same_int(const int32_t *a, const int32_t *b, size_t n, int32_t absent)
{
    return (a != NULL ? a[n] : absent) == (b != NULL ? b[n] : absent);
}

static bool same_power(const bcue_scored_set *a, const bcue_scored_set *b, size_t n)
{
    if (a->power == b->power)
        return true;
    if (a->power == NULL || b->power == NULL)
        return false;
    const double *pa = a->power + n * (size_t)a->beams, *pb = b->power + n * (size_t)b->beams;
    for (int32_t i = 0; i < a->beams; i++)
        if (pa[i] < pb[i] || pa[i] > pb[i] || isnan(pa[i]) != isnan(pb[i]))
            return false;
    return true;
}

bcue_status bcue_scored_set_same_samples(const bcue_scored_set *a, const bcue_scored_set *b,
                                         bcue_error *error)
{
    if (a->rows != b->rows || a->beams != b->beams)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "one set has %zu rows of %" PRId32 " beams, the other %zu of %" PRId32
                         "; score both models on the same test samples",
                         a->rows, a->beams, b->rows, b->beams);
    if (a->index_monotone != b->index_monotone)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the two sets come from different codebooks: only one is monotone in angle");
    if (a->power_unit != b->power_unit)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the powers of the two sets are in different units (data.power_unit)");
    for (size_t n = 0; n < a->rows; n++) {
        if (a->sample_id != NULL && b->sample_id != NULL && strcmp(a->sample_id[n], b->sample_id[n]) != 0)
            return fail_differs(n, a, "sample ids", error);
        if (!same_int(a->label, b->label, n, -1))
            return fail_differs(n, a, "labels", error);
        if (!same_int(a->episode, b->episode, n, 0))
            return fail_differs(n, a, "episodes", error);
        if (!same_int(a->street, b->street, n, 0))
            return fail_differs(n, a, "streets", error);
        if (!same_power(a, b, n))
            return fail_differs(n, a, "powers", error);
    }
    return BCUE_OK;
}
