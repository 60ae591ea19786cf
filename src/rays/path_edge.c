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
#include "rays/path_mixed.h"

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

/* The same for the reflection off one face: where it has no such path, its term is below an incidence term.
 */
static double reflection_jump(const bcue_placed_wedge *w, double over, double apart, double before,
                              double behind, double wave_number)
{
    bool mirrors = before * behind > 0.0 && (before > 0.0 || w->surface[1] == BCUE_NO_SURFACE);
    return jump(over, mirrors ? apart + 4.0 * before * behind : apart, wave_number);
}

/* May the path carry as much as options->max_loss_db asks for? `apart`: squared distance of the two ends. */
static bool may_matter(const bcue_search *s, const bcue_placed_wedge *w, const bcue_edge_end *a,
                       const bcue_edge_end *b, double apart)
{
    if (s->least <= 0.0)
        return true;
    double z = b->along - a->along, rho = a->distance + b->distance, over = sqrt(rho * rho + z * z);
    double k = 2.0 * BCUE_PI / s->options->wavelength_m;
    double sum = jump(over, apart, k) + 0.5 * reflection_jump(w, over, apart, a->height_0, b->height_0, k) +
                 0.5 * reflection_jump(w, over, apart, a->height_n, b->height_n, k);
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
        if (!keller_point(w, a, &b, &along) || !may_matter(s, w, a, &b, apart))
            continue;
        bcue_step step = diffraction_step(w, (uint32_t)i, along, a, &b);
        if (!bcue_path_emit(s, receiver, &step, 1, list))
            return false;
    }
    return true;
}

/* The points of the path by way of one surface and one wedge; false: there is none, or it cannot matter. */
static bool find_by_way_of(const bcue_search *s, size_t r, bool reversed, uint32_t surface, bcue_vec3 image,
                           uint32_t wedge, bcue_step steps[2])
{
    const bcue_placed_surface *at = &s->surfaces[surface];
    const bcue_placed_wedge *w = &s->wedges[wedge];
    if (w->length_m < s->options->min_edge_m || w->surface[0] == surface || w->surface[1] == surface)
        return false;
    /* b: the end beyond the edge */
    bcue_vec3 receiver = s->receivers[r];
    bcue_edge_end b = reversed ? s->transmitter_ends[wedge] : relate(w, receiver), a = relate(w, image);
    double along, apart = square_apart(image, reversed ? s->transmitter : receiver);
    if (!keller_point(w, &a, &b, &along) || !may_matter(s, w, &a, &b, apart))
        return false;
    bcue_step *bend = &steps[reversed ? 0 : 1], *mirror = &steps[reversed ? 1 : 0];
    bcue_vec3 point, edge = bcue_vec3_add(w->a, bcue_vec3_scale(w->along, along));
    if (!bcue_image_crossing(s, surface, image, edge, &point))
        return false;
    *bend = diffraction_step(w, wedge, along, reversed ? &b : &a, reversed ? &a : &b);
    double side = bcue_vec3_dot(at->normal, image) > at->offset ? -1.0 : 1.0;
    bcue_vec3 lift = bcue_vec3_scale(at->normal, side);
    *mirror = (bcue_step){BCUE_REFLECTION, surface, point, {lift, lift}};
    return true;
}

bool bcue_mixed_add(const bcue_search *s, size_t r, bool reversed, uint32_t surface, bcue_vec3 image,
                    uint32_t wedge, bcue_key_list *keys)
{
    bcue_step steps[2];
    if (!find_by_way_of(s, r, reversed, surface, image, wedge, steps))
        return true;
    if (!bcue_grow((void **)&keys->all, &keys->capacity, keys->count + 1, sizeof *keys->all))
        return false;
    keys->all[keys->count++] = (uint64_t)reversed << 63 | (uint64_t)surface << 32 | wedge;
    return true;
}

static int by_key(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static bool find_mixed(const bcue_search *s, size_t r, bcue_path_list *list)
{
    bcue_vec3 receiver = s->receivers[r];
    bcue_key_list keys = {0};
    bool ok = bcue_mixed_candidates(s, r, &keys);
    if (ok && keys.count > 0)
        qsort(keys.all, keys.count, sizeof *keys.all, by_key);
    for (size_t i = 0; ok && i < keys.count; i++) {
        if (i > 0 && keys.all[i] == keys.all[i - 1])
            continue;
        bool reversed = keys.all[i] >> 63;
        uint32_t surface = (uint32_t)(keys.all[i] >> 32) & 0x7fffffff, wedge = (uint32_t)keys.all[i];
        bcue_vec3 image = bcue_mirror(&s->surfaces[surface], reversed ? receiver : s->transmitter);
        bcue_step steps[2];
        if (find_by_way_of(s, r, reversed, surface, image, wedge, steps))
            ok = bcue_path_emit(s, receiver, steps, 2, list);
    }
    free(keys.all);
    return ok;
}

bool bcue_edges_find(const bcue_search *s, size_t receiver, bcue_path_list *list)
{
    if (!s->options->diffraction)
        return true;
    return find_single(s, s->receivers[receiver], list) &&
           (!s->options->mixed || find_mixed(s, receiver, list));
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
    if (s->options->mixed && !bcue_mixed_make(s))
        return bcue_fail_memory(error, "the edges of a search for paths");
    return BCUE_OK;
}
