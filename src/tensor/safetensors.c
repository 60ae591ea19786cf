#include "tensor/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "tensor/half.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "tensors are mapped as they lie in the little-endian file");

enum { PREFIX = 8, MAX_TENSORS = 65536, MAX_HEADER = 64 * 1024 * 1024 };

typedef struct entry {
    const char *name; /* belongs to the header's JSON */
    bcue_tensor tensor;
    uint64_t begin, end;      /* bytes from the start of the data */
    float (*widen)(uint16_t); /* of 16 bits in the file; NULL: it lies there as it is used */
} entry;

struct bcue_safetensors {
    char *path;
    bcue_mapping mapping;
    bool borrowed; /* the mapping is the caller's memory */
    json_t *header;
    const json_t *metadata;
    entry *entries; /* in the header's order */
    size_t count;
    entry **by_name;
};

static const struct {
    const char *name;
    bcue_dtype dtype;
} dtypes[] = {{"F32", BCUE_F32}, {"F64", BCUE_F64}, {"I32", BCUE_I32}, {"I64", BCUE_I64}, {"U8", BCUE_U8}};

static const struct {
    const char *name;
    float (*widen)(uint16_t);
} halves[] = {{"F16", bcue_half_to_float}, {"BF16", bcue_bfloat_to_float}};

static bcue_status find_dtype(const bcue_safetensors *file, entry *item, const json_t *value,
                              bcue_error *error)
{
    static const char *const known[] = {"BOOL", "U16", "U32", "U64", "I8", "I16", "F8_E4M3", "F8_E5M2"};
    const char *text = json_string_value(value);
    for (size_t i = 0; text != NULL && i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(text, dtypes[i].name) == 0) {
            item->tensor.dtype = dtypes[i].dtype;
            return BCUE_OK;
        }
    }
    for (size_t i = 0; text != NULL && i < sizeof halves / sizeof *halves; i++) {
        if (strcmp(text, halves[i].name) == 0) {
            item->tensor.dtype = BCUE_F32;
            item->widen = halves[i].widen;
            return BCUE_OK;
        }
    }
    for (size_t i = 0; text != NULL && i < sizeof known / sizeof *known; i++) {
        if (strcmp(text, known[i]) == 0)
            return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                             "%s: tensor %s: element type %s is not supported; save the tensor as F32",
                             file->path, item->name, text);
    }
    return bcue_fail(error, BCUE_ERROR_FORMAT,
                     "%s: tensor %s: dtype \"%s\" is not an element type of safetensors", file->path,
                     item->name, text == NULL ? "(not a string)" : text);
}

static bcue_status read_shape(const bcue_safetensors *file, const char *name, const json_t *value,
                              bcue_shape *shape, bcue_error *error)
{
    if (!json_is_array(value))
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: tensor %s: shape is missing or not a list",
                         file->path, name);
    if (json_array_size(value) > BCUE_MAX_RANK)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "%s: tensor %s: shape has %zu dimensions; at most %d are supported", file->path,
                         name, json_array_size(value), (int)BCUE_MAX_RANK);
    *shape = (bcue_shape){.rank = (int)json_array_size(value)};
    for (int i = 0; i < shape->rank; i++) {
        const json_t *item = json_array_get(value, (size_t)i);
        if (!json_is_integer(item) || json_integer_value(item) < 0)
            return bcue_fail(error, BCUE_ERROR_FORMAT,
                             "%s: tensor %s: dimension %d of shape is not a whole number of at least 0",
                             file->path, name, i);
        shape->dim[i] = json_integer_value(item);
    }
    return BCUE_OK;
}

static bcue_status read_offsets(const bcue_safetensors *file, const json_t *value, entry *item,
                                bcue_error *error)
{
    const json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: tensor %s: data_offsets must be [begin, end] with 0 <= begin <= end",
                         file->path, item->name);
    item->begin = (uint64_t)json_integer_value(begin);
    item->end = (uint64_t)json_integer_value(end);
    return BCUE_OK;
}

