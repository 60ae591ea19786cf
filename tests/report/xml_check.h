/* A small check that a text is well-formed XML (without DTD): what a browser's XML parser would refuse, this
 * refuses too. */
#ifndef BCUE_TESTS_XML_CHECK_H
#define BCUE_TESTS_XML_CHECK_H

#include <stddef.h>

/* NULL when well-formed, else what is wrong; `*offset` says where. Any number of root elements. */
const char *bcue_xml_fault(const char *text, size_t size, size_t *offset);
/* How many elements of this name begin in the text. */
size_t bcue_xml_count(const char *text, const char *name);

#endif
