#include "beamcue/version.h"

#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)

const char *bcue_version_string(void)
{
    return TEXT(BCUE_VERSION_MAJOR) "." TEXT(BCUE_VERSION_MINOR) "." TEXT(BCUE_VERSION_PATCH);
}

int bcue_version_number(void)
{
    return BCUE_VERSION_NUMBER;
}
