#include "report/table.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include "report/markup.h"

static const bcue_column columns[] = {
    {.title = "Model"},
    {.title = "Top-1", .unit = "%", .align = BCUE_ALIGN_RIGHT, .decimals = 1},
    {.title = "Loss", .unit = "dB", .align = BCUE_ALIGN_RIGHT, .decimals = 2},
    {.title = "Beams", .align = BCUE_ALIGN_CENTER, .decimals = 0}};

static bcue_table *results(void)
{
    bcue_table *table = bcue_table_create("Scenario 5", columns, 4);
    bcue_table_row(table);
    bcue_table_text(table, "constant");
    bcue_table_number(table, 9.25);
    bcue_table_interval(table, 11.5, 10.75, 12.25);
    bcue_table_number(table, 64);
    bcue_table_rule(table);
    bcue_table_row(table);
    bcue_table_text(table, "camera_resnet18|<b>");
    bcue_table_plus_minus(table, 61.25, 1.5);
    bcue_table_emphasise(table);
    bcue_table_note(table, "5 seeds");
    bcue_table_number(table, -0.875);
    bcue_table_missing(table);
    bcue_table_row(table);
    bcue_table_printf(table, "%s-%d", "knn", 5);
    bcue_table_number(table, NAN);
    bcue_table_number(table, INFINITY);
    bcue_table_footnote(table, "87 %% of the test rows have a training neighbour.");
    return table;
}

static void check_text(bcue_status (*write)(const bcue_table *, bcue_text *, bcue_error *),
                       const char *expected)
{
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_table *table = results();
    CHECK_OK(write(table, &out, &error), error);
    CHECK_STR(out.data, expected);
    bcue_text_free(&out);
    bcue_table_destroy(table);
}

static bcue_status write_plain(const bcue_table *table, bcue_text *out, bcue_error *error)
{
    return bcue_table_write_text(table, NULL, out, error);
}

static bcue_status write_ascii(const bcue_table *table, bcue_text *out, bcue_error *error)
{
    return bcue_table_write_text(table, &(bcue_table_style){.ascii = true, .ansi = true}, out, error);
}

static void test_terminal(void)
{
    check_text(write_plain, "Scenario 5\n"
                            "\n"
                            "Model                   Top-1 (%)             Loss (dB)  Beams\n"
                            "───────────────────  ────────────  ────────────────────  ─────\n"
                            "constant                      9.2  11.50 [10.75, 12.25]   64\n"
                            "───────────────────  ────────────  ────────────────────  ─────\n"
                            "camera_resnet18|<b>  61.2 ± 1.5 a                 −0.88    —\n"
                            "knn-5                           —                     ∞    —\n"
                            "a 5 seeds\n"
                            "87 % of the test rows have a training neighbour.\n");
    check_text(
        write_ascii,
        "\x1b[1mScenario 5\x1b[0m\n"
        "\n"
        "\x1b[1mModel              \x1b[0m  \x1b[1m    Top-1 (%)\x1b[0m  \x1b[1m           Loss (dB)\x1b[0m  "
        "\x1b[1mBeams\x1b[0m\n"
        "\x1b[2m-------------------  -------------  --------------------  -----\x1b[0m\n"
        "constant                       9.2  11.50 [10.75, 12.25]   64\n"
        "\x1b[2m-------------------  -------------  --------------------  -----\x1b[0m\n"
        "camera_resnet18|<b>  \x1b[1m61.2 +- 1.5 a\x1b[0m                 -0.88    -\n"
        "knn-5                            -                   inf    -\n"
        "\x1b[2ma 5 seeds\x1b[0m\n"
        "\x1b[2m87 % of the test rows have a training neighbour.\x1b[0m\n");
}

static void test_markdown(void)
{
    check_text(
        bcue_table_write_markdown,
        "**Scenario 5**\n"
        "\n"
        "| Model                    |                  Top-1 (%) |              Loss (dB) | Beams |\n"
        "| ------------------------ | -------------------------: | ---------------------: | :---: |\n"
        "| constant                 |                        9.2 | 11.50 \\[10.75, 12.25\\] |  64   |\n"
        "| camera\\_resnet18\\|&lt;b> | **61.2 ± 1.5**<sup>a</sup> |                  −0.88 |   —   |\n"
        "| knn-5                    |                          — |                      ∞ |   —   |\n"
        "\n"
        "<sup>a</sup> 5 seeds\n"
        "\n"
        "87 % of the test rows have a training neighbour.\n");
}

static void test_html(void)
{
    check_text(
        bcue_table_write_html,
        "<figure class=\"table\"><figcaption>Scenario 5</figcaption><div class=\"scroll\"><table><thead><tr>"
        "<th scope=\"col\">Model</th><th scope=\"col\" class=\"num\">Top-1 <span class=\"unit\">%</span></th>"
        "<th scope=\"col\" class=\"num\">Loss <span class=\"unit\">dB</span></th>"
        "<th scope=\"col\" class=\"mid\">Beams</th></tr></thead>\n"
        "<tbody>\n"
        "<tr><td>constant</td><td class=\"num\">9.2</td><td class=\"num\">11.50 [10.75, 12.25]</td>"
        "<td class=\"mid\">64</td></tr>\n"
        "<tr class=\"rule\"><td>camera_resnet18|&lt;b&gt;</td><td class=\"num\"><strong>61.2 ± 1.5</strong>"
        "<sup>a</sup></td><td class=\"num\">−0.88</td><td class=\"mid\">—</td></tr>\n"
        "<tr><td>knn-5</td><td class=\"num\">—</td><td class=\"num\">∞</td><td class=\"mid\">—</td></tr>\n"
        "</tbody></table></div><p class=\"note\"><sup>a</sup> 5 seeds</p>"
        "<p class=\"note\">87 % of the test rows have a training neighbour.</p></figure>\n");
}

