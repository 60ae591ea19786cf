/* What a long call found: text for a terminal, JSON for programs, and the files it wrote. */
#ifndef BEAMCUE_REPORT_H
#define BEAMCUE_REPORT_H

#include <stddef.h>
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Owned by whoever made the call; read by any thread. */
typedef struct bcue_report bcue_report;

BCUE_API const char *
bcue_report_text(const bcue_report *report); /* UTF-8, ends with a newline; lives with the report */
BCUE_API const char *
bcue_report_json(const bcue_report *report); /* one object; docs/json.md has the schema */
BCUE_API size_t bcue_report_file_count(const bcue_report *report);
BCUE_API const char *bcue_report_file(const bcue_report *report, size_t index); /* NULL beyond the last */
BCUE_API void bcue_report_destroy(bcue_report *report);                         /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
