/* Rays from the transmitter that are mirrored at what they meet, to find the sequences of surfaces that are
   too many to try. Only the sequences count: the points on them come from the image method. */
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "rays/path_rows.h"

enum { CHUNK_RAYS = 4096, DEFAULT_RAYS = 1000000, STRIDE = 987, SEEN_SLOTS = 4096 };
#define GOLDEN 0.61803398874989484820

typedef struct sequence {
    uint32_t surface[BCUE_PATH_MAX_REFLECTIONS];
    uint32_t order;
} sequence;

typedef struct sequence_list {
    sequence *all;
    size_t count, capacity;
} sequence_list;

typedef struct flight {
    bcue_vec3 origin, direction;
    sequence met;
    uint32_t transmissions;
} flight;

typedef struct flight_list {
    flight *all;
    size_t count, capacity;
} flight_list;

typedef struct launch {
    const bcue_search *s;
    size_t rays, rows; /* the lattice is walked along its spiral arms, so that neighbours come together */
    double turn;
    sequence_list *chunks;
    bool *failed;
} launch;

/* Sequences lately seen in this chunk, by hash. */
typedef struct chunk_work {
    const launch *l;
    sequence_list *out;
    sequence *seen;
    flight_list now, next;
} chunk_work;

static bcue_vec3 lattice(const launch *l, size_t i)
{
    double z = 1.0 - (2.0 * (double)i + 1.0) / (double)l->rays, turns = (double)i * GOLDEN + l->turn;
    double angle = 2.0 * BCUE_PI * (turns - floor(turns)), across = sqrt(fmax(0.0, 1.0 - z * z));
    return bcue_vec3_make(across * cos(angle), across * sin(angle), z);
}

static bool same(const sequence *a, const sequence *b)
{
    return a->order == b->order && memcmp(a->surface, b->surface, a->order * sizeof a->surface[0]) == 0;
}