static bcue_status read_entry(const bcue_safetensors *file, const json_t *value, entry *item,
                              bcue_error *error)
{
    if (!json_is_object(value) || json_object_size(value) != 3)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: tensor %s: its entry must hold dtype, shape and data_offsets, and nothing else",
                         file->path, item->name);
    bcue_tensor *tensor = &item->tensor;
    BCUE_TRY(find_dtype(file, item, json_object_get(value, "dtype"), error));
    BCUE_TRY(read_shape(file, item->name, json_object_get(value, "shape"), &tensor->shape, error));
    BCUE_TRY(read_offsets(file, json_object_get(value, "data_offsets"), item, error));
    int64_t count = 0;
    size_t size = 0;
    char text[160];
    if (!bcue_shape_count(&tensor->shape, &count) ||
        !bcue_mul_size((size_t)count, item->widen ? sizeof(uint16_t) : bcue_dtype_size(tensor->dtype),
                       &size) ||
        size != item->end - item->begin)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: tensor %s: shape %s of %s does not take the %" PRIu64
                         " bytes of its data_offsets",
                         file->path, item->name, bcue_shape_text(&tensor->shape, text, sizeof text),
                         item->widen ? "16 bits" : bcue_dtype_name(tensor->dtype), item->end - item->begin);
    return BCUE_OK;
}

static int by_begin(const void *left, const void *right)
{
    const entry *a = *(entry *const *)left, *b = *(entry *const *)right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

static int by_name(const void *left, const void *right)
{
    return strcmp((*(entry *const *)left)->name, (*(entry *const *)right)->name);
}

/* The data must be covered without gap and without overlap. Uses by_name as scratch. */
static bcue_status check_cover(const bcue_safetensors *file, uint64_t data_size, bcue_error *error)
{
    uint64_t covered = 0;
    qsort(file->by_name, file->count, sizeof *file->by_name, by_begin);
    for (size_t i = 0; i < file->count; i++) {
        const entry *item = file->by_name[i];
        if (item->begin != covered)
            return bcue_fail(
                error, BCUE_ERROR_FORMAT,
                "%s: tensor %s: its data begins at byte %" PRIu64 " of the data, %s byte %" PRIu64,
                file->path, item->name, item->begin,
                item->begin < covered ? "overlapping what ends at" : "leaving a gap after", covered);
        covered = item->end;
    }
    if (covered != data_size)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: the tensors take %" PRIu64 " bytes, but the file has %" PRIu64
                         "; it was cut off or appended to",
                         file->path, covered, data_size);
    return BCUE_OK;
}

static bcue_status read_metadata(bcue_safetensors *file, const json_t *value, bcue_error *error)
{
    const char *key;
    json_t *item;
    if (!json_is_object(value))
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: __metadata__ is not an object", file->path);
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        if (!json_is_string(item))
            return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: __metadata__: %s is not a string", file->path,
                             key);
    }
    file->metadata = value;
    return BCUE_OK;
}

static bcue_status read_entries(bcue_safetensors *file, bcue_error *error)
{
    size_t items = json_object_size(file->header);
    if (items > MAX_TENSORS + 1)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "%s: %zu tensors; at most %d are supported",
                         file->path, items, (int)MAX_TENSORS);
    file->entries = bcue_calloc(items, sizeof *file->entries);
    file->by_name = bcue_calloc(items, sizeof *file->by_name);
    if (file->entries == NULL || file->by_name == NULL)
        return bcue_fail_memory(error, file->path);
    const char *key;
    json_t *value;
    json_object_foreach(file->header, key, value)
    {
        if (strcmp(key, "__metadata__") == 0) {
            BCUE_TRY(read_metadata(file, value, error));
            continue;
        }
        entry *item = &file->entries[file->count];
        item->name = key;
        BCUE_TRY(read_entry(file, value, item, error));
        file->by_name[file->count++] = item;
    }
    if (file->count > MAX_TENSORS)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "%s: %zu tensors; at most %d are supported",
                         file->path, file->count, (int)MAX_TENSORS);
    return BCUE_OK;
}

