/* Growing HDF5 data sets, one row at a time. Not for other rooms. */
#ifndef BCUE_RECORD_HDF5_TABLE_H
#define BCUE_RECORD_HDF5_TABLE_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/text.h"
#include "beamcue/status.h"

typedef enum bcue_column_type {
    BCUE_COLUMN_U8,
    BCUE_COLUMN_I32,
    BCUE_COLUMN_U32,
    BCUE_COLUMN_U64,
    BCUE_COLUMN_F64,
    BCUE_COLUMN_COMPLEX, /* {double r, i}, as NumPy's complex128 */
} bcue_column_type;

/* A data set of rows x shape[0] x shape[1] (0: that dimension is not there). Rows are kept in memory until
   some MiB have gathered; a failure sticks. */
typedef struct bcue_column {
    hid_t dataset, type;
    size_t row_bytes;
    hsize_t shape[2], rows; /* rows: in the file */
    int rank;               /* of a row */
    bcue_text waiting;
    bool failed;
} bcue_column;

/* `name` is the path in the file; its groups must exist. `unit` and `meaning` become attributes. */
void bcue_column_create(bcue_column *column, hid_t file, const char *name, bcue_column_type type, hsize_t a,
                        hsize_t b, const char *unit, const char *meaning);
void bcue_column_add(bcue_column *column, const void *row);
/* Write what waits, close, free. False: something failed since the beginning. */
bool bcue_column_close(bcue_column *column);

/* Attributes of the object `name`. False: failed. */
bool bcue_hdf5_text_attribute(hid_t file, const char *name, const char *key, const char *value);
bool bcue_hdf5_number_attribute(hid_t file, const char *name, const char *key, double value);
bool bcue_hdf5_count_attribute(hid_t file, const char *name, const char *key, unsigned long long value);
/* A one-dimensional data set of fixed-length texts. */
bool bcue_hdf5_texts(hid_t file, const char *name, const char *texts, size_t size, size_t count);

#endif
