#include "base/config_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/fail.h"

enum { DEEPEST = 32, MOST_NODES = 1000000 };

typedef struct tree_parser {
    yaml_parser_t yaml;
    bcue_arena *arena;
    const char *text;
    size_t size;
    const char *source;
    bool lines;
    size_t node_count;
    bcue_error *error;
} tree_parser;

bcue_config_node *bcue_config_tree_map(bcue_arena *arena, const char *source)
{
    bcue_config_node *node = bcue_arena_alloc(arena, 1, sizeof *node);
    if (node != NULL) {
        node->kind = BCUE_NODE_MAP;
        node->source = source;
    }
    return node;
}

bcue_config_node *bcue_config_tree_child(const bcue_config_node *map, const char *key)
{
    for (bcue_config_node *child = map->first; child != NULL; child = child->next)
        if (child->key != NULL && strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

bcue_config_node *bcue_config_tree_item(const bcue_config_node *list, size_t index)
{
    bcue_config_node *child = list->first;
    while (child != NULL && index-- > 0)
        child = child->next;
    return child;
}

bool bcue_config_tree_is_null(const bcue_config_node *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (node->kind != BCUE_NODE_SCALAR || node->quoted)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(node->text, words[i]) == 0)
            return true;
    return false;
}

void bcue_config_tree_where(const bcue_config_node *node, char *buffer, size_t size)
{
    if (node->line > 0)
        (void)snprintf(buffer, size, "%s:%zu", node->source, node->line);
    else
        (void)snprintf(buffer, size, "%s", node->source);
}

void bcue_config_quote(const char *text, char *buffer, size_t size)
{
    size_t length = strlen(text);
    bool cut = length >= size;
    if (cut) {
        length = size - 4;
        while (length > 0 && ((unsigned char)text[length] & 0xC0U) == 0x80U)
            length--;
    }
    for (size_t i = 0; i < length; i++)
        buffer[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    memcpy(buffer + length, cut ? "..." : "", cut ? 4 : 1);
}

/* Fail at a line (1-based) of the text being parsed. */
static bcue_status fail_at(tree_parser *parser, size_t line, const char *sentence)
{
    if (parser->lines)
        return bcue_fail(parser->error, BCUE_ERROR_CONFIG, "%s:%zu: %s", parser->source, line, sentence);
    return bcue_fail(parser->error, BCUE_ERROR_CONFIG, "%s: %s", parser->source, sentence);
}

static bcue_status fail_yaml(tree_parser *parser)
{
    const yaml_parser_t *yaml = &parser->yaml;
    if (yaml->error == YAML_MEMORY_ERROR)
        return bcue_fail_memory(parser->error, parser->source);
    size_t line = yaml->problem_mark.line + 1;
    size_t offset = yaml->problem_mark.index;
    if (yaml->error == YAML_READER_ERROR) {
        offset = yaml->problem_offset < parser->size ? yaml->problem_offset : parser->size;
        line = 1;
        for (size_t i = 0; i < offset; i++)
            line += parser->text[i] == '\n';
    }
    bool tab = yaml->error == YAML_SCANNER_ERROR && offset < parser->size && parser->text[offset] == '\t';
    char sentence[320];
    (void)snprintf(sentence, sizeof sentence, "not valid YAML: %s%s%s%s",
                   yaml->problem != NULL ? yaml->problem : "cannot be parsed",
                   yaml->context != NULL ? " " : "", yaml->context != NULL ? yaml->context : "",
                   tab ? "; indent with blanks, not with tabs" : "");
    return fail_at(parser, line, sentence);
}

static bcue_status next_event(tree_parser *parser, yaml_event_t *event)
{
    return yaml_parser_parse(&parser->yaml, event) ? BCUE_OK : fail_yaml(parser);
}

/* What a configuration does without: they make files hard to read, and aliases make small files huge. */
static bcue_status refuse_extras(tree_parser *parser, const yaml_char_t *anchor, const yaml_char_t *tag,
                                 size_t line)
{
    char name[48], sentence[160];
    if (anchor != NULL) {
        bcue_config_quote((const char *)anchor, name, sizeof name);
        (void)snprintf(sentence, sizeof sentence,
                       "anchors and aliases ('%s') are not used in a configuration; repeat the value", name);
        return fail_at(parser, line, sentence);
    }
    if (tag != NULL) {
        bcue_config_quote((const char *)tag, name, sizeof name);
        (void)snprintf(sentence, sizeof sentence, "tags ('%s') are not used in a configuration; remove it",
                       name);
        return fail_at(parser, line, sentence);
    }
    return BCUE_OK;
}

static bcue_status new_node(tree_parser *parser, bcue_node_kind kind, size_t line, bcue_config_node **node)
{
    if (++parser->node_count > MOST_NODES)
        return fail_at(parser, line, "more than 1000000 values; this is not a configuration file");
    bcue_config_node *made = bcue_arena_alloc(parser->arena, 1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(parser->error, parser->source);
    made->kind = kind;
    made->line = parser->lines ? line : 0;
    made->source = parser->source;
    *node = made;
    return BCUE_OK;
}

static void append_child(bcue_config_node *parent, bcue_config_node *child)
{
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->count++;
}

static bcue_status copy_scalar(tree_parser *parser, const yaml_event_t *event, size_t line, const char **text)
{
    const char *value = (const char *)event->data.scalar.value;
    if (strlen(value) != event->data.scalar.length)
        return fail_at(parser, line, "the value contains a NUL character");
    *text = bcue_arena_strdup(parser->arena, value);
    return *text != NULL ? BCUE_OK : bcue_fail_memory(parser->error, parser->source);
}

static int compare_keys(const void *a, const void *b)
{
    const bcue_config_node *left = *(bcue_config_node *const *)a, *right = *(bcue_config_node *const *)b;
    int order = strcmp(left->key, right->key);
    return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

static bcue_status refuse_duplicates(tree_parser *parser, const bcue_config_node *map)
{
    if (map->count < 2)
        return BCUE_OK;
    bcue_config_node **sorted = bcue_calloc(map->count, sizeof(bcue_config_node *));
    if (sorted == NULL)
        return bcue_fail_memory(parser->error, parser->source);
    size_t count = 0;
    for (bcue_config_node *child = map->first; child != NULL; child = child->next)
        sorted[count++] = child;
    qsort(sorted, count, sizeof *sorted, compare_keys);
    bcue_status status = BCUE_OK;
    for (size_t i = 1; i < count && status == BCUE_OK; i++) {
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) != 0)
            continue;
        char name[48], sentence[160];
        bcue_config_quote(sorted[i]->key, name, sizeof name);
        (void)snprintf(sentence, sizeof sentence, "duplicate key '%s', first given on line %zu; remove one",
                       name, sorted[i - 1]->line);
        status = fail_at(parser, sorted[i]->line, sentence);
    }
    free(sorted);
    return status;
}

static bcue_status parse_value(tree_parser *parser, yaml_event_t *event, int depth, bcue_config_node **node);

static bcue_status parse_list(tree_parser *parser, int depth, bcue_config_node *list)
{
    for (;;) {
        yaml_event_t event;
        BCUE_TRY(next_event(parser, &event));
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return BCUE_OK;
        }
        bcue_config_node *item = NULL;
        BCUE_TRY(parse_value(parser, &event, depth, &item));
        append_child(list, item);
    }
}

static bcue_status parse_map(tree_parser *parser, int depth, bcue_config_node *map)
{
    for (;;) {
        yaml_event_t event;
        BCUE_TRY(next_event(parser, &event));
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return refuse_duplicates(parser, map);
        }
        bcue_config_node *key = NULL, *value = NULL;
        size_t line = event.start_mark.line + 1;
        BCUE_TRY(parse_value(parser, &event, depth, &key));
        if (key->kind != BCUE_NODE_SCALAR)
            return fail_at(parser, line, "a list or section stands where a key is expected");
        BCUE_TRY(next_event(parser, &event));
        BCUE_TRY(parse_value(parser, &event, depth, &value));
        value->key = key->text;
        value->line = key->line;
        append_child(map, value);
    }
}

