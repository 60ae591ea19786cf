#include "sensors/radar_fmcw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "dsp/tone.h"

static const double speed_of_light_mps = 299792458.0, pi = 3.14159265358979323846;
static const double boltzmann_j_per_k = 1.380649e-23, room_k = 290.0;

enum { MOST_SIZE = 4096, MOST_ANTENNAS = 64, MOST_ADC_BITS = 24 };

bcue_fmcw_config bcue_fmcw_scenario31(void)
{
    return (bcue_fmcw_config){.carrier_hz = 77e9,
                              .slope_hz_per_s = 8.014e12,
                              .sample_rate_hz = 6.2e6,
                              .idle_s = 2e-6,
                              .ramp_s = 47.5e-6,
                              .antennas = 4,
                              .samples = 256,
                              .chirps = 250,
                              .spacing_m = 0.5 * speed_of_light_mps / 77e9};
}

bcue_fmcw_config bcue_fmcw_scenario9(void)
{
    bcue_fmcw_config config = bcue_fmcw_scenario31();
    config.slope_hz_per_s = 15.015e12;
    config.sample_rate_hz = 5e6;
    config.idle_s = 5e-6;
    config.ramp_s = 60e-6;
    config.chirps = 128;
    return config;
}

static bcue_status check_interferers(const bcue_fmcw_config *config, bcue_error *error)
{
    for (size_t i = 0; i < config->interferer_count; i++) {
        const bcue_fmcw_interferer *other = &config->interferers[i];
        bool finite = isfinite(other->carrier_hz) && isfinite(other->slope_hz_per_s) &&
                      isfinite(other->start_s) && isfinite(other->amplitude) && isfinite(other->azimuth);
        if (!finite || !(other->ramp_s > 0 && other->period_s >= other->ramp_s && other->period_s < 1))
            return bcue_fail(
                error, BCUE_ERROR_ARGUMENT,
                "radar: interferer %zu: expected finite numbers and 0 < ramp_s <= period_s < 1 s", i);
    }
    return BCUE_OK;
}

bcue_status bcue_fmcw_check(const bcue_fmcw_config *config, bcue_error *error)
{
    if (config->antennas < 1 || config->antennas > MOST_ANTENNAS || config->samples < 1 ||
        config->samples > MOST_SIZE || config->chirps < 1 || config->chirps > MOST_SIZE)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "radar: %zu antennas, %zu samples, %zu chirps; expected 1 to %d and 1 to %d",
                         config->antennas, config->samples, config->chirps, (int)MOST_ANTENNAS,
                         (int)MOST_SIZE);
    if (!(config->carrier_hz > 0 && config->slope_hz_per_s > 0 && config->sample_rate_hz > 0 &&
          config->idle_s >= 0 && config->ramp_s > 0 && config->spacing_m >= 0 && config->noise_power >= 0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "radar: carrier, slope, sample rate and ramp must be above 0, and nothing below");
    if ((double)config->samples / config->sample_rate_hz > config->ramp_s * (1 + 1e-9))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "radar: %zu samples take %g s, but the ramp ends after %g s", config->samples,
                         (double)config->samples / config->sample_rate_hz, config->ramp_s);
    if (config->adc_bits < 0 || config->adc_bits > MOST_ADC_BITS ||
        (config->adc_bits > 0 && !(config->adc_full_scale > 0)))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "radar: a converter of %d bits and full scale %g; expected 0 to %d bits and a full "
                         "scale above 0",
                         config->adc_bits, config->adc_full_scale, (int)MOST_ADC_BITS);
    return check_interferers(config, error);
}

double bcue_fmcw_amplitude(double power_w, double antenna_gain_db, double carrier_hz, double rcs_m2,
                           double range_m)
{
    double wavelength_m = speed_of_light_mps / carrier_hz, gain = pow(10.0, antenna_gain_db / 10.0);
    return sqrt(power_w * gain * gain * wavelength_m * wavelength_m * rcs_m2 / pow(4.0 * pi, 3.0)) /
           (range_m * range_m);
}

double bcue_fmcw_noise_power(double sample_rate_hz, double noise_figure_db)
{
    return boltzmann_j_per_k * room_k * sample_rate_hz * pow(10.0, noise_figure_db / 10.0);
}

