/* Pictures as records: JPEG and PNG <-> 8-bit pixels.

   Reading never trusts a header: before anything is allocated for the pixels, the sides and the pixel count
   are held against the limits below, and the claimed size against the least number of bytes in which the
   format can hold it. That bound is exact, so no honest file is refused: a Huffman-coded JPEG spends at least
   one bit on the DC of each 8x8 block, and a sequential one at least another on its end of block (so at most
   512 and 256 grey pixels per byte of file); deflate makes at most 1032 bytes of one byte. A JPEG may have at
   most 100 scans (encoders write about 10), because each scan costs the decoder a pass over all blocks
   however few bytes it has. Damage is an error, never a picture with grey rows: every warning of the codecs
   counts as one. Bytes after the end mark are ignored.

   Errors of the readers: BCUE_ERROR_FORMAT (damaged, or not the format; the sentence has the file's name and
   the byte near which it was noticed), BCUE_ERROR_UNSUPPORTED (CMYK, arithmetic coding, 12 bits),
   BCUE_ERROR_IO, BCUE_ERROR_MEMORY. All functions may be called from any thread. */
#ifndef BCUE_FORMATS_IMAGE_H
#define BCUE_FORMATS_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include "base/file.h"
#include "beamcue/status.h"

/* Interleaved rows, top to bottom; 1 (grey) or 3 (RGB) channels. */
typedef struct bcue_image {
    int width, height, channels;
    uint8_t *pixels; /* owned: height * width * channels bytes */
} bcue_image;

/* Largest picture that a reader accepts; a header that claims more is a format error. */
enum { BCUE_IMAGE_MAX_SIDE = 16384, BCUE_IMAGE_MAX_PIXELS = 1 << 26 };

/* Make a black picture. The caller frees it. BCUE_ERROR_ARGUMENT beyond the limits above. */
bcue_status bcue_image_create(int width, int height, int channels, bcue_image *image, bcue_error *error);
void bcue_image_free(bcue_image *image); /* and make it empty; NULL is fine */
/* Is this a picture that can be written: sides within the limits, 1 or 3 channels, pixels there? */
bcue_status bcue_image_check(const bcue_image *image, bcue_error *error);

/* Baseline and progressive JPEG, grey or colour, EXIF orientation (1-8) applied; always gives `channels` (1,
   3, or 0 = as in the file). Grey of a colour file is its luma. Pixels are those of libjpeg's accurate
   integer transform and smooth chroma upsampling. `name` stands for the file in messages. On success the
   caller frees `image`; otherwise it is empty. */
bcue_status bcue_jpeg_decode(const void *data, size_t size, const char *name, int channels, bcue_image *image,
                             bcue_error *error);
/* Baseline, chroma halved both ways. quality 1..100. On success the caller frees `bytes`. */
bcue_status bcue_jpeg_encode(const bcue_image *image, int quality, bcue_bytes *bytes, bcue_error *error);
/* Any PNG: palettes and low bit depths are expanded, 16 bits are rounded to 8 (v / 257), transparency is
   dropped, gamma and colour profiles are not applied. Grey of a colour file is (19595 R + 38470 G + 7471 B +
   32768) / 65536, the luma of ITU-R BT.601. */
bcue_status bcue_png_decode(const void *data, size_t size, const char *name, int channels, bcue_image *image,
                            bcue_error *error);
bcue_status bcue_png_encode(const bcue_image *image, bcue_bytes *bytes, bcue_error *error);
/* Either format, told by the first bytes. */
bcue_status bcue_image_read(const char *path, int channels, bcue_image *image, bcue_error *error);
/* Format told by the ending .jpg/.jpeg/.png, in either case. */
bcue_status bcue_image_write(const char *path, const bcue_image *image, int jpeg_quality, bcue_error *error);

#endif
