#include "xml_check.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "report/markup.h"

enum { DEPTH = 64, ATTRIBUTES = 32 };

typedef struct name {
    const char *at;
    size_t length;
} name;

typedef struct reader {
    const char *p, *end;
    name open[DEPTH];
    size_t depth;
} reader;

static name read_name(reader *r)
{
    name n = {.at = r->p};
    while (r->p < r->end && (isalnum((unsigned char)*r->p) || strchr("-_:.", *r->p) != NULL) && *r->p != '\0')
        r->p++;
    n.length = (size_t)(r->p - n.at);
    return n;
}

static bool same(name a, name b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

static bool entity(reader *r)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(r->p, known[i], strlen(known[i])) == 0) {
            r->p += strlen(known[i]);
            return true;
        }
    if (strncmp(r->p, "&#", 2) != 0)
        return false;
    char *end;
    unsigned long code = strtoul(r->p + 2, &end, 10);
    r->p = end + 1;
    return *end == ';' && code >= 32;
}

static const char *character(reader *r)
{
    if (*r->p == '&')
        return entity(r) ? NULL : "a bare ampersand";
    unsigned char byte = (unsigned char)*r->p;
    if (byte < 32 && byte != '\n' && byte != '\t')
        return "a control character";
    const char *before = r->p;
    uint32_t code = bcue_utf8_next(&r->p);
    return code == 0xFFFD && strncmp(before, "\xEF\xBF\xBD", 3) != 0 ? "bytes that are not UTF-8" : NULL;
}

static void blanks(reader *r)
{
    while (r->p < r->end && isspace((unsigned char)*r->p))
        r->p++;
}

static const char *attributes(reader *r)
{
    name seen[ATTRIBUTES];
    size_t count = 0;
    for (;;) {
        const char *before = r->p;
        blanks(r);
        if (r->p >= r->end || *r->p == '>' || *r->p == '/')
            return NULL;
        if (r->p == before)
            return "no blank before an attribute";
        name n = read_name(r);
        if (n.length == 0 || *r->p != '=')
            return "an attribute without a value";
        for (size_t i = 0; i < count; i++)
            if (same(seen[i], n))
                return "an attribute twice";
        if (count < ATTRIBUTES)
            seen[count++] = n;
        char quote = *++r->p;
        if (quote != '"' && quote != '\'')
            return "an attribute without quotes";
        for (r->p++; r->p < r->end && *r->p != quote;) {
            if (*r->p == '<')
                return "a < in an attribute";
            const char *fault = character(r);
            if (fault != NULL)
                return fault;
        }
        r->p++;
    }
}

static const char *tag(reader *r)
{
    r->p++;
    if (*r->p == '!') { /* only the document type */
        if (strncmp(r->p, "!DOCTYPE html>", 14) != 0)
            return "a declaration";
        r->p += 14;
        return NULL;
    }
    bool closing = *r->p == '/';
    r->p += closing;
    name n = read_name(r);
    if (n.length == 0)
        return "a < that begins no tag";
    if (closing) {
        if (r->depth == 0 || !same(r->open[r->depth - 1], n) || *r->p != '>')
            return "an end tag that closes something else";
        r->depth--;
        r->p++;
        return NULL;
    }
    const char *fault = attributes(r);
    if (fault != NULL)
        return fault;
    bool empty = *r->p == '/';
    r->p += empty;
    if (*r->p != '>')
        return "a tag without an end";
    r->p++;
    if (empty)
        return NULL;
    if (r->depth == DEPTH)
        return "too deep";
    r->open[r->depth++] = n;
    return NULL;
}

const char *bcue_xml_fault(const char *text, size_t size, size_t *offset)
{
    reader r = {.p = text, .end = text + size};
    const char *fault = NULL;
    while (fault == NULL && r.p < r.end)
        fault = *r.p == '<' ? tag(&r) : *r.p == '\0' ? "a NUL" : character(&r);
    *offset = (size_t)(r.p - text);
    return fault != NULL ? fault : r.depth > 0 ? "an element that is never closed" : NULL;
}

size_t bcue_xml_count(const char *text, const char *wanted)
{
    size_t count = 0, length = strlen(wanted);
    for (const char *p = text; (p = strchr(p, '<')) != NULL; p++)
        count += strncmp(p + 1, wanted, length) == 0 && strchr(" />", p[1 + length]) != NULL;
    return count;
}
