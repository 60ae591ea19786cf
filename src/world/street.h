/* A straight two-lane street seen from a roadside unit (RSU).
   World frame: the RSU stands at the origin, x east, y north, z up, and looks north across the road, which
   runs east-west. From south to north: the plaza with the RSU, near sidewalk, eastbound lane, westbound lane,
   far sidewalk, buildings (traffic keeps right). */
#ifndef BCUE_WORLD_STREET_H
#define BCUE_WORLD_STREET_H

#include <stdint.h>
#include "beamcue/status.h"
#include "world/world.h"

/* Build the street of a seed. On success the caller frees it. */
bcue_status bcue_world_make_street(const bcue_street_config *config, uint64_t seed, bcue_world *world,
                                   bcue_error *error);
/* A bare ground half-space (z = 0, `half_side_m` to each side of the origin) with the vehicle shapes and
 * nothing else. */
bcue_status bcue_world_make_plain(double half_side_m, bcue_material_id ground, bcue_world *world,
                                  bcue_error *error);

/* y of the middle of a lane: 0 = near (eastbound), 1 = far (westbound). */
double bcue_street_lane_y(const bcue_street_config *config, int lane);

#endif
