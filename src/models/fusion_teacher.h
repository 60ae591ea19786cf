/* The multimodal teacher of the CRKD paper (section IV-B). A ResNet each for camera and LiDAR map; the maps
   of its last stage, pooled to anchors x anchors, are tokens. The radar points of a frame go through shared
   layers and attention pooling to `queries` tokens, then one transformer block (expansion 1) and a linear
   layer; the fixes of all vehicles likewise. One transformer over all tokens of all frames; their mean is the
   fused representation, the output "mid"; a linear layer scores the beams.

   Tokens: camera frames oldest to newest, LiDAR, radar, vehicles. Parameters: "camera", "lidar"
   (models/resnet.h and "project"), "radar", "vehicles" ("points.0", "points.1", "pool.score", "blocks.0.*",
   "project"), "fusion" (pos_emb (1, T, hidden), blocks.N.*, ln_f), "head". In `modalities` gps stands for the
   vehicles. */
#ifndef BCUE_MODELS_FUSION_TEACHER_H
#define BCUE_MODELS_FUSION_TEACHER_H

#include "models/model_graph.h"

/* The configuration has passed bcue_teacher_check. */
bcue_value bcue_teacher(bcue_graph *graph, const bcue_model_config *config, const bcue_model_inputs *inputs,
                        int64_t batch);
/* BCUE_ERROR_CONFIG with a sentence, and in *key the key of `model` that it is about. */
bcue_status bcue_teacher_check(const bcue_model_config *config, const char **key, bcue_error *error);

#endif
