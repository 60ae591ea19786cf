/* A table of results, built row by row and rendered five ways: terminal text, Markdown, HTML, CSV and JSON.
   Strings are copied. Building functions have no result: the first failure (no memory, too many cells in a
   row, a cell before the first row) stays in the table and every renderer then returns it. A row with too few
   cells is filled up with missing ones. One table belongs to one thread at a time. */
#ifndef BCUE_REPORT_TABLE_H
#define BCUE_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/json.h"
#include "base/text.h"
#include "beamcue/status.h"

#define BCUE_TABLE_MAX_COLUMNS 256
#define BCUE_TABLE_MAX_ROWS 1000000

typedef enum bcue_align {
    BCUE_ALIGN_LEFT,
    BCUE_ALIGN_RIGHT, /* for numbers: with equal decimals the points stand below each other */
    BCUE_ALIGN_CENTER,
} bcue_align;

typedef struct bcue_column {
    const char *title;
    const char *unit; /* "%", "dB", "ms"; NULL: none */
    bcue_align align;
    int decimals; /* digits after the point; -1: 4 significant digits */
} bcue_column;

typedef struct bcue_table bcue_table;

/* NULL only without memory; wrong arguments show when rendering. `caption` may be NULL. */
bcue_table *bcue_table_create(const char *caption, const bcue_column *columns, size_t column_count);
void bcue_table_destroy(bcue_table *table); /* NULL is fine */

void bcue_table_row(bcue_table *table);  /* begin the next row */
void bcue_table_rule(bcue_table *table); /* a line before the next row, to set groups apart */

/* The next cell of the row. */
void bcue_table_text(bcue_table *table, const char *text); /* NULL: missing */
BCUE_PRINTF(2, 3) void bcue_table_printf(bcue_table *table, const char *format, ...);
void bcue_table_number(bcue_table *table, double value);                        /* nan: shown as missing */
void bcue_table_plus_minus(bcue_table *table, double value, double half_width); /* "61.2 +- 1.3" */
void bcue_table_interval(bcue_table *table, double value, double low, double high); /* "61.2 [59.9, 62.4]" */
void bcue_table_missing(bcue_table *table);

/* About the cell just written: print it in bold (the best of its column), or hang a footnote on it. A note
 * with the same text is shared. */
void bcue_table_emphasise(bcue_table *table);
void bcue_table_note(bcue_table *table, const char *text);
/* A footnote of the whole table. */
BCUE_PRINTF(2, 3) void bcue_table_footnote(bcue_table *table, const char *format, ...);

typedef struct bcue_table_style {
    bool ansi;  /* bold and dim escape sequences: only for a terminal */
    bool ascii; /* no character above 127 of beamcue's own (contents keep theirs) */
} bcue_table_style;

/* Each appends to `out`. Refused with BCUE_ERROR_ARGUMENT or BCUE_ERROR_MEMORY when the table was built
 * wrongly. */
bcue_status bcue_table_write_text(const bcue_table *table, const bcue_table_style *style, bcue_text *out,
                                  bcue_error *error);
bcue_status bcue_table_write_markdown(const bcue_table *table, bcue_text *out, bcue_error *error);
bcue_status bcue_table_write_html(const bcue_table *table, bcue_text *out,
                                  bcue_error *error); /* a <figure>, for report/page.h */
/* Header line "Top-1 (%)"; a column that holds any interval is followed by "... low" and "... high"; missing
   cells are empty; numbers in full precision. */
bcue_status bcue_table_write_csv(const bcue_table *table, bcue_text *out, bcue_error *error);
/* {"caption", "columns": [{"title", "unit"}], "rows": [[cell]], "notes": [text]}; a cell is null (missing,
   nan), a string (text, "inf",
   "-inf"), a number, or {"value", "low", "high"}. The caller owns the reference. */
bcue_status bcue_table_json(const bcue_table *table, json_t **json, bcue_error *error);
bcue_status bcue_table_write_json(const bcue_table *table, bcue_text *out, bcue_error *error);

#endif