/* Consumes the event. */
static bcue_status parse_value(tree_parser *parser, yaml_event_t *event, int depth, bcue_config_node **node)
{
    size_t line = event->start_mark.line + 1;
    yaml_event_type_t type = event->type;
    bcue_status status = BCUE_OK;
    *node = NULL;
    if (type == YAML_ALIAS_EVENT) {
        status = refuse_extras(parser, event->data.alias.anchor, NULL, line);
    } else if (type == YAML_SCALAR_EVENT) {
        status = refuse_extras(parser, event->data.scalar.anchor, event->data.scalar.tag, line);
        if (status == BCUE_OK)
            status = new_node(parser, BCUE_NODE_SCALAR, line, node);
        if (*node != NULL) {
            (*node)->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
            status = copy_scalar(parser, event, line, &(*node)->text);
        }
    } else {
        bool map = type == YAML_MAPPING_START_EVENT;
        status =
            refuse_extras(parser, map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
                          map ? event->data.mapping_start.tag : event->data.sequence_start.tag, line);
        if (status == BCUE_OK && depth >= DEEPEST)
            status = fail_at(parser, line, "nested more than 32 levels deep");
        if (status == BCUE_OK)
            status = new_node(parser, map ? BCUE_NODE_MAP : BCUE_NODE_LIST, line, node);
    }
    yaml_event_delete(event);
    if (status != BCUE_OK || type == YAML_SCALAR_EVENT)
        return status;
    return type == YAML_MAPPING_START_EVENT ? parse_map(parser, depth + 1, *node)
                                            : parse_list(parser, depth + 1, *node);
}

