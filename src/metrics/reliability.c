#include "metrics/reliability.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "metrics/quantile.h"

enum { DRAWS = 4000, GOLDEN_STEPS = 60 };
#define LEAST_PROBABILITY 1e-30
#define ROUNDING 1e-9 /* of a sum of probabilities */

static const double *row_probability(const bcue_answers *answers, size_t row)
{
    return answers->probability + row * (size_t)answers->set->beams;
}

bcue_status bcue_answers_check(const bcue_answers *answers, bcue_error *error)
{
    const bcue_scored_set *set = answers->set;
    BCUE_TRY(bcue_scored_set_check(set, error));
    if (set->ranked_count != set->beams || set->episode == NULL)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "calibration needs answers that rank all %d beams, and episodes; foreign answers "
                         "have no probabilities",
                         set->beams);
    size_t with_best = 0;
    for (size_t i = 0; i < set->rows; i++) {
        const double *p = row_probability(answers, i);
        with_best += bcue_scored_set_row(set, i).has_best;
        for (int32_t b = 0; b < set->beams; b++)
            if (!(p[b] >= 0.0 && p[b] <= 1.0 + ROUNDING))
                return bcue_fail(
                    error, BCUE_ERROR_DATA,
                    "row %zu: the probability %g of its beam %d is not within 0 and 1: the model "
                    "gives no probabilities",
                    i, p[b], b);
    }
    return with_best > 0 ? BCUE_OK
                         : bcue_fail(error, BCUE_ERROR_DATA, "no sample has a best beam to calibrate with");
}

void bcue_soften(const double *p, size_t count, double temperature, double *out)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        out[i] = p[i] > 0.0 ? pow(p[i], 1.0 / temperature) : 0.0;
        sum += out[i];
    }
    for (size_t i = 0; i < count; i++)
        out[i] = sum > 0.0 ? out[i] / sum : 1.0 / (double)count;
}

/* ---- rows by episodes ---- */

/* A number of a row. */
typedef struct episode_value {
    int32_t street, episode;
    double value, size;
} episode_value;

static int by_episode(const void *left, const void *right)
{
    const episode_value *a = left, *b = right;
    if (a->street != b->street)
        return a->street < b->street ? -1 : 1;
    return a->episode < b->episode ? -1 : a->episode > b->episode;
}

static bool same_episode(const episode_value *a, const episode_value *b)
{
    return a->street == b->street && a->episode == b->episode;
}

static episode_value at_row(const bcue_scored_set *set, size_t row, double value)
{
    return (episode_value){set->street != NULL ? set->street[row] : 0, set->episode[row], value, 0.0};
}

/* How many of the sorted values, from `first` on, belong to one episode. */
static size_t episode_rows(const episode_value *values, size_t first, size_t count)
{
    size_t end = first + 1;
    while (end < count && same_episode(&values[end], &values[first]))
        end++;
    return end - first;
}

/* ---- temperature ---- */

static double log_likelihood(const bcue_answers *answers, size_t row, double temperature)
{
    const bcue_scored_set *set = answers->set;
    const bcue_scored_row scored = bcue_scored_set_row(set, row);
    const double *p = row_probability(answers, row);
    double sum = 0.0, best = 0.0;
    for (int32_t k = 0; k < set->beams; k++) {
        const double softened = pow(fmax(p[k], LEAST_PROBABILITY), 1.0 / temperature);
        sum += softened;
        if (bcue_scored_row_is_best(&scored, scored.ranked[k]))
            best += softened;
    }
    return log(best / sum);
}

static double mean_loss(const bcue_answers *answers, const double *weight, double temperature)
{
    double loss = 0.0;
    for (size_t i = 0; i < answers->set->rows; i++)
        if (weight[i] > 0.0)
            loss -= weight[i] * log_likelihood(answers, i, temperature);
    return loss;
}

/* 1 / rows of its episode; 0 for rows without a best beam. */
static void weigh_rows(const bcue_scored_set *set, episode_value *values, double *weight)
{
    size_t count = 0;
    for (size_t i = 0; i < set->rows; i++)
        if (bcue_scored_set_row(set, i).has_best)
            values[count++] = at_row(set, i, (double)i);
    qsort(values, count, sizeof *values, by_episode);
    for (size_t i = 0; i < count;) {
        const size_t alike = episode_rows(values, i, count);
        for (size_t k = i; k < i + alike; k++)
            weight[(size_t)values[k].value] = 1.0 / (double)alike;
        i += alike;
    }
}

