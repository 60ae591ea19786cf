#include "base/config_path.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/file.h"

bcue_status bcue_config_find_path(bcue_config *config, const char *folder, char **path, bcue_error *error)
{
    if (*path == NULL || (*path)[0] == '/')
        return BCUE_OK;
    char *beside = bcue_path_join(folder, *path);
    if (beside == NULL)
        return bcue_fail_memory(error, "the configuration");
    char *found = realpath(bcue_path_exists(beside) ? beside : *path, NULL);
    free(beside);
    if (found == NULL)
        return BCUE_OK;
    *path = bcue_config_strdup(config, found);
    free(found);
    return *path == NULL ? bcue_fail_memory(error, "the configuration") : BCUE_OK;
}
