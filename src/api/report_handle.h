/* Building what the long calls give back. */
#ifndef BCUE_API_REPORT_HANDLE_H
#define BCUE_API_REPORT_HANDLE_H

#include "base/json.h"
#include "base/text.h"
#include "beamcue/report.h"
#include "report/page.h"
#include "report/table.h"

bcue_report *bcue_report_create(void); /* NULL: no memory */
/* Append to the terminal text. */
bcue_text *bcue_report_out(bcue_report *report);
/* The JSON object, to put members in; borrowed. */
json_t *bcue_report_object(bcue_report *report);
/* Remember that a file was written; false: no memory. */
bool bcue_report_add_file(bcue_report *report, const char *path);
/* Append a table to text and JSON (as member `key`). */
bcue_status bcue_report_add_table(bcue_report *report, const char *key, const bcue_table *table,
                                  bcue_error *error);
/* A cell "low .. high" with three decimals and true minus signs. */
void bcue_table_range(bcue_table *table, double low, double high);
/* The end of every call: when all went well (`status`), freeze text and JSON and hand `made` over as *report;
   otherwise destroy it. Returns what the call returns. */
bcue_status bcue_report_deliver(bcue_report *made, bcue_status status, bcue_report **report,
                                bcue_error *error);

/* Version, commit, date and machine, for the foot of pages. The strings live in the struct. */
typedef struct bcue_origin_note {
    char version[32], date[32], machine[128];
    bcue_provenance provenance;
} bcue_origin_note;
void bcue_origin_note_fill(bcue_origin_note *note, const char *command);

/* Create, render to JSON, write OUT/NAME, remember. */
bcue_status bcue_report_write_json_file(bcue_report *report, const char *folder, const char *name,
                                        bcue_error *error);

#endif
