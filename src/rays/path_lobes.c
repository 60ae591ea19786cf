/* A diffraction and then a reflection, near a reflection boundary of the wedge: the transmitter's wave leaves
   a face g of the wedge about its specular direction (its lobe), meets a mirror, and from there the receiver.

   Everything stands in groups (bcue_radio_groups). Once per search the lobe of every face, y of path_pairs.c
   wide, is tried against every group: those entries are sorted by the group that is met, and by that of the
   face (a run). Then, per receiver and mirror, only the runs of the mirror's group count whose faces the
   receiver sees in the mirror: the way from Q by the mirror to the receiver is straight, without any y. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/parallel.h"
#include "rays/path_mixed.h"

enum { LANES = 4, NODES_PER_CHUNK = 32, FEW_WEDGES = 24 };
typedef float quad __attribute__((vector_size(16)));
typedef int32_t quad_mask __attribute__((vector_size(16)));

/* The lobe of node `node` meets group `met`; its face stands in group `from`. */
typedef struct entry {
    uint32_t met, from, node;
} entry;

/* The faces of one group whose lobes meet another group: entries[first .. first + count). */
typedef struct run {
    uint32_t first, count;
} run;

struct bcue_lobes {
    uint32_t *nodes; /* entries: first-order images; owned */
    run *runs;       /* of group a: runs[first_run[a] .. first_run[a + 1]), a whole number of LANES; owned */
    size_t *first_run;
    quad *x, *y, *z, *radius; /* the spheres around the groups of the runs; x owns all four */
    float *face[4];           /* those around the faces, per entry: x, y, z, radius; face[0] owns all four */
    uint32_t *group_of;       /* per surface; owned */
};

typedef struct entry_list {
    entry *all;
    size_t count, capacity;
} entry_list;

typedef struct lobe_work {
    const bcue_search *s;
    const bcue_radio_group *groups;
    size_t group_count;
    const uint32_t *group_of;
    double shortest;
    entry_list *chunks;
    bool *failed;
} lobe_work;

static double height(const bcue_placed_surface *at, bcue_vec3 point)
{
    return bcue_vec3_dot(at->normal, point) - at->offset;
}

static bool reaches(const bcue_radio_group *group, const bcue_half_space *region)
{
    for (int i = 0; i < BCUE_BEAM_PLANES; i++) {
        bcue_vec3 n = region[i].normal;
        double most = bcue_vec3_dot(n, group->middle) + fabs(n.x) * group->half.x +
                      fabs(n.y) * group->half.y + fabs(n.z) * group->half.z;
        if (most < region[i].offset)
            return false;
    }
    return true;
}

/* The groups that the lobe of a node meets. */
static bool fill_node(const lobe_work *work, uint32_t index, entry_list *out)
{
    const bcue_search *s = work->s;
    const bcue_image_node *node = &s->images.nodes[index];
    if (s->first_wedge[node->surface + 1] == s->first_wedge[node->surface])
        return true;
    bcue_half_space region[BCUE_BEAM_PLANES];
    bcue_lobe_region(s, node, work->shortest, region);
    for (size_t g = 0; g < work->group_count; g++) {
        if (!reaches(&work->groups[g], region))
            continue;
        if (!bcue_grow((void **)&out->all, &out->capacity, out->count + 1, sizeof *out->all))
            return false;
        out->all[out->count++] = (entry){(uint32_t)g, work->group_of[node->surface], index};
    }
    return true;
}

static void fill_chunk(void *context, size_t chunk)
{
    const lobe_work *work = context;
    bool ok = true;
    size_t end = (chunk + 1) * NODES_PER_CHUNK;
    for (size_t i = chunk * NODES_PER_CHUNK; ok && i < end && i < work->s->first_order_count; i++)
        ok = fill_node(work, (uint32_t)i, &work->chunks[chunk]);
    work->failed[chunk] = !ok;
}

/* Sort by a group number that `by_met` picks: stable, counting. first[] has group_count + 2 places. */
static void sort_entries(const entry *from, size_t count, bool by_met, size_t *first, size_t group_count,
                         entry *to)
{
    for (size_t g = 0; g < group_count + 2; g++)
        first[g] = 0;
    for (size_t i = 0; i < count; i++)
        first[(by_met ? from[i].met : from[i].from) + 2]++;
    for (size_t g = 2; g < group_count + 2; g++)
        first[g] += first[g - 1];
    for (size_t i = 0; i < count; i++)
        to[first[(by_met ? from[i].met : from[i].from) + 1]++] = from[i];
}

