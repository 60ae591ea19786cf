#include "base/config_tree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One code point of valid UTF-8 at `text`; a stray byte comes out as itself. */
static uint32_t decode(const unsigned char *text, size_t *size)
{
    static const struct {
        unsigned char mask, lead, bits;
        size_t size;
    } forms[] = {{0xE0, 0xC0, 0x1F, 2}, {0xF0, 0xE0, 0x0F, 3}, {0xF8, 0xF0, 0x07, 4}};
    *size = 1;
    for (size_t form = 0; form < 3; form++) {
        if ((text[0] & forms[form].mask) != forms[form].lead)
            continue;
        uint32_t point = text[0] & forms[form].bits;
        size_t i = 1;
        for (; i < forms[form].size && (text[i] & 0xC0U) == 0x80U; i++)
            point = point << 6 | (text[i] & 0x3FU);
        if (i == forms[form].size)
            *size = i;
        return i == forms[form].size ? point : text[0];
    }
    return text[0];
}

static void put_quoted(const char *string, bcue_text *out)
{
    bcue_text_puts(out, "\"");
    for (const unsigned char *at = (const unsigned char *)string; *at != '\0';) {
        size_t size;
        uint32_t point = decode(at, &size);
        if (point == '"' || point == '\\')
            bcue_text_printf(out, "\\%c", (char)point);
        else if (point == '\n')
            bcue_text_puts(out, "\\n");
        else if (point == '\t')
            bcue_text_puts(out, "\\t");
        else if (point < 0x20 || (point >= 0x7F && point < 0xA0))
            bcue_text_printf(out, "\\x%02x", (unsigned)point);
        else if (point == 0x2028 || point == 0x2029 || point == 0xFEFF || point == 0xFFFE || point == 0xFFFF)
            bcue_text_printf(out, "\\u%04x", (unsigned)point);
        else
            bcue_text_append(out, at, size);
        at += size;
    }
    bcue_text_puts(out, "\"");
}

/* Bare only where no YAML reader could take the text for something else. */
static bool bare(const char *string)
{
    static const char *const reserved[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (string[0] == '\0' || (strchr(letters, string[0]) == NULL && string[0] != '_' && string[0] != '/'))
        return false;
    for (const char *at = string; *at != '\0'; at++)
        if (strchr(letters, *at) == NULL && strchr("0123456789_./-", *at) == NULL)
            return false;
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strlen(string) == strlen(reserved[i]) && bcue_edit_distance(string, reserved[i]) == 0)
            return false;
    return true;
}

static void put_string(const char *string, bcue_text *out)
{
    if (string == NULL)
        bcue_text_puts(out, "null");
    else if (bare(string))
        bcue_text_puts(out, string);
    else
        put_quoted(string, out);
}

/* The shortest decimal that reads back as the same double, with a point before any exponent as YAML 1.1 asks.
 */
static void put_double(double value, bcue_text *out)
{
    if (isnan(value) || isinf(value)) {
        bcue_text_puts(out, isnan(value) ? ".nan" : value < 0 ? "-.inf" : ".inf");
        return;
    }
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    char *exponent = strchr(digits, 'e');
    if (exponent != NULL && strchr(digits, '.') == NULL)
        bcue_text_printf(out, "%.*s.0%s", (int)(exponent - digits), digits, exponent);
    else
        bcue_text_puts(out, digits);
}

static void put_indent(bcue_text *out, size_t indent)
{
    bcue_text_printf(out, "%*s", (int)indent, "");
}

/* An optional number without a default that was not given is 0, which its range may not allow to be written.
 */
static bool unset(const bcue_config_field *field, double value)
{
    bool any = field->minimum == 0 && field->maximum == 0;
    return value == 0 && field->fallback == NULL && !field->required && !any &&
           !(field->minimum <= 0 && field->maximum >= 0);
}

