#include "formats/protobuf.h"

#include <string.h>

enum { VARINT = 0, LENGTH = 2, FIXED32 = 5, LENGTH_BYTES = 5 };

static void put_varint(bcue_text *out, uint64_t value)
{
    uint8_t bytes[10];
    size_t count = 0;
    do {
        bytes[count++] = (uint8_t)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
        value >>= 7;
    } while (value > 0);
    bcue_text_append(out, bytes, count);
}

static void put_tag(bcue_text *out, int field, int type)
{
    put_varint(out, (uint64_t)field << 3 | (uint64_t)type);
}

void bcue_protobuf_int(bcue_text *out, int field, int64_t value)
{
    put_tag(out, field, VARINT);
    put_varint(out, (uint64_t)value);
}

void bcue_protobuf_float(bcue_text *out, int field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint8_t bytes[4] = {(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16),
                              (uint8_t)(bits >> 24)};
    put_tag(out, field, FIXED32);
    bcue_text_append(out, bytes, sizeof bytes);
}

void bcue_protobuf_bytes(bcue_text *out, int field, const void *data, size_t size)
{
    put_tag(out, field, LENGTH);
    put_varint(out, size);
    if (size > 0)
        bcue_text_append(out, data, size);
}

void bcue_protobuf_string(bcue_text *out, int field, const char *text)
{
    bcue_protobuf_bytes(out, field, text, strlen(text));
}

size_t bcue_protobuf_begin(bcue_text *out, int field)
{
    static const uint8_t room[LENGTH_BYTES] = {0};
    put_tag(out, field, LENGTH);
    bcue_text_append(out, room, sizeof room);
    return out->size;
}

void bcue_protobuf_end(bcue_text *out, size_t place)
{
    if (out->failed)
        return;
    uint64_t size = out->size - place;
    if (size >> 35 != 0) {
        out->failed = true;
        return;
    }
    for (int i = 0; i < LENGTH_BYTES; i++, size >>= 7)
        out->data[place - LENGTH_BYTES + (size_t)i] =
            (char)(uint8_t)((size & 0x7F) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
}
