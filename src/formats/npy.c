#include "formats/npy.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

/* What the dtype string says, apart from byte order. `word` is the size of what gets byte-swapped. */
static const struct npy_kind {
    char code[4];
    bcue_npy_type type;
    size_t size, word;
} npy_kinds[] = {
    {"b1", BCUE_NPY_BOOL, 1, 1},   {"i1", BCUE_NPY_I8, 1, 1},  {"u1", BCUE_NPY_U8, 1, 1},
    {"i2", BCUE_NPY_I16, 2, 2},    {"u2", BCUE_NPY_U16, 2, 2}, {"i4", BCUE_NPY_I32, 4, 4},
    {"u4", BCUE_NPY_U32, 4, 4},    {"i8", BCUE_NPY_I64, 8, 8}, {"u8", BCUE_NPY_U64, 8, 8},
    {"f4", BCUE_NPY_F32, 4, 4},    {"f8", BCUE_NPY_F64, 8, 8}, {"c8", BCUE_NPY_C64, 8, 4},
    {"c16", BCUE_NPY_C128, 16, 8},
};
enum { NPY_KINDS = sizeof npy_kinds / sizeof npy_kinds[0] };

typedef struct npy_header {
    const struct npy_kind *kind;
    bool swapped, fortran;
    int rank;
    size_t shape[BCUE_NPY_MAX_RANK];
} npy_header;

typedef struct npy_parser {
    const char *start, *at, *end; /* `start` is byte 0 of the file */
    const char *name;
    bcue_error *error;
} npy_parser;

