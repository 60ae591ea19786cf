/* What a trained teacher says of every sample of a data set: its scores and its middle layer, computed once
   and kept on disk, so that an epoch of a student costs only the student. The file names the teacher it came
   from and the samples it is about; what was computed for other ones is never used. */
#ifndef BCUE_LEARN_TEACHER_OUTPUTS_H
#define BCUE_LEARN_TEACHER_OUTPUTS_H

#include "beamcue/hooks.h"
#include "dataset/recordings.h"
#include "learn/train_config.h"

typedef struct bcue_teacher_outputs {
    size_t samples; /* of the data set, in its order */
    int64_t beams, mid_width;
    int64_t parameters; /* of the teacher */
    float *end, *mid;   /* samples x beams; samples x mid_width */
    char hash[17];      /* of the teacher's file */
    bool computed;      /* by this call; else read */
} bcue_teacher_outputs;

typedef struct bcue_teacher_job {
    const char *teacher;            /* model file */
    const char *cache;              /* file to read, or to write where there is none */
    const bcue_train_config *train; /* engine and loader threads */
    const bcue_dataset *dataset;
    const char *seen_hash; /* what a teacher of these very recordings must have been trained on, and nothing
                              else (bcue_split_seen_hash); NULL: not asked */
} bcue_teacher_job;

/* The samples are taken as a test pass makes them, without augmentation. On success free with
   bcue_teacher_outputs_free. BCUE_ERROR_DATA: the teacher answers for another codebook, windows or split, has
   no middle layer, or the cache holds another teacher's answers or other samples; BCUE_ERROR_FORMAT: a
   damaged file. */
bcue_status bcue_teacher_outputs_open(const bcue_teacher_job *job, const bcue_hooks *hooks,
                                      bcue_teacher_outputs *outputs, bcue_error *error);
/* Of the bytes of a model file, as 16 hex digits. */
bcue_status bcue_teacher_hash(const char *path, char text[17], bcue_error *error);
void bcue_teacher_outputs_free(bcue_teacher_outputs *outputs);

#endif
