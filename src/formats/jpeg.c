#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "formats/image.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

enum { MOST_SCANS = 100, EXIF_MARKER = JPEG_APP0 + 1, WRITE_CHUNK = 16384 };

/* libjpeg reports through callbacks and expects the error callback not to return, so everything that runs
   under setjmp lives in this struct and not in local variables. */
typedef struct jpeg_reader {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    const uint8_t *data;
    size_t size;
    const char *name;
    int channels;
    bcue_image image; /* as stored, before its orientation is applied */
    int orientation;
    bcue_status status;
    bcue_error *error;
} jpeg_reader;

/* How far the decoder has read. It reads ahead a little, so this is near, not at, the damage. */
static size_t reader_offset(const jpeg_reader *reader)
{
    const struct jpeg_source_mgr *source = reader->codec.src;
    if (source == NULL || source->bytes_in_buffer > reader->size)
        return 0;
    return reader->size - source->bytes_in_buffer;
}

static void stop_reading(j_common_ptr codec)
{
    jpeg_reader *reader = codec->client_data;
    char reason[JMSG_LENGTH_MAX];
    codec->err->format_message(codec, reason);
    switch (codec->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
        reader->status = bcue_fail_memory(reader->error, reader->name);
        break;
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
        reader->status =
            bcue_fail(reader->error, BCUE_ERROR_UNSUPPORTED,
                      "%s: byte %zu: JPEG of a kind that is not read (%s); save it as an 8-bit baseline or "
                      "progressive JPEG",
                      reader->name, reader_offset(reader), reason);
        break;
    default:
        reader->status = bcue_fail(reader->error, BCUE_ERROR_FORMAT, "%s: byte %zu: damaged JPEG: %s",
                                   reader->name, reader_offset(reader), reason);
    }
    longjmp(reader->jump, 1);
}

/* Negative levels are warnings, with which libjpeg goes on and fills in grey; the others are notes. */
static void stop_on_warning(j_common_ptr codec, int level)
{
    if (level < 0)
        stop_reading(codec);
}

static void stop_on_many_scans(j_common_ptr codec)
{
    jpeg_reader *reader = codec->client_data;
    if (reader->codec.input_scan_number <= MOST_SCANS)
        return;
    reader->status = bcue_fail(reader->error, BCUE_ERROR_FORMAT, "%s: byte %zu: JPEG with more than %d scans",
                               reader->name, reader_offset(reader), MOST_SCANS);
    longjmp(reader->jump, 1);
}

static unsigned read_tiff_int(const uint8_t *at, int bytes, bool big)
{
    unsigned value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[big ? i : bytes - 1 - i];
    return value;
}

/* Orientation 1-8 from the first directory of the EXIF block (TIFF 6.0 layout); 1 when absent or unreadable,
   since the picture itself is whole without it. */
