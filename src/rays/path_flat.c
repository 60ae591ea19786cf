#include "rays/path_flat.h"

#include <stdlib.h>
#include "base/memory.h"

/* Arrays of `count` floats each, one after the other. */
typedef struct float_pool {
    float *next;
} float_pool;

static float *take(float_pool *pool, size_t count)
{
    float *taken = pool->next;
    pool->next += count + BCUE_LANE_PADDING;
    return taken;
}

enum { BOX_FLOATS = 6, SPHERE_FLOATS = 4, LINE_FLOATS = 7, MIRROR_FLOATS = 9 };

static size_t pool_size(const bcue_search *s, size_t groups)
{
    const size_t pad = BCUE_LANE_PADDING, surfaces = s->surface_count + pad,
                 nodes = s->first_order_count + pad;
    return (groups + pad) * (BOX_FLOATS + 1) + surfaces * (BOX_FLOATS + MIRROR_FLOATS) +
           (3 * s->wedge_count + 2 * pad) * BOX_FLOATS + nodes * 2 * LINE_FLOATS +
           (s->receiver_count + pad) * SPHERE_FLOATS;
}

/* ---- filling ---- */

static void put_point(const bcue_flat *flat, bcue_vec3 point, float *x, float *y, float *z, size_t i)
{
    float at[3];
    bcue_flat_point(flat, point, at);
    x[i] = at[0];
    y[i] = at[1];
    z[i] = at[2];
}

static void flatten_groups(bcue_flat *flat, const bcue_radio_group *groups, float_pool *pool)
{
    const size_t count = flat->group_count;
    float *array[BOX_FLOATS + 1];
    for (int k = 0; k < BOX_FLOATS + 1; k++)
        array[k] = take(pool, count);
    for (size_t g = 0; g < count; g++) {
        put_point(flat, groups[g].middle, array[0], array[1], array[2], g);
        array[3][g] = (float)groups[g].half.x;
        array[4][g] = (float)groups[g].half.y;
        array[5][g] = (float)groups[g].half.z;
        array[6][g] = (float)bcue_vec3_norm(groups[g].half);
        flat->first_member[g] = groups[g].first;
        flat->first_member[g + 1] = groups[g].first + groups[g].count;
        if (groups[g].count > flat->most_members)
            flat->most_members = groups[g].count;
        for (uint32_t i = 0; i < groups[g].count; i++)
            flat->group_of[flat->members[groups[g].first + i]] = (uint32_t)g;
    }
    flat->groups = (bcue_lane_boxes){array[0], array[1], array[2], array[3], array[4], array[5]};
    flat->group_spheres = (bcue_lane_spheres){array[0], array[1], array[2], array[6]};
}

static void flatten_members(bcue_flat *flat, const bcue_search *s, float_pool *pool)
{
    float *array[BOX_FLOATS];
    for (int k = 0; k < BOX_FLOATS; k++)
        array[k] = take(pool, s->surface_count);
    for (size_t i = 0; i < s->surface_count; i++) {
        const bcue_placed_surface *at = &s->surfaces[flat->members[i]];
        const bcue_vec3 u = bcue_vec3_scale(at->axis_u, at->half_u),
                        v = bcue_vec3_scale(at->axis_v, at->half_v);
        put_point(flat, at->middle, array[0], array[1], array[2], i);
        array[3][i] = (float)(fabs(u.x) + fabs(v.x));
        array[4][i] = (float)(fabs(u.y) + fabs(v.y));
        array[5][i] = (float)(fabs(u.z) + fabs(v.z));
    }
    flat->member_boxes = (bcue_lane_boxes){array[0], array[1], array[2], array[3], array[4], array[5]};
}

/* Boxes around the wedges `order`. */
static bcue_lane_boxes flatten_wedges(const bcue_flat *flat, const bcue_search *s, const uint32_t *order,
                                      size_t count, float_pool *pool)
{
    float *array[BOX_FLOATS];
    for (int k = 0; k < BOX_FLOATS; k++)
        array[k] = take(pool, count);
    for (size_t i = 0; i < count; i++) {
        const bcue_placed_wedge *w = &s->wedges[order[i]];
        const bcue_vec3 half = bcue_vec3_scale(w->along, 0.5 * w->length_m);
        put_point(flat, bcue_vec3_add(w->a, half), array[0], array[1], array[2], i);
        array[3][i] = (float)fabs(half.x);
        array[4][i] = (float)fabs(half.y);
        array[5][i] = (float)fabs(half.z);
    }
    return (bcue_lane_boxes){array[0], array[1], array[2], array[3], array[4], array[5]};
}