static void put_run(bcue_lobes *l, size_t at, const bcue_radio_group *group, run r)
{
    ((float *)l->x)[at] = group ? (float)group->middle.x : 0.0f;
    ((float *)l->y)[at] = group ? (float)group->middle.y : 0.0f;
    ((float *)l->z)[at] = group ? (float)group->middle.z : 0.0f;
    ((float *)l->radius)[at] = group ? (float)bcue_vec3_norm(group->half) + 0.02f : -1e9f;
    l->runs[at] = r;
}

/* Runs of the entries, which are sorted by met and from; `most` places. */
static void make_runs(bcue_lobes *l, const lobe_work *work, const entry *all, size_t count)
{
    size_t at = 0, i = 0;
    for (size_t g = 0; g < work->group_count; g++) {
        l->first_run[g] = at;
        while (i < count && all[i].met == g) {
            size_t first = i;
            while (i < count && all[i].met == g && all[i].from == all[first].from)
                i++;
            put_run(l, at++, &work->groups[all[first].from], (run){(uint32_t)first, (uint32_t)(i - first)});
        }
        while (at % LANES != 0)
            put_run(l, at++, NULL, (run){0, 0});
    }
    l->first_run[work->group_count] = at;
}

/* `stride` places each. */
static void put_faces(bcue_lobes *l, const bcue_search *s, size_t count, size_t stride)
{
    for (int k = 1; k < 4; k++)
        l->face[k] = l->face[0] + (size_t)k * stride;
    for (size_t i = 0; i < count; i++) {
        uint32_t surface = s->images.nodes[l->nodes[i]].surface;
        bcue_vec3 at = s->surfaces[surface].middle;
        l->face[0][i] = (float)at.x;
        l->face[1][i] = (float)at.y;
        l->face[2][i] = (float)at.z;
        l->face[3][i] = (float)s->reach[surface] + 0.02f;
    }
}

static bool sort_into(bcue_lobes *l, const lobe_work *work, size_t chunk_count)
{
    size_t total = 0, groups = work->group_count;
    for (size_t i = 0; i < chunk_count; i++)
        total += work->chunks[i].count;
    entry *all = bcue_calloc(total, sizeof *all), *half = bcue_calloc(total, sizeof *half);
    size_t *first = bcue_calloc(groups + 2, sizeof *first), places = total + LANES * groups + LANES;
    places -= places % LANES;
    l->nodes = bcue_calloc(total, sizeof *l->nodes);
    l->runs = bcue_calloc(places, sizeof *l->runs);
    l->first_run = bcue_calloc(groups + 1, sizeof *l->first_run);
    l->x = bcue_calloc_aligned(4 * (places / LANES), sizeof *l->x);
    l->face[0] = bcue_calloc(4 * (total + LANES), sizeof *l->face[0]);
    bool ok = all && half && first && l->nodes && l->face[0] && l->runs && l->first_run && l->x &&
              total < UINT32_MAX;
    if (ok) {
        l->y = l->x + places / LANES;
        l->z = l->y + places / LANES;
        l->radius = l->z + places / LANES;
        size_t count = 0;
        for (size_t i = 0; i < chunk_count; i++)
            for (size_t k = 0; k < work->chunks[i].count; k++)
                all[count++] = work->chunks[i].all[k];
        sort_entries(all, total, false, first, groups, half);
        sort_entries(half, total, true, first, groups, all);
        for (size_t i = 0; i < total; i++)
            l->nodes[i] = all[i].node;
        put_faces(l, work->s, total, total + LANES);
        make_runs(l, work, all, total);
    }
    free(all);
    free(half);
    free(first);
    return ok;
}

void bcue_lobes_free(bcue_lobes *l)
{
    if (!l)
        return;
    free(l->nodes);
    free(l->runs);
    free(l->first_run);
    free(l->x);
    free(l->face[0]);
    free(l->group_of);
    free(l);
}

