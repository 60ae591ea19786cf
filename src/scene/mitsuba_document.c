#include "scene/mitsuba_document.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/vec3.h"
#include "scene/xml_reader.h"

#define DEFAULT_THICKNESS_M 0.1 /* Sionna RT's */

enum { MOST_DEFAULTS = 64, LONGEST_VALUE = 256 };

typedef struct named_value {
    char name[64], value[LONGEST_VALUE];
} named_value;

typedef struct mitsuba_reading {
    bcue_mitsuba_document *document;
    named_value *defaults; /* MOST_DEFAULTS */
    size_t default_count;
    bool in_material, in_shape, in_transform;
    int material_depth, shape_depth, transform_depth;
    int skip_depth; /* inside an element that does not matter, at this depth; 0: not */
    bcue_scene_material material;
    bool named; /* by its id, as in files of Sionna 0.x */
    bcue_mitsuba_shape shape;
    size_t nameless;
} mitsuba_reading;

/* ---- values ---- */

/* A value, with "$name" replaced by what <default> said. */
static bcue_status expand(const mitsuba_reading *reading, const bcue_xml_element *element, const char *name,
                          const char **value, bcue_error *error)
{
    BCUE_TRY(bcue_xml_required(element, name, value, error));
    if ((*value)[0] != '$')
        return BCUE_OK;
    for (size_t i = 0; i < reading->default_count; i++)
        if (strcmp(reading->defaults[i].name, *value + 1) == 0) {
            *value = reading->defaults[i].value;
            return BCUE_OK;
        }
    return bcue_xml_fail(element, error, "%s=\"%.60s\" has no <default>", name, *value);
}

/* Up to `most` numbers between commas or blanks. */
static bcue_status take_numbers(const mitsuba_reading *reading, const bcue_xml_element *element,
                                const char *name, double *numbers, size_t most, size_t *count,
                                bcue_error *error)
{
    const char *text = "";
    BCUE_TRY(expand(reading, element, name, &text, error));
    *count = 0;
    for (const char *at = text; *(at += strspn(at, " \t\r\n,")) != '\0';) {
        size_t size = strcspn(at, " \t\r\n,");
        char word[64];
        if (*count == most)
            return bcue_xml_fail(element, error, "%s has more than %zu numbers", name, most);
        if (size < sizeof word) {
            memcpy(word, at, size);
            word[size] = '\0';
        }
        if (size >= sizeof word || !bcue_parse_double(word, &numbers[*count]) || !isfinite(numbers[*count]))
            return bcue_xml_fail(element, error, "%s=\"%.60s\" is not made of numbers", name, text);
        ++*count;
        at += size;
    }
    return BCUE_OK;
}

static bcue_status take_number(const mitsuba_reading *reading, const bcue_xml_element *element,
                               const char *name, double low, double high, double *number, bcue_error *error)
{
    size_t count;
    double value = 0.0;
    BCUE_TRY(take_numbers(reading, element, name, &value, 1, &count, error));
    if (count == 0 || value < low || value > high)
        return bcue_xml_fail(element, error, "%s must be one number from %g to %g", name, low, high);
    *number = value;
    return BCUE_OK;
}

static bcue_status copy_text(const char *text, char **copy, const bcue_xml_element *element,
                             bcue_error *error)
{
    if (strlen(text) >= 4096)
        return bcue_xml_fail(element, error, "a name of more than 4095 bytes");
    free(*copy);
    *copy = bcue_strdup(text);
    return *copy != NULL ? BCUE_OK : bcue_fail_memory(error, element->file);
}

/* ---- transforms ---- */

static void set_identity(double m[12])
{
    for (int i = 0; i < 12; i++)
        m[i] = i % 5 == 0 ? 1.0 : 0.0;
}

/* m = left * m */
static void apply(double m[12], const double left[12])
{
    double product[12];
    for (int row = 0; row < 3; row++)
        for (int column = 0; column < 4; column++) {
            double sum = column == 3 ? left[4 * row + 3] : 0.0;
            for (int k = 0; k < 3; k++)
                sum += left[4 * row + k] * m[4 * k + column];
            product[4 * row + column] = sum;
        }
    memcpy(m, product, sizeof product);
}

