#include "world/driver_model.h"

#include <math.h>

#define HARDEST_MPS2 9.0
#define LEAST_GAP_M 0.05

double bcue_idm_acceleration(const bcue_driver *d, double speed_mps, double gap_m, double leader_mps)
{
    double ratio = speed_mps / d->desired_mps, free = 1.0 - ratio * ratio * ratio * ratio, follow = 0.0;
    /* Above the desired speed (a lower limit begins) one brakes comfortably, not by the fourth power. */
    free = fmax(free, -d->deceleration_mps2 / d->acceleration_mps2);
    if (isfinite(gap_m)) {
        double closing =
            speed_mps * (speed_mps - leader_mps) / (2.0 * sqrt(d->acceleration_mps2 * d->deceleration_mps2));
        double wanted = d->min_gap_m + fmax(0.0, speed_mps * d->headway_s + closing);
        double share = wanted / fmax(gap_m, LEAST_GAP_M);
        follow = share * share;
    }
    return fmax(-HARDEST_MPS2, d->acceleration_mps2 * (free - follow));
}

bool bcue_mobil_accepts(const bcue_lane_change *c, double politeness, double safe_mps2, double threshold_mps2)
{
    if (c->new_follower_then < -safe_mps2 || c->own_then < -safe_mps2)
        return false;
    double others = c->new_follower_then - c->new_follower_now + c->old_follower_then - c->old_follower_now;
    return c->own_then - c->own_now + politeness * others > threshold_mps2;
}
