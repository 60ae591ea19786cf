/* The writer against the encodings that the documentation of Protocol Buffers gives. */
#include "check.h"
#include "formats/protobuf.h"

static void holds(const bcue_text *text, const char *expected, size_t size)
{
    CHECK(!text->failed);
    CHECK_INT(text->size, size);
    CHECK(text->size == size && memcmp(text->data, expected, size) == 0);
}

#define HOLDS(text, expected) holds(text, expected, sizeof(expected) - 1)

static void published_examples(void)
{
    bcue_text out = {0};
    bcue_protobuf_int(&out, 1, 150); /* "a: 150" */
    HOLDS(&out, "\x08\x96\x01");
    bcue_text_free(&out);
    bcue_protobuf_string(&out, 2, "testing");
    HOLDS(&out, "\x12\x07testing");
    bcue_text_free(&out);
    bcue_protobuf_int(&out, 1, -2);
    HOLDS(&out, "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    bcue_text_free(&out);
    bcue_protobuf_float(&out, 20, 1.5F); /* a field over 15 takes two bytes */
    HOLDS(&out, "\xa5\x01\x00\x00\xc0\x3f");
    bcue_text_free(&out);
    bcue_protobuf_bytes(&out, 9, "", 0);
    HOLDS(&out, "\x4a\x00");
    bcue_text_free(&out);
}

/* The length is five bytes wide: 3 is 83 80 80 80 00. */
static void messages(void)
{
    bcue_text out = {0};
    const size_t outer = bcue_protobuf_begin(&out, 3), inner = bcue_protobuf_begin(&out, 3);
    bcue_protobuf_int(&out, 1, 150);
    bcue_protobuf_end(&out, inner);
    bcue_protobuf_end(&out, outer);
    HOLDS(&out, "\x1a\x89\x80\x80\x80\x00\x1a\x83\x80\x80\x80\x00\x08\x96\x01");
    bcue_text_free(&out);
    const size_t place = bcue_protobuf_begin(&out, 1);
    for (int i = 0; i < 100; i++)
        bcue_protobuf_int(&out, 1, 0);
    bcue_protobuf_end(&out, place);
    CHECK(memcmp(out.data, "\x0a\xc8\x81\x80\x80\x00\x08\x00", 8) == 0); /* 200 = 0x48 + 1 * 128 */
    bcue_text_free(&out);
}

int main(void)
{
    RUN(published_examples);
    RUN(messages);
    return check_summary();
}
