/* Test helper: write small files of a fabricated recording below the binary folder. */
#ifndef BCUE_TESTS_DATASET_FABRICATE_H
#define BCUE_TESTS_DATASET_FABRICATE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static char fabricate_root[1024];

/* Files written from now on lie in BINARY_DIR/NAME, which starts empty. */
static inline void fabricate_begin(const char *name)
{
    char command[2100];
    snprintf(fabricate_root, sizeof fabricate_root, "%s/fabricated/%s", BCUE_BINARY_DIR, name);
    snprintf(command, sizeof command, "rm -rf '%s'", fabricate_root);
    CHECK(system(command) == 0);
}

static inline void fabricate_bytes(const char *file, const void *data, size_t size)
{
    bcue_error error;
    char *path = bcue_path_join(fabricate_root, file), *folder = bcue_path_dirname(path);
    CHECK_OK(bcue_make_dirs(folder, &error), error);
    CHECK_OK(bcue_file_write(path, data, size, &error), error);
    free(folder);
    free(path);
}

static inline void fabricate_text(const char *file, const char *text)
{
    fabricate_bytes(file, text, strlen(text));
}

/* A power file of `count` beams with its best at `best`: 0.1 everywhere, 0.9 there. */
static inline void fabricate_power(const char *file, int count, int best)
{
    bcue_text text = {0};
    for (int i = 0; i < count; i++)
        bcue_text_puts(&text, i == best ? "9.0e-01\r\n" : "0.1\n");
    fabricate_bytes(file, text.data, text.size);
    bcue_text_free(&text);
}

static inline void fabricate_fix(const char *file, double latitude, double longitude)
{
    char text[96];
    snprintf(text, sizeof text, "%.12f\n%.12f\n", latitude, longitude);
    fabricate_text(file, text);
}

/* A version 5 MAT file with one real matrix; `values` in MATLAB's order. */
static inline void fabricate_mat(const char *file, const char *name, int32_t rows, int32_t columns,
                                 const double *values)
{
    unsigned char bytes[16384] = {0};
    size_t name_size = strlen(name), padded = (name_size + 7) / 8 * 8, count = (size_t)rows * (size_t)columns;
    memset(bytes, ' ', 124);
    memcpy(bytes, "MATLAB 5.0 MAT-file", 19);
    memcpy(bytes + 124, "\0\1IM", 4);
    uint32_t words[] = {14,
                        (uint32_t)(16 + 16 + 8 + padded + 8 + 8 * count),
                        6,
                        8,
                        6,
                        0,
                        5,
                        8,
                        (uint32_t)rows,
                        (uint32_t)columns,
                        1,
                        (uint32_t)name_size};
    memcpy(bytes + 128, words, sizeof words);
    memcpy(bytes + 128 + sizeof words, name, name_size);
    uint32_t tag[] = {9, (uint32_t)(8 * count)};
    memcpy(bytes + 128 + sizeof words + padded, tag, sizeof tag);
    memcpy(bytes + 128 + sizeof words + padded + 8, values, 8 * count);
    fabricate_bytes(file, bytes, 128 + sizeof words + padded + 8 + 8 * count);
}

#endif
