/* What `model.preset` stands for: values of keys of a run configuration that are not given. */
#ifndef BCUE_LEARN_MODEL_PRESETS_H
#define BCUE_LEARN_MODEL_PRESETS_H

#include "learn/run_config.h"

/* The assignments "key=value" for what `config` does not give itself, for the modalities of `model`; none for
   models without presets. *settings is one array of *count texts; free it with free(). */
bcue_status bcue_model_preset_settings(const bcue_model_config *model, const bcue_config *config,
                                       const char ***settings, size_t *count, bcue_error *error);

#endif
