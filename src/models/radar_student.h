/* The radar-only students of the CRKD paper (section IV-C) and one beyond it. Their middle layer is the
   output "mid", which a teacher's middle layer is compared with. */
#ifndef BCUE_MODELS_RADAR_STUDENT_H
#define BCUE_MODELS_RADAR_STUDENT_H

#include "models/model_graph.h"

/* Six fully connected layers with ReLU between on the whole radar window (B, P * C * H * W): "layers.0" ..
   "layers.5"; "mid": after hidden layer config->mid_layer. Hidden widths: config->widths, or, where it is
   empty, one width for all five, such that the network has config->parameters weights as nearly as can be. */
bcue_value bcue_student(bcue_graph *graph, const bcue_model_config *config, const bcue_model_inputs *inputs,
                        int64_t batch);
/* That width. */
int64_t bcue_student_width(const bcue_model_config *config, const bcue_model_inputs *inputs);

/* Points of every frame through shared layers ("points.0", "points.1"), pooled by attention ("pool"), a layer
   per frame ("frame"), pos_emb (1, P, hidden) added, pooled over the frames ("frames"), "middle", "head". */
bcue_value bcue_point_student(bcue_graph *graph, const bcue_model_config *config,
                              const bcue_model_inputs *inputs, int64_t batch);

/* BCUE_ERROR_CONFIG with a sentence, and in *key the key of `model` that it is about. */
bcue_status bcue_student_check(const bcue_model_config *config, const char **key, bcue_error *error);

#endif
