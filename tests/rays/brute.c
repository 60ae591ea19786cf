#include "brute.h"

#include <math.h>

void brute_prepare(brute_quad *q)
{
    bcue_vec3 u = bcue_vec3_sub(q->corner[1], q->corner[0]), v = bcue_vec3_sub(q->corner[3], q->corner[0]);
    q->width = bcue_vec3_norm(u);
    q->height = bcue_vec3_norm(v);
    q->along_width = bcue_vec3_unit(u);
    q->along_height = bcue_vec3_unit(v);
    q->normal = bcue_vec3_unit(bcue_vec3_cross(u, v));
}

static double above(const brute_quad *q, bcue_vec3 p)
{
    return bcue_vec3_dot(q->normal, bcue_vec3_sub(p, q->corner[0]));
}

/* How deep inside the rectangle a point of its plane is; negative outside. */
static double depth(const brute_quad *q, bcue_vec3 p)
{
    bcue_vec3 d = bcue_vec3_sub(p, q->corner[0]);
    double s = bcue_vec3_dot(d, q->along_width), t = bcue_vec3_dot(d, q->along_height);
    return fmin(fmin(s, q->width - s), fmin(t, q->height - t));
}

bool brute_visible(const brute_scene *scene, bcue_vec3 a, bcue_vec3 b, double *margin)
{
    bool free_way = true;
    double doubt = INFINITY, firm = 0.0;
    for (int i = 0; i < scene->quad_count; i++) {
        double ha = above(&scene->quads[i], a), hb = above(&scene->quads[i], b);
        if (fabs(ha) < 1e-9 || fabs(hb) < 1e-9)
            continue; /* an end on the plane itself */
        double t = ha / (ha - hb);
        bool crosses = ha * hb < 0.0;
        double in = depth(&scene->quads[i], bcue_vec3_add(a, bcue_vec3_scale(bcue_vec3_sub(b, a), t)));
        double ends = fmin(fabs(ha), fabs(hb));
        if (crosses && in > 0.0) {
            free_way = false;
            firm = fmax(firm, fmin(in, ends));
        } else if (ends < 1e-4) {
            continue; /* the face that the end is lifted off */
        } else if (crosses) {
            doubt = fmin(doubt, -in);
        } else if (in > -1e-3) {
            doubt = fmin(doubt, ends);
        }
    }
    /* Blocked for sure when one of the blockers is met far from its rim. */
    *margin = fmin(*margin, free_way ? doubt : firm);
    return free_way;
}

static void add(brute_list *list, const brute_path *p, double skip)
{
    if ((p->exists || p->margin < skip) && list->count < BRUTE_PATHS)
        list->all[list->count++] = *p;
}

static bcue_vec3 mirrored(const brute_quad *q, bcue_vec3 p)
{
    return bcue_vec3_sub(p, bcue_vec3_scale(q->normal, 2.0 * above(q, p)));
}

/* Follow a sequence of quads from the transmitter towards the receiver's images. */
static void follow(const brute_scene *scene, bcue_vec3 t, bcue_vec3 r, const int *sequence, int count,
                   double skip, brute_list *list)
{
    bcue_vec3 image[BRUTE_POINTS + 1];
    image[count] = r;
    for (int i = count - 1; i >= 0; i--)
        image[i] = mirrored(&scene->quads[sequence[i]], image[i + 1]);
    brute_path p = {.count = count, .margin = INFINITY, .exists = true};
    bcue_vec3 at = t;
    double worst = INFINITY; /* the most certain reason against it counts */
    for (int i = 0; i < count; i++) {
        const brute_quad *q = &scene->quads[sequence[i]];
        double ha = above(q, at), hi = above(q, image[i]);
        if (!(ha * hi < 0.0) || (q->closed && ha < 0.0))
            return;
        p.point[i] = bcue_vec3_add(at, bcue_vec3_scale(bcue_vec3_sub(image[i], at), ha / (ha - hi)));
        double in = depth(q, p.point[i]);
        if (in < -skip)
            return;
        worst = fmin(worst, fabs(in));
        p.exists = p.exists && in > 0.0;
        p.length += bcue_vec3_norm(bcue_vec3_sub(p.point[i], at));
        at = p.point[i];
    }
    p.length += bcue_vec3_norm(bcue_vec3_sub(r, at));
    at = t;
    for (int i = 0; i <= count; i++) {
        bcue_vec3 next = i < count ? p.point[i] : r;
        double margin = INFINITY;
        bool free_way = brute_visible(scene, at, next, &margin);
        if (!free_way && margin > skip)
            return;
        p.exists = p.exists && free_way;
        worst = fmin(worst, margin);
        at = next;
    }
    p.margin = worst;
    add(list, &p, skip);
}

