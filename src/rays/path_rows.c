/* The images of a tree by their last surface. Where the straight line from an image to a receiver crosses the
   plane of that surface takes only their heights above it and their places along its axes, and those of a
   receiver are the same for all images of a row: three floats of each image are read. */
#include "rays/path_rows.h"

#include <stdlib.h>
#include "base/memory.h"

enum { FEW = 64 };

static bool wanted(const bcue_image_tree *tree)
{
    return tree->count >= FEW && tree->nodes[tree->count - 1].order > 1;
}

static void count_rows(bcue_image_rows *rows, const bcue_search *s, const bcue_image_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].tried)
            rows->first[tree->nodes[i].surface + 2]++;
    for (size_t k = 2; k < s->surface_count + 2; k++) {
        if (rows->first[k] > rows->longest)
            rows->longest = rows->first[k];
        rows->first[k] += rows->first[k - 1];
    }
}

static void fill_rows(bcue_image_rows *rows, const bcue_search *s, const bcue_image_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        const bcue_image_node *node = &tree->nodes[i];
        if (!node->tried)
            continue;
        const bcue_placed_surface *at = &s->surfaces[node->surface];
        const bcue_vec3 from = bcue_vec3_sub(node->image, at->middle);
        const size_t k = rows->first[node->surface + 1]++;
        rows->node[k] = (uint32_t)i;
        rows->floats[k] = (float)(bcue_vec3_dot(at->normal, node->image) - at->offset);
        rows->floats[rows->stride + k] = (float)bcue_vec3_dot(from, at->axis_u);
        rows->floats[2 * rows->stride + k] = (float)bcue_vec3_dot(from, at->axis_v);
    }
}

bool bcue_rows_make(const bcue_search *s, bcue_image_tree *tree)
{
    if (!wanted(tree))
        return true;
    bcue_image_rows *rows = bcue_calloc(1, sizeof *rows);
    if (!rows)
        return false;
    tree->rows = rows;
    rows->tests = bcue_lane_tests_best();
    rows->stride = tree->count + BCUE_LANE_PADDING;
    rows->node = bcue_calloc(tree->count, sizeof *rows->node);
    rows->first = bcue_calloc(s->surface_count + 2, sizeof *rows->first);
    rows->floats = bcue_calloc(3 * rows->stride, sizeof *rows->floats);
    if (!rows->node || !rows->first || !rows->floats)
        return false;
    count_rows(rows, s, tree);
    fill_rows(rows, s, tree);
    return true;
}

void bcue_rows_free(bcue_image_rows *rows)
{
    if (!rows)
        return;
    free(rows->node);
    free(rows->first);
    free(rows->floats);
    free(rows);
}

bool bcue_rows_scratch_make(const bcue_image_tree *tree, bcue_row_scratch *scratch)
{
    scratch->hits = bcue_calloc(tree->rows->longest, sizeof *scratch->hits);
    scratch->left = bcue_calloc(tree->count / 64 + 1, sizeof *scratch->left);
    return scratch->hits && scratch->left;
}

void bcue_rows_scratch_free(bcue_row_scratch *scratch)
{
    free(scratch->hits);
    free(scratch->left);
}

void bcue_rows_look(const bcue_search *s, const bcue_image_tree *tree, bcue_vec3 receiver,
                    bcue_row_scratch *scratch)
{
    const bcue_image_rows *rows = tree->rows;
    const bcue_lane_crossings at = {rows->floats, rows->floats + rows->stride,
                                    rows->floats + 2 * rows->stride};
    for (size_t k = 0; k < s->surface_count; k++) {
        const bcue_placed_surface *surface = &s->surfaces[k];
        const double above = bcue_vec3_dot(surface->normal, receiver) - surface->offset;
        if (rows->first[k] == rows->first[k + 1] || (above <= 0.0 && !surface->two_sided))
            continue;
        const bcue_vec3 from = bcue_vec3_sub(receiver, surface->middle);
        const bcue_lane_window window = {.above = (float)above,
                                         .u = (float)bcue_vec3_dot(from, surface->axis_u),
                                         .v = (float)bcue_vec3_dot(from, surface->axis_v),
                                         .half_u = (float)surface->half_u,
                                         .half_v = (float)surface->half_v};
        const size_t count =
            rows->tests->crossings(&at, rows->first[k], rows->first[k + 1], &window, scratch->hits);
        for (size_t i = 0; i < count; i++) {
            const uint32_t node = rows->node[scratch->hits[i]];
            scratch->left[node / 64] |= (uint64_t)1 << node % 64;
        }
    }
}
