/* The image method: a path that is reflected by surfaces 1 .. k is the straight line from the transmitter's
   k-fold mirror image to the receiver, folded back at the surfaces. */
#include <stdatomic.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "rays/path_rows.h"

#define MOST_NODES ((size_t)1 << 26)
/* Two reflections are looked for by trying all where the transmitter may see so many surfaces, and there are
 * so many sequences, at most. */
enum { AUTOMATIC_SURFACES = 20000, AUTOMATIC_NODES = 1 << 22 };
enum { PARENTS_PER_CHUNK = 64 };

static double height(const bcue_placed_surface *surface, bcue_vec3 point)
{
    return bcue_vec3_dot(surface->normal, point) - surface->offset;
}

bcue_vec3 bcue_mirror(const bcue_placed_surface *surface, bcue_vec3 point)
{
    return bcue_vec3_sub(point, bcue_vec3_scale(surface->normal, 2.0 * height(surface, point)));
}

bool bcue_surface_faces(const bcue_placed_surface *surface, bcue_vec3 source)
{
    double above = height(surface, source);
    return above > 0.0 || (above < 0.0 && surface->two_sided);
}

void bcue_beam_region(const bcue_placed_surface *surface, bcue_vec3 apex, double margin,
                      bcue_half_space region[BCUE_BEAM_PLANES])
{
    bcue_vec3 u = bcue_vec3_scale(surface->axis_u, surface->half_u),
              v = bcue_vec3_scale(surface->axis_v, surface->half_v),
              middle = bcue_vec3_sub(surface->middle, apex);
    const bcue_vec3 corner[4] = {
        bcue_vec3_add(middle, bcue_vec3_add(u, v)), bcue_vec3_add(middle, bcue_vec3_sub(v, u)),
        bcue_vec3_sub(middle, bcue_vec3_add(u, v)), bcue_vec3_add(middle, bcue_vec3_sub(u, v))};
    for (int i = 0; i < 4; i++) {
        bcue_vec3 normal = bcue_vec3_unit(bcue_vec3_cross(corner[i], corner[(i + 1) % 4]));
        if (bcue_vec3_dot(normal, middle) < 0.0)
            normal = bcue_vec3_scale(normal, -1.0);
        region[i] = (bcue_half_space){normal, bcue_vec3_dot(normal, apex) - margin};
    }
    double side = height(surface, apex) > 0.0 ? -1.0 : 1.0; /* the wave leaves on the other side */
    region[4] = (bcue_half_space){bcue_vec3_scale(surface->normal, side), side * surface->offset - margin};
}

bool bcue_image_crossing(const bcue_search *s, uint32_t surface, bcue_vec3 image, bcue_vec3 target,
                         bcue_vec3 *point)
{
    const bcue_placed_surface *at = &s->surfaces[surface];
    double behind = height(at, image), before = height(at, target);
    if (!(behind * before < 0.0) || (before < 0.0 && !at->two_sided))
        return false;
    bcue_vec3 along = bcue_vec3_sub(target, image);
    *point = bcue_vec3_add(image, bcue_vec3_scale(along, behind / (behind - before)));
    return bcue_radio_contains(s->scene, surface, *point);
}

static bool try_node(const bcue_search *s, const bcue_image_tree *tree, const bcue_image_node *node,
                     bcue_vec3 receiver, bcue_path_list *list)
{
    bcue_step steps[BCUE_PATH_MAX_REFLECTIONS];
    bcue_vec3 target = receiver, span = bcue_vec3_sub(receiver, node->image);
    int count = node->order;
    for (int i = count - 1;; i--) {
        if (!bcue_image_crossing(s, node->surface, node->image, target, &target))
            return true;
        const bcue_placed_surface *surface = &s->surfaces[node->surface];
        double side = height(surface, node->image) > 0.0 ? -1.0 : 1.0;
        bcue_vec3 lift = bcue_vec3_scale(surface->normal, side);
        steps[i] = (bcue_step){BCUE_REFLECTION, node->surface, target, {lift, lift}};
        if (i == 0)
            break;
        node = &tree->nodes[node->parent];
    }
    if (s->least * bcue_vec3_norm(span) > 1.0)
        return true;
    return bcue_path_emit(s, receiver, steps, count, list);
}

