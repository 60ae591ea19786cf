/* Materials: what a surface looks like and what it does to radio waves. */
#ifndef BCUE_WORLD_MATERIAL_H
#define BCUE_WORLD_MATERIAL_H

#include <complex.h>
#include <stdbool.h>
#include <stdint.h>
#include "world/radio_material.h"

/* An index into `materials` of a bcue_world. The built-in materials come first in every world, in this order.
 */
typedef uint32_t bcue_material_id;

enum {
    BCUE_MATERIAL_ASPHALT,
    BCUE_MATERIAL_PAVING,
    BCUE_MATERIAL_GRASS,
    BCUE_MATERIAL_PLAZA,
    BCUE_MATERIAL_FACADE,
    BCUE_MATERIAL_BRICK_FACADE,
    BCUE_MATERIAL_ROOF,
    BCUE_MATERIAL_PAINT,
    BCUE_MATERIAL_CARGO,
    BCUE_MATERIAL_GLASS,
    BCUE_MATERIAL_RUBBER,
    BCUE_MATERIAL_TRIM,
    BCUE_MATERIAL_RIM,
    BCUE_MATERIAL_HEADLIGHT,
    BCUE_MATERIAL_TAILLIGHT,
    BCUE_MATERIAL_CLOTHES,
    BCUE_MATERIAL_BARK,
    BCUE_MATERIAL_LEAVES,
    BCUE_MATERIAL_STEEL,
    BCUE_MATERIAL_WALL, /* plaster or stone without painted windows */
    BCUE_MATERIAL_BRICK_WALL,
    BCUE_MATERIAL_WINDOW, /* panes of buildings */
    BCUE_MATERIAL_FRAME,  /* window frames, sills, cornices */
    BCUE_MATERIAL_SIGN_BAND,
    BCUE_MATERIAL_KERB,
    BCUE_MATERIAL_LAMP, /* shines at night */
    BCUE_MATERIAL_SKIN,
    BCUE_MATERIAL_COUNT, /* of the built-in ones */
};

/* What is drawn on a surface as a function of the place in the world. */
typedef enum bcue_pattern {
    BCUE_PATTERN_PLAIN,
    BCUE_PATTERN_WINDOWS, /* storeys and windows on upright walls */
    BCUE_PATTERN_BRICKS,  /* the same over courses of brick */
    BCUE_PATTERN_SLABS,   /* square paving slabs */
    BCUE_PATTERN_ROAD,    /* lane markings over asphalt */
    BCUE_PATTERN_PANE,    /* window panes: lit by night, some of them */
    BCUE_PATTERN_COURSES, /* courses of brick without windows */
    BCUE_PATTERN_SPECKLE, /* fine irregular lightness: asphalt, grass, leaves */
} bcue_pattern;

typedef struct bcue_material {
    char name[48];
    float albedo[3]; /* linear RGB, 0..1 */
    float gloss;     /* strength of the mirror-like part, 0..1 */
    bool tinted;     /* albedo is multiplied by the colour of the object */
    bcue_pattern pattern;
    bcue_radio_material radio; /* a half-space unless it says otherwise */
} bcue_material;

/* A built-in material; never NULL (an id that is not built in is taken for the first). Materials of a world:
   bcue_world_material. */
const bcue_material *bcue_material_get(bcue_material_id id);

/* bcue_radio_permittivity of a built-in material. */
double complex bcue_material_permittivity(bcue_material_id id, double frequency_hz);

#endif