static bool host_is_little(void)
{
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static const struct npy_kind *kind_of(bcue_npy_type type)
{
    for (int i = 0; i < NPY_KINDS; i++)
        if (npy_kinds[i].type == type)
            return &npy_kinds[i];
    return NULL;
}

size_t bcue_npy_type_size(bcue_npy_type type)
{
    const struct npy_kind *kind = kind_of(type);
    return kind == NULL ? 0 : kind->size;
}

static bcue_status fail_header(const npy_parser *parser, const char *expected)
{
    return bcue_fail(parser->error, BCUE_ERROR_FORMAT, "%s: byte %zu: npy header: %s", parser->name,
                     (size_t)(parser->at - parser->start), expected);
}

static void skip_blanks(npy_parser *parser)
{
    while (parser->at < parser->end && strchr(" \t\r\n", *parser->at) != NULL && *parser->at != '\0')
        parser->at++;
}

static bool take(npy_parser *parser, char c)
{
    skip_blanks(parser);
    if (parser->at == parser->end || *parser->at != c)
        return false;
    parser->at++;
    return true;
}

static bool take_word(npy_parser *parser, const char *word)
{
    skip_blanks(parser);
    size_t size = strlen(word);
    if ((size_t)(parser->end - parser->at) < size || memcmp(parser->at, word, size) != 0)
        return false;
    parser->at += size;
    return true;
}

/* A quoted word without escapes, cut to `size` - 1 characters, which is more than any dtype beamcue knows. */
static bcue_status take_string(npy_parser *parser, char *word, size_t size)
{
    skip_blanks(parser);
    if (parser->at == parser->end || (*parser->at != '\'' && *parser->at != '"'))
        return fail_header(parser, "a quoted string is expected");
    const char *start = parser->at + 1;
    const char *close = memchr(start, *parser->at, (size_t)(parser->end - start));
    if (close == NULL)
        return fail_header(parser, "a quote is never closed");
    size_t length = (size_t)(close - start);
    if (length > size - 1)
        length = size - 1;
    for (size_t i = 0; i < length; i++)
        word[i] = start[i] >= ' ' && start[i] <= '~' ? start[i] : '?';
    word[length] = '\0';
    parser->at = close + 1;
    return BCUE_OK;
}

static bcue_status parse_dtype(npy_parser *parser, npy_header *header)
{
    skip_blanks(parser);
    const char *place = parser->at;
    if (place < parser->end && *place == '[')
        return bcue_fail(parser->error, BCUE_ERROR_UNSUPPORTED,
                         "%s: byte %zu: a structured dtype; save each field as its own array of numbers",
                         parser->name, (size_t)(place - parser->start));
    char word[16];
    BCUE_TRY(take_string(parser, word, sizeof word));
    char order = word[0];
    const char *code = order == '\0' ? word : word + 1;
    if (strcmp(code, "O") == 0)
        return bcue_fail(
            parser->error, BCUE_ERROR_UNSUPPORTED,
            "%s: byte %zu: an array of Python objects (dtype '%s'), which only Python can read; save it as "
            "an array of numbers",
            parser->name, (size_t)(place - parser->start), word);
    for (int i = 0; i < NPY_KINDS; i++) {
        const struct npy_kind *kind = &npy_kinds[i];
        if (strcmp(code, kind->code) != 0 ||
            (order != '<' && order != '>' && !(order == '|' && kind->size == 1)))
            continue;
        header->kind = kind;
        header->swapped = kind->word > 1 && (order == '<') != host_is_little();
        return BCUE_OK;
    }
    return bcue_fail(
        parser->error, BCUE_ERROR_UNSUPPORTED,
        "%s: byte %zu: dtype '%s' is not read here; convert it with numpy's astype to bool, an integer, "
        "float32, float64, complex64 or complex128",
        parser->name, (size_t)(place - parser->start), word);
}

static bcue_status parse_shape(npy_parser *parser, npy_header *header)
{
    if (!take(parser, '('))
        return fail_header(parser, "the shape must be a tuple");
    header->rank = 0;
    while (!take(parser, ')')) {
        if (header->rank == BCUE_NPY_MAX_RANK)
            return fail_header(parser, "more than 8 dimensions");
        skip_blanks(parser);
        size_t value = 0, digits = 0;
        for (; parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9'; parser->at++, digits++)
            if (!bcue_mul_size(value, 10, &value) ||
                !bcue_add_size(value, (size_t)(*parser->at - '0'), &value))
                return fail_header(parser, "a dimension is too large");
        if (digits == 0)
            return fail_header(parser, "a dimension must be a whole number of at least 0");
        header->shape[header->rank++] = value;
        (void)take(parser, 'L'); /* Python 2 wrote its long integers so */
        if (!take(parser, ',')) {
            if (header->rank == 1 || !take(parser, ')'))
                return fail_header(parser, "a comma is expected after a dimension");
            break;
        }
    }
    return BCUE_OK;
}

static bcue_status parse_entry(npy_parser *parser, npy_header *header, unsigned *seen)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    char word[24];
    BCUE_TRY(take_string(parser, word, sizeof word));
    unsigned key = 0;
    while (key < 3 && strcmp(word, keys[key]) != 0)
        key++;
    if (key == 3 || (*seen & 1u << key) != 0)
        return fail_header(parser, "the keys must be 'descr', 'fortran_order' and 'shape', each once");
    *seen |= 1u << key;
    if (!take(parser, ':'))
        return fail_header(parser, "a colon is expected after a key");
    if (key == 0)
        return parse_dtype(parser, header);
    if (key == 2)
        return parse_shape(parser, header);
    header->fortran = take_word(parser, "True");
    if (!header->fortran && !take_word(parser, "False"))
        return fail_header(parser, "fortran_order must be True or False");
    return BCUE_OK;
}

static bcue_status parse_dict(npy_parser *parser, npy_header *header)
{
    unsigned seen = 0;
    if (!take(parser, '{'))
        return fail_header(parser, "a dictionary is expected");
    while (!take(parser, '}')) {
        BCUE_TRY(parse_entry(parser, header, &seen));
        if (!take(parser, ',')) {
            if (!take(parser, '}'))
                return fail_header(parser, "a comma or the closing brace is expected");
            break;
        }
    }
    if (seen != 7)
        return fail_header(parser, "one of 'descr', 'fortran_order' and 'shape' is missing");
    skip_blanks(parser);
    return parser->at == parser->end ? BCUE_OK : fail_header(parser, "text after the closing brace");
}

/* Magic, version and length field; then the dictionary between *at and *end. */
static bcue_status find_dict(npy_parser *parser, const uint8_t *bytes, size_t size)
{
    if (size < 8 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return bcue_fail(parser->error, BCUE_ERROR_FORMAT,
                         "%s: byte 0: not an npy file (its first bytes are others)", parser->name);
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return bcue_fail(parser->error, BCUE_ERROR_UNSUPPORTED,
                         "%s: byte 6: npy version %d.%d; 1.0 to 3.0 are read", parser->name, bytes[6],
                         bytes[7]);
    size_t start = bytes[6] == 1 ? 10 : 12, length = 0;
    if (size >= start)
        for (size_t i = start; i > 8; i--)
            length = length << 8 | bytes[i - 1];
    if (size < start || size - start < length)
        return bcue_fail(parser->error, BCUE_ERROR_FORMAT,
                         "%s: byte %zu: the file ends inside its npy header", parser->name, size);
    parser->at += start;
    parser->end = parser->at + length;
    return BCUE_OK;
}

/* count = product of the shape; 0 when any dimension is 0, however large the others. */
static bcue_status count_elements(const npy_header *header, const npy_parser *parser, size_t *count,
                                  size_t *byte_count)
{
    bool fits = true;
    *count = 1;
    for (int i = 0; i < header->rank; i++)
        if (header->shape[i] == 0)
            *count = 0;
    for (int i = 0; i<header->rank && * count> 0 && fits; i++)
        fits = bcue_mul_size(*count, header->shape[i], count);
    if (!fits || !bcue_mul_size(*count, header->kind->size, byte_count))
        return fail_header(parser, "the shape multiplies to more than any file can hold");
    return BCUE_OK;
}

static void swap_words(uint8_t *bytes, size_t size, size_t word)
{
    for (size_t i = 0; i + word <= size; i += word)
        for (size_t a = i, b = i + word - 1; a < b; a++, b--) {
            uint8_t kept = bytes[a];
            bytes[a] = bytes[b];
            bytes[b] = kept;
        }
}

/* Column-major source to row-major target: the last axis runs fastest in the target. */
static void copy_fortran(const npy_header *header, size_t count, const uint8_t *source, uint8_t *target)
{
    size_t element = header->kind->size;
    size_t index[BCUE_NPY_MAX_RANK] = {0}, stride[BCUE_NPY_MAX_RANK] = {0};
    for (int i = 0; i < header->rank; i++)
        stride[i] = i == 0 ? element : stride[i - 1] * header->shape[i - 1];
    size_t offset = 0;
    for (size_t done = 0; done < count; done++, target += element) {
        memcpy(target, source + offset, element);
        for (int axis = header->rank - 1; axis >= 0; axis--) {
            offset += stride[axis];
            if (++index[axis] < header->shape[axis])
                break;
            offset -= stride[axis] * header->shape[axis];
            index[axis] = 0;
        }
    }
}

bcue_status bcue_npy_decode(const void *data, size_t size, const char *name, bcue_npy *array,
                            bcue_error *error)
{
    *array = (bcue_npy){0};
    npy_parser parser = {.start = data, .at = data, .name = name, .error = error};
    npy_header header = {0};
    BCUE_TRY(find_dict(&parser, data, size));
    BCUE_TRY(parse_dict(&parser, &header));
    size_t count, byte_count;
    BCUE_TRY(count_elements(&header, &parser, &count, &byte_count));
    size_t offset = (size_t)(parser.end - parser.start);
    if (size - offset != byte_count)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: byte %zu: %zu bytes of data, but the shape and dtype need %zu; the file %s",
                         name, offset, size - offset, byte_count,
                         size - offset < byte_count ? "is truncated" : "has something appended");
    uint8_t *values = bcue_calloc_aligned(byte_count, 1);
    if (values == NULL)
        return bcue_fail_memory(error, name);
    const uint8_t *source = (const uint8_t *)data + offset;
    if (header.fortran && header.rank > 1)
        copy_fortran(&header, count, source, values);
    else if (byte_count > 0)
        memcpy(values, source, byte_count);
    if (header.swapped)
        swap_words(values, byte_count, header.kind->word);
    if (header.kind->type == BCUE_NPY_BOOL)
        for (size_t i = 0; i < count; i++)
            values[i] = values[i] != 0;
    *array = (bcue_npy){.type = header.kind->type, .rank = header.rank, .count = count, .data = values};
    memcpy(array->shape, header.shape, sizeof array->shape);
    return BCUE_OK;
}

static bcue_status check_array(const bcue_npy *array, const struct npy_kind **kind, size_t *byte_count,
                               bcue_error *error)
{
    npy_header header = {.kind = kind_of(array->type), .rank = array->rank};
    if (header.kind == NULL || array->rank < 0 || array->rank > BCUE_NPY_MAX_RANK)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "npy: unknown type %d or bad rank %d", (int)array->type,
                         array->rank);
    memcpy(header.shape, array->shape, sizeof header.shape);
    npy_parser nowhere = {.name = "npy", .error = error};
    size_t count;
    BCUE_TRY(count_elements(&header, &nowhere, &count, byte_count));
    if (count != array->count || (count > 0 && array->data == NULL))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "npy: count %zu, but the shape multiplies to %zu",
                         array->count, count);
    *kind = header.kind;
    return BCUE_OK;
}

