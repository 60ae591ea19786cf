/* What the fuzz targets share. A broken promise ends the process, which libFuzzer reports with the input. */
#ifndef BCUE_TESTS_FUZZ_H
#define BCUE_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "beamcue/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_NAME "input"

static inline void fuzz_require(int holds, const char *what, const bcue_error *error)
{
    if (holds)
        return;
    fprintf(stderr, "broken promise: %s (%s)\n", what, error->text);
    abort();
}

/* A refusal is of the right sort and its sentence starts with the file's name. */
static inline void fuzz_check_refusal(bcue_status status, const bcue_error *error)
{
    fuzz_require(status == BCUE_ERROR_FORMAT || status == BCUE_ERROR_UNSUPPORTED ||
                     status == BCUE_ERROR_CONFIG,
                 bcue_status_name(status), error);
    fuzz_require(strncmp(error->text, FUZZ_NAME ":", sizeof FUZZ_NAME) == 0, "the sentence names no file",
                 error);
}

#endif
