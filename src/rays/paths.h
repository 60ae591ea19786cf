/* Propagation paths between two points: geometry only, in double; visibility from bcue_radio_visible. */
#ifndef BCUE_RAYS_PATHS_H
#define BCUE_RAYS_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include "rays/patches.h"
#include "rays/radio_scene.h"

typedef enum bcue_interaction_kind {
    BCUE_REFLECTION,
    BCUE_DIFFRACTION,
    BCUE_TRANSMISSION,
    BCUE_SCATTERING,
} bcue_interaction_kind;

/* Where a path meets an object. "In" is the unit direction of travel before the point, "out" after it.

   Diffraction follows the UTD convention for a wedge with faces 0 and n (bcue_wedge says the same):
       edge  = unit tangent of the edge,
       t0    = normal x edge: points along face 0, away from the edge,
       phi'  = angle of -in, phi = angle of out, both projected across the edge and counted
               atan2(d . normal, d . t0) in [0, 2 pi), from face 0 (0) through the air to face n (wedge_n pi),
       beta0 = the angle between the edge and in (and between the edge and out: Keller's law in . edge = out .
               edge), sin(beta0) = |in x edge|.
   (t0, normal, edge) is a right-handed basis. Face 0 is the one nearer to the incident side: phi' <= wedge_n
   pi / 2. normal_n = (sin(wedge_n pi), -cos(wedge_n pi)) in (t0, normal). */
typedef struct bcue_interaction {
    bcue_interaction_kind kind;
    bcue_vec3 point; /* world */
    bcue_vec3
        normal; /* unit; towards the incident side (in . normal < 0); diffraction: outward normal of face 0 */
    bcue_vec3 edge;              /* diffraction only */
    bcue_vec3 normal_n;          /* diffraction: outward normal of face n; = -normal at the end of a sheet */
    double wedge_n;              /* diffraction: exterior angle / pi, above 1 to 2 = half-plane */
    bcue_material_id material;   /* of the surface; diffraction: of face 0 */
    bcue_material_id material_n; /* diffraction: of face n; at the end of a sheet the same as `material` */
    uint32_t surface;            /* index of the surface, wedge or scattering patch in its radio shape */
    uint32_t instance;           /* of the vehicle, or BCUE_RADIO_STATIC */
    bcue_vec3 velocity_mps;      /* of the object at the point */
    double area_m2;              /* scattering: of the patch */
} bcue_interaction;

enum { BCUE_PATH_MAX_INTERACTIONS = 8 };

typedef struct bcue_path {
    int count;       /* interactions; 0 = line of sight */
    double length_m; /* from the transmitter through all points to the receiver */
    bcue_vec3 transmitter, receiver;
    bcue_vec3 departure; /* unit, from the transmitter along the path */
    bcue_vec3 arrival;   /* unit, from the receiver back along the path: where the wave comes from */
    double foliage_m;    /* how much of the path runs through canopies (world->canopies; where they overlap,
                            once) */
    bcue_interaction at[BCUE_PATH_MAX_INTERACTIONS]; /* from transmitter to receiver; only `count` are set */
} bcue_path;

/* A list that grows; reuse it from call to call. */
typedef struct bcue_path_list {
    bcue_path *paths; /* owned */
    size_t count, capacity;
} bcue_path_list;

enum { BCUE_PATH_MAX_REFLECTIONS = 6 };

typedef struct bcue_path_options {
    int max_reflections; /* of one path, 0 to BCUE_PATH_MAX_REFLECTIONS */
    /* Up to this many reflections every sequence of surfaces is tried, whatever it costs. 0 = automatic: one
       reflection always, and two unless the transmitter may see more than 20,000 surfaces or 4 million
       sequences would have to be tried. */
    int exhaustive_order;
    /* Longer sequences are those that this many rays from the transmitter meet, in directions of a Fibonacci
       lattice that `ray_seed` turns about the vertical; 0 = 1,000,000. The points on them are as exact. */
    size_t ray_count;
    uint64_t ray_seed;
    bool diffraction;  /* at one edge */
    bool mixed;        /* one reflection before or after one diffraction (with `diffraction` only) */
    double min_edge_m; /* shorter wedges do not count: 5 wavelengths */
    /* Paths by way of one of these patches, made of the world of the scene; NULL: no scattering. */
    const bcue_patch_set *patches;
    /* Surfaces that one path may go through, 0 to 4: slabs let waves pass, half-spaces do not. */
    int max_transmissions;
    /* Reflections, diffractions and transmissions of one path together; 0 = no other bound. */
    int max_interactions;
    /* Paths that would lose more than this between isotropic antennas, whatever their surfaces are made of,
       are not looked for: free-space loss of the whole length, and for a diffraction the bound of
       path_edge.c. 0 = no such bound. */
    double max_loss_db;
    double wavelength_m; /* for max_loss_db */
} bcue_path_options;

/* How a search went. */
typedef struct bcue_path_report {
    int complete_order;     /* up to this many reflections no sequence of surfaces was left out */
    size_t image_sequences; /* tried for every receiver */
    size_t rays;            /* sent for longer sequences */
} bcue_path_report;

/* The paths from `transmitter` to each of the receivers: lists[r] (`receiver_count` of them) is replaced by
   those to receivers[r]: line of sight first (if it is free), then reflections by order and surfaces, then
   diffractions by wedge, reflection-diffraction, diffraction-reflection, scattering by patch. A path is its
   sequence of surfaces and wedges, so none comes twice. Receivers are shared out over threads; the result
   does not depend on how many. `report` may be NULL. */
bcue_status bcue_paths_find(const bcue_radio_scene *scene, bcue_vec3 transmitter, const bcue_vec3 *receivers,
                            size_t receiver_count, const bcue_path_options *options, bcue_path_list *lists,
                            bcue_path_report *report, bcue_error *error);
void bcue_path_list_free(bcue_path_list *list);

#endif
