#include "api/sample_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

static int by_id(const void *a, const void *b)
{
    return strcmp((*(const bcue_sample *const *)a)->id, (*(const bcue_sample *const *)b)->id);
}

static int id_against(const void *id, const void *sample)
{
    return strcmp(id, (*(const bcue_sample *const *)sample)->id);
}

bcue_status bcue_sample_lookup_make(const bcue_dataset *dataset, bcue_sample_lookup *lookup,
                                    bcue_error *error)
{
    const size_t count = bcue_dataset_count(dataset);
    *lookup = (bcue_sample_lookup){bcue_calloc(count, sizeof *lookup->sorted), count};
    if (lookup->sorted == NULL)
        return bcue_fail_memory(error, "the samples by id");
    for (size_t i = 0; i < count; i++)
        lookup->sorted[i] = bcue_dataset_sample(dataset, i);
    qsort(lookup->sorted, count, sizeof *lookup->sorted, by_id);
    return BCUE_OK;
}

void bcue_sample_lookup_free(bcue_sample_lookup *lookup)
{
    free(lookup->sorted);
    *lookup = (bcue_sample_lookup){0};
}

const bcue_sample *bcue_sample_find(const bcue_sample_lookup *lookup, const char *id)
{
    const bcue_sample *const *at =
        bsearch(id, lookup->sorted, lookup->count, sizeof *lookup->sorted, id_against);
    return at != NULL ? *at : NULL;
}
