/* Inside the room: what a ray of an active sensor found. */
#ifndef BCUE_SENSORS_SURFACE_HIT_H
#define BCUE_SENSORS_SURFACE_HIT_H

#include "rays/ray_scene.h"

typedef struct bcue_surface_hit {
    double cosine;          /* of the angle between ray and surface normal, 0..1, whichever side it met */
    double reflectivity;    /* mean of the surface's albedo with its colour, 0..1 */
    double gloss;           /* of the material, 0..1 */
    bcue_vec3 velocity_mps; /* of the object */
    bcue_object_kind kind;  /* of a hit on the street */
    const bcue_material *material;
} bcue_surface_hit;

/* Lane `i` of a packet after bcue_ray_intersect, which must have hit. */
bcue_surface_hit bcue_surface_hit_of(const bcue_ray_scene *scene, const bcue_ray_packet *packet, int i);

#endif
