/* A model file as a C header, for programs that carry their model with them. */
#ifndef BCUE_EXCHANGE_C_HEADER_H
#define BCUE_EXCHANGE_C_HEADER_H

#include <stddef.h>
#include "base/text.h"

enum { BCUE_C_HEADER_MOST = 2000000 }; /* bytes of the model file */

/* A header with `static const unsigned char NAME[SIZE]`, NAME made of the header's file name: for
   bcue_model_open_memory(NAME, sizeof NAME, ...), in C and C++. Appends to `out`. BCUE_ERROR_UNSUPPORTED when
   the file has more than BCUE_C_HEADER_MOST bytes: compilers are slow with such headers. `source` names the
   model in the comment. */
bcue_status bcue_c_header_encode(const char *header_path, const char *source, const void *data, size_t size,
                                 bcue_text *out, bcue_error *error);
/* Read the model file at `model_path`, write the header. Atomic. */
bcue_status bcue_c_header_write(const char *header_path, const char *model_path, bcue_error *error);

#endif
