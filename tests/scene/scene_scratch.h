/* A folder for the files that a scene test makes. Include check.h first. */
#ifndef BCUE_TESTS_SCENE_SCRATCH_H
#define BCUE_TESTS_SCENE_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "beamcue/hooks.h"

static char scratch_folder[64];

/* Path of a name in the folder, which is made at the first call; valid until the fourth next call. */
static inline const char *scratch_path(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    if (scratch_folder[0] == '\0') {
        strcpy(scratch_folder, "/tmp/bcue-scene-XXXXXX");
        CHECK_AT(mkdtemp(scratch_folder) != NULL, "no folder in /tmp");
    }
    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

static inline const char *scratch_write(const char *name, const char *text)
{
    const char *path = scratch_path(name);
    bcue_error error = {{0}};
    CHECK_OK(bcue_file_write(path, text, strlen(text), &error), error);
    return path;
}

static inline void scratch_remove(void)
{
    char command[128];
    if (scratch_folder[0] == '\0')
        return;
    snprintf(command, sizeof command, "rm -rf '%s'", scratch_folder);
    CHECK_INT(system(command), 0);
    scratch_folder[0] = '\0';
}

/* Collects what is logged, one sentence a line. */
static char scratch_log_text[8192];
static inline void scratch_log(void *cookie, bcue_log_level level, const char *text)
{
    (void)cookie, (void)level;
    size_t used = strlen(scratch_log_text);
    snprintf(scratch_log_text + used, sizeof scratch_log_text - used, "%s\n", text);
}

#endif
