/* Trained models: load, ask, describe. */
#ifndef BEAMCUE_MODEL_H
#define BEAMCUE_MODEL_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include "beamcue/report.h"
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An immutable loaded model: any number of threads and sessions may share one. */
typedef struct bcue_model bcue_model;

/* Load a model file that 'beamcue train' wrote. On success *model is owned by the caller until
   bcue_model_destroy. BCUE_ERROR_IO, BCUE_ERROR_FORMAT (damaged, or not a model), BCUE_ERROR_UNSUPPORTED
   (newer format), BCUE_ERROR_MEMORY. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_model_load(const char *path, bcue_model **model,
                                                       bcue_error *error);
/* The same from the `size` bytes of a model file in memory, which are read during the call only; `name`
   stands for the file in messages. No file is opened, now or by its sessions, unless the model's LiDAR recipe
   names a background file. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_model_open_memory(const void *data, size_t size, const char *name,
                                                              bcue_model **model, bcue_error *error);
/* After all its sessions. NULL is fine. */
BCUE_API void bcue_model_destroy(bcue_model *model);

typedef struct bcue_model_facts {
    const char *kind;                    /* "resnet18", "position-knn", ...; lives with the model */
    int32_t beams;                       /* beams that are ranked, > 1 */
    int32_t camera_frames;               /* pictures per window, oldest first; 0 = no camera */
    int32_t camera_width, camera_height; /* pixels after resizing; pictures of any size are accepted unless
                                            the recipe fixes it (camera.input_width) */
    int32_t lidar_frames;                /* clouds per window; 0 = no LiDAR */
    int32_t radar_frames;                /* radar frames per window; 0 = no radar */
    bool radar_points;                   /* they are lists of points; else cubes, where there are any */
    int32_t position_fixes;              /* GNSS fixes per window, oldest first; 0 = no position */
    int64_t parameters;                  /* numbers in the file: trained ones and batch-norm statistics */
    int64_t multiply_accumulates;        /* per window; 0 for look-up models */
    int64_t calibration_episodes;        /* its probabilities are calibrated, with so many; 0: they are not */
} bcue_model_facts;

BCUE_API void bcue_model_get_facts(const bcue_model *model, bcue_model_facts *facts);

/* A model file for other programs. At least one path is given; each is written whole or not at all. */
typedef struct bcue_export_options {
    const char *onnx_path;        /* the network as ONNX (operator set 18), NULL: not */
    long onnx_batch;              /* windows at a time in it, 0: any number */
    /* Of a model with a generator of missing modalities ('beamcue complete') also what answers without some of them,
       as further ONNX files beside onnx_path, with the latent numbers as an input: "radar" or "camera,lidar" says
       which are missing; NULL: those sets for which the model file names a generator as the best stand-in. */
    const char *onnx_missing;
    const char *safetensors_path; /* weights by their PyTorch names (docs/export.md), NULL: not */
    const char *half_path;        /* the model file with its matrices in half precision, NULL: not */
    const char *c_header_path;    /* the model file as a C array, at most 2 MB, NULL: not */
} bcue_export_options;
/* BCUE_ERROR_ARGUMENT: a look-up model as ONNX or state dict; onnx_missing without a generator. On success *report is owned by the caller. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_export_model(const char *model_path,
                                                         const bcue_export_options *options,
                                                         bcue_report **report, bcue_error *error);

#ifdef __cplusplus
}
#endif
#endif
