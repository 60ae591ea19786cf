#include "base/base64.h"
#include "report/markup.h"
#include "report/scale.h"
#include "check.h"

#include <stdlib.h>

typedef void escape(bcue_text *out, const char *string);

static void check_escape(escape *function, const char *string, const char *expected)
{
    bcue_text out = {0};
    function(&out, string);
    bcue_text_puts(&out, "");
    CHECK_STR(out.data, expected);
    bcue_text_free(&out);
}

static void test_html(void)
{
    check_escape(bcue_escape_html, NULL, "");
    check_escape(bcue_escape_html, "plain \xC3\xA9\n\ttext", "plain \xC3\xA9\n\ttext");
    check_escape(bcue_escape_html, "<script>alert('x\" & y')</script>",
                 "&lt;script&gt;alert(&#39;x&quot; &amp; y&#39;)&lt;/script&gt;");
    check_escape(bcue_escape_html, "\"><img src=x onerror=alert(1)>",
                 "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;");
    check_escape(bcue_escape_html,
                 "a\x01\x1b\x7f"
                 "b",
                 "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                 "b");
    check_escape(bcue_escape_html, "\xC2\x9B", "\xEF\xBF\xBD");                   /* C1 control */
    check_escape(bcue_escape_html, "\xE2\x80\xAEgpj.exe", "\xEF\xBF\xBDgpj.exe"); /* right-to-left override */
    check_escape(bcue_escape_html, "\xFF\xC0\xAF",
                 "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");                   /* never UTF-8, overlong */
    check_escape(bcue_escape_html, "\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"); /* cut short */
    check_escape(bcue_escape_html, "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); /* surrogate */
    check_escape(bcue_escape_html, "\xEF\xBF\xBF", "\xEF\xBF\xBD"); /* not a character of XML */
    check_escape(bcue_escape_html, "\xF0\x9F\x9A\x97", "\xF0\x9F\x9A\x97");
}

static void test_other_escapes(void)
{
    check_escape(bcue_escape_markdown, "a|b\n*c* _d_ <e> `f` [g](h) & ~",
                 "a\\|b \\*c\\* \\_d\\_ &lt;e> \\`f\\` \\[g\\](h) &amp; \\~");
    check_escape(bcue_escape_plain, "a\nb\x1b[31m", "a b\xEF\xBF\xBD[31m");
    check_escape(bcue_escape_csv, "plain", "plain");
    check_escape(bcue_escape_csv, "say \"hi\", all", "\"say \"\"hi\"\", all\"");
    check_escape(bcue_escape_csv, "two\nlines", "\"two\nlines\"");
    check_escape(bcue_escape_csv, " lead", "\" lead\"");
    check_escape(bcue_escape_csv, NULL, "");
}

static void test_base64(void)
{
    /* The test vectors of RFC 4648, section 10. */
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        bcue_text out = {0};
        bcue_base64(&out, pairs[i][0], strlen(pairs[i][0]));
        bcue_text_puts(&out, "");
        CHECK_STR(out.data, pairs[i][1]);
        bcue_text_free(&out);
    }
    static unsigned char large[10000];
    memset(large, 0xFF, sizeof large);
    bcue_text out = {0};
    bcue_base64(&out, large, sizeof large);
    CHECK_INT(out.size, 13336);
    CHECK_STR(out.data + 13336 - 8, "/////w==");
    CHECK(strspn(out.data, "/") == 13336 - 3);
    bcue_text_free(&out);
}

static void test_columns(void)
{
    CHECK_INT(bcue_text_columns(NULL), 0);
    CHECK_INT(bcue_text_columns("abc"), 3);
    CHECK_INT(bcue_text_columns("\xC2\xB1\xE2\x88\x92"), 2);
    CHECK_INT(bcue_text_columns("e\xCC\x81"), 1);                /* combining accent */
    CHECK_INT(bcue_text_columns("\xE6\x9D\xB1\xE4\xBA\xAC"), 4); /* wide */
    CHECK_INT(bcue_text_columns("\xFF"), 1);
}

static void check_number(double value, int decimals, bool ascii, const char *expected)
{
    char text[BCUE_NUMBER_SIZE];
    bcue_format_number(text, value, decimals, ascii);
    CHECK_STR(text, expected);
}

static void test_numbers(void)
{
    check_number(61.25, 1, true, "61.2");
    check_number(-3, 2, true, "-3.00");
    check_number(-3, 0, false,
                 "\xE2\x88\x92"
                 "3");
    check_number(-0.004, 2, true, "0.00");
    check_number(-0.0, -1, true, "0");
    check_number(NAN, 2, true, "nan");
    check_number(NAN, 2, false, "\xE2\x80\x94");
    check_number(-INFINITY, 2, true, "-inf");
    check_number(INFINITY, 2, false, "\xE2\x88\x9E");
    check_number(1e300, 3, true, "1e+300");
    check_number(123456.789, -1, true, "1.235e+05");
    check_number(0.1, 400, true, "0.10000000000000001");
}

static bcue_scale fit(bcue_chart_axis axis, double low, double high, int wanted, bool round_out)
{
    bcue_scale scale;
    bcue_scale_fit(&scale, &axis, (bcue_range){.low = low, .high = high}, wanted, round_out);
    scale.pixel_low = 0;
    scale.pixel_high = 100;
    return scale;
}

static void check_ticks(const bcue_scale *scale, const char *expected)
{
    char all[1024] = "";
    for (size_t i = 0; i < scale->tick_count; i++) {
        strcat(all, i ? " " : "");
        strcat(all, scale->labels[i]);
    }
    CHECK_STR(all, expected);
}

static void test_ticks(void)
{
    bcue_chart_axis plain = {0}, log = {.logarithmic = true}, whole = {.integer = true},
                    zero = {.from_zero = true};
    bcue_scale s = fit(plain, 0, 1, 5, true);
    check_ticks(&s, "0 0.2 0.4 0.6 0.8 1.0");
    s = fit(plain, 0.03, 0.97, 5, true);
    check_ticks(&s, "0 0.2 0.4 0.6 0.8 1.0");
    CHECK_NEAR(s.low, 0, 0);
    CHECK_NEAR(s.high, 1, 1e-12);
    s = fit(plain, -47, 49, 5, false);
    check_ticks(&s, "\xE2\x88\x92"
                    "40 \xE2\x88\x92"
                    "20 0 20 40");
    s = fit(plain, 1e9 + 1, 1e9 + 5, 4, true);
    CHECK(s.tick_count >= 4);
    s = fit(whole, 1, 3, 10, true);
    check_ticks(&s, "1 2 3");
    s = fit(zero, 60, 90, 4, true);
    check_ticks(&s, "0 20 40 60 80 100");
    s = fit(log, 0.001, 100, 6, true);
    check_ticks(&s, "0.001 0.01 0.1 1 10 100");
    s = fit(log, 1, 40, 6, true);
    check_ticks(&s, "1 2 5 10 20");
    s = fit(log, 1e-9, 1e-2, 8, true);
    CHECK_STR(s.labels[0], "10\xE2\x81\xBB\xE2\x81\xB9");
    s = fit(log, 3, 5, 4, true);
    CHECK(s.tick_count >= 2);
    s = fit((bcue_chart_axis){.low = 2, .high = 7}, 0, 100, 5, true);
    CHECK(s.low == 2 && s.high == 7);
}

/* Whatever the data, the scale is finite and increasing and all ticks lie in it, apart and in order. */
static void test_odd_ranges(void)
{
    static const double values[] = {0,       1,      -1,       5e-324, 1e-300,     1e-12, 1e15, 1e300,
                                    1.7e308, -1e300, -1.7e308, 1e9,    1e9 + 1e-3, 42,    0.1,  0.1 + 1e-17};
    size_t count = sizeof values / sizeof values[0];
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            for (int kind = 0; kind < 8; kind++) {
                bcue_chart_axis axis = {
                    .logarithmic = kind & 1, .integer = (kind & 2) != 0, .from_zero = (kind & 4) != 0};
                bcue_range range = BCUE_EMPTY_RANGE;
                bcue_range_add(&range, values[i], axis.logarithmic);
                bcue_range_add(&range, values[k], axis.logarithmic);
                bcue_range_add(&range, NAN, axis.logarithmic);
                bcue_range_add(&range, INFINITY, axis.logarithmic);
                bcue_scale s = fit(axis, range.low, range.high, 6, true);
                bool good =
                    isfinite(s.low) && isfinite(s.high) && s.low < s.high && s.tick_count <= BCUE_MAX_TICKS;
                for (size_t t = 0; t < s.tick_count; t++) {
                    double at = bcue_scale_at(&s, s.ticks[t]);
                    good = good && at >= -1e-6 && at <= 100 + 1e-6 && s.labels[t][0] != '\0';
                    good = good && (t == 0 || s.ticks[t] > s.ticks[t - 1]);
                    good = good && (t == 0 || strcmp(s.labels[t], s.labels[t - 1]) != 0 ||
                                    s.high - s.low < 1e-7 * fabs(s.high));
                }
                CHECK_AT(good, "range %g to %g, kind %d gives %g to %g with %zu ticks", values[i], values[k],
                         kind, s.low, s.high, s.tick_count);
            }
    bcue_scale s = fit((bcue_chart_axis){.logarithmic = true}, 1, 100, 5, true);
    CHECK(isnan(bcue_scale_at(&s, 0)) && isnan(bcue_scale_at(&s, -1)) && isnan(bcue_scale_at(&s, NAN)));
    CHECK_NEAR(bcue_scale_at(&s, 10), 50, 1e-9);
    CHECK_NEAR(bcue_scale_at(&s, INFINITY), 100, 0);
}

int main(void)
{
    RUN(test_html);
    RUN(test_other_escapes);
    RUN(test_base64);
    RUN(test_columns);
    RUN(test_numbers);
    RUN(test_ticks);
    RUN(test_odd_ranges);
    return check_summary();
}
