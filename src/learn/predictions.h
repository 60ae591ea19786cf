/* What a model answered on test samples, one row per sample: enough to compute every metric again. */
#ifndef BCUE_LEARN_PREDICTIONS_H
#define BCUE_LEARN_PREDICTIONS_H

#include "dataset/recordings.h"
#include "metrics/scored_set.h"

typedef struct bcue_predictions {
    size_t rows;
    int32_t beams, ranked_count;
    char **ids;
    int32_t *street;  /* number at the end of the source's name (scenario31 -> 31), else 1000 + index of the
                         source */
    int32_t *episode; /* over the whole data set */
    int32_t *label;   /* 0-based */
    uint8_t *missing; /* bit m: modality m of the newest frame is missing */
    int32_t *ranked;  /* rows x ranked_count, -1 pads */
    double *probability; /* rows x ranked_count, of float precision; NaN where the model gave none */
    double *power;       /* rows x beams, NaN where unknown */
    int32_t *now;        /* best beam at the newest frame, with a horizon before the label's; -1: unknown */
    double *vehicle;     /* rows x BCUE_VEHICLE_SCORES of the answered beam, NaN where unknown */
} bcue_predictions;

/* Room for `rows` rows, of a data set's samples; ids, street, episode, label, missing and power are filled
 * in. Free with bcue_predictions_free. */
bcue_status bcue_predictions_create(const bcue_dataset *dataset, const size_t *samples, size_t rows,
                                    int32_t ranked_count, bcue_predictions *predictions, bcue_error *error);
void bcue_predictions_free(bcue_predictions *predictions);
/* What the answered beam does for each vehicle, of the file sample->vehicle_power of every row (rows without
   one stay NaN): see bcue_scored_set. `outage_dbm`: less is an outage. Call it when all rows are ranked. */
bcue_status bcue_predictions_rate_vehicles(const bcue_dataset *dataset, const size_t *samples,
                                           double outage_dbm, bcue_predictions *predictions,
                                           bcue_error *error);
/* Rank row `row` from its scores. */
void bcue_predictions_rank(bcue_predictions *predictions, size_t row, const float *scores);

/* CSV with the columns id, street, episode, label, missing, ranked, probability, power, and where
   they are known now and vehicles; lists are blank-separated, beams 0-based. Reading gives back what was
   written, bit for bit. Atomic. */
bcue_status bcue_predictions_write(const char *path, const bcue_predictions *predictions, bcue_error *error);
bcue_status bcue_predictions_read(const char *path, bcue_predictions *predictions, bcue_error *error);
/* The same from memory; `name` stands for the file in messages. */
bcue_status bcue_predictions_decode(const void *data, size_t size, const char *name,
                                    bcue_predictions *predictions, bcue_error *error);

/* A foreign model's answers for given samples: a CSV with a column id and either `ranked` (blank-separated
   beams, best first) or one column per beam (score_0 .. score_{B-1}), or an .npy (rows, beams) of scores in
   the order of the samples. `predictions` must have been created for those samples; a sample without an
   answer, an answer for an unknown sample, and scores that are not finite are errors that name it. A short
   ranked list stays short: beams that it does not name are never right. Foreign answers have no
   probabilities. */
bcue_status bcue_predictions_read_foreign(const char *path, bcue_predictions *predictions, bcue_error *error);

/* The view that metrics work on. Borrows everything. */
bcue_scored_set bcue_predictions_view(const bcue_predictions *predictions, bool index_monotone,
                                      int power_unit);
/* The rows for which keep[i] is true, as a copy. */
bcue_status bcue_predictions_select(const bcue_predictions *predictions, const bool *keep,
                                    bcue_predictions *selected, bcue_error *error);

#endif