static bool try_left(const bcue_search *s, const bcue_image_tree *tree, bcue_vec3 receiver,
                     bcue_path_list *list)
{
    bcue_row_scratch scratch = {0};
    bool ok = bcue_rows_scratch_make(tree, &scratch);
    if (ok)
        bcue_rows_look(s, tree, receiver, &scratch);
    for (size_t w = 0; ok && w < tree->count / 64 + 1; w++)
        for (uint64_t bits = scratch.left[w]; ok && bits != 0; bits &= bits - 1)
            ok = try_node(s, tree, &tree->nodes[64 * w + (size_t)__builtin_ctzll(bits)], receiver, list);
    bcue_rows_scratch_free(&scratch);
    return ok;
}

bool bcue_images_find(const bcue_search *s, const bcue_image_tree *tree, bcue_vec3 receiver,
                      bcue_path_list *list)
{
    if (tree->rows)
        return try_left(s, tree, receiver, list);
    for (size_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].tried && !try_node(s, tree, &tree->nodes[i], receiver, list))
            return false;
    return true;
}

/* ---- making the tree ---- */

typedef struct expansion {
    const bcue_search *s;
    size_t first, end;     /* the parents */
    size_t most;           /* of the children */
    atomic_size_t *so_far; /* of all chunks: none goes on beyond `most` */
    bcue_image_tree *chunks;
    bool *failed;
} expansion;

/* Can a wave from `image` by way of `from` meet the reflecting side of `to`? */
static bool may_follow(const bcue_placed_surface *from, bcue_vec3 image, const bcue_placed_surface *to)
{
    double above = height(to, image);
    if (!bcue_surface_faces(to, image))
        return false;
    double side = above > 0.0 ? 1.0 : -1.0;
    double most = side * height(to, from->middle) +
                  from->half_u * fabs(bcue_vec3_dot(to->normal, from->axis_u)) +
                  from->half_v * fabs(bcue_vec3_dot(to->normal, from->axis_v));
    return most > 0.0;
}

static bool expand_node(const bcue_search *s, size_t parent, bcue_index_list *found, bcue_image_tree *out)
{
    const bcue_image_node *node = &s->images.nodes[parent];
    const bcue_placed_surface *from = &s->surfaces[node->surface];
    bcue_half_space region[BCUE_BEAM_PLANES];
    bcue_beam_region(from, node->image, s->clearance_m, region);
    found->count = 0;
    if (!bcue_radio_surfaces_within(s->scene, region, BCUE_BEAM_PLANES, found) ||
        !bcue_grow((void **)&out->nodes, &out->capacity, out->count + found->count, sizeof *out->nodes))
        return false;
    for (size_t i = 0; i < found->count; i++) {
        const bcue_placed_surface *to = &s->surfaces[found->all[i]];
        if (found->all[i] == node->surface || !may_follow(from, node->image, to))
            continue;
        out->nodes[out->count++] = (bcue_image_node){.image = bcue_mirror(to, node->image),
                                                     .parent = (uint32_t)parent,
                                                     .surface = found->all[i],
                                                     .order = (uint8_t)(node->order + 1),
                                                     .tried = true};
    }
    return true;
}

static void expand_chunk(void *context, size_t chunk)
{
    const expansion *e = context;
    size_t first = e->first + chunk * PARENTS_PER_CHUNK, end = first + PARENTS_PER_CHUNK;
    bcue_index_list found = {0};
    bool ok = true;
    for (size_t parent = first; ok && parent < end && parent < e->end; parent++) {
        const size_t before = e->chunks[chunk].count;
        ok = expand_node(e->s, parent, &found, &e->chunks[chunk]);
        const size_t more = e->chunks[chunk].count - before;
        ok = ok && atomic_fetch_add_explicit(e->so_far, more, memory_order_relaxed) + more < e->most;
    }
    e->failed[chunk] = !ok;
    free(found.all);
}

