#include "world/box_tree.h"

#include <stdlib.h>
#include "base/memory.h"

enum { LEAF_BOXES = 4 };

typedef struct maker {
    bcue_box_tree *tree;
    const bcue_box *boxes;
} maker;

static double along(bcue_vec3 v, int axis)
{
    return axis == 0 ? v.x : axis == 1 ? v.y : v.z;
}

static double key_of(const bcue_box *box, int axis)
{
    return along(box->low, axis) + along(box->high, axis);
}

static bool before(const maker *m, int axis, uint32_t a, uint32_t b)
{
    double left = key_of(&m->boxes[a], axis), right = key_of(&m->boxes[b], axis);
    return left < right || (left <= right && a < b);
}

/* Partition order[first, end) so that the element at `middle` is in its sorted place (Hoare's select). */
static void select_middle(const maker *m, uint32_t *order, size_t first, size_t end, size_t middle, int axis)
{
    while (end - first > 1) {
        uint32_t pivot =
            order[first + (end - 1 - first) / 2]; /* never the last, so that `high` ends before it */
        size_t low = first, high = end - 1;
        for (;; low++, high--) {
            while (before(m, axis, order[low], pivot))
                low++;
            while (before(m, axis, pivot, order[high]))
                high--;
            if (low >= high)
                break;
            uint32_t swap = order[low];
            order[low] = order[high];
            order[high] = swap;
        }
        if (middle <= high)
            end = high + 1;
        else
            first = high + 1;
    }
}

static bcue_box bound(const maker *m, size_t first, size_t end)
{
    bcue_box box = m->boxes[m->tree->order[first]];
    for (size_t i = first + 1; i < end; i++) {
        const bcue_box *b = &m->boxes[m->tree->order[i]];
        box.low =
            bcue_vec3_make(fmin(box.low.x, b->low.x), fmin(box.low.y, b->low.y), fmin(box.low.z, b->low.z));
        box.high = bcue_vec3_make(fmax(box.high.x, b->high.x), fmax(box.high.y, b->high.y),
                                  fmax(box.high.z, b->high.z));
    }
    return box;
}

static void build(const maker *m, size_t first, size_t end)
{
    bcue_box_tree *tree = m->tree;
    bcue_box box = bound(m, first, end);
    size_t self = tree->node_count++;
    bcue_vec3 half = bcue_vec3_scale(bcue_vec3_sub(box.high, box.low), 0.5);
    tree->nodes[self] = (bcue_box_node){.middle = bcue_vec3_scale(bcue_vec3_add(box.low, box.high), 0.5),
                                        .half = half,
                                        .first = (uint32_t)first};
    if (end - first <= LEAF_BOXES) {
        tree->nodes[self].count = (uint32_t)(end - first);
    } else {
        int axis = half.x >= half.y && half.x >= half.z ? 0 : half.y >= half.z ? 1 : 2;
        size_t middle = first + (end - first) / 2;
        select_middle(m, tree->order, first, end, middle, axis);
        build(m, first, middle);
        build(m, middle, end);
    }
    tree->nodes[self].skip = (uint32_t)tree->node_count;
}

bool bcue_box_tree_make(bcue_box_tree *tree, const bcue_box *boxes, size_t count)
{
    tree->count = tree->node_count = 0;
    if (count == 0)
        return true;
    size_t order_capacity = tree->capacity;
    if (count > UINT32_MAX / 2 ||
        !bcue_grow((void **)&tree->order, &order_capacity, count, sizeof *tree->order) ||
        !bcue_grow((void **)&tree->boxes, &tree->capacity, count, sizeof *tree->boxes) ||
        !bcue_grow((void **)&tree->nodes, &tree->node_capacity, 2 * count, sizeof *tree->nodes))
        return false;
    for (size_t i = 0; i < count; i++)
        tree->order[i] = (uint32_t)i;
    maker m = {tree, boxes};
    build(&m, 0, count);
    for (size_t i = 0; i < count; i++)
        tree->boxes[i] = boxes[tree->order[i]];
    tree->count = count;
    return true;
}

void bcue_box_tree_free(bcue_box_tree *tree)
{
    free(tree->nodes);
    free(tree->order);
    free(tree->boxes);
    *tree = (bcue_box_tree){0};
}

static bool reaches(bcue_vec3 middle, bcue_vec3 half, const bcue_half_space *region, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bcue_vec3 n = region[i].normal;
        double most = bcue_vec3_dot(n, middle) + fabs(n.x) * half.x + fabs(n.y) * half.y + fabs(n.z) * half.z;
        if (most < region[i].offset)
            return false;
    }
    return true;
}

bool bcue_box_tree_query(const bcue_box_tree *tree, const bcue_half_space *region, size_t count,
                         uint32_t base, bcue_index_list *found)
{
    for (size_t n = 0; tree->count > 0 && n < tree->node_count;) {
        const bcue_box_node *node = &tree->nodes[n];
        if (!reaches(node->middle, node->half, region, count)) {
            n = node->skip;
            continue;
        }
        n++;
        if (node->count == 0)
            continue;
        if (!bcue_grow((void **)&found->all, &found->capacity, found->count + node->count,
                       sizeof *found->all))
            return false;
        for (uint32_t i = node->first; i < node->first + node->count; i++) {
            const bcue_box *box = &tree->boxes[i];
            if (reaches(bcue_vec3_scale(bcue_vec3_add(box->low, box->high), 0.5),
                        bcue_vec3_scale(bcue_vec3_sub(box->high, box->low), 0.5), region, count))
                found->all[found->count++] = base + tree->order[i];
        }
    }
    return true;
}
