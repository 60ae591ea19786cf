/* A trained model on disk: safetensors with the weights, and in its metadata everything needed to use it. */
#ifndef BCUE_MODELS_MODEL_FILE_H
#define BCUE_MODELS_MODEL_FILE_H

#include "models/calibration.h"
#include "models/completion.h"
#include "models/int8_scales.h"
#include "models/model_graph.h"
#include "tensor/safetensors.h"

enum { BCUE_MODEL_FORMAT_VERSION = 1 };

typedef struct bcue_model_file {
    bcue_model_config config;
    bcue_model_inputs inputs;
    bcue_weights weights;          /* f32: copies, or views of `mapped` */
    char *features_yaml;           /* recipes, read by whoever knows them */
    char *codebook_yaml;           /* beams, index_monotone, azimuths if known */
    char *training_json;           /* history: seed, split, data hash, commit, epochs, validation metric */
    bcue_calibration *calibration; /* owned; NULL: none */
    bcue_int8_scales *int8;        /* owned; NULL: it computes in f32 everywhere */
    bcue_config *owned_config, *owned_inputs, *owned_calibration, *owned_int8, *owned_completion;
    bcue_completion *completion; /* owned; NULL: nothing is known of missing modalities */
    bcue_weights generator;      /* its tensors, like `weights`; none without it */
    bool half; /* the file holds weights of two and more dimensions in half precision, or shall */
    bcue_safetensors *mapped; /* owned; NULL: the weights are copies */
} bcue_model_file;

/* Refused with a sentence: not a beamcue model, an unknown format version, missing or extra tensors (named),
   wrong shapes, values that are not finite. Free with bcue_model_file_free. */
bcue_status bcue_model_file_read(const char *path, bcue_model_file *model, bcue_error *error);
/* The same, but the weights stay in the file, which is mapped: nobody may write into it (a file that is
   replaced by renaming is safe). What was read is given back to the system. */
bcue_status bcue_model_file_open(const char *path, bcue_model_file *model, bcue_error *error);
/* What was read since is given back to the system, too, until it is read again. Any thread. */
void bcue_model_file_release(const bcue_model_file *model);
/* The same from memory; `name` stands for the file in messages. */
bcue_status bcue_model_file_decode(const void *data, size_t size, const char *name, bcue_model_file *model,
                                   bcue_error *error);
void bcue_model_file_free(bcue_model_file *model);
/* Atomic. */
bcue_status bcue_model_file_write(const char *path, const bcue_model_file *model, bcue_error *error);

#endif