static bcue_status parse_stream(tree_parser *parser, bcue_config_node **root)
{
    for (;;) {
        yaml_event_t event;
        BCUE_TRY(next_event(parser, &event));
        yaml_event_type_t type = event.type;
        size_t line = event.start_mark.line + 1;
        if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_END_EVENT ||
            (type == YAML_DOCUMENT_START_EVENT && *root == NULL)) {
            yaml_event_delete(&event);
        } else if (type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&event);
            return BCUE_OK;
        } else if (type == YAML_DOCUMENT_START_EVENT) {
            yaml_event_delete(&event);
            return fail_at(parser, line,
                           "a second YAML document begins here; a configuration is one document");
        } else {
            BCUE_TRY(parse_value(parser, &event, 0, root));
        }
    }
}

bcue_status bcue_config_tree_parse(bcue_arena *arena, const char *text, size_t size, const char *source,
                                   bool lines, bcue_config_node **root, bcue_error *error)
{
    tree_parser parser = {
        .arena = arena, .text = text, .size = size, .source = source, .lines = lines, .error = error};
    *root = NULL;
    if (!yaml_parser_initialize(&parser.yaml))
        return bcue_fail_memory(error, source);
    yaml_parser_set_input_string(&parser.yaml, (const unsigned char *)text, size);
    bcue_status status = parse_stream(&parser, root);
    yaml_parser_delete(&parser.yaml);
    if (status == BCUE_OK && *root == NULL) {
        status = new_node(&parser, BCUE_NODE_SCALAR, 1, root);
        if (*root != NULL)
            (*root)->text = "";
    }
    return status;
}

/* Overrides */

typedef struct override {
    bcue_arena *arena;
    const char *source; /* "--set a.b" */
    bcue_error *error;
} override;

static void mark_fallback(bcue_config_node *node)
{
    node->from_fallback = true;
    for (bcue_config_node *child = node->first; child != NULL; child = child->next)
        mark_fallback(child);
}

static bcue_node_kind kind_of_field(const bcue_config_field *field)
{
    if (field == NULL)
        return BCUE_NODE_MAP;
    return field->type == BCUE_CONFIG_SECTION_LIST || field->type == BCUE_CONFIG_INT_LIST ||
                   field->type == BCUE_CONFIG_DOUBLE_LIST || field->type == BCUE_CONFIG_STRING_LIST
               ? BCUE_NODE_LIST
               : BCUE_NODE_MAP;
}

static void replace_child(bcue_config_node *parent, bcue_config_node *old, bcue_config_node *value)
{
    value->next = old->next;
    if (parent->last == old)
        parent->last = value;
    if (parent->first == old) {
        parent->first = value;
        return;
    }
    bcue_config_node *before = parent->first;
    while (before->next != old)
        before = before->next;
    before->next = value;
}

/* The child `name` of a map or list; NULL when it is not there (then it may be appended). */
static bcue_status find_child(const override *to, const bcue_config_node *node, const char *name,
                              bcue_config_node **child)
{
    if (node->kind == BCUE_NODE_MAP) {
        *child = bcue_config_tree_child(node, name);
        return BCUE_OK;
    }
    int64_t index;
    if (!bcue_parse_int64(name, &index) || index < 0 || (uint64_t)index > node->count)
        return bcue_fail(to->error, BCUE_ERROR_CONFIG,
                         "%s: '%s' is no index into a list of %zu items; count from 0, %zu appends one",
                         to->source, name, node->count, node->count);
    *child = bcue_config_tree_item(node, (size_t)index);
    return BCUE_OK;
}

