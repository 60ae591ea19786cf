/* How long scoring and comparing take: 4,000 samples of 64 beams in 200 and in 4,000 episodes, 5 seeds,
 * 10,000 draws. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "metrics/compare.h"
#include "metrics/rank.h"

enum { ROWS = 4000, BEAMS = 64, SEEDS = 5 };

typedef struct {
    int32_t *ranked;
    bcue_scored_set sets[SEEDS];
} bench_model;

static int make_model(bench_model *m, const double *power, const int32_t *episode, uint32_t which)
{
    m->ranked = bcue_calloc((size_t)SEEDS * ROWS * BEAMS, sizeof *m->ranked);
    if (m->ranked == NULL)
        return 0;
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, which, 0, 0);
    for (size_t s = 0; s < SEEDS; s++) {
        int32_t *ranked = m->ranked + s * ROWS * BEAMS;
        for (size_t n = 0; n < ROWS; n++) {
            float scores[BEAMS];
            for (size_t b = 0; b < BEAMS; b++)
                scores[b] = (float)(power[n * BEAMS + b] + bcue_rng_normal(&rng) * (1 + which));
            bcue_rank_beams(scores, BEAMS, BEAMS, ranked + n * BEAMS);
        }
        m->sets[s] = (bcue_scored_set){.rows = ROWS,
                                       .beams = BEAMS,
                                       .ranked_count = BEAMS,
                                       .ranked = ranked,
                                       .power = power,
                                       .episode = episode,
                                       .index_monotone = true};
    }
    return 1;
}

static int time_comparison(const bench_model *a, const bench_model *b, bcue_metric metric, int32_t episodes)
{
    bcue_comparison c;
    bcue_error error;
    char name[BCUE_METRIC_NAME_SIZE];
    bcue_runs runs_a = {a->sets, SEEDS}, runs_b = {b->sets, SEEDS};
    double start = bcue_clock_s();
    if (bcue_compare(&runs_a, &runs_b, metric, NULL, &c, &error) != BCUE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 0;
    }
    bcue_metric_name(metric, name);
    printf("compare %-14s %4" PRId32 " episodes, %" PRIu32 " draws, %d threads: %7.1f ms\n", name, episodes,
           c.difference.draws, bcue_get_threads(), 1e3 * (bcue_clock_s() - start));
    return 1;
}

static int run(double *power, int32_t *episode, bench_model *a, bench_model *b)
{
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 9, 0, 0);
    for (size_t i = 0; i < (size_t)ROWS * BEAMS; i++)
        power[i] = bcue_rng_range(&rng, 0.1, 1.0);
    if (!make_model(a, power, episode, 1) || !make_model(b, power, episode, 2))
        return 0;
    bcue_metrics metrics;
    bcue_error error;
    double start = bcue_clock_s();
    if (bcue_metrics_compute(&a->sets[0], NULL, 0, &metrics, &error) != BCUE_OK)
        return 0;
    printf("all %zu metrics of %d samples: %.1f ms\n", metrics.count, (int)ROWS,
           1e3 * (bcue_clock_s() - start));
    bcue_metrics_free(&metrics);
    const int32_t episodes[] = {200, ROWS};
    for (size_t i = 0; i < 2; i++) {
        for (int32_t n = 0; n < ROWS; n++)
            episode[n] = n * episodes[i] / ROWS;
        if (!time_comparison(a, b, (bcue_metric){.kind = BCUE_METRIC_DBA}, episodes[i]) ||
            !time_comparison(a, b, (bcue_metric){.kind = BCUE_METRIC_POWER_LOSS}, episodes[i]))
            return 0;
    }
    return 1;
}

int main(void)
{
    bench_model a = {0}, b = {0};
    double *power = bcue_calloc((size_t)ROWS * BEAMS, sizeof *power);
    int32_t *episode = bcue_calloc(ROWS, sizeof *episode);
    int ok = power != NULL && episode != NULL && run(power, episode, &a, &b);
    free(power);
    free(episode);
    free(a.ranked);
    free(b.ranked);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
