#include "formats/csv.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"

enum { LARGEST_CSV = 1 << 30 };

/* One line of the file: cells first .. first + count - 1. Short rows keep their own count, so that memory
   follows the file's size and not rows * columns. */
typedef struct csv_row {
    size_t first, count, line;
} csv_row;

struct bcue_csv {
    char *name;
    char *text; /* all cells, each NUL-terminated, in file order */
    const char **cells;
    size_t cell_count, cell_capacity;
    csv_row *rows; /* rows[0] is the header */
    size_t row_count, row_capacity;
    size_t repeated_headers;
};

typedef struct csv_parser {
    bcue_csv *csv;
    const char *at, *end;
    char *out; /* where the next cell goes in csv->text; never ahead of what was read, apart from one NUL per
                  cell */
    size_t line;
    bcue_error *error;
} csv_parser;

static bool at_line_end(const csv_parser *parser)
{
    return parser->at == parser->end || *parser->at == '\n' || *parser->at == '\r';
}

static void skip_line_end(csv_parser *parser)
{
    if (parser->at == parser->end)
        return;
    if (*parser->at == '\r' && parser->end - parser->at > 1 && parser->at[1] == '\n')
        parser->at++;
    parser->at++;
    parser->line++;
}

static bool skip_blank_line(csv_parser *parser)
{
    const char *start = parser->at;
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\t'))
        parser->at++;
    if (at_line_end(parser)) {
        skip_line_end(parser);
        return true;
    }
    parser->at = start;
    return false;
}

static bcue_status fail_nul(const csv_parser *parser)
{
    return bcue_fail(parser->error, BCUE_ERROR_FORMAT,
                     "%s:%zu: a zero byte, so this is not a CSV text file; if it is UTF-16, save it as UTF-8",
                     parser->csv->name, parser->line);
}

static bcue_status parse_quoted(csv_parser *parser)
{
    size_t start_line = parser->line;
    parser->at++;
    for (;;) {
        if (parser->at == parser->end)
            return bcue_fail(parser->error, BCUE_ERROR_FORMAT,
                             "%s:%zu: the quote opened here is never closed", parser->csv->name, start_line);
        char c = *parser->at++;
        if (c == '\0')
            return fail_nul(parser);
        if (c == '"') {
            if (parser->at == parser->end || *parser->at != '"')
                break;
            parser->at++;
        } else if (c == '\n' || (c == '\r' && (parser->at == parser->end || *parser->at != '\n'))) {
            parser->line++;
        }
        *parser->out++ = c;
    }
    if (!at_line_end(parser) && *parser->at != ',')
        return bcue_fail(parser->error, BCUE_ERROR_FORMAT,
                         "%s:%zu: text after a closing quote; write a quote inside a cell as two quotes",
                         parser->csv->name, parser->line);
    return BCUE_OK;
}

static bcue_status parse_cell(csv_parser *parser)
{
    bcue_csv *csv = parser->csv;
    void *cells = csv->cells;
    if (!bcue_grow(&cells, &csv->cell_capacity, csv->cell_count + 1, sizeof *csv->cells))
        return bcue_fail_memory(parser->error, csv->name);
    csv->cells = cells;
    csv->cells[csv->cell_count++] = parser->out;
    if (!at_line_end(parser) && *parser->at == '"') {
        BCUE_TRY(parse_quoted(parser));
    } else {
        while (!at_line_end(parser) && *parser->at != ',') {
            if (*parser->at == '\0')
                return fail_nul(parser);
            *parser->out++ = *parser->at++;
        }
    }
    *parser->out++ = '\0';
    return BCUE_OK;
}

static bool same_as_header(const bcue_csv *csv, const csv_row *row)
{
    const csv_row *header = &csv->rows[0];
    if (row->count != header->count)
        return false;
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(csv->cells[row->first + i], csv->cells[header->first + i]) != 0)
            return false;
    return true;
}