static bcue_status read_header(bcue_safetensors *file, uint64_t *header_size, bcue_error *error)
{
    if (file->mapping.size < PREFIX + 2)
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: %zu bytes are too few for a safetensors file",
                         file->path, file->mapping.size);
    *header_size = 0;
    for (int i = PREFIX - 1; i >= 0; i--)
        *header_size = *header_size << 8 | file->mapping.data[i];
    if (*header_size > MAX_HEADER || *header_size > file->mapping.size - PREFIX)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: offset 0: a header of %" PRIu64
                         " bytes does not fit a file of %zu bytes; it was cut off or is no safetensors file",
                         file->path, *header_size, file->mapping.size);
    json_error_t where;
    file->header = json_loadb((const char *)file->mapping.data + PREFIX, (size_t)*header_size,
                              JSON_REJECT_DUPLICATES, &where);
    if (file->header == NULL)
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: offset %d: the header is not valid: %s", file->path,
                         where.position + PREFIX, where.text);
    if (!json_is_object(file->header))
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: offset 8: the header is not a JSON object",
                         file->path);
    return BCUE_OK;
}

static bcue_status widen(const char *path, const uint8_t *from, entry *item, bcue_error *error)
{
    const size_t count = (size_t)(item->end - item->begin) / sizeof(uint16_t);
    float *to = bcue_calloc_aligned(count, sizeof *to);
    if (to == NULL)
        return bcue_fail_memory(error, path);
    item->tensor.data = to;
    item->tensor.owned = true;
    for (size_t i = 0; i < count; i++)
        to[i] = item->widen((uint16_t)(from[2 * i] | from[2 * i + 1] << 8));
    return BCUE_OK;
}

/* Point the tensors at their data; copy those of 16 bits and the odd one that is not aligned for its type. */
static bcue_status attach_data(bcue_safetensors *file, const uint8_t *data, bcue_error *error)
{
    for (size_t i = 0; i < file->count; i++) {
        entry *item = &file->entries[i];
        const uint8_t *start = data + item->begin;
        size_t size = (size_t)(item->end - item->begin);
        if (item->widen != NULL) {
            BCUE_TRY(widen(file->path, start, item, error));
            continue;
        }
        item->tensor.data = (void *)(uintptr_t)start;
        if ((uintptr_t)start % bcue_dtype_size(item->tensor.dtype) == 0)
            continue;
        item->tensor.data = bcue_calloc_aligned(size, 1);
        if (item->tensor.data == NULL)
            return bcue_fail_memory(error, file->path);
        item->tensor.owned = true;
        memcpy(item->tensor.data, start, size);
    }
    return BCUE_OK;
}

static bcue_status load(bcue_safetensors *file, bcue_error *error)
{
    uint64_t header_size;
    BCUE_TRY(read_header(file, &header_size, error));
    BCUE_TRY(read_entries(file, error));
    BCUE_TRY(check_cover(file, file->mapping.size - PREFIX - header_size, error));
    qsort(file->by_name, file->count, sizeof *file->by_name, by_name);
    return attach_data(file, file->mapping.data + PREFIX + header_size, error);
}

/* Takes over `mapping`. */
static bcue_status open_mapping(bcue_mapping *mapping, bool borrowed, const char *name,
                                bcue_safetensors **file, bcue_error *error)
{
    bcue_safetensors *made = bcue_calloc(1, sizeof *made);
    if (made == NULL || (made->path = bcue_strdup(name)) == NULL) {
        free(made);
        if (!borrowed)
            bcue_file_unmap(mapping);
        return bcue_fail_memory(error, name);
    }
    made->mapping = *mapping;
    made->borrowed = borrowed;
    bcue_status status = load(made, error);
    if (status != BCUE_OK) {
        bcue_safetensors_close(made);
        return status;
    }
    *file = made;
    return BCUE_OK;
}

