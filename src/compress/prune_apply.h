/* Taking units out of a network: its configuration with the smaller widths, and its weights without them. */
#ifndef BCUE_COMPRESS_PRUNE_APPLY_H
#define BCUE_COMPRESS_PRUNE_APPLY_H

#include "compress/prune_space.h"

/* `model.pruned` as YAML for the units that `space` (of this configuration) keeps: a text for
   --set model.pruned=TEXT. Every head of a layer must keep the same number: BCUE_ERROR_ARGUMENT otherwise. */
bcue_status bcue_prune_widths(const bcue_model_config *config, const bcue_prune_space *space, bcue_text *yaml,
                              bcue_error *error);
/* The configuration with other widths. Free `owned` when `to` is no longer used. */
bcue_status bcue_prune_configure(const bcue_model_config *from, const char *yaml, bcue_model_config *to,
                                 bcue_config **owned, bcue_error *error);
/* The pruned model: what `space` does not keep is gone. Where tokens become narrower for the first time, the
   layer at the stage's exit starts as the scatter to all channels. Recipes, codebook and history are copied.
   Free with bcue_model_file_free. */
bcue_status bcue_prune_apply(const bcue_model_file *from, const bcue_prune_space *space, bcue_model_file *to,
                             bcue_error *error);

/* Trained numbers of the parameters whose names begin with `prefix` ("": of all). */
bcue_status bcue_prune_count(const bcue_model_config *config, const bcue_model_inputs *inputs,
                             const char *const *prefixes, size_t prefix_count, int64_t *counts,
                             bcue_error *error);

#endif
