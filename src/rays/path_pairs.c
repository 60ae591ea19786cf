/* One reflection and one diffraction near a reflection boundary of the wedge: a double reflection, off the
   mirror and off a face g of the wedge, passes both of them nearly. Here the mirror comes first: found once
   per search, mirror by mirror, for all receivers side by side; the other order is path_lobes.c.

   With the bound of path_edge.c (c: the least amplitude over wavelength / 4 pi) the reflection terms carry
   the share q of what is needed only if S^2 - D^2 <= 2 K / S, K = 1 / (pi k q^2 c^2). S = a + b is the length
   over the point Q of the edge, a and b its parts, and D the length of the double reflection, a straight line
   in the mirrored space. For the distance y of Q from that line,

       D <= sqrt(a^2 - y^2) + sqrt(b^2 - y^2)  gives  y^2 <= 2 (S - D) a b / S,

   S - D is (S^2 - D^2) / (S + D), and D >= S sqrt(1 - 2 K / S^3), so that

       y^2 <= 4 K a b / (m S^3),  m = 1 + sqrt(max(0, 1 - 2 K / S^3));

   and y^2 <= K / 2S from 4 y^2 <= S^2 - D^2. On the other hand the way by the mirror is straight: the mirror
   lies exactly between its image and Q. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/parallel.h"
#include "rays/path_flat.h"
#include "rays/path_mixed.h"

enum { NODES_PER_CHUNK = 16 };

/* What a receiver has to look at. */
typedef struct met_key {
    uint64_t key;
    uint32_t receiver;
} met_key;

typedef struct met_list {
    met_key *all; /* owned */
    size_t count, capacity;
} met_list;

typedef struct pair_work {
    bcue_search *s;
    double shortest; /* from the transmitter to a receiver */
    met_list *chunks;
    bool *failed;
} pair_work;

/* One worker's own. */
typedef struct bench {
    const pair_work *work;
    bcue_index_list found, mine;
    bcue_half_space region[BCUE_BEAM_PLANES]; /* of the node's surface */
    bcue_lane_region lanes;                   /* the same */
    bcue_key_list keys;
    uint32_t *hits, *receivers; /* room for groups, for receivers */
    met_list *out;
} bench;

/* ---- how far from the line? ---- */

static double share(double spread, double length)
{
    double rest = 1.0 - 2.0 * spread / (length * length * length);
    return 4.0 * spread / (1.0 + (rest > 0.0 ? sqrt(rest) : 0.0));
}

/* The largest y for a point at a distance `a` +- slack from one end, when the whole is at least `least`. */
static double radius_from(double spread, double a, double slack, double least)
{
    double low = a > slack ? a - slack : 0.0, length = fmax(fmax(least, 1.5 * low), 1e-3);
    double all = 0.5 * spread / fmax(least, 1e-3), part = share(spread, fmax(least, 1e-3)) * (a + slack) *
                                                          (length - low) / (length * length * length);
    return sqrt(fmin(all, part));
}

/* ---- one receiver ---- */

static double height(const bcue_placed_surface *at, bcue_vec3 point)
{
    return bcue_vec3_dot(at->normal, point) - at->offset;
}

/* K for a receiver: with both ends h and h' above the face, the incidence term is at most
   sqrt(S / (2 pi k h h')), because D^2 - 4 h h' is the square of its line; the term of the face has to carry
   the rest. `least`: of S. */
static double spread_of(const bcue_search *s, double heights, double least)
{
    double other = 1.0 / sqrt(2.0 * BCUE_PI * s->wave_number * heights * fmax(least, 1e-3));
    double rest = fmax(s->least - other, (1.0 - BCUE_INCIDENT_SHARE) * s->least);
    return 1.0 / (BCUE_PI * s->wave_number * rest * rest);
}

double bcue_radius_between(const bcue_search *s, double heights, double a, double b, double slack,
                           double straight)
{
    double length = fmax(fmax(straight, a + b - 2.0 * slack), 1e-3), spread = spread_of(s, heights, length);
    double part = share(spread, length) * (a + slack) * (b + slack) / (length * length * length);
    return sqrt(fmin(0.5 * spread / length, part));
}

