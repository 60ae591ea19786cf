/* The one door to jansson. Parse untrusted JSON with JSON_REJECT_DUPLICATES. */
#ifndef BCUE_BASE_JSON_H
#define BCUE_BASE_JSON_H

#include <jansson.h>

#endif
