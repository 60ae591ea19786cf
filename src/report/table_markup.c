/* Tables for programs: HTML, CSV and JSON. */
#include <math.h>
#include <stdlib.h>
#include "base/fail.h"
#include "report/markup.h"
#include "report/table_parts.h"

static void html_cell(bcue_text *out, const bcue_table *table, const bcue_cell *cell, size_t column)
{
    static const char *const classes[] = {"", " class=\"num\"", " class=\"mid\""};
    bcue_align align = table->columns[column].align;
    bcue_text words = {0};
    char mark[24];
    bcue_cell_words(table, cell, column, false, &words);
    bcue_cell_mark(table, cell->note, mark);
    bcue_text_printf(out, "<td%s>%s", classes[align], cell->emphasis ? "<strong>" : "");
    bcue_escape_html(out, words.data);
    bcue_text_puts(out, cell->emphasis ? "</strong>" : "");
    if (mark[0] != '\0')
        bcue_text_printf(out, "<sup>%s</sup>", mark);
    bcue_text_puts(out, "</td>");
    out->failed |= words.failed;
    bcue_text_free(&words);
}

static void html_head(bcue_text *out, const bcue_table *table)
{
    static const char *const classes[] = {"", " class=\"num\"", " class=\"mid\""};
    bcue_text_puts(out, "<thead><tr>");
    for (size_t c = 0; c < table->column_count; c++) {
        const bcue_column *column = &table->columns[c];
        bcue_text_printf(out, "<th scope=\"col\"%s>", classes[column->align]);
        bcue_escape_html(out, column->title);
        if (column->unit != NULL && column->unit[0] != '\0') {
            bcue_text_puts(out, " <span class=\"unit\">");
            bcue_escape_html(out, column->unit);
            bcue_text_puts(out, "</span>");
        }
        bcue_text_puts(out, "</th>");
    }
    bcue_text_puts(out, "</tr></thead>\n");
}

bcue_status bcue_table_write_html(const bcue_table *table, bcue_text *out, bcue_error *error)
{
    BCUE_TRY(bcue_table_check(table, error));
    bcue_text_puts(out, "<figure class=\"table\">");
    if (table->caption != NULL) {
        bcue_text_puts(out, "<figcaption>");
        bcue_escape_html(out, table->caption);
        bcue_text_puts(out, "</figcaption>");
    }
    bcue_text_puts(out, "<div class=\"scroll\"><table>");
    html_head(out, table);
    bcue_text_puts(out, "<tbody>\n");
    for (size_t row = 0; row < table->row_count; row++) {
        bcue_text_puts(out, table->rows[row].rule && row > 0 ? "<tr class=\"rule\">" : "<tr>");
        for (size_t c = 0; c < table->column_count; c++)
            html_cell(out, table, &table->rows[row].cells[c], c);
        bcue_text_puts(out, "</tr>\n");
    }
    bcue_text_puts(out, "</tbody></table></div>");
    for (size_t i = 0; i < table->note_count; i++) {
        char mark[24] = "";
        bcue_text_puts(out, "<p class=\"note\">");
        if (table->notes[i].on_cell) {
            bcue_cell_mark(table, i + 1, mark);
            bcue_text_printf(out, "<sup>%s</sup> ", mark);
        }
        bcue_escape_html(out, table->notes[i].text);
        bcue_text_puts(out, "</p>");
    }
    bcue_text_puts(out, "</figure>\n");
    return out->failed ? bcue_fail_memory(error, "a table") : BCUE_OK;
}

static bool column_has_interval(const bcue_table *table, size_t column)
{
    for (size_t row = 0; row < table->row_count; row++) {
        bcue_cell_kind kind = table->rows[row].cells[column].kind;
        if (kind == BCUE_CELL_PLUS_MINUS || kind == BCUE_CELL_INTERVAL)
            return true;
    }
    return false;
}

static void csv_header(bcue_text *out, const bcue_table *table, const bool *intervals)
{
    for (size_t c = 0; c < table->column_count; c++) {
        static const char *const suffixes[] = {"", " low", " high"};
        for (int part = 0; part < (intervals[c] ? 3 : 1); part++) {
            bcue_text words = {0};
            bcue_column_words(&table->columns[c], &words);
            bcue_text_puts(&words, suffixes[part]);
            bcue_text_puts(out, c > 0 || part > 0 ? "," : "");
            bcue_escape_csv(out, words.data);
            out->failed |= words.failed;
            bcue_text_free(&words);
        }
    }
    bcue_text_puts(out, "\n");
}

static void csv_number(bcue_text *out, double value)
{
    char text[40];
    /* The shortest form that reads back to the same double. */
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (isnan(value) || strtod(text, NULL) == value)
            break;
    }
    bcue_text_puts(out, isnan(value) ? "nan" : text);
}

