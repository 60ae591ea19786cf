/* Single frames that are lost: samples of a recording as they would be if so many frames had not come, with
   what stands in for them. A frame that is lost is so in every window that holds it. */
#ifndef BCUE_LEARN_MISSING_FRAMES_H
#define BCUE_LEARN_MISSING_FRAMES_H

#include "features/window_fill.h"
#include "learn/score_file.h"

enum { BCUE_LOSABLE = BCUE_GPS + 1 }; /* modalities */

typedef enum bcue_frame_stand_in {
    /* What streams do by default (docs/streaming.md): the window ends at the newest frame that is there, a
       frame within it is the nearest older one of the window, else the nearest newer one; fixes are carried.
     */
    BCUE_FRAMES_STREAM,
    BCUE_FRAMES_PLACE, /* the window stays; the nearest older frame or fix of it, else the nearest newer one
                        */
    BCUE_FRAMES_ZERO,  /* zeros, as a missing frame is in training */
} bcue_frame_stand_in;

/* The section evaluate.missing_frames. */
typedef struct bcue_missing_frames_config {
    double lost[BCUE_LOSABLE]; /* shares */
    int stand_in;              /* bcue_frame_stand_in */
    int64_t least;             /* with fewer left of its window a modality is missing as a whole */
    double carry_s;
} bcue_missing_frames_config;
extern const bcue_config_field bcue_missing_frames_fields[];

bool bcue_missing_frames_any(const bcue_missing_frames_config *config);
/* Is the frame of this row of the source lost? */
bool bcue_frame_is_lost(const bcue_missing_frames_config *config, uint64_t seed, int32_t source, int modality,
                        int64_t row);

/* Of one modality, over all samples. */
typedef struct bcue_frame_counts {
    size_t places, lost;            /* frames that windows should hold; of these not there */
    size_t held, carried, zero;     /* places in the end */
    size_t windows, moved, without; /* samples; those whose window ends earlier; those without the modality */
} bcue_frame_counts;

/* What stands for the frames of `count` samples. */
typedef struct bcue_frame_gaps {
    bcue_missing_frames_config config;
    const bcue_dataset *dataset;
    bcue_model_inputs inputs;
    uint64_t seed;
    size_t count;
    size_t *base[BCUE_LOSABLE]; /* the sample whose window a sample is given; NULL: nothing is lost */
    unsigned *missing;          /* modalities that are missing as a whole, as bits */
    float *fixes;               /* (count, gps_frames, 2), as features; NULL: none is lost */
    bcue_frame_counts counts[BCUE_LOSABLE];
} bcue_frame_gaps;

/* `file` says what the model takes. Only modalities with a share of losses are touched; of these also frames
   that the recording lacks are stood in for. BCUE_ERROR_CONFIG: the model takes nothing of what is to be
   lost, or is a table. */
bcue_status bcue_frame_gaps_create(const bcue_missing_frames_config *config, const bcue_model_file *file,
                                   const bcue_feature_config *features, const bcue_dataset *dataset,
                                   const size_t *samples, size_t count, uint64_t seed, bcue_frame_gaps *gaps,
                                   bcue_error *error);
void bcue_frame_gaps_free(bcue_frame_gaps *gaps);

/* A pass over some of these samples: rows of the gaps, in order, `batch` at a time. */
typedef struct bcue_gap_feed bcue_gap_feed;
bcue_status bcue_gap_feed_create(const bcue_frame_gaps *gaps, const bcue_feature_config *features,
                                 int loader_threads, const size_t *rows, size_t count, size_t batch,
                                 const bcue_hooks *hooks, bcue_gap_feed **feed, bcue_error *error);
void bcue_gap_feed_destroy(bcue_gap_feed *feed);
/* Puts the next frames in place of those of `batch`, which holds the same samples; valid until the next call.
 */
bcue_status bcue_gap_feed_next(bcue_gap_feed *feed, bcue_batch *batch, bcue_error *error);

#endif
