#include "formats/mat.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum {
    LARGEST_FILE = 1 << 30,
    LARGEST_ELEMENT = 1 << 30,
    HEADER_SIZE = 128,
    DEEPEST = 16,     /* steps of a name */
    PEEK_SIZE = 1024, /* of a compressed variable, to see its name */
    NAME_SIZE = 128,
};

/* Data types of elements (mi...) and classes of arrays (mx...), by their numbers in the format. */
enum {
    MI_INT8 = 1,
    MI_UINT8,
    MI_INT16,
    MI_UINT16,
    MI_INT32,
    MI_UINT32,
    MI_SINGLE,
    MI_DOUBLE = 9,
    MI_INT64 = 12,
    MI_UINT64,
    MI_MATRIX,
    MI_COMPRESSED
};
enum { MX_CELL = 1, MX_STRUCT = 2, MX_DOUBLE = 6, MX_UINT64 = 15 };

/* A stretch of bytes being read, and for messages where it lies. */
typedef struct mat_reader {
    const uint8_t *at, *end;
    bool swap; /* the file's byte order is not little endian */
    const char *file, *name;
} mat_reader;

typedef struct mat_element {
    uint32_t type;
    const uint8_t *data;
    size_t size;
} mat_element;

/* A matrix element, opened: what follows its name is still to be read from `rest`. */
typedef struct mat_array {
    int class;
    bool complex;
    int rank;
    size_t shape[BCUE_MAT_MAX_RANK];
    size_t count;
    char name[NAME_SIZE];
    mat_reader rest;
} mat_array;

void bcue_mat_free(bcue_mat *matrix)
{
    free(matrix->real);
    free(matrix->imaginary);
    *matrix = (bcue_mat){0};
}

static bcue_status damaged(const mat_reader *reader, bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_FORMAT,
                     "%s: %s: cut off or damaged %zu bytes before the end of its element", reader->file,
                     reader->name, (size_t)(reader->end - reader->at));
}

static uint64_t read_word(const uint8_t *bytes, size_t size, bool swap)
{
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)bytes[swap ? size - 1 - i : i] << (8 * i);
    return word;
}

/* The next element: a tag of eight bytes and padded data, or the small form with up to four bytes inside the
 * tag. */
static bcue_status next_element(mat_reader *reader, mat_element *element, bcue_error *error)
{
    if (reader->end - reader->at < 8)
        return damaged(reader, error);
    uint32_t first = (uint32_t)read_word(reader->at, 4, reader->swap);
    if (first >> 16 != 0) {
        *element = (mat_element){first & 0xFFFF, reader->at + 4, first >> 16};
        if (element->size > 4)
            return damaged(reader, error);
        reader->at += 8;
        return BCUE_OK;
    }
    *element = (mat_element){first, reader->at + 8, (size_t)read_word(reader->at + 4, 4, reader->swap)};
    size_t left = (size_t)(reader->end - reader->at) - 8;
    if (element->size > left)
        return damaged(reader, error);
    size_t padded = element->type == MI_COMPRESSED ? element->size : (element->size + 7) / 8 * 8;
    reader->at += 8 + (padded < left ? padded : left);
    return BCUE_OK;
}

static size_t type_size(uint32_t type)
{
    switch (type) {
    case MI_INT8:
    case MI_UINT8:
        return 1;
    case MI_INT16:
    case MI_UINT16:
        return 2;
    case MI_INT32:
    case MI_UINT32:
    case MI_SINGLE:
        return 4;
    case MI_DOUBLE:
    case MI_INT64:
    case MI_UINT64:
        return 8;
    default:
        return 0;
    }
}

static double number_at(const mat_element *element, size_t i, bool swap)
{
    size_t size = type_size(element->type);
    uint64_t word = read_word(element->data + i * size, size, swap);
    uint32_t half = (uint32_t)word;
    float single;
    double value;
    switch (element->type) {
    case MI_INT8:
        return (double)(int8_t)word;
    case MI_INT16:
        return (double)(int16_t)word;
    case MI_INT32:
        return (double)(int32_t)word;
    case MI_INT64:
        return (double)(int64_t)word;
    case MI_SINGLE:
        memcpy(&single, &half, sizeof single);
        return (double)single;
    case MI_DOUBLE:
        memcpy(&value, &word, sizeof value);
        return value;
    default:
        return (double)word;
    }
}

