/* Which pairs of a reflecting surface and a wedge can make a path that matters, without trying all of them.

   By the bound of path_edge.c a path over the length S can reach the least amplitude c (times wavelength / 4
   pi) only if its incidence term, or one of the reflection terms of its faces, carries its share q of that:
   min(1, 1 / sqrt(pi X)) >= q c S, X = k (S^2 - D^2) / 2S, which is S^2 - D^2 <= 2 K / S with K = 1 / (pi k
   q^2 c^2). The shares of the two are BCUE_INCIDENT_SHARE and the rest of one, because the mean of the
   reflection terms is not above the larger one. The point Q on the edge then lies within y of the straight
   (unfolded) line of length D at whose boundary the term jumps, because S^2 >= D^2 + 4 y^2: y^2 <= K / 2S,
   and S is at least D and the distance of the ends. The point of reflection lies between the image and Q, and
   so no further from the line. Hence
   - near an incidence boundary (here): the line from the image in a surface to the other end passes that
     surface within y, and the wedge lies in a tube of radius y around it;
   - near a reflection boundary (path_pairs.c, path_lobes.c): the line of a double reflection, by the surface
   and by a face of the wedge, passes both within y. */
#include <stdlib.h>
#include "base/memory.h"
#include "rays/path_flat.h"
#include "rays/path_mixed.h"

static double square_apart(bcue_vec3 a, bcue_vec3 b)
{
    bcue_vec3 span = bcue_vec3_sub(a, b);
    return bcue_vec3_dot(span, span);
}

bool bcue_passes_near(bcue_vec3 a, bcue_vec3 b, double square, bcue_vec3 point, double near)
{
    bcue_vec3 along = bcue_vec3_sub(b, a), from = bcue_vec3_sub(point, a);
    double part = bcue_vec3_dot(from, along);
    return bcue_vec3_dot(from, from) * square - part * part <= near * near * square;
}

