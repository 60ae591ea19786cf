/* Samples of a data set by their ids. */
#ifndef BCUE_API_SAMPLE_LOOKUP_H
#define BCUE_API_SAMPLE_LOOKUP_H

#include "dataset/recordings.h"

typedef struct bcue_sample_lookup {
    const bcue_sample **sorted; /* by id; the samples belong to the data set */
    size_t count;
} bcue_sample_lookup;

bcue_status bcue_sample_lookup_make(const bcue_dataset *dataset, bcue_sample_lookup *lookup,
                                    bcue_error *error);
void bcue_sample_lookup_free(bcue_sample_lookup *lookup);
const bcue_sample *bcue_sample_find(const bcue_sample_lookup *lookup, const char *id); /* NULL: none */

#endif
