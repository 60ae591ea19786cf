/* Coverage maps as pictures. */
#ifndef BCUE_API_COVERAGE_PICTURE_H
#define BCUE_API_COVERAGE_PICTURE_H

#include "simulate/sim_coverage.h"

typedef enum bcue_coverage_layer {
    BCUE_COVERAGE_BEAM,
    BCUE_COVERAGE_RSS,
    BCUE_COVERAGE_SINR,
    BCUE_COVERAGE_DELAY,
    BCUE_COVERAGE_LAYERS,
} bcue_coverage_layer;
const char *bcue_coverage_layer_name(bcue_coverage_layer layer); /* of its files: "best_beam", ... */

/* What a point has: NAN where there is nothing to show. Delay spread in nanoseconds. */
double bcue_coverage_value(const bcue_coverage *map, bcue_coverage_layer layer, size_t point);

/* How often each (index, count) occurs among points with a signal, the most frequent first. `unit` and `beam`
   of the serving side. *shares is the caller's to free. */
typedef struct bcue_coverage_share {
    size_t unit, beam, points;
} bcue_coverage_share;
bcue_status bcue_coverage_shares(const bcue_sim_coverage *coverage, bcue_coverage_share **shares,
                                 size_t *count, bcue_error *error);

/* Write the street from above, coloured, with scale and legend, as PNG. */
bcue_status bcue_coverage_picture(const bcue_sim_coverage *coverage, bcue_coverage_layer layer,
                                  const char *scene, const char *path, bcue_error *error);

#endif
