#include "base/config_tree.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"

#undef bcue_config_fail

enum { LARGEST_FILE = 16 * 1024 * 1024, MOST_FIELDS = 256 };

struct bcue_config {
    bcue_arena *arena;
    bcue_config_node *root;
    const char *name;
};

/* Where in the schema we are, for messages. */
typedef struct place {
    const struct place *parent;
    const char *name; /* NULL: item `index` of a list */
    size_t index;
    const bcue_config_node *node; /* NULL: not given */
} place;

typedef struct filler {
    bcue_arena *arena;
    const char *name;
    bcue_error *error;
    bool fallback; /* reading a default: a failure is a defect of the schema */
} filler;

const bcue_config_field *bcue_config_find_field(const bcue_config_field *fields, const char *name)
{
    for (; fields->name != NULL; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

static void put_path(const place *at, bcue_text *out)
{
    if (at == NULL)
        return;
    put_path(at->parent, out);
    if (out->size > 0)
        bcue_text_puts(out, ".");
    if (at->name != NULL)
        bcue_text_puts(out, at->name);
    else
        bcue_text_printf(out, "%zu", at->index);
}

/* "where: key: sentence", in one go so that every message has the same form. */
BCUE_PRINTF(4, 5)
static bcue_status fail_place(filler *to, const place *at, const bcue_config_node *node, const char *format,
                              ...)
{
    char where[512], sentence[512];
    if (node != NULL)
        bcue_config_tree_where(node, where, sizeof where);
    else
        (void)snprintf(where, sizeof where, "%s", to->name);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    bcue_text path = {0};
    put_path(at, &path);
    bcue_status status =
        bcue_fail(to->error, to->fallback ? BCUE_ERROR_INTERNAL : BCUE_ERROR_CONFIG, "%s: %s: %s%s", where,
                  path.data != NULL ? path.data : "", to->fallback ? "bad default: " : "", sentence);
    bcue_text_free(&path);
    return status;
}

static void put_range(const bcue_config_field *field, bcue_text *out)
{
    if (field->minimum == 0 && field->maximum == 0)
        return;
    if (isinf(field->maximum))
        bcue_text_printf(out, " of at least %.15g", field->minimum);
    else if (isinf(field->minimum))
        bcue_text_printf(out, " of at most %.15g", field->maximum);
    else
        bcue_text_printf(out, " from %.15g to %.15g", field->minimum, field->maximum);
}

void bcue_config_expectation(const bcue_config_field *field, bcue_text *out)
{
    static const char *const words[] = {
        [BCUE_CONFIG_BOOL] = "true or false",
        [BCUE_CONFIG_INT] = "an integer",
        [BCUE_CONFIG_DOUBLE] = "a number",
        [BCUE_CONFIG_STRING] = "a text",
        [BCUE_CONFIG_CHOICE] = "one of ",
        [BCUE_CONFIG_INT_LIST] = "a list of integers",
        [BCUE_CONFIG_DOUBLE_LIST] = "a list of numbers",
        [BCUE_CONFIG_STRING_LIST] = "a list of texts",
        [BCUE_CONFIG_SECTION] = "a section of keys",
        [BCUE_CONFIG_SECTION_LIST] = "a list of sections",
        [BCUE_CONFIG_MAP] = "a section of free keys with texts",
    };
    bcue_text_puts(out, words[field->type]);
    if (field->type == BCUE_CONFIG_CHOICE)
        for (size_t i = 0; field->choices[i] != NULL; i++)
            bcue_text_printf(out, "%s%s", i > 0 ? ", " : "", field->choices[i]);
    if (field->type == BCUE_CONFIG_INT || field->type == BCUE_CONFIG_DOUBLE ||
        field->type == BCUE_CONFIG_INT_LIST || field->type == BCUE_CONFIG_DOUBLE_LIST)
        put_range(field, out);
}

static bcue_status fail_type(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                             const place *at)
{
    bcue_text expected = {0};
    bcue_config_expectation(field, &expected);
    char quoted[64];
    const char *found = node->kind == BCUE_NODE_LIST ? "a list" : "a section";
    if (bcue_config_tree_is_null(node)) {
        found = "nothing";
    } else if (node->kind == BCUE_NODE_SCALAR) {
        char text[60];
        bcue_config_quote(node->text, text, sizeof text);
        (void)snprintf(quoted, sizeof quoted, "'%s'", text);
        found = quoted;
    }
    bool number = field->type == BCUE_CONFIG_BOOL || field->type == BCUE_CONFIG_INT ||
                  field->type == BCUE_CONFIG_DOUBLE || field->type == BCUE_CONFIG_INT_LIST ||
                  field->type == BCUE_CONFIG_DOUBLE_LIST;
    bcue_status status =
        fail_place(to, at, node, "expected %s, found %s%s", expected.data != NULL ? expected.data : "", found,
                   number && node->quoted ? " in quotes; write it without them" : "");
    bcue_text_free(&expected);
    return status;
}

static bool in_range(const bcue_config_field *field, double value)
{
    return (field->minimum == 0 && field->maximum == 0) ||
           (value >= field->minimum && value <= field->maximum);
}

static bcue_status fail_range(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                              const place *at)
{
    bcue_text expected = {0};
    bcue_config_expectation(field, &expected);
    bcue_status status = fail_place(to, at, node, "%.40s is out of range; expected %s", node->text,
                                    expected.data != NULL ? expected.data : "");
    bcue_text_free(&expected);
    return status;
}

static bool one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static bcue_status fill_bool(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                             const place *at, bool *value)
{
    static const char *const yes[] = {"true", "True", "TRUE", NULL};
    static const char *const no[] = {"false", "False", "FALSE", NULL};
    if (node->kind != BCUE_NODE_SCALAR || node->quoted ||
        !(one_of(node->text, yes) || one_of(node->text, no)))
        return fail_type(to, field, node, at);
    *value = one_of(node->text, yes);
    return BCUE_OK;
}

static bcue_status fill_int(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                            const place *at, int64_t *value)
{
    if (node->kind != BCUE_NODE_SCALAR || node->quoted || !bcue_parse_int64(node->text, value))
        return fail_type(to, field, node, at);
    return in_range(field, (double)*value) ? BCUE_OK : fail_range(to, field, node, at);
}

/* A YAML number; strtod alone would also take "0x10" and "infinity". */
static bool parse_number(const char *text, double *value)
{
    static const char *const nan_words[] = {".nan", ".NaN", ".NAN", NULL};
    static const char *const inf_words[] = {".inf", ".Inf", ".INF", NULL};
    if (one_of(text, nan_words)) {
        *value = (double)NAN;
        return true;
    }
    bool sign = text[0] == '-' || text[0] == '+';
    if (one_of(text + sign, inf_words)) {
        *value = text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    return text[strspn(text, "+-0123456789.eE")] == '\0' && bcue_parse_double(text, value);
}

static bcue_status fill_double(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                               const place *at, double *value)
{
    if (node->kind != BCUE_NODE_SCALAR || node->quoted || !parse_number(node->text, value))
        return fail_type(to, field, node, at);
    return in_range(field, *value) ? BCUE_OK : fail_range(to, field, node, at);
}

static bcue_status fill_string(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                               const place *at, char **value)
{
    if (node->kind != BCUE_NODE_SCALAR)
        return fail_type(to, field, node, at);
    *value = NULL;
    if (bcue_config_tree_is_null(node))
        return field->type == BCUE_CONFIG_STRING && !field->required ? BCUE_OK
                                                                     : fail_type(to, field, node, at);
    *value = bcue_arena_strdup(to->arena, node->text);
    return *value != NULL ? BCUE_OK : bcue_fail_memory(to->error, to->name);
}

static bcue_status fill_choice(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                               const place *at, int *value)
{
    if (node->kind != BCUE_NODE_SCALAR || bcue_config_tree_is_null(node))
        return fail_type(to, field, node, at);
    size_t count = 0;
    for (; field->choices[count] != NULL; count++) {
        if (strcmp(field->choices[count], node->text) == 0) {
            *value = (int)count;
            return BCUE_OK;
        }
    }
    const char *nearest = bcue_nearest_word(node->text, field->choices, count);
    bcue_text expected = {0};
    bcue_config_expectation(field, &expected);
    char quoted[64];
    bcue_config_quote(node->text, quoted, sizeof quoted);
    bcue_status status =
        fail_place(to, at, node, "'%s' is not %s%s%s%s", quoted, expected.data != NULL ? expected.data : "",
                   nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    bcue_text_free(&expected);
    return status;
}

static bcue_status fill_fields(filler *to, const bcue_config_field *fields, const bcue_config_node *map,
                               const place *at, char *target);

static bcue_status fill_item(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                             const place *at, void *target)
{
    switch (field->type) {
    case BCUE_CONFIG_INT_LIST:
        return fill_int(to, field, node, at, target);
    case BCUE_CONFIG_DOUBLE_LIST:
        return fill_double(to, field, node, at, target);
    case BCUE_CONFIG_STRING_LIST:
        return fill_string(to, field, node, at, target);
    default:
        if (bcue_config_tree_is_null(node))
            return fill_fields(to, field->fields, NULL, at, target);
        if (node->kind != BCUE_NODE_MAP)
            return fail_place(to, at, node, "expected a section of keys");
        return fill_fields(to, field->fields, node, at, target);
    }
}

/* All four list structs are a pointer and a count. */
static bcue_status fill_list(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                             const place *at, size_t item_size, void **items, size_t *count)
{
    *items = NULL;
    *count = 0;
    if (bcue_config_tree_is_null(node))
        return BCUE_OK;
    bool single = node->kind == BCUE_NODE_SCALAR && field->type != BCUE_CONFIG_SECTION_LIST;
    if (node->kind != BCUE_NODE_LIST && !single)
        return fail_type(to, field, node, at);
    size_t needed = single ? 1 : node->count;
    if (needed == 0)
        return BCUE_OK;
    char *made = bcue_arena_alloc(to->arena, needed, item_size);
    if (made == NULL)
        return bcue_fail_memory(to->error, to->name);
    const bcue_config_node *item = single ? node : node->first;
    for (size_t i = 0; i < needed; i++, item = item->next) {
        place here = {at, NULL, i, item};
        BCUE_TRY(fill_item(to, field, item, single ? at : &here, made + i * item_size));
    }
    *items = made;
    *count = needed;
    return BCUE_OK;
}

static bcue_status fill_map(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                            const place *at, bcue_string_map *map)
{
    *map = (bcue_string_map){0};
    if (bcue_config_tree_is_null(node))
        return BCUE_OK;
    if (node->kind != BCUE_NODE_MAP)
        return fail_type(to, field, node, at);
    if (node->count == 0)
        return BCUE_OK;
    char **keys = bcue_arena_alloc(to->arena, node->count, sizeof(char *));
    char **values = bcue_arena_alloc(to->arena, node->count, sizeof(char *));
    if (keys == NULL || values == NULL)
        return bcue_fail_memory(to->error, to->name);
    size_t i = 0;
    for (const bcue_config_node *child = node->first; child != NULL; child = child->next, i++) {
        place here = {at, child->key, 0, child};
        if (child->kind != BCUE_NODE_SCALAR || bcue_config_tree_is_null(child))
            return fail_place(to, &here, child, "expected a text");
        keys[i] = bcue_arena_strdup(to->arena, child->key);
        values[i] = bcue_arena_strdup(to->arena, child->text);
        if (keys[i] == NULL || values[i] == NULL)
            return bcue_fail_memory(to->error, to->name);
    }
    *map = (bcue_string_map){keys, values, i};
    return BCUE_OK;
}

static void clear_field(const bcue_config_field *field, char *value)
{
    static const size_t sizes[] = {
        [BCUE_CONFIG_BOOL] = sizeof(bool),
        [BCUE_CONFIG_INT] = sizeof(int64_t),
        [BCUE_CONFIG_DOUBLE] = sizeof(double),
        [BCUE_CONFIG_STRING] = sizeof(char *),
        [BCUE_CONFIG_CHOICE] = sizeof(int),
        [BCUE_CONFIG_INT_LIST] = sizeof(bcue_int_list),
        [BCUE_CONFIG_DOUBLE_LIST] = sizeof(bcue_double_list),
        [BCUE_CONFIG_STRING_LIST] = sizeof(bcue_string_list),
        [BCUE_CONFIG_SECTION] = 0,
        [BCUE_CONFIG_SECTION_LIST] = sizeof(bcue_section_list),
        [BCUE_CONFIG_MAP] = sizeof(bcue_string_map),
    };
    memset(value, 0, sizes[field->type]);
}

static void clear_fields(const bcue_config_field *fields, char *target)
{
    for (; fields->name != NULL; fields++) {
        if (fields->type == BCUE_CONFIG_SECTION)
            clear_fields(fields->fields, target + fields->offset);
        else
            clear_field(fields, target + fields->offset);
    }
}

static bcue_status fill_field(filler *to, const bcue_config_field *field, const bcue_config_node *node,
                              const place *at, void *target)
{
    switch (field->type) {
    case BCUE_CONFIG_BOOL:
        return fill_bool(to, field, node, at, target);
    case BCUE_CONFIG_INT:
        return fill_int(to, field, node, at, target);
    case BCUE_CONFIG_DOUBLE:
        return fill_double(to, field, node, at, target);
    case BCUE_CONFIG_STRING:
        return fill_string(to, field, node, at, target);
    case BCUE_CONFIG_CHOICE:
        return fill_choice(to, field, node, at, target);
    case BCUE_CONFIG_INT_LIST: {
        bcue_int_list *list = target;
        void *items;
        BCUE_TRY(fill_list(to, field, node, at, sizeof(int64_t), &items, &list->count));
        list->items = items;
        return BCUE_OK;
    }
    case BCUE_CONFIG_DOUBLE_LIST: {
        bcue_double_list *list = target;
        void *items;
        BCUE_TRY(fill_list(to, field, node, at, sizeof(double), &items, &list->count));
        list->items = items;
        return BCUE_OK;
    }
    case BCUE_CONFIG_STRING_LIST: {
        bcue_string_list *list = target;
        void *items;
        BCUE_TRY(fill_list(to, field, node, at, sizeof(char *), &items, &list->count));
        list->items = items;
        return BCUE_OK;
    }
    case BCUE_CONFIG_SECTION:
        if (bcue_config_tree_is_null(node))
            return fill_fields(to, field->fields, NULL, at, target);
        if (node->kind != BCUE_NODE_MAP)
            return fail_type(to, field, node, at);
        return fill_fields(to, field->fields, node, at, target);
    case BCUE_CONFIG_SECTION_LIST: {
        bcue_section_list *list = target;
        return fill_list(to, field, node, at, field->item_size, &list->items, &list->count);
    }
    case BCUE_CONFIG_MAP:
        return fill_map(to, field, node, at, target);
    }
    return bcue_fail(to->error, BCUE_ERROR_INTERNAL, "%s: unknown type in the schema", field->name);
}

static bcue_status fill_absent(filler *to, const bcue_config_field *field, const place *at, void *target)
{
    const place *given = at;
    while (given != NULL && given->node == NULL)
        given = given->parent;
    if (field->required)
        return fail_place(to, at, given != NULL ? given->node : NULL, "required key is missing (%s)",
                          field->help != NULL ? field->help : "");
    if (field->type == BCUE_CONFIG_SECTION)
        return fill_fields(to, field->fields, NULL, at, target);
    if (field->fallback == NULL)
        return BCUE_OK;
    /* "" is YAML for nothing; as the default of a text it is meant as the empty text. */
    const char *text =
        field->type == BCUE_CONFIG_STRING && field->fallback[0] == '\0' ? "''" : field->fallback;
    bcue_config_node *node;
    BCUE_TRY(bcue_config_tree_parse(to->arena, text, strlen(text), "defaults", false, &node, to->error));
    filler defaults = *to;
    defaults.fallback = true;
    return fill_field(&defaults, field, node, at, target);
}

static bcue_status fail_unknown(filler *to, const bcue_config_field *fields, const bcue_config_node *node,
                                const place *at)
{
    const char *names[MOST_FIELDS] = {0};
    size_t count = 0;
    for (; fields[count].name != NULL && count < MOST_FIELDS; count++)
        names[count] = fields[count].name;
    const char *nearest = bcue_nearest_word(node->key, names, count);
    bcue_text path = {0}, known = {0};
    put_path(at, &path);
    char where[512], key[64];
    bcue_config_tree_where(node, where, sizeof where);
    bcue_config_quote(node->key, key, sizeof key);
    for (size_t i = 0; i < count && nearest == NULL; i++)
        bcue_text_printf(&known, "%s%s", i > 0 ? ", " : "; known keys are ", names[i]);
    bcue_status status =
        bcue_fail(to->error, BCUE_ERROR_CONFIG, "%s: unknown key '%s'%s%s%s%s%s%s%s", where, key,
                  path.size > 0 ? " in '" : "", path.size > 0 ? path.data : "", path.size > 0 ? "'" : "",
                  nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "",
                  known.size > 0 ? known.data : "");
    bcue_text_free(&path);
    bcue_text_free(&known);
    return status;
}

/* `map` NULL: the section is absent; then its defaults hold and its required keys are still required. */
static bcue_status fill_fields(filler *to, const bcue_config_field *fields, const bcue_config_node *map,
                               const place *at, char *target)
{
    clear_fields(fields, target);
    if (map != NULL)
        for (const bcue_config_node *child = map->first; child != NULL; child = child->next)
            if (bcue_config_find_field(fields, child->key) == NULL)
                return fail_unknown(to, fields, child, at);
    for (; fields->name != NULL; fields++) {
        const bcue_config_node *node = map != NULL ? bcue_config_tree_child(map, fields->name) : NULL;
        place here = {at, fields->name, 0, node};
        BCUE_TRY(node != NULL ? fill_field(to, fields, node, &here, target + fields->offset)
                              : fill_absent(to, fields, &here, target + fields->offset));
    }
    return BCUE_OK;
}

static bcue_status build(bcue_config *config, const char *text, size_t size, const char *const *overrides,
                         size_t override_count, const bcue_config_field *fields, void *target,
                         bcue_error *error)
{
    if (size > LARGEST_FILE)
        return bcue_fail(error, BCUE_ERROR_CONFIG, "%s: %zu bytes, but a configuration has at most %d",
                         config->name, size, LARGEST_FILE);
    if (text != NULL)
        BCUE_TRY(bcue_config_tree_parse(config->arena, text, size, config->name, true, &config->root, error));
    if (config->root == NULL || bcue_config_tree_is_null(config->root)) {
        config->root = bcue_config_tree_map(config->arena, config->name);
        if (config->root == NULL)
            return bcue_fail_memory(error, config->name);
    }
    if (config->root->kind != BCUE_NODE_MAP)
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "%s:%zu: expected lines of the form 'key: value', found %s", config->name,
                         config->root->line,
                         config->root->kind == BCUE_NODE_LIST ? "a list" : "a single value");
    for (size_t i = 0; i < override_count; i++)
        BCUE_TRY(bcue_config_tree_override(config->arena, config->root, fields, overrides[i], error));
    filler to = {config->arena, config->name, error, false};
    return fill_fields(&to, fields, config->root, NULL, target);
}

bcue_status bcue_config_read_text(const char *text, size_t size, const char *name,
                                  const char *const *overrides, size_t override_count,
                                  const bcue_config_field *fields, void *target, bcue_config **config,
                                  bcue_error *error)
{
    *config = NULL;
    bcue_config *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, name);
    made->arena = bcue_arena_create();
    made->name = made->arena != NULL ? bcue_arena_strdup(made->arena, name) : NULL;
    bcue_status status = made->name == NULL
                             ? bcue_fail_memory(error, name)
                             : build(made, text, size, overrides, override_count, fields, target, error);
    if (status != BCUE_OK) {
        clear_fields(fields, target);
        bcue_config_destroy(made);
        return status;
    }
    *config = made;
    return BCUE_OK;
}

bcue_status bcue_config_read(const char *path, const char *const *overrides, size_t override_count,
                             const bcue_config_field *fields, void *target, bcue_config **config,
                             bcue_error *error)
{
    if (path == NULL)
        return bcue_config_read_text(NULL, 0, "defaults", overrides, override_count, fields, target, config,
                                     error);
    *config = NULL;
    bcue_bytes bytes;
    bcue_status status = bcue_file_read(path, LARGEST_FILE, &bytes, error);
    if (status != BCUE_OK) {
        clear_fields(fields, target);
        return status;
    }
    status = bcue_config_read_text((const char *)bytes.data, bytes.size, path, overrides, override_count,
                                   fields, target, config, error);
    bcue_bytes_free(&bytes);
    return status;
}

void bcue_config_destroy(bcue_config *config)
{
    if (config == NULL)
        return;
    bcue_arena_destroy(config->arena);
    free(config);
}

/* NULL when the key is not in the tree. */
static const bcue_config_node *find_key(const bcue_config *config, const char *key)
{
    const bcue_config_node *node = config->root;
    while (node != NULL && key[0] != '\0') {
        if (node->kind == BCUE_NODE_MAP) {
            const bcue_config_node *whole = bcue_config_tree_child(node, key);
            if (whole != NULL)
                return whole; /* a free key with dots */
        }
        size_t size = strcspn(key, ".");
        const bcue_config_node *child = node->first;
        for (size_t index = 0; child != NULL; child = child->next, index++) {
            char number[24];
            (void)snprintf(number, sizeof number, "%zu", index);
            const char *name = node->kind == BCUE_NODE_MAP ? child->key : number;
            if (strlen(name) == size && strncmp(name, key, size) == 0)
                break;
        }
        node = child;
        key += size + (key[size] == '.');
    }
    return node;
}

const char *bcue_config_where(const bcue_config *config, const char *key)
{
    const bcue_config_node *node = find_key(config, key);
    if (node == NULL || node->from_fallback)
        return config->name;
    char where[1024];
    bcue_config_tree_where(node, where, sizeof where);
    const char *copy = bcue_arena_strdup(config->arena, where);
    return copy != NULL ? copy : config->name;
}

bool bcue_config_given(const bcue_config *config, const char *key)
{
    const bcue_config_node *node = find_key(config, key);
    return node != NULL && !node->from_fallback;
}

bcue_status bcue_config_fail(const bcue_config *config, bcue_error *error, const char *key,
                             const char *format, ...)
{
    char sentence[sizeof error->text];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return bcue_fail(error, BCUE_ERROR_CONFIG, "%s: %s: %s", bcue_config_where(config, key), key, sentence);
}

char *bcue_config_strdup(bcue_config *config, const char *text)
{
    return bcue_arena_strdup(config->arena, text);
}
