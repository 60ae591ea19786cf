#include "cli_synthetic.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROW_BYTES = 1 + 3 * BCUE_CLI_SYNTHETIC_WIDTH, /* filter type 0, then RGB */
    RAW_BYTES = ROW_BYTES * BCUE_CLI_SYNTHETIC_HEIGHT,
    BLOCK_BYTES = 65535, /* the longest stored block of DEFLATE */
    BLOCKS = (RAW_BYTES + BLOCK_BYTES - 1) / BLOCK_BYTES,
    STREAM_BYTES = 2 + BLOCKS * 5 + RAW_BYTES + 4,
    FILE_BYTES = 8 + (12 + 13) + (12 + STREAM_BYTES) + 12,
    NPY_HEADER_BYTES = 128,
    POINT_FIELDS = 4
};

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(value >> shift);
    return at;
}

/* CRC-32 of a PNG chunk, bit by bit: this runs once. */
static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFFU;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0);
    }
    return ~crc;
}

/* The chunk whose `size` bytes of content already stand at chunk + 8. */
static uint8_t *close_chunk(uint8_t *chunk, const char *type, uint32_t size)
{
    put_u32(chunk, size);
    memcpy(chunk + 4, type, 4);
    return put_u32(chunk + 8 + size, crc32_of(chunk + 4, size + 4));
}

static uint8_t pixel(int x, int y, int channel)
{
    return (uint8_t)((channel == 0 ? x / 4 : channel == 1 ? y / 3 : (x + y) / 6) & 0xFF);
}

static void fill_rows(uint8_t *raw)
{
    for (int y = 0; y < BCUE_CLI_SYNTHETIC_HEIGHT; y++) {
        *raw++ = 0;
        for (int x = 0; x < BCUE_CLI_SYNTHETIC_WIDTH; x++) {
            for (int channel = 0; channel < 3; channel++)
                *raw++ = pixel(x, y, channel);
        }
    }
}

static uint32_t adler32_of(const uint8_t *bytes, size_t size)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < size; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* zlib: header, stored blocks, checksum. */
static void put_stream(uint8_t *at, const uint8_t *raw)
{
    *at++ = 0x78;
    *at++ = 0x01;
    for (size_t done = 0; done < RAW_BYTES;) {
        const size_t size = RAW_BYTES - done < BLOCK_BYTES ? RAW_BYTES - done : BLOCK_BYTES;
        *at++ = done + size == RAW_BYTES;
        *at++ = (uint8_t)(size & 0xFF);
        *at++ = (uint8_t)(size >> 8);
        *at++ = (uint8_t)(~size & 0xFF);
        *at++ = (uint8_t)((~size >> 8) & 0xFF);
        memcpy(at, raw + done, size);
        at += size;
        done += size;
    }
    put_u32(at, adler32_of(raw, RAW_BYTES));
}

bool bcue_cli_synthetic_picture(bcue_encoded_picture *picture)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    static const uint8_t rgb8[5] = {8, 2, 0, 0, 0};
    uint8_t *raw = malloc(RAW_BYTES), *file = malloc(FILE_BYTES);
    if (raw != NULL && file != NULL) {
        fill_rows(raw);
        memcpy(file, signature, sizeof signature);
        uint8_t *chunk = file + sizeof signature;
        put_u32(chunk + 8, BCUE_CLI_SYNTHETIC_WIDTH);
        put_u32(chunk + 12, BCUE_CLI_SYNTHETIC_HEIGHT);
        memcpy(chunk + 16, rgb8, sizeof rgb8);
        chunk = close_chunk(chunk, "IHDR", 13);
        put_stream(chunk + 8, raw);
        chunk = close_chunk(chunk, "IDAT", STREAM_BYTES);
        close_chunk(chunk, "IEND", 0);
        *picture = (bcue_encoded_picture){file, FILE_BYTES, "synthetic picture"};
        file = NULL;
    }
    const bool made = raw != NULL && file == NULL && picture->data != NULL;
    free(raw);
    free(file);
    return made;
}

/* A number in [0, 1) that differs from point to point. */
static float spread(int point, int field)
{
    return (float)((uint32_t)(point * POINT_FIELDS + field + 1) * 2654435761U >> 8) / 16777216.0F;
}

/* Little-endian singles, whatever the machine's order is. */
static void put_single(uint8_t *at, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(bits >> 8 * i & 0xFF);
}

bool bcue_cli_synthetic_points(bcue_encoded_picture *frame)
{
    const size_t size = NPY_HEADER_BYTES + sizeof(float) * POINT_FIELDS * BCUE_CLI_SYNTHETIC_POINTS;
    uint8_t *file = malloc(size);
    if (file == NULL)
        return false;
    char header[NPY_HEADER_BYTES - 10];
    const int used =
        snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }",
                 BCUE_CLI_SYNTHETIC_POINTS, POINT_FIELDS);
    memset(header + used, ' ', sizeof header - (size_t)used - 1);
    header[sizeof header - 1] = '\n';
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = NPY_HEADER_BYTES - 10;
    file[9] = 0;
    memcpy(file + 10, header, sizeof header);
    uint8_t *at = file + NPY_HEADER_BYTES;
    for (int i = 0; i < BCUE_CLI_SYNTHETIC_POINTS; i++) {
        const float row[POINT_FIELDS] = {i % 142 == 0 ? 20 * spread(i, 0) - 10 : 0, 2 * spread(i, 1) - 1,
                                         0.4F * spread(i, 2) - 0.2F, 5 + 90 * spread(i, 3)};
        for (int k = 0; k < POINT_FIELDS; k++, at += sizeof(float))
            put_single(at, row[k]);
    }
    *frame = (bcue_encoded_picture){file, size, "synthetic radar points"};
    return true;
}