static int find_orientation(const struct jpeg_marker_struct *marker)
{
    while (marker != NULL && (marker->marker != EXIF_MARKER || marker->data_length < 14 ||
                              memcmp(marker->data, "Exif\0", 6) != 0))
        marker = marker->next;
    if (marker == NULL)
        return 1;
    const uint8_t *tiff = marker->data + 6;
    size_t size = marker->data_length - 6;
    bool big = tiff[0] == 'M';
    size_t directory = read_tiff_int(tiff + 4, 4, big);
    if (memcmp(tiff, big ? "MM" : "II", 2) != 0 || directory > size || size - directory < 2)
        return 1;
    size_t entries = read_tiff_int(tiff + directory, 2, big);
    for (size_t i = 0, at = directory + 2; i < entries && size - at >= 12; i++, at += 12) {
        enum { ORIENTATION = 0x0112, SHORT = 3 };
        if (read_tiff_int(tiff + at, 2, big) != ORIENTATION || read_tiff_int(tiff + at + 2, 2, big) != SHORT)
            continue;
        unsigned value = read_tiff_int(tiff + at + 8, 2, big);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* The limits that image.h describes, all from the header, before anything of the picture's size is allocated.
 */
static bcue_status check_jpeg_size(jpeg_reader *reader)
{
    const struct jpeg_decompress_struct *codec = &reader->codec;
    size_t width = codec->image_width, height = codec->image_height, blocks = 0;
    if (width > BCUE_IMAGE_MAX_SIDE || height > BCUE_IMAGE_MAX_SIDE || width * height > BCUE_IMAGE_MAX_PIXELS)
        return bcue_fail(reader->error, BCUE_ERROR_FORMAT,
                         "%s: byte %zu: JPEG of %zu x %zu pixels; at most %d a side and %d in all are read",
                         reader->name, reader_offset(reader), width, height, BCUE_IMAGE_MAX_SIDE,
                         BCUE_IMAGE_MAX_PIXELS);
    for (int i = 0; i < codec->num_components; i++)
        blocks += (size_t)codec->comp_info[i].width_in_blocks * codec->comp_info[i].height_in_blocks;
    size_t bits_per_block = codec->progressive_mode ? 1 : 2;
    if (blocks * bits_per_block / 8 > reader->size)
        return bcue_fail(
            reader->error, BCUE_ERROR_FORMAT,
            "%s: byte %zu: a JPEG of %zu x %zu pixels cannot fit in the %zu bytes of the file, which is "
            "truncated or damaged",
            reader->name, reader_offset(reader), width, height, reader->size);
    return BCUE_OK;
}

static bcue_status choose_color(jpeg_reader *reader)
{
    struct jpeg_decompress_struct *codec = &reader->codec;
    if (codec->arith_code)
        return bcue_fail(reader->error, BCUE_ERROR_UNSUPPORTED,
                         "%s: byte %zu: JPEG with arithmetic coding; save it with Huffman coding",
                         reader->name, reader_offset(reader));
    bool grey = codec->jpeg_color_space == JCS_GRAYSCALE;
    if (!grey && codec->jpeg_color_space != JCS_YCbCr && codec->jpeg_color_space != JCS_RGB)
        return bcue_fail(reader->error, BCUE_ERROR_UNSUPPORTED,
                         "%s: byte %zu: JPEG with %d colour components (CMYK?); convert it to grey or RGB",
                         reader->name, reader_offset(reader), codec->num_components);
    int channels = reader->channels != 0 ? reader->channels : grey ? 1 : 3;
    codec->out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    return BCUE_OK;
}

/* A file that ends after its first scans leaves components that were never coded; libjpeg would show them
 * grey. */
static bcue_status check_components(jpeg_reader *reader)
{
    for (int i = 0; i < reader->codec.num_components; i++)
        if (reader->codec.comp_info[i].quant_table == NULL)
            return bcue_fail(reader->error, BCUE_ERROR_FORMAT,
                             "%s: byte %zu: damaged JPEG: colour component %d is never coded", reader->name,
                             reader_offset(reader), i + 1);
    return BCUE_OK;
}

/* Everything that may jump. */
static bcue_status read_guarded(jpeg_reader *reader)
{
    struct jpeg_decompress_struct *codec = &reader->codec;
    if (setjmp(reader->jump) != 0)
        return reader->status;
    jpeg_create_decompress(codec);
    codec->progress = &reader->progress;
    jpeg_mem_src(codec, reader->data, reader->size);
    jpeg_save_markers(codec, EXIF_MARKER, 0xFFFF);
    jpeg_read_header(codec, TRUE);
    BCUE_TRY(check_jpeg_size(reader));
    BCUE_TRY(choose_color(reader));
    reader->orientation = find_orientation(codec->marker_list);
    jpeg_start_decompress(codec);
    BCUE_TRY(check_components(reader));
    BCUE_TRY(bcue_image_create((int)codec->output_width, (int)codec->output_height, codec->output_components,
                               &reader->image, reader->error));
    size_t stride = (size_t)codec->output_width * (size_t)codec->output_components;
    while (codec->output_scanline < codec->output_height) {
        JSAMPROW row = reader->image.pixels + stride * codec->output_scanline;
        jpeg_read_scanlines(codec, &row, 1);
    }
    jpeg_finish_decompress(codec);
    return BCUE_OK;
}

/* How the upright picture is walked to find its pixels in the stored one, by EXIF orientation: are x and y
   swapped, and is the stored x, the stored y counted from the far end? */
static const struct {
    bool swap, backward_x, backward_y;
} orientations[9] = {
    [1] = {false, false, false}, [2] = {false, true, false}, [3] = {false, true, true},
    [4] = {false, false, true},  [5] = {true, false, false}, [6] = {true, false, true},
    [7] = {true, true, true},    [8] = {true, true, false},
};

static bcue_status orient(const bcue_image *stored, int orientation, bcue_image *upright, bcue_error *error)
{
    bool swap = orientations[orientation].swap;
    int width = swap ? stored->height : stored->width, height = swap ? stored->width : stored->height;
    BCUE_TRY(bcue_image_create(width, height, stored->channels, upright, error));
    size_t channels = (size_t)stored->channels;
    uint8_t *target = upright->pixels;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, target += channels) {
            int from_x = swap ? y : x, from_y = swap ? x : y;
            if (orientations[orientation].backward_x)
                from_x = stored->width - 1 - from_x;
            if (orientations[orientation].backward_y)
                from_y = stored->height - 1 - from_y;
            memcpy(target,
                   stored->pixels + channels * ((size_t)from_y * (size_t)stored->width + (size_t)from_x),
                   channels);
        }
    return BCUE_OK;
}

bcue_status bcue_jpeg_decode(const void *data, size_t size, const char *name, int channels, bcue_image *image,
                             bcue_error *error)
{
    *image = (bcue_image){0};
    if (channels != 0 && channels != 1 && channels != 3)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: %d channels asked for; 0, 1 or 3 can be had", name,
                         channels);
    jpeg_reader *reader = bcue_calloc(1, sizeof *reader);
    if (reader == NULL)
        return bcue_fail_memory(error, name);
    reader->data = data;
    reader->size = size;
    reader->name = name;
    reader->channels = channels;
    reader->error = error;
    reader->codec.err = jpeg_std_error(&reader->errors);
    reader->codec.client_data = reader;
    reader->errors.error_exit = stop_reading;
    reader->errors.emit_message = stop_on_warning;
    reader->progress.progress_monitor = stop_on_many_scans;
    bcue_status status = read_guarded(reader);
    jpeg_destroy_decompress(&reader->codec);
    if (status == BCUE_OK && reader->orientation != 1) {
        status = orient(&reader->image, reader->orientation, image, error);
    } else if (status == BCUE_OK) {
        *image = reader->image;
        reader->image = (bcue_image){0};
    }
    bcue_image_free(&reader->image);
    free(reader);
    return status;
}

