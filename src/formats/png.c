#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "formats/image.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

/* The most that one byte of a deflate stream can become. */
enum { DEFLATE_RATIO = 1032 };

/* libpng's error callback must not return, so everything that runs under setjmp lives in these structs. */
typedef struct png_reader {
    png_structp codec;
    png_infop info;
    jmp_buf jump;
    const uint8_t *data;
    size_t size, offset;
    const char *name;
    bcue_image image;
    bcue_status status;
    bcue_error *error;
} png_reader;

static void stop_reading(png_structp codec, png_const_charp reason)
{
    png_reader *reader = png_get_error_ptr(codec);
    if (strcmp(reason, "Out of memory") == 0)
        reader->status = bcue_fail_memory(reader->error, reader->name);
    else
        reader->status = bcue_fail(reader->error, BCUE_ERROR_FORMAT, "%s: byte %zu: damaged PNG: %s",
                                   reader->name, reader->offset, reason);
    longjmp(reader->jump, 1);
}

static void give_bytes(png_structp codec, png_bytep target, png_size_t wanted)
{
    png_reader *reader = png_get_io_ptr(codec);
    if (wanted > reader->size - reader->offset) {
        reader->offset = reader->size;
        png_error(codec, "the file ends too early");
    }
    memcpy(target, reader->data + reader->offset, wanted);
    reader->offset += wanted;
}

/* The limits that image.h describes, from the header alone. */
static bcue_status check_png_size(png_reader *reader)
{
    size_t width = png_get_image_width(reader->codec, reader->info);
    size_t height = png_get_image_height(reader->codec, reader->info);
    if (width * height > BCUE_IMAGE_MAX_PIXELS)
        return bcue_fail(reader->error, BCUE_ERROR_FORMAT,
                         "%s: byte %zu: PNG of %zu x %zu pixels; at most %d are read", reader->name,
                         reader->offset, width, height, BCUE_IMAGE_MAX_PIXELS);
    size_t packed = height * (png_get_rowbytes(reader->codec, reader->info) + 1);
    if (packed / DEFLATE_RATIO > reader->size)
        return bcue_fail(
            reader->error, BCUE_ERROR_FORMAT,
            "%s: byte %zu: a PNG of %zu x %zu pixels cannot fit in the %zu bytes of the file, which is "
            "truncated or damaged",
            reader->name, reader->offset, width, height, reader->size);
    return BCUE_OK;
}

static void read_rows(png_reader *reader)
{
    int passes = png_set_interlace_handling(reader->codec);
    png_read_update_info(reader->codec, reader->info);
    size_t stride = (size_t)reader->image.width * (size_t)reader->image.channels;
    if (png_get_rowbytes(reader->codec, reader->info) != stride)
        png_error(reader->codec, "its rows expand to an unexpected size");
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < reader->image.height; y++)
            png_read_row(reader->codec, reader->image.pixels + stride * (size_t)y, NULL);
    png_read_end(reader->codec, NULL);
}

/* Everything that may jump. */
static bcue_status read_guarded(png_reader *reader)
{
    if (setjmp(reader->jump) != 0)
        return reader->status;
    reader->codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, stop_reading, stop_reading);
    reader->info = reader->codec == NULL ? NULL : png_create_info_struct(reader->codec);
    if (reader->info == NULL)
        return bcue_fail_memory(reader->error, reader->name);
    png_set_read_fn(reader->codec, reader, give_bytes);
    png_set_user_limits(reader->codec, BCUE_IMAGE_MAX_SIDE, BCUE_IMAGE_MAX_SIDE);
    /* Texts, profiles and the like say nothing about the pixels that beamcue uses; unread they cannot do
     * harm. */
    png_set_keep_unknown_chunks(reader->codec, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(reader->codec, reader->info);
    BCUE_TRY(check_png_size(reader));
    png_set_scale_16(reader->codec);
    png_set_expand(reader->codec);
    png_set_strip_alpha(reader->codec);
    bool color = (png_get_color_type(reader->codec, reader->info) & PNG_COLOR_MASK_COLOR) != 0;
    BCUE_TRY(bcue_image_create((int)png_get_image_width(reader->codec, reader->info),
                               (int)png_get_image_height(reader->codec, reader->info), color ? 3 : 1,
                               &reader->image, reader->error));
    read_rows(reader);
    return BCUE_OK;
}

