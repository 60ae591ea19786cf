#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/ply.h"

static void put_header(const bcue_ply *cloud, bcue_ply_layout layout, bcue_text *out)
{
    const char *type = layout == BCUE_PLY_BINARY_FLOAT ? "float" : "double";
    bcue_text_printf(out, "ply\nformat %s 1.0\nelement vertex %zu\n",
                     layout == BCUE_PLY_ASCII ? "ascii" : "binary_little_endian", cloud->count);
    for (const char *axis = "xyz"; *axis != '\0'; axis++)
        bcue_text_printf(out, "property %s %c\n", type, *axis);
    if (cloud->intensity != NULL)
        bcue_text_puts(out, "property ushort intensity\n");
    bcue_text_puts(out, "end_header\n");
}

/* NaN becomes 0. */
static uint16_t whole_intensity(double value)
{
    double rounded = nearbyint(value);
    return rounded > 0 ? (uint16_t)(rounded < 65535 ? rounded : 65535) : 0;
}

/* Bytes of a value, least significant first, whatever the machine's order. */
static size_t put_little(uint64_t bits, size_t size, uint8_t *to)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(bits >> (8 * i));
    return size;
}

static size_t put_number(double value, bcue_ply_layout layout, uint8_t *to)
{
    uint64_t wide = 0;
    uint32_t narrow = 0;
    float single = (float)value;
    if (layout == BCUE_PLY_BINARY_FLOAT) {
        memcpy(&narrow, &single, sizeof narrow);
        return put_little(narrow, sizeof narrow, to);
    }
    memcpy(&wide, &value, sizeof wide);
    return put_little(wide, sizeof wide, to);
}

static void put_point(const bcue_ply *cloud, size_t i, bcue_ply_layout layout, bcue_text *out)
{
    const double *at = &cloud->points[3 * i];
    uint8_t row[3 * 8 + 2];
    size_t used = 0;
    if (layout == BCUE_PLY_ASCII) {
        bcue_text_printf(out, "%.6f %.6f %.6f", at[0], at[1], at[2]);
        if (cloud->intensity != NULL)
            bcue_text_printf(out, " %u", (unsigned)whole_intensity(cloud->intensity[i]));
        bcue_text_puts(out, "\n");
        return;
    }
    for (int axis = 0; axis < 3; axis++)
        used += put_number(at[axis], layout, row + used);
    if (cloud->intensity != NULL)
        used += put_little(whole_intensity(cloud->intensity[i]), 2, row + used);
    bcue_text_append(out, row, used);
}

bcue_status bcue_ply_encode(const bcue_ply *cloud, bcue_ply_layout layout, bcue_bytes *bytes,
                            bcue_error *error)
{
    bcue_text out = {0};
    *bytes = (bcue_bytes){0};
    put_header(cloud, layout, &out);
    for (size_t i = 0; i < cloud->count && !out.failed; i++)
        put_point(cloud, i, layout, &out);
    if (out.failed) {
        bcue_text_free(&out);
        return bcue_fail_memory(error, "a point cloud");
    }
    *bytes = (bcue_bytes){(uint8_t *)out.data, out.size};
    return BCUE_OK;
}

bcue_status bcue_ply_write(const char *path, const bcue_ply *cloud, bcue_ply_layout layout, bcue_error *error)
{
    bcue_bytes bytes;
    BCUE_TRY(bcue_ply_encode(cloud, layout, &bytes, error));
    bcue_status status = bcue_file_write(path, bytes.data, bytes.size, error);
    bcue_bytes_free(&bytes);
    return status;
}
