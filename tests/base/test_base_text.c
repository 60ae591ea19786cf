#include "check.h"

#include <stdint.h>

#include "base/text.h"

static void buffer_grows(void)
{
    bcue_text text = {0};
    for (int i = 0; i < 1000; i++)
        bcue_text_printf(&text, "%d,", i);
    bcue_text_puts(&text, "end");
    bcue_text_append(&text, "\0x", 2);
    bcue_text_append(&text, NULL, 0);
    CHECK(!text.failed);
    CHECK_INT(text.size, 10 + 90 * 2 + 900 * 3 + 1000 + 3 + 2);
    CHECK(memcmp(text.data, "0,1,2,", 6) == 0);
    CHECK(memcmp(text.data + text.size - 6, ",end\0x", 6) == 0);
    CHECK_INT(text.data[text.size], 0);
    bcue_text_free(&text);
    CHECK(text.data == NULL && text.size == 0 && text.capacity == 0);
}

static void failure_is_sticky(void)
{
    bcue_text text = {0};
    bcue_text_puts(&text, "kept");
    bcue_text_append(&text, "x", SIZE_MAX - 2);
    CHECK(text.failed);
    bcue_text_puts(&text, "lost");
    CHECK(text.failed);
    CHECK_STR(text.data, "kept");
    bcue_text_free(&text);
}

static void numbers(void)
{
    static const struct {
        const char *text;
        bool good;
        double value;
    } doubles[] = {
        {"1.5", true, 1.5},       {" \t-2e3 \r\n", true, -2000},
        {"5e-324", true, 5e-324}, {"1e-400", true, 0},
        {"0.1", true, 0.1},       {"1e400", false, 0},
        {"-1e400", false, 0},     {"", false, 0},
        {"  ", false, 0},         {"1.5x", false, 0},
        {"1 2", false, 0},        {"x", false, 0},
        {"1,5", false, 0},
    };
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        double value = 0;
        CHECK_AT(bcue_parse_double(doubles[i].text, &value) == doubles[i].good, "'%s'", doubles[i].text);
        CHECK_NEAR(value, doubles[i].value, 0);
    }
    double value = 0;
    CHECK(bcue_parse_double("nan", &value) && isnan(value));
    CHECK(bcue_parse_double("-inf", &value) && isinf(value) && value < 0);

    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } ints[] = {
        {"0", true, 0},
        {" -17 ", true, -17},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
        {"", false, 0},
        {"7seven", false, 0},
    };
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        int64_t parsed = 0;
        CHECK_AT(bcue_parse_int64(ints[i].text, &parsed) == ints[i].good, "'%s'", ints[i].text);
        CHECK_INT(parsed, ints[i].value);
    }
}

static void words(void)
{
    CHECK_INT(bcue_edit_distance("", ""), 0);
    CHECK_INT(bcue_edit_distance("", "abc"), 3);
    CHECK_INT(bcue_edit_distance("kitten", "sitting"), 3);
    CHECK_INT(bcue_edit_distance("flaw", "lawn"), 2);
    char word[100] = {0};
    memset(word, 'a', 99);
    CHECK_INT(bcue_edit_distance(word, "a"), 99);

    static const char *const names[] = {"epochs", "rate", "optimizer"};
    CHECK_STR(bcue_nearest_word("epoch", names, 3), "epochs");
    CHECK_STR(bcue_nearest_word("optimiser", names, 3), "optimizer");
    CHECK(bcue_nearest_word("beams", names, 3) == NULL);
    CHECK(bcue_nearest_word("x", names, 0) == NULL);

    CHECK(bcue_starts_with("beamcue", "beam") && bcue_starts_with("x", "") &&
          !bcue_starts_with("be", "beam"));
    CHECK(bcue_ends_with("a.yaml", ".yaml") && bcue_ends_with("x", "") && !bcue_ends_with("l", "yaml"));
}

int main(void)
{
    RUN(buffer_grows);
    RUN(failure_is_sticky);
    RUN(numbers);
    RUN(words);
    return check_summary();
}
