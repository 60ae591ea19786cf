/* MATLAB MAT files, version 5: numeric arrays by name.
   Read here and not by libmatio, because that trusts the sizes in a damaged file: one flipped bit makes it
   ask for gigabytes, or end the process. Layout: "MAT-File Format", The MathWorks. */
#ifndef BCUE_FORMATS_MAT_H
#define BCUE_FORMATS_MAT_H

#include <stddef.h>
#include "beamcue/status.h"

enum { BCUE_MAT_MAX_RANK = 8 };

/* A real or complex array, elements in MATLAB's order: the first index runs fastest. */
typedef struct bcue_mat {
    int rank;
    size_t shape[BCUE_MAT_MAX_RANK];
    size_t count;      /* product of shape */
    double *real;      /* owned */
    double *imaginary; /* owned; NULL when the array is real */
} bcue_mat;

/* Decode one array. `name` is a variable, a field of a 1x1 structure ("beam_weights.single_beam"), an element
   of a cell array counted from 0
   ("cells{3}"), or steps of these ("a.b{3}"). Either byte order, compressed or not, any number type. Refused:
   sparse, text, objects, version 4 and 7.3 (HDF5) files. `file` stands for the file in messages. On success
   the caller frees with bcue_mat_free. */
bcue_status bcue_mat_decode(const void *data, size_t size, const char *file, const char *name,
                            bcue_mat *matrix, bcue_error *error);
bcue_status bcue_mat_read(const char *path, const char *name, bcue_mat *matrix, bcue_error *error);
void bcue_mat_free(bcue_mat *matrix);

#endif