static bool gather(bcue_search *s, const bcue_image_tree *chunks, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += chunks[i].count;
    if (!bcue_grow((void **)&s->images.nodes, &s->images.capacity, s->images.count + total,
                   sizeof *s->images.nodes))
        return false;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < chunks[i].count; k++)
            s->images.nodes[s->images.count++] = chunks[i].nodes[k];
    return true;
}

/* Add every sequence that is longer by one than those of [first, end). False, and none is added: no memory,
 * or `most` or more. */
static bool expand(bcue_search *s, size_t first, size_t end, size_t most)
{
    size_t count = (end - first + PARENTS_PER_CHUNK - 1) / PARENTS_PER_CHUNK;
    atomic_size_t so_far = 0;
    expansion e = {s,
                   first,
                   end,
                   most,
                   &so_far,
                   bcue_calloc(count, sizeof *e.chunks),
                   bcue_calloc(count, sizeof *e.failed)};
    bool ok = e.chunks && e.failed;
    if (ok) {
        bcue_parallel_for(count, 1, expand_chunk, &e);
        for (size_t i = 0; i < count; i++)
            ok = ok && !e.failed[i];
        ok = ok && gather(s, e.chunks, count);
    }
    for (size_t i = 0; e.chunks && i < count; i++)
        free(e.chunks[i].nodes);
    free(e.chunks);
    free(e.failed);
    return ok;
}

static bool first_order(bcue_search *s)
{
    if (!bcue_grow((void **)&s->images.nodes, &s->images.capacity, s->surface_count, sizeof *s->images.nodes))
        return false;
    for (size_t i = 0; i < s->surface_count; i++)
        if (!s->hidden[i] && bcue_surface_faces(&s->surfaces[i], s->transmitter))
            s->images.nodes[s->images.count++] =
                (bcue_image_node){.image = bcue_mirror(&s->surfaces[i], s->transmitter),
                                  .parent = BCUE_NO_NODE,
                                  .surface = (uint32_t)i,
                                  .order = 1,
                                  .tried = s->options->max_reflections >= 1};
    s->first_order_count = s->images.count;
    return true;
}

/* Sequences of one surface more than s->complete_order, where they are wanted; *added is false where only the
 * automatic choice wanted them and they are too many. */
static bool lengthen(bcue_search *s, size_t first, bool *added)
{
    const bool asked = s->options->exhaustive_order > s->complete_order;
    const bool automatic = s->options->exhaustive_order == 0 && s->complete_order == 1 &&
                           s->first_order_count <= AUTOMATIC_SURFACES;
    *added = (asked || automatic) && expand(s, first, s->images.count, asked ? MOST_NODES : AUTOMATIC_NODES);
    return *added || !asked;
}

bcue_status bcue_images_make(bcue_search *s, bcue_error *error)
{
    const bcue_path_options *o = s->options;
    bool mixed = o->diffraction && o->mixed;
    if (o->max_reflections == 0 && !mixed)
        return BCUE_OK;
    if (!bcue_hidden_make(s) || !first_order(s))
        return bcue_fail_memory(error, "the images of the transmitter");
    s->complete_order = o->max_reflections < 1 ? o->max_reflections : 1;
    size_t first = 0;
    bool added = true;
    while (added && s->complete_order < o->max_reflections) {
        const size_t end = s->images.count;
        if (!lengthen(s, first, &added))
            return bcue_fail(error, BCUE_ERROR_MEMORY,
                             "every sequence of %d surfaces is more than fits into memory: ask for fewer "
                             "exhaustive reflections, the rest is left to rays",
                             s->complete_order + 1);
        first = end;
        s->complete_order += added;
    }
    if (!bcue_rows_make(s, &s->images))
        return bcue_fail_memory(error, "the images of the transmitter");
    return BCUE_OK;
}