/* x, y, z of an element, or value="x y z"; a single value stands for all three. */
static bcue_status take_vector(const mitsuba_reading *reading, const bcue_xml_element *element,
                               double fallback, double v[3], bcue_error *error)
{
    static const char *const axes[] = {"x", "y", "z"};
    if (bcue_xml_attribute(element, "value") != NULL) {
        size_t count = 0;
        BCUE_TRY(take_numbers(reading, element, "value", v, 3, &count, error));
        if (count == 1)
            v[1] = v[2] = v[0];
        else if (count != 3)
            return bcue_xml_fail(element, error, "value must be 1 or 3 numbers");
        return BCUE_OK;
    }
    for (int i = 0; i < 3; i++) {
        v[i] = fallback;
        if (bcue_xml_attribute(element, axes[i]) != NULL)
            BCUE_TRY(take_number(reading, element, axes[i], -1e12, 1e12, &v[i], error));
    }
    return BCUE_OK;
}

static bcue_status take_rotation(const mitsuba_reading *reading, const bcue_xml_element *element,
                                 double left[12], bcue_error *error)
{
    double v[3] = {0}, degrees = 0.0;
    BCUE_TRY(take_vector(reading, element, 0.0, v, error));
    BCUE_TRY(take_number(reading, element, "angle", -1e6, 1e6, &degrees, error));
    bcue_vec3 axis = bcue_vec3_unit(bcue_vec3_make(v[0], v[1], v[2]));
    if (bcue_vec3_norm(axis) == 0.0)
        return bcue_xml_fail(element, error, "the axis of the rotation has no length");
    double angle = degrees * BCUE_PI / 180.0, c = cos(angle), s = sin(angle), t = 1.0 - c;
    const double rotation[12] = {t * axis.x * axis.x + c,          t * axis.x * axis.y - s * axis.z,
                                 t * axis.x * axis.z + s * axis.y, 0.0,
                                 t * axis.x * axis.y + s * axis.z, t * axis.y * axis.y + c,
                                 t * axis.y * axis.z - s * axis.x, 0.0,
                                 t * axis.x * axis.z - s * axis.y, t * axis.y * axis.z + s * axis.x,
                                 t * axis.z * axis.z + c,          0.0};
    memcpy(left, rotation, sizeof rotation);
    return BCUE_OK;
}

static bcue_status take_matrix(const mitsuba_reading *reading, const bcue_xml_element *element,
                               double left[12], bcue_error *error)
{
    double numbers[16] = {0};
    size_t count;
    BCUE_TRY(take_numbers(reading, element, "value", numbers, 16, &count, error));
    if (count == 9) {
        for (int row = 0; row < 3; row++)
            for (int column = 0; column < 4; column++)
                left[4 * row + column] = column == 3 ? 0.0 : numbers[3 * row + column];
        return BCUE_OK;
    }
    if (count != 16 || numbers[12] != 0.0 || numbers[13] != 0.0 || numbers[14] != 0.0 || numbers[15] != 1.0)
        return bcue_xml_fail(element, error, "a matrix has 9 or 16 numbers, and its last row is 0 0 0 1");
    memcpy(left, numbers, 12 * sizeof *left);
    return BCUE_OK;
}

static bcue_status on_transform_step(mitsuba_reading *reading, const bcue_xml_element *element,
                                     bcue_error *error)
{
    double left[12], v[3] = {0};
    set_identity(left);
    if (strcmp(element->name, "translate") == 0) {
        BCUE_TRY(take_vector(reading, element, 0.0, v, error));
        for (int i = 0; i < 3; i++)
            left[4 * i + 3] = v[i];
    } else if (strcmp(element->name, "scale") == 0) {
        BCUE_TRY(take_vector(reading, element, 1.0, v, error));
        for (int i = 0; i < 3; i++)
            left[5 * i] = v[i];
    } else if (strcmp(element->name, "rotate") == 0) {
        BCUE_TRY(take_rotation(reading, element, left, error));
    } else if (strcmp(element->name, "matrix") == 0) {
        BCUE_TRY(take_matrix(reading, element, left, error));
    } else {
        return bcue_xml_fail(element, error, "translate, rotate, scale and matrix are read in a transform");
    }
    apply(reading->shape.matrix, left);
    for (int i = 0; i < 12; i++)
        if (!isfinite(reading->shape.matrix[i]))
            return bcue_xml_fail(element, error, "the transform is beyond all numbers");
    return BCUE_OK;
}

