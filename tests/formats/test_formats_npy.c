#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "formats_fixture.h"
#include "formats/npy.h"
#include "mangle.h"

static const struct npy_case {
    const char *code;
    bcue_npy_type type;
    size_t size;
} cases[] = {
    {"b1", BCUE_NPY_BOOL, 1},   {"i1", BCUE_NPY_I8, 1},  {"u1", BCUE_NPY_U8, 1},  {"i2", BCUE_NPY_I16, 2},
    {"u2", BCUE_NPY_U16, 2},    {"i4", BCUE_NPY_I32, 4}, {"u4", BCUE_NPY_U32, 4}, {"i8", BCUE_NPY_I64, 8},
    {"u8", BCUE_NPY_U64, 8},    {"f4", BCUE_NPY_F32, 4}, {"f8", BCUE_NPY_F64, 8}, {"c8", BCUE_NPY_C64, 8},
    {"c16", BCUE_NPY_C128, 16},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* The formulas of tools/fixtures/make_formats.py. */
static double expected_value(const struct npy_case *kind, size_t i)
{
    long mixed = (long)(i * 37 + 11) % 251;
    switch (kind->code[0]) {
    case 'b':
        return i % 3 == 1 ? 1.0 : 0.0;
    case 'u':
        return (double)mixed;
    case 'i':
        return (double)(mixed - 125);
    default:
        return ((double)i - 7.0) * 0.5;
    }
}

static double imaginary(const bcue_npy *array, size_t i)
{
    return array->type == BCUE_NPY_C64 ? (double)((const float *)array->data)[2 * i + 1]
                                       : ((const double *)array->data)[2 * i + 1];
}

static void check_values(const bcue_npy *array, const struct npy_case *kind)
{
    for (size_t i = 0; i < array->count; i++) {
        CHECK(bcue_npy_get(array, i) == expected_value(kind, i));
        if (kind->code[0] == 'c')
            CHECK(imaginary(array, i) == (double)i * 0.25);
    }
}

/* Every type, both byte orders, both layouts, versions 1 to 3 in turn. */
static void test_all_types(void)
{
    for (int i = 0; i < CASES; i++)
        for (int variant = 0; variant < 4; variant++) {
            char name[64];
            snprintf(name, sizeof name, "npy_%s_%s_%c.npy", cases[i].code, variant & 1 ? "big" : "little",
                     variant & 2 ? 'F' : 'C');
            bcue_npy array = {0};
            bcue_error error = {{0}};
            CHECK_OK(bcue_npy_read(fixture_path(name), &array, &error), error);
            CHECK_INT(array.type, cases[i].type);
            CHECK_INT(bcue_npy_type_size(array.type), cases[i].size);
            CHECK(array.rank == 3 && array.count == 24);
            CHECK(array.shape[0] == 2 && array.shape[1] == 3 && array.shape[2] == 4);
            check_values(&array, &cases[i]);
            bcue_npy_free(&array);
            CHECK(array.data == NULL);
        }
}

static void test_ranks(void)
{
    bcue_npy array = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_npy_read(fixture_path("npy_scalar.npy"), &array, &error), error);
    CHECK(array.rank == 0 && array.count == 1 && bcue_npy_get(&array, 0) == 2.5);
    bcue_npy_free(&array);
    CHECK_OK(bcue_npy_read(fixture_path("npy_empty.npy"), &array, &error), error);
    CHECK(array.rank == 2 && array.count == 0 && array.shape[0] == 0 && array.shape[1] == 3);
    bcue_npy_free(&array);
    CHECK_OK(bcue_npy_read(fixture_path("npy_rank8.npy"), &array, &error), error);
    CHECK(array.rank == 8 && array.count == 48 && array.shape[3] == 3 && array.shape[6] == 4);
    check_values(&array, &cases[5]);
    bcue_npy_free(&array);
}

static void check_refused_file(const char *name, const char *part)
{
    bcue_npy array;
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_npy_read(fixture_path(name), &array, &error), BCUE_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(error.text, name);
    CHECK_CONTAINS(error.text, part);
    CHECK(array.data == NULL);
}

static void test_refused_types(void)
{
    check_refused_file("npy_object.npy", "Python objects");
    check_refused_file("npy_record.npy", "structured dtype");
    check_refused_file("npy_half.npy", "dtype '<f2' is not read here");
}

