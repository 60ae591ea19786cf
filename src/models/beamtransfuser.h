/* BeamTransFuser (paper A, section III; the structure and the 78,422,528 parameters of its public parent):
   a ResNet per picture modality; after each of its four stages all frames of all modalities are pooled to
   tokens, which a transformer mixes and gives back to the branches; pooled vectors are added and a small MLP
   scores the beams.

   Tokens of a stage: camera frames oldest to newest, LiDAR, radar, each row-major on its grid, then one per
   fix. The grid is `anchors` x `anchors`, less where a stage has fewer rows or columns. The first linear of
   "gps" reads the fixes, the next ones the tokens of the fixes that left the stage before.

   Parameters: "camera", "lidar", "radar" (as in models/resnet.h), "gps.1" .. "gps.4", "fusion.1" ..
   "fusion.4" (pos_emb (1, T, D), blocks.N.*, ln_f, and project_in.M, project_out.M where D is not the stage's
   channels), "head.0", "head.2", ..., "gps.project" for the same reason, "modality.weight" (M) with fusion:
   softmax. */
#ifndef BCUE_MODELS_BEAMTRANSFUSER_H
#define BCUE_MODELS_BEAMTRANSFUSER_H

#include "models/model_graph.h"

/* Adds the inputs and the network to `graph`; returns the logits (batch, beams). What leaves stage S in
   branch M is the node "fusion.S.M" (M: camera, lidar, radar, gps): (batch * P, C, H, W) or (batch, fixes,
   D). `gap` (may be NULL): see models/model_graph.h. BCUE_FORM_STAGED: the inputs of the branches are not
   pictures but what leaves stage 1 of the trunk (B, P, channels, height, width). The configuration has passed
   bcue_beamtransfuser_check. */
bcue_value bcue_beamtransfuser(bcue_graph *graph, const bcue_model_config *config,
                               const bcue_model_inputs *inputs, int64_t batch, bcue_model_form form,
                               const bcue_model_gap *gap);
/* Rows and columns of the tokens of one frame of a picture after a stage, 1 .. 4. */
void bcue_beamtransfuser_grid(const bcue_model_config *config, const bcue_model_inputs *inputs,
                              bcue_model_input input, int stage, int64_t grid[2]);
/* Which rows of a stage's pos_emb are a modality's: from first[m], count[m] of them, 0 where the model is not
   made for it. Returns all of them. */
int64_t bcue_beamtransfuser_tokens(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                   int stage, int64_t first[BCUE_INPUT_COUNT],
                                   int64_t count[BCUE_INPUT_COUNT]);
/* BCUE_ERROR_CONFIG with a sentence, and in *key the key of `model` that it is about. */
bcue_status bcue_beamtransfuser_check(const bcue_model_config *config, const char **key, bcue_error *error);

/* What models with a list of modalities share: known ones, each once, and trunks that exist. */
bcue_status bcue_modalities_check(const bcue_model_config *config, const char **key, bcue_error *error);

#endif