static bcue_status convert_channels(bcue_image *image, int channels, bcue_error *error)
{
    if (channels == 0 || channels == image->channels)
        return BCUE_OK;
    bcue_image converted;
    BCUE_TRY(bcue_image_create(image->width, image->height, channels, &converted, error));
    size_t count = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < count; i++) {
        if (channels == 3) {
            memset(converted.pixels + 3 * i, image->pixels[i], 3);
        } else {
            const uint8_t *rgb = image->pixels + 3 * i;
            converted.pixels[i] =
                (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
        }
    }
    bcue_image_free(image);
    *image = converted;
    return BCUE_OK;
}

bcue_status bcue_png_decode(const void *data, size_t size, const char *name, int channels, bcue_image *image,
                            bcue_error *error)
{
    *image = (bcue_image){0};
    if (channels != 0 && channels != 1 && channels != 3)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: %d channels asked for; 0, 1 or 3 can be had", name,
                         channels);
    png_reader *reader = bcue_calloc(1, sizeof *reader);
    if (reader == NULL)
        return bcue_fail_memory(error, name);
    reader->data = data;
    reader->size = size;
    reader->name = name;
    reader->error = error;
    bcue_status status = read_guarded(reader);
    png_destroy_read_struct(&reader->codec, &reader->info, NULL);
    if (status == BCUE_OK)
        status = convert_channels(&reader->image, channels, error);
    if (status == BCUE_OK)
        *image = reader->image;
    else
        bcue_image_free(&reader->image);
    free(reader);
    return status;
}

typedef struct png_writer {
    png_structp codec;
    png_infop info;
    jmp_buf jump;
    bcue_text out;
    bcue_status status;
    bcue_error *error;
} png_writer;

static void stop_writing(png_structp codec, png_const_charp reason)
{
    png_writer *writer = png_get_error_ptr(codec);
    writer->status = bcue_fail(writer->error, BCUE_ERROR_INTERNAL, "PNG encoder: %s", reason);
    longjmp(writer->jump, 1);
}

static void take_bytes(png_structp codec, png_bytep bytes, png_size_t size)
{
    png_writer *writer = png_get_io_ptr(codec);
    bcue_text_append(&writer->out, bytes, size);
}

static void flush_nothing(png_structp codec)
{
    (void)codec;
}

static bcue_status write_guarded(png_writer *writer, const bcue_image *image)
{
    if (setjmp(writer->jump) != 0)
        return writer->status;
    writer->codec = png_create_write_struct(PNG_LIBPNG_VER_STRING, writer, stop_writing, stop_writing);
    writer->info = writer->codec == NULL ? NULL : png_create_info_struct(writer->codec);
    if (writer->info == NULL)
        return bcue_fail_memory(writer->error, "PNG encoder");
    png_set_write_fn(writer->codec, writer, take_bytes, flush_nothing);
    png_set_IHDR(writer->codec, writer->info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
                 image->channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(writer->codec, writer->info);
    size_t stride = (size_t)image->width * (size_t)image->channels;
    for (int y = 0; y < image->height; y++)
        png_write_row(writer->codec, image->pixels + stride * (size_t)y);
    png_write_end(writer->codec, writer->info);
    return BCUE_OK;
}

bcue_status bcue_png_encode(const bcue_image *image, bcue_bytes *bytes, bcue_error *error)
{
    *bytes = (bcue_bytes){0};
    BCUE_TRY(bcue_image_check(image, error));
    png_writer *writer = bcue_calloc(1, sizeof *writer);
    if (writer == NULL)
        return bcue_fail_memory(error, "PNG encoder");
    writer->error = error;
    bcue_status status = write_guarded(writer, image);
    png_destroy_write_struct(&writer->codec, &writer->info);
    if (status == BCUE_OK && writer->out.failed)
        status = bcue_fail_memory(error, "PNG file");
    if (status == BCUE_OK)
        *bytes = (bcue_bytes){(uint8_t *)writer->out.data, writer->out.size};
    else
        bcue_text_free(&writer->out);
    free(writer);
    return status;
}
