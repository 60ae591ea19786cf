/* The store of packed weights as the oneDNN engine uses it. */
#ifndef BCUE_ENGINE_ONEDNN_PACKED_H
#define BCUE_ENGINE_ONEDNN_PACKED_H

#include <dnnl.h>
#include <stdbool.h>
#include "engine/packed_weights.h"

/* What a piece of packed memory holds: `source` in layout `desc`, changed by `fold` (NULL: not). The pointers
   are those of the weights' data and only names: equal pointers mean equal contents. */
typedef struct bcue_packed_key {
    const void *source, *fold;
    dnnl_memory_desc_t desc;
} bcue_packed_key;

/* Only one thread at a time may make a plan with the store. */
void bcue_packed_weights_lock(bcue_packed_weights *store);
void bcue_packed_weights_unlock(bcue_packed_weights *store);

/* With the lock: the memory for this key; *filled says whether it holds it already. NULL: no memory. */
void *bcue_packed_weights_find(bcue_packed_weights *store, const bcue_packed_key *key, bool *filled);
/* With the lock, when a plan is made, or when that failed: has the memory that it found been filled? */
void bcue_packed_weights_settle(bcue_packed_weights *store, bool filled);
/* With the lock: the weights that were read so far are not needed for a while. */
void bcue_packed_weights_release(bcue_packed_weights *store);

#endif
