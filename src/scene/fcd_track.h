/* One vehicle of a SUMO trace: its samples to the states of a track. Not for other rooms. */
#ifndef BCUE_SCENE_FCD_TRACK_H
#define BCUE_SCENE_FCD_TRACK_H

#include <stddef.h>
#include <stdint.h>
#include "world/traffic.h"

typedef struct bcue_fcd_sample {
    double time_s;
    bcue_vec3 front; /* middle of the front bumper */
    double yaw;      /* radians, counter-clockwise, 0 = east */
    uint64_t edge;   /* hash of the road's name; 0 = not known */
    int32_t lane;    /* on that road; -1 = not known */
} bcue_fcd_sample;

typedef struct bcue_fcd_curve {
    double step_s, lane_change_s; /* lane_change_s <= 0: leave lane jumps */
    double half_length_m;         /* of the vehicle */
} bcue_fcd_curve;

/* How many multiples of step_s lie within [first, last]; the first of them is *first_step. */
size_t bcue_fcd_steps(double first_s, double last_s, double step_s, int64_t *first_step);
/* Add the states at these steps to the last track of `traffic`. `samples` (>= 2, in order) are changed.
 *jumps grows by the number of lane jumps smoothed. False: out of memory. */
bool bcue_fcd_add_states(bcue_fcd_sample *samples, size_t count, const bcue_fcd_curve *curve,
                         bcue_traffic *traffic, size_t *jumps);

#endif
