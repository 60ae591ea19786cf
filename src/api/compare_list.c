#include "api/compare_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum { MOST_RUNS = 10000, MOST_COMPARISONS = 100000 };

typedef struct listed {
    char *a, *b;
    bcue_string_list metrics;
} listed;

typedef struct compare_config {
    bcue_string_map runs, see_also;
    double alpha;
    int64_t draws, seed;
    bcue_section_list comparisons; /* listed */
} compare_config;

#define LISTED(field) offsetof(listed, field)
static const bcue_config_field listed_fields[] = {
    {.name = "a",
     .type = BCUE_CONFIG_STRING,
     .offset = LISTED(a),
     .required = true,
     .help = "a name of runs, or a folder of 'beamcue evaluate'"},
    {.name = "b",
     .type = BCUE_CONFIG_STRING,
     .offset = LISTED(b),
     .required = true,
     .help = "held against it"},
    {.name = "metrics",
     .type = BCUE_CONFIG_STRING_LIST,
     .offset = LISTED(metrics),
     .required = true,
     .help = "one comparison by each, e.g. [top_1, loss_db]"},
    {0}};

#define COMPARE(field) offsetof(compare_config, field)
const bcue_config_field bcue_compare_config_fields[] = {
    {.name = "runs",
     .type = BCUE_CONFIG_MAP,
     .offset = COMPARE(runs),
     .help = "name in the tables: folder of 'beamcue evaluate'"},
    {.name = "see_also",
     .type = BCUE_CONFIG_MAP,
     .offset = COMPARE(see_also),
     .help = "title: file; links at the head of the page, relative to its folder"},
    {.name = "alpha",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = COMPARE(alpha),
     .fallback = "0.05",
     .minimum = 1e-6,
     .maximum = 0.5,
     .help = "how often, at most, a winner may be named anywhere in the list where there is none"},
    {.name = "draws",
     .type = BCUE_CONFIG_INT,
     .offset = COMPARE(draws),
     .fallback = "10000",
     .minimum = 100,
     .maximum = 1e7,
     .help = "of the bootstrap"},
    {.name = "seed",
     .type = BCUE_CONFIG_INT,
     .offset = COMPARE(seed),
     .fallback = "1",
     .minimum = 0,
     .maximum = 1e15,
     .help = "of the bootstrap"},
    {.name = "comparisons",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = COMPARE(comparisons),
     .fields = listed_fields,
     .item_size = sizeof(listed),
     .required = true,
     .help = "what is asked; Holm's correction is over all of them"},
    {0}};

void bcue_compare_list_free(bcue_compare_list *list)
{
    for (size_t i = 0; i < list->run_count; i++) {
        free(list->folders[i]);
        free(list->names[i]);
    }
    for (size_t i = 0; i < list->see_also_count; i++) {
        free(list->see_also[i]);
        free(list->see_also_files[i]);
    }
    free(list->folders);
    free(list->names);
    free(list->entries);
    free(list->see_also);
    free(list->see_also_files);
    *list = (bcue_compare_list){0};
}

static bcue_status reserve(bcue_compare_list *list, size_t runs, size_t comparisons, bcue_error *error)
{
    list->folders = bcue_calloc(runs, sizeof *list->folders);
    list->names = bcue_calloc(runs, sizeof *list->names);
    list->entries = bcue_calloc(comparisons, sizeof *list->entries);
    return list->folders != NULL && list->names != NULL && list->entries != NULL
               ? BCUE_OK
               : bcue_fail_memory(error, "the comparisons");
}

void bcue_compare_list_drop(bcue_compare_list *list, bcue_metric_kind kind)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->entries[i].metric.kind != kind)
            list->entries[kept++] = list->entries[i];
    }
    list->count = kept;
}

/* ---- every pair ---- */

static bcue_status fill_pairs(const char *const *folders, size_t folder_count, const char *const *metrics,
                              size_t metric_count, bcue_compare_list *list, bcue_error *error)
{
    BCUE_TRY(reserve(list, folder_count, folder_count * (folder_count - 1) / 2 * metric_count, error));
    for (size_t i = 0; i < folder_count; i++) {
        list->folders[i] = bcue_strdup(folders[i]);
        list->run_count++;
        if (list->folders[i] == NULL)
            return bcue_fail_memory(error, "the comparisons");
    }
    for (size_t a = 0; a < folder_count; a++) {
        for (size_t b = a + 1; b < folder_count; b++) {
            for (size_t m = 0; m < metric_count; m++) {
                bcue_compare_entry *entry = &list->entries[list->count++];
                *entry = (bcue_compare_entry){.a = a, .b = b};
                BCUE_TRY(bcue_metric_parse(metrics[m], &entry->metric, error));
            }
        }
    }
    return BCUE_OK;
}

