/* What a search knows, as arrays of floats for the tests of path_lanes.h: places relative to the transmitter.
   Groups are those of bcue_radio_groups. */
#ifndef BCUE_RAYS_PATH_FLAT_H
#define BCUE_RAYS_PATH_FLAT_H

#include "rays/path_lanes.h"
#include "rays/path_search.h"

struct bcue_flat {
    const bcue_lane_tests *tests;
    bcue_vec3 origin; /* the transmitter */
    size_t group_count;
    bcue_lane_boxes groups;
    bcue_lane_spheres group_spheres; /* around the groups */
    const uint32_t *members;         /* surfaces, group by group: */
    size_t *first_member;            /* of group g: members[first_member[g] .. first_member[g + 1]) */
    uint32_t *group_of;              /* per surface */
    size_t most_members;             /* of a group */
    bcue_lane_boxes member_boxes;    /* in the order of `members` */
    bcue_lane_boxes face_wedges;     /* around the wedges, in the order of s->surface_wedges */
    uint32_t *wedges;                /* wedges by the group of their first surface: */
    size_t *first_wedge;             /* of group g: wedges[first_wedge[g] .. first_wedge[g + 1]) */
    bcue_lane_boxes wedge_boxes;     /* in the order of `wedges` */
    bcue_lane_mirrors mirrors;       /* per surface */
    bcue_lane_lines nodes;           /* per first-order image: from it past its surface */
    /* The first-order images whose surfaces have wedges, group by group. */
    uint32_t *bending;
    size_t *first_bending; /* of group g */
    bcue_lane_lines bending_lines;
    bcue_lane_spheres receivers; /* radius 0 */
    float *floats;               /* owns all of them */
};

/* s->flat; needs s->reach, s->first_wedge and the first-order images. False: no memory. */
bool bcue_flat_make(bcue_search *s);
void bcue_flat_free(bcue_flat *flat); /* NULL is fine */

/* A point relative to the origin. */
static inline void bcue_flat_point(const bcue_flat *flat, bcue_vec3 point, float out[3])
{
    out[0] = (float)(point.x - flat->origin.x);
    out[1] = (float)(point.y - flat->origin.y);
    out[2] = (float)(point.z - flat->origin.z);
}

bcue_lane_region bcue_flat_region(const bcue_flat *flat, const bcue_half_space region[BCUE_BEAM_PLANES]);
/* Append the surfaces that may reach into a region, like bcue_radio_surfaces_within. `groups`: room for the
   numbers of all groups. False: no memory. */
bool bcue_flat_surfaces_within(const bcue_flat *flat, const bcue_lane_region *region, uint32_t *groups,
                               bcue_index_list *found);
/* Wedges that may come within `radius` of the segment from `a` to `b`. */
bool bcue_flat_wedges_near(const bcue_flat *flat, bcue_vec3 a, bcue_vec3 b, double radius, uint32_t *groups,
                           bcue_index_list *found);
bcue_lane_tube bcue_flat_tube(const bcue_flat *flat, bcue_vec3 a, bcue_vec3 b, double radius);

#endif
