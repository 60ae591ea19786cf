#include "record/hdf5_table.h"

#include <stdlib.h>
#include <string.h>

enum { WAITING_BYTES = 1 << 21, CHUNK_BYTES = 1 << 18 };

static hid_t complex_type(void)
{
    hid_t type = H5Tcreate(H5T_COMPOUND, 2 * sizeof(double));
    if (type >= 0 && (H5Tinsert(type, "r", 0, H5T_IEEE_F64LE) < 0 ||
                      H5Tinsert(type, "i", sizeof(double), H5T_IEEE_F64LE) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

/* Little-endian in the file on every machine; in memory as the machine has it. */
static hid_t make_type(bcue_column_type kind, bool in_file)
{
    switch (kind) {
    case BCUE_COLUMN_U8:
        return H5Tcopy(H5T_STD_U8LE);
    case BCUE_COLUMN_I32:
        return H5Tcopy(in_file ? H5T_STD_I32LE : H5T_NATIVE_INT32);
    case BCUE_COLUMN_U32:
        return H5Tcopy(in_file ? H5T_STD_U32LE : H5T_NATIVE_UINT32);
    case BCUE_COLUMN_U64:
        return H5Tcopy(in_file ? H5T_STD_U64LE : H5T_NATIVE_UINT64);
    case BCUE_COLUMN_F64:
        return H5Tcopy(in_file ? H5T_IEEE_F64LE : H5T_NATIVE_DOUBLE);
    default:
        break;
    }
    if (in_file)
        return complex_type();
    hid_t type = H5Tcreate(H5T_COMPOUND, 2 * sizeof(double));
    if (type >= 0) {
        H5Tinsert(type, "r", 0, H5T_NATIVE_DOUBLE);
        H5Tinsert(type, "i", sizeof(double), H5T_NATIVE_DOUBLE);
    }
    return type;
}

/* Chunks of about 256 KiB, shuffled and deflated; no times, so that the same data give the same bytes. */
static hid_t creation_list(const hsize_t *dimensions, int rank, size_t row_bytes)
{
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk[3] = {1, dimensions[1], dimensions[2]};
    if (row_bytes < CHUNK_BYTES)
        chunk[0] = CHUNK_BYTES / row_bytes;
    if (list >= 0 && (H5Pset_chunk(list, rank, chunk) < 0 || H5Pset_shuffle(list) < 0 ||
                      H5Pset_deflate(list, 3) < 0 || H5Pset_obj_track_times(list, 0) < 0)) {
        H5Pclose(list);
        return -1;
    }
    return list;
}

void bcue_column_create(bcue_column *column, hid_t file, const char *name, bcue_column_type type, hsize_t a,
                        hsize_t b, const char *unit, const char *meaning)
{
    static const size_t sizes[] = {1, 4, 4, 8, 8, 16};
    hsize_t dimensions[3] = {0, a, b}, most[3] = {H5S_UNLIMITED, a, b};
    int rank = a == 0 ? 1 : b == 0 ? 2 : 3;
    *column = (bcue_column){.dataset = -1,
                            .type = make_type(type, false),
                            .row_bytes = sizes[type] * (size_t)(a == 0 ? 1 : a) * (size_t)(b == 0 ? 1 : b),
                            .shape = {a, b},
                            .rank = rank - 1};
    hid_t in_file = make_type(type, true), space = H5Screate_simple(rank, dimensions, most);
    hid_t list = creation_list(dimensions, rank, column->row_bytes);
    if (in_file >= 0 && space >= 0 && list >= 0)
        column->dataset = H5Dcreate2(file, name, in_file, space, H5P_DEFAULT, list, H5P_DEFAULT);
    if (list >= 0)
        H5Pclose(list);
    if (space >= 0)
        H5Sclose(space);
    if (in_file >= 0)
        H5Tclose(in_file);
    column->failed = column->dataset < 0 || column->type < 0 ||
                     !bcue_hdf5_text_attribute(file, name, "unit", unit) ||
                     !bcue_hdf5_text_attribute(file, name, "meaning", meaning);
}

static void flush(bcue_column *column)
{
    hsize_t count = column->waiting.size / column->row_bytes;
    if (column->failed || count == 0)
        return;
    int rank = column->rank + 1;
    hsize_t size[3] = {column->rows + count, column->shape[0], column->shape[1]};
    hsize_t start[3] = {column->rows, 0, 0}, block[3] = {count, column->shape[0], column->shape[1]};
    hid_t memory = H5Screate_simple(rank, block, NULL), space = -1;
    bool written =
        memory >= 0 && H5Dset_extent(column->dataset, size) >= 0 &&
        (space = H5Dget_space(column->dataset)) >= 0 &&
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, block, NULL) >= 0 &&
        H5Dwrite(column->dataset, column->type, memory, space, H5P_DEFAULT, column->waiting.data) >= 0;
    if (space >= 0)
        H5Sclose(space);
    if (memory >= 0)
        H5Sclose(memory);
    column->failed = !written;
    column->rows += count;
    column->waiting.size = 0;
}

void bcue_column_add(bcue_column *column, const void *row)
{
    if (column->failed)
        return;
    bcue_text_append(&column->waiting, row, column->row_bytes);
    column->failed = column->waiting.failed;
    if (column->waiting.size >= WAITING_BYTES)
        flush(column);
}

bool bcue_column_close(bcue_column *column)
{
    if (column->dataset >= 0 && column->type >= 0)
        flush(column);
    bool good = !column->failed;
    if (column->dataset >= 0 && H5Dclose(column->dataset) < 0)
        good = false;
    if (column->type >= 0)
        H5Tclose(column->type);
    bcue_text_free(&column->waiting);
    *column = (bcue_column){.dataset = -1, .type = -1};
    return good;
}

static bool write_attribute(hid_t file, const char *name, const char *key, hid_t file_type, hid_t memory_type,
                            const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = space < 0 ? -1
                                : H5Acreate_by_name(file, name, key, file_type, space, H5P_DEFAULT,
                                                    H5P_DEFAULT, H5P_DEFAULT);
    bool good = attribute >= 0 && H5Awrite(attribute, memory_type, value) >= 0;
    if (attribute >= 0)
        H5Aclose(attribute);
    if (space >= 0)
        H5Sclose(space);
    return good;
}

static hid_t text_type(size_t size)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, size) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

bool bcue_hdf5_text_attribute(hid_t file, const char *name, const char *key, const char *value)
{
    hid_t type = text_type(strlen(value) + 1);
    bool good = type >= 0 && write_attribute(file, name, key, type, type, value);
    if (type >= 0)
        H5Tclose(type);
    return good;
}

bool bcue_hdf5_number_attribute(hid_t file, const char *name, const char *key, double value)
{
    return write_attribute(file, name, key, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

bool bcue_hdf5_count_attribute(hid_t file, const char *name, const char *key, unsigned long long value)
{
    return write_attribute(file, name, key, H5T_STD_U64LE, H5T_NATIVE_ULLONG, &value);
}

bool bcue_hdf5_texts(hid_t file, const char *name, const char *texts, size_t size, size_t count)
{
    hsize_t rows = count;
    hid_t type = text_type(size), space = H5Screate_simple(1, &rows, NULL),
          list = H5Pcreate(H5P_DATASET_CREATE);
    bool good = type >= 0 && space >= 0 && list >= 0 && H5Pset_obj_track_times(list, 0) >= 0;
    hid_t dataset = good ? H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT) : -1;
    good = dataset >= 0 && (count == 0 || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts) >= 0);
    if (dataset >= 0)
        H5Dclose(dataset);
    if (list >= 0)
        H5Pclose(list);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return good;
}
