/* What radio waves meet of a vehicle: closed convex-sided bodies of some 60 to 150 flat faces. */
#ifndef BCUE_WORLD_VEHICLE_RADIO_H
#define BCUE_WORLD_VEHICLE_RADIO_H

#include "world/vehicle_model.h"

/* The radio mesh of a class with the given outer dimensions, in the model's frame. Failure sticks in the
 * mesh. */
void bcue_vehicle_radio_mesh(bcue_vehicle_class vehicle_class, double length_m, double width_m,
                             double height_m, bcue_mesh *mesh);

#endif