/* Turns (phase / 2 pi) of the beat at `fast_s` of the chirp that starts at `slow_s`. */
static double beat_turns(const bcue_fmcw_config *config, const bcue_fmcw_scatterer *scatterer, size_t antenna,
                         double slow_s, double fast_s)
{
    double now_s = slow_s + fast_s;
    double x = scatterer->position_m.x + scatterer->velocity_mps.x * now_s,
           y = scatterer->position_m.y + scatterer->velocity_mps.y * now_s,
           z = scatterer->position_m.z + scatterer->velocity_mps.z * now_s;
    double aside = y + (double)antenna * config->spacing_m, across2 = x * x + z * z;
    double delay_s = (sqrt(across2 + y * y) + sqrt(across2 + aside * aside)) / speed_of_light_mps;
    return config->carrier_hz * delay_s + config->slope_hz_per_s * delay_s * (fast_s - 0.5 * delay_s);
}

static double chirp_start_s(const bcue_fmcw_config *config, size_t chirp)
{
    return (double)chirp * (config->idle_s + config->ramp_s);
}

void bcue_fmcw_evaluate(const bcue_fmcw_config *config, const bcue_fmcw_scatterer *scatterers, size_t count,
                        size_t antenna, size_t sample, size_t chirp, double beat[2])
{
    double slow_s = chirp_start_s(config, chirp), fast_s = (double)sample / config->sample_rate_hz;
    beat[0] = beat[1] = 0;
    for (size_t i = 0; i < count; i++) {
        double turns = beat_turns(config, &scatterers[i], antenna, slow_s, fast_s);
        double phase = 2 * pi * (turns - floor(turns)) + scatterers[i].phase;
        beat[0] += scatterers[i].amplitude * cos(phase);
        beat[1] += scatterers[i].amplitude * sin(phase);
    }
}

typedef struct synthesis {
    const bcue_fmcw_config *config;
    const bcue_fmcw_scatterer *scatterers;
    size_t count, padded; /* samples, up to whole vectors */
    const bcue_fmcw_key *key;
    float *rows; /* chirps x (re, im) of `padded` samples */
    float *cube;
} synthesis;

/* The line that fits the phase of a scatterer within one chirp. */
static bcue_tone make_tone(const bcue_fmcw_config *config, const bcue_fmcw_scatterer *scatterer,
                           size_t antenna, double slow_s)
{
    double last_s = (double)(config->samples - 1) / config->sample_rate_hz;
    double start = beat_turns(config, scatterer, antenna, slow_s, 0),
           middle = beat_turns(config, scatterer, antenna, slow_s, 0.5 * last_s),
           end = beat_turns(config, scatterer, antenna, slow_s, last_s);
    double bend = start - 2 * middle + end; /* a parabola's; its mean lies a third of it off the chord */
    double first = start - bend / 3 + scatterer->phase / (2 * pi);
    return (bcue_tone){.amplitude = scatterer->amplitude,
                       .turns = first - floor(first),
                       .turns_per_sample =
                           config->samples > 1 ? (end - start) / (double)(config->samples - 1) : 0};
}

/* One chirp of another radar that began `begun_s` after ours (before: negative). */
static void add_crossing(const bcue_fmcw_config *config, const bcue_fmcw_interferer *other, double begun_s,
                         double aside_turns, float *re, float *im)
{
    for (size_t s = 0; s < config->samples; s++) {
        double t_s = (double)s / config->sample_rate_hz, its_s = t_s - begun_s;
        if (its_s < 0 || its_s > other->ramp_s)
            continue;
        double apart_hz = config->carrier_hz + config->slope_hz_per_s * t_s - other->carrier_hz -
                          other->slope_hz_per_s * its_s;
        if (!(fabs(apart_hz) < config->sample_rate_hz / 2))
            continue;
        double turns = config->carrier_hz * t_s + config->slope_hz_per_s * t_s * t_s / 2 -
                       other->carrier_hz * its_s - other->slope_hz_per_s * its_s * its_s / 2 + aside_turns;
        double phase = 2 * pi * (turns - floor(turns));
        re[s] += (float)(other->amplitude * cos(phase));
        im[s] += (float)(other->amplitude * sin(phase));
    }
}

