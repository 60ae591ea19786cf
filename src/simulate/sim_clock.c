#include "simulate/sim_clock.h"

#include <math.h>
#include "base/rng.h"

/* Times that differ by less are the same: 3 / 10 is not 0.3. */
#define SAME_S 1e-9

bcue_sim_clock bcue_sim_clock_make(const bcue_sim_clock_config *config, double frame_rate_hz, uint64_t seed,
                                   unsigned unit, bcue_sim_clock_id id)
{
    return (bcue_sim_clock){.rate_hz = config->rate_hz > 0.0 ? config->rate_hz : frame_rate_hz,
                            .offset_s = 1e-3 * config->offset_ms,
                            .latency_s = 1e-3 * config->latency_ms,
                            .jitter_s = 1e-3 * config->jitter_ms,
                            .drop_rate = config->drop_rate,
                            .seed = seed,
                            .stream = 16u * unit + (uint32_t)id};
}

bool bcue_sim_clock_is_own(const bcue_sim_clock_config *config)
{
    return config->rate_hz > 0.0 || config->offset_ms != 0.0 || config->latency_ms > 0.0 ||
           config->jitter_ms > 0.0 || config->drop_rate > 0.0;
}

static bcue_sim_capture capture_of(const bcue_sim_clock *clock, uint32_t episode, uint32_t number)
{
    bcue_rng rng = bcue_rng_make(clock->seed, BCUE_RNG_CLOCK, episode, number, clock->stream);
    double shaken = clock->jitter_s > 0.0 ? clock->jitter_s * bcue_rng_normal(&rng) : 0.0;
    double most = fmin(3.0 * clock->jitter_s, 0.4 / clock->rate_hz);
    bool dropped = clock->drop_rate > 0.0 && bcue_rng_uniform(&rng) < clock->drop_rate;
    double time_s = clock->offset_s + (double)number / clock->rate_hz + fmin(fmax(shaken, -most), most);
    return (bcue_sim_capture){.due = true, .dropped = dropped, .number = number, .time_s = fmax(time_s, 0.0)};
}

bcue_sim_capture bcue_sim_clock_newest(const bcue_sim_clock *clock, uint32_t episode, double time_s)
{
    const bcue_sim_capture none = {.due = false};
    double latest = (time_s + SAME_S - clock->latency_s - clock->offset_s) * clock->rate_hz + 0.4;
    if (latest < 0.0)
        return none;
    for (double number = floor(latest); number >= 0.0; number -= 1.0) {
        bcue_sim_capture capture = capture_of(clock, episode, (uint32_t)number);
        if (capture.time_s + clock->latency_s <= time_s + SAME_S)
            return capture;
    }
    return none;
}
