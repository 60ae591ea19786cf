/* NumPy .npy files, versions 1 to 3. */
#ifndef BCUE_FORMATS_NPY_H
#define BCUE_FORMATS_NPY_H

#include <stddef.h>
#include <stdint.h>
#include "base/file.h"
#include "beamcue/status.h"

typedef enum bcue_npy_type {
    BCUE_NPY_BOOL, BCUE_NPY_I8, BCUE_NPY_U8, BCUE_NPY_I16, BCUE_NPY_U16, BCUE_NPY_I32, BCUE_NPY_U32, BCUE_NPY_I64,
    BCUE_NPY_U64, BCUE_NPY_F32, BCUE_NPY_F64, BCUE_NPY_C64 /* complex of 2 f32 */, BCUE_NPY_C128,
} bcue_npy_type;

enum { BCUE_NPY_MAX_RANK = 8 };

/* An array in native byte order and C order, whatever the file had. */
typedef struct bcue_npy {
    bcue_npy_type type;
    int rank;
    size_t shape[BCUE_NPY_MAX_RANK];
    size_t count; /* product of shape */
    void *data;   /* owned */
} bcue_npy;

size_t bcue_npy_type_size(bcue_npy_type type);
bcue_status bcue_npy_decode(const void *data, size_t size, const char *name, bcue_npy *array, bcue_error *error);
bcue_status bcue_npy_encode(const bcue_npy *array, bcue_bytes *bytes, bcue_error *error);
bcue_status bcue_npy_read(const char *path, bcue_npy *array, bcue_error *error);
bcue_status bcue_npy_write(const char *path, const bcue_npy *array, bcue_error *error);
void bcue_npy_free(bcue_npy *array);
/* Real element i as double (bool 0/1); complex types give the real part. */
double bcue_npy_get(const bcue_npy *array, size_t index);

#endif