bcue_status bcue_compare_list_pairs(const char *const *folders, size_t folder_count,
                                    const char *const *metrics, size_t metric_count, bcue_compare_list *list,
                                    bcue_error *error)
{
    static const char *const usual[] = {"top_1", "loss_db", "dba"};
    *list = (bcue_compare_list){.usual_metrics = metric_count == 0, .bootstrap = {.seed = 1}};
    if (folder_count < 2)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "comparing needs at least two folders of 'beamcue evaluate'");
    if (folder_count > MOST_RUNS)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%zu folders are too many to compare in pairs",
                         folder_count);
    if (metric_count == 0) {
        metrics = usual;
        metric_count = sizeof usual / sizeof *usual;
    }
    bcue_status status = fill_pairs(folders, folder_count, metrics, metric_count, list, error);
    if (status != BCUE_OK)
        bcue_compare_list_free(list);
    return status;
}

/* ---- a file ---- */

static char *find_folder(const char *base, const char *folder)
{
    char *beside = folder[0] == '/' ? NULL : bcue_path_join(base, folder);
    if (beside != NULL && bcue_path_exists(beside))
        return beside;
    free(beside);
    return bcue_strdup(folder);
}

static bool same_folder(const char *a, const char *b)
{
    char *real_a = realpath(a, NULL), *real_b = realpath(b, NULL);
    const bool same = real_a != NULL && real_b != NULL && strcmp(real_a, real_b) == 0;
    free(real_a);
    free(real_b);
    return same;
}

static bcue_status add_run(bcue_compare_list *list, const char *base, const char *name, const char *folder,
                           bcue_error *error)
{
    const size_t i = list->run_count++;
    list->folders[i] = find_folder(base, folder);
    list->names[i] = name != NULL ? bcue_strdup(name) : NULL;
    if (list->folders[i] == NULL || (name != NULL && list->names[i] == NULL))
        return bcue_fail_memory(error, "the comparisons");
    return BCUE_OK;
}

/* The run that `text` means: a name of `runs`, or else a folder, which then becomes a run without a name. */
static bcue_status find_run(bcue_compare_list *list, const bcue_config *config, const char *base,
                            const char *key, const char *text, size_t *run, bcue_error *error)
{
    for (size_t i = 0; i < list->run_count; i++) {
        if (list->names[i] != NULL && strcmp(list->names[i], text) == 0) {
            *run = i;
            return BCUE_OK;
        }
    }
    char *folder = find_folder(base, text);
    if (folder == NULL)
        return bcue_fail_memory(error, "the comparisons");
    bcue_status status = BCUE_OK;
    size_t i = 0;
    while (i < list->run_count && !same_folder(list->folders[i], folder))
        i++;
    if (i == list->run_count && !bcue_path_exists(folder)) {
        size_t named = 0; /* those of `runs` come first */
        while (named < list->run_count && list->names[named] != NULL)
            named++;
        const char *near = bcue_nearest_word(text, (const char *const *)list->names, named);
        status = bcue_config_fail(config, error, key, "'%s' is neither a name of runs nor a folder%s%s", text,
                                  near != NULL ? "; did you mean " : "", near != NULL ? near : "");
    } else if (i == list->run_count) {
        status = add_run(list, base, NULL, text, error);
    }
    *run = i;
    free(folder);
    return status;
}

static bool asked_before(const bcue_compare_list *list, const bcue_compare_entry *entry)
{
    char name[BCUE_METRIC_NAME_SIZE], other[BCUE_METRIC_NAME_SIZE];
    bcue_metric_name(entry->metric, name);
    for (size_t i = 0; i < list->count; i++) {
        const bcue_compare_entry *old = &list->entries[i];
        bcue_metric_name(old->metric, other);
        if (((old->a == entry->a && old->b == entry->b) || (old->a == entry->b && old->b == entry->a)) &&
            strcmp(name, other) == 0)
            return true;
    }
    return false;
}

