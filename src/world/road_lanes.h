/* From a road plan to lanes, the ways across its crossings, sidewalk lanes, traffic lights and paint. */
#ifndef BCUE_WORLD_ROAD_LANES_H
#define BCUE_WORLD_ROAD_LANES_H

#include "base/rng.h"
#include "world/marking.h"
#include "world/road.h"
#include "world/road_plan.h"

#define BCUE_STOP_LINE_M 4.5 /* from the crossing, behind a zebra crossing of 3 m */

/* Fill `roads` (empty before). Drive lanes keep to the right; the leftmost turns left, the rightmost right,
   all go straight on where they can. `lights`: crossings of three or more arms get traffic lights (opposite
   arms green together, in turn with the others); without, roads that go through have priority over those that
   end. The positions of the signals are the far right corner of their lanes' stop lines: builders may move
   them. Failure sticks in roads->failed. */
void bcue_road_plan_lanes(const bcue_road_plan *plan, bool lights, bcue_rng *rng, bcue_roads *roads);

/* Centre lines, lane lines, edges, stop lines, zebra crossings. */
void bcue_road_plan_markings(const bcue_road_plan *plan, bcue_markings *markings);

#endif
