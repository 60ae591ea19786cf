/* Trained models: load, ask, describe. */
#ifndef BEAMCUE_MODEL_H
#define BEAMCUE_MODEL_H

#include <stdint.h>
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
    int32_t position_fixes;              /* GNSS fixes per window, oldest first; 0 = no position */
    int64_t parameters;                  /* numbers in the file: trained ones and batch-norm statistics */
    int64_t multiply_accumulates;        /* per window; 0 for look-up models */
} bcue_model_facts;

BCUE_API void bcue_model_get_facts(const bcue_model *model, bcue_model_facts *facts);

#ifdef __cplusplus
}
#endif
#endif
