#include "report/markup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT 0xFFFDu

uint32_t bcue_utf8_next(const char **cursor)
{
    const unsigned char *s = (const unsigned char *)*cursor;
    *cursor += 1;
    if (s[0] < 0x80)
        return s[0];
    int more = s[0] >= 0xF0 ? 3 : s[0] >= 0xE0 ? 2 : 1;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return REPLACEMENT;
    uint32_t code = s[0] & (0x3Fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return REPLACEMENT;
        code = code << 6 | (s[i] & 0x3Fu);
    }
    static const uint32_t smallest[4] = {0, 0x80, 0x800, 0x10000};
    if (code < smallest[more] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return REPLACEMENT;
    *cursor += more;
    return code;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xFFFE || code == 0xFFFF ||
           (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069); /* bidirectional overrides */
}

/* Append the character that ran from `start` to `end`, or the replacement character. */
static void put_character(bcue_text *out, uint32_t code, const char *start, const char *end)
{
    if (code == REPLACEMENT || is_control(code))
        bcue_text_puts(out, "\xEF\xBF\xBD");
    else
        bcue_text_append(out, start, (size_t)(end - start));
}

void bcue_escape_html(bcue_text *out, const char *string)
{
    for (const char *p = string ? string : ""; *p != '\0';) {
        const char *start = p;
        uint32_t code = bcue_utf8_next(&p);
        switch (code) {
        case '&':
            bcue_text_puts(out, "&amp;");
            break;
        case '<':
            bcue_text_puts(out, "&lt;");
            break;
        case '>':
            bcue_text_puts(out, "&gt;");
            break;
        case '"':
            bcue_text_puts(out, "&quot;");
            break;
        case '\'':
            bcue_text_puts(out, "&#39;");
            break;
        case '\n':
        case '\t':
            bcue_text_append(out, start, 1);
            break;
        default:
            put_character(out, code, start, p);
        }
    }
}

void bcue_escape_markdown(bcue_text *out, const char *string)
{
    for (const char *p = string ? string : ""; *p != '\0';) {
        const char *start = p;
        uint32_t code = bcue_utf8_next(&p);
        if (code == '<')
            bcue_text_puts(out, "&lt;");
        else if (code == '&')
            bcue_text_puts(out, "&amp;");
        else if (code == '\n' || code == '\r' || code == '\t')
            bcue_text_puts(out, " ");
        else {
            if (code < 0x80 && strchr("\\`*_[]|~", (int)code) != NULL)
                bcue_text_puts(out, "\\");
            put_character(out, code, start, p);
        }
    }
}

void bcue_escape_plain(bcue_text *out, const char *string)
{
    for (const char *p = string ? string : ""; *p != '\0';) {
        const char *start = p;
        uint32_t code = bcue_utf8_next(&p);
        if (code == '\n' || code == '\r' || code == '\t')
            bcue_text_puts(out, " ");
        else
            put_character(out, code, start, p);
    }
}

void bcue_escape_csv(bcue_text *out, const char *string)
{
    if (string == NULL)
        return;
    size_t length = strlen(string);
    bool quote =
        strpbrk(string, ",\"\r\n") != NULL || (length > 0 && (string[0] == ' ' || string[length - 1] == ' '));
    if (quote)
        bcue_text_puts(out, "\"");
    for (const char *p = string; *p != '\0';) {
        const char *start = p;
        uint32_t code = bcue_utf8_next(&p);
        if (code == '"')
            bcue_text_puts(out, "\"\"");
        else if (code == '\n' || code == '\r' || code == '\t')
            bcue_text_append(out, start, 1);
        else
            put_character(out, code, start, p);
    }
    if (quote)
        bcue_text_puts(out, "\"");
}

size_t bcue_text_columns(const char *string)
{
    size_t columns = 0;
    for (const char *p = string ? string : ""; *p != '\0';) {
        uint32_t code = bcue_utf8_next(&p);
        bool combining = (code >= 0x300 && code <= 0x36F) || (code >= 0x200B && code <= 0x200D) ||
                         (code >= 0x20D0 && code <= 0x20FF) || (code >= 0xFE00 && code <= 0xFE0F);
        bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                    (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                    (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                    (code >= 0x1F300 && code <= 0x1F9FF) || (code >= 0x20000 && code <= 0x3FFFD);
        columns += combining ? 0 : wide ? 2 : 1;
    }
    return columns;
}

void bcue_format_number(char text[BCUE_NUMBER_SIZE], double value, int decimals, bool ascii)
{
    if (isnan(value)) {
        snprintf(text, BCUE_NUMBER_SIZE, "%s", ascii ? "nan" : "\xE2\x80\x94");
        return;
    }
    char digits[BCUE_NUMBER_SIZE - 4];
    double size = fabs(value);
    if (isinf(value))
        snprintf(digits, sizeof digits, "%s", ascii ? "inf" : "\xE2\x88\x9E");
    else if (decimals < 0 || size >= 1e15)
        snprintf(digits, sizeof digits, "%.4g", size);
    else
        snprintf(digits, sizeof digits, "%.*f", decimals > 17 ? 17 : decimals, size);
    bool zero = !isinf(value) && strpbrk(digits, "123456789") == NULL;
    const char *sign = value < 0 && !zero ? (ascii ? "-" : "\xE2\x88\x92") : "";
    snprintf(text, BCUE_NUMBER_SIZE, "%s%s", sign, digits);
}
