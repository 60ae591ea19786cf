#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static bool reserve(bcue_text *text, size_t more)
{
    size_t needed;
    if (text->failed || !bcue_add_size(text->size, more, &needed) || !bcue_add_size(needed, 1, &needed)) {
        text->failed = true;
        return false;
    }
    void *data = text->data;
    if (!bcue_grow(&data, &text->capacity, needed, 1)) {
        text->failed = true;
        return false;
    }
    text->data = data;
    return true;
}

void bcue_text_append(bcue_text *text, const void *bytes, size_t size)
{
    if (!reserve(text, size))
        return;
    if (size > 0)
        memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void bcue_text_puts(bcue_text *text, const char *string)
{
    bcue_text_append(text, string, strlen(string));
}

void bcue_text_printf(bcue_text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        text->failed = true;
    else if (reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->size, (size_t)length + 1, format, again);
        text->size += (size_t)length;
    }
    va_end(again);
}

void bcue_text_free(bcue_text *text)
{
    free(text->data);
    *text = (bcue_text){0};
}

static bool only_blanks(const char *string)
{
    return string[strspn(string, " \t\r\n")] == '\0';
}

bool bcue_parse_double(const char *string, double *value)
{
    char *end;
    errno = 0;
    double parsed = strtod(string, &end);
    if (end == string || !only_blanks(end) || (errno == ERANGE && (parsed > 1.0 || parsed < -1.0)))
        return false;
    *value = parsed;
    return true;
}

bool bcue_parse_int64(const char *string, int64_t *value)
{
    char *end;
    errno = 0;
    long long parsed = strtoll(string, &end, 10);
    if (end == string || !only_blanks(end) || errno == ERANGE)
        return false;
    *value = parsed;
    return true;
}

enum { LONGEST_WORD = 63 };

size_t bcue_edit_distance(const char *a, const char *b)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    if (a_size > LONGEST_WORD || b_size > LONGEST_WORD)
        return a_size > b_size ? a_size : b_size;
    size_t row[LONGEST_WORD + 1];
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_size];
}

const char *bcue_nearest_word(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t nearest_distance = strlen(word) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t distance = bcue_edit_distance(word, candidates[i]);
        if (distance < nearest_distance) {
            nearest = candidates[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}

bool bcue_starts_with(const char *string, const char *prefix)
{
    return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool bcue_ends_with(const char *string, const char *suffix)
{
    size_t size = strlen(string), suffix_size = strlen(suffix);
    return size >= suffix_size && strcmp(string + size - suffix_size, suffix) == 0;
}
