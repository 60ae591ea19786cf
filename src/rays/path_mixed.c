/* Which pairs of a reflecting surface and a wedge can make a path that matters, without trying all of them.

   By the bound of path_edge.c a path over the length S can reach the least amplitude c (times wavelength / 4
   pi) only if one of its terms does with c / 2: min(1, 1 / sqrt(pi X)) >= c S / 2, X = k (S^2 - D^2) / 2S. S
   is at least the distance of the ends, so X is at most a number X_most of the receiver, and the point Q on
   the edge lies within y of the straight (unfolded) line of length D at whose boundary the term jumps,
   because S^2 >= D^2 + 4 y^2: 4 y^2 <= S_most^2 - D^2,  S_most = X_most / k + sqrt((X_most / k)^2 + D^2). The
   point of reflection lies between the image and Q, and so no further from the line. Hence
   - near an incidence boundary: the line from the image in a surface to the other end passes that surface
   within y, and the wedge lies in a tube of radius y around it;
   - near a reflection boundary: the line of a double reflection, by the surface and by a face of the wedge,
   passes both within y. Such pairs of surfaces are listed once for the transmitter: the second is in the beam
   of the first, enlarged by y. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/parallel.h"
#include "rays/path_search.h"

enum { NODES_PER_CHUNK = 32 };

static double square_apart(bcue_vec3 a, bcue_vec3 b)
{
    bcue_vec3 span = bcue_vec3_sub(a, b);
    return bcue_vec3_dot(span, span);
}

/* y^2 for a line whose squared length is `square`, between ends whose squared distance is `apart`. */
static double square_radius(const bcue_search *s, double apart, double square)
{
    double ratio_2 = 4.0 / (s->least * s->least * ((square > apart ? square : apart) + 1e-6));
    double excess = (ratio_2 > 1.0 ? ratio_2 : 1.0) / BCUE_PI * s->options->wavelength_m / (2.0 * BCUE_PI);
    return 0.5 * excess * (excess + sqrt(excess * excess + square));
}

static bool add_key(bcue_key_list *keys, bool reversed, uint32_t surface, uint32_t wedge)
{
    if (!bcue_grow((void **)&keys->all, &keys->capacity, keys->count + 1, sizeof *keys->all))
        return false;
    keys->all[keys->count++] = (uint64_t)reversed << 63 | (uint64_t)surface << 32 | wedge;
    return true;
}

/* Does the line from a to b (of squared length `square`) pass within `near` of the point? */
static bool passes_near(bcue_vec3 a, bcue_vec3 b, double square, bcue_vec3 point, double near)
{
    bcue_vec3 along = bcue_vec3_sub(b, a), from = bcue_vec3_sub(point, a);
    double part = bcue_vec3_dot(from, along);
    return bcue_vec3_dot(from, from) * square - part * part <= near * near * square;
}

/* Can any point of the surface lie within `radius` of the line from a to b (of squared length `square`)? */
static bool surface_near(const bcue_search *s, uint32_t index, bcue_vec3 a, bcue_vec3 b, double square,
                         double radius)
{
    const bcue_placed_surface *at = &s->surfaces[index];
    double from = bcue_vec3_dot(at->normal, a) - at->offset, to = bcue_vec3_dot(at->normal, b) - at->offset;
    if (!(from * to < 0.0))
        return passes_near(a, b, square, at->middle, s->reach[index] + radius);
    bcue_vec3 crossing = bcue_vec3_add(a, bcue_vec3_scale(bcue_vec3_sub(b, a), from / (from - to)));
    bcue_vec3 away = bcue_vec3_sub(crossing, at->middle);
    double u = fabs(bcue_vec3_dot(away, at->axis_u)) - at->half_u,
           v = fabs(bcue_vec3_dot(away, at->axis_v)) - at->half_v;
    u = u > 0.0 ? u : 0.0;
    v = v > 0.0 ? v : 0.0;
    /* A point of the plane at a distance r from the crossing is r sin(angle of line and plane) from the line.
     */
    return (u * u + v * v) * (from - to) * (from - to) <= radius * radius * square;
}

