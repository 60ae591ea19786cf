#include "check.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/fail.h"

static bool valid_utf8(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
        int more = *at < 0x80             ? 0
                   : (*at & 0xE0) == 0xC0 ? 1
                   : (*at & 0xF0) == 0xE0 ? 2
                   : (*at & 0xF8) == 0xF0 ? 3
                                          : -1;
        if (more < 0)
            return false;
        at++;
        for (; more > 0; more--, at++)
            if ((*at & 0xC0) != 0x80)
                return false;
    }
    return true;
}

static void names_are_distinct(void)
{
    for (int a = BCUE_OK; a >= BCUE_ERROR_INTERNAL; a--)
        for (int b = a - 1; b >= BCUE_ERROR_INTERNAL - 1; b--)
            CHECK_AT(strcmp(bcue_status_name((bcue_status)a), bcue_status_name((bcue_status)b)) != 0,
                     "%d and %d", a, b);
    CHECK_STR(bcue_status_name((bcue_status)-99), "unknown status");
}

static void sentence_is_written(void)
{
    bcue_error error;
    CHECK_STATUS(bcue_fail(&error, BCUE_ERROR_IO, "%s: line %d", "a.csv", 7), BCUE_ERROR_IO);
    CHECK_STR(error.text, "a.csv: line 7");
    CHECK_STATUS(bcue_fail_context(&error, BCUE_ERROR_DATA, "scenario %d", 5), BCUE_ERROR_DATA);
    CHECK_STR(error.text, "scenario 5: a.csv: line 7");
    CHECK_STATUS(bcue_fail(NULL, BCUE_ERROR_IO, "nobody reads this"), BCUE_ERROR_IO);
    CHECK_STATUS(bcue_fail_context(NULL, BCUE_ERROR_IO, "nor this"), BCUE_ERROR_IO);
    CHECK_STATUS(bcue_fail_memory(&error, "a batch"), BCUE_ERROR_MEMORY);
    CHECK_CONTAINS(error.text, "out of memory for a batch; ");
}

/* Every length around the limit, in characters of one to four bytes: cut with an ellipsis, never inside one.
 */
static void long_sentences_are_cut_between_characters(void)
{
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x93\xA1"};
    const size_t capacity = sizeof((bcue_error *)0)->text;
    char *text = malloc(2 * capacity);
    if (text == NULL)
        SKIP("no memory");
    for (size_t kind = 0; kind < 4; kind++) {
        size_t width = strlen(characters[kind]);
        for (size_t lead = 0; lead < width; lead++) {
            for (size_t length = capacity - 12; length < capacity + 12; length++) {
                size_t used = lead;
                memset(text, 'x', lead);
                for (; used + width <= length; used += width)
                    memcpy(text + used, characters[kind], width);
                text[used] = '\0';
                bcue_error error;
                (void)bcue_fail(&error, BCUE_ERROR_IO, "%s", text);
                CHECK(valid_utf8(error.text));
                if (used < capacity)
                    CHECK_STR(error.text, text);
                else
                    CHECK(strcmp(error.text + strlen(error.text) - 3, "...") == 0 &&
                          strlen(error.text) > capacity - 9);
                (void)bcue_fail_context(&error, BCUE_ERROR_IO, "\xC3\xA9");
                CHECK(valid_utf8(error.text) && strlen(error.text) < capacity);
                (void)bcue_fail_context(&error, BCUE_ERROR_IO, "%s", text);
                CHECK(valid_utf8(error.text) && strlen(error.text) < capacity);
            }
        }
    }
    free(text);
}

int main(void)
{
    RUN(names_are_distinct);
    RUN(sentence_is_written);
    RUN(long_sentences_are_cut_between_characters);
    return check_summary();
}