bool bcue_lobes_make(bcue_search *s)
{
    const uint32_t *order;
    lobe_work work = {.s = s, .shortest = INFINITY};
    work.groups = bcue_radio_groups(s->scene, &work.group_count, &order);
    size_t chunks = (s->first_order_count + NODES_PER_CHUNK - 1) / NODES_PER_CHUNK;
    bcue_lobes *l = s->lobes = bcue_calloc(1, sizeof *l);
    if (!l || !(l->group_of = bcue_calloc(s->surface_count, sizeof *l->group_of)))
        return false;
    for (size_t g = 0; g < work.group_count; g++)
        for (uint32_t i = 0; i < work.groups[g].count; i++)
            l->group_of[order[work.groups[g].first + i]] = (uint32_t)g;
    for (size_t r = 0; r < s->receiver_count; r++)
        work.shortest = fmin(work.shortest, bcue_vec3_norm(bcue_vec3_sub(s->transmitter, s->receivers[r])));
    work.group_of = l->group_of;
    work.chunks = bcue_calloc(chunks, sizeof *work.chunks);
    work.failed = bcue_calloc(chunks, sizeof *work.failed);
    bool ok = work.chunks && work.failed;
    if (ok) {
        bcue_parallel_for(chunks, 1, fill_chunk, &work);
        for (size_t i = 0; i < chunks; i++)
            ok = ok && !work.failed[i];
        ok = ok && sort_into(l, &work, chunks);
    }
    for (size_t i = 0; work.chunks && i < chunks; i++)
        free(work.chunks[i].all);
    free(work.chunks);
    free(work.failed);
    return ok;
}

/* ---- per receiver ---- */

/* A mirror, and the receiver's image in it. */
typedef struct glance {
    const bcue_search *s;
    size_t r;
    uint32_t mirror;
    bcue_vec3 image;
    double wide; /* the largest y */
    bcue_index_list *found;
    bcue_key_list *keys;
} glance;

/* The part of the line within whose radius points of the face can lie. */
static void clip_to_face(const bcue_placed_surface *at, const bcue_near_line *line, bcue_vec3 *begin,
                         bcue_vec3 *end)
{
    bcue_vec3 span = bcue_vec3_sub(line->to, line->from);
    double length = sqrt(line->square), fall = bcue_vec3_dot(span, at->normal),
           from = at->offset - bcue_vec3_dot(at->normal, line->from);
    double sine = fabs(fall) / length, low = 0.0, high = 1.0;
    if (sine > 1e-6) {
        double crossing = from / fall,
               slack = line->radius * sqrt(fmax(0.0, 1.0 - sine * sine)) / (sine * length);
        low = fmin(fmax(crossing - slack, 0.0), 1.0);
        high = fmin(fmax(crossing + slack, 0.0), 1.0);
    }
    *begin = bcue_vec3_add(line->from, bcue_vec3_scale(span, low));
    *end = bcue_vec3_add(line->from, bcue_vec3_scale(span, high));
}

/* Keys of the wedges of face `face` near the line. */
static bool add_wedges(const glance *look, uint32_t face, const bcue_near_line *line)
{
    const bcue_search *s = look->s;
    size_t first = s->first_wedge[face], count = s->first_wedge[face + 1] - first;
    const uint32_t *all = &s->surface_wedges[first];
    if (count > FEW_WEDGES) {
        bcue_vec3 begin, end;
        clip_to_face(&s->surfaces[face], line, &begin, &end);
        look->found->count = 0;
        if (!bcue_radio_wedges_near(s->scene, begin, end, line->radius, look->found))
            return false;
        all = look->found->all;
        count = look->found->count;
    }
    for (size_t i = 0; i < count; i++) {
        const bcue_placed_wedge *w = &s->wedges[all[i]];
        if ((w->surface[0] == face || w->surface[1] == face) && bcue_wedge_near(w, line) &&
            !bcue_mixed_add(s, look->r, true, look->mirror, look->image, all[i], look->keys))
            return false;
    }
    return true;
}

/* Diffraction at a wedge of the node's surface, then the mirror. */
static bool look_at(const glance *look, const bcue_image_node *node)
{
    const bcue_search *s = look->s;
    const bcue_placed_surface *face = &s->surfaces[node->surface], *at = &s->surfaces[look->mirror];
    double heights = height(face, s->transmitter) * height(face, look->image);
    if (!(heights > 0.0))
        return true;
    double reach = s->reach[node->surface], other = s->reach[look->mirror];
    bcue_vec3 span = bcue_vec3_sub(look->image, node->image), away = bcue_vec3_sub(face->middle, look->image);
    double square = bcue_vec3_dot(span, span), far = bcue_vec3_dot(away, away);
    if (node->surface == look->mirror ||
        !bcue_passes_near(node->image, look->image, square, face->middle, reach + look->wide) ||
        !bcue_passes_near(node->image, look->image, square, at->middle, other + look->wide))
        return true;
    double before = bcue_vec3_norm(bcue_vec3_sub(node->image, face->middle));
    bcue_near_line line = {node->image, look->image, square,
                           bcue_radius_between(s, heights, before, sqrt(far), reach, sqrt(square))};
    return !bcue_surface_near(s, node->surface, line.from, line.to, square, line.radius) ||
           !bcue_surface_near(s, look->mirror, line.from, line.to, square, line.radius) ||
           add_wedges(look, node->surface, &line);
}

