#include "formats/ply.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum {
    MOST_ELEMENTS = 32,
    MOST_PROPERTIES = 256,
    LONGEST_HEADER_LINE = 255,
    LONGEST_NUMBER = 63,
    LARGEST_PLY = 1 << 30
};

typedef enum ply_kind { PLY_SIGNED, PLY_UNSIGNED, PLY_FLOAT } ply_kind;

typedef struct ply_type {
    const char *name, *other_name;
    ply_kind kind;
    size_t size;
} ply_type;

static const ply_type ply_types[] = {
    {"char", "int8", PLY_SIGNED, 1},    {"uchar", "uint8", PLY_UNSIGNED, 1},
    {"short", "int16", PLY_SIGNED, 2},  {"ushort", "uint16", PLY_UNSIGNED, 2},
    {"int", "int32", PLY_SIGNED, 4},    {"uint", "uint32", PLY_UNSIGNED, 4},
    {"float", "float32", PLY_FLOAT, 4}, {"double", "float64", PLY_FLOAT, 8},
};

/* What a property of the vertices is to beamcue; its place in `wanted`. */
enum { WANTED_INTENSITY = 3, WANTED_COUNT = 4, UNWANTED = -1, WANTED_CORNERS = -2 };
static const char *const wanted[WANTED_COUNT] = {"x", "y", "z", "intensity"};

typedef struct ply_property {
    const ply_type *type, *count_type; /* count_type NULL: a scalar */
    int role;
} ply_property;

typedef struct ply_element {
    char name[LONGEST_HEADER_LINE + 1];
    size_t count;
    size_t first_property, property_count;
} ply_element;

typedef struct ply_reader {
    const char *start, *at, *end;
    const char *name;
    size_t line; /* 1-based; in the header and in ASCII data */
    bool ascii, swapped, format_seen;
    size_t element_count, property_count;
    ply_element elements[MOST_ELEMENTS];
    ply_property properties[MOST_PROPERTIES];
    int vertices, faces; /* indices of the elements, or -1 */
    bool has[WANTED_COUNT], has_corners;
    bool wants_faces;
    bcue_ply cloud;
    bcue_ply_mesh mesh; /* its faces */
    size_t corner_count, corner_capacity;
    bcue_error *error;
} ply_reader;

static bcue_status fail_line(const ply_reader *reader, const char *sentence)
{
    return bcue_fail(reader->error, BCUE_ERROR_FORMAT, "%s:%zu: %s", reader->name, reader->line, sentence);
}

/* The same for a face, with its place in either kind of data. */
static bcue_status fail_place(const ply_reader *reader, size_t row, const char *sentence)
{
    if (reader->ascii)
        return bcue_fail(reader->error, BCUE_ERROR_FORMAT, "%s:%zu: face %zu %s", reader->name, reader->line,
                         row, sentence);
    return bcue_fail(reader->error, BCUE_ERROR_FORMAT, "%s: byte %zu: face %zu %s", reader->name,
                     (size_t)(reader->at - reader->start), row, sentence);
}

/* ---- header ---- */

static const ply_type *find_type(const char *word)
{
    for (size_t i = 0; i < sizeof ply_types / sizeof ply_types[0]; i++)
        if (strcmp(word, ply_types[i].name) == 0 || strcmp(word, ply_types[i].other_name) == 0)
            return &ply_types[i];
    return NULL;
}

