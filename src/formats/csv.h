/* Comma-separated values: quotes, doubled quotes, line ends inside quotes, CRLF, LF or CR, empty cells, a
   UTF-8 mark at the start, blank lines (skipped), and header lines that come again in the middle (dropped and
   counted).

   Errors: BCUE_ERROR_FORMAT with "name:line: sentence" for an empty file, an unclosed quote, text after a
   closing quote, a zero byte, a row with more cells than the header, two columns of one name; BCUE_ERROR_IO;
   BCUE_ERROR_MEMORY. Memory is at most about 40 times the file, which may have 1 GiB. A bcue_csv does not
   change once made, so any number of threads may read it. */
#ifndef BCUE_FORMATS_CSV_H
#define BCUE_FORMATS_CSV_H

#include <stddef.h>
#include "base/text.h"
#include "beamcue/status.h"

/* All cells of a file. Row 0 is the first data row, not the header. Short rows read as empty cells. Cells are
   as written, outer blanks included. */
typedef struct bcue_csv bcue_csv;

/* `name` stands for the file in messages. On success the caller destroys `*result`; otherwise it is NULL. */
bcue_status bcue_csv_parse(const char *text, size_t size, const char *name, bcue_csv **result,
                           bcue_error *error);
bcue_status bcue_csv_read(const char *path, bcue_csv **csv, bcue_error *error);
void bcue_csv_destroy(bcue_csv *csv); /* NULL is fine */
const char *bcue_csv_name(const bcue_csv *csv);
size_t bcue_csv_rows(const bcue_csv *csv);
size_t bcue_csv_columns(const bcue_csv *csv);
size_t bcue_csv_repeated_headers(const bcue_csv *csv); /* how many were dropped */
/* Strings live as long as the csv; "" beyond the last column or row. */
const char *bcue_csv_header(const bcue_csv *csv, size_t column);
int bcue_csv_find(const bcue_csv *csv, const char *header);                /* column, or -1 */
const char *bcue_csv_cell(const bcue_csv *csv, size_t row, size_t column); /* never NULL */
size_t bcue_csv_line(const bcue_csv *csv,
                     size_t row); /* 1-based line where the row starts, for messages; 0: no such row */
/* Append one cell (quoted where needed, so that it reads back the same) to a line being written; `last` ends
 * the line with LF. */
void bcue_csv_put(bcue_text *out, const char *cell, int last);

#endif
