/* Looking for a smaller network that answers in time: shares of the parameters and precisions, screened by a
   table of layers timed on this machine, the best few timed as a whole and fine-tuned, one chosen on the
   validation samples. */
#ifndef BCUE_COMPRESS_COMPRESS_RUN_H
#define BCUE_COMPRESS_COMPRESS_RUN_H

#include "compress/answer_times.h"
#include "learn/run_config.h"

typedef enum bcue_candidate_kind {
    BCUE_CANDIDATE_PRUNED, /* the whole model, or a share of its parameters */
    BCUE_CANDIDATE_FRAMES, /* the whole model, reading the newest frames only */
    BCUE_CANDIDATE_PIXELS, /* the whole model, reading smaller pictures */
    BCUE_CANDIDATE_DENSE,  /* the control: a narrower network, from scratch */
} bcue_candidate_kind;

typedef enum bcue_candidate_state {
    BCUE_CANDIDATE_WHOLE,      /* the model that it began with, in f32 or 8 bits */
    BCUE_CANDIDATE_TUNED,      /* made smaller and trained on; DENSE: trained */
    BCUE_CANDIDATE_SCREENED,   /* its time was predicted; it was not trained: others were more promising */
    BCUE_CANDIDATE_SLOW,       /* likewise: it was timed, and takes too long */
    BCUE_CANDIDATE_NO_BUDGET,  /* likewise, for want of time */
    BCUE_CANDIDATE_OTHER_DATA, /* likewise: with its inputs the split would deal the samples out otherwise */
} bcue_candidate_state;

typedef struct bcue_candidate {
    bcue_candidate_kind kind;
    double ratio;   /* PRUNED: of the parameters that are left; 1: all */
    int64_t frames; /* FRAMES */
    double pixels;  /* PIXELS: share of the sides of the pictures */
    int64_t width;  /* DENSE */
    int64_t epochs; /* DENSE: that it was trained for */
    bool int8;
    int64_t parameters;
    bcue_candidate_state state;
    char *folder;            /* owned: with model-seedS.safetensors, of its shape while it is only screened */
    double layers_ms;        /* the sum over its layers, by the table, for the next window of a stream */
    double predicted_ms;     /* times what the whole model takes more than the sum over its layers */
    bcue_answer_times times; /* measured; no runs: only predicted */
    double dba, top1;        /* of the validation samples; NaN when it was not trained */
    bool front;              /* nothing trained is both faster and better */
} bcue_candidate;

typedef struct bcue_search {
    bcue_candidate *items;
    size_t count;
    ptrdiff_t chosen;     /* -1: none meets target_ms and max_loss */
    ptrdiff_t dense;      /* the control, -1: none */
    bool no_narrower;     /* no narrower network is as fast as the best that was made smaller */
    bool int8;            /* this machine computes in 8 bits */
    int32_t layers_timed; /* that the table of layers lacked */
} bcue_search;

/* Times a model file as run->compress says: one more round into *times. */
typedef struct bcue_stopwatch {
    void *cookie;
    bcue_status (*measure)(void *cookie, const char *model_path, bcue_answer_times *times, bcue_error *error);
} bcue_stopwatch;

/* The first seed of the run. Writes into OUT/compress, and the table of layers; a second call takes what the
   first one trained from there. Free with bcue_search_free. */
bcue_status bcue_compress_search(const bcue_run_config *run, const bcue_config *origin,
                                 const bcue_dataset *dataset, const bcue_stopwatch *stopwatch,
                                 const bcue_hooks *hooks, bcue_search *search, bcue_error *error);
void bcue_search_free(bcue_search *search);
/* The candidate's DBA below the whole model in f32. */
double bcue_candidate_loss(const bcue_search *search, size_t candidate);
/* "whole", "0.5 of the parameters", "2 frames", "0.5 of the sides", "dense, width 8". */
void bcue_candidate_name(const bcue_candidate *candidate, char *name, size_t size);
/* Its time at the percentile asked for: measured, or where it was not, predicted. */
double bcue_candidate_ms(const bcue_candidate *candidate);
/* The prediction over what was measured, less 1; NaN where nothing was measured, and of the whole model, by
   which predictions are scaled. */
double bcue_candidate_error(const bcue_candidate *candidate);

#endif
