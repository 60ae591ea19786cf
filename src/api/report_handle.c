#include "api/report_handle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "beamcue/version.h"

struct bcue_report {
    bcue_text text;
    json_t *object;
    char *json;
    char **files;
    size_t file_count, file_capacity;
};

bcue_report *bcue_report_create(void)
{
    bcue_report *report = bcue_calloc(1, sizeof *report);
    if (report == NULL)
        return NULL;
    report->object = json_object();
    if (report->object == NULL) {
        free(report);
        return NULL;
    }
    return report;
}

bcue_text *bcue_report_out(bcue_report *report)
{
    return &report->text;
}

json_t *bcue_report_object(bcue_report *report)
{
    return report->object;
}

bool bcue_report_add_file(bcue_report *report, const char *path)
{
    void *files = report->files;
    char *copy = bcue_strdup(path);
    if (copy == NULL ||
        !bcue_grow(&files, &report->file_capacity, report->file_count + 1, sizeof *report->files)) {
        free(copy);
        return false;
    }
    report->files = files;
    report->files[report->file_count++] = copy;
    return true;
}

bcue_status bcue_report_add_table(bcue_report *report, const char *key, const bcue_table *table,
                                  bcue_error *error)
{
    const bcue_table_style plain = {0};
    json_t *json;
    if (table == NULL)
        return bcue_fail_memory(error, "a table");
    BCUE_TRY(bcue_table_write_text(table, &plain, &report->text, error));
    BCUE_TRY(bcue_table_json(table, &json, error));
    return json_object_set_new(report->object, key, json) == 0 ? BCUE_OK : bcue_fail_memory(error, "a table");
}

void bcue_table_range(bcue_table *table, double low, double high)
{
    bcue_table_printf(table, "%s%.3f .. %s%.3f", low < 0 ? "\xe2\x88\x92" : "", fabs(low),
                      high < 0 ? "\xe2\x88\x92" : "", fabs(high));
}

static bcue_status finish(bcue_report *report, bcue_error *error)
{
    json_t *files = json_array();
    for (size_t i = 0; i < report->file_count; i++)
        json_array_append_new(files, json_string(report->files[i]));
    json_object_set_new(report->object, "files", files);
    report->json = json_dumps(report->object, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    if (report->json == NULL || report->text.failed)
        return bcue_fail_memory(error, "the report");
    return BCUE_OK;
}

bcue_status bcue_report_write_json_file(bcue_report *report, const char *folder, const char *name,
                                        bcue_error *error)
{
    char *text = json_dumps(report->object, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    char *path = bcue_path_join(folder, name);
    bcue_status status = text == NULL || path == NULL ? bcue_fail_memory(error, name)
                                                      : bcue_file_write(path, text, strlen(text), error);
    if (status == BCUE_OK && !bcue_report_add_file(report, path))
        status = bcue_fail_memory(error, name);
    free(text);
    free(path);
    return status;
}

bcue_status bcue_report_deliver(bcue_report *made, bcue_status status, bcue_report **report,
                                bcue_error *error)
{
    if (status == BCUE_OK)
        status = finish(made, error);
    if (status != BCUE_OK) {
        bcue_report_destroy(made);
        return status;
    }
    *report = made;
    return BCUE_OK;
}

const char *bcue_report_text(const bcue_report *report)
{
    return report->text.data != NULL ? report->text.data : "";
}

const char *bcue_report_json(const bcue_report *report)
{
    return report->json != NULL ? report->json : "{}";
}

size_t bcue_report_file_count(const bcue_report *report)
{
    return report->file_count;
}

const char *bcue_report_file(const bcue_report *report, size_t index)
{
    return index < report->file_count ? report->files[index] : NULL;
}

void bcue_report_destroy(bcue_report *report)
{
    if (report == NULL)
        return;
    bcue_text_free(&report->text);
    json_decref(report->object);
    free(report->json);
    for (size_t i = 0; i < report->file_count; i++)
        free(report->files[i]);
    free(report->files);
    free(report);
}

void bcue_origin_note_fill(bcue_origin_note *note, const char *command)
{
    snprintf(note->version, sizeof note->version, "beamcue %s", bcue_version_string());
    bcue_clock_utc(note->date, sizeof note->date);
    snprintf(note->machine, sizeof note->machine, "%s, %d threads", bcue_cpu_isa(), bcue_get_threads());
    note->provenance = (bcue_provenance){.command = command,
                                         .version = note->version,
                                         .commit = bcue_version_commit(),
                                         .date = note->date,
                                         .machine = note->machine};
}