static double distance(bcue_vec3 a, bcue_vec3 b)
{
    return bcue_vec3_norm(bcue_vec3_sub(a, b));
}

bool bcue_wedge_near(const bcue_placed_wedge *w, const bcue_near_line *line)
{
    bcue_vec3 middle = bcue_vec3_add(w->a, bcue_vec3_scale(w->along, 0.5 * w->length_m));
    return bcue_passes_near(line->from, line->to, line->square, middle, 0.5 * w->length_m + line->radius);
}

static bool put_keys(bench *b, size_t r)
{
    if (!bcue_grow((void **)&b->out->all, &b->out->capacity, b->out->count + b->keys.count,
                   sizeof *b->out->all))
        return false;
    for (size_t i = 0; i < b->keys.count; i++)
        b->out->all[b->out->count++] = (met_key){b->keys.all[i], (uint32_t)r};
    b->keys.count = 0;
    return true;
}

static bool outside(const bcue_half_space *region, const bcue_placed_wedge *w)
{
    bcue_vec3 end = bcue_vec3_add(w->a, bcue_vec3_scale(w->along, w->length_m));
    for (int i = 0; i < BCUE_BEAM_PLANES; i++)
        if (bcue_vec3_dot(region[i].normal, w->a) < region[i].offset &&
            bcue_vec3_dot(region[i].normal, end) < region[i].offset)
            return true;
    return false;
}

/* b->mine: the wedges of a face that the wave by way of the node's surface meets. */
static bool wedges_in_beam(bench *b, uint32_t face)
{
    const bcue_search *s = b->work->s;
    const bcue_flat *flat = s->flat;
    const size_t first = s->first_wedge[face], end = s->first_wedge[face + 1];
    b->mine.count = 0;
    if (!bcue_grow((void **)&b->mine.all, &b->mine.capacity, end - first, sizeof *b->mine.all))
        return false;
    const size_t count = flat->tests->boxes(&flat->face_wedges, first, end, &b->lanes, b->mine.all);
    for (size_t i = 0; i < count; i++) {
        const uint32_t wedge = s->surface_wedges[b->mine.all[i]];
        if (!outside(b->region, &s->wedges[wedge]))
            b->mine.all[b->mine.count++] = wedge;
    }
    return true;
}

/* A face after a mirror. */
typedef struct second_face {
    const bcue_image_node *node; /* of the mirror */
    uint32_t face;
    bcue_vec3 image;       /* the transmitter's, in the mirror and then in the face */
    double before, radius; /* from the mirror's image to the middle of the face; the largest y */
    double height;         /* of the mirror's image above the face */
} second_face;

/* Reflection, then diffraction at a wedge of the face. */
static bool look_after(bench *b, const second_face *at, size_t r)
{
    const bcue_search *s = b->work->s;
    const bcue_vec3 receiver = s->receivers[r];
    const bcue_placed_surface *face = &s->surfaces[at->face];
    const double heights = at->height * height(face, receiver);
    if (!(heights > 0.0)) /* not on one side */
        return true;
    const bcue_vec3 span = bcue_vec3_sub(receiver, at->image);
    bcue_near_line line = {at->image, receiver, bcue_vec3_dot(span, span), at->radius};
    if (!bcue_surface_near(s, at->face, at->image, receiver, line.square, line.radius))
        return true;
    line.radius = bcue_radius_between(s, heights, at->before, distance(face->middle, receiver),
                                      s->reach[at->face], sqrt(line.square));
    if (!bcue_surface_near(s, at->face, at->image, receiver, line.square, line.radius))
        return true;
    for (size_t i = 0; i < b->mine.count; i++)
        if (bcue_wedge_near(&s->wedges[b->mine.all[i]], &line) &&
            !bcue_mixed_add(s, r, false, at->node->surface, at->node->image, b->mine.all[i], &b->keys))
            return false;
    return put_keys(b, r);
}

/* ---- one pair of surfaces ---- */

