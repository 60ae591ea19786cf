/* The tree between YAML text and the typed struct; seen only by the config_*.c files. */
#ifndef BCUE_BASE_CONFIG_TREE_H
#define BCUE_BASE_CONFIG_TREE_H

#include "base/config.h"
#include "base/memory.h"

typedef enum bcue_node_kind { BCUE_NODE_SCALAR, BCUE_NODE_LIST, BCUE_NODE_MAP } bcue_node_kind;

/* Lives in an arena. Children form a list in file order; `key` is set when the parent is a map. */
typedef struct bcue_config_node {
    bcue_node_kind kind;
    bool quoted;        /* scalar in quotes or a block: never null, a number or a truth value */
    bool from_fallback; /* copied from a default, not given by the user */
    size_t line;        /* of the key (of the item in a list); 0: not from a file */
    const char *source; /* file name or "--set key" */
    const char *key;
    const char *text; /* scalar */
    struct bcue_config_node *first, *last, *next;
    size_t count;
} bcue_config_node;

/* Parse YAML text into a tree. Refused: anchors, aliases, tags, duplicate keys, keys that are no scalars,
   more than one document, deep nesting, more than a million values. `lines` false: errors and nodes carry
   `source` alone. */
bcue_status bcue_config_tree_parse(bcue_arena *arena, const char *text, size_t size, const char *source,
                                   bool lines, bcue_config_node **root, bcue_error *error);
/* Put one override "a.b=c" into the tree. */
bcue_status bcue_config_tree_override(bcue_arena *arena, bcue_config_node *root,
                                      const bcue_config_field *fields, const char *assignment,
                                      bcue_error *error);
bcue_config_node *bcue_config_tree_map(bcue_arena *arena,
                                       const char *source); /* empty map; NULL: no memory */
bcue_config_node *bcue_config_tree_child(const bcue_config_node *map, const char *key);
bcue_config_node *bcue_config_tree_item(const bcue_config_node *list, size_t index);
bool bcue_config_tree_is_null(const bcue_config_node *node);

/* "file:line" or the source alone, into a buffer of `size` bytes. */
void bcue_config_tree_where(const bcue_config_node *node, char *buffer, size_t size);
/* Copy for a message: at most `size` - 1 bytes, cut with "...", control characters shown as '?'. */
void bcue_config_quote(const char *text, char *buffer, size_t size);
/* "an integer from 1 to 10" */
void bcue_config_expectation(const bcue_config_field *field, bcue_text *out);
const bcue_config_field *bcue_config_find_field(const bcue_config_field *fields, const char *name);

#endif