bcue_status bcue_safetensors_open(const char *path, bcue_safetensors **file, bcue_error *error)
{
    bcue_mapping mapping;
    *file = NULL;
    BCUE_TRY(bcue_file_map(path, &mapping, error));
    return open_mapping(&mapping, false, path, file, error);
}

bcue_status bcue_safetensors_open_memory(const void *data, size_t size, const char *name,
                                         bcue_safetensors **file, bcue_error *error)
{
    bcue_mapping mapping = {.data = data, .size = size};
    *file = NULL;
    return open_mapping(&mapping, true, name, file, error);
}

void bcue_safetensors_release(const bcue_safetensors *file)
{
    if (!file->borrowed)
        bcue_file_release(&file->mapping);
}

void bcue_safetensors_close(bcue_safetensors *file)
{
    if (file == NULL)
        return;
    for (size_t i = 0; file->entries != NULL && i < file->count; i++)
        bcue_tensor_free(&file->entries[i].tensor);
    free(file->entries);
    free(file->by_name);
    json_decref(file->header);
    if (!file->borrowed)
        bcue_file_unmap(&file->mapping);
    free(file->path);
    free(file);
}

size_t bcue_safetensors_count(const bcue_safetensors *file)
{
    return file->count;
}

const char *bcue_safetensors_name(const bcue_safetensors *file, size_t index)
{
    return index < file->count ? file->entries[index].name : NULL;
}

const bcue_tensor *bcue_safetensors_tensor(const bcue_safetensors *file, size_t index)
{
    return index < file->count ? &file->entries[index].tensor : NULL;
}

const bcue_tensor *bcue_safetensors_find(const bcue_safetensors *file, const char *name)
{
    entry wanted = {.name = name}, *key = &wanted;
    entry **found =
        file->count == 0 ? NULL : bsearch(&key, file->by_name, file->count, sizeof *file->by_name, by_name);
    return found == NULL ? NULL : &(*found)->tensor;
}

bool bcue_safetensors_is_half(const bcue_safetensors *file, size_t index)
{
    return index < file->count && file->entries[index].widen != NULL;
}

const char *bcue_safetensors_metadata(const bcue_safetensors *file, const char *key)
{
    return json_string_value(json_object_get(file->metadata, key));
}

/* --- writing --- */

static size_t element_size(const bcue_named_tensor *named)
{
    return named->half ? sizeof(uint16_t) : bcue_dtype_size(named->tensor->dtype);
}

static size_t stored_size(const bcue_named_tensor *named)
{
    return named->half ? bcue_tensor_size(named->tensor) / 2 : bcue_tensor_size(named->tensor);
}

