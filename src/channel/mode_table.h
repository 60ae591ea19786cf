/* What each difference between paper B's link and the corrected one does to the beams that are chosen. */
#ifndef BCUE_CHANNEL_MODE_TABLE_H
#define BCUE_CHANNEL_MODE_TABLE_H

#include "channel/aggregate.h"
#include "channel/link_mode.h"

/* One reading: both modes, the corrected mode with one difference as in the paper, and the paper's with one
   difference corrected. */
enum { BCUE_MODE_VARIANTS = 2 + 2 * BCUE_DIFFERENCE_COUNT };

typedef struct bcue_mode_table_config {
    double carrier_hz, bandwidth_hz;
    int subcarriers;
    double transmit_power_dbm;
    bcue_vec3 place;             /* of the 8 x 8 array with the 152 beams */
    double azimuth, tilt;        /* radians; the tilt counts where the orientation is corrected */
    const bcue_weather *weather; /* counts where the mechanisms are corrected; NULL: none */
    bcue_aggregation aggregation;
    bool transmits; /* the array stands at the transmitting end of the paths */
    uint64_t seed;  /* of scattering phases */
} bcue_mode_table_config;

typedef struct bcue_mode_table bcue_mode_table;

/* proportional-fair is refused: it needs noise, which the paper has not. The world may be destroyed
 * afterwards. */
bcue_status bcue_mode_table_create(const bcue_world *world, const bcue_mode_table_config *config,
                                   bcue_mode_table **table, bcue_error *error);
void bcue_mode_table_destroy(bcue_mode_table *table); /* NULL is fine */

/* One instant with paths[v] between the array and vehicle v, found with all mechanisms. An instant at which a
   variant receives nothing counts as dark there. */
bcue_status bcue_mode_table_add(bcue_mode_table *table, const bcue_path_list *paths, size_t vehicles,
                                bcue_error *error);

typedef struct bcue_mode_row {
    const char *mode;       /* "paper" or "corrected", static */
    const char *difference; /* the one that is as in the other mode; NULL: none */
    size_t instants, dark;
    double mean_rss_dbm;  /* of the chosen beam in this reading; nan: none */
    double same_share;    /* of the instants that are lit in both, as corrected: the same beam is chosen */
    double mean_loss_db;  /* what the choice loses where the corrected reading holds */
    double lobe_share[3]; /* of choices with one, two, three lobes */
} bcue_mode_row;
/* How often each of the 152 beams was chosen. */
const size_t *bcue_mode_table_histogram(const bcue_mode_table *table, size_t index);
bcue_mode_row bcue_mode_table_row(const bcue_mode_table *table, size_t index); /* < BCUE_MODE_VARIANTS */

#endif
