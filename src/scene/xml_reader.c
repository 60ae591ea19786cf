#include "scene/xml_reader.h"

#include <errno.h>
#include <expat.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"

enum { PIECE = 1 << 20 };

typedef struct xml_reading {
    XML_Parser parser;
    const char *name;
    const bcue_xml_handlers *handlers;
    void *context;
    int depth;
    bcue_status status; /* of the first failure that is not expat's own */
    bcue_error *error;
} xml_reading;

/* BCUE_OK stops nothing. */
static void stop(xml_reading *reading, bcue_status status)
{
    if (status != BCUE_OK && reading->status == BCUE_OK) {
        reading->status = status;
        XML_StopParser(reading->parser, XML_FALSE);
    }
}

static bcue_xml_element element_here(const xml_reading *reading, const char *name,
                                     const char *const *attributes)
{
    return (bcue_xml_element){.name = name,
                              .attributes = attributes,
                              .file = reading->name,
                              .line = (size_t)XML_GetCurrentLineNumber(reading->parser),
                              .depth = reading->depth};
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    xml_reading *reading = user;
    if (reading->status != BCUE_OK)
        return;
    reading->depth++;
    bcue_xml_element element = element_here(reading, name, (const char *const *)attributes);
    if (reading->depth > BCUE_XML_MAX_DEPTH)
        stop(reading, bcue_xml_fail(&element, reading->error, "nested deeper than %d elements",
                                    (int)BCUE_XML_MAX_DEPTH));
    else if (reading->handlers->start != NULL)
        stop(reading, reading->handlers->start(reading->context, &element, reading->error));
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    static const char *const none[] = {NULL};
    xml_reading *reading = user;
    if (reading->status != BCUE_OK)
        return;
    bcue_xml_element element = element_here(reading, name, none);
    if (reading->handlers->end != NULL)
        stop(reading, reading->handlers->end(reading->context, &element, reading->error));
    reading->depth--;
}

static void XMLCALL on_document_type(void *user, const XML_Char *name, const XML_Char *system,
                                     const XML_Char *public_id, int internal)
{
    (void)name, (void)system, (void)public_id, (void)internal;
    xml_reading *reading = user;
    stop(reading, bcue_fail(reading->error, BCUE_ERROR_FORMAT,
                            "%s:%zu: a document type (<!DOCTYPE ...>) is not read; remove it", reading->name,
                            (size_t)XML_GetCurrentLineNumber(reading->parser)));
}

static bcue_status finish_piece(xml_reading *reading, enum XML_Status result)
{
    if (reading->status != BCUE_OK)
        return reading->status;
    if (result == XML_STATUS_OK)
        return BCUE_OK;
    enum XML_Error code = XML_GetErrorCode(reading->parser);
    if (code == XML_ERROR_NO_MEMORY)
        return bcue_fail_memory(reading->error, reading->name);
    return bcue_fail(reading->error, BCUE_ERROR_FORMAT, "%s:%zu: not well-formed XML: %s", reading->name,
                     (size_t)XML_GetCurrentLineNumber(reading->parser), XML_ErrorString(code));
}

static bcue_status open_parser(xml_reading *reading)
{
    reading->parser = XML_ParserCreate(NULL);
    if (reading->parser == NULL)
        return bcue_fail_memory(reading->error, reading->name);
    XML_SetUserData(reading->parser, reading);
    XML_SetElementHandler(reading->parser, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(reading->parser, on_document_type);
    return BCUE_OK;
}

bcue_status bcue_xml_decode(const void *data, size_t size, const char *name,
                            const bcue_xml_handlers *handlers, void *context, bcue_error *error)
{
    xml_reading reading = {.name = name, .handlers = handlers, .context = context, .error = error};
    BCUE_TRY(open_parser(&reading));
    bcue_status status = BCUE_OK;
    size_t done = 0;
    do {
        size_t piece = size - done < PIECE ? size - done : PIECE;
        status = finish_piece(
            &reading, XML_Parse(reading.parser, (const char *)data + done, (int)piece, done + piece == size));
        done += piece;
    } while (status == BCUE_OK && done < size);
    XML_ParserFree(reading.parser);
    return status;
}

static bcue_status read_stream(xml_reading *reading, FILE *stream)
{
    for (bool last = false; !last;) {
        void *buffer = XML_GetBuffer(reading->parser, PIECE);
        if (buffer == NULL)
            return bcue_fail_memory(reading->error, reading->name);
        size_t size = fread(buffer, 1, PIECE, stream);
        if (ferror(stream))
            return bcue_fail(reading->error, BCUE_ERROR_IO, "%s: cannot read: %s", reading->name,
                             strerror(errno));
        last = size < PIECE;
        BCUE_TRY(finish_piece(reading, XML_ParseBuffer(reading->parser, (int)size, last)));
    }
    return BCUE_OK;
}

bcue_status bcue_xml_read(const char *path, const bcue_xml_handlers *handlers, void *context,
                          bcue_error *error)
{
    xml_reading reading = {.name = path, .handlers = handlers, .context = context, .error = error};
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
    bcue_status status = open_parser(&reading);
    if (status == BCUE_OK)
        status = read_stream(&reading, stream);
    XML_ParserFree(reading.parser);
    fclose(stream);
    return status;
}

const char *bcue_xml_attribute(const bcue_xml_element *element, const char *name)
{
    for (const char *const *at = element->attributes; at[0] != NULL; at += 2)
        if (strcmp(at[0], name) == 0)
            return at[1];
    return NULL;
}

bcue_status bcue_xml_required(const bcue_xml_element *element, const char *name, const char **value,
                              bcue_error *error)
{
    *value = bcue_xml_attribute(element, name);
    return *value != NULL ? BCUE_OK : bcue_xml_fail(element, error, "the attribute \"%s\" is missing", name);
}

bcue_status bcue_xml_number(const bcue_xml_element *element, const char *name, double low, double high,
                            double *value, bcue_error *error)
{
    const char *text = "";
    BCUE_TRY(bcue_xml_required(element, name, &text, error));
    if (!bcue_parse_double(text, value) || !isfinite(*value))
        return bcue_xml_fail(element, error, "%s=\"%.40s\" is not a number", name, text);
    if (*value < low || *value > high)
        return bcue_xml_fail(element, error, "%s=\"%.40s\" must be from %g to %g", name, text, low, high);
    return BCUE_OK;
}

bcue_status bcue_xml_fail(const bcue_xml_element *element, bcue_error *error, const char *format, ...)
{
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return bcue_fail(error, BCUE_ERROR_FORMAT, "%s:%zu: <%.40s>: %s", element->file, element->line,
                     element->name, sentence);
}
