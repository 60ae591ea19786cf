#include "cli.h"

#include <math.h>
#include <string.h>

/* Length of the UTF-8 character at `c`: 1 to 4, or 0 when it is none. Overlong forms, surrogates and what
 * lies beyond U+10FFFF are none. */
static size_t utf8_length(const unsigned char *c)
{
    const size_t length = c[0] < 0x80   ? 1
                          : c[0] < 0xC2 ? 0
                          : c[0] < 0xE0 ? 2
                          : c[0] < 0xF0 ? 3
                          : c[0] < 0xF5 ? 4
                                        : 0;
    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) || (c[0] == 0xF0 && c[1] < 0x90) ||
        (c[0] == 0xF4 && c[1] > 0x8F))
        return 0;
    return length;
}

void bcue_cli_json_text(FILE *out, const char *text)
{
    if (text == NULL) {
        fputs("null", out);
        return;
    }
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0';) {
        const size_t length = utf8_length(c);
        if (length == 0)
            fputs("\\ufffd", out);
        else if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7F)
            fprintf(out, "\\u%04x", (unsigned)*c);
        else
            fwrite(c, 1, length, out);
        c += length == 0 ? 1 : length;
    }
    fputc('"', out);
}

void bcue_cli_json_number(FILE *out, double number)
{
    if (isfinite(number))
        fprintf(out, "%.9g", number);
    else
        fputs("null", out);
}
