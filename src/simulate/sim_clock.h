/* Inside the room: when a sensor measures, and when what it measured arrives. */
#ifndef BCUE_SIMULATE_SIM_CLOCK_H
#define BCUE_SIMULATE_SIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/config.h"

/* As the configuration has it, in the section of each sensor. */
typedef struct bcue_sim_clock_config {
    double rate_hz; /* 0: that of the frames */
    double offset_ms, latency_ms, jitter_ms;
    double drop_rate;
} bcue_sim_clock_config;

/* Which sensor: its own random numbers. Add at the end: data sets repeat by these. */
typedef enum bcue_sim_clock_id {
    BCUE_SIM_CLOCK_CAMERA,
    BCUE_SIM_CLOCK_LIDAR,
    BCUE_SIM_CLOCK_RADAR,
    BCUE_SIM_CLOCK_GNSS,
} bcue_sim_clock_id;

typedef struct bcue_sim_clock {
    double rate_hz, offset_s, latency_s, jitter_s, drop_rate;
    uint64_t seed;
    uint32_t stream;
} bcue_sim_clock;

/* `unit`: whose sensor it is; units do not share a clock. */
bcue_sim_clock bcue_sim_clock_make(const bcue_sim_clock_config *config, double frame_rate_hz, uint64_t seed,
                                   unsigned unit, bcue_sim_clock_id id);
/* Does it differ from that of the frames? */
bool bcue_sim_clock_is_own(const bcue_sim_clock_config *config);

/* One measurement. */
typedef struct bcue_sim_capture {
    bool due;        /* false: nothing has arrived yet */
    bool dropped;    /* it should have arrived, and was lost */
    uint32_t number; /* of the measurement in the episode, from 0 */
    double time_s;   /* when it was taken, in the time of the episode; 0 or later */
} bcue_sim_capture;

/* The newest measurement that has arrived (or should have) by time_s. Measurement j is taken at
   offset + j / rate + jitter_j and arrives latency later; jitter_j is normal, cut at 3 deviations and at 0.4
   of the interval, so that the order holds. */
bcue_sim_capture bcue_sim_clock_newest(const bcue_sim_clock *clock, uint32_t episode, double time_s);

#endif
