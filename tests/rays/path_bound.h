/* The bound that a search under max_loss_db goes by, worked out from a finished path. */
#ifndef BCUE_TESTS_RAYS_PATH_BOUND_H
#define BCUE_TESTS_RAYS_PATH_BOUND_H

#include "rays/paths.h"

static inline double least_jump(double over, double square, double wave_number)
{
    double x = wave_number * (over * over - square) / (2.0 * over);
    return x > 1.0 / BCUE_PI ? 1.0 / sqrt(BCUE_PI * x) : 1.0;
}

static inline double above_plane(bcue_vec3 normal, bcue_vec3 edge, bcue_vec3 p)
{
    return bcue_vec3_dot(normal, bcue_vec3_sub(p, edge));
}

/* The bound of a path's gain (a field), worked out from the finished path: its ends as seen from the edge. */
static inline double path_bound(const bcue_path *p, double wavelength)
{
    double k = 2.0 * BCUE_PI / wavelength, scale = wavelength / (4.0 * BCUE_PI * p->length_m);
    int bend = -1;
    for (int i = 0; i < p->count; i++)
        bend = p->at[i].kind == BCUE_DIFFRACTION ? i : bend;
    if (bend < 0)
        return scale;
    const bcue_interaction *e = &p->at[bend];
    bcue_vec3 before = bend > 0 ? p->at[bend - 1].point : p->transmitter,
              after = bend + 1 < p->count ? p->at[bend + 1].point : p->receiver;
    double s1 = bcue_vec3_norm(bcue_vec3_sub(before, e->point)),
           s2 = bcue_vec3_norm(bcue_vec3_sub(after, e->point));
    double l1 = s1, l2 = s2; /* straightened: the ends behind the mirrors */
    if (bend > 0)
        l1 += bcue_vec3_norm(bcue_vec3_sub(p->transmitter, before));
    if (bend + 1 < p->count)
        l2 += bcue_vec3_norm(bcue_vec3_sub(p->receiver, after));
    bcue_vec3 a = bcue_vec3_add(e->point, bcue_vec3_scale(bcue_vec3_sub(before, e->point), l1 / s1));
    bcue_vec3 b = bcue_vec3_add(e->point, bcue_vec3_scale(bcue_vec3_sub(after, e->point), l2 / s2));
    bcue_vec3 span = bcue_vec3_sub(a, b);
    double over = l1 + l2, apart = bcue_vec3_dot(span, span), sum = least_jump(over, apart, k);
    for (int face = 0; face < 2; face++) {
        bcue_vec3 n = face ? e->normal_n : e->normal;
        double ha = above_plane(n, e->point, a), hb = above_plane(n, e->point, b);
        bool mirrors = ha * hb > 0.0 && (ha > 0.0 || e->wedge_n > 2.0 - 1e-9);
        sum += 0.5 * least_jump(over, mirrors ? apart + 4.0 * ha * hb : apart, k);
    }
    return scale * sum;
}

#endif
