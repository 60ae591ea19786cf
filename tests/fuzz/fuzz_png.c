/* PNG, with the checksums of the mutated chunks put right, since otherwise no mutation gets past them. */
#include "fuzz.h"
#include "formats/image.h"

static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void put_checksums_right(uint8_t *png, size_t size)
{
    size_t at = 8;
    while (at < size && size - at >= 12) {
        size_t length =
            (size_t)png[at] << 24 | (size_t)png[at + 1] << 16 | (size_t)png[at + 2] << 8 | png[at + 3];
        if (length > size - at - 12)
            return;
        uint32_t crc = crc32_of(png + at + 4, length + 4);
        for (size_t i = 0; i < 4; i++)
            png[at + 8 + length + i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + length;
    }
}

/* What was read is written and read again without a change. */
static void check_round_trip(const bcue_image *image)
{
    bcue_bytes bytes;
    bcue_image again;
    bcue_error error = {{0}};
    fuzz_require(bcue_png_encode(image, &bytes, &error) == BCUE_OK,
                 "a picture was read that cannot be written", &error);
    fuzz_require(bcue_png_decode(bytes.data, bytes.size, FUZZ_NAME, 0, &again, &error) == BCUE_OK,
                 "a written picture cannot be read", &error);
    size_t size = (size_t)image->width * (size_t)image->height * (size_t)image->channels;
    fuzz_require(again.width == image->width && again.height == image->height &&
                     again.channels == image->channels && memcmp(again.pixels, image->pixels, size) == 0,
                 "a picture changed by being written", &error);
    bcue_image_free(&again);
    bcue_bytes_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *png = malloc(size == 0 ? 1 : size);
    if (png == NULL)
        return 0;
    if (size > 0)
        memcpy(png, data, size);
    put_checksums_right(png, size);
    bcue_image image;
    bcue_error error = {{0}};
    bcue_status status =
        bcue_png_decode(png, size, FUZZ_NAME, (const int[]){0, 1, 3}[size % 3], &image, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        fuzz_require(image.pixels == NULL, "a refused picture has pixels", &error);
    } else if ((size_t)image.width * (size_t)image.height < 10000) {
        check_round_trip(&image);
    }
    bcue_image_free(&image);
    free(png);
    return 0;
}
