/* Diffraction at one edge, alone or with one reflection before or after it. The point lies where the path
   over the edge is shortest (Keller's law): with the distances rho', rho of source and target from the edge
   and their places z', z along it, at z' + (z - z') rho' / (rho' + rho).

   A bound on the field: each term of the UTD coefficient of a wedge (Kouyoumjian and Pathak 1974) is at most
       |cot((pi -+ beta) / 2n)| F(k L a) / (2 n sqrt(2 pi k) sin beta0),  F(x) <= min(1, sqrt(pi x)),
   and |cot(u / n)| <= n / |sin u| for the angles that occur. With k L a = X = k (S^2 - D^2) / 2S, where S =
   s' + s is the length over the edge and D the length of the path at whose boundary the term jumps (the
   direct one for the two incidence terms, the one mirrored in face 0 or n for the reflection terms), the term
   times the spreading 1 / sqrt(s' s (s' + s)) is at most min(1, 1 / sqrt(pi X)) / 2S. The sum of the four,
   times wavelength / 4 pi, bounds the gain whatever the faces are made of. */
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "rays/path_search.h"

enum { NODES_PER_CHUNK = 64 };

static bcue_edge_end relate(const bcue_placed_wedge *w, bcue_vec3 end)
{
    bcue_vec3 from = bcue_vec3_sub(end, w->a);
    double along = bcue_vec3_dot(from, w->along);
    return (bcue_edge_end){.along = along,
                           .distance = sqrt(fmax(0.0, bcue_vec3_dot(from, from) - along * along)),
                           .height_0 = bcue_vec3_dot(from, w->normal[0]),
                           .height_n = bcue_vec3_dot(from, w->normal[1])};
}

/* Does an end lie in the air around the wedge? */
static bool in_air(const bcue_placed_wedge *w, const bcue_edge_end *end)
{
    return end->height_0 > 0.0 || end->height_n > 0.0 || w->surface[1] == BCUE_NO_SURFACE;
}

static double jump(double over, double square, double wave_number)
{
    double x = wave_number * (over * over - square) / (2.0 * over);
    return x * BCUE_PI <= 1.0 ? 1.0 : 1.0 / sqrt(BCUE_PI * x);
}

/* May the path carry as much as options->max_loss_db asks for? `apart`: squared distance of the two ends. */
static bool may_matter(const bcue_search *s, const bcue_edge_end *a, const bcue_edge_end *b, double apart)
{
    if (s->least <= 0.0)
        return true;
    double z = b->along - a->along, rho = a->distance + b->distance, over = sqrt(rho * rho + z * z);
    double k = 2.0 * BCUE_PI / s->options->wavelength_m;
    double sum = jump(over, apart, k) + 0.5 * jump(over, apart + 4.0 * a->height_0 * b->height_0, k) +
                 0.5 * jump(over, apart + 4.0 * a->height_n * b->height_n, k);
    return sum >= s->least * over;
}

/* Keller's point; false when it is not on the wedge, or an end is inside the body. */
static bool keller_point(const bcue_placed_wedge *w, const bcue_edge_end *a, const bcue_edge_end *b,
                         double *along)
{
    double rho = a->distance + b->distance;
    if (!(a->distance > 0.0 && b->distance > 0.0) || !in_air(w, a) || !in_air(w, b))
        return false;
    *along = a->along + (b->along - a->along) * (a->distance / rho);
    return *along > 0.0 && *along < w->length_m;
}

/* Off the nearer face and out over the edge: 135 degrees from that face, or through the middle of the air. */
static bcue_vec3 lift_towards(const bcue_placed_wedge *w, const bcue_edge_end *end)
{
    int face = end->height_0 < end->height_n;
    bcue_vec3 along = face ? bcue_vec3_scale(w->along, -1.0) : w->along;
    bcue_vec3 t0 = bcue_vec3_cross(w->normal[face], along);
    double angle = fmin(0.5 * w->exterior_angle, 0.75 * BCUE_PI);
    return bcue_vec3_scale(
        bcue_vec3_add(bcue_vec3_scale(t0, cos(angle)), bcue_vec3_scale(w->normal[face], sin(angle))), 1.5);
}

