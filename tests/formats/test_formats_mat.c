/* MAT v5 against SciPy (tools/fixtures/make_mat.py), real codebooks where they are, and damaged files. */
#include "check.h"
#include "formats_fixture.h"

#include <stdlib.h>

#include "formats/mat.h"

static const char *const names[] = {"list_RSS", "cells{1}", "box.x", "box.inner{2}",
                                    "bytes",    "big",      "cube",  "nothing"};
enum { NAMES = sizeof names / sizeof names[0] };

static void check_file(const char *file)
{
    bcue_error error;
    bcue_mat m;
    const char *path = fixture_path(file);
    CHECK_OK(bcue_mat_read(path, "list_RSS", &m, &error), error);
    CHECK(m.rank == 2 && m.shape[0] == 3 && m.shape[1] == 6 && m.imaginary == NULL);
    for (size_t column = 0; column < 6; column++)
        CHECK_NEAR(m.real[column * 3 + 2], 12.0 + (double)column - 90, 0); /* the last row */
    bcue_mat_free(&m);
    CHECK_OK(bcue_mat_read(path, "cells{1}", &m, &error), error);
    CHECK(m.count == 3 && m.imaginary != NULL && m.real[2] == 2 && m.imaginary[0] == 2 &&
          m.imaginary[2] == 0);
    bcue_mat_free(&m);
    CHECK_OK(bcue_mat_read(path, "box.x", &m, &error), error);
    CHECK(m.count == 2 && m.real[1] == 2.5);
    bcue_mat_free(&m);
    CHECK_OK(bcue_mat_read(path, "box.inner{2}", &m, &error), error);
    CHECK(m.count == 4 && m.real[0] == 5 && m.real[1] == 7 && m.real[3] == -8);
    bcue_mat_free(&m);
    CHECK_OK(bcue_mat_read(path, "bytes", &m, &error), error);
    CHECK(m.count == 3 && m.real[2] == 255);
    bcue_mat_free(&m);
    CHECK_OK(bcue_mat_read(path, "big", &m, &error), error);
    CHECK(m.count == 1 && m.real[0] == -1099511627776.0);
    bcue_mat_free(&m);
    CHECK_OK(bcue_mat_read(path, "empty", &m, &error), error);
    CHECK(m.count == 0 && m.shape[1] == 4);
    bcue_mat_free(&m);
    CHECK_OK(bcue_mat_read(path, "cube", &m, &error), error);
    CHECK(m.rank == 3 && m.shape[2] == 4 && m.real[1] == 12 && m.real[2] == 4);
    bcue_mat_free(&m);
    static const char *const refused[] = {"text",  "nothing", "cells",      "cells{3}",    "cells{x}",
                                          "box.y", "box",     "list_RSS.x", "box.inner{2", "box..x"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CHECK_STATUS(bcue_mat_read(path, refused[i], &m, &error), BCUE_ERROR_FORMAT);
        CHECK_CONTAINS(error.text, file);
    }
    CHECK_STATUS(bcue_mat_read(path, "", &m, &error), BCUE_ERROR_ARGUMENT);
}

static void test_arrays(void)
{
    check_file("arrays.mat");
    check_file("arrays_compressed.mat");
}

static void try_all(const uint8_t *data, size_t size)
{
    bcue_error error = {{0}};
    bcue_mat m;
    for (int n = 0; n < NAMES; n++)
        if (bcue_mat_decode(data, size, "damaged.mat", names[n], &m, &error) == BCUE_OK)
            bcue_mat_free(&m);
        else
            CHECK_CONTAINS(error.text, "damaged.mat");
}

static void check_damage(const char *file)
{
    bcue_bytes whole = fixture_read(file);
    uint32_t state = 1;
    for (size_t length = 0; length < whole.size; length++) {
        uint8_t *cut = malloc(length + 1); /* exact size, so that the sanitizer sees a read beyond the end */
        uint8_t *exact = realloc(cut, length > 0 ? length : 1);
        memcpy(exact, whole.data, length);
        try_all(exact, length);
        free(exact);
    }
    for (int round = 0; round < 1000; round++) {
        state = state * 1664525U + 1013904223U;
        size_t place = (state >> 4) % whole.size;
        whole.data[place] ^= (uint8_t)(1U << (state >> 29));
        try_all(whole.data, whole.size);
        whole.data[place] ^= (uint8_t)(1U << (state >> 29));
    }
    bcue_bytes_free(&whole);
}

static void test_damage(void)
{
    check_damage("arrays.mat");
    check_damage("arrays_compressed.mat");
}

static void test_other_versions(void)
{
    static const char v73[] = "\211HDF\r\n\032\n and more";
    bcue_error error;
    bcue_mat m;
    CHECK_STATUS(bcue_mat_decode(v73, sizeof v73, "a.mat", "x", &m, &error), BCUE_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(error.text, "-v7");
    CHECK_STATUS(bcue_mat_read("/nowhere.mat", "x", &m, &error), BCUE_ERROR_IO);
}

static void test_real_codebooks(void)
{
    static const char codebook[] = BCUE_SOURCE_DIR "/../shared/realdata/paper_b_codebook/beam_weights.mat";
    static const char pattern[] =
        BCUE_SOURCE_DIR "/../shared/realdata/deepsense_codebook/built_in_beam_pattern_1.mat";
    if (!bcue_path_exists(codebook))
        SKIP("no codebooks at %s", codebook);
    bcue_error error;
    bcue_mat m;
    CHECK_OK(bcue_mat_read(codebook, "beam_weights.single_beam{39}", &m, &error), error);
    CHECK_INT(m.count, 64);
    double norm = 0;
    for (size_t i = 0; i < m.count; i++)
        norm += m.real[i] * m.real[i] + (m.imaginary != NULL ? m.imaginary[i] * m.imaginary[i] : 0);
    CHECK_NEAR(norm, 64, 1e-9);
    bcue_mat_free(&m);
    CHECK_OK(bcue_mat_read(pattern, "beam_pattern", &m, &error), error);
    CHECK(m.rank == 2 && m.shape[0] == 1 && m.shape[1] == 211);
    bcue_mat_free(&m);
}

int main(void)
{
    RUN(test_arrays);
    RUN(test_damage);
    RUN(test_other_versions);
    RUN(test_real_codebooks);
    return check_summary();
}
