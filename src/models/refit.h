/* The weights of a network for inputs of other sizes: fewer frames, or smaller pictures. */
#ifndef BCUE_MODELS_REFIT_H
#define BCUE_MODELS_REFIT_H

#include "models/model_graph.h"

/* `weights`: of `config` for `from`; *refit: for `to`, whose modalities and beams are the same. Convolutions
   and linear layers are copied. Position embeddings ("fusion.S.pos_emb", one row per token) are cut to the
   newest frames and fixes, and resampled bilinearly to another grid, aligned at the corners of the pictures.
   BCUE_ERROR_UNSUPPORTED names a tensor that depends on the sizes in another way, or more frames than there
   were. Free with bcue_weights_free. */
bcue_status bcue_model_refit(const bcue_model_config *config, const bcue_model_inputs *from,
                             const bcue_weights *weights, const bcue_model_inputs *to, bcue_weights *refit,
                             bcue_error *error);

#endif
