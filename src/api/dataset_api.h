/* Opening recordings the way the public calls take them. */
#ifndef BCUE_API_DATASET_API_H
#define BCUE_API_DATASET_API_H

#include "dataset/recordings.h"

/* A configuration file (its `data` section; a whole run configuration is fine) or a scenario folder by
 * itself. Destroy *config after the data set. */
bcue_status bcue_open_recordings(const char *config_or_folder, const char *const *overrides,
                                 size_t override_count, const bcue_hooks *hooks, bcue_dataset **dataset,
                                 bcue_config **config, bcue_error *error);
/* The same, and the section `data` as it was read; its texts live as long as *config. */
bcue_status bcue_open_recordings_as(const char *config_or_folder, const char *const *overrides,
                                    size_t override_count, const bcue_hooks *hooks, bcue_dataset **dataset,
                                    bcue_data_config *data, bcue_config **config, bcue_error *error);

#endif