static json_t *entry_json(const bcue_named_tensor *named, size_t begin)
{
    const bcue_tensor *tensor = named->tensor;
    const char *dtype = "";
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (dtypes[i].dtype == tensor->dtype)
            dtype = dtypes[i].name;
    }
    if (named->half)
        dtype = "F16";
    json_t *shape = json_array();
    for (int i = 0; i < tensor->shape.rank; i++) {
        if (json_array_append_new(shape, json_integer(tensor->shape.dim[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype, "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)begin + (json_int_t)stored_size(named));
}

static bcue_status add_metadata(json_t *header, const bcue_metadata *metadata, size_t count, const char *path,
                                bcue_error *error)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        if (json_object_get(object, metadata[i].key) != NULL ||
            json_object_set_new(object, metadata[i].key, json_string(metadata[i].value)) != 0) {
            json_decref(object);
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "%s: metadata %s cannot be written: it is there twice or not UTF-8", path,
                             metadata[i].key);
        }
    }
    if (json_object_set_new(header, "__metadata__", object) != 0)
        return bcue_fail_memory(error, path);
    return BCUE_OK;
}

/* Values that no half holds would become infinite. */
static bcue_status check_half(const bcue_named_tensor *named, const char *path, bcue_error *error)
{
    if (!named->half)
        return BCUE_OK;
    if (named->tensor->dtype != BCUE_F32)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "%s: tensor %s of %s cannot be written in half precision", path, named->name,
                         bcue_dtype_name(named->tensor->dtype));
    const float *values = named->tensor->data;
    for (size_t i = 0; i < bcue_tensor_size(named->tensor) / sizeof *values; i++)
        if (!(values[i] < 65520.0f && values[i] > -65520.0f))
            return bcue_fail(
                error, BCUE_ERROR_ARGUMENT,
                "%s: tensor %s holds %g, more than half precision can; write it in single precision", path,
                named->name, (double)values[i]);
    return BCUE_OK;
}

static bcue_status add_tensors(json_t *header, const bcue_named_tensor *tensors, size_t count,
                               const char *path, bcue_error *error)
{
    size_t offset = 0;
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 0; i < count; i++) {
            const char *name = tensors[i].name;
            if (element_size(&tensors[i]) != width)
                continue;
            BCUE_TRY(check_half(&tensors[i], path, error));
            if (json_object_get(header, name) != NULL || strcmp(name, "__metadata__") == 0)
                return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                                 "%s: tensor %s cannot be written: the name is taken", path, name);
            if (json_object_set_new(header, name, entry_json(&tensors[i], offset)) != 0)
                return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                                 "%s: tensor %s cannot be written: its name is not UTF-8", path, name);
            offset += stored_size(&tensors[i]);
        }
    }
    return BCUE_OK;
}

static void write_halves(FILE *stream, const bcue_tensor *tensor)
{
    const float *values = tensor->data;
    for (size_t i = 0; i < bcue_tensor_size(tensor) / sizeof *values; i++) {
        const uint16_t half = bcue_half_from_float(values[i]);
        fwrite(&half, sizeof half, 1, stream);
    }
}

static void write_data(FILE *stream, const char *text, const bcue_named_tensor *tensors, size_t count)
{
    size_t length = strlen(text), padded = (length + 7) / 8 * 8;
    for (int i = 0; i < PREFIX; i++)
        fputc((int)(padded >> (8 * i) & 0xFFU), stream);
    fwrite(text, 1, length, stream);
    for (size_t i = length; i < padded; i++)
        fputc(' ', stream);
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 0; i < count; i++) {
            if (element_size(&tensors[i]) != width)
                continue;
            if (tensors[i].half)
                write_halves(stream, tensors[i].tensor);
            else
                fwrite(tensors[i].tensor->data, 1, bcue_tensor_size(tensors[i].tensor), stream);
        }
    }
}

bcue_status bcue_safetensors_write(const char *path, const bcue_named_tensor *tensors, size_t tensor_count,
                                   const bcue_metadata *metadata, size_t metadata_count, bcue_error *error)
{
    json_t *header = json_object();
    if (header == NULL)
        return bcue_fail_memory(error, path);
    bcue_status status =
        metadata_count == 0 ? BCUE_OK : add_metadata(header, metadata, metadata_count, path, error);
    if (status == BCUE_OK)
        status = add_tensors(header, tensors, tensor_count, path, error);
    char *text = status == BCUE_OK ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    if (status == BCUE_OK && text == NULL)
        return bcue_fail_memory(error, path);
    bcue_file_writer writer = {0};
    if (status == BCUE_OK)
        status = bcue_file_writer_open(&writer, path, error);
    if (status == BCUE_OK) {
        write_data(writer.stream, text, tensors, tensor_count);
        status = bcue_file_writer_commit(&writer, error);
    }
    free(text);
    return status;
}
