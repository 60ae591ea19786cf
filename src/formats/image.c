#include "formats/image.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fail.h"
#include "base/memory.h"

enum { LARGEST_IMAGE_FILE = 1 << 29 };

static bcue_status check_sides(int width, int height, int channels, bcue_error *error)
{
    if (width < 1 || height < 1 || width > BCUE_IMAGE_MAX_SIDE || height > BCUE_IMAGE_MAX_SIDE ||
        (size_t)width * (size_t)height > BCUE_IMAGE_MAX_PIXELS || (channels != 1 && channels != 3))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "picture of %d x %d pixels with %d channels; sides must be 1 .. %d, pixels at most %d, channels "
            "1 or 3",
            width, height, channels, BCUE_IMAGE_MAX_SIDE, BCUE_IMAGE_MAX_PIXELS);
    return BCUE_OK;
}

bcue_status bcue_image_create(int width, int height, int channels, bcue_image *image, bcue_error *error)
{
    *image = (bcue_image){0};
    BCUE_TRY(check_sides(width, height, channels, error));
    uint8_t *pixels = bcue_calloc((size_t)width * (size_t)height, (size_t)channels);
    if (pixels == NULL)
        return bcue_fail_memory(error, "pixels of a picture");
    *image = (bcue_image){width, height, channels, pixels};
    return BCUE_OK;
}

void bcue_image_free(bcue_image *image)
{
    if (image == NULL)
        return;
    free(image->pixels);
    *image = (bcue_image){0};
}

bcue_status bcue_image_check(const bcue_image *image, bcue_error *error)
{
    if (image->pixels == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "picture without pixels");
    return check_sides(image->width, image->height, image->channels, error);
}

bcue_status bcue_image_read(const char *path, int channels, bcue_image *image, bcue_error *error)
{
    *image = (bcue_image){0};
    bcue_bytes bytes;
    BCUE_TRY(bcue_file_read(path, LARGEST_IMAGE_FILE, &bytes, error));
    bcue_status status;
    if (bytes.size >= 2 && bytes.data[0] == 0xFF && bytes.data[1] == 0xD8)
        status = bcue_jpeg_decode(bytes.data, bytes.size, path, channels, image, error);
    else if (bytes.size >= 4 && memcmp(bytes.data, "\x89PNG", 4) == 0)
        status = bcue_png_decode(bytes.data, bytes.size, path, channels, image, error);
    else
        status = bcue_fail(error, BCUE_ERROR_FORMAT, "%s: byte 0: neither a JPEG nor a PNG file", path);
    bcue_bytes_free(&bytes);
    return status;
}

bcue_status bcue_image_write(const char *path, const bcue_image *image, int jpeg_quality, bcue_error *error)
{
    const char *dot = strrchr(path, '.');
    bcue_bytes bytes;
    bcue_status status;
    if (dot != NULL && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0))
        status = bcue_jpeg_encode(image, jpeg_quality, &bytes, error);
    else if (dot != NULL && strcasecmp(dot, ".png") == 0)
        status = bcue_png_encode(image, &bytes, error);
    else
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: a picture's name must end in .jpg, .jpeg or .png",
                         path);
    if (status != BCUE_OK)
        return bcue_fail_context(error, status, "%s", path);
    status = bcue_file_write(path, bytes.data, bytes.size, error);
    bcue_bytes_free(&bytes);
    return status;
}
