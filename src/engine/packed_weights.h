/* Weights as inference plans want them: batch norms folded in, in the layouts of the kernels. A store is
   shared by all plans of one set of weights, so that a second plan costs no second copy. */
#ifndef BCUE_ENGINE_PACKED_WEIGHTS_H
#define BCUE_ENGINE_PACKED_WEIGHTS_H

#include <stddef.h>
#include "beamcue/status.h"

typedef struct bcue_packed_weights bcue_packed_weights;

/* `released`, if not NULL, is called with `cookie` now and then while weights are packed, by the packing
   thread: the memory of the weights that were read so far may go. Plans from any thread may use the store;
   one packs at a time. The caller destroys it after the last of them. */
bcue_status bcue_packed_weights_create(void (*released)(void *cookie), void *cookie,
                                       bcue_packed_weights **store, bcue_error *error);
void bcue_packed_weights_destroy(bcue_packed_weights *store); /* NULL is fine */
size_t bcue_packed_weights_bytes(bcue_packed_weights *store);

#endif
