/* Between path_mixed.c, path_pairs.c and path_edge.c: one reflection and one diffraction. */
#ifndef BCUE_RAYS_PATH_MIXED_H
#define BCUE_RAYS_PATH_MIXED_H

#include "rays/path_search.h"

/* What part of the least amplitude the incidence term alone has to carry for a path to be looked for near an
   incidence boundary; for one near a reflection boundary it is the rest. Any part is right; this one is
   quick. */
#define BCUE_INCIDENT_SHARE 0.5

/* Does the line from a to b (of squared length `square`) pass within `near` of the point? */
bool bcue_passes_near(bcue_vec3 a, bcue_vec3 b, double square, bcue_vec3 point, double near);
/* Can any point of the surface lie within `radius` of the line from a to b (of squared length `square`)? */
bool bcue_surface_near(const bcue_search *s, uint32_t index, bcue_vec3 a, bcue_vec3 b, double square,
                       double radius);

/* A line, and how near to it an edge has to be. */
typedef struct bcue_near_line {
    bcue_vec3 from, to;
    double square, radius; /* square: of its length */
} bcue_near_line;

/* ---- path_pairs.c: the reflection first ---- */
bool bcue_pairs_make(bcue_search *s); /* s->pair_keys; false: no memory */
/* Does any part of the wedge come near the line? */
bool bcue_wedge_near(const bcue_placed_wedge *w, const bcue_near_line *line);
/* y of path_pairs.c for a receiver: `heights`: the product of both ends' heights above the face; a and b,
   both
   +- slack: the parts of the way over the edge; `straight`: the length of the double reflection. */
double bcue_radius_between(const bcue_search *s, double heights, double a, double b, double slack,
                           double straight);
/* Where the double reflections of any receiver may go on from the surface of a node, when they pass it within
   y; `shortest`: from the transmitter to a receiver. */
void bcue_lobe_region(const bcue_search *s, const bcue_image_node *node, double shortest,
                      bcue_half_space region[BCUE_BEAM_PLANES]);

/* ---- path_lobes.c: the diffraction first ---- */
bool bcue_lobes_make(bcue_search *s);    /* s->lobes; false: no memory */
void bcue_lobes_free(bcue_lobes *lobes); /* NULL is fine */
bool bcue_lobes_find(const bcue_search *s, size_t r, bcue_index_list *found, bcue_key_list *keys);

/* path_edge.c: append the key of a path by way of one surface and one wedge, if there is one that may matter
   (whether something stands in its way is not looked at). `image` is that of the end beside the surface,
   which is receiver r where `reversed`, and the transmitter else. False: no memory. */
bool bcue_mixed_add(const bcue_search *s, size_t r, bool reversed, uint32_t surface, bcue_vec3 image,
                    uint32_t wedge, bcue_key_list *keys);

#endif