/* Open the contents of a matrix element: flags, shape, name. */
static bcue_status open_array(mat_reader reader, mat_array *array, bcue_error *error)
{
    mat_element flags = {0}, shape = {0}, name = {0};
    BCUE_TRY(next_element(&reader, &flags, error));
    if (flags.type != MI_UINT32 || flags.size != 8)
        return damaged(&reader, error);
    uint32_t word = (uint32_t)read_word(flags.data, 4, reader.swap);
    *array = (mat_array){.class = (int)(word & 0xFF), .complex = (word & 0x800) != 0, .count = 1};
    BCUE_TRY(next_element(&reader, &shape, error));
    if (shape.type != MI_INT32 || shape.size % 4 != 0 || shape.size / 4 < 1 ||
        shape.size / 4 > BCUE_MAT_MAX_RANK)
        return damaged(&reader, error);
    array->rank = (int)(shape.size / 4);
    for (int i = 0; i < array->rank; i++) {
        double side = number_at(&shape, (size_t)i, reader.swap);
        if (side < 0)
            return damaged(&reader, error);
        array->shape[i] = (size_t)side;
        if (!bcue_mul_size(array->count, array->shape[i], &array->count))
            return damaged(&reader, error);
    }
    BCUE_TRY(next_element(&reader, &name, error));
    if (name.type != MI_INT8 || name.size >= sizeof array->name)
        return damaged(&reader, error);
    memcpy(array->name, name.data, name.size);
    array->rest = reader;
    return BCUE_OK;
}

/* Part `number` of the matrices that follow. */
static bcue_status open_part(mat_reader reader, size_t number, mat_array *part, bcue_error *error)
{
    mat_element element = {0};
    for (size_t i = 0; i <= number; i++) {
        BCUE_TRY(next_element(&reader, &element, error));
        if (element.type != MI_MATRIX)
            return damaged(&reader, error);
    }
    reader.at = element.data;
    reader.end = element.data + element.size;
    return open_array(reader, part, error);
}

static bcue_status no_such_part(const mat_reader *reader, bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: there is no %s", reader->file, reader->name);
}

static bcue_status open_field(const mat_array *array, const char *field, mat_array *part, bcue_error *error)
{
    mat_reader reader = array->rest;
    mat_element width = {0}, names = {0};
    if (array->class != MX_STRUCT || array->count != 1)
        return no_such_part(&reader, error);
    BCUE_TRY(next_element(&reader, &width, error));
    BCUE_TRY(next_element(&reader, &names, error));
    if (width.type != MI_INT32 || width.size != 4 || names.type != MI_INT8)
        return damaged(&reader, error);
    double length = number_at(&width, 0, reader.swap);
    if (length < 1 || length > (double)names.size)
        return damaged(&reader, error);
    size_t step = (size_t)length;
    for (size_t i = 0; i < names.size / step; i++) {
        const char *name = (const char *)names.data + i * step;
        if (strlen(field) < step && strncmp(name, field, step) == 0)
            return open_part(reader, i, part, error);
    }
    return no_such_part(&reader, error);
}

static bcue_status follow(const char *steps, mat_array *array, bcue_error *error)
{
    for (int depth = 0; *steps != '\0'; depth++) {
        char step[NAME_SIZE];
        size_t length = strcspn(steps + 1, ".{}");
        mat_array part;
        int64_t index;
        if (length == 0 || length >= sizeof step || depth == DEEPEST)
            return no_such_part(&array->rest, error);
        memcpy(step, steps + 1, length);
        step[length] = '\0';
        if (*steps == '.')
            BCUE_TRY(open_field(array, step, &part, error));
        else if (*steps == '{' && array->class == MX_CELL && steps[1 + length] == '}' &&
                 bcue_parse_int64(step, &index) && index >= 0 && (uint64_t)index < array->count) {
            BCUE_TRY(open_part(array->rest, (size_t)index, &part, error));
            length++;
        } else
            return no_such_part(&array->rest, error);
        *array = part;
        steps += 1 + length;
    }
    return BCUE_OK;
}

