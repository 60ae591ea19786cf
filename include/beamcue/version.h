/* Which beamcue this is. */
#ifndef BEAMCUE_VERSION_H
#define BEAMCUE_VERSION_H

#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The one place of the version: CMake reads it from here. */
#define BCUE_VERSION_MAJOR 0
#define BCUE_VERSION_MINOR 1
#define BCUE_VERSION_PATCH 0

/* "0.1.0" of the library that is linked, which may be newer than this header. Static storage; any thread. */
BCUE_API const char *bcue_version_string(void);
/* The commit the library was built from, "unknown" outside a checkout. Static storage; any thread. */
BCUE_API const char *bcue_version_commit(void);

#ifdef __cplusplus
}
#endif
#endif
