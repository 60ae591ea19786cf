/* What the two pictures of beams (fan and overlay) share. */
#ifndef BCUE_REPORT_BEAM_PARTS_H
#define BCUE_REPORT_BEAM_PARTS_H

#include "beamcue/status.h"
#include <stddef.h>

/* The angles between which beam `i` is nearest, degrees: midpoints to its neighbours, as wide outwards as
   inwards at the ends; a single beam gets 10 degrees. Needs a finite azimuth_deg[i]; other azimuths that are
   not finite are passed over. */
void bcue_beam_bounds(const double *azimuth_deg, size_t count, size_t i, double *low_deg, double *high_deg);

/* Refuse ranked beams and labels that are no beams. */
bcue_status bcue_beam_check(size_t beam_count, const size_t *ranked, size_t ranked_count, ptrdiff_t label,
                            bcue_error *error);

/* Places for small labels: the lowest level (0, 1, ...) at which none of the labels already placed at that
 * level is nearer than `apart`. */
enum { BCUE_MAX_PLACED = 64 };
typedef struct bcue_placed {
    double at[BCUE_MAX_PLACED];
    int level[BCUE_MAX_PLACED];
    size_t count;
} bcue_placed;
int bcue_place(bcue_placed *placed, double at, double apart);

#endif
