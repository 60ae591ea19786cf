#include "base/base64.h"

#include <stdint.h>

void bcue_base64(bcue_text *out, const void *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = bytes;
    char buffer[4096];
    size_t used = 0;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t word = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                        (left > 2 ? (uint32_t)in[i + 2] : 0);
        buffer[used++] = digits[word >> 18];
        buffer[used++] = digits[word >> 12 & 63];
        buffer[used++] = left > 1 ? digits[word >> 6 & 63] : '=';
        buffer[used++] = left > 2 ? digits[word & 63] : '=';
        if (used == sizeof buffer) {
            bcue_text_append(out, buffer, used);
            used = 0;
        }
    }
    bcue_text_append(out, buffer, used);
}
