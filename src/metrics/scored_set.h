/* What a model answered on N samples, and what was right: the input of every metric.
   A scored set borrows its arrays and is only read; any number of threads may use one. */
#ifndef BCUE_METRICS_SCORED_SET_H
#define BCUE_METRICS_SCORED_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"

/* What the power 1.0 means. An uncalibrated receiver's powers have no unit: differences of them in dB mean
 * something, levels do not. */
typedef enum bcue_power_unit {
    BCUE_POWER_ARBITRARY,
    BCUE_POWER_MILLIWATT,
    BCUE_POWER_WATT,
} bcue_power_unit;

const char *bcue_power_unit_name(bcue_power_unit unit); /* "arbitrary", "mW", "W" */
bool bcue_power_unit_find(const char *name, bcue_power_unit *unit);

/* What the first-ranked beam does for each of the vehicles that a row is about. A vehicle is reachable when
   some beam reaches it at all. */
typedef enum bcue_vehicle_score {
    BCUE_VEHICLE_REACHABLE, /* share of the vehicles */
    BCUE_VEHICLE_RSS,       /* mean dBm over the reachable ones */
    BCUE_VEHICLE_WORST,     /* dBm of the reachable one that hears least */
    BCUE_VEHICLE_LOSS,      /* mean dB below each reachable one's own best beam */
    BCUE_VEHICLE_OUTAGE,    /* share of the vehicles that hear less than a level, unreachable ones included */
    BCUE_VEHICLE_SCORES
} bcue_vehicle_score;

typedef struct bcue_scored_set {
    size_t rows;            /* N samples */
    int32_t beams;          /* B beams of the codebook */
    int32_t ranked_count;   /* K, 1 .. B: beams that each answer lists */
    const int32_t *ranked;  /* N x K beam indices, 0-based, best first, no beam twice in a row; -1 pads a
                               shorter list, never first */
    const double *power;    /* N x B, linear; NULL: no powers */
    const int32_t *label;   /* N best beams, -1: none; NULL only where `power` is given, which then decides */
    const int32_t *episode; /* N episode numbers (unique within a street); NULL: no intervals */
    const int32_t *street;  /* N street (DeepSense: scenario) numbers; NULL: one street */
    const double *vehicle;  /* N x BCUE_VEHICLE_SCORES, NaN where unknown; NULL: of no row */
    const char *const *sample_id; /* N names; NULL: samples are told apart by their place only */
    bcue_power_unit power_unit;
    bool index_monotone; /* codebook property: neighbours in index are neighbours in angle */
} bcue_scored_set;

/* A power vector is valid when every entry is finite and none negative, and one is above zero. An invalid one
   counts as absent.

   The best beams of a row: the beams that share the largest power exactly, when the power vector is valid and
   the label is one of them or absent. Otherwise the label alone; a label that contradicts a valid power
   vector is so obeyed by the rank metrics, and counted. */
typedef struct bcue_scored_row {
    const int32_t *ranked;
    const double *power; /* NULL when absent or invalid */
    double best_power, least_power;
    int32_t label;  /* -1: none */
    bool has_best;  /* there is at least one best beam */
    bool best_ties; /* the best beams are those of power best_power; otherwise only `label` */
} bcue_scored_row;

/* What was found in a set, for the line under a table. */
typedef struct bcue_scored_counts {
    size_t rows;
    size_t rows_with_best;  /* rank metrics are taken over these */
    size_t rows_with_power; /* power metrics are taken over these */
    size_t invalid_power;   /* powers given, but NaN, negative, infinite or all zero */
    size_t tied_best;       /* more than one best beam */
    size_t label_mismatch;  /* the label has less than the largest power */
    size_t limited_loss;    /* the answered beam lies more than BCUE_LOSS_LIMIT_DB below the best: its loss is
                               limited to that */
} bcue_scored_counts;

/* A beam with no measured power would have an infinite loss and spoil every mean, so losses end here. */
#define BCUE_LOSS_LIMIT_DB 100.0

/* Is the set usable: sizes, arrays, beam numbers in range, no beam twice? Names the first row that is not. */
bcue_status bcue_scored_set_check(const bcue_scored_set *set, bcue_error *error);
/* Of a checked set. */
bcue_scored_counts bcue_scored_set_count(const bcue_scored_set *set);
/* Two checked sets hold the same samples: ids, episodes, streets, labels, powers. Otherwise BCUE_ERROR_DATA
 * names the first that differs. */
bcue_status bcue_scored_set_same_samples(const bcue_scored_set *a, const bcue_scored_set *b,
                                         bcue_error *error);

/* Row n < rows of a checked set. */
bcue_scored_row bcue_scored_set_row(const bcue_scored_set *set, size_t n);
bool bcue_scored_row_is_best(const bcue_scored_row *row, int32_t beam);
/* beam - nearest best beam, the lower one of two equally near; the row has a best beam. */
int32_t bcue_scored_row_distance(const bcue_scored_row *row, int32_t beams, int32_t beam);
/* Power of `beam` over the best power, not below the limit above; the row has powers. */
double bcue_scored_row_ratio(const bcue_scored_row *row, int32_t beam);

#endif
