#include "dataset/fix_error.h"

#include <math.h>

#include "base/hash.h"
#include "base/rng.h"
#include "features/geodesy.h"

/* The slow error is a sum of waves with random phases whose frequencies are drawn from a Cauchy distribution:
   its autocorrelation in the mean is exp(-|t| / drift_time_s), that of a first-order Gauss-Markov process,
   and it can be asked for any instant without those before. */
enum { WAVES = 64, WHITE = 2 * WAVES };

static const double pi = 3.14159265358979323846;

static uint32_t hash_of(const char *text)
{
    bcue_hash hash = bcue_hash_begin();
    bcue_hash_text(&hash, text);
    const uint64_t bits = bcue_hash_end(&hash);
    return (uint32_t)(bits ^ (bits >> 32));
}

static void move(const double error_m[3], double fix[2])
{
    double altitude_m;
    bcue_enu_to_geodetic(error_m, fix[0], fix[1], 0, &fix[0], &fix[1], &altitude_m);
}

void bcue_fix_error_white(const bcue_source_job *job, const char *frame, double fix[2])
{
    const bcue_gps_error_config *config = &job->data->gps_error;
    if (!(config->white_m > 0) || isnan(fix[0]) || isnan(fix[1]))
        return;
    bcue_rng rng = bcue_rng_make((uint64_t)config->seed, BCUE_RNG_GPS_ERROR, hash_of(job->table->name),
                                 hash_of(frame), WHITE);
    const double east_m = config->white_m * bcue_rng_normal(&rng),
                 north_m = config->white_m * bcue_rng_normal(&rng);
    move((const double[3]){east_m, north_m, 0}, fix);
}

/* Of one axis; WAVES cosines of variance 1/2 each. */
static double slow_error_m(const bcue_gps_error_config *config, uint32_t source, uint32_t episode,
                           uint32_t axis, double time_s)
{
    double sum = 0;
    for (uint32_t wave = 0; wave < WAVES; wave++) {
        bcue_rng rng =
            bcue_rng_make((uint64_t)config->seed, BCUE_RNG_GPS_ERROR, source, episode, 2 * wave + axis);
        const double rate = tan(pi * (bcue_rng_uniform(&rng) - 0.5)) / config->drift_time_s;
        const double phase = bcue_rng_range(&rng, 0, 2 * pi);
        sum += cos(fmod(rate * time_s, 2 * pi) + phase);
    }
    return config->drift_m * sqrt(2.0 / WAVES) * sum;
}

void bcue_fix_errors_slow(const bcue_source_job *job)
{
    const bcue_gps_error_config *config = &job->data->gps_error;
    const bcue_source_table *table = job->table;
    if (!(config->drift_m > 0))
        return;
    const uint32_t source = hash_of(table->name);
    for (size_t i = 0; i < table->row_count; i++) {
        const bcue_row *row = &table->rows[i];
        const double time_s = isnan(row->time_s) ? 0 : row->time_s;
        const uint32_t episode = (uint32_t)row->episode;
        const double error_m[3] = {slow_error_m(config, source, episode, 0, time_s),
                                   slow_error_m(config, source, episode, 1, time_s), 0};
        for (size_t slot = 0; slot < (size_t)table->slots; slot++)
            if (!isnan(row->fix[2 * slot]) && !isnan(row->fix[2 * slot + 1]))
                move(error_m, row->fix + 2 * slot);
    }
}
