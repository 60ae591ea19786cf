/* Networks that lack modalities, run on samples: what their branches give, for a generator to learn from. */
#ifndef BCUE_LEARN_COMPLETE_VECTORS_H
#define BCUE_LEARN_COMPLETE_VECTORS_H

#include "learn/score_file.h"
#include "models/completion.h"

enum { BCUE_GAP_PATTERNS = 15 };

/* All sets of one to `most` missing inputs that leave one, fewest first; returns how many. */
size_t bcue_gap_patterns(unsigned seen, int64_t most, unsigned missing[BCUE_GAP_PATTERNS]);

/* A BeamTransFuser with a gap, or any network without one, planned, in 8 bits where its file says so. Close
   whatever opening said. */
typedef struct bcue_gap_net {
    bcue_graph *graph;
    bcue_weights weights; /* a selection of the file's */
    bcue_plan *plan;
} bcue_gap_net;
bcue_status bcue_gap_net_open(const bcue_model_file *file, const bcue_model_gap *gap, bcue_engine engine,
                              int64_t batch, bcue_gap_net *net, bcue_error *error);
/* The generator of a stand-in (bcue_stand_in, one that is generated) alone: models/completion.h,
   models/map_completion.h. */
bcue_status bcue_generator_net_open(const bcue_model_file *file, int stand_in, unsigned missing,
                                    bcue_engine engine, int64_t batch, bcue_gap_net *net, bcue_error *error);
void bcue_gap_net_close(bcue_gap_net *net);

/* Vectors of samples, for every pattern of missing modalities. */
typedef struct bcue_gap_vectors {
    bcue_branch_vectors sizes;
    size_t rows, patterns;
    unsigned missing[BCUE_GAP_PATTERNS + 1];              /* [0] = 0: nothing is missing */
    float *data[BCUE_GAP_PATTERNS + 1][BCUE_INPUT_COUNT]; /* (rows, numbers); NULL: missing */
} bcue_gap_vectors;
/* One pass over samples of the job's data set, as the model's file takes them in. */
bcue_status bcue_gap_vectors_collect(bcue_score_session *session, const bcue_score_job *job,
                                     const size_t *samples, size_t count, int64_t most,
                                     const bcue_hooks *hooks, bcue_gap_vectors *vectors, bcue_error *error);
void bcue_gap_vectors_free(bcue_gap_vectors *vectors);
int64_t bcue_gap_numbers(const bcue_branch_vectors *sizes, int m);

#endif
