/* Inside the room: what a split lets through from training to test. */
#ifndef BCUE_DATASET_LEAK_H
#define BCUE_DATASET_LEAK_H

#include "dataset/split.h"

/* Fill split->leak from its sides. Copies are found by their power vectors: measurements of 64 doubles do not
   repeat, so two samples whose vectors agree bit for bit, as they are or mirrored, are one sample and an
   augmented copy. */
bcue_status bcue_leak_check(const bcue_dataset *dataset, bcue_split *split, bcue_error *error);

#endif
