/* Do the widths of a pruned network fit the network that it was? */
#ifndef BCUE_MODELS_PRUNED_CHECK_H
#define BCUE_MODELS_PRUNED_CHECK_H

#include "models/model_graph.h"

/* BCUE_ERROR_CONFIG with a sentence about config->pruned. The rest of the configuration has been checked. */
bcue_status bcue_pruned_check(const bcue_model_config *config, bcue_error *error);

#endif
