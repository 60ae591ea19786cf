/* Propagation paths between two points: geometry only, in double; visibility from bcue_ray_visible.
   Line of sight, and specular reflections of first order by the image method, exhaustively over the world's
   facets. A vehicle blocks but does not reflect. */
#ifndef BCUE_RAYS_PATHS_H
#define BCUE_RAYS_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include "rays/ray_scene.h"

enum { BCUE_PATH_MAX_ORDER = 1 };

typedef struct bcue_path {
    int order;                              /* reflections; 0 = line of sight */
    double length_m;                        /* unfolded */
    bcue_vec3 points[BCUE_PATH_MAX_ORDER];  /* where it reflects, from transmitter to receiver */
    bcue_vec3 normals[BCUE_PATH_MAX_ORDER]; /* unit, on the side of the path */
    bcue_material_id materials[BCUE_PATH_MAX_ORDER];
    size_t facets[BCUE_PATH_MAX_ORDER]; /* index in the world */
    bcue_vec3 departure;                /* unit, from the transmitter along the path */
    bcue_vec3 arrival; /* unit, from the receiver back along the path: where the wave comes from */
} bcue_path;

/* A list that grows; reuse it from call to call. */
typedef struct bcue_path_list {
    bcue_path *paths; /* owned */
    size_t count, capacity;
} bcue_path_list;

/* Replace the contents of `list` by all paths from `transmitter` to `receiver` with up to `max_order` (0 or
   1) reflections: line of sight first (if it is free), then by facet index. */
bcue_status bcue_paths_find(const bcue_ray_scene *scene, bcue_vec3 transmitter, bcue_vec3 receiver,
                            int max_order, bcue_path_list *list, bcue_error *error);
void bcue_path_list_free(bcue_path_list *list);

#endif
