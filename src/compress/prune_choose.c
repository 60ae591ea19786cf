#include "compress/prune_choose.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"

enum { MOST_GROUPS = 64 }; /* blocks of one stage */

/* Consecutive ranks of one group (rank 0 is worth least) that go together. */
typedef struct chunk {
    double score; /* mean over its ranks, summed over the heads */
    size_t group;
    int64_t first, count;
} chunk;

/* Groups of one kind whose units compete. */
typedef struct pool {
    bcue_prune_group *groups[MOST_GROUPS];
    int64_t *order[MOST_GROUPS]; /* (heads, count): units of each head, least worth first */
    size_t count;
    chunk *chunks;
    size_t chunk_count;
} pool;

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* By insertion: heads and layers are short, and this runs once. Equal scores: the first unit first. */
static void sort_units(const double *score, int64_t count, int64_t *order)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t k = i;
        for (; k > 0 && score[order[k - 1]] > score[i]; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
}

static int compare_chunks(const void *a, const void *b)
{
    const chunk *left = a, *right = b;
    if (left->score != right->score)
        return left->score < right->score ? -1 : 1;
    if (left->group != right->group)
        return left->group < right->group ? -1 : 1;
    return left->first < right->first ? -1 : left->first > right->first;
}

static double rank_score(const pool *p, size_t g, int64_t rank)
{
    const bcue_prune_group *group = p->groups[g];
    double sum = 0;
    for (int64_t h = 0; h < group->heads; h++)
        sum += group->score[h * group->count + p->order[g][h * group->count + rank]];
    return sum;
}

/* The ranks of a group in pieces of `step`, the first as large as it takes to leave a multiple; the last
   piece always stays. */
static void cut_group(pool *p, size_t g, int64_t step)
{
    const int64_t count = p->groups[g]->count;
    int64_t size = count % step > 0 ? count % step : step;
    for (int64_t first = 0; first + size < count; first += size, size = step) {
        chunk *made = &p->chunks[p->chunk_count++];
        *made = (chunk){.group = g, .first = first, .count = size};
        for (int64_t r = first; r < first + size; r++)
            made->score += rank_score(p, g, r) / (double)size;
    }
}

static bcue_status fill_pool(pool *p, int64_t round, bcue_error *error)
{
    size_t most = 0;
    for (size_t g = 0; g < p->count; g++)
        most += (size_t)p->groups[g]->count;
    p->chunks = bcue_calloc(most, sizeof *p->chunks);
    if (p->chunks == NULL)
        return bcue_fail_memory(error, "pruning");
    for (size_t g = 0; g < p->count; g++) {
        const bcue_prune_group *group = p->groups[g];
        p->order[g] = bcue_calloc((size_t)(group->heads * group->count), sizeof *p->order[g]);
        if (p->order[g] == NULL)
            return bcue_fail_memory(error, "pruning");
        for (int64_t h = 0; h < group->heads; h++)
            sort_units(group->score + h * group->count, group->count, p->order[g] + h * group->count);
        cut_group(p, g, round / gcd(round, group->heads));
    }
    qsort(p->chunks, p->chunk_count, sizeof *p->chunks, compare_chunks);
    return BCUE_OK;
}

static void remove_chunk(pool *p, const chunk *gone)
{
    bcue_prune_group *group = p->groups[gone->group];
    for (int64_t h = 0; h < group->heads; h++) {
        for (int64_t r = gone->first; r < gone->first + gone->count; r++)
            group->keep[h * group->count + p->order[gone->group][h * group->count + r]] = false;
    }
}

/* Removes chunks until the groups together keep no more than `left` ranks, as near as whole chunks come. */
static bcue_status shrink(pool *p, int64_t round, int64_t left, bcue_error *error)
{
    bcue_status status = fill_pool(p, round, error);
    int64_t kept = 0;
    for (size_t g = 0; g < p->count; g++)
        kept += p->groups[g]->count;
    for (size_t i = 0; status == BCUE_OK && i < p->chunk_count; i++) {
        const int64_t after = kept - p->chunks[i].count;
        if (kept <= left || (after < left && left - after > kept - left))
            break;
        remove_chunk(p, &p->chunks[i]);
        kept = after;
    }
    for (size_t g = 0; g < p->count; g++)
        free(p->order[g]);
    free(p->chunks);
    return status;
}

/* One kind of one module. */
static bcue_status shrink_module(const bcue_prune_plan *plan, const bcue_prune_module *module,
                                 bcue_prune_kind kind, int64_t left, bcue_prune_space *space,
                                 bcue_error *error)
{
    pool p = {.count = 0};
    const bool fusion = module->modality < 0;
    for (size_t i = 0; i < space->count && p.count < MOST_GROUPS; i++) {
        bcue_prune_group *group = &space->groups[i];
        if (group->kind == kind && group->modality == module->modality && group->stage == module->stage)
            p.groups[p.count++] = group;
    }
    if (p.count == 0)
        return BCUE_OK;
    return shrink(&p, fusion ? plan->target.round_fusion : plan->target.round_channels, left, error);
}

bcue_status bcue_prune_choose(const bcue_prune_plan *plan, unsigned kinds, bcue_prune_space *space,
                              bcue_error *error)
{
    for (int i = 0; i < BCUE_PRUNE_MODULES; i++) {
        const bcue_prune_module *module = &plan->modules[i];
        const int64_t left[BCUE_PRUNE_KINDS] = {[BCUE_PRUNE_TOKENS] = module->channels,
                                                [BCUE_PRUNE_CHANNELS] = module->channels,
                                                [BCUE_PRUNE_QK] = module->qk * module->blocks,
                                                [BCUE_PRUNE_VALUE] = module->value * module->blocks,
                                                [BCUE_PRUNE_NEURONS] = module->inner,
                                                [BCUE_PRUNE_INNER] = module->inner};
        for (int kind = 0; module->channels > 0 && kind < BCUE_PRUNE_KINDS; kind++) {
            if ((kinds >> kind & 1U) != 0)
                BCUE_TRY(shrink_module(plan, module, (bcue_prune_kind)kind, left[kind], space, error));
        }
    }
    return BCUE_OK;
}
