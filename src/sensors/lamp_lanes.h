/* Inside the room: which lamps light a packet's points, and how strongly; several lamps or points at a time.
   Every width gives the same bits (one rounding per operation, in the same order); the widest that the CPU
   has is used. */
#ifndef BCUE_SENSORS_LAMP_LANES_H
#define BCUE_SENSORS_LAMP_LANES_H

#include "sensors/rgb_lamps.h"

/* So many floats beyond the last one of every column of the list can be read. */
enum { BCUE_LAMP_PADDING = 16 };

/* The hit points of a packet, coordinate by coordinate; those that hit nothing have no normal. */
typedef struct bcue_lamp_points {
    float x[BCUE_RAY_LANES], y[BCUE_RAY_LANES], z[BCUE_RAY_LANES];
    float nx[BCUE_RAY_LANES], ny[BCUE_RAY_LANES], nz[BCUE_RAY_LANES];
    bcue_float3 low, high; /* the box around them */
} bcue_lamp_points;

typedef struct bcue_lamp_lanes {
    /* The numbers of the lamps, at most `most`, that have the box around the points within their reach and
       whose cone, where it looks forward, can meet the ball around it; returns how many. */
    int (*near)(const bcue_lamp_list *list, const bcue_lamp_points *points, uint32_t *numbers, int most);
    /* Irradiance of a lamp at points that nothing hides; 0 where it does not count. Returns a bit for each
       point above 0. */
    uint32_t (*irradiance)(const bcue_lamp_light *light, const bcue_lamp_points *points, float least,
                           float values[BCUE_RAY_LANES]);
    /* values[lamp][point]: of a point that more than `most` lamps light (`lit`), only the strongest stay
       above 0; of equals the later. */
    void (*keep_strongest)(float (*values)[BCUE_RAY_LANES], int lamps, const int lit[BCUE_RAY_LANES],
                           int most);
} bcue_lamp_lanes;

extern const bcue_lamp_lanes bcue_lamp_lanes_baseline, bcue_lamp_lanes_avx2, bcue_lamp_lanes_avx512;
const bcue_lamp_lanes *bcue_lamp_lanes_best(void);

#endif