static void put_list(const bcue_config_field *field, const char *value, bcue_text *out)
{
    size_t count = field->type == BCUE_CONFIG_INT_LIST ? ((const bcue_int_list *)(const void *)value)->count
                   : field->type == BCUE_CONFIG_DOUBLE_LIST
                       ? ((const bcue_double_list *)(const void *)value)->count
                       : ((const bcue_string_list *)(const void *)value)->count;
    bcue_text_puts(out, "[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            bcue_text_puts(out, ", ");
        if (field->type == BCUE_CONFIG_INT_LIST)
            bcue_text_printf(out, "%lld", (long long)((const bcue_int_list *)(const void *)value)->items[i]);
        else if (field->type == BCUE_CONFIG_DOUBLE_LIST)
            put_double(((const bcue_double_list *)(const void *)value)->items[i], out);
        else
            put_string(((const bcue_string_list *)(const void *)value)->items[i], out);
    }
    bcue_text_puts(out, "]");
}

/* `brief`: nothing that has its default. */
static void write_fields(const bcue_config_field *fields, const char *target, size_t indent, bool item,
                         bool brief, bcue_text *out);

static void write_sections(const bcue_config_field *field, const bcue_section_list *list, size_t indent,
                           bool brief, bcue_text *out)
{
    if (list->count == 0) {
        bcue_text_printf(out, "%s: []\n", field->name);
        return;
    }
    bcue_text_printf(out, "%s:\n", field->name);
    for (size_t i = 0; i < list->count; i++)
        write_fields(field->fields, (const char *)list->items + i * field->item_size, indent + 4, true, brief,
                     out);
}

static void write_map(const bcue_config_field *field, const bcue_string_map *map, size_t indent,
                      bcue_text *out)
{
    bcue_text_printf(out, "%s:%s\n", field->name, map->count == 0 ? " {}" : "");
    for (size_t i = 0; i < map->count; i++) {
        put_indent(out, indent + 2);
        put_string(map->keys[i], out);
        bcue_text_puts(out, ": ");
        put_string(map->values[i], out);
        bcue_text_puts(out, "\n");
    }
}

static void write_scalar(const bcue_config_field *field, const char *value, bcue_text *out)
{
    const void *at = value;
    bool number = field->type == BCUE_CONFIG_INT || field->type == BCUE_CONFIG_DOUBLE;
    if (number &&
        unset(field, field->type == BCUE_CONFIG_INT ? (double)*(const int64_t *)at : *(const double *)at)) {
        bcue_text_printf(out, "# %s: not set\n", field->name);
        return;
    }
    bcue_text_printf(out, "%s: ", field->name);
    if (field->type == BCUE_CONFIG_BOOL)
        bcue_text_puts(out, *(const bool *)at ? "true" : "false");
    else if (field->type == BCUE_CONFIG_INT)
        bcue_text_printf(out, "%lld", (long long)*(const int64_t *)at);
    else if (field->type == BCUE_CONFIG_DOUBLE)
        put_double(*(const double *)at, out);
    else if (field->type == BCUE_CONFIG_STRING)
        put_string(*(char *const *)at, out);
    else if (field->type == BCUE_CONFIG_CHOICE)
        put_string(field->choices[*(const int *)at], out);
    else
        put_list(field, value, out);
    bcue_text_puts(out, "\n");
}

static bool is_default(const bcue_config_field *field, const char *target);

static bool all_default(const bcue_config_field *fields, const char *target)
{
    while (fields->name != NULL && is_default(fields, target))
        fields++;
    return fields->name == NULL;
}

/* A list without a default is empty; others are compared as they would be written. */
static bool is_default_list(const bcue_config_field *field, const char *value)
{
    bcue_text text = {0};
    put_list(field, value, &text);
    const bool same =
        !text.failed && strcmp(text.data, field->fallback != NULL ? field->fallback : "[]") == 0;
    bcue_text_free(&text);
    return same;
}

