#include "models/pruned.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PART(field) offsetof(bcue_pruned_part, field)
const bcue_config_field bcue_pruned_part_fields[] = {
    {.name = "part",
     .type = BCUE_CONFIG_STRING,
     .offset = PART(part),
     .required = true,
     .help = "fusion.1 .. fusion.4, camera.1 .. camera.4, lidar.1 .., radar.1 .."},
    {.name = "keep",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = PART(keep),
     .fallback = "[]",
     .minimum = 0,
     .maximum = 4095,
     .help = "channels left of the tokens (fusion) or of the stage (trunks), ascending; empty: all"},
    {.name = "qk",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = PART(qk),
     .fallback = "[]",
     .minimum = 1,
     .maximum = 4096,
     .help = "fusion, one for each block: numbers of a query and of a key in each head; empty: D / heads"},
    {.name = "value",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = PART(value),
     .fallback = "[]",
     .minimum = 1,
     .maximum = 4096,
     .help = "fusion, one for each block: numbers of a value in each head; empty: D / heads"},
    {.name = "inner",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = PART(inner),
     .fallback = "[]",
     .minimum = 1,
     .maximum = 65536,
     .help = "one for each block: feed-forward neurons (fusion), channels between the convolutions (trunks); "
             "empty: as unpruned"},
    {0}};

const bcue_pruned_part *bcue_pruned_find(const bcue_section_list *parts, const char *name, int stage)
{
    static const bcue_pruned_part whole = {0};
    const bcue_pruned_part *items = parts->items;
    char wanted[32];
    snprintf(wanted, sizeof wanted, "%s.%d", name, stage);
    for (size_t i = 0; i < parts->count; i++) {
        if (strcmp(items[i].part, wanted) == 0)
            return &items[i];
    }
    return &whole;
}

int64_t bcue_pruned_width(const bcue_int_list *list, int64_t index, int64_t otherwise)
{
    return index >= 0 && (size_t)index < list->count ? list->items[index] : otherwise;
}

int64_t bcue_pruned_kept(const bcue_int_list *keep, int64_t all)
{
    return keep->count > 0 ? (int64_t)keep->count : all;
}
