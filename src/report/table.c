#include "report/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "report/markup.h"
#include "report/table_parts.h"

static void fail_once(bcue_table *table, bcue_status status, const char *failure)
{
    if (table->status == BCUE_OK) {
        table->status = status;
        table->failure = failure;
    }
}

static char *copy(bcue_table *table, const char *text)
{
    if (text == NULL)
        return NULL;
    char *copied = bcue_arena_strdup(table->arena, text);
    if (copied == NULL)
        fail_once(table, BCUE_ERROR_MEMORY, "out of memory");
    return copied;
}

bcue_table *bcue_table_create(const char *caption, const bcue_column *columns, size_t column_count)
{
    bcue_table *table = bcue_calloc(1, sizeof *table);
    if (table == NULL)
        return NULL;
    table->arena = bcue_arena_create();
    if (table->arena == NULL) {
        free(table);
        return NULL;
    }
    if (columns == NULL || column_count == 0 || column_count > BCUE_TABLE_MAX_COLUMNS) {
        fail_once(table, BCUE_ERROR_ARGUMENT, "a table has 1 to 256 columns");
        return table;
    }
    table->caption = copy(table, caption);
    table->columns = bcue_arena_alloc(table->arena, column_count, sizeof *table->columns);
    if (table->columns == NULL) {
        fail_once(table, BCUE_ERROR_MEMORY, "out of memory");
        return table;
    }
    table->column_count = column_count;
    for (size_t i = 0; i < column_count; i++) {
        table->columns[i] = columns[i];
        table->columns[i].title = copy(table, columns[i].title ? columns[i].title : "");
        table->columns[i].unit = copy(table, columns[i].unit);
    }
    return table;
}

void bcue_table_destroy(bcue_table *table)
{
    if (table == NULL)
        return;
    bcue_arena_destroy(table->arena);
    free(table->rows);
    free(table->notes);
    free(table);
}

void bcue_table_row(bcue_table *table)
{
    if (table->status != BCUE_OK)
        return;
    if (table->row_count == BCUE_TABLE_MAX_ROWS) {
        fail_once(table, BCUE_ERROR_ARGUMENT, "more than 1000000 rows: write them as CSV instead");
        return;
    }
    bcue_cell *cells = bcue_arena_alloc(table->arena, table->column_count, sizeof *cells);
    if (cells == NULL ||
        !bcue_grow((void **)&table->rows, &table->row_capacity, table->row_count + 1, sizeof *table->rows)) {
        fail_once(table, BCUE_ERROR_MEMORY, "out of memory");
        return;
    }
    table->rows[table->row_count++] = (bcue_table_line){.cells = cells, .rule = table->rule_next};
    table->rule_next = false;
}

void bcue_table_rule(bcue_table *table)
{
    table->rule_next = true;
}

static void add_cell(bcue_table *table, bcue_cell cell)
{
    if (table->status != BCUE_OK)
        return;
    if (table->row_count == 0) {
        fail_once(table, BCUE_ERROR_ARGUMENT, "a cell was written before the first row was begun");
        return;
    }
    bcue_table_line *row = &table->rows[table->row_count - 1];
    if (row->filled == table->column_count) {
        fail_once(table, BCUE_ERROR_ARGUMENT, "a row has more cells than the table has columns");
        return;
    }
    row->cells[row->filled++] = cell;
}

static bcue_cell *last_cell(bcue_table *table)
{
    if (table->status != BCUE_OK || table->row_count == 0)
        return NULL;
    bcue_table_line *row = &table->rows[table->row_count - 1];
    return row->filled > 0 ? &row->cells[row->filled - 1] : NULL;
}

void bcue_table_text(bcue_table *table, const char *text)
{
    add_cell(table,
             (bcue_cell){.kind = text ? BCUE_CELL_TEXT : BCUE_CELL_MISSING, .text = copy(table, text)});
}

void bcue_table_printf(bcue_table *table, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bcue_table_text(table, text);
}

void bcue_table_number(bcue_table *table, double value)
{
    add_cell(table, (bcue_cell){.kind = BCUE_CELL_NUMBER, .value = value});
}

