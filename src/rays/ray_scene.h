/* Ray queries over what can be seen of a world: the still street plus vehicles that move from frame to frame
   (what radio waves meet: rays/radio_scene.h). Embree answers;
   nothing of it shows here. Queries are safe from any number of threads at once; bcue_ray_scene_place is not
   safe beside them. */
#ifndef BCUE_RAYS_RAY_SCENE_H
#define BCUE_RAYS_RAY_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"
#include "world/street.h"
#include "world/traffic.h"

typedef struct bcue_ray_scene bcue_ray_scene;

/* Build the search structures of the still street and of every vehicle shape. `world` must outlive the scene.
 */
/* All scenes created from here on search with these instructions ("avx2", "sse4.2"; a literal); NULL: the
   best of the CPU. Not while another thread creates one. */
void bcue_rays_pin_isa(const char *isa);
bcue_status bcue_ray_scene_create(const bcue_world *world, bcue_ray_scene **scene, bcue_error *error);
void bcue_ray_scene_destroy(bcue_ray_scene *scene); /* NULL is fine */

/* Put exactly these vehicles on the street (only the top level is built again). Instance i of queries is
 * instances[i]. */
bcue_status bcue_ray_scene_place(bcue_ray_scene *scene, const bcue_instance *instances, size_t count,
                                 bcue_error *error);

const bcue_world *bcue_ray_scene_world(const bcue_ray_scene *scene);
/* The vehicles of the last bcue_ray_scene_place; *count of them. */
const bcue_instance *bcue_ray_scene_instances(const bcue_ray_scene *scene, size_t *count);

/* Packets of rays. Lanes beyond `count` are ignored. Everything in float. */
enum { BCUE_RAY_LANES = 16 };
#define BCUE_RAY_MISS UINT32_MAX   /* hit_triangle of a ray that hit nothing */
#define BCUE_RAY_STATIC UINT32_MAX /* hit_instance of a hit on the still street */

typedef struct bcue_ray_packet {
    int count;
    /* The rays lie close together, as those of neighbouring pixels do: they are traced as one beam, several
       times faster (shadow rays to the sun: a third). Only for those; it is the same answer either way but
       for ties. */
    bool beam;
    float origin_x[BCUE_RAY_LANES], origin_y[BCUE_RAY_LANES], origin_z[BCUE_RAY_LANES];
    float direction_x[BCUE_RAY_LANES], direction_y[BCUE_RAY_LANES], direction_z[BCUE_RAY_LANES];
    float near[BCUE_RAY_LANES],
        far[BCUE_RAY_LANES];               /* in units of |direction|; `far` becomes the hit distance */
    uint32_t hit_triangle[BCUE_RAY_LANES]; /* index in the mesh of the street or of the vehicle's model */
    uint32_t hit_instance[BCUE_RAY_LANES];
} bcue_ray_packet;

/* Fill lane `i`. `near` and `far` in units of |direction|. */
static inline void bcue_ray_packet_set(bcue_ray_packet *packet, int i, bcue_vec3 origin, bcue_vec3 direction,
                                       float near, float far)
{
    packet->origin_x[i] = (float)origin.x;
    packet->origin_y[i] = (float)origin.y;
    packet->origin_z[i] = (float)origin.z;
    packet->direction_x[i] = (float)direction.x;
    packet->direction_y[i] = (float)direction.y;
    packet->direction_z[i] = (float)direction.z;
    packet->near[i] = near;
    packet->far[i] = far;
}

/* Which part of the scene a packet sees. */
typedef enum bcue_ray_target {
    BCUE_RAY_ALL,
    BCUE_RAY_STREET_ONLY, /* as if no vehicle were there */
} bcue_ray_target;

/* The nearest hit of each ray. */
void bcue_ray_intersect(const bcue_ray_scene *scene, bcue_ray_target target, bcue_ray_packet *packet);
/* Is anything in the way? blocked[i] for each ray. */
void bcue_ray_occluded(const bcue_ray_scene *scene, bcue_ray_target target, const bcue_ray_packet *packet,
                       bool blocked[BCUE_RAY_LANES]);

#endif
