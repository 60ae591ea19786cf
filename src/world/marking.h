/* Paint on the road: lines, zebra crossings, stop lines, as straight strips that the camera and the LiDAR
   look up by place. They are no geometry: the road below stays one flat surface. */
#ifndef BCUE_WORLD_MARKING_H
#define BCUE_WORLD_MARKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/vec3.h"

typedef struct bcue_marking {
    float ax, ay, bx, by; /* its middle line */
    float half_width;
    float dash_on, dash_period; /* along the line, from a; period 0: solid */
    bool yellow;
} bcue_marking;

typedef struct bcue_markings {
    bcue_marking *items; /* owned */
    size_t count, capacity;
    /* a grid of cells over them: cell c holds members[cell_start[c]] .. members[cell_start[c + 1]] */
    float x_low, y_low;
    uint32_t across, down;
    uint32_t *cell_start, *members; /* owned; NULL before bcue_markings_index */
    bool failed;                    /* out of memory */
} bcue_markings;

void bcue_markings_free(bcue_markings *markings); /* and make it empty */
void bcue_markings_add(bcue_markings *markings, bcue_vec3 a, bcue_vec3 b, double width_m, double dash_on_m,
                       double dash_period_m, bool yellow);
/* Call once when all are there; look-ups find nothing before. */
void bcue_markings_index(bcue_markings *markings);
/* The share of paint, 0 to 1, in a window of filter_x by filter_y metres around (x, y); *yellow says its
   colour. Any thread. */
float bcue_markings_cover(const bcue_markings *markings, float x, float y, float filter_x, float filter_y,
                          bool *yellow);

#endif
