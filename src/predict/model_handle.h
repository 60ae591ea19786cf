/* The loaded model behind the public handle. */
#ifndef BCUE_PREDICT_MODEL_HANDLE_H
#define BCUE_PREDICT_MODEL_HANDLE_H

#include "beamcue/model.h"
#include "engine/packed_weights.h"
#include "features/recipes.h"
#include "models/model_file.h"

struct bcue_model {
    bcue_model_file file;        /* mapped */
    bcue_packed_weights *packed; /* of all sessions */
    bcue_feature_config features;
    bcue_config *owned_features;
    int64_t multiply_accumulates;
};

#endif
