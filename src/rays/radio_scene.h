/* What radio waves meet: the radio shapes of the still street, and of the vehicles where they stand in this
   frame. Surfaces and wedges are held in world coordinates, in double; Embree (in float) says only what lies
   between two points. Queries are safe from any number of threads at once; bcue_radio_scene_place is not
   safe beside them. */
#ifndef BCUE_RAYS_RADIO_SCENE_H
#define BCUE_RAYS_RADIO_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"
#include "world/box_tree.h"
#include "world/radio_shape.h"
#include "world/traffic.h"
#include "world/world.h"

#define BCUE_RADIO_STATIC UINT32_MAX /* the instance of what stands still */

typedef struct bcue_radio_scene bcue_radio_scene;

/* Build the search structures of the street and of every vehicle model. `world` must outlive the scene. */
bcue_status bcue_radio_scene_create(const bcue_world *world, bcue_radio_scene **scene, bcue_error *error);
void bcue_radio_scene_destroy(bcue_radio_scene *scene); /* NULL is fine */

/* Put exactly these vehicles on the street: their surfaces and wedges are placed, and the top level of the
   search structure is built again. */
bcue_status bcue_radio_scene_place(bcue_radio_scene *scene, const bcue_instance *instances, size_t count,
                                   bcue_error *error);

const bcue_world *bcue_radio_scene_world(const bcue_radio_scene *scene);
/* The vehicles of the last bcue_radio_scene_place; *count of them. */
const bcue_instance *bcue_radio_scene_instances(const bcue_radio_scene *scene, size_t *count);

/* A surface of the street or of a placed vehicle, in world coordinates. */
typedef struct bcue_placed_surface {
    bcue_vec3 normal;
    double offset;
    bcue_vec3 middle, axis_u, axis_v; /* of the rectangle around it */
    double half_u, half_v;
    bool rectangle; /* it is that rectangle */
    bool two_sided; /* can be met from behind: a sheet, or a wall that waves pass */
    bcue_material_id material;
    uint32_t surface;  /* in the radio shape of the street or of the vehicle's model */
    uint32_t instance; /* or BCUE_RADIO_STATIC */
} bcue_placed_surface;

/* A wedge likewise; the convention of bcue_wedge. material[1] of a sheet's end is material[0]. */
typedef struct bcue_placed_wedge {
    bcue_vec3 a, along;
    double length_m;
    bcue_vec3 normal[2];
    double exterior_angle;
    bcue_material_id material[2];
    uint32_t wedge; /* in the radio shape */
    uint32_t instance;
    uint32_t surface[2]; /* index among the placed surfaces, or BCUE_NO_SURFACE */
} bcue_placed_wedge;

/* All of them: the street's in the order of its shape, then those of instance 0, 1, ... Valid until the next
   bcue_radio_scene_place. */
const bcue_placed_surface *bcue_radio_surfaces(const bcue_radio_scene *scene, size_t *count);
const bcue_placed_wedge *bcue_radio_wedges(const bcue_radio_scene *scene, size_t *count);

/* Is a point of the plane of placed surface `index` inside the surface (its rim included)? */
bool bcue_radio_contains(const bcue_radio_scene *scene, size_t index, bcue_vec3 point);
/* Do waves go through it (a slab), or does it stop them (a half-space)? */
bool bcue_radio_passes(const bcue_radio_scene *scene, size_t index);
/* The velocity of an instance (or BCUE_RADIO_STATIC). */
bcue_vec3 bcue_radio_velocity(const bcue_radio_scene *scene, uint32_t instance);

/* Append the indices of the placed surfaces (wedges) that may reach into a convex region. False: no memory.
 */
bool bcue_radio_surfaces_within(const bcue_radio_scene *scene, const bcue_half_space *region, size_t count,
                                bcue_index_list *found);
bool bcue_radio_wedges_within(const bcue_radio_scene *scene, const bcue_half_space *region, size_t count,
                              bcue_index_list *found);
/* The placed surfaces in groups of neighbours: each vehicle is one, the street falls into parts of some
   metres or single large surfaces. Group g is surfaces[first .. first + count) of *surfaces; valid as the
   surfaces are. */
typedef struct bcue_radio_group {
    bcue_vec3 middle, half; /* of the box around them */
    uint32_t first, count;
} bcue_radio_group;
const bcue_radio_group *bcue_radio_groups(const bcue_radio_scene *scene, size_t *count,
                                          const uint32_t **surfaces);

/* How far to lift a point off the surface it lies on, so that Embree's float arithmetic does not find that
   surface again; also how close to either end of a segment nothing blocks. 1e-6 of the size of the scene. */
double bcue_radio_clearance_m(const bcue_radio_scene *scene);

/* Is the open segment from `a` to `b` free? Nothing within the clearance of either end blocks. Points on
   surfaces have to be lifted off them. */
bool bcue_radio_visible(const bcue_radio_scene *scene, bcue_vec3 a, bcue_vec3 b);

/* A surface that a segment goes through. */
typedef struct bcue_pierced {
    bcue_vec3 point;
    uint32_t surface; /* among the placed surfaces */
} bcue_pierced;

/* What lies on the open segment from `a` to `b`, in order: up to `capacity` surfaces, *count of them. False
   when there are more, or when one of them lets nothing through (a half-space). */
bool bcue_radio_pierced(const bcue_radio_scene *scene, bcue_vec3 a, bcue_vec3 b, bcue_pierced *pierced,
                        size_t capacity, size_t *count);

/* The nearest placed surface that each of up to 16 rays meets. Float; what lies closer than the clearance is
   not seen. */
enum { BCUE_RADIO_LANES = 16 };
typedef struct bcue_radio_packet {
    int count;
    bcue_vec3 origin[BCUE_RADIO_LANES], direction[BCUE_RADIO_LANES]; /* unit */
    double distance[BCUE_RADIO_LANES];
    uint32_t surface[BCUE_RADIO_LANES]; /* BCUE_NO_SURFACE: it meets nothing */
} bcue_radio_packet;
void bcue_radio_intersect(const bcue_radio_scene *scene, bcue_radio_packet *packet);

#endif