/* `before` and `after`: the ends on the transmitter's and on the receiver's side. */
static bcue_step diffraction_step(const bcue_placed_wedge *w, uint32_t index, double along,
                                  const bcue_edge_end *before, const bcue_edge_end *after)
{
    return (bcue_step){BCUE_DIFFRACTION,
                       index,
                       bcue_vec3_add(w->a, bcue_vec3_scale(w->along, along)),
                       {lift_towards(w, before), lift_towards(w, after)}};
}

static double square_apart(bcue_vec3 a, bcue_vec3 b)
{
    bcue_vec3 span = bcue_vec3_sub(a, b);
    return bcue_vec3_dot(span, span);
}

static bool find_single(const bcue_search *s, bcue_vec3 receiver, bcue_path_list *list)
{
    double apart = square_apart(s->transmitter, receiver);
    for (size_t i = 0; i < s->wedge_count; i++) {
        const bcue_placed_wedge *w = &s->wedges[i];
        const bcue_edge_end *a = &s->transmitter_ends[i];
        if (w->length_m < s->options->min_edge_m)
            continue;
        bcue_edge_end b = relate(w, receiver);
        double along;
        if (!keller_point(w, a, &b, &along) || !may_matter(s, a, &b, apart))
            continue;
        bcue_step step = diffraction_step(w, (uint32_t)i, along, a, &b);
        if (!bcue_path_emit(s, receiver, &step, 1, list))
            return false;
    }
    return true;
}

/* Paths between the two ends by way of one surface and one wedge: `image` is that of the end beside the
   surface, which is the receiver where `reversed`, and the transmitter else. */
static bool find_by_way_of(const bcue_search *s, uint32_t surface, bcue_vec3 image, bcue_vec3 receiver,
                           const uint32_t *wedges, size_t count, bool reversed, bcue_path_list *list)
{
    const bcue_placed_surface *at = &s->surfaces[surface];
    double side = bcue_vec3_dot(at->normal, image) > at->offset ? -1.0 : 1.0;
    double apart = square_apart(image, reversed ? s->transmitter : receiver);
    for (size_t i = 0; i < count; i++) {
        const bcue_placed_wedge *w = &s->wedges[wedges[i]];
        if (w->length_m < s->options->min_edge_m || w->surface[0] == surface || w->surface[1] == surface)
            continue;
        /* b: the end beyond the edge */
        bcue_edge_end b = reversed ? s->transmitter_ends[wedges[i]] : relate(w, receiver);
        bcue_edge_end a = relate(w, image);
        double along;
        if (!keller_point(w, &a, &b, &along) || !may_matter(s, &a, &b, apart))
            continue;
        bcue_step steps[2];
        bcue_step *bend = &steps[reversed ? 0 : 1], *mirror = &steps[reversed ? 1 : 0];
        *bend = diffraction_step(w, wedges[i], along, reversed ? &b : &a, reversed ? &a : &b);
        bcue_vec3 point;
        if (!bcue_image_crossing(s, surface, image, bend->point, &point))
            continue;
        bcue_vec3 lift = bcue_vec3_scale(at->normal, side);
        *mirror = (bcue_step){BCUE_REFLECTION, surface, point, {lift, lift}};
        if (!bcue_path_emit(s, receiver, steps, 2, list))
            return false;
    }
    return true;
}

static bool find_reflection_diffraction(const bcue_search *s, bcue_vec3 receiver, bcue_path_list *list)
{
    for (size_t i = 0; i < s->first_order_count; i++) {
        const bcue_image_node *node = &s->images.nodes[i];
        size_t first = s->beam_first[i], count = s->beam_first[i + 1] - first;
        if (!find_by_way_of(s, node->surface, node->image, receiver, s->beam_wedges.all + first, count, false,
                            list))
            return false;
    }
    return true;
}

/* ---- once per search ---- */

typedef struct beam_work {
    bcue_search *s;
    bcue_index_list *chunks;
    bool *failed;
} beam_work;