static bcue_status add_listed(bcue_compare_list *list, const bcue_config *config, const char *base,
                              const listed *item, size_t index, bcue_error *error)
{
    char a[64], b[64], metrics[64];
    snprintf(a, sizeof a, "comparisons.%zu.a", index);
    snprintf(b, sizeof b, "comparisons.%zu.b", index);
    snprintf(metrics, sizeof metrics, "comparisons.%zu.metrics", index);
    bcue_compare_entry entry = {0};
    BCUE_TRY(find_run(list, config, base, a, item->a, &entry.a, error));
    BCUE_TRY(find_run(list, config, base, b, item->b, &entry.b, error));
    if (entry.a == entry.b)
        return bcue_config_fail(config, error, b, "is the same run as a");
    if (item->metrics.count == 0)
        return bcue_config_fail(config, error, metrics, "needs at least one metric, e.g. [top_1]");
    for (size_t m = 0; m < item->metrics.count; m++) {
        bcue_error inner = {""};
        if (bcue_metric_parse(item->metrics.items[m], &entry.metric, &inner) != BCUE_OK)
            return bcue_config_fail(config, error, metrics, "%s", inner.text);
        if (asked_before(list, &entry))
            return bcue_config_fail(config, error, metrics,
                                    "%s of these two is asked twice; list every question once, because each "
                                    "makes the others dearer",
                                    item->metrics.items[m]);
        list->entries[list->count++] = entry;
    }
    return BCUE_OK;
}

static bcue_status fill_list(const compare_config *given, const bcue_config *config, const char *base,
                             bcue_compare_list *list, bcue_error *error)
{
    const listed *items = given->comparisons.items;
    size_t most = 0;
    if (given->comparisons.count == 0)
        return bcue_config_fail(config, error, "comparisons", "lists no comparison");
    for (size_t i = 0; i < given->comparisons.count; i++)
        most += items[i].metrics.count;
    if (most > MOST_COMPARISONS || given->comparisons.count > MOST_RUNS || given->runs.count > MOST_RUNS)
        return bcue_config_fail(config, error, "comparisons", "%zu are too many", most);
    BCUE_TRY(reserve(list, given->runs.count + 2 * given->comparisons.count, most + 1, error));
    for (size_t i = 0; i < given->runs.count; i++)
        BCUE_TRY(add_run(list, base, given->runs.keys[i], given->runs.values[i], error));
    for (size_t i = 0; i < given->comparisons.count; i++)
        BCUE_TRY(add_listed(list, config, base, &items[i], i, error));
    return BCUE_OK;
}

/* Links lead to files beside the page, nowhere else. */
static bcue_status take_links(const bcue_string_map *given, const bcue_config *config,
                              bcue_compare_list *list, bcue_error *error)
{
    list->see_also = bcue_calloc(given->count, sizeof *list->see_also);
    list->see_also_files = bcue_calloc(given->count, sizeof *list->see_also_files);
    if (list->see_also == NULL || list->see_also_files == NULL)
        return bcue_fail_memory(error, "the links");
    for (size_t i = 0; i < given->count; i++) {
        const char *file = given->values[i];
        if (file[0] == '\0' || file[0] == '/' || strchr(file, ':') != NULL)
            return bcue_config_fail(config, error, "see_also",
                                    "'%s' is not a file beside the page; give a relative name", file);
        list->see_also[i] = bcue_strdup(given->keys[i]);
        list->see_also_files[i] = bcue_strdup(file);
        list->see_also_count++;
        if (list->see_also[i] == NULL || list->see_also_files[i] == NULL)
            return bcue_fail_memory(error, "the links");
    }
    return BCUE_OK;
}

bcue_status bcue_compare_list_read(const char *path, bcue_compare_list *list, bcue_error *error)
{
    compare_config given;
    bcue_config *config;
    *list = (bcue_compare_list){0};
    BCUE_TRY(bcue_config_read(path, NULL, 0, bcue_compare_config_fields, &given, &config, error));
    char *base = bcue_path_dirname(path);
    *list = (bcue_compare_list){.path = path,
                                .alpha = given.alpha,
                                .bootstrap = {.draws = (uint32_t)given.draws, .seed = (uint64_t)given.seed}};
    bcue_status status = base == NULL ? bcue_fail_memory(error, "the comparisons")
                                      : fill_list(&given, config, base, list, error);
    if (status == BCUE_OK)
        status = take_links(&given.see_also, config, list, error);
    free(base);
    bcue_config_destroy(config);
    if (status != BCUE_OK)
        bcue_compare_list_free(list);
    return status;
}