typedef struct jpeg_writer {
    struct jpeg_compress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    jmp_buf jump;
    bcue_text out;
    bcue_status status;
    bcue_error *error;
    uint8_t chunk[WRITE_CHUNK];
} jpeg_writer;

static void stop_writing(j_common_ptr codec)
{
    jpeg_writer *writer = codec->client_data;
    char reason[JMSG_LENGTH_MAX];
    codec->err->format_message(codec, reason);
    if (codec->err->msg_code == JERR_OUT_OF_MEMORY)
        writer->status = bcue_fail_memory(writer->error, "JPEG encoder");
    else
        writer->status = bcue_fail(writer->error, BCUE_ERROR_INTERNAL, "JPEG encoder: %s", reason);
    longjmp(writer->jump, 1);
}

static void empty_chunk(j_compress_ptr codec)
{
    jpeg_writer *writer = codec->client_data;
    writer->destination.next_output_byte = writer->chunk;
    writer->destination.free_in_buffer = WRITE_CHUNK;
}

static boolean flush_chunk(j_compress_ptr codec)
{
    jpeg_writer *writer = codec->client_data;
    bcue_text_append(&writer->out, writer->chunk, WRITE_CHUNK);
    empty_chunk(codec);
    return TRUE;
}

static void flush_last_chunk(j_compress_ptr codec)
{
    jpeg_writer *writer = codec->client_data;
    bcue_text_append(&writer->out, writer->chunk, WRITE_CHUNK - writer->destination.free_in_buffer);
}

static bcue_status write_guarded(jpeg_writer *writer, const bcue_image *image, int quality)
{
    struct jpeg_compress_struct *codec = &writer->codec;
    if (setjmp(writer->jump) != 0)
        return writer->status;
    jpeg_create_compress(codec);
    codec->dest = &writer->destination;
    codec->image_width = (JDIMENSION)image->width;
    codec->image_height = (JDIMENSION)image->height;
    codec->input_components = image->channels;
    codec->in_color_space = image->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(codec);
    jpeg_set_quality(codec, quality, TRUE);
    jpeg_start_compress(codec, TRUE);
    size_t stride = (size_t)image->width * (size_t)image->channels;
    while (codec->next_scanline < codec->image_height) {
        JSAMPROW row = image->pixels + stride * codec->next_scanline;
        jpeg_write_scanlines(codec, &row, 1);
    }
    jpeg_finish_compress(codec);
    return BCUE_OK;
}

bcue_status bcue_jpeg_encode(const bcue_image *image, int quality, bcue_bytes *bytes, bcue_error *error)
{
    *bytes = (bcue_bytes){0};
    BCUE_TRY(bcue_image_check(image, error));
    if (quality < 1 || quality > 100)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "JPEG quality %d; it must be 1 .. 100", quality);
    jpeg_writer *writer = bcue_calloc(1, sizeof *writer);
    if (writer == NULL)
        return bcue_fail_memory(error, "JPEG encoder");
    writer->error = error;
    writer->codec.err = jpeg_std_error(&writer->errors);
    writer->codec.client_data = writer;
    writer->errors.error_exit = stop_writing;
    writer->destination.init_destination = empty_chunk;
    writer->destination.empty_output_buffer = flush_chunk;
    writer->destination.term_destination = flush_last_chunk;
    bcue_status status = write_guarded(writer, image, quality);
    jpeg_destroy_compress(&writer->codec);
    if (status == BCUE_OK && writer->out.failed)
        status = bcue_fail_memory(error, "JPEG file");
    if (status == BCUE_OK)
        *bytes = (bcue_bytes){(uint8_t *)writer->out.data, writer->out.size};
    else
        bcue_text_free(&writer->out);
    free(writer);
    return status;
}
