#include "engine/onednn_packed.h"

#include <pthread.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

typedef struct piece {
    bcue_packed_key key;
    void *memory;
    size_t bytes;
    bool filled, found; /* found: by the plan that is being made */
} piece;

struct bcue_packed_weights {
    pthread_mutex_t lock;
    void (*released)(void *cookie);
    void *cookie;
    piece *pieces;
    size_t count, capacity, bytes;
};

bcue_status bcue_packed_weights_create(void (*released)(void *cookie), void *cookie,
                                       bcue_packed_weights **store, bcue_error *error)
{
    *store = bcue_calloc(1, sizeof **store);
    if (*store == NULL)
        return bcue_fail_memory(error, "the packed weights");
    (*store)->released = released;
    (*store)->cookie = cookie;
    if (pthread_mutex_init(&(*store)->lock, NULL) != 0) {
        free(*store);
        *store = NULL;
        return bcue_fail(error, BCUE_ERROR_INTERNAL, "cannot make a lock for the packed weights");
    }
    return BCUE_OK;
}

void bcue_packed_weights_destroy(bcue_packed_weights *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < store->count; i++)
        bcue_pages_free(store->pieces[i].memory, store->pieces[i].bytes);
    free(store->pieces);
    (void)pthread_mutex_destroy(&store->lock);
    free(store);
}

size_t bcue_packed_weights_bytes(bcue_packed_weights *store)
{
    bcue_packed_weights_lock(store);
    const size_t bytes = store->bytes;
    bcue_packed_weights_unlock(store);
    return bytes;
}

void bcue_packed_weights_lock(bcue_packed_weights *store)
{
    (void)pthread_mutex_lock(&store->lock);
}

void bcue_packed_weights_unlock(bcue_packed_weights *store)
{
    (void)pthread_mutex_unlock(&store->lock);
}

void *bcue_packed_weights_find(bcue_packed_weights *store, const bcue_packed_key *key, bool *filled)
{
    for (size_t i = 0; i < store->count; i++) {
        piece *p = &store->pieces[i];
        if (p->key.source == key->source && p->key.fold == key->fold &&
            dnnl_memory_desc_equal(&p->key.desc, &key->desc)) {
            *filled = p->filled;
            p->found = true;
            return p->memory;
        }
    }
    *filled = false;
    void *grown = store->pieces;
    if (!bcue_grow(&grown, &store->capacity, store->count + 1, sizeof *store->pieces))
        return NULL;
    store->pieces = grown;
    const size_t bytes = dnnl_memory_desc_get_size(&key->desc);
    void *memory = bcue_pages_alloc(bytes);
    if (memory != NULL) {
        store->pieces[store->count++] = (piece){*key, memory, bytes, false, true};
        store->bytes += bytes;
    }
    return memory;
}

void bcue_packed_weights_settle(bcue_packed_weights *store, bool filled)
{
    for (size_t i = 0; i < store->count; i++) {
        piece *p = &store->pieces[i];
        p->filled = p->filled || (p->found && filled);
        p->found = false;
    }
}

void bcue_packed_weights_release(bcue_packed_weights *store)
{
    if (store->released != NULL)
        store->released(store->cookie);
}
