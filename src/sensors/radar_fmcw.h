/* The raw samples of an FMCW radar: what its converter sees of a list of scatterers, as a complex cube
   (antennas, samples of a chirp, chirps of a frame), the way DeepSense 6G records it.

   The beat of a scatterer whose echo comes back after tau is
     A exp(j 2 pi (f_c tau + S tau t - S tau^2 / 2)),  t the time since the chirp began,
   with tau = (|p - transmitter| + |p - receiver|) / c of the moving scatterer at every instant (Stove,
   "Linear FMCW radar techniques", IEE Proc. F 139, 1992). The transmitter stands in the origin, receiver a at
   y = -a * spacing: the later ones further to the right, so that a target on the left (y > 0) has a positive
   angle frequency, one that goes away a positive Doppler frequency, and range a positive beat. Within a chirp
   the phase is drawn as the least-squares line through its exact values at the ends and the middle; the
   residual is far below -40 dB (tests/sensors/test_sensors_radar_fmcw.c). */
#ifndef BCUE_SENSORS_RADAR_FMCW_H
#define BCUE_SENSORS_RADAR_FMCW_H

#include <stddef.h>
#include <stdint.h>
#include "base/vec3.h"
#include "beamcue/status.h"

/* Another radar whose chirps sweep through ours: what is left after mixing is
   A exp(j (phase of our sweep - phase of its sweep)) wherever the two are less than half a sample rate apart,
   the reach of the anti-aliasing filter. Its chirps begin at start_s + k * period_s, k = ..., -1, 0, 1, ...,
   of our frame, and last ramp_s each. */
typedef struct bcue_fmcw_interferer {
    double carrier_hz, slope_hz_per_s; /* where its chirp begins; the slope may be negative */
    double start_s, period_s, ramp_s;  /* 0 < ramp_s <= period_s */
    double amplitude;                  /* after mixing */
    double azimuth;                    /* where it stands, radians, left positive */
} bcue_fmcw_interferer;

typedef struct bcue_fmcw_config {
    double carrier_hz, slope_hz_per_s, sample_rate_hz;
    double idle_s, ramp_s; /* a chirp takes both; samples are taken at the start of the ramp */
    size_t antennas, samples, chirps;
    double spacing_m;                        /* between neighbouring receivers */
    double noise_power;                      /* mean |noise|^2 of a sample; 0 = none */
    int adc_bits;                            /* real and imaginary part each; 0 = not quantised */
    const bcue_fmcw_interferer *interferers; /* borrowed; may be NULL */
    size_t interferer_count;
    double adc_full_scale; /* the largest magnitude of either part; beyond it is cut */
} bcue_fmcw_config;

/* Noise-free chirps of DeepSense scenarios 31-34: (4, 256, 250), and of scenario 9: (4, 256, 128). */
bcue_fmcw_config bcue_fmcw_scenario31(void);
bcue_fmcw_config bcue_fmcw_scenario9(void);
/* BCUE_ERROR_ARGUMENT with a sentence: sizes 1..4096 (antennas 1..64), positive times, samples that end
 * within the ramp. */
bcue_status bcue_fmcw_check(const bcue_fmcw_config *config, bcue_error *error);

/* One scattering centre at the start of the frame, in the frame of the radar: x forward, y left, z up. */
typedef struct bcue_fmcw_scatterer {
    bcue_vec3 position_m, velocity_mps;
    double amplitude; /* of the beat, >= 0: bcue_fmcw_amplitude */
    double phase;     /* of the reflection itself, radians */
} bcue_fmcw_scatterer;

/* Amplitude of the beat by the radar equation: sqrt(P G^2 lambda^2 sigma / ((4 pi)^3 R^4)), in the square
 * root of watts. */
double bcue_fmcw_amplitude(double power_w, double antenna_gain_db, double carrier_hz, double rcs_m2,
                           double range_m);
/* Thermal noise of a sample, watts: k 290 K B F with B the complex sample rate. */
double bcue_fmcw_noise_power(double sample_rate_hz, double noise_figure_db);

/* Which random numbers the noise takes. */
typedef struct bcue_fmcw_key {
    uint64_t seed;
    uint32_t episode, frame;
} bcue_fmcw_key;

/* cube: (antennas, samples, chirps) pairs of real, imaginary. The result does not depend on the number of
 * threads. */
bcue_status bcue_fmcw_synthesise(const bcue_fmcw_config *config, const bcue_fmcw_scatterer *scatterers,
                                 size_t count, const bcue_fmcw_key *key, float *cube, bcue_error *error);
/* The same by the formula itself at every sample, for tests; slow. Noise and converter are left out. */
void bcue_fmcw_evaluate(const bcue_fmcw_config *config, const bcue_fmcw_scatterer *scatterers, size_t count,
                        size_t antenna, size_t sample, size_t chirp, double beat[2]);

#endif
