#include "fuzz.h"
#include "formats/csv.h"

static void write_row(const bcue_csv *csv, size_t row, bcue_text *out)
{
    size_t columns = bcue_csv_columns(csv);
    for (size_t column = 0; column < columns; column++)
        bcue_csv_put(out, bcue_csv_cell(csv, row, column), column + 1 == columns);
}

/* Written and read again, every cell is the same. */
static void check_round_trip(const bcue_csv *csv)
{
    bcue_text out = {0};
    bcue_csv *again = NULL;
    bcue_error error = {{0}};
    size_t columns = bcue_csv_columns(csv);
    for (size_t column = 0; column < columns; column++)
        bcue_csv_put(&out, bcue_csv_header(csv, column), column + 1 == columns);
    for (size_t row = 0; row < bcue_csv_rows(csv); row++)
        write_row(csv, row, &out);
    fuzz_require(bcue_csv_parse(out.data, out.size, FUZZ_NAME, &again, &error) == BCUE_OK,
                 "a written CSV cannot be read", &error);
    /* A short row, once it is filled up, may equal the header and be dropped. */
    size_t rows = bcue_csv_rows(again) + bcue_csv_repeated_headers(again);
    fuzz_require(columns == bcue_csv_columns(again) && rows == bcue_csv_rows(csv), "rows or columns changed",
                 &error);
    for (size_t row = 0; bcue_csv_repeated_headers(again) == 0 && row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            fuzz_require(strcmp(bcue_csv_cell(csv, row, column), bcue_csv_cell(again, row, column)) == 0,
                         "a cell changed", &error);
    bcue_csv_destroy(again);
    bcue_text_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_csv *csv;
    bcue_error error = {{0}};
    bcue_status status = bcue_csv_parse((const char *)data, size, FUZZ_NAME, &csv, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        return 0;
    }
    for (size_t row = 0; row < bcue_csv_rows(csv); row++)
        fuzz_require(bcue_csv_line(csv, row) >= 1 && bcue_csv_line(csv, row) <= size,
                     "a line is out of range", &error);
    if (bcue_csv_rows(csv) * bcue_csv_columns(csv) < 10000)
        check_round_trip(csv);
    bcue_csv_destroy(csv);
    return 0;
}
