/* Materials of imported files, and the map that says what they are. Not for other rooms. */
#ifndef BCUE_SCENE_SCENE_MATERIAL_H
#define BCUE_SCENE_SCENE_MATERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include "beamcue/status.h"
#include "world/material.h"

/* One material as a file describes it. */
typedef struct bcue_scene_material {
    char name[48];  /* in the file */
    char radio[48]; /* ITU-R P.2040 name; empty: unknown, or given by the numbers below */
    bool custom;
    double permittivity, conductivity; /* custom: relative, and in S/m, at every frequency */
    bool slab;                         /* otherwise a half-space */
    double thickness_m;                /* of the slab */
    double scattering;                 /* S; 0 = none */
    double cross_polarisation;         /* of what is scattered, 0 to 1 */
    bool has_colour;
    float colour[3]; /* linear RGB */
    size_t line;     /* in the file; 0 = not known */
} bcue_scene_material;

typedef struct bcue_material_map bcue_material_map;

/* A YAML file; see docs/import.md. The caller destroys it. */
bcue_status bcue_material_map_read(const char *path, bcue_material_map **map, bcue_error *error);
void bcue_material_map_destroy(bcue_material_map *map); /* NULL is fine */

/* The material of a world: an entry of the map whose name fits, else what the file says. `map` may be NULL.
   An unknown one is BCUE_ERROR_DATA, with the nearest known name. */
bcue_status bcue_scene_material_resolve(const bcue_material_map *map, const bcue_scene_material *material,
                                        const char *file, bcue_material *made, bcue_error *error);
/* "itu_concrete", "mat-itu_concrete", "itu-concrete" and "concrete" are all "concrete"; blanks and hyphens
   are underscores. False: no ITU-R P.2040 material; `radio` is empty then. */
bool bcue_scene_itu_name(const char *name, char radio[48]);

#endif
