/* Cubes per second of the FMCW radar, and how much slower the formula itself would be. Usage:
   bench_radar_fmcw [SCATTERERS] [ROUNDS] [THREADS]. Prints milliseconds of processor time per cube
   (median), cubes a second of it, and the ratio to evaluating every sample with sine and cosine, timed on a
   part of the same cube in the same run. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/text.h"
#include "sensors/radar_fmcw.h"

/* Processor time of all threads: it says the same on a busy machine as on an idle one. */
static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds that the formula takes for the whole cube, from the first chirps of one antenna. */
static double formula_s(const bcue_fmcw_config *config, const bcue_fmcw_scatterer *scatterers, size_t count)
{
    enum { CHIRPS = 2 };
    double sum = 0, started = cpu_s();
    for (size_t s = 0; s < config->samples; s++)
        for (size_t c = 0; c < CHIRPS; c++) {
            double beat[2];
            bcue_fmcw_evaluate(config, scatterers, count, 0, s, c, beat);
            sum += beat[0];
        }
    double taken_s = cpu_s() - started;
    return taken_s * (double)(config->antennas * config->chirps) / CHIRPS + 0 * sum;
}

int main(int argc, char **argv)
{
    int64_t count = 300, rounds = 20, threads = 0;
    if ((argc > 1 && (!bcue_parse_int64(argv[1], &count) || count < 1 || count > 1000000)) ||
        (argc > 2 && (!bcue_parse_int64(argv[2], &rounds) || rounds < 1 || rounds > 10000)) ||
        (argc > 3 && (!bcue_parse_int64(argv[3], &threads) || threads < 0 || threads > 1024))) {
        fprintf(stderr, "usage: bench_radar_fmcw [SCATTERERS] [ROUNDS] [THREADS]\n");
        return 2;
    }
    bcue_fmcw_config config = bcue_fmcw_scenario31();
    const bcue_fmcw_key key = {1, 0, 0};
    bcue_fmcw_scatterer *scatterers = bcue_calloc((size_t)count, sizeof *scatterers);
    float *cube = bcue_calloc(config.antennas * config.samples * config.chirps, 2 * sizeof *cube);
    double *ms = bcue_calloc((size_t)rounds, sizeof *ms);
    bcue_error error = {{0}};
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    if (scatterers == NULL || cube == NULL || ms == NULL)
        return 1;
    for (int64_t i = 0; i < count; i++)
        scatterers[i] = (bcue_fmcw_scatterer){
            .position_m = {bcue_rng_range(&rng, 3, 100), bcue_rng_range(&rng, -30, 30), 0},
            .velocity_mps = {bcue_rng_range(&rng, -15, 15), 0, 0},
            .amplitude = 1};
    config.noise_power = 1;
    bcue_set_threads((int)threads);
    for (int64_t i = 0; i < rounds; i++) {
        double started = cpu_s();
        if (bcue_fmcw_synthesise(&config, scatterers, (size_t)count, &key, cube, &error) != BCUE_OK) {
            fprintf(stderr, "bench_radar_fmcw: %s\n", error.text);
            return 1;
        }
        ms[i] = 1e3 * (cpu_s() - started);
    }
    double slow_ms = 1e3 * formula_s(&config, scatterers, (size_t)count);
    qsort(ms, (size_t)rounds, sizeof *ms, by_value);
    double middle = ms[rounds / 2];
    printf("%lld scatterers, %d threads: %.1f ms of processor time per cube (least %.1f), %.1f cubes a "
           "second of it; the formula at "
           "every "
           "sample, one thread: %.0f times as long\n",
           (long long)count, bcue_get_threads(), middle, ms[0], 1e3 / middle, slow_ms / middle);
    free(scatterers);
    free(cube);
    free(ms);
    return 0;
}
