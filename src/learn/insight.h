/* What a trained network makes of its sensors, on a part of its test samples: its answers without each of
   them, what each gives to the pooled sum, and where the last fusion block attends in the newest picture. */
#ifndef BCUE_LEARN_INSIGHT_H
#define BCUE_LEARN_INSIGHT_H

#include "learn/predictions.h"
#include "learn/score_file.h"

enum { BCUE_INSIGHT_MAPS = 6 };

typedef struct bcue_attention_map {
    size_t row;       /* of the insight */
    int64_t grid[2];  /* rows, columns */
    double *received; /* grid[0] x grid[1]: the attention that the tokens of the newest picture receive, mean
                         over heads and tokens of the last block; all tokens of all modalities together: 1 */
    double modality[BCUE_INPUT_COUNT]; /* what all tokens of a modality receive; adds up to 1 */
} bcue_attention_map;

typedef struct bcue_insight {
    size_t rows; /* 0: nothing was looked at (a table, foreign answers, evaluate.insight: 0) */
    bool sees[BCUE_INPUT_COUNT];
    size_t seen;                                /* how many of them */
    bcue_predictions with_all;                  /* answers with everything that there is */
    bcue_predictions without[BCUE_INPUT_COUNT]; /* with that input zero; rows 0 where it was not tried, as
                                                   with one input only */
    bool fused;                                 /* a BeamTransFuser: what follows is there */
    bool learned;                               /* fusion: softmax */
    double weights[BCUE_INPUT_COUNT];           /* M softmax(w) */
    double *share; /* rows x BCUE_INPUT_COUNT: |weight x pooled vector| over the sum of these lengths */
    bcue_attention_map maps[BCUE_INSIGHT_MAPS];
    size_t map_count;
} bcue_insight;

/* Up to `most` samples, evenly spread over those of the job. Free with bcue_insight_free, whatever it says.
   Errors as bcue_score_file. */
bcue_status bcue_insight_make(const char *path, const bcue_score_job *job, size_t most,
                              const bcue_hooks *hooks, bcue_insight *insight, bcue_error *error);
void bcue_insight_free(bcue_insight *insight);

#endif