static bcue_status parse_row(csv_parser *parser)
{
    bcue_csv *csv = parser->csv;
    csv_row row = {.first = csv->cell_count, .line = parser->line};
    for (;;) {
        BCUE_TRY(parse_cell(parser));
        if (at_line_end(parser))
            break;
        parser->at++; /* the comma */
    }
    skip_line_end(parser);
    row.count = csv->cell_count - row.first;
    if (csv->row_count > 0 && row.count > csv->rows[0].count)
        return bcue_fail(parser->error, BCUE_ERROR_FORMAT,
                         "%s:%zu: %zu cells, but the header has %zu columns; quote cells that hold a comma",
                         csv->name, row.line, row.count, csv->rows[0].count);
    if (csv->row_count > 0 && same_as_header(csv, &row)) {
        csv->repeated_headers++;
        csv->cell_count = row.first;
        return BCUE_OK;
    }
    void *rows = csv->rows;
    if (!bcue_grow(&rows, &csv->row_capacity, csv->row_count + 1, sizeof *csv->rows))
        return bcue_fail_memory(parser->error, csv->name);
    csv->rows = rows;
    csv->rows[csv->row_count++] = row;
    return BCUE_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two columns of one name would make every look-up by name ambiguous. Unnamed columns are nobody's to look
 * up. */
static bcue_status check_header(const bcue_csv *csv, bcue_error *error)
{
    size_t count = csv->rows[0].count;
    const char **names = bcue_calloc(count, sizeof *names);
    if (names == NULL)
        return bcue_fail_memory(error, csv->name);
    memcpy(names, csv->cells + csv->rows[0].first, count * sizeof *names);
    qsort(names, count, sizeof *names, compare_names);
    bcue_status status = BCUE_OK;
    for (size_t i = 1; i < count && status == BCUE_OK; i++)
        if (names[i][0] != '\0' && strcmp(names[i - 1], names[i]) == 0)
            status =
                bcue_fail(error, BCUE_ERROR_FORMAT, "%s:%zu: two columns are named \"%.100s\"; rename one",
                          csv->name, csv->rows[0].line, names[i]);
    free(names);
    return status;
}

static bcue_status parse_all(csv_parser *parser)
{
    bcue_csv *csv = parser->csv;
    while (parser->at < parser->end) {
        if (skip_blank_line(parser))
            continue;
        BCUE_TRY(parse_row(parser));
        if (csv->row_count == 1 && csv->repeated_headers == 0)
            BCUE_TRY(check_header(csv, parser->error));
    }
    if (csv->row_count == 0)
        return bcue_fail(parser->error, BCUE_ERROR_FORMAT,
                         "%s:%zu: the file is empty; a header line is needed", csv->name, parser->line);
    return BCUE_OK;
}

bcue_status bcue_csv_parse(const char *text, size_t size, const char *name, bcue_csv **result,
                           bcue_error *error)
{
    *result = NULL;
    if (size > LARGEST_CSV)
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: byte %zu: more than the %d bytes that a CSV may have",
                         name, size, LARGEST_CSV);
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        size -= 3;
    }
    bcue_csv *csv = bcue_calloc(1, sizeof *csv);
    if (csv == NULL)
        return bcue_fail_memory(error, name);
    csv->name = bcue_strdup(name);
    /* Each cell is followed in the file by a comma or a line end, which pays for its NUL, except the last. */
    csv->text = malloc(size + 1);
    if (csv->name == NULL || csv->text == NULL) {
        bcue_csv_destroy(csv);
        return bcue_fail_memory(error, name);
    }
    csv_parser parser = {
        .csv = csv, .at = text, .end = text + size, .out = csv->text, .line = 1, .error = error};
    bcue_status status = parse_all(&parser);
    if (status != BCUE_OK) {
        bcue_csv_destroy(csv);
        return status;
    }
    *result = csv;
    return BCUE_OK;
}

bcue_status bcue_csv_read(const char *path, bcue_csv **csv, bcue_error *error)
{
    *csv = NULL;
    bcue_bytes bytes;
    BCUE_TRY(bcue_file_read(path, LARGEST_CSV, &bytes, error));
    bcue_status status = bcue_csv_parse((const char *)bytes.data, bytes.size, path, csv, error);
    bcue_bytes_free(&bytes);
    return status;
}

void bcue_csv_destroy(bcue_csv *csv)
{
    if (csv == NULL)
        return;
    free(csv->name);
    free(csv->text);
    free(csv->cells);
    free(csv->rows);
    free(csv);
}

const char *bcue_csv_name(const bcue_csv *csv)
{
    return csv->name;
}

size_t bcue_csv_rows(const bcue_csv *csv)
{
    return csv->row_count - 1;
}

size_t bcue_csv_columns(const bcue_csv *csv)
{
    return csv->rows[0].count;
}

size_t bcue_csv_repeated_headers(const bcue_csv *csv)
{
    return csv->repeated_headers;
}

static const char *cell_of(const bcue_csv *csv, size_t row, size_t column)
{
    if (row >= csv->row_count || column >= csv->rows[row].count)
        return "";
    return csv->cells[csv->rows[row].first + column];
}

const char *bcue_csv_header(const bcue_csv *csv, size_t column)
{
    return cell_of(csv, 0, column);
}

int bcue_csv_find(const bcue_csv *csv, const char *header)
{
    for (size_t i = 0; i < bcue_csv_columns(csv) && i <= INT32_MAX; i++)
        if (strcmp(bcue_csv_header(csv, i), header) == 0)
            return (int)i;
    return -1;
}

const char *bcue_csv_cell(const bcue_csv *csv, size_t row, size_t column)
{
    return row >= bcue_csv_rows(csv) ? "" : cell_of(csv, row + 1, column);
}

size_t bcue_csv_line(const bcue_csv *csv, size_t row)
{
    return row >= bcue_csv_rows(csv) ? 0 : csv->rows[row + 1].line;
}

/* A cell that would be misread bare: as two cells, a quote, a blank line that readers skip, or the file's
 * UTF-8 mark. */
static bool needs_quotes(const bcue_text *out, const char *cell, int last)
{
    if (strpbrk(cell, ",\"\r\n") != NULL)
        return true;
    bool first = out->size == 0 || out->data[out->size - 1] == '\n';
    if (first && last && cell[strspn(cell, " \t")] == '\0')
        return true;
    return out->size == 0 && bcue_starts_with(cell, "\xEF\xBB\xBF");
}

void bcue_csv_put(bcue_text *out, const char *cell, int last)
{
    if (needs_quotes(out, cell, last)) {
        bcue_text_puts(out, "\"");
        for (const char *quote; (quote = strchr(cell, '"')) != NULL; cell = quote + 1) {
            bcue_text_append(out, cell, (size_t)(quote - cell) + 1);
            bcue_text_puts(out, "\"");
        }
        bcue_text_puts(out, cell);
        bcue_text_puts(out, "\"");
    } else {
        bcue_text_puts(out, cell);
    }
    bcue_text_puts(out, last ? "\n" : ",");
}
