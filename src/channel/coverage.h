/* Coverage maps: what a vehicle would receive at every point of a grid. */
#ifndef BCUE_CHANNEL_COVERAGE_H
#define BCUE_CHANNEL_COVERAGE_H

#include <stddef.h>
#include <stdint.h>
#include "channel/link.h"

/* A level grid; point i + columns * j stands at origin + step * (i, j, 0). */
typedef struct bcue_coverage_grid {
    bcue_vec3 origin;
    double step_m;
    size_t columns, rows;
} bcue_coverage_grid;
bcue_vec3 bcue_coverage_point(const bcue_coverage_grid *grid, size_t index);

/* Arrays over the grid, columns * rows each, all owned. Where nothing arrives: unit and beam -1, powers
   -infinity, the rest nan. */
typedef struct bcue_coverage {
    size_t points;
    int32_t *unit, *beam;   /* that serve best */
    int32_t *interferer;    /* the unit whose active beam disturbs most; -1: none */
    double *rss_dbm;        /* of the serving beam */
    double *sinr_db;        /* with the active beams of all other units as interference */
    double *delay_spread_s; /* of the serving unit's paths, element to element */
    double *rician_k_db;
} bcue_coverage;

bcue_status bcue_coverage_create(const bcue_coverage_grid *grid, bcue_coverage *coverage, bcue_error *error);
void bcue_coverage_free(bcue_coverage *coverage); /* and make it empty */

/* A roadside unit; `receiver.transmits` says at which end of the paths it stands. */
typedef struct bcue_coverage_unit {
    bcue_link_receiver receiver;
    size_t active_beam; /* what it radiates while another unit serves; SIZE_MAX: it is silent */
} bcue_coverage_unit;

/* Fill points first .. first + count - 1. paths[u * count + p]: those between unit u and point first + p; all
   codebooks have as many beams. Points are shared out over threads. Call it piece by piece to bound the
   memory of the paths. */
bcue_status bcue_coverage_fill(const bcue_link_config *config, const bcue_channel *channel,
                               const bcue_coverage_unit *units, size_t unit_count,
                               const bcue_path_list *paths, size_t first, size_t count, double noise_mw,
                               bcue_coverage *coverage, bcue_error *error);

#endif