static bcue_status read_numbers(mat_array *array, double **numbers, bcue_error *error)
{
    mat_element element = {0};
    BCUE_TRY(next_element(&array->rest, &element, error));
    size_t size = type_size(element.type);
    /* The data must be there before memory is asked for, so that a wild shape costs nothing. */
    if (size == 0 || element.size / size != array->count || element.size % size != 0)
        return damaged(&array->rest, error);
    *numbers = bcue_calloc(array->count, sizeof **numbers);
    if (*numbers == NULL)
        return bcue_fail_memory(error, array->rest.file);
    for (size_t i = 0; i < array->count; i++)
        (*numbers)[i] = number_at(&element, i, array->rest.swap);
    return BCUE_OK;
}

static bcue_status take_array(mat_array *array, bcue_mat *matrix, bcue_error *error)
{
    if (array->class < MX_DOUBLE || array->class > MX_UINT64)
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: %s is no numeric array", array->rest.file,
                         array->rest.name);
    bcue_mat made = {.rank = array->rank, .count = array->count};
    memcpy(made.shape, array->shape, sizeof made.shape);
    bcue_status status = read_numbers(array, &made.real, error);
    if (status == BCUE_OK && array->complex)
        status = read_numbers(array, &made.imaginary, error);
    if (status == BCUE_OK)
        *matrix = made;
    else
        bcue_mat_free(&made);
    return status;
}

/* Inflate at most `limit` bytes; memory grows with what comes out, so that sizes in the file are not trusted.
 * `*size` is what came out. */
static bcue_status inflate_element(const mat_reader *reader, const mat_element *element, size_t limit,
                                   uint8_t **out, size_t *size, bcue_error *error)
{
    z_stream stream = {0};
    if (inflateInit(&stream) != Z_OK)
        return bcue_fail_memory(error, reader->file);
    void *buffer = NULL;
    size_t capacity = 0, filled = 0;
    bool memory = true;
    int result = Z_OK;
    /* zlib does not write through next_in; its declaration only lacks the const. */
    stream.next_in = (Bytef *)(uintptr_t)element->data;
    stream.avail_in = (uInt)element->size;
    while (result == Z_OK && filled < limit) {
        memory = bcue_grow(&buffer, &capacity, filled + PEEK_SIZE, 1);
        if (!memory)
            break;
        size_t room = capacity - filled < limit - filled ? capacity - filled : limit - filled;
        stream.next_out = (Bytef *)buffer + filled;
        stream.avail_out = (uInt)room;
        result = inflate(&stream, Z_NO_FLUSH);
        filled += room - stream.avail_out;
    }
    inflateEnd(&stream);
    if (!memory || (result != Z_OK && result != Z_STREAM_END)) {
        free(buffer);
        return memory ? bcue_fail(error, BCUE_ERROR_FORMAT, "%s: a compressed variable is cut off or damaged",
                                  reader->file)
                      : bcue_fail_memory(error, reader->file);
    }
    *out = buffer;
    *size = filled;
    return BCUE_OK;
}

/* The array in an uncompressed matrix element. `found` false: it is another variable. */
static bcue_status try_matrix(const mat_reader *reader, const uint8_t *data, size_t size, const char *first,
                              mat_array *array, bool *found, bcue_error *error)
{
    mat_reader inside = *reader;
    inside.at = data;
    inside.end = data + size;
    BCUE_TRY(open_array(inside, array, error));
    *found = strcmp(array->name, first) == 0;
    return BCUE_OK;
}

