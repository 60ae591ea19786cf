/* How the best beams are distributed, scene by scene, in the manner of Figs. 5 to 7 of Park et al. ("paper
   B"): which beams, of how many lobes, how strong; where they crowd; and what a constant or a random beam
   would reach. */
#ifndef BCUE_API_INSPECT_BEAMS_H
#define BCUE_API_INSPECT_BEAMS_H

#include "base/json.h"
#include "dataset/recordings.h"
#include "report/page.h"

enum { BCUE_MOST_RIDGES = 8, BCUE_MOST_CONDITIONS = 16, BCUE_LOBE_CLASSES = 3, BCUE_DENSITY_ROWS = 24 };

/* Neighbouring beams that are best unusually often: the histogram of best beams, smoothed with the weights 1,
   2, 3, 2, 1, has a peak there of at least twice the mean; the ridge is where it stays above half of that
   peak. At least 4 % of the samples lie on it. */
typedef struct bcue_ridge {
    int32_t first, peak, last; /* 0-based */
    size_t samples;
    double median_db; /* of the best beam's power; nan without power */
} bcue_ridge;

typedef struct bcue_condition_count {
    const char *name;
    size_t samples;
} bcue_condition_count;

/* What an answer that looks at nothing reaches: mean percentile rank in %, (B - rank + 1) / B with rank = 1 +
   beams that are stronger, and the mean of 10 log10(best power / its power). */
typedef struct bcue_blind_beam {
    int32_t beam; /* -1: any */
    double mpr, loss_db;
} bcue_blind_beam;

typedef struct bcue_scene_beams {
    const char *name; /* of the scene, else of the source; the data set's */
    size_t samples, powered;
    bcue_condition_count conditions[BCUE_MOST_CONDITIONS];
    size_t condition_count;
    double *histogram; /* beams: labelled samples whose best beam it is */
    size_t lobes[BCUE_LOBE_CLASSES];
    double *best_db, *spread_db, *gap_db; /* powered: of the best beam; over the worst; over the second */
    int32_t *best;                        /* powered */
    double median_db, low_db, high_db;    /* of best_db: the middle, and the 1st and 99th of 100 */
    double median_spread_db, median_gap_db;
    size_t pairs, kept;          /* neighbours in time that have labels, and of these, those with the same */
    double *rank_sum, *loss_sum; /* beams: of percentile ranks and of losses in dB */
    bcue_blind_beam constant,
        random_beam; /* the constant beam is the one with the best mean percentile rank */
    bcue_ridge ridges[BCUE_MOST_RIDGES];
    size_t ridge_count;
} bcue_scene_beams;

typedef struct bcue_beam_study {
    int32_t beams;
    bool has_lobes; /* the 152 beams of paper B */
    bcue_scene_beams *scenes;
    size_t scene_count;
} bcue_beam_study;

/* In order of first appearance. A data set without names of scenes has one scene per source. */
bcue_status bcue_beam_study_make(const bcue_dataset *dataset, bcue_beam_study *study, bcue_error *error);
void bcue_beam_study_free(bcue_beam_study *study);

/* "scenes", "blind" and "ridges"; NULL where there is nothing to say. *failed: there was no memory. The
   caller destroys them. */
enum { BCUE_STUDY_TABLES = 3 };
void bcue_beam_study_tables(const bcue_beam_study *study, bcue_table *tables[BCUE_STUDY_TABLES],
                            bool *failed);
extern const char *const bcue_beam_study_table_names[BCUE_STUDY_TABLES];
json_t *bcue_beam_study_json(const bcue_beam_study *study);
/* Sections "Conditions" (one picture per scene and condition) and "Best beams". */
bcue_status bcue_beam_study_add(bcue_page *page, const bcue_dataset *dataset, const bcue_beam_study *study,
                                bcue_error *error);

#endif
