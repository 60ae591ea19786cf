/* A network's weights as a PyTorch state dict in safetensors. */
#ifndef BCUE_EXCHANGE_TORCH_WEIGHTS_H
#define BCUE_EXCHANGE_TORCH_WEIGHTS_H

#include "base/text.h"
#include "models/model_file.h"

/* The name that a parameter of beamcue has in PyTorch. A ResNet without position: torchvision's
   ("conv1.weight", "fc.weight"). BeamTransFuser: those of the public code of its parent network
   ("encoder.transformer1.blocks.0.attn.key.weight", "join.0.weight"), as tools/peer/convert.py has them, and
   its own name where that has no such part. Everything else: unchanged, which for recurrent units is already
   torch.nn.GRU's. Appends to `out`. */
void bcue_torch_name(const bcue_model_config *config, const char *name, bcue_text *out);

/* All tensors by these names, and beside the statistics of every batch norm its counter num_batches_tracked
   (0), without which load_state_dict is not strict. Atomic. */
bcue_status bcue_torch_write_weights(const char *path, const bcue_model_file *model, bcue_error *error);

#endif