/* The version-1 header, padded with blanks so that the data starts at a multiple of 64. */
static void put_header(const bcue_npy *array, const struct npy_kind *kind, bcue_text *out)
{
    char order = kind->word == 1 ? '|' : host_is_little() ? '<' : '>';
    bcue_text dict = {0};
    bcue_text_printf(&dict, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", order, kind->code);
    for (int i = 0; i < array->rank; i++)
        bcue_text_printf(&dict, i == 0 ? "%zu," : i == 1 ? " %zu" : ", %zu", array->shape[i]);
    bcue_text_puts(&dict, "), }");
    while ((10 + dict.size + 1) % 64 != 0 && !dict.failed)
        bcue_text_puts(&dict, " ");
    bcue_text_puts(&dict, "\n");
    const uint8_t start[10] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)(dict.size & 255), (uint8_t)(dict.size >> 8)};
    bcue_text_append(out, start, sizeof start);
    bcue_text_append(out, dict.data, dict.size);
    out->failed = out->failed || dict.failed;
    bcue_text_free(&dict);
}

bcue_status bcue_npy_encode(const bcue_npy *array, bcue_bytes *bytes, bcue_error *error)
{
    *bytes = (bcue_bytes){0};
    const struct npy_kind *kind = NULL;
    size_t byte_count = 0;
    BCUE_TRY(check_array(array, &kind, &byte_count, error));
    bcue_text out = {0};
    put_header(array, kind, &out);
    bcue_text_append(&out, array->data, byte_count);
    if (out.failed) {
        bcue_text_free(&out);
        return bcue_fail_memory(error, "npy file");
    }
    *bytes = (bcue_bytes){(uint8_t *)out.data, out.size};
    return BCUE_OK;
}

