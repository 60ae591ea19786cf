/* Buildings. To radio waves one is a closed body of few flat faces that shares its corners with the ground it
   stands on: walls, roof, balconies, recessed entrances. Camera and LiDAR also see windows, sills, cornices
   and parapets, which are decorations. */
#ifndef BCUE_WORLD_BUILDING_H
#define BCUE_WORLD_BUILDING_H

#include "base/rng.h"
#include "world/outline.h"
#include "world/world.h"

enum { BCUE_MAX_FOOTPRINT = 64 }; /* corners */

typedef struct bcue_building_spec {
    const bcue_vec3 *footprint; /* corners counter-clockwise; height is not read */
    size_t corner_count;        /* 3 to BCUE_MAX_FOOTPRINT */
    double height_m;
    uint32_t
        front; /* bit i: side i (from corner i to the next one) faces a street and gets doors and balconies */
    double balconies; /* share of the bays of the upper storeys' fronts with a balcony, 0..1 */
    bool recess;      /* an entrance set back into the middle of each front */
    bool windows;     /* draw them (as decorations) */
} bcue_building_spec;

/* Put a building on the world. `outline` gets one more loop: the footprint with a point wherever the wall
   above is divided, counter-clockwise, for the hole in the ground. Failure sticks in world->statics and
   outline. */
void bcue_building_add(bcue_world *world, const bcue_building_spec *spec, bcue_rng *rng, bcue_loops *outline);

#endif