static void add_interference(const bcue_fmcw_config *config, size_t antenna, double slow_s, float *re,
                             float *im)
{
    double length_s = (double)config->samples / config->sample_rate_hz;
    for (size_t i = 0; i < config->interferer_count; i++) {
        const bcue_fmcw_interferer *other = &config->interferers[i];
        double aside_turns = (double)antenna * config->spacing_m * sin(other->azimuth) * other->carrier_hz /
                             speed_of_light_mps;
        double first = ceil((slow_s - other->ramp_s - other->start_s) / other->period_s);
        for (double k = first; other->start_s + k * other->period_s < slow_s + length_s; k++)
            add_crossing(config, other, other->start_s + k * other->period_s - slow_s, aside_turns, re, im);
    }
}

static float converted(const bcue_fmcw_config *config, double value)
{
    if (config->adc_bits == 0)
        return (float)value;
    double steps = ldexp(1.0, config->adc_bits - 1), unit = config->adc_full_scale / steps;
    double code = nearbyint(value / unit);
    code = code < -steps ? -steps : code > steps - 1 ? steps - 1 : code;
    return (float)(code * unit);
}

/* One chirp of one antenna: index = antenna * chirps + chirp. */
static void synthesise_chirp(void *context, size_t index)
{
    enum { AT_ONCE = 64 };
    const synthesis *job = context;
    const bcue_fmcw_config *config = job->config;
    size_t antenna = index / config->chirps, chirp = index % config->chirps;
    float *re = job->rows + 2 * job->padded * index, *im = re + job->padded;
    double slow_s = chirp_start_s(config, chirp);
    for (size_t done = 0; done < job->count;) {
        bcue_tone tones[AT_ONCE];
        size_t now = job->count - done < AT_ONCE ? job->count - done : AT_ONCE;
        for (size_t i = 0; i < now; i++)
            tones[i] = make_tone(config, &job->scatterers[done + i], antenna, slow_s);
        bcue_add_tones(tones, now, job->padded, re, im);
        done += now;
    }
    add_interference(config, antenna, slow_s, re, im);
    bcue_rng rng = bcue_rng_make(job->key->seed, BCUE_RNG_RADAR_CUBE, job->key->episode, job->key->frame,
                                 (uint32_t)index);
    double deviation = sqrt(config->noise_power / 2);
    for (size_t s = 0; s < config->samples; s++) {
        double noise[2] = {0, 0};
        if (deviation > 0) {
            noise[0] = deviation * bcue_rng_normal(&rng);
            noise[1] = deviation * bcue_rng_normal(&rng);
        }
        re[s] = converted(config, (double)re[s] + noise[0]);
        im[s] = converted(config, (double)im[s] + noise[1]);
    }
}

/* Rows of one antenna and sample in the cube: index = antenna * samples + sample. */
static void place_row(void *context, size_t index)
{
    const synthesis *job = context;
    const bcue_fmcw_config *config = job->config;
    size_t antenna = index / config->samples, sample = index % config->samples;
    float *out = job->cube + 2 * config->chirps * index;
    const float *from = job->rows + 2 * job->padded * antenna * config->chirps + sample;
    for (size_t c = 0; c < config->chirps; c++, from += 2 * job->padded) {
        out[2 * c] = from[0];
        out[2 * c + 1] = from[job->padded];
    }
}

bcue_status bcue_fmcw_synthesise(const bcue_fmcw_config *config, const bcue_fmcw_scatterer *scatterers,
                                 size_t count, const bcue_fmcw_key *key, float *cube, bcue_error *error)
{
    BCUE_TRY(bcue_fmcw_check(config, error));
    for (size_t i = 0; i < count; i++) {
        const bcue_fmcw_scatterer *s = &scatterers[i];
        const double values[] = {s->position_m.x,   s->position_m.y,   s->position_m.z, s->velocity_mps.x,
                                 s->velocity_mps.y, s->velocity_mps.z, s->amplitude,    s->phase};
        for (size_t k = 0; k < sizeof values / sizeof *values; k++)
            if (!isfinite(values[k]))
                return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                                 "radar: scatterer %zu has a value that is not finite", i);
    }
    synthesis job = {.config = config,
                     .scatterers = scatterers,
                     .count = count,
                     .padded = bcue_tone_padded(config->samples),
                     .key = key,
                     .cube = cube};
    job.rows = bcue_calloc_aligned(config->antennas * config->chirps, 2 * job.padded * sizeof *job.rows);
    if (job.rows == NULL)
        return bcue_fail_memory(error, "a radar cube");
    bcue_parallel_for(config->antennas * config->chirps, 8, synthesise_chirp, &job);
    bcue_parallel_for(config->antennas * config->samples, 32, place_row, &job);
    free(job.rows);
    return BCUE_OK;
}