static void test_csv(void)
{
    check_text(bcue_table_write_csv,
               "Model,Top-1 (%),Top-1 (%) low,Top-1 (%) high,Loss (dB),Loss (dB) low,Loss (dB) high,Beams\n"
               "constant,9.25,,,11.5,10.75,12.25,64\n"
               "camera_resnet18|<b>,61.25,59.75,62.75,-0.875,,,\n"
               "knn-5,nan,,,inf,,,\n");
}

static void test_json(void)
{
    bcue_error error = {0};
    json_t *json = NULL;
    bcue_table *table = results();
    CHECK_OK(bcue_table_json(table, &json, &error), error);
    char *text = json_dumps(json, JSON_COMPACT);
    CHECK_STR(
        text,
        "{\"caption\":\"Scenario 5\",\"columns\":[{\"title\":\"Model\",\"unit\":null},{\"title\":\"Top-1\","
        "\"unit\":\"%\"},{\"title\":\"Loss\",\"unit\":\"dB\"},{\"title\":\"Beams\",\"unit\":null}],"
        "\"rows\":[[\"constant\",9.25,{\"value\":11.5,\"low\":10.75,\"high\":12.25},64.0],"
        "[\"camera_resnet18|<b>\",{\"value\":61.25,\"low\":59.75,\"high\":62.75},-0.875,null],"
        "[\"knn-5\",null,\"inf\",null]],"
        "\"notes\":[\"5 seeds\",\"87 % of the test rows have a training neighbour.\"]}");
    free(text);
    json_decref(json);
    bcue_text out = {0};
    CHECK_OK(bcue_table_write_json(table, &out, &error), error);
    json_error_t fault;
    json = json_loads(out.data, JSON_REJECT_DUPLICATES, &fault);
    CHECK(json != NULL);
    json_decref(json);
    bcue_text_free(&out);
    bcue_table_destroy(table);
}

static void test_hostile_text(void)
{
    bcue_error error = {0};
    bcue_table *table = bcue_table_create("\x1b]0;owned\x07", columns, 1);
    bcue_table_row(table);
    bcue_table_text(table, "\x1b[2Jgone\xFF\n<script>");
    bcue_text out = {0};
    CHECK_OK(bcue_table_write_text(table, NULL, &out, &error), error);
    CHECK(strchr(out.data, '\x1b') == NULL && strchr(out.data, '\x07') == NULL);
    bcue_text_free(&out);
    CHECK_OK(bcue_table_write_html(table, &out, &error), error);
    CHECK(strstr(out.data, "<script>") == NULL);
    bcue_text_free(&out);
    CHECK_OK(bcue_table_write_json(table, &out, &error), error);
    CHECK_CONTAINS(out.data, "gone\xEF\xBF\xBD <script>");
    bcue_text_free(&out);
    bcue_table_destroy(table);
}

static void test_wrong_use(void)
{
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_table *table = bcue_table_create("T", columns, 2);
    bcue_table_number(table, 1);
    bcue_table_row(table);
    CHECK_STATUS(write_plain(table, &out, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STR(error.text, "table \"T\": a cell was written before the first row was begun");
    bcue_table_destroy(table);
    table = bcue_table_create(NULL, columns, 1);
    bcue_table_row(table);
    bcue_table_number(table, 1);
    bcue_table_number(table, 2);
    CHECK_STATUS(bcue_table_write_csv(table, &out, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "more cells");
    bcue_table_destroy(table);
    table = bcue_table_create("none", NULL, 0);
    bcue_table_row(table);
    bcue_table_text(table, "x");
    bcue_table_footnote(table, "y");
    CHECK_STATUS(bcue_table_write_html(table, &out, NULL), BCUE_ERROR_ARGUMENT);
    bcue_table_destroy(table);
    CHECK_STATUS(bcue_table_write_markdown(NULL, &out, &error), BCUE_ERROR_ARGUMENT);
    bcue_table_destroy(NULL);
    CHECK_INT(out.size, 0);
    bcue_text_free(&out);
}

static void test_many_rows(void)
{
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_table *table = bcue_table_create(NULL, columns, 2);
    for (int i = 0; i < 20000; i++) {
        bcue_table_row(table);
        bcue_table_printf(table, "row %d", i);
        bcue_table_number(table, i * 0.1);
    }
    CHECK_OK(write_plain(table, &out, &error), error);
    CHECK_CONTAINS(out.data, "row 19999     1999.9\n");
    bcue_text_free(&out);
    CHECK_OK(bcue_table_write_csv(table, &out, &error), error);
    CHECK_CONTAINS(out.data, "\nrow 3,0.30000000000000004\n"); /* 3 * 0.1 is not 0.3 */
    bcue_text_free(&out);
    bcue_table_destroy(table);
    table = bcue_table_create(NULL, columns, 2); /* no rows at all */
    CHECK_OK(write_plain(table, &out, &error), error);
    CHECK_STR(out.data, "Model  Top-1 (%)\n─────  ─────────\n");
    bcue_text_free(&out);
    bcue_table_destroy(table);
}

int main(void)
{
    RUN(test_terminal);
    RUN(test_markdown);
    RUN(test_html);
    RUN(test_csv);
    RUN(test_json);
    RUN(test_hostile_text);
    RUN(test_wrong_use);
    RUN(test_many_rows);
    return check_summary();
}