static void csv_cell(bcue_text *out, const bcue_cell *cell, bool with_interval)
{
    bool numeric = cell->kind != BCUE_CELL_MISSING && cell->kind != BCUE_CELL_TEXT;
    bool interval = cell->kind == BCUE_CELL_PLUS_MINUS || cell->kind == BCUE_CELL_INTERVAL;
    if (numeric)
        csv_number(out, cell->value);
    else if (cell->kind == BCUE_CELL_TEXT)
        bcue_escape_csv(out, cell->text);
    if (!with_interval)
        return;
    bcue_text_puts(out, ",");
    if (interval)
        csv_number(out, cell->low);
    bcue_text_puts(out, ",");
    if (interval)
        csv_number(out, cell->high);
}

bcue_status bcue_table_write_csv(const bcue_table *table, bcue_text *out, bcue_error *error)
{
    BCUE_TRY(bcue_table_check(table, error));
    bool intervals[BCUE_TABLE_MAX_COLUMNS];
    for (size_t c = 0; c < table->column_count; c++)
        intervals[c] = column_has_interval(table, c);
    csv_header(out, table, intervals);
    for (size_t row = 0; row < table->row_count; row++) {
        for (size_t c = 0; c < table->column_count; c++) {
            bcue_text_puts(out, c > 0 ? "," : "");
            csv_cell(out, &table->rows[row].cells[c], intervals[c]);
        }
        bcue_text_puts(out, "\n");
    }
    return out->failed ? bcue_fail_memory(error, "a table") : BCUE_OK;
}

static json_t *json_words(const char *string)
{
    bcue_text plain = {0};
    bcue_escape_plain(&plain, string);
    json_t *json = plain.failed ? NULL : json_string(plain.data != NULL ? plain.data : "");
    bcue_text_free(&plain);
    return json;
}

static json_t *json_number(double value)
{
    if (isnan(value))
        return json_null();
    if (isinf(value))
        return json_string(value > 0 ? "inf" : "-inf");
    return json_real(value);
}

static json_t *json_cell(const bcue_cell *cell)
{
    switch (cell->kind) {
    case BCUE_CELL_MISSING:
        return json_null();
    case BCUE_CELL_TEXT:
        return json_words(cell->text);
    case BCUE_CELL_NUMBER:
        return json_number(cell->value);
    case BCUE_CELL_PLUS_MINUS:
    case BCUE_CELL_INTERVAL:
        break;
    }
    return json_pack("{s:o, s:o, s:o}", "value", json_number(cell->value), "low", json_number(cell->low),
                     "high", json_number(cell->high));
}

/* jansson's "new" calls take over the reference and fail on NULL, so one flag is enough. */
static bool json_fill(const bcue_table *table, json_t *root)
{
    json_t *columns = json_array(), *rows = json_array(), *notes = json_array();
    bool ok =
        json_object_set_new(root, "caption", table->caption ? json_words(table->caption) : json_null()) == 0;
    ok = json_object_set_new(root, "columns", columns) == 0 && ok;
    ok = json_object_set_new(root, "rows", rows) == 0 && ok;
    ok = json_object_set_new(root, "notes", notes) == 0 && ok;
    for (size_t c = 0; ok && c < table->column_count; c++) {
        json_t *column = json_object();
        const bcue_column *from = &table->columns[c];
        ok = json_array_append_new(columns, column) == 0 &&
             json_object_set_new(column, "title", json_words(from->title)) == 0 &&
             json_object_set_new(column, "unit", from->unit ? json_words(from->unit) : json_null()) == 0;
    }
    for (size_t r = 0; ok && r < table->row_count; r++) {
        json_t *row = json_array();
        ok = json_array_append_new(rows, row) == 0;
        for (size_t c = 0; ok && c < table->column_count; c++)
            ok = json_array_append_new(row, json_cell(&table->rows[r].cells[c])) == 0;
    }
    for (size_t i = 0; ok && i < table->note_count; i++)
        ok = json_array_append_new(notes, json_words(table->notes[i].text)) == 0;
    return ok;
}

bcue_status bcue_table_json(const bcue_table *table, json_t **json, bcue_error *error)
{
    BCUE_TRY(bcue_table_check(table, error));
    json_t *root = json_object();
    if (root == NULL || !json_fill(table, root)) {
        json_decref(root);
        return bcue_fail_memory(error, "a table as JSON");
    }
    *json = root;
    return BCUE_OK;
}

bcue_status bcue_table_write_json(const bcue_table *table, bcue_text *out, bcue_error *error)
{
    json_t *root = NULL;
    BCUE_TRY(bcue_table_json(table, &root, error));
    char *text = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    if (text == NULL)
        return bcue_fail_memory(error, "a table as JSON");
    bcue_text_puts(out, text);
    bcue_text_puts(out, "\n");
    free(text);
    return out->failed ? bcue_fail_memory(error, "a table as JSON") : BCUE_OK;
}
