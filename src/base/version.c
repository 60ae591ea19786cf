#include "beamcue/version.h"

#include "base/beamcue_commit.h" /* made by CMake */

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *bcue_version_string(void)
{
    return VERSION_TEXT(BCUE_VERSION_MAJOR, BCUE_VERSION_MINOR, BCUE_VERSION_PATCH);
}

const char *bcue_version_commit(void)
{
    return BCUE_BUILD_COMMIT;
}
