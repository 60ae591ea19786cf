/* Where the fixtures of tools/fixtures/make_formats.py lie. */
#ifndef BCUE_TESTS_FORMATS_FIXTURE_H
#define BCUE_TESTS_FORMATS_FIXTURE_H

#include <stdio.h>
#include "base/file.h"

/* Path of a fixture; valid until the fourth next call. */
static inline const char *fixture_path(const char *name)
{
    static char paths[4][1024];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/tests/formats/data/%s", BCUE_SOURCE_DIR, name);
    return path;
}

static inline bcue_bytes fixture_read(const char *name)
{
    bcue_bytes bytes = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_file_read(fixture_path(name), 1 << 20, &bytes, &error), error);
    return bytes;
}

#endif
