/* Bytes as text. */
#ifndef BCUE_BASE_BASE64_H
#define BCUE_BASE_BASE64_H

#include <stddef.h>
#include "base/text.h"

/* Base64 with padding (RFC 4648), without line breaks, appended to `out`. */
void bcue_base64(bcue_text *out, const void *bytes, size_t size);

#endif