/* The wedges around the line from an image to the other end, in front of the surface. */
static bool tube_candidates(const bcue_search *s, uint32_t surface, bcue_vec3 image, bcue_vec3 end,
                            double radius, bool reversed, bcue_index_list *found, bcue_key_list *keys)
{
    bcue_vec3 along = bcue_vec3_unit(bcue_vec3_sub(end, image));
    bcue_vec3 helper = fabs(along.z) < 0.9 ? bcue_vec3_make(0, 0, 1) : bcue_vec3_make(1, 0, 0);
    bcue_vec3 u = bcue_vec3_unit(bcue_vec3_cross(helper, along)), v = bcue_vec3_cross(along, u);
    const bcue_vec3 side[4] = {u, bcue_vec3_scale(u, -1.0), v, bcue_vec3_scale(v, -1.0)};
    bcue_half_space region[BCUE_BEAM_PLANES + 4];
    bcue_beam_region(&s->surfaces[surface], image, s->clearance_m, region);
    for (int i = 0; i < 4; i++)
        region[BCUE_BEAM_PLANES + i] = (bcue_half_space){side[i], bcue_vec3_dot(side[i], image) - radius};
    found->count = 0;
    if (!bcue_radio_wedges_within(s->scene, region, BCUE_BEAM_PLANES + 4, found))
        return false;
    for (size_t i = 0; i < found->count; i++)
        if (!add_key(keys, reversed, surface, found->all[i]))
            return false;
    return true;
}

/* Near incidence boundaries; `source` is the end beside the surface. */
static bool incidence_candidates(const bcue_search *s, bcue_vec3 source, bcue_vec3 end, bool reversed,
                                 bcue_index_list *found, bcue_key_list *keys)
{
    double apart = square_apart(source, end);
    for (size_t i = 0; i < s->surface_count; i++) {
        const bcue_placed_surface *surface = &s->surfaces[i];
        if (!bcue_surface_faces(surface, source))
            continue;
        bcue_vec3 image = bcue_mirror(surface, source);
        double square = square_apart(image, end), radius = sqrt(square_radius(s, apart, square));
        if (surface_near(s, (uint32_t)i, image, end, square, radius) &&
            !tube_candidates(s, (uint32_t)i, image, end, radius, reversed, found, keys))
            return false;
    }
    return true;
}

/* The wedges of a face that come within `radius` of the line from a to b. */
static bool wedge_keys(const bcue_search *s, bool reversed, uint32_t surface, uint32_t face, bcue_vec3 a,
                       bcue_vec3 b, double square, double radius, bcue_key_list *keys)
{
    for (size_t i = s->first_wedge[face]; i < s->first_wedge[face + 1]; i++) {
        const bcue_placed_wedge *w = &s->wedges[s->surface_wedges[i]];
        bcue_vec3 middle = bcue_vec3_add(w->a, bcue_vec3_scale(w->along, 0.5 * w->length_m));
        if (passes_near(a, b, square, middle, 0.5 * w->length_m + radius) &&
            !add_key(keys, reversed, surface, s->surface_wedges[i]))
            return false;
    }
    return true;
}

/* Do both points lie on the same reflecting side of a surface? */
static bool same_side(const bcue_placed_surface *at, bcue_vec3 a, bcue_vec3 b)
{
    double ha = bcue_vec3_dot(at->normal, a) - at->offset, hb = bcue_vec3_dot(at->normal, b) - at->offset;
    return ha * hb > 0.0;
}

/* Near reflection boundaries. */
static bool reflection_candidates(const bcue_search *s, size_t r, bcue_key_list *keys)
{
    bcue_vec3 receiver = s->receivers[r];
    double apart = square_apart(s->transmitter, receiver);
    for (size_t i = s->first_pair[r]; i < s->first_pair[r + 1]; i++) {
        const bcue_image_node *node = &s->images.nodes[s->pairs[i].node];
        uint32_t face = s->pairs[i].second;
        const bcue_placed_surface *first = &s->surfaces[node->surface], *second = &s->surfaces[face];
        bcue_vec3 image = bcue_mirror(second, node->image), mirrored = bcue_mirror(second, receiver);
        double square = square_apart(image, receiver), radius = sqrt(square_radius(s, apart, square));
        if (!surface_near(s, face, image, receiver, square, radius) ||
            !surface_near(s, node->surface, node->image, mirrored, square, radius))
            continue;
        /* The two ends that the face of the wedge has before it lie on one side of it. */
        if (same_side(second, node->image, receiver) &&
            !wedge_keys(s, false, node->surface, face, image, receiver, square, radius, keys))
            return false;
        if (same_side(first, s->transmitter, mirrored) &&
            !wedge_keys(s, true, face, node->surface, node->image, mirrored, square, radius, keys))
            return false;
    }
    return true;
}

/* Every wedge in the beam of every surface. */
static bool all_candidates(const bcue_search *s, bcue_vec3 source, bool reversed, bcue_index_list *found,
                           bcue_key_list *keys)
{
    for (size_t i = 0; i < s->surface_count; i++) {
        if (!bcue_surface_faces(&s->surfaces[i], source))
            continue;
        bcue_half_space region[BCUE_BEAM_PLANES];
        bcue_beam_region(&s->surfaces[i], bcue_mirror(&s->surfaces[i], source), s->clearance_m, region);
        found->count = 0;
        if (!bcue_radio_wedges_within(s->scene, region, BCUE_BEAM_PLANES, found))
            return false;
        for (size_t k = 0; k < found->count; k++)
            if (!add_key(keys, reversed, (uint32_t)i, found->all[k]))
                return false;
    }
    return true;
}

