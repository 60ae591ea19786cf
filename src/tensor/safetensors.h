/* The model file: safetensors (8-byte little-endian header size, JSON header, raw data), mapped, not copied.
 */
#ifndef BCUE_TENSOR_SAFETENSORS_H
#define BCUE_TENSOR_SAFETENSORS_H

#include "tensor/tensor.h"

typedef struct bcue_safetensors bcue_safetensors;

/* Refused with a sentence: wrong length, overlapping or unordered-with-gaps offsets, a shape whose product
   overflows or does not match its bytes, duplicate names, unknown dtype, more than 65536 tensors, a header
   over 64 MB. F16 and BF16 become F32, as copies. */
bcue_status bcue_safetensors_open(const char *path, bcue_safetensors **file, bcue_error *error);
/* The same from memory that outlives the result; `name` stands for the file in messages. */
bcue_status bcue_safetensors_open_memory(const void *data, size_t size, const char *name,
                                         bcue_safetensors **file, bcue_error *error);
/* The memory of what was read so far goes back to the system until it is read again. Any thread. */
void bcue_safetensors_release(const bcue_safetensors *file);
void bcue_safetensors_close(bcue_safetensors *file);
size_t bcue_safetensors_count(const bcue_safetensors *file);
const char *bcue_safetensors_name(const bcue_safetensors *file, size_t index);
/* View into the mapping, or a copy where the file does not align the data for its type: valid until close. */
const bcue_tensor *bcue_safetensors_tensor(const bcue_safetensors *file, size_t index);
const bcue_tensor *bcue_safetensors_find(const bcue_safetensors *file,
                                         const char *name); /* NULL: not there */
/* Does the file hold this tensor in 16 bits? */
bool bcue_safetensors_is_half(const bcue_safetensors *file, size_t index);
const char *bcue_safetensors_metadata(const bcue_safetensors *file, const char *key); /* NULL: not there */

typedef struct bcue_named_tensor {
    const char *name;
    const bcue_tensor *tensor;
    bool half; /* f32 that the file shall hold as F16 */
} bcue_named_tensor;
typedef struct bcue_metadata {
    const char *key, *value;
} bcue_metadata;

/* Atomic. The format allows no gaps, so tensors are written by element size, 8 bytes first (in the given
   order among equals): with the header padded with blanks to a multiple of 8 each lies aligned. Fails with
   BCUE_ERROR_ARGUMENT on equal names or keys, on text that is not UTF-8, and on values of 65520 or more that
   shall be halves. */
bcue_status bcue_safetensors_write(const char *path, const bcue_named_tensor *tensors, size_t tensor_count,
                                   const bcue_metadata *metadata, size_t metadata_count, bcue_error *error);

#endif