/* ---- materials ---- */

static bcue_status open_material(mitsuba_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    const char *type = "", *id = bcue_xml_attribute(element, "id");
    BCUE_TRY(bcue_xml_required(element, "type", &type, error));
    reading->material = (bcue_scene_material){
        .slab = true, .thickness_m = DEFAULT_THICKNESS_M, .permittivity = 1.0, .line = element->line};
    bcue_scene_material *material = &reading->material;
    if (id == NULL && !reading->in_shape)
        return bcue_xml_fail(element, error, "a material of the scene needs an id");
    if (id == NULL)
        snprintf(material->name, sizeof material->name, "material-%zu", ++reading->nameless);
    else if (strlen(id) < sizeof material->name)
        snprintf(material->name, sizeof material->name, "%s", id);
    else
        return bcue_xml_fail(element, error, "the id is longer than 47 bytes");
    for (size_t i = 0; i < reading->document->material_count; i++)
        if (strcmp(reading->document->materials[i].name, material->name) == 0)
            return bcue_xml_fail(element, error, "the id \"%s\" is taken by another material",
                                 material->name);
    reading->in_material = true;
    reading->material_depth = element->depth;
    material->custom = strcmp(type, "radio-material") == 0;
    reading->named = strcmp(type, "itu-radio-material") != 0 && !material->custom;
    if (reading->named)
        (void)bcue_scene_itu_name(material->name, material->radio);
    return BCUE_OK;
}

static bcue_status take_colour(mitsuba_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    double rgb[3] = {0};
    size_t count;
    const char *text = bcue_xml_attribute(element, "value");
    if (text != NULL && text[0] == '#')
        return BCUE_OK; /* a colour for the eye alone is not worth an error */
    BCUE_TRY(take_numbers(reading, element, "value", rgb, 3, &count, error));
    if (count != 1 && count != 3)
        return bcue_xml_fail(element, error, "a colour has 1 or 3 numbers");
    for (int c = 0; c < 3; c++)
        reading->material.colour[c] = (float)fmin(1.0, fmax(0.0, rgb[count == 1 ? 0 : c]));
    reading->material.has_colour = true;
    return BCUE_OK;
}

static bcue_status on_material_part(mitsuba_reading *reading, const bcue_xml_element *element,
                                    bcue_error *error)
{
    static const struct {
        const char *name;
        double low, high;
        size_t offset;
    } numbers[] = {
        {"thickness", 1e-6, 1000.0, offsetof(bcue_scene_material, thickness_m)},
        {"relative_permittivity", 1.0, 1e6, offsetof(bcue_scene_material, permittivity)},
        {"conductivity", 0.0, 1e12, offsetof(bcue_scene_material, conductivity)},
        {"scattering_coefficient", 0.0, 1.0, offsetof(bcue_scene_material, scattering)},
        {"xpd_coefficient", 0.0, 1.0, offsetof(bcue_scene_material, cross_polarisation)},
    };
    bcue_scene_material *material = &reading->material;
    const char *name = bcue_xml_attribute(element, "name");
    if (name == NULL)
        return BCUE_OK;
    if (strcmp(element->name, "float") == 0)
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
            if (strcmp(name, numbers[i].name) == 0)
                return take_number(reading, element, "value", numbers[i].low, numbers[i].high,
                                   (double *)(void *)((char *)material + numbers[i].offset), error);
    if (strcmp(element->name, "string") == 0 && strcmp(name, "type") == 0) {
        const char *value = "";
        BCUE_TRY(expand(reading, element, "value", &value, error));
        /* Only the material map can then say what it is, and it may have another name for it. */
        (void)bcue_scene_itu_name(value, material->radio);
    }
    if (strcmp(element->name, "rgb") == 0)
        return take_colour(reading, element, error);
    return BCUE_OK;
}