static bool host_is_little(void)
{
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static bcue_status parse_format(ply_reader *reader, char **words, size_t count)
{
    if (reader->format_seen || count != 3)
        return fail_line(reader, "the header must have one line \"format KIND 1.0\"");
    if (strcmp(words[2], "1.0") != 0)
        return bcue_fail(reader->error, BCUE_ERROR_UNSUPPORTED, "%s:%zu: PLY version \"%s\"; 1.0 is read",
                         reader->name, reader->line, words[2]);
    reader->format_seen = true;
    reader->ascii = strcmp(words[1], "ascii") == 0;
    bool little = strcmp(words[1], "binary_little_endian") == 0;
    if (!reader->ascii && !little && strcmp(words[1], "binary_big_endian") != 0)
        return fail_line(reader, "the format must be ascii, binary_little_endian or binary_big_endian");
    reader->swapped = little != host_is_little();
    return BCUE_OK;
}

static bcue_status parse_element(ply_reader *reader, char **words, size_t count)
{
    int64_t rows;
    if (count != 3 || !bcue_parse_int64(words[2], &rows) || rows < 0)
        return fail_line(reader, "expected \"element NAME COUNT\"");
    if (reader->element_count == MOST_ELEMENTS)
        return fail_line(reader, "more than 32 elements");
    ply_element *element = &reader->elements[reader->element_count];
    *element = (ply_element){.count = (size_t)rows, .first_property = reader->property_count};
    memcpy(element->name, words[1], strlen(words[1]) + 1);
    if (strcmp(words[1], "vertex") == 0) {
        if (reader->vertices >= 0)
            return fail_line(reader, "a second element \"vertex\"");
        reader->vertices = (int)reader->element_count;
    }
    if (reader->wants_faces && strcmp(words[1], "face") == 0) {
        if (reader->faces >= 0)
            return fail_line(reader, "a second element \"face\"");
        reader->faces = (int)reader->element_count;
    }
    reader->element_count++;
    return BCUE_OK;
}

static bcue_status give_role(ply_reader *reader, ply_property *property, const char *name)
{
    property->role = UNWANTED;
    if (reader->wants_faces && reader->faces >= 0 && (size_t)reader->faces + 1 == reader->element_count &&
        (strcmp(name, "vertex_indices") == 0 || strcmp(name, "vertex_index") == 0)) {
        if (property->count_type == NULL || property->type->kind == PLY_FLOAT)
            return fail_line(reader, "the corners of faces must be a list of whole numbers");
        if (reader->has_corners)
            return fail_line(reader, "a second list of corners");
        reader->has_corners = true;
        property->role = WANTED_CORNERS;
        return BCUE_OK;
    }
    if (reader->vertices < 0 || (size_t)reader->vertices + 1 != reader->element_count)
        return BCUE_OK;
    for (int i = 0; i < WANTED_COUNT; i++) {
        if (strcmp(name, wanted[i]) != 0)
            continue;
        if (property->count_type != NULL)
            return fail_line(reader, "x, y, z and intensity must be single values, not lists");
        if (reader->has[i])
            return fail_line(reader, "this property of the vertices comes twice");
        reader->has[i] = true;
        property->role = i;
    }
    return BCUE_OK;
}

static bcue_status parse_property(ply_reader *reader, char **words, size_t count)
{
    bool list = count == 5 && strcmp(words[1], "list") == 0;
    if (!list && count != 3)
        return fail_line(reader, "expected \"property TYPE NAME\" or \"property list TYPE TYPE NAME\"");
    if (reader->element_count == 0)
        return fail_line(reader, "a property before the first element");
    if (reader->property_count == MOST_PROPERTIES)
        return fail_line(reader, "more than 256 properties");
    ply_property property = {.type = find_type(words[list ? 3 : 1]),
                             .count_type = list ? find_type(words[2]) : NULL};
    if (property.type == NULL ||
        (list && (property.count_type == NULL || property.count_type->kind == PLY_FLOAT)))
        return bcue_fail(
            reader->error, BCUE_ERROR_UNSUPPORTED,
            "%s:%zu: unknown type; char, uchar, short, ushort, int, uint, float, double and int8 to float64 "
            "are read, and whole numbers as the length of lists",
            reader->name, reader->line);
    BCUE_TRY(give_role(reader, &property, words[count - 1]));
    reader->properties[reader->property_count++] = property;
    reader->elements[reader->element_count - 1].property_count++;
    return BCUE_OK;
}

/* Copy the next line without its end, and step over it. */
static bcue_status take_header_line(ply_reader *reader, char *line)
{
    const char *end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    if (end == NULL)
        return fail_line(reader, "the file ends inside its header");
    size_t size = (size_t)(end - reader->at);
    size_t kept = size < LONGEST_HEADER_LINE ? size : LONGEST_HEADER_LINE;
    memcpy(line, reader->at, kept);
    line[kept] = '\0';
    reader->at = end + 1;
    bool remark = bcue_starts_with(line, "comment") || bcue_starts_with(line, "obj_info");
    bool text = size == kept;
    for (size_t i = 0; i < kept && text; i++)
        text = (line[i] >= ' ' && line[i] <= '~') || line[i] == '\t' || line[i] == '\r';
    if (!remark && !text)
        return fail_line(reader, "not a line of a PLY header");
    if (remark)
        line[0] = '\0';
    return BCUE_OK;
}

static size_t split_words(char *line, char **words, size_t most)
{
    size_t count = 0;
    for (char *at = line; *(at += strspn(at, " \t\r")) != '\0' && count < most;) {
        words[count++] = at;
        at += strcspn(at, " \t\r");
        if (*at != '\0')
            *at++ = '\0';
    }
    return count;
}

static bcue_status parse_ply_header(ply_reader *reader)
{
    if (reader->end - reader->at < 4 || memcmp(reader->at, "ply", 3) != 0 ||
        (reader->at[3] != '\n' && reader->at[3] != '\r'))
        return fail_line(reader, "not a PLY file (its first line is not \"ply\")");
    for (;; reader->line++) {
        enum { MOST_WORDS = 6 };
        char line[LONGEST_HEADER_LINE + 1], *words[MOST_WORDS];
        BCUE_TRY(take_header_line(reader, line));
        size_t count = split_words(line, words, MOST_WORDS);
        if (count == 0 || reader->line == 1)
            continue;
        if (strcmp(words[0], "end_header") == 0)
            break;
        if (strcmp(words[0], "format") == 0)
            BCUE_TRY(parse_format(reader, words, count));
        else if (strcmp(words[0], "element") == 0)
            BCUE_TRY(parse_element(reader, words, count));
        else if (strcmp(words[0], "property") == 0)
            BCUE_TRY(parse_property(reader, words, count));
        else
            return fail_line(reader, "expected format, element, property, comment or end_header");
    }
    if (!reader->format_seen)
        return fail_line(reader, "the header has no format line");
    if (!reader->has[0] || !reader->has[1] || !reader->has[2])
        return fail_line(reader, "the header has no element vertex with the properties x, y and z");
    if (reader->wants_faces && !reader->has_corners)
        return fail_line(reader,
                         "the header has no element face with a list vertex_indices; a mesh needs one");
    reader->line++;
    return BCUE_OK;
}

/* ---- data ---- */

/* Is the rest of the file long enough for the rows of an element, at `row_size` bytes or more each? Only then
   may memory for them be taken. */
static bcue_status check_room(const ply_reader *reader, const ply_element *element, size_t row_size)
{
    size_t needed, left = (size_t)(reader->end - reader->at);
    if (bcue_mul_size(element->count, row_size, &needed) && needed <= left)
        return BCUE_OK;
    return bcue_fail(reader->error, BCUE_ERROR_FORMAT,
                     "%s: byte %zu: %zu rows of \"%.40s\" need at least %zu bytes each, but %zu bytes are "
                     "left; the file is "
                     "truncated",
                     reader->name, (size_t)(reader->at - reader->start), element->count, element->name,
                     row_size, left);
}

static bcue_status make_points(ply_reader *reader, size_t count)
{
    size_t coordinates;
    bcue_ply *cloud = &reader->cloud;
    if (bcue_mul_size(count, 3, &coordinates))
        cloud->points = bcue_calloc(coordinates, sizeof(double));
    if (reader->has[WANTED_INTENSITY])
        cloud->intensity = bcue_calloc(count, sizeof(double));
    if (cloud->points == NULL || (reader->has[WANTED_INTENSITY] && cloud->intensity == NULL))
        return bcue_fail_memory(reader->error, reader->name);
    cloud->count = count;
    return BCUE_OK;
}

static void store(bcue_ply *cloud, size_t row, int role, double value)
{
    if (role == WANTED_INTENSITY)
        cloud->intensity[row] = value;
    else if (role >= 0)
        cloud->points[3 * row + (size_t)role] = value;
}

/* Room for the faces, of which each takes at least one byte (check_room). */
static bcue_status make_faces(ply_reader *reader, size_t count)
{
    if (count < UINT32_MAX)
        reader->mesh.face_first = bcue_calloc(count + 1, sizeof *reader->mesh.face_first);
    if (reader->mesh.face_first == NULL)
        return bcue_fail_memory(reader->error, reader->name);
    reader->mesh.face_count = count;
    return BCUE_OK;
}

/* Is the face that `corners` more are to be added to sound, and is there room for them? */
static bcue_status grow_face(ply_reader *reader, size_t row, double corners)
{
    if (!(corners >= 3.0))
        return fail_place(reader, row, "has fewer than 3 corners");
    if (corners > (double)(reader->end - reader->at))
        return fail_place(reader, row, "has more corners than the file has bytes left");
    size_t needed = reader->corner_count + (size_t)corners;
    if (needed > UINT32_MAX)
        return fail_place(reader, row, "is beyond the 4294967295th corner");
    if (!bcue_grow((void **)&reader->mesh.corners, &reader->corner_capacity, needed,
                   sizeof *reader->mesh.corners))
        return bcue_fail_memory(reader->error, reader->name);
    reader->mesh.face_first[row + 1] = (uint32_t)needed;
    return BCUE_OK;
}

static bcue_status add_corner(ply_reader *reader, size_t row, double corner)
{
    if (!(corner >= 0.0 && corner < (double)reader->elements[reader->vertices].count) ||
        corner != (double)(uint32_t)corner)
        return fail_place(reader, row, "has a corner that is not one of the vertices");
    reader->mesh.corners[reader->corner_count++] = (uint32_t)corner;
    return BCUE_OK;
}

static double read_binary(const char *at, const ply_type *type, bool swapped)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < type->size; i++)
        bytes[i] = (uint8_t)at[swapped ? type->size - 1 - i : i];
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        float f32;
        double f64;
    } value;
    value.f64 = 0.0;
    memcpy(&value, bytes, type->size);
    if (type->kind == PLY_FLOAT)
        return type->size == 4 ? (double)value.f32 : value.f64;
    if (type->kind == PLY_SIGNED)
        return type->size == 1 ? value.i8 : type->size == 2 ? value.i16 : value.i32;
    return type->size == 1 ? value.u8 : type->size == 2 ? value.u16 : value.u32;
}

