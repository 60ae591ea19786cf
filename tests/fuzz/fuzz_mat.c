#include "fuzz.h"
#include "formats/mat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"list_RSS", "cells{1}", "box.x", "box.inner{2}", "bytes"};
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        bcue_mat matrix;
        bcue_error error = {{0}};
        bcue_status status = bcue_mat_decode(data, size, FUZZ_NAME, names[n], &matrix, &error);
        if (status != BCUE_OK) {
            fuzz_check_refusal(status, &error);
            continue;
        }
        /* One byte may become a double of eight, and deflate may stand for a thousand bytes with one. */
        fuzz_require(matrix.count <= size * 1100, "more numbers than the file can hold", &error);
        bcue_mat_free(&matrix);
    }
    return 0;
}
