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

/* path_pairs.c: s->pair_keys; false: no memory. */
bool bcue_pairs_make(bcue_search *s);

/* path_edge.c: append the key of a path by way of one surface and one wedge, if there is one that may matter
   (whether something stands in its way is not looked at). `image` is that of the end beside the surface,
   which is receiver r where `reversed`, and the transmitter else. False: no memory. */
bool bcue_mixed_add(const bcue_search *s, size_t r, bool reversed, uint32_t surface, bcue_vec3 image,
                    uint32_t wedge, bcue_key_list *keys);

#endif
