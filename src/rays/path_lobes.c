/* A diffraction and then a reflection, near a reflection boundary of the wedge: the transmitter's wave leaves
   a face g of the wedge about its specular direction (its lobe), meets a mirror, and from there the receiver.

   Once per search the lobe of every face, y of path_pairs.c wide, is tried against every group of surfaces
   (bcue_radio_groups): of each group is kept which groups' faces send something there. Then, per receiver and
   mirror, only those of the mirror's group count that the receiver sees in the mirror, and of their faces
   only those whose double reflection passes face and mirror closely: the way from Q by the mirror to the
   receiver is straight, without any y. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/parallel.h"
#include "rays/path_flat.h"
#include "rays/path_mixed.h"

enum { GROUPS_PER_CHUNK = 4 };

/* Faces of group `from` send something to group `met`. */
typedef struct meeting {
    uint32_t met, from;
} meeting;

typedef struct meeting_list {
    meeting *all; /* owned */
    size_t count, capacity;
} meeting_list;

struct bcue_lobes {
    uint32_t *from;           /* of group g: from[first[g] .. first[g + 1]); owned */
    size_t *first;            /* owned */
    bcue_lane_spheres around; /* those groups; x owns all four */
    float *floats;
};

typedef struct lobe_work {
    const bcue_search *s;
    double shortest; /* from the transmitter to a receiver */
    meeting_list *chunks;
    bool *failed;
} lobe_work;

/* One worker's own: groups that a node's lobe meets, and which node's group has met a group already. */
typedef struct lobe_bench {
    uint32_t *hits, *met_by;
} lobe_bench;

static double height(const bcue_placed_surface *at, bcue_vec3 point)
{
    return bcue_vec3_dot(at->normal, point) - at->offset;
}

/* The groups that the lobes of a group's faces meet. */
static bool fill_group(const lobe_work *work, uint32_t from, lobe_bench *bench, meeting_list *out)
{
    const bcue_search *s = work->s;
    const bcue_flat *flat = s->flat;
    for (size_t i = flat->first_bending[from]; i < flat->first_bending[from + 1]; i++) {
        bcue_half_space region[BCUE_BEAM_PLANES];
        bcue_lobe_region(s, &s->images.nodes[flat->bending[i]], work->shortest, region);
        const bcue_lane_region lanes = bcue_flat_region(flat, region);
        const size_t count = flat->tests->boxes(&flat->groups, 0, flat->group_count, &lanes, bench->hits);
        if (!bcue_grow((void **)&out->all, &out->capacity, out->count + count, sizeof *out->all))
            return false;
        for (size_t k = 0; k < count; k++) {
            if (bench->met_by[bench->hits[k]] == from + 1)
                continue;
            bench->met_by[bench->hits[k]] = from + 1;
            out->all[out->count++] = (meeting){bench->hits[k], from};
        }
    }
    return true;
}

static void fill_chunk(void *context, size_t chunk)
{
    const lobe_work *work = context;
    const size_t groups = work->s->flat->group_count, end = (chunk + 1) * GROUPS_PER_CHUNK;
    lobe_bench bench = {bcue_calloc(groups, sizeof *bench.hits), bcue_calloc(groups, sizeof *bench.met_by)};
    bool ok = bench.hits && bench.met_by;
    for (size_t g = chunk * GROUPS_PER_CHUNK; ok && g < end && g < groups; g++)
        ok = fill_group(work, (uint32_t)g, &bench, &work->chunks[chunk]);
    work->failed[chunk] = !ok;
    free(bench.hits);
    free(bench.met_by);
}

/* Sort by the group that is met: stable, counting. */
static bool sort_into(bcue_lobes *l, const lobe_work *work, size_t chunk_count)
{
    const bcue_flat *flat = work->s->flat;
    size_t total = 0, groups = flat->group_count;
    for (size_t i = 0; i < chunk_count; i++)
        total += work->chunks[i].count;
    const size_t stride = total + BCUE_LANE_PADDING;
    l->from = bcue_calloc(total, sizeof *l->from);
    l->first = bcue_calloc(groups + 2, sizeof *l->first);
    l->floats = bcue_calloc(4 * stride, sizeof *l->floats);
    if (!l->from || !l->first || !l->floats)
        return false;
    for (size_t i = 0; i < chunk_count; i++)
        for (size_t k = 0; k < work->chunks[i].count; k++)
            l->first[work->chunks[i].all[k].met + 2]++;
    for (size_t g = 2; g < groups + 2; g++)
        l->first[g] += l->first[g - 1];
    float *x = l->floats, *y = x + stride, *z = y + stride, *radius = z + stride;
    for (size_t i = 0; i < chunk_count; i++)
        for (size_t k = 0; k < work->chunks[i].count; k++) {
            const meeting m = work->chunks[i].all[k];
            const size_t at = l->first[m.met + 1]++;
            l->from[at] = m.from;
            x[at] = flat->group_spheres.x[m.from];
            y[at] = flat->group_spheres.y[m.from];
            z[at] = flat->group_spheres.z[m.from];
            radius[at] = flat->group_spheres.radius[m.from];
        }
    l->around = (bcue_lane_spheres){x, y, z, radius};
    return true;
}

void bcue_lobes_free(bcue_lobes *l)
{
    if (!l)
        return;
    free(l->from);
    free(l->first);
    free(l->floats);
    free(l);
}