static bool bends(const bcue_search *s, uint32_t surface)
{
    return s->first_wedge[surface + 1] > s->first_wedge[surface];
}

/* What the wave by way of a face, whose image of the transmitter is `image`, may reach. */
static bcue_lane_way way_by(const bcue_flat *flat, const bcue_placed_surface *at, bcue_vec3 image,
                            double near)
{
    bcue_lane_way way = {.sphere = {0, 0, 0, (float)near},
                         .front = {(float)at->normal.x, (float)at->normal.y, (float)at->normal.z,
                                   (float)(at->offset - bcue_vec3_dot(at->normal, flat->origin))}};
    if (at->two_sided)
        way.front[0] = way.front[1] = way.front[2] = way.front[3] = 0.0f;
    bcue_flat_point(flat, image, way.apex);
    bcue_flat_point(flat, at->middle, way.sphere);
    return way;
}

static bool pair_after(bench *b, const bcue_image_node *node, uint32_t face)
{
    const pair_work *work = b->work;
    const bcue_search *s = work->s;
    const bcue_placed_surface *at = &s->surfaces[face];
    if (face == node->surface || !bends(s, face) || !bcue_surface_faces(at, node->image))
        return true;
    const double reach = s->reach[face], before = distance(node->image, at->middle);
    const second_face second = {
        node,
        face,
        bcue_mirror(at, node->image),
        before,
        radius_from(s->spread_reflected, before, reach, fmax(work->shortest, before - reach)),
        height(at, node->image)};
    const bcue_lane_way way = way_by(s->flat, at, second.image, reach + second.radius);
    const size_t count =
        s->flat->tests->receivers(&s->flat->receivers, 0, s->receiver_count, &way, b->receivers);
    if (count == 0)
        return true;
    if (!wedges_in_beam(b, face))
        return false;
    for (size_t i = 0; b->mine.count > 0 && i < count; i++)
        if (!look_after(b, &second, b->receivers[i]))
            return false;
    return true;
}

/* ---- one surface ---- */

/* The farthest that anything is from a point. */
static double farthest(const bcue_search *s, bcue_vec3 from)
{
    const bcue_radio_shape *radio = &bcue_radio_scene_world(s->scene)->radio;
    bcue_vec3 middle = bcue_vec3_scale(bcue_vec3_add(radio->low, radio->high), 0.5);
    double most = 0.5 * distance(radio->low, radio->high) + distance(middle, from);
    for (size_t r = 0; r < s->receiver_count; r++)
        most = fmax(most, distance(from, s->receivers[r]));
    return most;
}

/* Push the sides of a beam outward, for lines from the apex that miss the surface by up to `radius`, and for
   what lies as near to these lines. Where such a line has passed the surface after a distance t, it is at x
   outside of a side by up to radius |x| / t. */
static void enlarge(const bcue_search *s, const bcue_placed_surface *surface, double reach, bcue_vec3 apex,
                    double radius, bcue_half_space region[BCUE_BEAM_PLANES])
{
    bcue_vec3 axis = bcue_vec3_sub(surface->middle, apex);
    double middle = bcue_vec3_norm(axis), nearest = middle - reach - radius;
    double height = fabs(bcue_vec3_dot(surface->normal, apex) - surface->offset) - radius;
    /* The enlarged beam keeps within this angle of its axis. */
    double sine = (reach + radius) / middle;
    bool narrow = nearest > 0.0 && sine < 0.8;
    axis = bcue_vec3_scale(axis, 1.0 / middle);
    double slope = radius / fmax(nearest, height);
    for (int i = 0; i < 4; i++) {
        if (narrow) {
            /* n . x >= -slope |x| follows from (n + tilt axis) . x >= 0 where axis . x >= cosine |x|. */
            double tilt = slope / sqrt(1.0 - sine * sine);
            region[i].normal = bcue_vec3_add(region[i].normal, bcue_vec3_scale(axis, tilt));
            region[i].offset = bcue_vec3_dot(region[i].normal, apex) - 2.0 * radius;
        } else if (height > radius) {
            region[i].offset =
                bcue_vec3_dot(region[i].normal, apex) - slope * farthest(s, apex) - 2.0 * radius;
        } else {
            region[i] = (bcue_half_space){{0, 0, 0}, -1.0};
        }
    }
    region[4].offset -= radius;
}

