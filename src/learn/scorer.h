/* Scores of every beam for many samples: any model, any order of samples. */
#ifndef BCUE_LEARN_SCORER_H
#define BCUE_LEARN_SCORER_H

#include "dataset/loader.h"
#include "engine/plan.h"
#include "models/fusion_view.h"
#include "models/int8_scales.h"
#include "models/model_graph.h"

enum { BCUE_SCORER_BATCH = 16 }; /* samples per run of the network */

typedef struct bcue_scorer_options {
    bcue_engine engine;
    int loader_threads;
    uint64_t seed; /* of random answers (baselines) */
    /* Called after each run of a BeamTransFuser with the outputs of models/fusion_view.h; rows first ..
       first + count - 1 of the call of bcue_scorer_run lie in the plan. NULL: not looked at. */
    void (*look)(void *cookie, const bcue_plan *plan, const bcue_fusion_view *view, size_t first,
                 size_t count);
    void *cookie;
    const bcue_int8_scales *int8; /* layers that compute in 8 bits where the processor can, with oneDNN; read
                                     when the scorer is made. NULL: none */
    bool rounded; /* these layers compute as in 8 bits, but in real numbers: on any machine and engine, and
                     with weights that change */
} bcue_scorer_options;

typedef struct bcue_scorer bcue_scorer;

/* Everything given must outlive the scorer. The weights may change between runs. */
bcue_status bcue_scorer_create(const bcue_model_config *model, const bcue_model_inputs *inputs,
                               bcue_weights *weights, const bcue_dataset *dataset,
                               const bcue_feature_config *features, const bcue_scorer_options *options,
                               const bcue_hooks *hooks, bcue_scorer **scorer, bcue_error *error);
void bcue_scorer_destroy(bcue_scorer *scorer);
/* From now on the network sees zeros, as for missing frames, in the inputs whose bits (1 << bcue_model_input)
   are set. Tables are not changed by it. */
void bcue_scorer_leave_out(bcue_scorer *scorer, unsigned inputs);
/* From now on the radar loses detections and has false ones (bcue_loader_spoil_points). BCUE_ERROR_CONFIG
   when the model does not read lists of radar points. */
bcue_status bcue_scorer_spoil_points(bcue_scorer *scorer, const bcue_feature_config *features,
                                     const bcue_point_faults *faults, uint64_t seed, bcue_error *error);
/* Memory of the network: activations and packed weights. And of so many samples as a loader holds them. */
size_t bcue_scorer_network_bytes(const bcue_scorer *scorer);
size_t bcue_scorer_batch_bytes(const bcue_model_inputs *inputs, int loader_threads, size_t batch);
/* scores: (count, beams), higher = better: logits of a network, votes of a table. */
bcue_status bcue_scorer_run(bcue_scorer *scorer, const size_t *samples, size_t count, float *scores,
                            bcue_error *error);

/* The same, and where `mid` is not NULL the model's middle layer: (count, bcue_scorer_mid_width). */
bcue_status bcue_scorer_run_mid(bcue_scorer *scorer, const size_t *samples, size_t count, float *scores,
                                float *mid, bcue_error *error);
/* Numbers of the output "mid" of a model's graph for one sample (any batch size); 0: it has none. */
int64_t bcue_scorer_mid_width(const bcue_graph *graph);

/* What the data and recipes offer this model. */
bcue_model_inputs bcue_model_inputs_of(const bcue_dataset *dataset, const bcue_feature_config *features,
                                       const bcue_model_config *model);
/* The recipes that this model uses, the others switched off, so that nothing is decoded in vain. */
bcue_feature_config bcue_features_for(const bcue_feature_config *features, const bcue_model_config *model);
/* Copy one batch into the inputs of a plan for `capacity` samples; samples beyond the batch are zero. */
void bcue_feed_batch(bcue_plan *plan, const bcue_model_inputs *inputs, const bcue_batch *batch,
                     size_t capacity);
/* Samples first .. first + count - 1 of a batch, as a batch that borrows from it. */
bcue_batch bcue_batch_part(const bcue_batch *batch, const bcue_model_inputs *inputs, size_t first,
                           size_t count);
/* Newest position of row `i` of a batch, NaN where it is missing. */
void bcue_batch_position(const bcue_batch *batch, int64_t gps_frames, size_t i, float position[2]);

/* What a radar table takes of row `i`: its window, or the direction of what moves, in *direction. */
const float *bcue_batch_radar(const bcue_model_config *model, const bcue_model_inputs *inputs,
                              const bcue_batch *batch, size_t i, float *direction);

#endif