/* The corners behind the length of the list at reader->at, which fit in the file. */
static bcue_status read_binary_face(ply_reader *reader, const ply_property *property, size_t row,
                                    double corners)
{
    BCUE_TRY(grow_face(reader, row, corners));
    const char *at = reader->at + property->count_type->size;
    for (size_t left = (size_t)corners; left > 0; left--, at += property->type->size)
        BCUE_TRY(add_corner(reader, row, read_binary(at, property->type, reader->swapped)));
    return BCUE_OK;
}

static bcue_status read_binary_row(ply_reader *reader, const ply_element *element, size_t row)
{
    for (size_t i = 0; i < element->property_count; i++) {
        const ply_property *property = &reader->properties[element->first_property + i];
        const ply_type *type = property->count_type != NULL ? property->count_type : property->type;
        size_t left = (size_t)(reader->end - reader->at);
        double value = left < type->size ? 0.0 : read_binary(reader->at, type, reader->swapped);
        size_t size = type->size;
        /* A list's length is at most 2^32, so the product fits. */
        if (property->count_type != NULL && value > 0.0)
            size += (size_t)value * property->type->size;
        if (left < size || (property->count_type != NULL && value < 0.0))
            return bcue_fail(
                reader->error, BCUE_ERROR_FORMAT,
                "%s: byte %zu: row %zu of \"%.40s\" does not fit in the file, which is truncated or damaged",
                reader->name, (size_t)(reader->at - reader->start), row, element->name);
        if (property->role == WANTED_CORNERS)
            BCUE_TRY(read_binary_face(reader, property, row, value));
        store(&reader->cloud, row, property->role, value);
        reader->at += size;
    }
    return BCUE_OK;
}

