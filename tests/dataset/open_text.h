/* Test helper: read a YAML text into data and split configs and open the data set. */
#ifndef BCUE_TESTS_DATASET_OPEN_TEXT_H
#define BCUE_TESTS_DATASET_OPEN_TEXT_H

#include <stddef.h>

#include "base/config.h"
#include "dataset/split.h"

typedef struct test_config {
    bcue_data_config data;
    bcue_split_config split;
    bcue_feature_config features;
} test_config;

typedef struct test_opened {
    test_config config;
    bcue_config *origin;
    bcue_dataset *dataset;
    bcue_error error;
} test_opened;

static inline bcue_status test_open(const char *yaml, const bcue_hooks *hooks, test_opened *opened)
{
    static const bcue_config_field fields[] = {
        {.name = "data",
         .type = BCUE_CONFIG_SECTION,
         .offset = offsetof(test_config, data),
         .fields = bcue_data_config_fields,
         .help = "d"},
        {.name = "split",
         .type = BCUE_CONFIG_SECTION,
         .offset = offsetof(test_config, split),
         .fields = bcue_split_config_fields,
         .help = "s"},
        {.name = "features",
         .type = BCUE_CONFIG_SECTION,
         .offset = offsetof(test_config, features),
         .fields = bcue_feature_config_fields,
         .help = "f"},
        {0},
    };
    *opened = (test_opened){0};
    bcue_status status = bcue_config_read_text(yaml, strlen(yaml), "test.yaml", NULL, 0, fields,
                                               &opened->config, &opened->origin, &opened->error);
    if (status == BCUE_OK)
        status =
            bcue_dataset_open(&opened->config.data, opened->origin, hooks, &opened->dataset, &opened->error);
    return status;
}

static inline void test_close(test_opened *opened)
{
    bcue_dataset_destroy(opened->dataset);
    bcue_config_destroy(opened->origin);
    *opened = (test_opened){0};
}

#endif
