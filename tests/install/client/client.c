/* The smallest program that a user would write against the installed library. */
#include <beamcue/status.h>
#include <beamcue/version.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char headers[32];
    snprintf(headers, sizeof headers, "%d.%d.%d", BCUE_VERSION_MAJOR, BCUE_VERSION_MINOR, BCUE_VERSION_PATCH);
    if (strcmp(headers, bcue_version_string()) != 0 || bcue_version_commit()[0] == '\0') {
        fprintf(stderr, "headers are of %s, the library of %s\n", headers, bcue_version_string());
        return 1;
    }
    printf("beamcue %s: %s\n", bcue_version_string(), bcue_status_name(BCUE_OK));
    return 0;
}