static double fit(const bcue_answers *answers, const double *weight)
{
    /* The loss is convex in 1 / T, so it has one minimum in log T: golden section. */
    const double ratio = 0.5 * (sqrt(5.0) - 1.0);
    double low = log(0.05), high = log(20.0);
    double left = high - ratio * (high - low), right = low + ratio * (high - low);
    double at_left = mean_loss(answers, weight, exp(left)), at_right = mean_loss(answers, weight, exp(right));
    for (int i = 0; i < GOLDEN_STEPS && high - low > 1e-5; i++) {
        if (at_left < at_right) {
            high = right;
            right = left;
            at_right = at_left;
            left = high - ratio * (high - low);
            at_left = mean_loss(answers, weight, exp(left));
        } else {
            low = left;
            left = right;
            at_left = at_right;
            right = low + ratio * (high - low);
            at_right = mean_loss(answers, weight, exp(right));
        }
    }
    return exp(0.5 * (low + high));
}

bcue_status bcue_temperature_fit(const bcue_answers *answers, double *temperature, bcue_error *error)
{
    double *weight = bcue_calloc(answers->set->rows, sizeof *weight);
    episode_value *values = bcue_calloc(answers->set->rows, sizeof *values);
    bcue_status status = weight && values ? BCUE_OK : bcue_fail_memory(error, "the temperature");
    if (status == BCUE_OK) {
        weigh_rows(answers->set, values, weight);
        *temperature = fit(answers, weight);
    }
    free(weight);
    free(values);
    return status;
}

double bcue_calibration_error(const bcue_answers *answers, double temperature)
{
    const bcue_scored_set *set = answers->set;
    double confidence[BCUE_CALIBRATION_BINS] = {0}, right[BCUE_CALIBRATION_BINS] = {0}, error = 0.0;
    size_t rows = 0;
    for (size_t i = 0; i < set->rows; i++) {
        const bcue_scored_row row = bcue_scored_set_row(set, i);
        if (!row.has_best)
            continue;
        const double *p = row_probability(answers, i);
        double sum = 0.0;
        for (int32_t b = 0; b < set->beams; b++)
            sum += p[b] > 0.0 ? pow(p[b], 1.0 / temperature) : 0.0;
        const double first = sum > 0.0 ? pow(p[0], 1.0 / temperature) / sum : 1.0 / (double)set->beams;
        int bin = (int)(first * BCUE_CALIBRATION_BINS);
        bin = bin >= BCUE_CALIBRATION_BINS ? BCUE_CALIBRATION_BINS - 1 : bin;
        confidence[bin] += first;
        right[bin] += bcue_scored_row_is_best(&row, row.ranked[0]) ? 1.0 : 0.0;
        rows++;
    }
    for (int i = 0; i < BCUE_CALIBRATION_BINS; i++)
        error += fabs(confidence[i] - right[i]);
    return rows > 0 ? error / (double)rows : 0.0;
}

/* ---- conformal sets ---- */

/* The place of the first acceptable beam among the ranked ones; beams: none; -1: the row does not count. */
static int32_t first_acceptable(const bcue_scored_set *set, const bcue_scored_row *row, double margin_db)
{
    if (margin_db > 0.0 ? row->power == NULL : !row->has_best)
        return -1;
    const double least = pow(10.0, -0.1 * margin_db);
    for (int32_t k = 0; k < set->beams; k++)
        if (margin_db > 0.0 ? bcue_scored_row_ratio(row, row->ranked[k]) >= least
                            : bcue_scored_row_is_best(row, row->ranked[k]))
            return k;
    return set->beams;
}

static int by_value(const void *left, const void *right)
{
    const double a = ((const episode_value *)left)->value, b = ((const episode_value *)right)->value;
    return a < b ? -1 : a > b;
}

/* The score of every row that counts, sorted by episodes. */
static bcue_status gather_scores(const bcue_answers *answers, double temperature, double margin_db,
                                 episode_value *values, size_t *count, bcue_error *error)
{
    const bcue_scored_set *set = answers->set;
    double *p = bcue_calloc((size_t)set->beams, sizeof *p);
    if (p == NULL)
        return bcue_fail_memory(error, "the conformal sets");
    *count = 0;
    for (size_t i = 0; i < set->rows; i++) {
        const bcue_scored_row row = bcue_scored_set_row(set, i);
        const int32_t place = first_acceptable(set, &row, margin_db);
        if (place < 0)
            continue;
        double sum = 0.0;
        bcue_soften(row_probability(answers, i), (size_t)set->beams, temperature, p);
        for (int32_t k = 0; k <= place && k < set->beams; k++)
            sum += p[k];
        values[(*count)++] = at_row(set, i, place == 0 ? 0.0 : sum); /* the first beam is in every set */
    }
    free(p);
    if (*count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "no sample can be covered: none has the powers it takes");
    qsort(values, *count, sizeof *values, by_episode);
    return BCUE_OK;
}

static double weighted_quantile(episode_value *values, size_t count, size_t episodes, double coverage)
{
    qsort(values, count, sizeof *values, by_value);
    double sum = 0.0;
    const double wanted = coverage * (double)(episodes + 1) - ROUNDING;
    for (size_t i = 0; i < count; i++) {
        sum += values[i].size;
        if (sum >= wanted)
            return values[i].value;
    }
    return INFINITY;
}

