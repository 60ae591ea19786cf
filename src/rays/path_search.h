/* One search for paths: what is prepared once for the transmitter, and the steps per receiver. */
#ifndef BCUE_RAYS_PATH_SEARCH_H
#define BCUE_RAYS_PATH_SEARCH_H

#include "rays/paths.h"

/* An interaction on its way into a path. */
typedef struct bcue_step {
    bcue_interaction_kind kind;
    uint32_t index; /* placed surface, wedge or patch */
    bcue_vec3 point;
    /* Away from the object, into the air of the leg that comes from the transmitter, and of the other. */
    bcue_vec3 lift[2];
} bcue_step;

#define BCUE_NO_NODE UINT32_MAX

/* A sequence of surfaces as a chain to its first one, and the transmitter's image after all of them. */
typedef struct bcue_image_node {
    bcue_vec3 image;
    uint32_t parent; /* the sequence without its last surface; BCUE_NO_NODE: there is none */
    uint32_t surface;
    uint8_t order; /* length of the sequence */
    bool tried;    /* false: only a beginning of others */
} bcue_image_node;

typedef struct bcue_image_rows bcue_image_rows; /* path_rows.h */

typedef struct bcue_image_tree {
    bcue_image_node *nodes; /* owned; parents before children */
    size_t count, capacity;
    bcue_image_rows *rows; /* owned; NULL: one by one */
} bcue_image_tree;

/* Where an end of a path lies relative to a wedge: along the edge, how far from it, above the faces. */
typedef struct bcue_edge_end {
    double along, distance, height_0, height_n;
} bcue_edge_end;

typedef struct bcue_lobes bcue_lobes; /* path_lobes.c */
typedef struct bcue_flat bcue_flat;   /* path_flat.h */

/* A scattering patch where it is in this frame. */
typedef struct bcue_placed_patch {
    bcue_vec3 centre;
    double area_m2;
    double strength;  /* the most amplitude it gives, times both distances and 4 pi / wavelength */
    uint32_t surface; /* among the placed surfaces */
    uint32_t patch;   /* in its shape */
    bool lit;         /* false: the transmitter certainly does not reach it */
} bcue_placed_patch;

typedef struct bcue_search {
    const bcue_radio_scene *scene;
    bcue_vec3 transmitter;
    const bcue_vec3 *receivers;
    size_t receiver_count;
    const bcue_path_options *options;
    bcue_path_list *lists;
    const bcue_placed_surface *surfaces;
    size_t surface_count;
    const bcue_placed_wedge *wedges;
    size_t wedge_count;
    double clearance_m;
    double least; /* 1/m: what lies below this amplitude times wavelength / 4 pi is beyond max_loss_db */
    int complete_order;
    size_t first_order_count; /* the first nodes of `images` are single surfaces */
    bcue_image_tree images;   /* every sequence up to complete_order */
    bcue_image_tree launched; /* longer ones, from rays */
    size_t rays;
    bcue_edge_end *transmitter_ends; /* per wedge */
    /* For reflection with diffraction under a bound of the loss (path_mixed.c): */
    bool *hidden;                             /* per surface: the transmitter certainly sees nothing of it */
    double *reach;                            /* per surface: radius around its middle */
    uint32_t *surface_wedges;                 /* wedges by surface: those of surface i are */
    size_t *first_wedge;                      /* surface_wedges[first_wedge[i] .. first_wedge[i + 1]) */
    double wave_number;                       /* 1/m */
    double spread_incident, spread_reflected; /* m^3: K of path_mixed.c and path_pairs.c */
    uint64_t *pair_keys; /* of receiver r: pair_keys[first_pair_key[r] .. first_pair_key[r + 1]) */
    size_t *first_pair_key;
    bcue_lobes *lobes;
    bcue_flat *flat;
    bcue_placed_patch *patches;
    size_t patch_count, patch_capacity;
    bool *failed; /* per receiver: out of memory */
} bcue_search;

/* ---- path_walk.c ---- */
/* Add the path through these points, in order from the transmitter, unless something stands in its way (or it
   goes through more than it may). False: no memory. */
bool bcue_path_emit(const bcue_search *s, bcue_vec3 receiver, const bcue_step *steps, int count,
                    bcue_path_list *list);

/* ---- path_image.c ---- */
/* The mirror image of a point. */
bcue_vec3 bcue_mirror(const bcue_placed_surface *surface, bcue_vec3 point);
enum { BCUE_BEAM_PLANES = 5 };
/* The region that a wave from the image `apex` behind a surface can reach by way of the surface, a little
 * enlarged. */
void bcue_beam_region(const bcue_placed_surface *surface, bcue_vec3 apex, double margin,
                      bcue_half_space region[BCUE_BEAM_PLANES]);
/* May a wave from `source` be reflected by the surface at all? */
bool bcue_surface_faces(const bcue_placed_surface *surface, bcue_vec3 source);
/* The point where the straight line from an image to a target crosses the surface; false: outside of it, or
   not between the two. */
bool bcue_image_crossing(const bcue_search *s, uint32_t surface, bcue_vec3 image, bcue_vec3 target,
                         bcue_vec3 *point);
/* The images of the transmitter up to options->exhaustive_order, or as it should be; sets complete_order. */
bcue_status bcue_images_make(bcue_search *s, bcue_error *error);
bool bcue_images_find(const bcue_search *s, const bcue_image_tree *tree, bcue_vec3 receiver,
                      bcue_path_list *list);

/* ---- path_hidden.c ---- */
bool bcue_hidden_make(bcue_search *s); /* s->hidden; false: no memory */

/* ---- path_launch.c ---- */
bcue_status bcue_launch(bcue_search *s, bcue_error *error);

/* ---- path_scatter.c ---- */
bcue_status bcue_scatter_make(bcue_search *s, bcue_error *error);
bool bcue_scatter_find(const bcue_search *s, bcue_vec3 receiver, bcue_path_list *list);

/* ---- path_mixed.c ---- */
/* One reflection and one wedge: reversed (diffraction first) << 63 | placed surface << 32 | placed wedge. */
typedef struct bcue_key_list {
    uint64_t *all; /* owned */
    size_t count, capacity;
} bcue_key_list;
bool bcue_mixed_make(bcue_search *s); /* false: no memory */
/* All that give a path to the receiver, unless something stands in its way, in any order, some of them twice.
 */
bool bcue_mixed_candidates(const bcue_search *s, size_t receiver, bcue_key_list *keys);

/* ---- path_edge.c ---- */
bcue_status bcue_edges_make(bcue_search *s, bcue_error *error);
bool bcue_edges_find(const bcue_search *s, size_t receiver, bcue_path_list *list);

#endif
