/* A modality that is missing, filled in at the entry of its branch (paper A, section IV-B): a conditional
   variational auto-encoder (Sohn et al. 2015) that generates the normalised input maps of every frame of the
   missing modalities out of the inputs of the others. The whole network then runs on them. One generator
   serves every pattern of missing modalities.

   x: inputs less their mean in training ("complete.input.M"), over one spread for each modality.
   encoder of a modality: each frame (C, H, W) through a 7 x 7 convolution of stride 4 and 8 channels, ReLU,
   adaptive average pooling to at most 8 x 16, flattened; of GNSS: the numbers of its fixes as they are.
   decoder: h = ReLU(A z + sum over what is there of (B_m encoder_m(x_m) + b_m)), h' = ReLU(C h + c); for a
   picture a linear layer with ReLU to `channels` maps of a sixteenth of its height and width for each frame,
   then four times: bilinear to twice the size, 3 x 3 convolution, ReLU (but not at the end); the channels are
   halved each time, not below 4. For GNSS a linear layer.
   posterior (training only): encoders of its own of all modalities, what is there and what is missing, and
   which is which, through two linear layers to mean and log variance. prior: N(0, 1) (the paper's), or
   learned from the decoder's encoders of what is there. */
#ifndef BCUE_MODELS_MAP_COMPLETION_H
#define BCUE_MODELS_MAP_COMPLETION_H

#include "models/completion.h"

/* Inputs: those of the network (models/model_graph.h) that are there, for `batch` windows, and "latent"
   (batch, latent): zeros give the mean of the prior, draws of N(0, 1) a draw of it. Outputs "made.M"
   (bcue_completion_made_name) of what is missing, in the shape of the network's input. */
bcue_status bcue_map_completion_build(const bcue_completion *completion, const bcue_model_config *config,
                                      const bcue_model_inputs *inputs, unsigned missing, int64_t batch,
                                      bcue_graph **graph, bcue_error *error);

/* Training. Inputs: all those of the network, "there.M" (batch, 1), 1 or 0, "latent" (batch, latent), draws
   of N(0, 1), and "kl_weight" (1). Outputs, means over the batch: "reconstruction.M", half the mean squared
   error of the numbers of M where it is missing, "reconstruction", their sum, "kl" KL(q(z | x, y) || p(z |
   x)), "loss" = weight reconstruction + kl_weight kl: a likelihood in which every modality counts as `weight`
   numbers of deviation 1 spread, however many it has. Without `posterior` z comes from the prior and there is
   no kl. */
bcue_status bcue_map_completion_build_training(const bcue_completion *completion,
                                               const bcue_model_config *config,
                                               const bcue_model_inputs *inputs, double weight, bool posterior,
                                               int64_t batch, bcue_graph **graph, bcue_error *error);

/* Into a graph that is not to be run: every parameter of what bcue_map_completion_build builds. `latent`: (1,
   latent). */
void bcue_map_completion_keep(bcue_graph *graph, const bcue_completion *completion,
                              const bcue_model_config *config, const bcue_model_inputs *inputs,
                              bcue_value latent);

#endif