bool bcue_lobes_make(bcue_search *s)
{
    lobe_work work = {.s = s, .shortest = INFINITY};
    const size_t chunks = (s->flat->group_count + GROUPS_PER_CHUNK - 1) / GROUPS_PER_CHUNK;
    bcue_lobes *l = s->lobes = bcue_calloc(1, sizeof *l);
    if (!l)
        return false;
    for (size_t r = 0; r < s->receiver_count; r++)
        work.shortest = fmin(work.shortest, bcue_vec3_norm(bcue_vec3_sub(s->transmitter, s->receivers[r])));
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
    double wide;              /* the largest y */
    uint32_t *groups, *nodes; /* room for hits */
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
    const bcue_flat *flat = s->flat;
    const size_t first = s->first_wedge[face], end = s->first_wedge[face + 1];
    if (!bcue_grow((void **)&look->found->all, &look->found->capacity, end - first, sizeof *look->found->all))
        return false;
    bcue_vec3 from, to;
    clip_to_face(&s->surfaces[face], line, &from, &to);
    const bcue_lane_tube tube = bcue_flat_tube(flat, from, to, line->radius);
    const size_t count = flat->tests->tube(&flat->face_wedges, first, end, &tube, look->found->all);
    for (size_t i = 0; i < count; i++) {
        const uint32_t wedge = s->surface_wedges[look->found->all[i]];
        if (bcue_wedge_near(&s->wedges[wedge], line) &&
            !bcue_mixed_add(s, look->r, true, look->mirror, look->image, wedge, look->keys))
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

/* The faces of a group: those inside the cone whose line by way of face and mirror passes both closely. */
static bool look_at_group(const glance *look, uint32_t group, const bcue_lane_end *at)
{
    const bcue_search *s = look->s;
    const bcue_flat *flat = s->flat;
    const size_t count = flat->tests->lines(&flat->bending_lines, flat->first_bending[group],
                                            flat->first_bending[group + 1], at, look->nodes);
    for (size_t i = 0; i < count; i++)
        if (!look_at(look, &s->images.nodes[flat->bending[look->nodes[i]]]))
            return false;
    return true;
}

/* The groups that reach into the cone from the receiver's image around the mirror. */
static bool look_into(const glance *look)
{
    const bcue_search *s = look->s;
    const bcue_flat *flat = s->flat;
    const bcue_lobes *l = s->lobes;
    const bcue_placed_surface *mirror = &s->surfaces[look->mirror];
    const double reach = s->reach[look->mirror];
    const size_t first = l->first[flat->group_of[look->mirror]],
                 end = l->first[flat->group_of[look->mirror] + 1];
    bcue_lane_end at = {.wide = (float)look->wide, .also = {0, 0, 0, (float)(reach + look->wide)}};
    bcue_flat_point(flat, look->image, at.to);
    bcue_flat_point(flat, mirror->middle, at.also);
    bcue_vec3 axis = bcue_vec3_sub(mirror->middle, look->image);
    const double distance = bcue_vec3_norm(axis), sine = (reach + 1e-3) / fmax(distance, 1e-6);
    if (sine > 0.8) { /* too near for a cone */
        for (size_t i = first; i < end; i++)
            if (!look_at_group(look, l->from[i], &at))
                return false;
        return true;
    }
    const double cosine = sqrt(1.0 - sine * sine);
    axis = bcue_vec3_scale(axis, 1.0 / distance);
    const bcue_lane_cone cone = {{at.to[0], at.to[1], at.to[2]},
                                 {(float)axis.x, (float)axis.y, (float)axis.z},
                                 (float)(sine / cosine),
                                 (float)(1.0 / cosine),
                                 (float)(distance - reach) - 0.05f};
    at.within = &cone;
    const size_t count = flat->tests->cone(&l->around, first, end, &cone, look->groups);
    for (size_t i = 0; i < count; i++)
        if (!look_at_group(look, l->from[look->groups[i]], &at))
            return false;
    return true;
}

static bool look_everywhere(glance *look)
{
    const bcue_search *s = look->s;
    const bcue_flat *flat = s->flat;
    const bcue_vec3 receiver = s->receivers[look->r];
    for (size_t i = 0; i < s->surface_count; i++) {
        const size_t group = flat->group_of[i];
        if (s->lobes->first[group] == s->lobes->first[group + 1] ||
            !bcue_surface_faces(&s->surfaces[i], receiver))
            continue;
        look->mirror = (uint32_t)i;
        look->image = bcue_mirror(&s->surfaces[i], receiver);
        if (!look_into(look))
            return false;
    }
    return true;
}

bool bcue_lobes_find(const bcue_search *s, size_t r, bcue_index_list *found, bcue_key_list *keys)
{
    const double apart = bcue_vec3_norm(bcue_vec3_sub(s->transmitter, s->receivers[r]));
    glance look = {.s = s,
                   .r = r,
                   .wide = sqrt(0.5 * s->spread_reflected / fmax(apart, 1e-3)),
                   .groups = bcue_calloc(s->flat->group_count, sizeof *look.groups),
                   .nodes = bcue_calloc(s->first_order_count, sizeof *look.nodes),
                   .found = found,
                   .keys = keys};
    const bool ok = look.groups && look.nodes && look_everywhere(&look);
    free(look.groups);
    free(look.nodes);
    return ok;
}