bool bcue_mixed_candidates(const bcue_search *s, size_t r, bcue_key_list *keys)
{
    bcue_vec3 receiver = s->receivers[r];
    bcue_index_list found = {0};
    bool ok;
    if (s->least > 0.0)
        ok = incidence_candidates(s, s->transmitter, receiver, false, &found, keys) &&
             incidence_candidates(s, receiver, s->transmitter, true, &found, keys) &&
             reflection_candidates(s, r, keys);
    else
        ok = all_candidates(s, s->transmitter, false, &found, keys) &&
             all_candidates(s, receiver, true, &found, keys);
    free(found.all);
    return ok;
}

/* ---- once per search ---- */

/* A pair of surfaces that a receiver has to look at. */
typedef struct met_pair {
    uint32_t receiver;
    bcue_pair pair;
} met_pair;

typedef struct pair_list {
    met_pair *all;
    size_t count, capacity;
} pair_list;

typedef struct pair_work {
    bcue_search *s;
    double radius;           /* the largest y */
    const double *x, *y, *z; /* of the receivers */
    pair_list *chunks;
    bool *failed;
} pair_work;

/* Tilt the sides of a beam outward, for lines that miss the surface by up to `radius`. At a distance r from
   the apex they are up to radius r / nearest outside, nearest being that of the surface. */
static void enlarge(const bcue_placed_surface *surface, double reach, bcue_vec3 apex, double radius,
                    bcue_half_space region[BCUE_BEAM_PLANES])
{
    bcue_vec3 axis = bcue_vec3_sub(surface->middle, apex);
    double distance = bcue_vec3_norm(axis), nearest = distance - reach - radius;
    /* The enlarged beam keeps within this angle of its axis. */
    double sine = (reach + radius) / distance, slope = radius / nearest;
    bool narrow = nearest > 0.0 && sine < 0.8;
    axis = bcue_vec3_scale(axis, 1.0 / distance);
    for (int i = 0; i < 4; i++) {
        if (!narrow) {
            region[i] = (bcue_half_space){{0, 0, 0}, -1.0};
            continue;
        }
        /* n . x >= -slope |x| follows from (n + tilt axis) . x >= 0 where axis . x >= cosine |x|. */
        double tilt = slope / sqrt(1.0 - sine * sine);
        region[i].normal = bcue_vec3_add(region[i].normal, bcue_vec3_scale(axis, tilt));
        region[i].offset = bcue_vec3_dot(region[i].normal, apex) - 2.0 * radius;
    }
    region[4].offset -= radius;
}

/* Which receivers have a line from the pair's image that passes the second surface within y? gap[r] <= 0. */
static bool add_pair(const pair_work *work, uint32_t parent, uint32_t second, double *gap, pair_list *out)
{
    const bcue_search *s = work->s;
    const bcue_placed_surface *at = &s->surfaces[second];
    bcue_vec3 image = bcue_mirror(at, s->images.nodes[parent].image), from = bcue_vec3_sub(at->middle, image);
    double near = s->reach[second] + work->radius, over = bcue_vec3_dot(from, from) - near * near;
    for (size_t r = 0; r < s->receiver_count; r++) {
        double x = work->x[r] - image.x, y = work->y[r] - image.y, z = work->z[r] - image.z;
        double part = from.x * x + from.y * y + from.z * z;
        gap[r] = over * (x * x + y * y + z * z) - part * part;
    }
    for (size_t r = 0; r < s->receiver_count; r++) {
        if (gap[r] > 0.0)
            continue;
        if (!bcue_grow((void **)&out->all, &out->capacity, out->count + 1, sizeof *out->all))
            return false;
        out->all[out->count++] = (met_pair){(uint32_t)r, {parent, second}};
    }
    return true;
}

static bool pairs_of(const pair_work *work, uint32_t parent, double *gap, bcue_index_list *found,
                     pair_list *out)
{
    const bcue_search *s = work->s;
    const bcue_image_node *node = &s->images.nodes[parent];
    const bcue_placed_surface *first = &s->surfaces[node->surface];
    bcue_half_space region[BCUE_BEAM_PLANES];
    bcue_beam_region(first, node->image, s->clearance_m, region);
    enlarge(first, s->reach[node->surface], node->image, work->radius, region);
    bool bends = s->first_wedge[node->surface + 1] > s->first_wedge[node->surface], ok = true;
    found->count = 0;
    if (!bcue_radio_surfaces_within(s->scene, region, BCUE_BEAM_PLANES, found))
        return false;
    for (size_t i = 0; ok && i < found->count; i++) {
        uint32_t second = found->all[i];
        if (second != node->surface && (bends || s->first_wedge[second + 1] > s->first_wedge[second]))
            ok = add_pair(work, parent, second, gap, out);
    }
    return ok;
}

