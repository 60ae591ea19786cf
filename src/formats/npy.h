/* NumPy .npy files, versions 1 to 3 (the format is described in NumPy's documentation, numpy.lib.format).

   Read: bool, 8- to 64-bit integers, float32/64 and complex64/128, little or big endian, C or Fortran order.
   The header's dictionary must have exactly its three keys, with any spacing. The data must have exactly the
   size that shape and dtype say, so what is allocated is never more than the file. Errors: BCUE_ERROR_FORMAT
   and, for Python objects, records, strings, times and half floats, BCUE_ERROR_UNSUPPORTED, both with "name:
   byte N: sentence"; BCUE_ERROR_IO; BCUE_ERROR_MEMORY. Any thread. */
#ifndef BCUE_FORMATS_NPY_H
#define BCUE_FORMATS_NPY_H

#include <stddef.h>
#include <stdint.h>
#include "base/file.h"
#include "beamcue/status.h"

typedef enum bcue_npy_type {
    BCUE_NPY_BOOL, /* uint8_t 0 or 1 */
    BCUE_NPY_I8,
    BCUE_NPY_U8,
    BCUE_NPY_I16,
    BCUE_NPY_U16,
    BCUE_NPY_I32,
    BCUE_NPY_U32,
    BCUE_NPY_I64,
    BCUE_NPY_U64,
    BCUE_NPY_F32,
    BCUE_NPY_F64,
    BCUE_NPY_C64,  /* two floats: real, imaginary */
    BCUE_NPY_C128, /* two doubles */
} bcue_npy_type;

enum { BCUE_NPY_MAX_RANK = 8 };

/* An array in native byte order and C order, whatever the file had. */
typedef struct bcue_npy {
    bcue_npy_type type;
    int rank; /* 0: a single value */
    size_t shape[BCUE_NPY_MAX_RANK];
    size_t count; /* product of shape */
    void *data;   /* owned; 64-byte aligned when read */
} bcue_npy;

size_t bcue_npy_type_size(bcue_npy_type type); /* bytes of an element; 0 for no such type */
/* On success the caller frees `array`; otherwise it is empty. */
bcue_status bcue_npy_decode(const void *data, size_t size, const char *name, bcue_npy *array,
                            bcue_error *error);
bcue_status bcue_npy_read(const char *path, bcue_npy *array, bcue_error *error);
/* Version 1, native byte order, C order. BCUE_ERROR_ARGUMENT when rank, shape and count do not agree. */
bcue_status bcue_npy_encode(const bcue_npy *array, bcue_bytes *bytes, bcue_error *error);
bcue_status bcue_npy_write(const char *path, const bcue_npy *array, bcue_error *error);
/* The header alone, for an array that is written piece by piece after it. */
bcue_status bcue_npy_encode_header(bcue_npy_type type, int rank, const size_t *shape, bcue_bytes *bytes,
                                   bcue_error *error);
void bcue_npy_free(bcue_npy *array); /* and make it empty; NULL is fine */
/* Element `index` (C order) as double; complex types give the real part, 64-bit integers are rounded. */
double bcue_npy_get(const bcue_npy *array, size_t index);

#endif
