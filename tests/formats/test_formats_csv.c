#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "formats_fixture.h"
#include "formats/csv.h"
#include "mangle.h"

static bcue_csv *parse(const char *text)
{
    bcue_csv *csv = NULL;
    bcue_error error = {{0}};
    CHECK_OK(bcue_csv_parse(text, strlen(text), "t.csv", &csv, &error), error);
    return csv;
}

static void check_refused(const char *text, size_t size, const char *part)
{
    bcue_csv *csv = NULL;
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_csv_parse(text, size, "t.csv", &csv, &error), BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, part);
    CHECK(csv == NULL);
}

static void test_plain(void)
{
    bcue_csv *csv = NULL;
    bcue_error error = {{0}};
    CHECK_OK(bcue_csv_read(fixture_path("csv_plain.csv"), &csv, &error), error);
    if (csv == NULL)
        return;
    CHECK_INT(bcue_csv_rows(csv), 3);
    CHECK_INT(bcue_csv_columns(csv), 3);
    CHECK_STR(bcue_csv_header(csv, 1), "unit1_rgb");
    CHECK_STR(bcue_csv_header(csv, 3), "");
    CHECK_INT(bcue_csv_find(csv, "unit1_beam"), 2);
    CHECK_INT(bcue_csv_find(csv, "beam"), -1);
    CHECK_STR(bcue_csv_cell(csv, 0, 1), "./a/image_1.jpg");
    CHECK_STR(bcue_csv_cell(csv, 1, 1), "");
    CHECK_STR(bcue_csv_cell(csv, 1, 2), "34");
    CHECK_STR(bcue_csv_cell(csv, 2, 2), "");
    CHECK_STR(bcue_csv_cell(csv, 3, 0), "");
    CHECK_STR(bcue_csv_cell(csv, (size_t)-1, 0), "");
    CHECK_STR(bcue_csv_cell(csv, 0, 3), "");
    CHECK_INT(bcue_csv_line(csv, 2), 4);
    CHECK_INT(bcue_csv_repeated_headers(csv), 0);
    CHECK_CONTAINS(bcue_csv_name(csv), "csv_plain.csv");
    bcue_csv_destroy(csv);
}

/* UTF-8 mark, CRLF, a quoted comma, quote and line end, a blank line, a header in the middle, a short row. */
static void test_windows(void)
{
    bcue_csv *csv = NULL;
    bcue_error error = {{0}};
    CHECK_OK(bcue_csv_read(fixture_path("csv_windows.csv"), &csv, &error), error);
    if (csv == NULL)
        return;
    CHECK_STR(bcue_csv_header(csv, 0), "index");
    CHECK_INT(bcue_csv_rows(csv), 3);
    CHECK_INT(bcue_csv_repeated_headers(csv), 1);
    CHECK_STR(bcue_csv_cell(csv, 0, 1), "a, \"b\"\r\nc");
    CHECK_STR(bcue_csv_cell(csv, 1, 1), "d");
    CHECK_INT(bcue_csv_line(csv, 0), 2);
    CHECK_INT(bcue_csv_line(csv, 1), 6);
    CHECK_STR(bcue_csv_cell(csv, 2, 0), "3");
    CHECK_STR(bcue_csv_cell(csv, 2, 1), "");
    bcue_csv_destroy(csv);
}

static void test_edges(void)
{
    bcue_csv *csv = parse("a,b\r1,2\r\r\n \t\n\"\",\"x\"\"\"");
    CHECK_INT(bcue_csv_rows(csv), 2);
    CHECK_STR(bcue_csv_cell(csv, 0, 1), "2");
    CHECK_INT(bcue_csv_line(csv, 1), 5);
    CHECK_STR(bcue_csv_cell(csv, 1, 0), "");
    CHECK_STR(bcue_csv_cell(csv, 1, 1), "x\"");
    bcue_csv_destroy(csv);
    csv = parse("a"); /* a header alone, without a line end */
    CHECK_INT(bcue_csv_rows(csv), 0);
    CHECK_INT(bcue_csv_columns(csv), 1);
    bcue_csv_destroy(csv);
    csv = parse(",a,\n1,2,3\n5\"6,,\n"); /* unnamed columns; a quote inside a bare cell is itself */
    CHECK_INT(bcue_csv_find(csv, "a"), 1);
    CHECK_STR(bcue_csv_cell(csv, 0, 2), "3");
    CHECK_STR(bcue_csv_cell(csv, 1, 0), "5\"6");
    bcue_csv_destroy(csv);
    csv = parse("a,b\na,b\na,b\nb,a\na\n"); /* headers again right after the header; a short row is none */
    CHECK_INT(bcue_csv_repeated_headers(csv), 2);
    CHECK_INT(bcue_csv_rows(csv), 2);
    CHECK_STR(bcue_csv_cell(csv, 0, 0), "b");
    CHECK_STR(bcue_csv_cell(csv, 1, 0), "a");
    bcue_csv_destroy(csv);
    bcue_csv_destroy(NULL);
}