static bcue_status put_value(const override *to, bcue_config_node *node, const char *name,
                             bcue_config_node *value)
{
    bcue_config_node *old;
    BCUE_TRY(find_child(to, node, name, &old));
    value->key = node->kind == BCUE_NODE_MAP ? name : NULL;
    if (old != NULL)
        replace_child(node, old, value);
    else
        append_child(node, value);
    return BCUE_OK;
}

/* Go to the child `name`, making it when it is not there: from its default, so that "list.0.key" finds its
   item. */
static bcue_status step_into(const override *to, const bcue_config_field *field, bcue_config_node *node,
                             const char *name, bcue_config_node **child)
{
    bcue_config_node *found;
    BCUE_TRY(find_child(to, node, name, &found));
    if (found == NULL) {
        if (field != NULL && field->fallback != NULL) {
            BCUE_TRY(bcue_config_tree_parse(to->arena, field->fallback, strlen(field->fallback), to->source,
                                            false, &found, to->error));
            mark_fallback(found);
        } else {
            found = bcue_config_tree_map(to->arena, to->source);
        }
        if (found == NULL)
            return bcue_fail_memory(to->error, to->source);
        if (field == NULL || field->fallback == NULL)
            found->kind = kind_of_field(field);
        found->key = node->kind == BCUE_NODE_MAP ? name : NULL;
        append_child(node, found);
    }
    if (bcue_config_tree_is_null(found))
        found->kind = kind_of_field(field);
    if (found->kind == BCUE_NODE_SCALAR)
        return bcue_fail(to->error, BCUE_ERROR_CONFIG, "%s: '%s' is a single value and has no keys",
                         to->source, name);
    found->from_fallback = false;
    *child = found;
    return BCUE_OK;
}

/* `path` is cut up at its dots and stays in use as keys. */
static bcue_status set_path(const override *to, bcue_config_node *node, const bcue_config_field *fields,
                            char *path, bcue_config_node *value)
{
    const bcue_config_field *list = NULL; /* the schema of `node` when it is a list of sections */
    for (char *name = path;;) {
        char *dot = strchr(name, '.');
        if (dot != NULL)
            *dot = '\0';
        if (name[0] == '\0')
            return bcue_fail(to->error, BCUE_ERROR_CONFIG, "%s: empty key; write section.key=value",
                             to->source);
        if (dot == NULL)
            return put_value(to, node, name, value);
        const bcue_config_field *field = NULL;
        if (node->kind == BCUE_NODE_MAP && fields != NULL)
            field = bcue_config_find_field(fields, name);
        if (node->kind == BCUE_NODE_LIST)
            fields = list != NULL ? list->fields : NULL;
        else
            fields = field != NULL && field->type == BCUE_CONFIG_SECTION ? field->fields : NULL;
        BCUE_TRY(step_into(to, field, node, name, &node));
        list = field != NULL && field->type == BCUE_CONFIG_SECTION_LIST ? field : NULL;
        name = dot + 1;
        if (field != NULL && field->type == BCUE_CONFIG_MAP)
            return put_value(to, node, name, value); /* free keys may contain dots */
    }
}

bcue_status bcue_config_tree_override(bcue_arena *arena, bcue_config_node *root,
                                      const bcue_config_field *fields, const char *assignment,
                                      bcue_error *error)
{
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment) {
        char quoted[80];
        bcue_config_quote(assignment, quoted, sizeof quoted);
        return bcue_fail(error, BCUE_ERROR_CONFIG, "--set '%s': write section.key=value", quoted);
    }
    int key_size = equals - assignment > 1000 ? 1000 : (int)(equals - assignment);
    override to = {arena, bcue_arena_printf(arena, "--set %.*s", key_size, assignment), error};
    char *path = bcue_arena_printf(arena, "%.*s", key_size, assignment);
    if (to.source == NULL || path == NULL)
        return bcue_fail_memory(error, "--set");
    bcue_config_node *value = NULL;
    BCUE_TRY(bcue_config_tree_parse(arena, equals + 1, strlen(equals + 1), to.source, false, &value, error));
    return set_path(&to, root, fields, path, value);
}
