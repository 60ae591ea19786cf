#include "check.h"

#include <stdint.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/rng.h"
#include "tensor/safetensors.h"

static const char foreign[] = BCUE_SOURCE_DIR "/tests/tensor/data/foreign.safetensors";
static const char scratch[] = BCUE_BINARY_DIR "/test_safetensors.tmp";

static void put_file(const void *data, size_t size)
{
    FILE *file = fopen(scratch, "wb");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    CHECK(size == 0 || fwrite(data, 1, size, file) == size);
    fclose(file);
}

/* A file of this header and `data_size` bytes. */
static void put_header(const char *header, size_t data_size)
{
    static unsigned char bytes[8192];
    size_t length = strlen(header);
    CHECK(8 + length + data_size <= sizeof bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(length >> (8 * i) & 0xFF);
    memcpy(bytes + 8, header, length);
    memset(bytes + 8 + length, 1, data_size);
    put_file(bytes, 8 + length + data_size);
}

static void refuse(const char *header, size_t data_size, bcue_status status, const char *part)
{
    bcue_safetensors *file = NULL;
    bcue_error error = {""};
    put_header(header, data_size);
    CHECK_STATUS(bcue_safetensors_open(scratch, &file, &error), status);
    CHECK_CONTAINS(error.text, part);
    CHECK_CONTAINS(error.text, "test_safetensors.tmp");
    CHECK(file == NULL);
}

static void reads_what_others_write(void)
{
    bcue_safetensors *file = NULL;
    bcue_error error = {""};
    CHECK_OK(bcue_safetensors_open(foreign, &file, &error), error);
    if (file == NULL)
        return;
    CHECK_INT(bcue_safetensors_count(file), 6);
    CHECK_STR(bcue_safetensors_name(file, 0), "layer.weight");
    CHECK_STR(bcue_safetensors_metadata(file, "note"), "B\xc3\xa4nke");
    CHECK(bcue_safetensors_metadata(file, "nothing") == NULL);
    const bcue_tensor *weight = bcue_safetensors_find(file, "layer.weight");
    CHECK(weight != NULL && weight->dtype == BCUE_F32 && weight->shape.rank == 2 &&
          weight->shape.dim[1] == 3);
    CHECK(weight == bcue_safetensors_tensor(file, 0));
    for (int i = 0; weight != NULL && i < 6; i++)
        CHECK(((const float *)weight->data)[i] == (float)i / 4);
    const bcue_tensor *steps = bcue_safetensors_find(file, "steps");
    CHECK(steps != NULL && ((const int64_t *)steps->data)[1] == INT64_C(1) << 40);
    const bcue_tensor *scale = bcue_safetensors_find(file, "scale");
    CHECK(scale != NULL && scale->shape.rank == 0 && *(const double *)scale->data == 0.1);
    const bcue_tensor *labels = bcue_safetensors_find(file, "labels");
    CHECK(labels != NULL && ((const int32_t *)labels->data)[1] == -7);
    const bcue_tensor *mask = bcue_safetensors_find(file, "mask");
    CHECK(mask != NULL && ((const uint8_t *)mask->data)[2] == 255);
    CHECK(bcue_safetensors_find(file, "layer.bias") == NULL);
    CHECK_INT(bcue_tensor_count(bcue_safetensors_find(file, "empty")), 0);
    CHECK(bcue_safetensors_tensor(file, 6) == NULL && bcue_safetensors_name(file, 6) == NULL);
    bcue_safetensors_close(file);
    bcue_safetensors_close(NULL);
}

static void reads_what_it_writes(void)
{
    float weights[3] = {1.5F, -2, 3};
    double scale = 0.25;
    uint8_t bytes[5] = {1, 2, 3, 4, 5};
    bcue_tensor a = {.dtype = BCUE_F32, .shape = bcue_shape_of(3, 1), .data = weights};
    bcue_tensor b = {.dtype = BCUE_F64, .data = &scale},
                c = {.dtype = BCUE_U8, .shape = bcue_shape_of(5), .data = bytes};
    const bcue_named_tensor tensors[] = {{"c\"quoted\"", &c, false}, {"a", &a, false}, {"b", &b, false}};
    const bcue_metadata metadata[] = {{"format_version", "1"}, {"config", "line\nline"}};
    bcue_error error = {""};
    bcue_safetensors *file = NULL;
    CHECK_OK(bcue_safetensors_write(scratch, tensors, 3, metadata, 2, &error), error);
    CHECK_OK(bcue_safetensors_open(scratch, &file, &error), error);
    if (file == NULL)
        return;
    CHECK_STR(bcue_safetensors_metadata(file, "config"), "line\nline");
    for (int i = 0; i < 3; i++) {
        const bcue_tensor *read = bcue_safetensors_find(file, tensors[i].name);
        CHECK(read != NULL && read->dtype == tensors[i].tensor->dtype && !read->owned);
        CHECK(read != NULL && bcue_shape_equal(&read->shape, &tensors[i].tensor->shape));
        CHECK(read != NULL && memcmp(read->data, tensors[i].tensor->data, bcue_tensor_size(read)) == 0);
    }
    bcue_safetensors_close(file);
    CHECK_OK(bcue_safetensors_write(scratch, NULL, 0, NULL, 0, &error), error);
    CHECK_OK(bcue_safetensors_open(scratch, &file, &error), error);
    CHECK_INT(bcue_safetensors_count(file), 0);
    CHECK(bcue_safetensors_find(file, "a") == NULL && bcue_safetensors_metadata(file, "a") == NULL);
    bcue_safetensors_close(file);
}

static void refuses_to_write(void)
{
    float one = 1;
    bcue_tensor tensor = {.dtype = BCUE_F32, .data = &one};
    const bcue_named_tensor twice[] = {{"a", &tensor, false}, {"a", &tensor, false}},
                            reserved[] = {{"__metadata__", &tensor, false}};
    const bcue_named_tensor bytes[] = {{"\xff", &tensor, false}};
    const bcue_metadata keys[] = {{"k", "1"}, {"k", "2"}};
    bcue_error error = {""};
    remove(scratch);
    CHECK_STATUS(bcue_safetensors_write(scratch, twice, 2, NULL, 0, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_safetensors_write(scratch, reserved, 1, NULL, 0, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_safetensors_write(scratch, bytes, 1, NULL, 0, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_safetensors_write(scratch, twice, 1, keys, 2, &error), BCUE_ERROR_ARGUMENT);
    CHECK(!bcue_path_exists(scratch));
    CHECK_STATUS(bcue_safetensors_write("/nonexistent/folder/x", twice, 1, NULL, 0, &error), BCUE_ERROR_IO);
}

#define ONE(shape, offsets) "{\"a\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void refuses_bad_headers(void)
{
    const bcue_status format = BCUE_ERROR_FORMAT;
    refuse("[]", 0, format, "object");
    refuse("{\"a\":", 0, format, "offset");
    refuse("{} x", 0, format, "offset");
    refuse("{}", 3, format, "3");
    refuse(ONE("[1152921504606846976]", "[0,4]"), 4, format, "(1152921504606846976)");
    refuse(ONE("[1152921504606846976,4]", "[0,0]"), 0, format, "shape");
    refuse(ONE("[4294967296,4294967296]", "[0,0]"), 0, format, "shape");
    refuse(ONE("[99999999999999999999]", "[0,4]"), 4, format, "offset");
    refuse(ONE("[-1]", "[0,4]"), 4, format, "shape");
    refuse(ONE("[1.0]", "[0,4]"), 4, format, "shape");
    refuse(ONE("1", "[0,4]"), 4, format, "shape");
    refuse(ONE("[1,1,1,1,1,1,1]", "[0,4]"), 4, BCUE_ERROR_UNSUPPORTED, "7 dimensions");
    refuse(ONE("[1]", "[0,8]"), 8, format, "data_offsets");
    refuse(ONE("[1]", "[4,0]"), 4, format, "data_offsets");
    refuse(ONE("[1]", "[0]"), 4, format, "data_offsets");
    refuse(ONE("[1]", "[-4,0]"), 4, format, "data_offsets");
    refuse(ONE("[1]", "[4,8]"), 8, format, "gap");
    refuse(ONE("[1]", "[0,4]"), 5, format, "cut off or appended");
    refuse(ONE("[2]", "[0,8]"), 4, format, "cut off");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4, format,
           "nothing else");
    refuse("{\"a\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, format, "F99");
    refuse("{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, format, "dtype");
    refuse("{\"a\":{\"dtype\":\"I16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, BCUE_ERROR_UNSUPPORTED,
           "I16");
    refuse("{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, format, "16 bits");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
           "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
           8, format, "duplicate");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
           "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
           6, format, "overlapping");
    refuse("{\"__metadata__\":{\"k\":1}}", 0, format, "not a string");
    refuse("{\"__metadata__\":[]}", 0, format, "not an object");
}

static void refuses_bad_sizes(void)
{
    static const unsigned char huge[10] = {255, 255, 255, 255, 255, 255, 255, 255, '{', '}'};
    bcue_safetensors *file = NULL;
    bcue_error error = {""};
    for (size_t size = 0; size <= sizeof huge; size++) {
        put_file(huge, size);
        CHECK_STATUS(bcue_safetensors_open(scratch, &file, &error), BCUE_ERROR_FORMAT);
    }
    CHECK_STATUS(bcue_safetensors_open("/nonexistent", &file, &error), BCUE_ERROR_IO);
}

/* Damaged files are refused, or read as a valid file. */
static void survive(const uint8_t *data, size_t size, bool must_fail)
{
    bcue_safetensors *file = NULL;
    bcue_error error = {""};
    bcue_status status = bcue_safetensors_open_memory(data, size, "damaged", &file, &error);
    CHECK(!must_fail || status != BCUE_OK);
    CHECK((status == BCUE_OK) == (file != NULL));
    unsigned sum = 0;
    for (size_t i = 0; file != NULL && i < bcue_safetensors_count(file); i++) {
        const bcue_tensor *tensor = bcue_safetensors_tensor(file, i);
        for (size_t k = 0; k < bcue_tensor_size(tensor); k++)
            sum += ((const uint8_t *)tensor->data)[k];
    }
    CHECK(sum <= 255 * size);
    CHECK(status == BCUE_OK || error.text[0] != '\0');
    bcue_safetensors_close(file);
}

static void damaged_files(void)
{
    bcue_bytes bytes;
    bcue_error error = {""};
    CHECK_OK(bcue_file_read(foreign, 1 << 20, &bytes, &error), error);
    for (size_t size = 0; size < bytes.size; size++)
        survive(bytes.data, size, true);
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    for (int i = 0; i < 1000; i++) {
        size_t at = bcue_rng_below(&rng, (uint32_t)bytes.size);
        uint8_t bit = (uint8_t)(1U << bcue_rng_below(&rng, 8));
        bytes.data[at] ^= bit;
        survive(bytes.data, bytes.size, false);
        bytes.data[at] ^= bit;
    }
    bcue_bytes_free(&bytes);
}

/* F16 as it is written, BF16 as others write it: both are read as f32. */
static void sixteen_bits_are_read_as_f32(void)
{
    bcue_safetensors *file = NULL;
    bcue_error error = {""};
    float values[] = {1.0f, -0.333251953125f, 65504.0f, 0x1p-24f, 0.1f}, plain[] = {0.1f};
    const bcue_tensor five = {.dtype = BCUE_F32, .shape = bcue_shape_of(5), .data = values},
                      one = {.dtype = BCUE_F32, .shape = bcue_shape_of(1), .data = plain};
    const bcue_named_tensor tensors[] = {{"half", &five, true}, {"single", &one, false}};
    CHECK_OK(bcue_safetensors_write(scratch, tensors, 2, NULL, 0, &error), error);
    CHECK_OK(bcue_safetensors_open(scratch, &file, &error), error);
    if (file == NULL)
        return;
    const bcue_tensor *half = bcue_safetensors_find(file, "half"),
                      *single = bcue_safetensors_find(file, "single");
    CHECK(half != NULL && half->dtype == BCUE_F32 && single != NULL);
    if (half != NULL && single != NULL) {
        const float *read = half->data;
        for (int i = 0; i < 4; i++)
            CHECK_AT(read[i] == values[i], "%d: %g", i, (double)read[i]);
        CHECK_NEAR((double)read[4], 0.0999755859375, 0.0);
        CHECK(*(const float *)single->data == 0.1f);
    }
    for (size_t i = 0; i < 2; i++)
        CHECK(bcue_safetensors_is_half(file, i) == (strcmp(bcue_safetensors_name(file, i), "half") == 0));
    bcue_safetensors_close(file);
    values[1] = 65520.0f;
    CHECK_STATUS(bcue_safetensors_write(scratch, tensors, 2, NULL, 0, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "single precision");
    put_header("{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4);
    CHECK_OK(bcue_safetensors_open(scratch, &file, &error), error);
    if (file == NULL)
        return;
    const bcue_tensor *brief = bcue_safetensors_find(file, "a");
    CHECK(brief != NULL && *(const float *)brief->data == 0x1.02p-125f);
    bcue_safetensors_close(file);
}

int main(void)
{
    RUN(reads_what_others_write);
    RUN(reads_what_it_writes);
    RUN(refuses_to_write);
    RUN(refuses_bad_headers);
    RUN(refuses_bad_sizes);
    RUN(damaged_files);
    remove(scratch);
    RUN(sixteen_bits_are_read_as_f32);
    return check_summary();
}
