/* Vehicle classes and their shapes. A model lies in its own frame: x forward, y left, z up, the origin on the
 * ground under its centre. */
#ifndef BCUE_WORLD_VEHICLE_MODEL_H
#define BCUE_WORLD_VEHICLE_MODEL_H

#include "beamcue/status.h"
#include "world/mesh.h"
#include "world/radio_shape.h"

typedef enum bcue_vehicle_class {
    BCUE_VEHICLE_HATCHBACK,
    BCUE_VEHICLE_SEDAN,
    BCUE_VEHICLE_SUV,
    BCUE_VEHICLE_VAN,
    BCUE_VEHICLE_TRUCK,
    BCUE_VEHICLE_BUS,
    BCUE_VEHICLE_MOTORCYCLE,
    BCUE_VEHICLE_BICYCLE,
    BCUE_VEHICLE_PEDESTRIAN,
    BCUE_VEHICLE_CLASS_COUNT,
} bcue_vehicle_class;

typedef struct bcue_vehicle_model {
    char name[48];
    bcue_vehicle_class vehicle_class;
    double length_m, width_m, height_m; /* the box around it */
    bcue_vec3 antenna;                  /* where a transmitter's antenna sits (not drawn) */
    bcue_mesh mesh;                     /* owned: what camera and LiDAR see */
    bcue_mesh radio_mesh;               /* owned: closed, of few flat faces; what radio waves meet */
    bcue_radio_shape radio;             /* owned: made of it by bcue_world_finish */
} bcue_vehicle_model;

/* Build the shape of a class. On success the caller frees it. */
bcue_status bcue_vehicle_model_make(bcue_vehicle_class vehicle_class, bcue_vehicle_model *model,
                                    bcue_error *error);
void bcue_vehicle_model_free(bcue_vehicle_model *model); /* and make it empty */
const char *bcue_vehicle_class_name(bcue_vehicle_class vehicle_class);

#endif
