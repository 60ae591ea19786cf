/* Pictures as records: JPEG and PNG <-> 8-bit pixels. */
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
enum { BCUE_IMAGE_MAX_SIDE = 16384 };

void bcue_image_free(bcue_image *image); /* and make it empty */

/* Baseline and progressive JPEG, grey or colour, EXIF orientation applied; always gives `channels` (1, 3, or 0 = as in the file).
   `name` stands for the file in messages. On success the caller frees `image`. */
bcue_status bcue_jpeg_decode(const void *data, size_t size, const char *name, int channels, bcue_image *image, bcue_error *error);
/* quality 1..100. On success the caller frees `bytes`. */
bcue_status bcue_jpeg_encode(const bcue_image *image, int quality, bcue_bytes *bytes, bcue_error *error);
bcue_status bcue_png_decode(const void *data, size_t size, const char *name, int channels, bcue_image *image, bcue_error *error);
bcue_status bcue_png_encode(const bcue_image *image, bcue_bytes *bytes, bcue_error *error);
/* Either format, told by the first bytes. */
bcue_status bcue_image_read(const char *path, int channels, bcue_image *image, bcue_error *error);
/* Format told by the ending .jpg/.jpeg/.png. */
bcue_status bcue_image_write(const char *path, const bcue_image *image, int jpeg_quality, bcue_error *error);

#endif
