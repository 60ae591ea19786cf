/* Comma-separated values: quotes, doubled quotes, CRLF or LF, empty cells, UTF-8 mark at the start, header lines that come again in the middle (dropped). */
#ifndef BCUE_FORMATS_CSV_H
#define BCUE_FORMATS_CSV_H

#include <stddef.h>
#include "base/text.h"
#include "beamcue/status.h"

/* All cells of a file. Row 0 is the first data row, not the header. Short rows read as empty cells; a row with more cells than the header is an error. */
typedef struct bcue_csv bcue_csv;

bcue_status bcue_csv_parse(const char *text, size_t size, const char *name, bcue_csv **csv, bcue_error *error);
bcue_status bcue_csv_read(const char *path, bcue_csv **csv, bcue_error *error);
void bcue_csv_destroy(bcue_csv *csv);
const char *bcue_csv_name(const bcue_csv *csv);
size_t bcue_csv_rows(const bcue_csv *csv);
size_t bcue_csv_columns(const bcue_csv *csv);
size_t bcue_csv_repeated_headers(const bcue_csv *csv); /* how many were dropped */
const char *bcue_csv_header(const bcue_csv *csv, size_t column);
int bcue_csv_find(const bcue_csv *csv, const char *header); /* column, or -1 */
const char *bcue_csv_cell(const bcue_csv *csv, size_t row, size_t column); /* never NULL; "" when empty */
size_t bcue_csv_line(const bcue_csv *csv, size_t row); /* 1-based line of the file, for messages */
/* Append one cell (quoted where needed) to a line being written; `last` ends the line. */
void bcue_csv_put(bcue_text *out, const char *cell, int last);

#endif
