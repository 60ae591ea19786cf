/* Counter-based random numbers: the same key gives the same draws, whatever the thread or order.
   Philox-4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11). */
#ifndef BCUE_BASE_RNG_H
#define BCUE_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* What a stream is for. Streams of different purposes never overlap. Append only: the numbers are part of
   every result. */
typedef enum bcue_rng_purpose {
    BCUE_RNG_TEST = 0,
    BCUE_RNG_SPLIT = 1,         /* episode/row splits */
    BCUE_RNG_SHUFFLE = 2,       /* batch order; episode = epoch */
    BCUE_RNG_INIT = 3,          /* weights; index = parameter */
    BCUE_RNG_DROPOUT = 4,       /* episode = epoch, frame = step, index = node */
    BCUE_RNG_AUGMENT = 5,       /* episode = epoch, index = sample */
    BCUE_RNG_PRUNE = 61,        /* pruning: random scores, drawn labels; index = group or window */
    BCUE_RNG_COMPLETE = 62,     /* generator of missing modalities: patterns, draws; episode = epoch */
    BCUE_RNG_MODALITY = 60,     /* modality dropout; episode = epoch, index = sample */
    BCUE_RNG_TRAFFIC = 6,       /* simulator: vehicles */
    BCUE_RNG_STREET = 7,        /* simulator: static world */
    BCUE_RNG_GNSS = 8,          /* simulator: GNSS noise */
    BCUE_RNG_CHANNEL = 9,       /* simulator: measurement noise of the channel */
    BCUE_RNG_CAMERA = 10,       /* simulator: image noise */
    BCUE_RNG_BOOTSTRAP = 11,    /* confidence intervals */
    BCUE_RNG_BASELINE = 12,     /* random answers of baselines, empty look-up cells */
    BCUE_RNG_LIDAR = 20,        /* simulator: LiDAR; index = ray */
    BCUE_RNG_RADAR = 21,        /* simulator: radar detections; index = ray */
    BCUE_RNG_RADAR_CUBE = 22,   /* simulator: noise of FMCW cubes; index = antenna and chirp */
    BCUE_RNG_PHASE_NOISE = 40,  /* phases of antenna elements; index = beam */
    BCUE_RNG_SCATTER = 41,      /* phases of scattering patches; frame = instance, index = patch */
    BCUE_RNG_SHADOWING = 42,    /* log-distance channel; index = wave of the field */
    BCUE_RNG_RADAR_PHASE = 23,  /* simulator: phases of radar scattering centres, by patch of surface */
    BCUE_RNG_WEATHER = 24,      /* simulator: conditions of episodes */
    BCUE_RNG_REPLAY = 70,       /* faults of a replay; frame = frame of the episode, index = fault */
    BCUE_RNG_GPS_ERROR = 72,    /* errors added to fixes; episode = source, frame = episode or frame */
    BCUE_RNG_POINT_FAULTS = 71, /* lost and false radar points of an evaluation; by key of the frame */
    BCUE_RNG_CLOCK = 25, /* simulator: jitter and loss of measurements; frame = measurement, index = sensor */
} bcue_rng_purpose;

typedef struct bcue_rng {
    uint32_t key[2];
    uint32_t counter[4]; /* draw block, index, frame, episode */
    uint32_t block[4];
    uint32_t used; /* words of `block` already handed out, 4 = none left */
} bcue_rng;

void bcue_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

bcue_rng bcue_rng_make(uint64_t seed, bcue_rng_purpose purpose, uint32_t episode, uint32_t frame,
                       uint32_t index);
uint32_t bcue_rng_u32(bcue_rng *rng);
double bcue_rng_uniform(bcue_rng *rng);                            /* [0, 1), 53 bits */
double bcue_rng_range(bcue_rng *rng, double low, double high);     /* [low, high) */
double bcue_rng_normal(bcue_rng *rng);                             /* mean 0, deviation 1 (Box-Muller) */
size_t bcue_rng_poisson(bcue_rng *rng, double mean);               /* Poisson's distribution; mean <= 0: 0 */
uint32_t bcue_rng_below(bcue_rng *rng, uint32_t n);                /* 0 .. n-1, unbiased; n > 0 */
void bcue_rng_shuffle(bcue_rng *rng, size_t *items, size_t count); /* Fisher-Yates; count < 2^32 */

#endif
