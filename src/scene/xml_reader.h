/* XML in one pass: elements are handed over as they are read, so that a file may be larger than memory.

   Refused, since no format read here needs them: a document type (and so entities of its own) and elements
   nested deeper than BCUE_XML_MAX_DEPTH. Errors: BCUE_ERROR_FORMAT with "name:line:", BCUE_ERROR_IO,
   BCUE_ERROR_MEMORY, and whatever a handler returns. One document belongs to one thread; any number of them
   at a time. */
#ifndef BCUE_SCENE_XML_READER_H
#define BCUE_SCENE_XML_READER_H

#include <stddef.h>
#include "beamcue/status.h"

enum { BCUE_XML_MAX_DEPTH = 64 };

typedef struct bcue_xml_element {
    const char *name;
    const char *const *attributes; /* name, value, name, value, ..., NULL; UTF-8 */
    const char *file;              /* for messages */
    size_t line;
    int depth; /* 1 = the root */
} bcue_xml_element;

/* Both may be NULL. A status other than BCUE_OK stops the reading and is what it returns; the handler has
   written `error` then. Everything in `element` is gone when the handler returns; at an end there are no
   attributes. */
typedef struct bcue_xml_handlers {
    bcue_status (*start)(void *context, const bcue_xml_element *element, bcue_error *error);
    bcue_status (*end)(void *context, const bcue_xml_element *element, bcue_error *error);
} bcue_xml_handlers;

/* `name` stands for the document in messages. */
bcue_status bcue_xml_decode(const void *data, size_t size, const char *name,
                            const bcue_xml_handlers *handlers, void *context, bcue_error *error);
/* The file is read in pieces of 1 MiB. */
bcue_status bcue_xml_read(const char *path, const bcue_xml_handlers *handlers, void *context,
                          bcue_error *error);

/* The value of an attribute, or NULL. */
const char *bcue_xml_attribute(const bcue_xml_element *element, const char *name);
/* The value of an attribute that must be there. */
bcue_status bcue_xml_required(const bcue_xml_element *element, const char *name, const char **value,
                              bcue_error *error);
/* A number that must be there, finite and in [low, high]. */
bcue_status bcue_xml_number(const bcue_xml_element *element, const char *name, double low, double high,
                            double *value, bcue_error *error);
/* "FILE:LINE: <ELEMENT>: " and the rest, as BCUE_ERROR_FORMAT. */
BCUE_PRINTF(3, 4)
bcue_status bcue_xml_fail(const bcue_xml_element *element, bcue_error *error, const char *format, ...);

#endif