/* Wedges lie on the rim of their surfaces, and so in the boxes of their groups. */
static void sort_wedges(bcue_flat *flat, const bcue_search *s)
{
    size_t *first = flat->first_wedge;
    for (size_t i = 0; i < s->wedge_count; i++)
        first[flat->group_of[s->wedges[i].surface[0]] + 2]++;
    for (size_t g = 2; g < flat->group_count + 2; g++)
        first[g] += first[g - 1];
    for (size_t i = 0; i < s->wedge_count; i++)
        flat->wedges[first[flat->group_of[s->wedges[i].surface[0]] + 1]++] = (uint32_t)i;
}

static void flatten_mirrors(bcue_flat *flat, const bcue_search *s, float_pool *pool)
{
    float *array[MIRROR_FLOATS];
    for (int k = 0; k < MIRROR_FLOATS; k++)
        array[k] = take(pool, s->surface_count);
    for (size_t i = 0; i < s->surface_count; i++) {
        const bcue_placed_surface *at = &s->surfaces[i];
        array[0][i] = (float)at->normal.x;
        array[1][i] = (float)at->normal.y;
        array[2][i] = (float)at->normal.z;
        array[3][i] = (float)(at->offset - bcue_vec3_dot(at->normal, flat->origin));
        array[4][i] = at->two_sided ? 1.0f : 0.0f;
        put_point(flat, at->middle, array[5], array[6], array[7], i);
        array[8][i] = (float)s->reach[i];
    }
    flat->mirrors = (bcue_lane_mirrors){array[0], array[1], array[2],
                                        array[3], array[4], {array[5], array[6], array[7], array[8]}};
}

/* Lines from the images `order` (NULL: all, as they come). */
static bcue_lane_lines flatten_nodes(const bcue_flat *flat, const bcue_search *s, const uint32_t *order,
                                     size_t count, float_pool *pool)
{
    float *array[LINE_FLOATS];
    for (int k = 0; k < LINE_FLOATS; k++)
        array[k] = take(pool, s->first_order_count);
    for (size_t i = 0; i < count; i++) {
        const bcue_image_node *node = &s->images.nodes[order ? order[i] : i];
        put_point(flat, node->image, array[0], array[1], array[2], i);
        put_point(flat, s->surfaces[node->surface].middle, array[3], array[4], array[5], i);
        array[6][i] = (float)s->reach[node->surface];
    }
    return (bcue_lane_lines){array[0], array[1], array[2], {array[3], array[4], array[5], array[6]}};
}

/* Sort the images whose surfaces bend waves by their groups. */
static size_t sort_bending(bcue_flat *flat, const bcue_search *s)
{
    size_t count = 0, *first = flat->first_bending;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < s->first_order_count; i++) {
            const uint32_t surface = s->images.nodes[i].surface;
            if (s->first_wedge[surface + 1] == s->first_wedge[surface])
                continue;
            if (pass == 0)
                first[flat->group_of[surface] + 2]++;
            else
                flat->bending[first[flat->group_of[surface] + 1]++] = (uint32_t)i;
            count += (size_t)pass;
        }
        for (size_t g = 2; pass == 0 && g < flat->group_count + 2; g++)
            first[g] += first[g - 1];
    }
    return count;
}

static void flatten_receivers(bcue_flat *flat, const bcue_search *s, float_pool *pool)
{
    float *array[SPHERE_FLOATS];
    for (int k = 0; k < SPHERE_FLOATS; k++)
        array[k] = take(pool, s->receiver_count);
    for (size_t r = 0; r < s->receiver_count; r++)
        put_point(flat, s->receivers[r], array[0], array[1], array[2], r);
    flat->receivers = (bcue_lane_spheres){array[0], array[1], array[2], array[3]};
}