static uint64_t hash_of(const sequence *q)
{
    uint64_t hash = q->order;
    for (uint32_t i = 0; i < q->order; i++) {
        hash = (hash ^ q->surface[i]) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    return hash;
}

static bool record(chunk_work *w, const sequence *q)
{
    sequence *slot = &w->seen[(hash_of(q) >> 20) % SEEN_SLOTS];
    if (same(slot, q))
        return true;
    *slot = *q;
    sequence_list *out = w->out;
    if (!bcue_grow((void **)&out->all, &out->capacity, out->count + 1, sizeof *q))
        return false;
    out->all[out->count++] = *q;
    return true;
}

static bool fly_on(flight_list *next, const flight *f)
{
    if (!bcue_grow((void **)&next->all, &next->capacity, next->count + 1, sizeof *f))
        return false;
    next->all[next->count++] = *f;
    return true;
}

/* What becomes of a flight at the surface that it meets. */
static bool meet(chunk_work *w, const flight *f, uint32_t surface, double distance)
{
    const bcue_search *s = w->l->s;
    const bcue_path_options *o = s->options;
    const bcue_placed_surface *at = &s->surfaces[surface];
    double along = bcue_vec3_dot(f->direction, at->normal);
    uint32_t total = f->met.order + f->transmissions + 1;
    if ((along > 0.0 && !at->two_sided) || (o->max_interactions > 0 && total > (uint32_t)o->max_interactions))
        return true;
    bcue_vec3 point = bcue_vec3_add(f->origin, bcue_vec3_scale(f->direction, distance));
    bcue_vec3 up = bcue_vec3_scale(at->normal, along > 0.0 ? -s->clearance_m : s->clearance_m);
    bool ok = true;
    if (f->met.order < (uint32_t)o->max_reflections) {
        flight mirrored = *f;
        mirrored.origin = bcue_vec3_add(point, up);
        mirrored.direction = bcue_vec3_sub(f->direction, bcue_vec3_scale(at->normal, 2.0 * along));
        mirrored.met.surface[mirrored.met.order++] = surface;
        if (mirrored.met.order > (uint32_t)s->complete_order)
            ok = record(w, &mirrored.met);
        if (ok && mirrored.met.order < (uint32_t)o->max_reflections)
            ok = fly_on(&w->next, &mirrored);
    }
    /* A surface that waves pass is met from both sides, but not every one that is met so lets them pass. */
    if (ok && f->transmissions < (uint32_t)o->max_transmissions && bcue_radio_passes(s->scene, surface)) {
        flight through = *f;
        through.origin = bcue_vec3_sub(point, up);
        through.transmissions++;
        ok = fly_on(&w->next, &through);
    }
    return ok;
}

static bool fly(chunk_work *w)
{
    bool ok = true;
    while (ok && w->now.count > 0) {
        w->next.count = 0;
        for (size_t first = 0; ok && first < w->now.count; first += BCUE_RADIO_LANES) {
            bcue_radio_packet packet = {.count = 0};
            for (size_t i = first; i < w->now.count && packet.count < BCUE_RADIO_LANES; i++) {
                packet.origin[packet.count] = w->now.all[i].origin;
                packet.direction[packet.count++] = w->now.all[i].direction;
            }
            bcue_radio_intersect(w->l->s->scene, &packet);
            for (int i = 0; ok && i < packet.count; i++)
                if (packet.surface[i] != BCUE_NO_SURFACE)
                    ok = meet(w, &w->now.all[first + (size_t)i], packet.surface[i], packet.distance[i]);
        }
        flight_list swap = w->now;
        w->now = w->next;
        w->next = swap;
    }
    return ok;
}

static void launch_chunk(void *context, size_t chunk)
{
    const launch *l = context;
    chunk_work w = {.l = l, .out = &l->chunks[chunk], .seen = bcue_calloc(SEEN_SLOTS, sizeof *w.seen)};
    bool ok = w.seen != NULL;
    for (size_t k = chunk * CHUNK_RAYS; ok && k < (chunk + 1) * CHUNK_RAYS; k++) {
        size_t i = k / l->rows + STRIDE * (k % l->rows);
        if (k / l->rows >= STRIDE || i >= l->rays)
            continue;
        flight f = {.origin = l->s->transmitter, .direction = lattice(l, i)};
        ok = fly_on(&w.now, &f);
    }
    ok = ok && fly(&w);
    l->failed[chunk] = !ok;
    free(w.seen);
    free(w.now.all);
    free(w.next.all);
}

/* ---- sequences to a tree of images ---- */

typedef struct trie {
    bcue_search *s;
    uint32_t *slots; /* node + 1; 0 = empty */
    size_t size;     /* a power of two */
} trie;

static size_t slot_of(const trie *t, uint32_t parent, uint32_t surface)
{
    uint64_t hash = ((uint64_t)parent << 32 | surface) * 0x9E3779B97F4A7C15u;
    size_t slot = (size_t)(hash >> 32) & (t->size - 1);
    for (; t->slots[slot] != 0; slot = (slot + 1) & (t->size - 1)) {
        const bcue_image_node *node = &t->s->launched.nodes[t->slots[slot] - 1];
        if (node->parent == parent && node->surface == surface)
            break;
    }
    return slot;
}

static bool grow_trie(trie *t)
{
    if (2 * (t->s->launched.count + 1) < t->size)
        return true;
    free(t->slots);
    t->size *= 2;
    t->slots = bcue_calloc(t->size, sizeof *t->slots);
    for (size_t i = 0; t->slots && i < t->s->launched.count; i++) {
        const bcue_image_node *node = &t->s->launched.nodes[i];
        t->slots[slot_of(t, node->parent, node->surface)] = (uint32_t)i + 1;
    }
    return t->slots != NULL;
}

static bool insert(trie *t, const sequence *q)
{
    bcue_image_tree *tree = &t->s->launched;
    uint32_t parent = BCUE_NO_NODE;
    for (uint32_t i = 0; i < q->order; i++) {
        if (!grow_trie(t))
            return false;
        size_t slot = slot_of(t, parent, q->surface[i]);
        if (t->slots[slot] == 0) {
            if (tree->count >= UINT32_MAX - 1 ||
                !bcue_grow((void **)&tree->nodes, &tree->capacity, tree->count + 1, sizeof *tree->nodes))
                return false;
            bcue_vec3 source = parent == BCUE_NO_NODE ? t->s->transmitter : tree->nodes[parent].image;
            tree->nodes[tree->count++] =
                (bcue_image_node){.image = bcue_mirror(&t->s->surfaces[q->surface[i]], source),
                                  .parent = parent,
                                  .surface = q->surface[i],
                                  .order = (uint8_t)(i + 1)};
            t->slots[slot] = (uint32_t)tree->count;
        }
        parent = t->slots[slot] - 1;
    }
    tree->nodes[parent].tried = true;
    return true;
}

static bool make_tree(bcue_search *s, const sequence_list *chunks, size_t count)
{
    trie t = {.s = s, .size = 1024};
    t.slots = bcue_calloc(t.size, sizeof *t.slots);
    bool ok = t.slots != NULL;
    for (size_t i = 0; ok && i < count; i++)
        for (size_t k = 0; ok && k < chunks[i].count; k++)
            ok = insert(&t, &chunks[i].all[k]);
    free(t.slots);
    return ok;
}

bcue_status bcue_launch(bcue_search *s, bcue_error *error)
{
    const bcue_path_options *o = s->options;
    if (o->max_reflections <= s->complete_order)
        return BCUE_OK;
    double turn = (double)(o->ray_seed % 1000003) * 0.75487766624669276;
    launch l = {.s = s, .rays = o->ray_count > 0 ? o->ray_count : DEFAULT_RAYS, .turn = turn - floor(turn)};
    l.rows = (l.rays + STRIDE - 1) / STRIDE;
    size_t count = (STRIDE * l.rows + CHUNK_RAYS - 1) / CHUNK_RAYS;
    l.chunks = bcue_calloc(count, sizeof *l.chunks);
    l.failed = bcue_calloc(count, sizeof *l.failed);
    bool ok = l.chunks && l.failed;
    if (ok) {
        bcue_parallel_for(count, 1, launch_chunk, &l);
        for (size_t i = 0; i < count; i++)
            ok = ok && !l.failed[i];
        ok = ok && make_tree(s, l.chunks, count) && bcue_rows_make(s, &s->launched);
    }
    for (size_t i = 0; l.chunks && i < count; i++)
        free(l.chunks[i].all);
    free(l.chunks);
    free(l.failed);
    s->rays = l.rays;
    return ok ? BCUE_OK : bcue_fail_memory(error, "the sequences of surfaces that rays meet");
}