bcue_status bcue_conformal_threshold(const bcue_answers *answers, double temperature, double coverage,
                                     double margin_db, double *threshold, size_t *episodes, size_t *rows,
                                     bcue_error *error)
{
    episode_value *values = bcue_calloc(answers->set->rows, sizeof *values);
    if (values == NULL)
        return bcue_fail_memory(error, "the conformal sets");
    size_t count, found = 0;
    bcue_status status = gather_scores(answers, temperature, margin_db, values, &count, error);
    if (status == BCUE_OK) {
        for (size_t i = 0; i < count; found++) {
            const size_t alike = episode_rows(values, i, count);
            for (size_t k = 0; k < alike; k++)
                values[i + k].size = 1.0 / (double)alike;
            i += alike;
        }
        *threshold = weighted_quantile(values, count, found, coverage);
        if (episodes != NULL)
            *episodes = found;
        if (rows != NULL)
            *rows = count;
    }
    free(values);
    return status;
}

size_t bcue_conformal_size(const double *probability, size_t count, double threshold)
{
    double sum = 0.0;
    size_t size = 0;
    while (size < count) {
        sum += probability[size];
        if (sum > threshold + ROUNDING)
            break;
        size++;
    }
    return size > 0 ? size : 1;
}

/* ---- what a threshold does ---- */

static void interval(const double *shares, size_t count, uint64_t seed, bcue_coverage *coverage,
                     double *means)
{
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_BOOTSTRAP, draw, 0, 1);
        double sum = 0.0;
        for (size_t i = 0; i < count; i++)
            sum += shares[bcue_rng_below(&rng, (uint32_t)count)];
        means[draw] = sum / (double)count;
    }
    bcue_sort_doubles(means, DRAWS);
    coverage->low = bcue_quantile_sorted(means, DRAWS, 0.025);
    coverage->high = bcue_quantile_sorted(means, DRAWS, 0.975);
}

/* values: sorted by episodes, .value 1 where covered. shares: room for every episode. */
static void summarise(const episode_value *values, size_t count, double *shares, bcue_coverage *coverage)
{
    for (size_t i = 0; i < count;) {
        const size_t alike = episode_rows(values, i, count);
        double covered = 0.0, size = 0.0;
        for (size_t k = i; k < i + alike; k++) {
            covered += values[k].value;
            size += values[k].size;
        }
        shares[coverage->episodes++] = covered / (double)alike;
        coverage->size += size / (double)alike;
        i += alike;
    }
    const size_t episodes = coverage->episodes, tenth = episodes >= 10 ? episodes / 10 : 1;
    coverage->size /= (double)episodes;
    bcue_sort_doubles(shares, episodes);
    for (size_t i = 0; i < episodes; i++) {
        coverage->mean += shares[i] / (double)episodes;
        coverage->worst_tenth += i < tenth ? shares[i] / (double)tenth : 0.0;
    }
}

static size_t cover_rows(const bcue_answers *answers, double temperature, double threshold, double margin_db,
                         double *p, episode_value *values)
{
    const bcue_scored_set *set = answers->set;
    size_t count = 0;
    for (size_t i = 0; i < set->rows; i++) {
        const bcue_scored_row row = bcue_scored_set_row(set, i);
        const int32_t place = first_acceptable(set, &row, margin_db);
        if (place < 0)
            continue;
        bcue_soften(row_probability(answers, i), (size_t)set->beams, temperature, p);
        const size_t size = bcue_conformal_size(p, (size_t)set->beams, threshold);
        values[count] = at_row(set, i, (size_t)place < size ? 1.0 : 0.0);
        values[count++].size = (double)size;
    }
    return count;
}

bcue_status bcue_coverage_measure(const bcue_answers *answers, double temperature, double threshold,
                                  double margin_db, uint64_t seed, bcue_coverage *coverage, bcue_error *error)
{
    const size_t rows = answers->set->rows;
    *coverage = (bcue_coverage){0};
    double *p = bcue_calloc((size_t)answers->set->beams, sizeof *p);
    double *shares = bcue_calloc(rows, sizeof *shares), *means = bcue_calloc(DRAWS, sizeof *means);
    episode_value *values = bcue_calloc(rows, sizeof *values);
    bcue_status status = p && shares && means && values ? BCUE_OK : bcue_fail_memory(error, "the coverage");
    if (status == BCUE_OK) {
        coverage->rows = cover_rows(answers, temperature, threshold, margin_db, p, values);
        if (coverage->rows == 0)
            status =
                bcue_fail(error, BCUE_ERROR_DATA, "no sample can be covered: none has the powers it takes");
    }
    if (status == BCUE_OK) {
        qsort(values, coverage->rows, sizeof *values, by_episode);
        summarise(values, coverage->rows, shares, coverage);
        interval(shares, coverage->episodes, seed, coverage, means);
    }
    free(p);
    free(shares);
    free(means);
    free(values);
    return status;
}