static bool is_default(const bcue_config_field *field, const char *target)
{
    const void *value = target + field->offset;
    const char *fallback = field->fallback;
    switch (field->type) {
    case BCUE_CONFIG_SECTION:
        return all_default(field->fields, value);
    case BCUE_CONFIG_SECTION_LIST:
        return ((const bcue_section_list *)value)->count == 0;
    case BCUE_CONFIG_MAP:
        return ((const bcue_string_map *)value)->count == 0;
    case BCUE_CONFIG_DOUBLE:
        return fallback != NULL ? *(const double *)value == strtod(fallback, NULL)
                                : unset(field, *(const double *)value);
    case BCUE_CONFIG_INT:
        return fallback != NULL ? *(const int64_t *)value == strtoll(fallback, NULL, 10)
                                : unset(field, (double)*(const int64_t *)value);
    case BCUE_CONFIG_BOOL:
        return fallback != NULL && *(const bool *)value == (strcmp(fallback, "true") == 0);
    case BCUE_CONFIG_CHOICE:
        return fallback != NULL && strcmp(field->choices[*(const int *)value], fallback) == 0;
    case BCUE_CONFIG_STRING: {
        const char *text = *(char *const *)value;
        return text == NULL || fallback == NULL ? text == fallback : strcmp(text, fallback) == 0;
    }
    default:
        return is_default_list(field, value);
    }
}

/* `item`: the fields of a list item, whose first line starts with a dash. */
static void write_fields(const bcue_config_field *fields, const char *target, size_t indent, bool item,
                         bool brief, bcue_text *out)
{
    if (item) {
        put_indent(out, indent - 2);
        bcue_text_puts(out, "-\n");
    }
    for (; fields->name != NULL; fields++) {
        const void *value = target + fields->offset;
        if ((brief || fields->late) && is_default(fields, target))
            continue;
        put_indent(out, indent);
        if (fields->type == BCUE_CONFIG_SECTION) {
            bcue_text_printf(out, "%s:\n", fields->name);
            write_fields(fields->fields, value, indent + 2, false, brief, out);
        } else if (fields->type == BCUE_CONFIG_SECTION_LIST) {
            write_sections(fields, value, indent, brief, out);
        } else if (fields->type == BCUE_CONFIG_MAP) {
            write_map(fields, value, indent, out);
        } else {
            write_scalar(fields, value, out);
        }
    }
}

void bcue_config_write(const bcue_config_field *fields, const void *target, bcue_text *out)
{
    write_fields(fields, target, 0, false, false, out);
}

void bcue_config_write_given(const bcue_config_field *fields, const void *target, bcue_text *out)
{
    write_fields(fields, target, 0, false, true, out);
}

enum { HELP_COLUMN = 36 };

static void describe_line(const bcue_config_field *field, size_t indent, const char *lead, bcue_text *out)
{
    bool nested = field->type == BCUE_CONFIG_SECTION || field->type == BCUE_CONFIG_SECTION_LIST;
    size_t start = out->size;
    put_indent(out, indent);
    bcue_text_printf(out, "%s%s:", lead, field->name);
    if (!nested && field->fallback != NULL)
        bcue_text_printf(out, " %s", field->fallback[0] != '\0' ? field->fallback : "''");
    size_t used = out->size - start;
    bcue_text_printf(out, "%*s# ", used < HELP_COLUMN ? (int)(HELP_COLUMN - used) : 2, "");
    if (field->type != BCUE_CONFIG_SECTION) {
        bcue_config_expectation(field, out);
        if (field->required)
            bcue_text_puts(out, ", required");
        if (field->help != NULL)
            bcue_text_puts(out, ": ");
    }
    bcue_text_printf(out, "%s\n", field->help != NULL ? field->help : "");
}

static void describe_fields(const bcue_config_field *fields, size_t indent, bool item, bcue_text *out)
{
    for (; fields->name != NULL; fields++) {
        describe_line(fields, item ? indent - 2 : indent, item ? "- " : "", out);
        item = false;
        if (fields->type == BCUE_CONFIG_SECTION)
            describe_fields(fields->fields, indent + 2, false, out);
        else if (fields->type == BCUE_CONFIG_SECTION_LIST)
            describe_fields(fields->fields, indent + 4, true, out);
    }
}

void bcue_config_describe(const bcue_config_field *fields, bcue_text *out)
{
    describe_fields(fields, 0, false, out);
}
