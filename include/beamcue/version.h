/* The version of the headers, and of the library that is running. */
#ifndef BEAMCUE_VERSION_H
#define BEAMCUE_VERSION_H

#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The one place where the version is written; the build reads it from here. */
#define BCUE_VERSION_MAJOR 0
#define BCUE_VERSION_MINOR 1
#define BCUE_VERSION_PATCH 0

/* For comparisons in #if: 1.2.3 is 10203. */
#define BCUE_VERSION_NUMBER (BCUE_VERSION_MAJOR * 10000 + BCUE_VERSION_MINOR * 100 + BCUE_VERSION_PATCH)

/* "major.minor.patch" of the library, which a shared library may have newer than these headers. Static
 * storage; any thread. */
BCUE_API const char *bcue_version_string(void);
/* The same as BCUE_VERSION_NUMBER. */
BCUE_API int bcue_version_number(void);

#ifdef __cplusplus
}
#endif
#endif
