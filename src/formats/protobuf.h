/* Writing Protocol Buffers messages (the wire format of protobuf.dev/programming-guides/encoding): varints,
   32-bit numbers, bytes, and messages within messages. Fields may come in any order and repeat.

   A message within another has its length in front, which is known only at its end: five bytes are kept free
   for it and filled with a varint that is padded with empty groups, which every reader accepts. Failure is
   sticky in the text (no memory); ask once at the end. */
#ifndef BCUE_FORMATS_PROTOBUF_H
#define BCUE_FORMATS_PROTOBUF_H

#include "base/text.h"

/* A field that is int32, int64, uint64, bool or enum; negative numbers take ten bytes, as int64 has it. */
void bcue_protobuf_int(bcue_text *out, int field, int64_t value);
void bcue_protobuf_float(bcue_text *out, int field, float value);
void bcue_protobuf_bytes(bcue_text *out, int field, const void *data, size_t size);
void bcue_protobuf_string(bcue_text *out, int field, const char *text);
/* A message within this one: what is written between begin and end is its content. begin returns the place to
   give to end; they nest. end fails the text when the content has 2^35 bytes or more. */
size_t bcue_protobuf_begin(bcue_text *out, int field);
void bcue_protobuf_end(bcue_text *out, size_t place);

#endif