bcue_status bcue_npy_encode_header(bcue_npy_type type, int rank, const size_t *shape, bcue_bytes *bytes,
                                   bcue_error *error)
{
    *bytes = (bcue_bytes){0};
    const struct npy_kind *kind = kind_of(type);
    if (kind == NULL || rank < 0 || rank > BCUE_NPY_MAX_RANK)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "npy: unknown type %d or bad rank %d", (int)type, rank);
    bcue_npy array = {.type = type, .rank = rank};
    for (int i = 0; i < rank; i++)
        array.shape[i] = shape[i];
    bcue_text out = {0};
    put_header(&array, kind, &out);
    if (out.failed) {
        bcue_text_free(&out);
        return bcue_fail_memory(error, "npy header");
    }
    *bytes = (bcue_bytes){(uint8_t *)out.data, out.size};
    return BCUE_OK;
}

bcue_status bcue_npy_read(const char *path, bcue_npy *array, bcue_error *error)
{
    *array = (bcue_npy){0};
    bcue_bytes bytes;
    BCUE_TRY(bcue_file_read(path, SIZE_MAX / 2, &bytes, error));
    bcue_status status = bcue_npy_decode(bytes.data, bytes.size, path, array, error);
    bcue_bytes_free(&bytes);
    return status;
}

bcue_status bcue_npy_write(const char *path, const bcue_npy *array, bcue_error *error)
{
    const struct npy_kind *kind = NULL;
    size_t byte_count = 0;
    bcue_status status = check_array(array, &kind, &byte_count, error);
    if (status != BCUE_OK)
        return bcue_fail_context(error, status, "%s", path);
    bcue_text header = {0};
    put_header(array, kind, &header);
    if (header.failed) {
        bcue_text_free(&header);
        return bcue_fail_memory(error, path);
    }
    bcue_file_writer writer;
    status = bcue_file_writer_open(&writer, path, error);
    if (status == BCUE_OK) {
        /* Write errors stay in the stream until commit looks. */
        (void)!fwrite(header.data, 1, header.size, writer.stream);
        if (byte_count > 0)
            (void)!fwrite(array->data, 1, byte_count, writer.stream);
        status = bcue_file_writer_commit(&writer, error);
    }
    bcue_text_free(&header);
    return status;
}

void bcue_npy_free(bcue_npy *array)
{
    if (array == NULL)
        return;
    free(array->data);
    *array = (bcue_npy){0};
}

double bcue_npy_get(const bcue_npy *array, size_t index)
{
    switch (array->type) {
    case BCUE_NPY_BOOL:
    case BCUE_NPY_U8:
        return ((const uint8_t *)array->data)[index];
    case BCUE_NPY_I8:
        return ((const int8_t *)array->data)[index];
    case BCUE_NPY_I16:
        return ((const int16_t *)array->data)[index];
    case BCUE_NPY_U16:
        return ((const uint16_t *)array->data)[index];
    case BCUE_NPY_I32:
        return ((const int32_t *)array->data)[index];
    case BCUE_NPY_U32:
        return ((const uint32_t *)array->data)[index];
    case BCUE_NPY_I64:
        return (double)((const int64_t *)array->data)[index];
    case BCUE_NPY_U64:
        return (double)((const uint64_t *)array->data)[index];
    case BCUE_NPY_F32:
        return (double)((const float *)array->data)[index];
    case BCUE_NPY_F64:
        return ((const double *)array->data)[index];
    case BCUE_NPY_C64:
        return (double)((const float *)array->data)[2 * index];
    case BCUE_NPY_C128:
        return ((const double *)array->data)[2 * index];
    }
    return 0.0;
}