static bcue_status close_material(mitsuba_reading *reading, const bcue_xml_element *element,
                                  bcue_error *error)
{
    bcue_mitsuba_document *document = reading->document;
    if (reading->in_shape)
        BCUE_TRY(copy_text(reading->material.name, &reading->shape.material, element, error));
    if (!bcue_grow((void **)&document->materials, &document->material_capacity, document->material_count + 1,
                   sizeof *document->materials))
        return bcue_fail_memory(error, element->file);
    document->materials[document->material_count++] = reading->material;
    reading->in_material = false;
    return BCUE_OK;
}

/* ---- shapes ---- */

static bcue_status open_shape(mitsuba_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    static const char *const kinds[] = {"ply", "obj", "rectangle", "cube"};
    const char *type = "", *id = bcue_xml_attribute(element, "id");
    BCUE_TRY(bcue_xml_required(element, "type", &type, error));
    int kind = -1;
    for (int k = 0; k < 4; k++)
        if (strcmp(type, kinds[k]) == 0)
            kind = k;
    if (kind < 0)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "%s:%zu: shape type \"%.40s\"; ply, obj, rectangle and cube are read", element->file,
                         element->line, type);
    reading->shape = (bcue_mitsuba_shape){.kind = (bcue_mitsuba_kind)kind, .line = element->line};
    set_identity(reading->shape.matrix);
    reading->in_shape = true;
    reading->shape_depth = element->depth;
    char nameless[48];
    snprintf(nameless, sizeof nameless, "shape-%zu", reading->document->shape_count);
    return copy_text(id != NULL ? id : nameless, &reading->shape.id, element, error);
}

static bcue_status on_shape_part(mitsuba_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    const char *name = bcue_xml_attribute(element, "name"), *value = "";
    if (strcmp(element->name, "ref") == 0) {
        BCUE_TRY(bcue_xml_required(element, "id", &value, error));
        return copy_text(value, &reading->shape.material, element, error);
    }
    if (strcmp(element->name, "transform") == 0) {
        reading->in_transform = true;
        reading->transform_depth = element->depth;
        return BCUE_OK;
    }
    if (name != NULL && strcmp(element->name, "string") == 0 && strcmp(name, "filename") == 0) {
        BCUE_TRY(expand(reading, element, "value", &value, error));
        return copy_text(value, &reading->shape.file, element, error);
    }
    if (name != NULL && strcmp(element->name, "boolean") == 0 && strcmp(name, "flip_normals") == 0) {
        BCUE_TRY(expand(reading, element, "value", &value, error));
        reading->shape.flip = strcmp(value, "true") == 0;
        return BCUE_OK;
    }
    /* boolean and integer leave nothing inside to pass over; lights and media may. */
    reading->skip_depth = element->depth;
    return BCUE_OK;
}

static void free_shape(bcue_mitsuba_shape *shape)
{
    free(shape->id);
    free(shape->file);
    free(shape->material);
    *shape = (bcue_mitsuba_shape){0};
}

static bcue_status close_shape(mitsuba_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    bcue_mitsuba_document *document = reading->document;
    bcue_mitsuba_shape *shape = &reading->shape;
    bool is_file = shape->kind == BCUE_MITSUBA_PLY || shape->kind == BCUE_MITSUBA_OBJ;
    if (is_file && (shape->file == NULL || shape->file[0] == '\0'))
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s:%zu: shape \"%.60s\" has no <string name=\"filename\">", element->file,
                         shape->line, shape->id);
    if (shape->material == NULL)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s:%zu: shape \"%.60s\" has no material (<ref> or <bsdf>)", element->file,
                         shape->line, shape->id);
    if (!bcue_grow((void **)&document->shapes, &document->shape_capacity, document->shape_count + 1,
                   sizeof *document->shapes))
        return bcue_fail_memory(error, element->file);
    document->shapes[document->shape_count++] = *shape;
    *shape = (bcue_mitsuba_shape){0};
    reading->in_shape = false;
    return BCUE_OK;
}

/* ---- the document ---- */