static bcue_status read_binary_element(ply_reader *reader, const ply_element *element, bool vertices,
                                       bool faces)
{
    bool lists = false;
    size_t row_size = 0;
    for (size_t i = 0; i < element->property_count; i++) {
        const ply_property *property = &reader->properties[element->first_property + i];
        lists = lists || property->count_type != NULL;
        row_size += property->count_type != NULL ? property->count_type->size : property->type->size;
    }
    BCUE_TRY(check_room(reader, element, row_size));
    if (vertices)
        BCUE_TRY(make_points(reader, element->count));
    if (faces)
        BCUE_TRY(make_faces(reader, element->count));
    if (!vertices && !lists) {
        reader->at += element->count * row_size;
        return BCUE_OK;
    }
    for (size_t row = 0; row < element->count; row++)
        BCUE_TRY(read_binary_row(reader, element, row));
    return BCUE_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(ply_reader *reader)
{
    while (reader->at < reader->end && is_blank(*reader->at))
        reader->at++;
}

static void skip_blank_lines(ply_reader *reader)
{
    for (skip_blanks(reader); reader->at < reader->end && *reader->at == '\n'; skip_blanks(reader)) {
        reader->at++;
        reader->line++;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The six digits that LiDAR files have behind the point, told and turned into a number eight bytes at a time
   (little endian, the first digit in the lowest byte). False: others follow. */
static bool parse_six_digits(const char *at, const char *end, uint64_t *value)
{
    const uint64_t zeros = 0x303030303030, high = 0xF0F0F0F0F0F0;
    uint64_t bytes;
    if (end - at < 8 || !host_is_little())
        return false;
    memcpy(&bytes, at, sizeof bytes);
    if (((bytes & high) ^ zeros) != 0 || (((bytes + 0x060606060606) & high) ^ zeros) != 0 || is_digit(at[6]))
        return false;
    bytes = ((bytes & 0xFFFFFFFFFFFF) - zeros) << 16; /* as eight digits, the first two 0 */
    bytes = bytes * 10 + (bytes >> 8);                /* pairs */
    *value = ((bytes & 0x000000FF000000FF) * 0x000F424000000064 +
              ((bytes >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >>
             32;
    return true;
}

/* A plain decimal number whose digits fit in 53 bits, without exponent: both the digits and the power of ten
   are exact doubles, so one division rounds correctly. The place after it; NULL for anything else, which is
   left to strtod. */
static const char *parse_short_number(const char *at, const char *end, double *value)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = at < end && *at == '-';
    at += negative;
    const char *start = at;
    uint64_t digits = 0; /* may wrap around where there are too many to be kept anyway */
    for (; at < end && is_digit(*at); at++)
        digits = digits * 10 + (uint64_t)(*at - '0');
    ptrdiff_t count = at - start, after_point = 0;
    if (at < end && *at == '.') {
        const char *point = at++;
        uint64_t six;
        if (parse_six_digits(at, end, &six)) {
            digits = digits * 1000000 + six;
            at += 6;
        }
        for (; at < end && is_digit(*at); at++)
            digits = digits * 10 + (uint64_t)(*at - '0');
        after_point = at - point - 1;
        count += after_point;
    }
    if (count == 0 || count > 15 || (at < end && !is_blank(*at) && *at != '\n'))
        return NULL;
    double magnitude = (double)(int64_t)digits / powers[after_point];
    *value = negative ? -magnitude : magnitude;
    return at;
}

static bcue_status take_number(ply_reader *reader, double *value)
{
    skip_blanks(reader);
    const char *start = reader->at, *after = parse_short_number(start, reader->end, value);
    if (after != NULL) {
        reader->at = after;
        return BCUE_OK;
    }
    while (reader->at < reader->end && !is_blank(*reader->at) && *reader->at != '\n')
        reader->at++;
    size_t size = (size_t)(reader->at - start);
    if (size == 0)
        return fail_line(reader, reader->at == reader->end
                                     ? "the file ends inside its data; it is truncated"
                                     : "the line has fewer values than the header says");
    char word[LONGEST_NUMBER + 1];
    size_t kept = size < LONGEST_NUMBER ? size : LONGEST_NUMBER;
    memcpy(word, start, kept);
    word[kept] = '\0';
    if (size > kept || memchr(word, '\0', kept) != NULL || !bcue_parse_double(word, value))
        return fail_line(reader, "one of the values is not a number");
    return BCUE_OK;
}

static bcue_status read_ascii_row(ply_reader *reader, const ply_element *element, size_t row)
{
    skip_blank_lines(reader);
    for (size_t i = 0; i < element->property_count; i++) {
        const ply_property *property = &reader->properties[element->first_property + i];
        double value = 0.0;
        BCUE_TRY(take_number(reader, &value));
        if (property->count_type != NULL) {
            if (!(value >= 0.0 && value <= UINT32_MAX))
                return fail_line(reader, "the length of a list must be a whole number of at least 0");
            if (property->role == WANTED_CORNERS)
                BCUE_TRY(grow_face(reader, row, value));
            double item = 0.0;
            for (size_t left = (size_t)value; left > 0; left--) {
                BCUE_TRY(take_number(reader, &item));
                if (property->role == WANTED_CORNERS)
                    BCUE_TRY(add_corner(reader, row, item));
            }
        }
        store(&reader->cloud, row, property->role, value);
    }
    skip_blanks(reader);
    if (reader->at < reader->end && *reader->at != '\n')
        return fail_line(reader, "the line has more values than the header says");
    return BCUE_OK;
}

static bcue_status read_ascii_element(ply_reader *reader, const ply_element *element, bool vertices,
                                      bool faces)
{
    if (element->property_count == 0)
        return BCUE_OK;
    /* Each value is at least a digit and a separator, the last of the file a digit; so allow for one
     * separator in all. */
    size_t row_size = 2 * element->property_count;
    if (reader->at == reader->end || reader->end[-1] != '\n')
        row_size -= 1;
    BCUE_TRY(check_room(reader, element, row_size));
    if (vertices)
        BCUE_TRY(make_points(reader, element->count));
    if (faces)
        BCUE_TRY(make_faces(reader, element->count));
    for (size_t row = 0; row < element->count; row++)
        BCUE_TRY(read_ascii_row(reader, element, row));
    return BCUE_OK;
}

static bcue_status read_ply(ply_reader *reader)
{
    BCUE_TRY(parse_ply_header(reader));
    for (size_t i = 0; i < reader->element_count; i++) {
        bool vertices = (int)i == reader->vertices, faces = reader->wants_faces && (int)i == reader->faces;
        if (reader->ascii)
            BCUE_TRY(read_ascii_element(reader, &reader->elements[i], vertices, faces));
        else
            BCUE_TRY(read_binary_element(reader, &reader->elements[i], vertices, faces));
    }
    if (reader->ascii)
        skip_blank_lines(reader);
    if (reader->at == reader->end)
        return BCUE_OK;
    return reader->ascii
               ? fail_line(reader, "more lines than the header says")
               : bcue_fail(reader->error, BCUE_ERROR_FORMAT,
                           "%s: byte %zu: %zu bytes more than the header says", reader->name,
                           (size_t)(reader->at - reader->start), (size_t)(reader->end - reader->at));
}

/* Decode into `cloud`, or with `mesh` into that; what is not NULL is empty on failure. */
static bcue_status decode(const void *data, size_t size, const char *name, bcue_ply *cloud,
                          bcue_ply_mesh *mesh, bcue_error *error)
{
    ply_reader *reader = bcue_calloc(1, sizeof *reader);
    if (reader == NULL)
        return bcue_fail_memory(error, name);
    reader->start = reader->at = data;
    reader->end = reader->start + size;
    reader->name = name;
    reader->line = 1;
    reader->vertices = reader->faces = -1;
    reader->wants_faces = mesh != NULL;
    reader->error = error;
    bcue_status status = read_ply(reader);
    if (status == BCUE_OK && mesh != NULL) {
        reader->mesh.vertices = reader->cloud.points;
        reader->mesh.vertex_count = reader->cloud.count;
        reader->cloud.points = NULL;
        *mesh = reader->mesh;
        reader->mesh = (bcue_ply_mesh){0};
    } else if (status == BCUE_OK) {
        *cloud = reader->cloud;
        reader->cloud = (bcue_ply){0};
    }
    bcue_ply_free(&reader->cloud);
    bcue_ply_mesh_free(&reader->mesh);
    free(reader);
    return status;
}

bcue_status bcue_ply_decode(const void *data, size_t size, const char *name, bcue_ply *cloud,
                            bcue_error *error)
{
    *cloud = (bcue_ply){0};
    return decode(data, size, name, cloud, NULL, error);
}

bcue_status bcue_ply_mesh_decode(const void *data, size_t size, const char *name, bcue_ply_mesh *mesh,
                                 bcue_error *error)
{
    *mesh = (bcue_ply_mesh){0};
    return decode(data, size, name, NULL, mesh, error);
}

bcue_status bcue_ply_read(const char *path, bcue_ply *cloud, bcue_error *error)
{
    *cloud = (bcue_ply){0};
    bcue_bytes bytes;
    BCUE_TRY(bcue_file_read(path, LARGEST_PLY, &bytes, error));
    bcue_status status = bcue_ply_decode(bytes.data, bytes.size, path, cloud, error);
    bcue_bytes_free(&bytes);
    return status;
}

bcue_status bcue_ply_mesh_read(const char *path, bcue_ply_mesh *mesh, bcue_error *error)
{
    *mesh = (bcue_ply_mesh){0};
    bcue_bytes bytes;
    BCUE_TRY(bcue_file_read(path, LARGEST_PLY, &bytes, error));
    bcue_status status = bcue_ply_mesh_decode(bytes.data, bytes.size, path, mesh, error);
    bcue_bytes_free(&bytes);
    return status;
}

void bcue_ply_free(bcue_ply *cloud)
{
    if (cloud == NULL)
        return;
    free(cloud->points);
    free(cloud->intensity);
    *cloud = (bcue_ply){0};
}

void bcue_ply_mesh_free(bcue_ply_mesh *mesh)
{
    if (mesh == NULL)
        return;
    free(mesh->vertices);
    free(mesh->face_first);
    free(mesh->corners);
    *mesh = (bcue_ply_mesh){0};
}