static void reflections(const brute_scene *scene, bcue_vec3 t, bcue_vec3 r, int *sequence, int count,
                        int most, double skip, brute_list *list)
{
    follow(scene, t, r, sequence, count, skip, list);
    for (int i = 0; count < most && count < BRUTE_POINTS && i < scene->quad_count; i++) {
        if (count > 0 && sequence[count - 1] == i)
            continue;
        sequence[count] = i;
        reflections(scene, t, r, sequence, count + 1, most, skip, list);
    }
}

/* Length over the edge point e(s) between two ends. */
static double over(const brute_edge *e, double s, bcue_vec3 a, bcue_vec3 b, bcue_vec3 *point)
{
    *point = bcue_vec3_add(e->a, bcue_vec3_scale(bcue_vec3_sub(e->b, e->a), s));
    return bcue_vec3_norm(bcue_vec3_sub(*point, a)) + bcue_vec3_norm(bcue_vec3_sub(*point, b));
}

static double shortest(const brute_edge *e, bcue_vec3 a, bcue_vec3 b, bcue_vec3 *point)
{
    const double ratio = 0.61803398874989484820;
    double low = -1.0, high = 2.0;
    for (int i = 0; i < 90; i++) {
        double s = high - ratio * (high - low), t = low + ratio * (high - low);
        if (over(e, s, a, b, point) < over(e, t, a, b, point))
            high = t;
        else
            low = s;
    }
    over(e, 0.5 * (low + high), a, b, point);
    return 0.5 * (low + high);
}

/* One diffraction at `e`; quad >= 0: reflected there before (first) or after it. */
static void bend(const brute_scene *scene, bcue_vec3 t, bcue_vec3 r, const brute_edge *e, int quad,
                 bool first, double skip, brute_list *list)
{
    const brute_quad *q = quad >= 0 ? &scene->quads[quad] : NULL;
    bcue_vec3 a = q && first ? mirrored(q, t) : t, b = q && !first ? mirrored(q, r) : r, edge_point,
              mirror_point;
    double s = shortest(e, a, b, &edge_point), length = bcue_vec3_norm(bcue_vec3_sub(e->b, e->a));
    double inside = fmin(s, 1.0 - s) * length;
    /* Golden section knows the point to about 1e-6 m only: leave more room at the ends. */
    if (inside < -100.0 * skip)
        return;
    brute_path p = {.count = q ? 2 : 1, .exists = inside > 0.0, .margin = fabs(inside) / 100.0};
    int k = q && first ? 1 : 0;
    p.point[k] = edge_point;
    p.bend[k] = true;
    if (q) {
        bcue_vec3 end = first ? t : r;
        double he = above(q, end), hp = above(q, edge_point);
        if (!(he * hp > 0.0) || (q->closed && he < 0.0) || fabs(hp) < 1e-7)
            return;
        mirror_point =
            bcue_vec3_add(end, bcue_vec3_scale(bcue_vec3_sub(mirrored(q, edge_point), end), he / (he + hp)));
        double in = depth(q, mirror_point);
        if (in < -100.0 * skip)
            return;
        p.exists = p.exists && in > 0.0;
        p.margin = fmin(p.margin, fabs(in) / 100.0);
        p.point[1 - k] = mirror_point;
    }
    /* The edge point is lifted off its faces, as the wave passes beside them. */
    bcue_vec3 way[4] = {t};
    int n = 1;
    for (int i = 0; i < p.count; i++)
        way[n++] = p.bend[i] ? bcue_vec3_add(p.point[i], bcue_vec3_scale(e->out, 3e-5)) : p.point[i];
    way[n++] = r;
    for (int i = 0; i + 1 < n; i++) {
        double margin = INFINITY;
        bool free_way = brute_visible(scene, way[i], way[i + 1], &margin);
        if (!free_way && margin > 100.0 * skip)
            return;
        p.exists = p.exists && free_way;
        p.margin = fmin(p.margin, margin / 100.0);
    }
    bcue_vec3 at = t;
    for (int i = 0; i <= p.count; i++) {
        bcue_vec3 next = i < p.count ? p.point[i] : r;
        p.length += bcue_vec3_norm(bcue_vec3_sub(next, at));
        at = next;
    }
    add(list, &p, skip);
}

void brute_paths(const brute_scene *scene, bcue_vec3 transmitter, bcue_vec3 receiver, int reflection_count,
                 bool diffraction, double skip, brute_list *list)
{
    int sequence[BRUTE_POINTS];
    list->count = 0;
    reflections(scene, transmitter, receiver, sequence, 0, reflection_count, skip, list);
    for (int i = 0; diffraction && i < scene->edge_count; i++) {
        bend(scene, transmitter, receiver, &scene->edges[i], -1, true, skip, list);
        for (int k = 0; k < scene->quad_count; k++) {
            if (k == scene->edges[i].quad[0] || k == scene->edges[i].quad[1])
                continue;
            bend(scene, transmitter, receiver, &scene->edges[i], k, true, skip, list);
            bend(scene, transmitter, receiver, &scene->edges[i], k, false, skip, list);
        }
    }
}