static bcue_status take_default(mitsuba_reading *reading, const bcue_xml_element *element, bcue_error *error)
{
    const char *name = "", *value = "";
    BCUE_TRY(bcue_xml_required(element, "name", &name, error));
    BCUE_TRY(bcue_xml_required(element, "value", &value, error));
    if (reading->default_count == MOST_DEFAULTS)
        return bcue_xml_fail(element, error, "more than %d defaults", (int)MOST_DEFAULTS);
    if (strlen(name) >= sizeof reading->defaults->name || strlen(value) >= LONGEST_VALUE)
        return bcue_xml_fail(element, error, "a name of more than 63 or a value of more than 255 bytes");
    named_value *entry = &reading->defaults[reading->default_count++];
    snprintf(entry->name, sizeof entry->name, "%s", name);
    snprintf(entry->value, sizeof entry->value, "%s", value);
    return BCUE_OK;
}

static bcue_status on_scene_start(void *context, const bcue_xml_element *element, bcue_error *error)
{
    mitsuba_reading *reading = context;
    if (reading->skip_depth > 0)
        return BCUE_OK;
    if (element->depth == 1)
        return strcmp(element->name, "scene") == 0
                   ? BCUE_OK
                   : bcue_xml_fail(element, error, "the root of a Mitsuba scene is <scene>");
    if (reading->in_transform)
        return on_transform_step(reading, element, error);
    if (reading->in_material)
        return on_material_part(reading, element, error);
    if (strcmp(element->name, "bsdf") == 0)
        return open_material(reading, element, error);
    if (reading->in_shape)
        return on_shape_part(reading, element, error);
    if (strcmp(element->name, "shape") == 0)
        return open_shape(reading, element, error);
    if (strcmp(element->name, "default") == 0)
        return take_default(reading, element, error);
    if (strcmp(element->name, "include") == 0)
        return bcue_xml_fail(element, error, "scenes in several files are not read; put them into one");
    reading->skip_depth = element->depth;
    return BCUE_OK;
}

static bcue_status on_scene_end(void *context, const bcue_xml_element *element, bcue_error *error)
{
    mitsuba_reading *reading = context;
    if (reading->skip_depth > 0) {
        if (element->depth == reading->skip_depth)
            reading->skip_depth = 0;
        return BCUE_OK;
    }
    if (reading->in_transform) {
        reading->in_transform = element->depth != reading->transform_depth;
        return BCUE_OK;
    }
    if (reading->in_material)
        return element->depth == reading->material_depth ? close_material(reading, element, error) : BCUE_OK;
    if (reading->in_shape && element->depth == reading->shape_depth)
        return close_shape(reading, element, error);
    return BCUE_OK;
}

static const bcue_xml_handlers handlers = {on_scene_start, on_scene_end};

static bcue_status decode_document(const void *data, size_t size, const char *name,
                                   bcue_mitsuba_document *document, bcue_error *error)
{
    *document = (bcue_mitsuba_document){0};
    mitsuba_reading *reading = bcue_calloc(1, sizeof *reading);
    named_value *defaults = bcue_calloc(MOST_DEFAULTS, sizeof *defaults);
    bcue_status status;
    if (reading == NULL || defaults == NULL) {
        status = bcue_fail_memory(error, name);
    } else {
        reading->document = document;
        reading->defaults = defaults;
        status = data != NULL ? bcue_xml_decode(data, size, name, &handlers, reading, error)
                              : bcue_xml_read(name, &handlers, reading, error);
        free_shape(&reading->shape);
    }
    free(reading);
    free(defaults);
    if (status != BCUE_OK)
        bcue_mitsuba_free(document);
    return status;
}

bcue_status bcue_mitsuba_decode(const void *data, size_t size, const char *name,
                                bcue_mitsuba_document *document, bcue_error *error)
{
    return decode_document(size > 0 ? data : "", size, name, document, error);
}

bcue_status bcue_mitsuba_read(const char *path, bcue_mitsuba_document *document, bcue_error *error)
{
    return decode_document(NULL, 0, path, document, error);
}

void bcue_mitsuba_free(bcue_mitsuba_document *document)
{
    for (size_t i = 0; i < document->shape_count; i++)
        free_shape(&document->shapes[i]);
    free(document->shapes);
    free(document->materials);
    *document = (bcue_mitsuba_document){0};
}
