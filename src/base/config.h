/* YAML configuration, read against a schema into a plain struct.
   A schema is a table of fields; each field says key, type, place in the struct, range, default and one line
   of help. Unknown keys (with the nearest known one), wrong types and values out of range are errors that
   name file, line and what was expected. */
#ifndef BCUE_BASE_CONFIG_H
#define BCUE_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/text.h"
#include "beamcue/status.h"

typedef enum bcue_config_type {
    BCUE_CONFIG_BOOL,         /* bool */
    BCUE_CONFIG_INT,          /* int64_t */
    BCUE_CONFIG_DOUBLE,       /* double */
    BCUE_CONFIG_STRING,       /* char * (owned by the config; NULL when absent) */
    BCUE_CONFIG_CHOICE,       /* int: index into `choices` */
    BCUE_CONFIG_INT_LIST,     /* bcue_int_list; a single value is a list of one */
    BCUE_CONFIG_DOUBLE_LIST,  /* bcue_double_list */
    BCUE_CONFIG_STRING_LIST,  /* bcue_string_list */
    BCUE_CONFIG_SECTION,      /* nested struct described by `fields` */
    BCUE_CONFIG_SECTION_LIST, /* bcue_section_list of structs of `item_size` described by `fields` */
    BCUE_CONFIG_MAP,          /* bcue_string_map: free keys, string values (e.g. column names) */
} bcue_config_type;

typedef struct bcue_int_list {
    int64_t *items;
    size_t count;
} bcue_int_list;
typedef struct bcue_double_list {
    double *items;
    size_t count;
} bcue_double_list;
typedef struct bcue_string_list {
    char **items;
    size_t count;
} bcue_string_list;
typedef struct bcue_section_list {
    void *items;
    size_t count;
} bcue_section_list;
typedef struct bcue_string_map {
    char **keys;
    char **values;
    size_t count;
} bcue_string_map;

typedef struct bcue_config_field {
    const char *name;
    bcue_config_type type;
    size_t offset;              /* offsetof in the struct */
    const char *fallback;       /* default as YAML text ("0.1", "[1, 2]"); NULL: absent = zero/NULL/empty */
    double minimum, maximum;    /* INT, DOUBLE and their lists; both 0 = any */
    const char *const *choices; /* CHOICE: NULL-terminated */
    const struct bcue_config_field *fields; /* SECTION, SECTION_LIST: ends with name NULL */
    size_t item_size;                       /* SECTION_LIST */
    bool required;
    bool late; /* INT, DOUBLE, BOOL, SECTION: not written while it is the default, see bcue_config_write */
    const char *help; /* one line: meaning and unit */
} bcue_config_field;

/* Where values came from, so that later checks can say file:line too. Owns every string and list of the
   struct. */
typedef struct bcue_config bcue_config;

/* Fill `target` (zeroed first, then defaults) from a YAML file and `overrides` ("a.b=c", YAML values; later
   ones win; "list.0.key=v" reaches into section lists). `path` NULL: defaults and overrides only. On success
   the caller destroys `*config` when `target` is no longer used; on failure the fields are zero. A required
   key is required even when its section is absent. `key:` without a value is an empty section, list or map, a
   NULL text, and an error for the rest. --set of a list or section replaces it whole; a step into it starts
   from what is given or from its default; the index after the last item appends one. */
bcue_status bcue_config_read(const char *path, const char *const *overrides, size_t override_count,
                             const bcue_config_field *fields, void *target, bcue_config **config,
                             bcue_error *error);
/* The same from text; `name` stands for the file in messages. */
bcue_status bcue_config_read_text(const char *text, size_t size, const char *name,
                                  const char *const *overrides, size_t override_count,
                                  const bcue_config_field *fields, void *target, bcue_config **config,
                                  bcue_error *error);
void bcue_config_destroy(bcue_config *config); /* NULL is fine; frees all that `target` points to */

/* "file:line" of a dotted key ("train.epochs"), or "file" when it was not given, or "--set key". Valid while
   config lives; not from two threads at once. */
const char *bcue_config_where(const bcue_config *config, const char *key);
/* Was the key given by the user (file or override)? */
bool bcue_config_given(const bcue_config *config, const char *key);
/* A copy of `text` that lives as long as the config, for values filled in after reading. NULL: out of memory.
 */
char *bcue_config_strdup(bcue_config *config, const char *text);
/* Fail with "where: key: sentence". */
BCUE_PRINTF(4, 5)
bcue_status bcue_config_fail(const bcue_config *config, bcue_error *error, const char *key,
                             const char *format, ...);

#ifdef __clang_analyzer__ /* see base/fail.h */
#define bcue_config_fail(config, error, key, ...)                                                            \
    (bcue_config_fail(config, error, key, __VA_ARGS__), BCUE_ERROR_CONFIG)
#endif

/* The effective configuration as YAML: every key with its value. Reading it back gives the same struct. Keys
   that are `late` are left out while they have their default, so that configurations from before there were
   such keys give the same text, and the same hash. */
void bcue_config_write(const bcue_config_field *fields, const void *target, bcue_text *out);
/* The same without all keys that have their default: two programs of which the newer one knows more keys write
   the same text. Keys of the type CHOICE go by their word. */
void bcue_config_write_given(const bcue_config_field *fields, const void *target, bcue_text *out);
/* Reference text: every key with type, range, default and help, indented as YAML. */
void bcue_config_describe(const bcue_config_field *fields, bcue_text *out);

#endif
