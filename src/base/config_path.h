/* Paths in configurations. */
#ifndef BCUE_BASE_CONFIG_PATH_H
#define BCUE_BASE_CONFIG_PATH_H

#include "base/config.h"

/* A relative path that exists beside the file (`folder` is the file's) or in the working folder becomes
   absolute, so that what was read works from anywhere; others, and NULL, stay as they are: whoever opens them
   says what is wrong. */
bcue_status bcue_config_find_path(bcue_config *config, const char *folder, char **path, bcue_error *error);

#endif