/* The cone from the receiver's image around the mirror. */
typedef struct cone {
    float apex[3], axis[3];
    float slope, secant; /* of its half angle */
    float least;         /* nothing counts that is nearer to the apex along the axis */
} cone;

/* Which spheres reach into the cone? */
static quad_mask in_cone(const cone *c, quad x, quad y, quad z, quad radius)
{
    x -= c->apex[0];
    y -= c->apex[1];
    z -= c->apex[2];
    quad along = c->axis[0] * x + c->axis[1] * y + c->axis[2] * z, whole = x * x + y * y + z * z;
    quad most = along * c->slope + radius * c->secant + 0.02f;
    return (whole * (1.0f - 1e-6f) - along * along <= most * most) & (most >= 0.0f) &
           (along + radius >= c->least);
}

static bool any(quad_mask in)
{
    uint64_t halves[2];
    memcpy(halves, &in, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

static quad load(const float *from)
{
    quad q;
    memcpy(&q, from, sizeof q);
    return q;
}

static bool look_at_run(const glance *look, const cone *c, run r)
{
    const bcue_search *s = look->s;
    const bcue_lobes *l = s->lobes;
    for (size_t i = r.first, end = i + r.count; i < end; i += LANES) {
        quad_mask in = in_cone(c, load(l->face[0] + i), load(l->face[1] + i), load(l->face[2] + i),
                               load(l->face[3] + i));
        if (!any(in))
            continue;
        for (size_t k = 0; k < LANES && i + k < end; k++)
            if (in[k] && !look_at(look, &s->images.nodes[l->nodes[i + k]]))
                return false;
    }
    return true;
}

/* A mirror too near for a cone: all faces that meet its group. */
static bool look_at_all(const glance *look, size_t first, size_t end)
{
    const bcue_lobes *l = look->s->lobes;
    for (size_t i = first; i < end; i++)
        for (uint32_t k = l->runs[i].first; k < l->runs[i].first + l->runs[i].count; k++)
            if (!look_at(look, &look->s->images.nodes[l->nodes[k]]))
                return false;
    return true;
}

/* The runs whose groups reach into the cone. */
static bool look_into(const glance *look)
{
    const bcue_search *s = look->s;
    const bcue_lobes *l = s->lobes;
    const bcue_placed_surface *at = &s->surfaces[look->mirror];
    size_t first = l->first_run[l->group_of[look->mirror]], end = l->first_run[l->group_of[look->mirror] + 1];
    bcue_vec3 axis = bcue_vec3_sub(at->middle, look->image), apex = look->image;
    double distance = bcue_vec3_norm(axis), sine = (s->reach[look->mirror] + 1e-3) / fmax(distance, 1e-6);
    if (first == end || sine > 0.8)
        return look_at_all(look, first, end);
    double cosine = sqrt(1.0 - sine * sine);
    axis = bcue_vec3_scale(axis, 1.0 / distance);
    const cone c = {{(float)apex.x, (float)apex.y, (float)apex.z},
                    {(float)axis.x, (float)axis.y, (float)axis.z},
                    (float)(sine / cosine),
                    (float)(1.0 / cosine),
                    (float)(distance - s->reach[look->mirror]) - 0.05f};
    for (size_t i = first / LANES; i < end / LANES; i++) {
        quad_mask in = in_cone(&c, l->x[i], l->y[i], l->z[i], l->radius[i]);
        if (!any(in))
            continue;
        for (size_t k = 0; k < LANES; k++)
            if (in[k] && !look_at_run(look, &c, l->runs[LANES * i + k]))
                return false;
    }
    return true;
}

bool bcue_lobes_find(const bcue_search *s, size_t r, bcue_index_list *found, bcue_key_list *keys)
{
    double apart = bcue_vec3_norm(bcue_vec3_sub(s->transmitter, s->receivers[r])),
           wide = sqrt(0.5 * s->spread_reflected / fmax(apart, 1e-3));
    for (size_t i = 0; i < s->surface_count; i++) {
        const bcue_placed_surface *at = &s->surfaces[i];
        if (!bcue_surface_faces(at, s->receivers[r]))
            continue;
        const glance look = {s, r, (uint32_t)i, bcue_mirror(at, s->receivers[r]), wide, found, keys};
        if (!look_into(&look))
            return false;
    }
    return true;
}