/* A version-1 file with this dictionary and this many zero bytes of data. */
static bcue_status decode_header(const char *dict, size_t data_size, bcue_npy *array, bcue_error *error)
{
    uint8_t file[1024] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    size_t length = strlen(dict);
    file[8] = (uint8_t)(length & 255);
    file[9] = (uint8_t)(length >> 8);
    memcpy(file + 10, dict, length);
    return bcue_npy_decode(file, 10 + length + data_size, "h.npy", array, error);
}

static void check_header(const char *dict, size_t data_size, const char *part)
{
    bcue_npy array;
    bcue_error error = {{0}};
    bcue_status status = decode_header(dict, data_size, &array, &error);
    if (part == NULL) {
        CHECK_AT(status == BCUE_OK, "%s: %s", dict, error.text);
    } else {
        CHECK_AT(status == BCUE_ERROR_FORMAT || status == BCUE_ERROR_UNSUPPORTED, "%s: accepted", dict);
        CHECK_CONTAINS(error.text, part);
        CHECK_CONTAINS(error.text, "h.npy: byte ");
        CHECK(array.data == NULL);
    }
    bcue_npy_free(&array);
}

static void test_header_spacing(void)
{
    check_header("{'descr':'<f4','fortran_order':False,'shape':(2,)}", 8, NULL);
    check_header(" { \"shape\" : ( 2L , 1 ) , 'fortran_order' : True , 'descr' : \"<f4\" , } \n", 8, NULL);
    check_header("{'descr': '|b1', 'fortran_order': False, 'shape': ( )}", 1, NULL);
    check_header("{'descr': '<i1', 'fortran_order': False, 'shape': (1,2,3,4,5,0,7,18446744073709551615)}", 0,
                 NULL);
}

static void test_header_refused(void)
{
    check_header("", 0, "a dictionary is expected");
    check_header("{'descr':'<f4','fortran_order':False}", 0, "is missing");
    check_header("{'descr':'<f4','descr':'<f4','fortran_order':False,'shape':()}", 4, "each once");
    check_header("{'descr':'<f4','order':False,'shape':()}", 4, "each once");
    check_header("{'descr':'<f4','fortran_order':0,'shape':()}", 4, "True or False");
    check_header("{'descr':'<f4' 'fortran_order':False,'shape':()}", 4, "a comma");
    check_header("{'descr':'<f4','fortran_order':False,'shape':()} x", 4, "after the closing brace");
    check_header("{'descr':'<f4','fortran_order':False,'shape':(2)}", 8, "a comma");
    check_header("{'descr':'<f4','fortran_order':False,'shape':[2]}", 8, "must be a tuple");
    check_header("{'descr':'<f4','fortran_order':False,'shape':(-2,)}", 8, "whole number");
    check_header("{'descr':'<f4','fortran_order':False,'shape':(,)}", 4, "whole number");
    check_header("{'descr':'<f4','fortran_order':False,'shape':(1,1,1,1,1,1,1,1,1)}", 4,
                 "more than 8 dimensions");
    check_header("{'descr':'<f4','fortran_order':False,'shape':(4611686018427387904,)}", 0,
                 "more than any file");
    check_header("{'descr':'<f4','fortran_order':False,'shape':(4294967296,4294967296)}", 0,
                 "more than any file");
    check_header("{'descr':'<f4','fortran_order':False,'shape':(99999999999999999999,)}", 0, "too large");
    check_header("{'descr':'<f4','fortran_order':False,'shape':(1073741824,)}", 8,
                 "need 4294967296; the file is trunc");
    check_header("{'descr':'<f4','fortran_order':False,'shape':(2,)}", 7, "7 bytes of data, but");
    check_header("{'descr':'<f4','fortran_order':False,'shape':(2,)}", 9, "has something appended");
    check_header("{'descr':'f4','fortran_order':False,'shape':(2,)}", 8, "dtype 'f4'");
    check_header("{'descr':'|f4','fortran_order':False,'shape':(2,)}", 8, "dtype '|f4'");
    check_header("{'descr':'','fortran_order':False,'shape':(2,)}", 8, "dtype ''");
    check_header("{'descr':'<f4,'fortran_order':False,'shape':(2,)}", 8, "dtype '<f4,'");
    check_header("{'descr':<f4,'fortran_order':False,'shape':(2,)}", 8, "a quoted string");
    bcue_npy array;
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_npy_decode("\x93NUMPY\x04\0\0\0", 10, "v.npy", &array, &error), BCUE_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(error.text, "version 4.0");
    CHECK_STATUS(bcue_npy_decode("PK\3\4....", 8, "v.npy", &array, &error), BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "not an npy file");
}

