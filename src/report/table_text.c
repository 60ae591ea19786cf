/* Tables for the terminal and for Markdown: both need the width of every cell before the first line is
 * written. */
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "report/markup.h"
#include "report/table_parts.h"

/* All cells as escaped strings; row 0 is the header. */
typedef struct grid {
    char **cells; /* (rows + 1) x columns, each malloc'd */
    size_t *widths;
    size_t columns, rows;
} grid;

static void grid_free(grid *g)
{
    if (g->cells != NULL)
        for (size_t i = 0; i < (g->rows + 1) * g->columns; i++)
            free(g->cells[i]);
    free(g->cells);
    free(g->widths);
}

static void cell_string(const bcue_table *table, size_t row, size_t column, bool markdown, bool ascii,
                        bcue_text *out)
{
    bcue_text words = {0};
    char mark[24] = "";
    bool emphasis = false;
    if (row == 0) {
        bcue_column_words(&table->columns[column], &words);
    } else {
        const bcue_cell *cell = &table->rows[row - 1].cells[column];
        bcue_cell_words(table, cell, column, ascii, &words);
        bcue_cell_mark(table, cell->note, mark);
        emphasis = cell->emphasis;
    }
    if (words.failed)
        out->failed = true;
    if (markdown && emphasis)
        bcue_text_puts(out, "**");
    if (markdown)
        bcue_escape_markdown(out, words.data);
    else
        bcue_escape_plain(out, words.data);
    if (markdown && emphasis)
        bcue_text_puts(out, "**");
    if (mark[0] != '\0')
        bcue_text_printf(out, markdown ? "<sup>%s</sup>" : " %s", mark);
    bcue_text_free(&words);
}

static bcue_status grid_fill(grid *g, const bcue_table *table, bool markdown, bool ascii, bcue_error *error)
{
    *g = (grid){.columns = table->column_count, .rows = table->row_count};
    g->cells = bcue_calloc((g->rows + 1) * g->columns, sizeof *g->cells);
    g->widths = bcue_calloc(g->columns, sizeof *g->widths);
    if (g->cells == NULL || g->widths == NULL) {
        grid_free(g);
        return bcue_fail_memory(error, "a table");
    }
    for (size_t i = 0; i < (g->rows + 1) * g->columns; i++) {
        bcue_text string = {0};
        cell_string(table, i / g->columns, i % g->columns, markdown, ascii, &string);
        bcue_text_puts(&string, "");
        if (string.failed) {
            bcue_text_free(&string);
            grid_free(g);
            return bcue_fail_memory(error, "a table");
        }
        g->cells[i] = string.data != NULL ? string.data : bcue_strdup("");
        if (g->cells[i] == NULL) {
            grid_free(g);
            return bcue_fail_memory(error, "a table");
        }
        size_t width = bcue_text_columns(g->cells[i]);
        if (width > g->widths[i % g->columns])
            g->widths[i % g->columns] = width;
    }
    return BCUE_OK;
}

static void spaces(bcue_text *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bcue_text_puts(out, " ");
}

static void padded(bcue_text *out, const char *string, size_t width, bcue_align align, bool last)
{
    size_t have = bcue_text_columns(string), gap = width > have ? width - have : 0;
    size_t before = align == BCUE_ALIGN_RIGHT ? gap : align == BCUE_ALIGN_CENTER ? gap / 2 : 0;
    spaces(out, before);
    bcue_text_puts(out, string);
    if (!last) /* no blanks at the end of a line */
        spaces(out, gap - before);
}

static void rule_line(bcue_text *out, const grid *g, const bcue_table_style *style)
{
    if (style->ansi)
        bcue_text_puts(out, "\x1b[2m");
    for (size_t c = 0; c < g->columns; c++) {
        if (c > 0)
            bcue_text_puts(out, "  ");
        for (size_t i = 0; i < g->widths[c]; i++)
            bcue_text_puts(out, style->ascii ? "-" : "\xE2\x94\x80");
    }
    bcue_text_puts(out, style->ansi ? "\x1b[0m\n" : "\n");
}

