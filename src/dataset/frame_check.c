#include "dataset/frame_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/image.h"
#include "formats/npy.h"
#include "formats/ply.h"

enum { PEEK_SIZE = 4096 };

/* The first bytes of a file, NUL-terminated, and its last byte. */
typedef struct file_peek {
    char head[PEEK_SIZE + 1];
    size_t head_size;
    int last;
} file_peek;

static bool peek(const char *path, file_peek *seen)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return false;
    seen->head_size = fread(seen->head, 1, PEEK_SIZE, stream);
    seen->head[seen->head_size] = '\0';
    seen->last = fseek(stream, -1, SEEK_END) == 0 ? fgetc(stream) : EOF;
    fclose(stream);
    return seen->last != EOF;
}

/* Bytes that an npy header announces in all; 0 = it cannot be told. */
static size_t npy_size(const file_peek *seen)
{
    const unsigned char *bytes = (const unsigned char *)seen->head;
    if (seen->head_size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return 0;
    size_t length = bytes[8] | (size_t)bytes[9] << 8, start = 10;
    if (bytes[6] > 1) {
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
        start = 12;
    }
    const char *descr = strstr(seen->head + start, "'descr'"), *shape = strstr(seen->head + start, "'shape'");
    if (start + length > seen->head_size)
        return seen->head_size < PEEK_SIZE
                   ? SIZE_MAX
                   : 0; /* the file ends in its header, or the header is unusually long */
    if (descr == NULL || shape == NULL)
        return 0;
    descr = strpbrk(descr + 7, "<>|=");
    shape = strchr(shape, '(');
    if (descr == NULL || shape == NULL)
        return 0;
    size_t bytes_needed = strtoul(descr + 2, NULL, 10);
    for (const char *at = shape + 1; *at != '\0' && *at != ')';) {
        char *end;
        unsigned long side = strtoul(at, &end, 10);
        if (end == at) {
            at++;
            continue;
        }
        if (!bcue_mul_size(bytes_needed, side, &bytes_needed))
            return SIZE_MAX;
        at = end;
    }
    return bcue_add_size(bytes_needed, start + length, &bytes_needed) ? bytes_needed : SIZE_MAX;
}

static size_t ply_type_size(const char *type)
{
    static const struct {
        const char *name;
        size_t size;
    } types[] = {{"char", 1},  {"uchar", 1},   {"int8", 1},   {"uint8", 1},  {"short", 2}, {"ushort", 2},
                 {"int16", 2}, {"uint16", 2},  {"int", 4},    {"uint", 4},   {"int32", 4}, {"uint32", 4},
                 {"float", 4}, {"float32", 4}, {"double", 8}, {"float64", 8}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, type) == 0)
            return types[i].size;
    return 0;
}

typedef struct ply_header {
    bool ascii;
    size_t size; /* of the header */
    size_t points, properties, point_size;
} ply_header;

/* The header of a cloud whose first element is its points; false: it is none, or something else comes first.
 */
static bool read_ply_header(const file_peek *seen, ply_header *header)
{
    *header = (ply_header){0};
    if (strncmp(seen->head, "ply", 3) != 0)
        return false;
    bool in_points = false;
    for (const char *line = seen->head; (line = strchr(line, '\n')) != NULL;) {
        char word[32], type[32];
        line++;
        if (sscanf(line, "format %31s", word) == 1)
            header->ascii = strcmp(word, "ascii") == 0;
        else if (sscanf(line, "element %31s", word) == 1) {
            if (!in_points && strcmp(word, "vertex") != 0)
                return false;
            in_points = strcmp(word, "vertex") == 0;
            if (in_points)
                header->points = strtoul(line + 15, NULL, 10);
        } else if (in_points && sscanf(line, "property %31s", type) == 1) {
            header->properties++;
            header->point_size += ply_type_size(type);
        } else if (strncmp(line, "end_header", 10) == 0) {
            const char *end = strchr(line, '\n');
            header->size = end != NULL ? (size_t)(end + 1 - seen->head) : 0;
            return end != NULL;
        }
    }
    return false;
}

static bool unreadable_cloud(const char *path)
{
    bcue_ply cloud;
    if (bcue_ply_read(path, &cloud, NULL) != BCUE_OK)
        return true;
    bcue_ply_free(&cloud);
    return false;
}

static bool cloud_damaged(const char *path, const file_peek *seen, size_t size, bool thorough)
{
    ply_header header;
    size_t needed;
    if (strncmp(seen->head, "ply", 3) != 0)
        return bcue_ends_with(path, ".ply");
    if (!read_ply_header(seen, &header))
        return seen->head_size <
               PEEK_SIZE; /* the file ends inside its header, or the header is longer than was read */
    /* An ASCII number is at least a digit and a blank. */
    if (!bcue_mul_size(header.points, header.ascii ? 2 * header.properties : header.point_size, &needed) ||
        size - header.size + (header.ascii ? 1 : 0) < needed)
        return true;
    return thorough && header.ascii && unreadable_cloud(path);
}

static bool array_damaged(const char *path, const file_peek *seen, size_t size, bool thorough)
{
    bcue_npy array;
    if (!bcue_ends_with(path, ".npy"))
        return false;
    size_t needed = npy_size(seen);
    if (needed > size || memcmp(seen->head, "\x93NUMPY", 6) != 0)
        return true;
    if (!thorough)
        return false;
    if (bcue_npy_read(path, &array, NULL) != BCUE_OK)
        return true;
    bcue_npy_free(&array);
    return false;
}

bool bcue_frame_damaged(const char *path, bcue_modality modality, size_t size, bool thorough)
{
    file_peek seen;
    bcue_image image;
    if (size == 0)
        return true;
    if (modality == BCUE_CAMERA) {
        if (!thorough)
            return false;
        if (bcue_image_read(path, 0, &image, NULL) != BCUE_OK)
            return true;
        bcue_image_free(&image);
        return false;
    }
    if (modality != BCUE_LIDAR && modality != BCUE_RADAR)
        return false;
    if (!peek(path, &seen))
        return true;
    return modality == BCUE_LIDAR ? cloud_damaged(path, &seen, size, thorough)
                                  : array_damaged(path, &seen, size, thorough);
}