static void check_same(const bcue_npy *a, const bcue_npy *b)
{
    CHECK(a->type == b->type && a->rank == b->rank && a->count == b->count);
    CHECK(memcmp(a->shape, b->shape, sizeof a->shape) == 0);
    CHECK(memcmp(a->data, b->data, a->count * bcue_npy_type_size(a->type)) == 0);
}

static void test_round_trip(void)
{
    static const size_t shapes[][3] = {{24, 0, 0}, {6, 4, 0}, {2, 3, 4}};
    for (int i = 0; i < CASES; i++)
        for (int rank = 0; rank <= 3; rank++) {
            bcue_npy array = {.type = cases[i].type, .rank = rank, .count = rank == 0 ? 1 : 24}, again = {0};
            if (rank > 0)
                memcpy(array.shape, shapes[rank - 1], (size_t)rank * sizeof array.shape[0]);
            uint8_t data[24 * 16];
            for (size_t k = 0; k < sizeof data; k++)
                data[k] = cases[i].type == BCUE_NPY_BOOL ? k % 2 : (uint8_t)(k * 7);
            array.data = data;
            bcue_bytes bytes = {0};
            bcue_error error = {{0}};
            CHECK_OK(bcue_npy_encode(&array, &bytes, &error), error);
            CHECK_INT((bytes.size - array.count * cases[i].size) % 64, 0);
            CHECK_OK(bcue_npy_decode(bytes.data, bytes.size, "r.npy", &again, &error), error);
            check_same(&array, &again);
            bcue_npy_free(&again);
            bcue_bytes_free(&bytes);
        }
}

static void test_write(void)
{
    const char *path = BCUE_BINARY_DIR "/test_formats_npy_write.npy";
    double values[6] = {1, 2, 3, 4, 5, 6};
    bcue_npy array = {.type = BCUE_NPY_F64, .rank = 2, .shape = {2, 3}, .count = 6, .data = values},
             again = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_npy_write(path, &array, &error), error);
    CHECK_OK(bcue_npy_read(path, &again, &error), error);
    check_same(&array, &again);
    bcue_npy_free(&again);
    remove(path);
    CHECK_STATUS(bcue_npy_write("/nonexistent/a.npy", &array, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "/nonexistent/a.npy");
    array.count = 5;
    CHECK_STATUS(bcue_npy_write(path, &array, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, path);
    CHECK(!bcue_path_exists(path));
    array.rank = 9;
    bcue_bytes bytes;
    CHECK_STATUS(bcue_npy_encode(&array, &bytes, &error), BCUE_ERROR_ARGUMENT);
}

static bcue_status decode(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_npy array;
    bcue_status status = bcue_npy_decode(data, size, name, &array, error);
    double sum = 0.0;
    for (size_t i = 0; i < array.count; i++)
        sum += bcue_npy_get(&array, i) != 0.0 ? 1.0 : 0.0;
    CHECK(sum <= (double)size);
    bcue_npy_free(&array);
    return status;
}

static void test_mangled(void)
{
    static const char *const names[] = {"npy_f8_little_C.npy", "npy_c16_big_F.npy", "npy_b1_little_F.npy",
                                        "npy_i4_big_C.npy", "npy_rank8.npy"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bcue_bytes bytes = fixture_read(names[i]);
        mangle_report cut = mangle_truncate(bytes.data, bytes.size, decode, names[i]);
        mangle_report flipped = mangle_flip(bytes.data, bytes.size, decode, names[i]);
        CHECK_INT(cut.tried, bytes.size < MANGLE_MOST ? bytes.size : MANGLE_MOST);
        CHECK_INT(cut.refused, cut.tried);
        CHECK(flipped.refused > 100);
        bcue_bytes_free(&bytes);
    }
}

int main(void)
{
    RUN(test_all_types);
    RUN(test_ranks);
    RUN(test_refused_types);
    RUN(test_header_spacing);
    RUN(test_header_refused);
    RUN(test_round_trip);
    RUN(test_write);
    RUN(test_mangled);
    return check_summary();
}