bool bcue_flat_make(bcue_search *s)
{
    bcue_flat *flat = s->flat = bcue_calloc(1, sizeof *flat);
    if (!flat)
        return false;
    const bcue_radio_group *groups = bcue_radio_groups(s->scene, &flat->group_count, &flat->members);
    flat->tests = bcue_lane_tests_best();
    flat->origin = s->transmitter;
    flat->first_member = bcue_calloc(flat->group_count + 1, sizeof *flat->first_member);
    flat->group_of = bcue_calloc(s->surface_count, sizeof *flat->group_of);
    flat->bending = bcue_calloc(s->first_order_count, sizeof *flat->bending);
    flat->first_bending = bcue_calloc(flat->group_count + 2, sizeof *flat->first_bending);
    flat->wedges = bcue_calloc(s->wedge_count, sizeof *flat->wedges);
    flat->first_wedge = bcue_calloc(flat->group_count + 2, sizeof *flat->first_wedge);
    flat->floats = bcue_calloc(pool_size(s, flat->group_count), sizeof *flat->floats);
    if (!flat->first_member || !flat->group_of || !flat->bending || !flat->first_bending || !flat->wedges ||
        !flat->first_wedge || !flat->floats)
        return false;
    float_pool pool = {flat->floats};
    flatten_groups(flat, groups, &pool);
    flatten_members(flat, s, &pool);
    flatten_mirrors(flat, s, &pool);
    sort_wedges(flat, s);
    flat->wedge_boxes = flatten_wedges(flat, s, flat->wedges, s->wedge_count, &pool);
    flat->face_wedges = flatten_wedges(flat, s, s->surface_wedges, s->first_wedge[s->surface_count], &pool);
    flat->nodes = flatten_nodes(flat, s, NULL, s->first_order_count, &pool);
    const size_t bending = sort_bending(flat, s);
    flat->bending_lines = flatten_nodes(flat, s, flat->bending, bending, &pool);
    flatten_receivers(flat, s, &pool);
    return true;
}

void bcue_flat_free(bcue_flat *flat)
{
    if (!flat)
        return;
    free(flat->first_member);
    free(flat->group_of);
    free(flat->bending);
    free(flat->wedges);
    free(flat->first_wedge);
    free(flat->first_bending);
    free(flat->floats);
    free(flat);
}

/* ---- asking ---- */

bcue_lane_region bcue_flat_region(const bcue_flat *flat, const bcue_half_space region[BCUE_BEAM_PLANES])
{
    bcue_lane_region out;
    for (int i = 0; i < BCUE_BEAM_PLANES; i++) {
        const bcue_vec3 n = region[i].normal;
        const float plane[4] = {(float)n.x, (float)n.y, (float)n.z,
                                (float)(region[i].offset - bcue_vec3_dot(n, flat->origin))};
        for (int k = 0; k < 4; k++)
            out.plane[i][k] = plane[k];
    }
    return out;
}

bool bcue_flat_surfaces_within(const bcue_flat *flat, const bcue_lane_region *region, uint32_t *groups,
                               bcue_index_list *found)
{
    const size_t count = flat->tests->boxes(&flat->groups, 0, flat->group_count, region, groups);
    for (size_t i = 0; i < count; i++) {
        const size_t first = flat->first_member[groups[i]], end = flat->first_member[groups[i] + 1];
        if (!bcue_grow((void **)&found->all, &found->capacity, found->count + (end - first),
                       sizeof *found->all))
            return false;
        uint32_t *hits = found->all + found->count;
        const size_t added = flat->tests->boxes(&flat->member_boxes, first, end, region, hits);
        for (size_t k = 0; k < added; k++)
            hits[k] = flat->members[hits[k]];
        found->count += added;
    }
    return true;
}

bcue_lane_tube bcue_flat_tube(const bcue_flat *flat, bcue_vec3 a, bcue_vec3 b, double radius)
{
    const bcue_vec3 half = bcue_vec3_scale(bcue_vec3_sub(b, a), 0.5);
    bcue_lane_tube tube = {.half = {(float)half.x, (float)half.y, (float)half.z}, .radius = (float)radius};
    bcue_flat_point(flat, bcue_vec3_add(a, half), tube.middle);
    return tube;
}

bool bcue_flat_wedges_near(const bcue_flat *flat, bcue_vec3 a, bcue_vec3 b, double radius, uint32_t *groups,
                           bcue_index_list *found)
{
    const bcue_lane_tube tube = bcue_flat_tube(flat, a, b, radius);
    const size_t count = flat->tests->tube(&flat->groups, 0, flat->group_count, &tube, groups);
    for (size_t i = 0; i < count; i++) {
        const size_t first = flat->first_wedge[groups[i]], end = flat->first_wedge[groups[i] + 1];
        if (!bcue_grow((void **)&found->all, &found->capacity, found->count + (end - first),
                       sizeof *found->all))
            return false;
        uint32_t *hits = found->all + found->count;
        const size_t added = flat->tests->tube(&flat->wedge_boxes, first, end, &tube, hits);
        for (size_t k = 0; k < added; k++)
            hits[k] = flat->wedges[hits[k]];
        found->count += added;
    }
    return true;
}