static bool wedges_of_beam(const bcue_search *s, uint32_t surface, bcue_vec3 image, bcue_index_list *found)
{
    bcue_half_space region[BCUE_BEAM_PLANES];
    bcue_beam_region(&s->surfaces[surface], image, s->clearance_m, region);
    return bcue_radio_wedges_within(s->scene, region, BCUE_BEAM_PLANES, found);
}

static void fill_beams(void *context, size_t chunk)
{
    const beam_work *work = context;
    bcue_search *s = work->s;
    bool ok = true;
    for (size_t i = chunk * NODES_PER_CHUNK;
         ok && i < (chunk + 1) * NODES_PER_CHUNK && i < s->first_order_count; i++) {
        size_t before = work->chunks[chunk].count;
        ok = wedges_of_beam(s, s->images.nodes[i].surface, s->images.nodes[i].image, &work->chunks[chunk]);
        s->beam_first[i + 1] = work->chunks[chunk].count - before; /* the count, for now */
    }
    work->failed[chunk] = !ok;
}

static bool make_beams(bcue_search *s)
{
    size_t count = (s->first_order_count + NODES_PER_CHUNK - 1) / NODES_PER_CHUNK, total = 0;
    beam_work work = {s, bcue_calloc(count, sizeof *work.chunks), bcue_calloc(count, sizeof *work.failed)};
    s->beam_first = bcue_calloc(s->first_order_count + 1, sizeof *s->beam_first);
    bool ok = work.chunks && work.failed && s->beam_first;
    if (ok)
        bcue_parallel_for(count, 1, fill_beams, &work);
    for (size_t i = 0; ok && i < count; i++) {
        ok = !work.failed[i];
        total += work.chunks[i].count;
    }
    ok = ok && bcue_grow((void **)&s->beam_wedges.all, &s->beam_wedges.capacity, total, sizeof(uint32_t));
    for (size_t i = 0; ok && i < count; i++)
        for (size_t k = 0; k < work.chunks[i].count; k++)
            s->beam_wedges.all[s->beam_wedges.count++] = work.chunks[i].all[k];
    for (size_t i = 0; ok && i < s->first_order_count; i++)
        s->beam_first[i + 1] += s->beam_first[i];
    for (size_t i = 0; work.chunks && i < count; i++)
        free(work.chunks[i].all);
    free(work.chunks);
    free(work.failed);
    return ok;
}

/* From the receiver's side: its image in every surface that faces it, and the wedges in that beam. */
static bool find_diffraction_reflection(const bcue_search *s, bcue_vec3 receiver, bcue_path_list *list)
{
    bcue_index_list found = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < s->surface_count; i++) {
        const bcue_placed_surface *surface = &s->surfaces[i];
        if (!bcue_surface_faces(surface, receiver))
            continue;
        bcue_vec3 image = bcue_mirror(surface, receiver);
        found.count = 0;
        ok = wedges_of_beam(s, (uint32_t)i, image, &found) &&
             find_by_way_of(s, (uint32_t)i, image, receiver, found.all, found.count, true, list);
    }
    free(found.all);
    return ok;
}

bool bcue_edges_find(const bcue_search *s, bcue_vec3 receiver, bcue_path_list *list)
{
    if (!s->options->diffraction)
        return true;
    return find_single(s, receiver, list) &&
           (!s->options->mixed || (find_reflection_diffraction(s, receiver, list) &&
                                   find_diffraction_reflection(s, receiver, list)));
}

bcue_status bcue_edges_make(bcue_search *s, bcue_error *error)
{
    if (!s->options->diffraction)
        return BCUE_OK;
    s->transmitter_ends = bcue_calloc(s->wedge_count, sizeof *s->transmitter_ends);
    if (!s->transmitter_ends)
        return bcue_fail_memory(error, "the edges of a search for paths");
    for (size_t i = 0; i < s->wedge_count; i++)
        s->transmitter_ends[i] = relate(&s->wedges[i], s->transmitter);
    if (s->options->mixed && !make_beams(s))
        return bcue_fail_memory(error, "the edges of a search for paths");
    return BCUE_OK;
}