static void notes_text(bcue_text *out, const bcue_table *table, bool ansi)
{
    for (size_t i = 0; i < table->note_count; i++) {
        char mark[24] = "";
        if (table->notes[i].on_cell)
            bcue_cell_mark(table, i + 1, mark);
        bcue_text_printf(out, "%s%s%s", ansi ? "\x1b[2m" : "", mark, mark[0] ? " " : "");
        bcue_escape_plain(out, table->notes[i].text);
        bcue_text_puts(out, ansi ? "\x1b[0m\n" : "\n");
    }
}

bcue_status bcue_table_write_text(const bcue_table *table, const bcue_table_style *style, bcue_text *out,
                                  bcue_error *error)
{
    static const bcue_table_style plain = {0};
    BCUE_TRY(bcue_table_check(table, error));
    if (style == NULL)
        style = &plain;
    grid g;
    BCUE_TRY(grid_fill(&g, table, false, style->ascii, error));
    if (table->caption != NULL) {
        bcue_text_puts(out, style->ansi ? "\x1b[1m" : "");
        bcue_escape_plain(out, table->caption);
        bcue_text_puts(out, style->ansi ? "\x1b[0m\n\n" : "\n\n");
    }
    for (size_t row = 0; row <= g.rows; row++) {
        if (row > 0 && table->rows[row - 1].rule && row > 1)
            rule_line(out, &g, style);
        for (size_t c = 0; c < g.columns; c++) {
            bool bold = style->ansi && (row == 0 || table->rows[row - 1].cells[c].emphasis);
            bcue_text_puts(out, c > 0 ? "  " : "");
            bcue_text_puts(out, bold ? "\x1b[1m" : "");
            padded(out, g.cells[row * g.columns + c], g.widths[c], table->columns[c].align,
                   c + 1 == g.columns);
            bcue_text_puts(out, bold ? "\x1b[0m" : "");
        }
        bcue_text_puts(out, "\n");
        if (row == 0)
            rule_line(out, &g, style);
    }
    notes_text(out, table, style->ansi);
    grid_free(&g);
    return out->failed ? bcue_fail_memory(error, "a table") : BCUE_OK;
}

static void markdown_rule(bcue_text *out, const bcue_table *table, const grid *g)
{
    bcue_text_puts(out, "|");
    for (size_t c = 0; c < g->columns; c++) {
        bcue_align align = table->columns[c].align;
        size_t dashes = g->widths[c] > 3 ? g->widths[c] : 3;
        bcue_text_puts(out, align == BCUE_ALIGN_CENTER ? " :" : " ");
        for (size_t i = align == BCUE_ALIGN_LEFT ? 0 : align == BCUE_ALIGN_RIGHT ? 1 : 2; i < dashes; i++)
            bcue_text_puts(out, "-");
        bcue_text_puts(out, align == BCUE_ALIGN_LEFT ? " |" : ": |");
    }
    bcue_text_puts(out, "\n");
}

bcue_status bcue_table_write_markdown(const bcue_table *table, bcue_text *out, bcue_error *error)
{
    BCUE_TRY(bcue_table_check(table, error));
    grid g;
    BCUE_TRY(grid_fill(&g, table, true, false, error));
    if (table->caption != NULL) {
        bcue_text_puts(out, "**");
        bcue_escape_markdown(out, table->caption);
        bcue_text_puts(out, "**\n\n");
    }
    for (size_t row = 0; row <= g.rows; row++) {
        bcue_text_puts(out, "|");
        for (size_t c = 0; c < g.columns; c++) {
            bcue_text_puts(out, " ");
            padded(out, g.cells[row * g.columns + c], g.widths[c] > 3 ? g.widths[c] : 3,
                   table->columns[c].align, false);
            bcue_text_puts(out, " |");
        }
        bcue_text_puts(out, "\n");
        if (row == 0)
            markdown_rule(out, table, &g);
    }
    for (size_t i = 0; i < table->note_count; i++) {
        char mark[24] = "";
        if (table->notes[i].on_cell)
            bcue_cell_mark(table, i + 1, mark);
        bcue_text_puts(out, "\n");
        if (mark[0] != '\0')
            bcue_text_printf(out, "<sup>%s</sup> ", mark);
        bcue_escape_markdown(out, table->notes[i].text);
        bcue_text_puts(out, "\n");
    }
    grid_free(&g);
    return out->failed ? bcue_fail_memory(error, "a table") : BCUE_OK;
}