void bcue_lobe_region(const bcue_search *s, const bcue_image_node *node, double shortest,
                      bcue_half_space region[BCUE_BEAM_PLANES])
{
    const bcue_placed_surface *at = &s->surfaces[node->surface];
    double reach = s->reach[node->surface], a = distance(node->image, at->middle);
    bcue_beam_region(at, node->image, s->clearance_m, region);
    enlarge(s, at, reach, node->image, radius_from(s->spread_reflected, a, reach, fmax(shortest, a - reach)),
            region);
}

static bool pairs_of(bench *b, const bcue_image_node *node)
{
    const bcue_search *s = b->work->s;
    const bcue_placed_surface *at = &s->surfaces[node->surface];
    bcue_beam_region(at, node->image, s->clearance_m, b->region);
    b->lanes = bcue_flat_region(s->flat, b->region);
    b->found.count = 0;
    if (!bcue_flat_surfaces_within(s->flat, &b->lanes, b->hits, &b->found))
        return false;
    for (size_t i = 0; i < b->found.count; i++)
        if (!pair_after(b, node, b->found.all[i]))
            return false;
    return true;
}

static void fill_chunk(void *context, size_t chunk)
{
    const pair_work *work = context;
    const bcue_search *s = work->s;
    bench b = {.work = work, .out = &work->chunks[chunk]};
    b.hits = bcue_calloc(s->flat->group_count, sizeof *b.hits);
    b.receivers = bcue_calloc(s->receiver_count, sizeof *b.receivers);
    bool ok = b.hits && b.receivers;
    size_t end = (chunk + 1) * NODES_PER_CHUNK;
    for (size_t i = chunk * NODES_PER_CHUNK; ok && i < end && i < s->first_order_count; i++)
        ok = pairs_of(&b, &s->images.nodes[i]);
    work->failed[chunk] = !ok;
    free(b.found.all);
    free(b.mine.all);
    free(b.keys.all);
    free(b.hits);
    free(b.receivers);
}

/* ---- all of them ---- */

/* Receiver by receiver, in the order of the chunks. */
static bool gather(bcue_search *s, const met_list *chunks, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += chunks[i].count;
    s->first_pair_key = bcue_calloc(s->receiver_count + 2, sizeof *s->first_pair_key);
    s->pair_keys = bcue_calloc(total, sizeof *s->pair_keys);
    if (!s->first_pair_key || !s->pair_keys)
        return false;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < chunks[i].count; k++)
            s->first_pair_key[chunks[i].all[k].receiver + 2]++;
    for (size_t r = 2; r < s->receiver_count + 2; r++)
        s->first_pair_key[r] += s->first_pair_key[r - 1];
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < chunks[i].count; k++)
            s->pair_keys[s->first_pair_key[chunks[i].all[k].receiver + 1]++] = chunks[i].all[k].key;
    return true;
}

bool bcue_pairs_make(bcue_search *s)
{
    size_t count = (s->first_order_count + NODES_PER_CHUNK - 1) / NODES_PER_CHUNK;
    pair_work work = {.s = s,
                      .shortest = INFINITY,
                      .chunks = bcue_calloc(count, sizeof *work.chunks),
                      .failed = bcue_calloc(count, sizeof *work.failed)};
    bool ok = work.chunks && work.failed;
    if (ok) {
        for (size_t r = 0; r < s->receiver_count; r++)
            work.shortest = fmin(work.shortest, distance(s->transmitter, s->receivers[r]));
        bcue_parallel_for(s->receiver_count > 0 ? count : 0, 1, fill_chunk, &work);
        for (size_t i = 0; i < count; i++)
            ok = ok && !work.failed[i];
        ok = ok && gather(s, work.chunks, count);
    }
    for (size_t i = 0; work.chunks && i < count; i++)
        free(work.chunks[i].all);
    free(work.chunks);
    free(work.failed);
    return ok;
}
