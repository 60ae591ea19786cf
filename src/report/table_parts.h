/* What a table is made of, for the renderers of this room. */
#ifndef BCUE_REPORT_TABLE_PARTS_H
#define BCUE_REPORT_TABLE_PARTS_H

#include "base/memory.h"
#include "report/table.h"

typedef enum bcue_cell_kind {
    BCUE_CELL_MISSING,
    BCUE_CELL_TEXT,
    BCUE_CELL_NUMBER,
    BCUE_CELL_PLUS_MINUS,
    BCUE_CELL_INTERVAL,
} bcue_cell_kind;

typedef struct bcue_cell {
    bcue_cell_kind kind;
    bool emphasis;
    size_t note; /* 1 + index into notes, 0: none */
    char *text;
    double value, low, high;
} bcue_cell;

typedef struct bcue_table_line {
    bcue_cell *cells; /* column_count of them */
    size_t filled;
    bool rule;
} bcue_table_line;

typedef struct bcue_table_remark {
    char *text;
    bool on_cell; /* marked with a letter in the cells that refer to it */
} bcue_table_remark;

struct bcue_table {
    bcue_arena *arena;
    char *caption;
    bcue_column *columns;
    size_t column_count;
    bcue_table_line *rows;
    size_t row_count, row_capacity;
    bcue_table_remark *notes;
    size_t note_count, note_capacity;
    bool rule_next;
    bcue_status status; /* the first failure while building */
    const char *failure;
};

bcue_status bcue_table_check(const bcue_table *table, bcue_error *error);
/* The cell as words, unescaped: "61.2 +- 1.3". */
void bcue_cell_words(const bcue_table *table, const bcue_cell *cell, size_t column, bool ascii,
                     bcue_text *out);
/* The letter of a cell's note: "a" .. "z", then "27" and so on; "" without. */
void bcue_cell_mark(const bcue_table *table, size_t note, char mark[24]);
/* "Top-1 (%)". */
void bcue_column_words(const bcue_column *column, bcue_text *out);

#endif