static void fill_pairs(void *context, size_t chunk)
{
    const pair_work *work = context;
    const bcue_search *s = work->s;
    bcue_index_list found = {0};
    double *gap = bcue_calloc(s->receiver_count, sizeof *gap);
    bool ok = gap != NULL;
    for (size_t i = chunk * NODES_PER_CHUNK;
         ok && i < (chunk + 1) * NODES_PER_CHUNK && i < s->first_order_count; i++)
        ok = pairs_of(work, (uint32_t)i, gap, &found, &work->chunks[chunk]);
    work->failed[chunk] = !ok;
    free(found.all);
    free(gap);
}

/* Receiver by receiver, in the order of the chunks. */
static bool gather_pairs(bcue_search *s, const pair_list *chunks, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += chunks[i].count;
    s->first_pair = bcue_calloc(s->receiver_count + 2, sizeof *s->first_pair);
    s->pairs = bcue_calloc(total, sizeof *s->pairs);
    if (!s->first_pair || !s->pairs)
        return false;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < chunks[i].count; k++)
            s->first_pair[chunks[i].all[k].receiver + 2]++;
    for (size_t r = 2; r < s->receiver_count + 2; r++)
        s->first_pair[r] += s->first_pair[r - 1];
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < chunks[i].count; k++)
            s->pairs[s->first_pair[chunks[i].all[k].receiver + 1]++] = chunks[i].all[k].pair;
    return true;
}

static bool make_pairs(bcue_search *s, double radius)
{
    size_t count = (s->first_order_count + NODES_PER_CHUNK - 1) / NODES_PER_CHUNK, n = s->receiver_count;
    double *places = bcue_calloc(3 * n, sizeof *places);
    pair_work work = {.s = s,
                      .radius = radius,
                      .chunks = bcue_calloc(count, sizeof *work.chunks),
                      .failed = bcue_calloc(count, sizeof *work.failed)};
    bool ok = work.chunks && work.failed && places;
    if (ok) {
        for (size_t r = 0; r < n; r++) {
            places[r] = s->receivers[r].x;
            places[n + r] = s->receivers[r].y;
            places[2 * n + r] = s->receivers[r].z;
        }
        work.x = places;
        work.y = places + n;
        work.z = places + 2 * n;
        bcue_parallel_for(count, 1, fill_pairs, &work);
        for (size_t i = 0; i < count; i++)
            ok = ok && !work.failed[i];
        ok = ok && gather_pairs(s, work.chunks, count);
    }
    for (size_t i = 0; work.chunks && i < count; i++)
        free(work.chunks[i].all);
    free(work.chunks);
    free(work.failed);
    free(places);
    return ok;
}

/* The wedges of every surface. */
static bool sort_wedges(bcue_search *s)
{
    s->first_wedge = bcue_calloc(s->surface_count + 2, sizeof *s->first_wedge);
    s->surface_wedges = bcue_calloc(2 * s->wedge_count, sizeof *s->surface_wedges);
    if (!s->first_wedge || !s->surface_wedges)
        return false;
    for (size_t i = 0; i < 2 * s->wedge_count; i++) {
        uint32_t surface = s->wedges[i / 2].surface[i % 2];
        if (surface != BCUE_NO_SURFACE)
            s->first_wedge[surface + 2]++;
    }
    for (size_t i = 2; i < s->surface_count + 2; i++)
        s->first_wedge[i] += s->first_wedge[i - 1];
    for (size_t i = 0; i < 2 * s->wedge_count; i++) {
        uint32_t surface = s->wedges[i / 2].surface[i % 2];
        if (surface != BCUE_NO_SURFACE)
            s->surface_wedges[s->first_wedge[surface + 1]++] = (uint32_t)(i / 2);
    }
    return true;
}

bool bcue_mixed_make(bcue_search *s)
{
    if (s->least <= 0.0)
        return true;
    s->reach = bcue_calloc(s->surface_count, sizeof *s->reach);
    if (!s->reach || !sort_wedges(s))
        return false;
    for (size_t i = 0; i < s->surface_count; i++)
        s->reach[i] = hypot(s->surfaces[i].half_u, s->surfaces[i].half_v);
    double shortest = INFINITY;
    for (size_t r = 0; r < s->receiver_count; r++)
        shortest = fmin(shortest, square_apart(s->transmitter, s->receivers[r]));
    /* y is largest for the shortest line: it grows with D up to the distance of the ends, then falls. */
    return make_pairs(s, sqrt(square_radius(s, shortest, shortest)));
}