static void test_refused(void)
{
    check_refused("", 0, "t.csv:1: the file is empty");
    check_refused("\xEF\xBB\xBF\n\n", 5, "t.csv:3: the file is empty");
    check_refused("a,b\n1,2\n1,2,3\n", 14, "t.csv:3: 3 cells, but the header has 2 columns");
    check_refused("a\n\n\"x\n\n", 7, "t.csv:3: the quote opened here is never closed");
    check_refused("a\n\"x\"y\n", 7, "t.csv:2: text after a closing quote");
    check_refused("a\n1\0\n", 5, "t.csv:2: a zero byte");
    check_refused("a\n\"\0\"\n", 6, "t.csv:2: a zero byte");
    check_refused("a,b,a\n1,2,3\n", 12, "t.csv:1: two columns are named \"a\"");
    bcue_csv *csv;
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_csv_read(fixture_path("absent.csv"), &csv, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "absent.csv");
}

/* Whatever cells are written come back, including those that look like headers, blank lines and marks. */
static void test_round_trip(void)
{
    static const char *const cells[] = {"\xEF\xBB\xBFmark", "q\"q", "",   "a,b",   "\r",
                                        "x\n\ny",           " ",    "\"", "plain", ""};
    enum { COUNT = sizeof cells / sizeof cells[0] };
    bcue_text out = {0};
    bcue_csv_put(&out, "\xEF\xBB\xBFhead", 0);
    bcue_csv_put(&out, "b", 1);
    for (size_t i = 0; i < COUNT; i++)
        bcue_csv_put(&out, cells[i], i % 2 == 1);
    CHECK(!out.failed);
    bcue_csv *csv = parse(out.data);
    CHECK_INT(bcue_csv_rows(csv), COUNT / 2);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_STR(bcue_csv_cell(csv, i / 2, i % 2), cells[i]);
    CHECK_STR(bcue_csv_header(csv, 0), "\xEF\xBB\xBFhead");
    bcue_csv_destroy(csv);
    bcue_text_free(&out);

    bcue_csv_put(&out, "only", 1);
    for (size_t i = 0; i < COUNT; i++)
        bcue_csv_put(&out, cells[i], 1);
    csv = parse(out.data);
    CHECK_INT(bcue_csv_rows(csv), COUNT);
    for (size_t i = 0; i < COUNT && i < bcue_csv_rows(csv); i++)
        CHECK_STR(bcue_csv_cell(csv, i, 0), cells[i]);
    bcue_csv_destroy(csv);
    bcue_text_free(&out);
}

static bcue_status decode(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_csv *csv;
    bcue_status status = bcue_csv_parse((const char *)data, size, name, &csv, error);
    for (size_t row = 0; status == BCUE_OK && row < bcue_csv_rows(csv); row++)
        for (size_t column = 0; column < bcue_csv_columns(csv); column++)
            CHECK(strlen(bcue_csv_cell(csv, row, column)) <= size);
    bcue_csv_destroy(csv);
    return status;
}

static void test_mangled(void)
{
    static const char *const names[] = {"csv_plain.csv", "csv_windows.csv"};
    for (int i = 0; i < 2; i++) {
        bcue_bytes bytes = fixture_read(names[i]);
        mangle_report cut = mangle_truncate(bytes.data, bytes.size, decode, names[i]);
        mangle_report flipped = mangle_flip(bytes.data, bytes.size, decode, names[i]);
        CHECK_INT(cut.tried, bytes.size);
        CHECK(cut.refused > 0 && flipped.refused > 0);
        bcue_bytes_free(&bytes);
    }
}

int main(void)
{
    RUN(test_plain);
    RUN(test_windows);
    RUN(test_edges);
    RUN(test_refused);
    RUN(test_round_trip);
    RUN(test_mangled);
    return check_summary();
}
