/* Surfaces that the transmitter cannot see at all: those that lie wholly in the shadow of one rectangle. The
   shadow of a convex body is convex, so a rectangle around the surface is in it when its four corners are.
   Nothing that can be seen is left out. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/parallel.h"
#include "rays/path_search.h"

enum { MOST_SHADOWS = 192, SURFACES_PER_CHUNK = 128 };

typedef struct shadow {
    bcue_half_space side[BCUE_BEAM_PLANES]; /* sides of the beam through it, and what lies behind it */
    uint32_t surface;
    double merit;
} shadow;

typedef struct hidden_work {
    bcue_search *s;
    shadow shadows[MOST_SHADOWS];
    size_t count;
} hidden_work;

/* About the solid angle. */
static double merit_of(const bcue_placed_surface *at, bcue_vec3 from)
{
    bcue_vec3 away = bcue_vec3_sub(at->middle, from);
    double square = bcue_vec3_dot(away, away), area = 4.0 * at->half_u * at->half_v;
    double height = fabs(bcue_vec3_dot(at->normal, from) - at->offset);
    return area * height / (square * sqrt(square) + 1e-9);
}

static void keep_largest(hidden_work *work, uint32_t index, double merit)
{
    size_t place = work->count < MOST_SHADOWS ? work->count++ : MOST_SHADOWS - 1;
    if (work->count == MOST_SHADOWS && place == MOST_SHADOWS - 1 && work->shadows[place].merit >= merit)
        return;
    for (; place > 0 && work->shadows[place - 1].merit < merit; place--)
        work->shadows[place] = work->shadows[place - 1];
    work->shadows[place] = (shadow){.surface = index, .merit = merit};
}

static bool in_shadow(const hidden_work *work, const bcue_placed_surface *at)
{
    bcue_vec3 u = bcue_vec3_scale(at->axis_u, at->half_u), v = bcue_vec3_scale(at->axis_v, at->half_v);
    for (size_t i = 0; i < work->count; i++) {
        const shadow *dark = &work->shadows[i];
        bool inside = true;
        for (int k = 0; inside && k < BCUE_BEAM_PLANES; k++) {
            const bcue_half_space *h = &dark->side[k];
            double least = bcue_vec3_dot(h->normal, at->middle) - fabs(bcue_vec3_dot(h->normal, u)) -
                           fabs(bcue_vec3_dot(h->normal, v));
            inside = least >= h->offset;
        }
        if (inside)
            return true;
    }
    return false;
}

static void find_hidden(void *context, size_t chunk)
{
    hidden_work *work = context;
    size_t first = chunk * SURFACES_PER_CHUNK, end = first + SURFACES_PER_CHUNK;
    for (size_t i = first; i < end && i < work->s->surface_count; i++)
        work->s->hidden[i] = bcue_surface_faces(&work->s->surfaces[i], work->s->transmitter) &&
                             in_shadow(work, &work->s->surfaces[i]);
}

bool bcue_hidden_make(bcue_search *s)
{
    s->hidden = bcue_calloc(s->surface_count, sizeof *s->hidden);
    hidden_work *work = bcue_calloc(1, sizeof *work);
    bool ok = s->hidden && work;
    if (ok && s->options->max_transmissions == 0) {
        work->s = s;
        for (size_t i = 0; i < s->surface_count; i++)
            if (s->surfaces[i].rectangle)
                keep_largest(work, (uint32_t)i, merit_of(&s->surfaces[i], s->transmitter));
        double margin = 4.0 * s->clearance_m;
        for (size_t i = 0; i < work->count; i++) {
            shadow *dark = &work->shadows[i];
            bcue_beam_region(&s->surfaces[dark->surface], s->transmitter, -margin, dark->side);
        }
        bcue_parallel_for((s->surface_count + SURFACES_PER_CHUNK - 1) / SURFACES_PER_CHUNK, 1, find_hidden,
                          work);
    }
    free(work);
    return ok;
}