void bcue_table_plus_minus(bcue_table *table, double value, double half_width)
{
    add_cell(table, (bcue_cell){.kind = BCUE_CELL_PLUS_MINUS,
                                .value = value,
                                .low = value - half_width,
                                .high = value + half_width});
}

void bcue_table_interval(bcue_table *table, double value, double low, double high)
{
    add_cell(table, (bcue_cell){.kind = BCUE_CELL_INTERVAL, .value = value, .low = low, .high = high});
}

void bcue_table_missing(bcue_table *table)
{
    add_cell(table, (bcue_cell){.kind = BCUE_CELL_MISSING});
}

void bcue_table_emphasise(bcue_table *table)
{
    bcue_cell *cell = last_cell(table);
    if (cell != NULL)
        cell->emphasis = true;
}

static size_t add_note(bcue_table *table, const char *text, bool on_cell)
{
    for (size_t i = 0; i < table->note_count; i++)
        if (table->notes[i].on_cell == on_cell && strcmp(table->notes[i].text, text) == 0)
            return i;
    char *copied = copy(table, text);
    if (copied == NULL || !bcue_grow((void **)&table->notes, &table->note_capacity, table->note_count + 1,
                                     sizeof *table->notes)) {
        fail_once(table, BCUE_ERROR_MEMORY, "out of memory");
        return 0;
    }
    table->notes[table->note_count] = (bcue_table_remark){.text = copied, .on_cell = on_cell};
    return table->note_count++;
}

void bcue_table_note(bcue_table *table, const char *text)
{
    bcue_cell *cell = last_cell(table);
    if (cell != NULL && text != NULL)
        cell->note = add_note(table, text, true) + 1;
}

void bcue_table_footnote(bcue_table *table, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (table->status == BCUE_OK)
        add_note(table, text, false);
}

bcue_status bcue_table_check(const bcue_table *table, bcue_error *error)
{
    if (table == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "there is no table to render");
    if (table->status != BCUE_OK)
        return bcue_fail(error, table->status, "table \"%s\": %s", table->caption ? table->caption : "",
                         table->failure);
    return BCUE_OK;
}

void bcue_cell_words(const bcue_table *table, const bcue_cell *cell, size_t column, bool ascii,
                     bcue_text *out)
{
    int decimals = table->columns[column].decimals;
    char value[BCUE_NUMBER_SIZE], low[BCUE_NUMBER_SIZE], high[BCUE_NUMBER_SIZE];
    bool nothing = cell->kind == BCUE_CELL_MISSING || (cell->kind != BCUE_CELL_TEXT && isnan(cell->value));
    if (nothing) {
        bcue_text_puts(out, ascii ? "-" : "\xE2\x80\x94");
        return;
    }
    if (cell->kind == BCUE_CELL_TEXT) {
        bcue_text_puts(out, cell->text);
        return;
    }
    bcue_format_number(value, cell->value, decimals, ascii);
    bcue_text_puts(out, value);
    if (cell->kind == BCUE_CELL_NUMBER || isnan(cell->low) || isnan(cell->high))
        return;
    if (cell->kind == BCUE_CELL_PLUS_MINUS) {
        bcue_format_number(high, (cell->high - cell->low) / 2, decimals, ascii);
        bcue_text_printf(out, " %s %s", ascii ? "+-" : "\xC2\xB1", high);
        return;
    }
    bcue_format_number(low, cell->low, decimals, ascii);
    bcue_format_number(high, cell->high, decimals, ascii);
    bcue_text_printf(out, " [%s, %s]", low, high);
}

void bcue_cell_mark(const bcue_table *table, size_t note, char mark[24])
{
    mark[0] = '\0';
    if (note == 0)
        return;
    size_t rank = 0; /* among the notes that hang on cells */
    for (size_t i = 0; i + 1 < note; i++)
        rank += table->notes[i].on_cell;
    if (rank < 26)
        snprintf(mark, 24, "%c", (char)('a' + rank));
    else
        snprintf(mark, 24, "%zu", rank + 1);
}

void bcue_column_words(const bcue_column *column, bcue_text *out)
{
    bcue_text_puts(out, column->title);
    if (column->unit != NULL && column->unit[0] != '\0')
        bcue_text_printf(out, "%s(%s)", column->title[0] ? " " : "", column->unit);
}
