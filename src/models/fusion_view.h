/* Looking into a BeamTransFuser at work: where the last fusion block attends, and what each modality gives to
   the pooled sum. A graph of the network gets further outputs; what the plan computes for them stays what it
   computes without. */
#ifndef BCUE_MODELS_FUSION_VIEW_H
#define BCUE_MODELS_FUSION_VIEW_H

#include "graph/weights.h"
#include "models/model_graph.h"

/* Outputs that bcue_fusion_view_mark makes; "pooled.camera" and so on beside them. */
#define BCUE_VIEW_QUERY "view.query" /* (B, heads, T, d) */
#define BCUE_VIEW_KEY "view.key"     /* (B, heads, T, d) */
#define BCUE_VIEW_VALUE "view.value" /* (B, heads, T, e) */
#define BCUE_VIEW_MIXED "view.mixed" /* (B, heads, T, e): what attention makes of them */

/* The last attention of the last stage, whose tokens are pooled and classified. */
typedef struct bcue_fusion_view {
    bool there; /* false: the model is no BeamTransFuser */
    int64_t heads, tokens, width, value_width;
    double scale;
    int64_t grid[BCUE_PICTURE_INPUTS]
                [2];                 /* tokens of one frame: rows, columns; 0: the modality is not seen */
    int64_t first[BCUE_INPUT_COUNT]; /* first token of each modality that is seen */
    int64_t count[BCUE_INPUT_COUNT]; /* and how many, all its frames */
    int64_t pooled;                  /* numbers of a pooled vector */
} bcue_fusion_view;

/* `graph` is one of bcue_model_build for this model that has not been planned yet. */
bcue_status bcue_fusion_view_mark(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                  bcue_graph *graph, bcue_fusion_view *view, bcue_error *error);
/* Name of the output with the summed frames of a modality: (B, pooled), before its weight. */
const char *bcue_fusion_pooled_name(bcue_model_input input);

/* weights[j] = softmax_j(scale q . k_j) for one query of one head: plain C, sums in double. */
void bcue_attention_weights(const float *query, const float *keys, int64_t key_count, int64_t width,
                            double scale, double *weights);
/* received[j]: the weight that token j gets, mean over heads and queries; they add up to 1. `query` and `key`
   are one sample's; `scratch` has view->tokens numbers. */
void bcue_attention_received(const bcue_fusion_view *view, const float *query, const float *key,
                             double *scratch, double *received);

/* M softmax(w) of paper A for each modality that the model sees, in weights[input], 0 elsewhere; all 1 with
   `fusion: sum`. False: the model is no BeamTransFuser. */
bool bcue_fusion_weights(const bcue_model_config *config, const bcue_weights *all,
                         double weights[BCUE_INPUT_COUNT]);

#endif
