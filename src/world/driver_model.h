/* How drivers choose their acceleration and their lane.
   IDM: Treiber, Hennecke, Helbing, "Congested traffic states in empirical observations and microscopic
   simulations", Phys. Rev. E 62 (2000). MOBIL: Kesting, Treiber, Helbing, "General lane-changing model MOBIL
   for car-following models", Transp. Res. Rec. 1999 (2007). */
#ifndef BCUE_WORLD_DRIVER_MODEL_H
#define BCUE_WORLD_DRIVER_MODEL_H

#include <stdbool.h>

typedef struct bcue_driver {
    double desired_mps;       /* v0 */
    double headway_s;         /* T */
    double min_gap_m;         /* s0, bumper to bumper at rest */
    double acceleration_mps2; /* a */
    double deceleration_mps2; /* b, comfortable */
} bcue_driver;

/* a [1 - (v / v0)^4 - (s* / s)^2] with s* = s0 + max(0, v T + v (v - v_leader) / (2 sqrt(a b))), never below
   -9 m/s2. gap_m infinite: nobody ahead. */
double bcue_idm_acceleration(const bcue_driver *driver, double speed_mps, double gap_m, double leader_mps);

/* Accelerations that a lane change weighs, of the driver, the follower it leaves and the follower it gets. */
typedef struct bcue_lane_change {
    double own_now, own_then;
    double old_follower_now, old_follower_then;
    double new_follower_now, new_follower_then;
} bcue_lane_change;

/* Is the change safe (nobody has to brake harder than `safe_mps2`) and worth it: own gain + politeness x the
   others' gain > threshold? */
bool bcue_mobil_accepts(const bcue_lane_change *change, double politeness, double safe_mps2,
                        double threshold_mps2);

#endif