/* A whole matrix element with its tag, as it comes out of a compressed one. */
static bcue_status try_inflated(const mat_reader *reader, const uint8_t *data, size_t size, bool partial,
                                const char *first, mat_array *array, bool *found, bcue_error *error)
{
    if (size < 8 || read_word(data, 4, reader->swap) != MI_MATRIX)
        return damaged(reader, error);
    size_t claimed = (size_t)read_word(data + 4, 4, reader->swap), there = size - 8;
    if (claimed > there && !partial)
        return damaged(reader, error);
    return try_matrix(reader, data + 8, claimed < there ? claimed : there, first, array, found, error);
}

static bcue_status try_compressed(const mat_reader *reader, const mat_element *element, const char *first,
                                  const char *steps, bcue_mat *matrix, bool *found, bcue_error *error)
{
    uint8_t *bytes;
    size_t size;
    mat_array array;
    BCUE_TRY(inflate_element(reader, element, PEEK_SIZE, &bytes, &size, error));
    bcue_status status = try_inflated(reader, bytes, size, true, first, &array, found, error);
    free(bytes);
    if (status != BCUE_OK || !*found)
        return status;
    BCUE_TRY(inflate_element(reader, element, LARGEST_ELEMENT, &bytes, &size, error));
    status = try_inflated(reader, bytes, size, false, first, &array, found, error);
    if (status == BCUE_OK)
        status = follow(steps, &array, error);
    if (status == BCUE_OK)
        status = take_array(&array, matrix, error);
    free(bytes);
    return status;
}

static bcue_status find_variable(mat_reader *reader, const char *first, const char *steps, bcue_mat *matrix,
                                 bcue_error *error)
{
    while (reader->at < reader->end) {
        mat_element element = {0};
        mat_array array;
        bool found = false;
        BCUE_TRY(next_element(reader, &element, error));
        if (element.type == MI_COMPRESSED)
            BCUE_TRY(try_compressed(reader, &element, first, steps, matrix, &found, error));
        else if (element.type == MI_MATRIX) {
            BCUE_TRY(try_matrix(reader, element.data, element.size, first, &array, &found, error));
            if (found) {
                BCUE_TRY(follow(steps, &array, error));
                BCUE_TRY(take_array(&array, matrix, error));
            }
        } else
            return damaged(reader, error);
        if (found)
            return BCUE_OK;
    }
    return no_such_part(reader, error);
}

bcue_status bcue_mat_decode(const void *data, size_t size, const char *file, const char *name,
                            bcue_mat *matrix, bcue_error *error)
{
    const uint8_t *bytes = data;
    char first[NAME_SIZE];
    size_t length = strcspn(name, ".{");
    *matrix = (bcue_mat){0};
    if (length == 0 || length >= sizeof first)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: \"%s\" is no name of a variable", file, name);
    memcpy(first, name, length);
    first[length] = '\0';
    if (size >= 8 && memcmp(bytes, "\211HDF\r\n\032\n", 8) == 0)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "%s: a version 7.3 file; save it with -v7", file);
    if (size < HEADER_SIZE)
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: %zu bytes, shorter than the header of a MAT file",
                         file, size);
    bool little = bytes[126] == 'I' && bytes[127] == 'M', big = bytes[126] == 'M' && bytes[127] == 'I';
    if (!little && !big)
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: byte 126: no version 5 MAT file", file);
    if (bytes[big ? 124 : 125] == 2)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "%s: a version 7.3 file; save it with -v7", file);
    mat_reader reader = {bytes + HEADER_SIZE, bytes + size, big, file, name};
    return find_variable(&reader, first, name + length, matrix, error);
}

bcue_status bcue_mat_read(const char *path, const char *name, bcue_mat *matrix, bcue_error *error)
{
    bcue_bytes bytes;
    *matrix = (bcue_mat){0};
    BCUE_TRY(bcue_file_read(path, LARGEST_FILE, &bytes, error));
    bcue_status status = bcue_mat_decode(bytes.data, bytes.size, path, name, matrix, error);
    bcue_bytes_free(&bytes);
    return status;
}