bool bcue_surface_near(const bcue_search *s, uint32_t index, bcue_vec3 a, bcue_vec3 b, double square,
                       double radius)
{
    const bcue_placed_surface *at = &s->surfaces[index];
    double from = bcue_vec3_dot(at->normal, a) - at->offset, to = bcue_vec3_dot(at->normal, b) - at->offset;
    if (!(from * to < 0.0))
        return bcue_passes_near(a, b, square, at->middle, s->reach[index] + radius);
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

/* A segment such that everything that the wave from an image by way of a surface meets, within `radius` of
   the line to the other end, lies near it; how near. Either the line itself from the surface on, or, where
   that is narrower, the axis of the beam. */
static double tube_around(const bcue_search *s, uint32_t surface, bcue_vec3 image, bcue_vec3 end,
                          double length, double radius, bcue_vec3 segment[2])
{
    const bcue_placed_surface *at = &s->surfaces[surface];
    bcue_vec3 axis = bcue_vec3_sub(at->middle, image);
    double middle = bcue_vec3_norm(axis), reach = s->reach[surface] + 2.0 * s->clearance_m,
           most = length + 2.0 * radius, beam = INFINITY;
    if (reach < 0.7 * middle)
        beam = most * reach / sqrt(middle * middle - reach * reach);
    if (beam < radius) {
        axis = bcue_vec3_scale(axis, 1.0 / middle);
        segment[0] = bcue_vec3_add(image, bcue_vec3_scale(axis, middle - reach));
        segment[1] = bcue_vec3_add(image, bcue_vec3_scale(axis, most));
        return beam;
    }
    bcue_vec3 along = bcue_vec3_scale(bcue_vec3_sub(end, image), 1.0 / length);
    /* The wave leaves the surface within `radius` of the line. */
    double step = bcue_vec3_dot(along, at->normal), from = at->offset - bcue_vec3_dot(at->normal, image);
    double start =
        fabs(step) > 1e-6 ? from / step - radius * sqrt(fmax(0.0, 1.0 - step * step)) / fabs(step) : 0.0;
    segment[0] = bcue_vec3_add(image, bcue_vec3_scale(along, fmin(fmax(start, 0.0), length)));
    segment[1] = end;
    return radius;
}

typedef struct incidence_room {
    bcue_index_list *found;
    uint32_t *surfaces, *groups; /* room for hits */
} incidence_room;

/* The wedges near the line from an image to the other end that the wave meets after the surface. */
static bool tube_candidates(const bcue_search *s, size_t r, uint32_t surface, bcue_vec3 image, bcue_vec3 end,
                            double length, double radius, bool reversed, incidence_room *room,
                            bcue_key_list *keys)
{
    bcue_index_list *found = room->found;
    bcue_vec3 segment[2];
    double near = tube_around(s, surface, image, end, length, radius, segment);
    found->count = 0;
    if (!bcue_flat_wedges_near(s->flat, segment[0], segment[1], near, room->groups, found))
        return false;
    for (size_t i = 0; i < found->count; i++) {
        const bcue_placed_wedge *w = &s->wedges[found->all[i]];
        bcue_vec3 middle = bcue_vec3_add(w->a, bcue_vec3_scale(w->along, 0.5 * w->length_m));
        /* The way to its edge is by the surface. */
        if (bcue_passes_near(image, middle, square_apart(image, middle), s->surfaces[surface].middle,
                             s->reach[surface] + 0.5 * w->length_m) &&
            !bcue_mixed_add(s, r, reversed, surface, image, found->all[i], keys))
            return false;
    }
    return true;
}

/* Near the incidence boundary of one surface; `wide`: the largest y of the receiver. */
static bool incidence_of(const bcue_search *s, size_t r, uint32_t surface, bcue_vec3 image, bcue_vec3 end,
                         double wide, bool reversed, incidence_room *room, bcue_key_list *keys)
{
    double square = square_apart(image, end);
    if (!bcue_passes_near(image, end, square, s->surfaces[surface].middle, s->reach[surface] + wide))
        return true;
    double length = sqrt(square), radius = fmin(wide, sqrt(0.5 * s->spread_incident / fmax(length, 1e-3)));
    return !bcue_surface_near(s, surface, image, end, square, radius) ||
           tube_candidates(s, r, surface, image, end, length, radius, reversed, room, keys);
}

static bool incidence_near(const bcue_search *s, size_t r, incidence_room *room, bcue_key_list *keys)
{
    const bcue_flat *flat = s->flat;
    const bcue_vec3 receiver = s->receivers[r];
    const double apart = sqrt(square_apart(s->transmitter, receiver)),
                 wide = sqrt(0.5 * s->spread_incident / fmax(apart, 1e-3));
    bcue_lane_end at = {.wide = (float)wide, .also = {0, 0, 0, INFINITY}};
    bcue_flat_point(flat, receiver, at.to);
    size_t count = flat->tests->lines(&flat->nodes, 0, s->first_order_count, &at, room->surfaces);
    for (size_t i = 0; i < count; i++) {
        const bcue_image_node *node = &s->images.nodes[room->surfaces[i]];
        if (!incidence_of(s, r, node->surface, node->image, receiver, wide, false, room, keys))
            return false;
    }
    const float source[3] = {at.to[0], at.to[1], at.to[2]};
    bcue_flat_point(flat, s->transmitter, at.to);
    count = flat->tests->mirrors(&flat->mirrors, 0, s->surface_count, source, &at, room->surfaces);
    for (size_t i = 0; i < count; i++) {
        const uint32_t mirror = room->surfaces[i];
        const bcue_placed_surface *surface = &s->surfaces[mirror];
        if (bcue_surface_faces(surface, receiver) &&
            !incidence_of(s, r, mirror, bcue_mirror(surface, receiver), s->transmitter, wide, true, room,
                          keys))
            return false;
    }
    return true;
}

static bool incidence_candidates(const bcue_search *s, size_t r, bcue_index_list *found, bcue_key_list *keys)
{
    incidence_room room = {found, bcue_calloc(s->surface_count, sizeof *room.surfaces),
                           bcue_calloc(s->flat->group_count, sizeof *room.groups)};
    const bool ok = room.surfaces && room.groups && incidence_near(s, r, &room, keys);
    free(room.surfaces);
    free(room.groups);
    return ok;
}

/* Every wedge in the beam of every surface. */
static bool all_candidates(const bcue_search *s, size_t r, bool reversed, bcue_index_list *found,
                           bcue_key_list *keys)
{
    bcue_vec3 source = reversed ? s->receivers[r] : s->transmitter;
    for (size_t i = 0; i < s->surface_count; i++) {
        if (!bcue_surface_faces(&s->surfaces[i], source))
            continue;
        bcue_half_space region[BCUE_BEAM_PLANES];
        bcue_vec3 image = bcue_mirror(&s->surfaces[i], source);
        bcue_beam_region(&s->surfaces[i], image, s->clearance_m, region);
        found->count = 0;
        if (!bcue_radio_wedges_within(s->scene, region, BCUE_BEAM_PLANES, found))
            return false;
        for (size_t k = 0; k < found->count; k++)
            if (!bcue_mixed_add(s, r, reversed, (uint32_t)i, image, found->all[k], keys))
                return false;
    }
    return true;
}

bool bcue_mixed_candidates(const bcue_search *s, size_t r, bcue_key_list *keys)
{
    bcue_index_list found = {0};
    bool ok;
    if (s->least > 0.0) {
        size_t first = s->first_pair_key[r], count = s->first_pair_key[r + 1] - first;
        ok = bcue_grow((void **)&keys->all, &keys->capacity, count, sizeof *keys->all);
        for (size_t i = 0; ok && i < count; i++)
            keys->all[keys->count++] = s->pair_keys[first + i];
        ok = ok && bcue_lobes_find(s, r, &found, keys) && incidence_candidates(s, r, &found, keys);
    } else
        ok = all_candidates(s, r, false, &found, keys) && all_candidates(s, r, true, &found, keys);
    free(found.all);
    return ok;
}

/* ---- once per search ---- */

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
    s->wave_number = 2.0 * BCUE_PI / s->options->wavelength_m;
    const double q = BCUE_INCIDENT_SHARE, spread = 1.0 / (BCUE_PI * s->wave_number * s->least * s->least);
    s->spread_incident = spread / (q * q);
    s->spread_reflected = spread / ((1.0 - q) * (1.0 - q));
    s->reach = bcue_calloc(s->surface_count, sizeof *s->reach);
    if (!s->reach || !sort_wedges(s))
        return false;
    for (size_t i = 0; i < s->surface_count; i++)
        s->reach[i] = sqrt(s->surfaces[i].half_u * s->surfaces[i].half_u +
                           s->surfaces[i].half_v * s->surfaces[i].half_v);
    return bcue_flat_make(s) && bcue_pairs_make(s) && bcue_lobes_make(s);
}
