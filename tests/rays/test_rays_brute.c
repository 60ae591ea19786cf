/* The path search against brute force in 1,000 random small scenes: the same set of paths, with the same
   points. What comes within 1e-6 m of an edge may go either way and is left out. */
#include <stdlib.h>
#include "base/parallel.h"
#include "base/rng.h"
#include "brute.h"
#include "check.h"
#include "path_bound.h"
#include "rays/paths.h"

#define SKIP_M 1e-6

typedef struct rig {
    brute_scene brute;
    bcue_world world;
    bcue_radio_scene *scene;
    uint32_t object;
} rig;

static void add_quad(rig *r, const bcue_vec3 corner[4], bool closed)
{
    brute_quad *q = &r->brute.quads[r->brute.quad_count++];
    for (int i = 0; i < 4; i++)
        q->corner[i] = corner[i];
    q->closed = closed;
    brute_prepare(q);
    bcue_mesh_add_quad(&r->world.statics, corner, BCUE_MATERIAL_FACADE, r->object);
}

static void add_edge(rig *r, bcue_vec3 a, bcue_vec3 b, bcue_vec3 out, int first, int second)
{
    r->brute.edges[r->brute.edge_count++] = (brute_edge){a, b, bcue_vec3_unit(out), {first, second}};
}

static bcue_object wall(void)
{
    return (bcue_object){.kind = BCUE_OBJECT_BUILDING};
}

/* A sheet with its four free edges. */
static void add_sheet(rig *r, bcue_vec3 middle, bcue_vec3 u, bcue_vec3 v)
{
    r->object = bcue_world_add_object(&r->world, wall());
    int self = r->brute.quad_count;
    const double su[4] = {-1, 1, 1, -1}, sv[4] = {-1, -1, 1, 1};
    bcue_vec3 corner[4];
    for (int i = 0; i < 4; i++)
        corner[i] =
            bcue_vec3_add(middle, bcue_vec3_add(bcue_vec3_scale(u, su[i]), bcue_vec3_scale(v, sv[i])));
    add_quad(r, corner, false);
    const bcue_vec3 out[4] = {bcue_vec3_scale(v, -1), u, v, bcue_vec3_scale(u, -1)};
    for (int i = 0; i < 4; i++)
        add_edge(r, corner[i], corner[(i + 1) % 4], out[i], self, -1);
}

/* A box with half axes a, b, c (right-handed and square to each other), and its twelve edges. */
static void add_box(rig *r, bcue_vec3 middle, bcue_vec3 a, bcue_vec3 b, bcue_vec3 c)
{
    r->object = bcue_world_add_object(&r->world, wall());
    const bcue_vec3 axis[3] = {a, b, c};
    int first = r->brute.quad_count;
    for (int k = 0; k < 6; k++) {
        bcue_vec3 n = bcue_vec3_scale(axis[k / 2], k % 2 ? 1.0 : -1.0);
        bcue_vec3 u = axis[(k / 2 + 1) % 3], v = axis[(k / 2 + 2) % 3];
        if (k % 2 == 0)
            u = bcue_vec3_scale(u, -1.0);
        const double su[4] = {-1, 1, 1, -1}, sv[4] = {-1, -1, 1, 1};
        bcue_vec3 corner[4];
        for (int i = 0; i < 4; i++)
            corner[i] = bcue_vec3_add(bcue_vec3_add(middle, n),
                                      bcue_vec3_add(bcue_vec3_scale(u, su[i]), bcue_vec3_scale(v, sv[i])));
        add_quad(r, corner, true);
    }
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 4; i++) {
            double sp = i & 1 ? 1.0 : -1.0, sq = i & 2 ? 1.0 : -1.0;
            bcue_vec3 p = bcue_vec3_scale(axis[(k + 1) % 3], sp), q = bcue_vec3_scale(axis[(k + 2) % 3], sq);
            bcue_vec3 foot = bcue_vec3_add(middle, bcue_vec3_add(p, q));
            add_edge(r, bcue_vec3_sub(foot, axis[k]), bcue_vec3_add(foot, axis[k]),
                     bcue_vec3_add(bcue_vec3_unit(p), bcue_vec3_unit(q)), first + 2 * ((k + 1) % 3) + (i & 1),
                     first + 2 * ((k + 2) % 3) + (i >> 1 & 1));
        }
}

static bcue_vec3 draw_point(bcue_rng *rng, double reach)
{
    double x = bcue_rng_range(rng, -reach, reach), y = bcue_rng_range(rng, -reach, reach);
    return bcue_vec3_make(x, y, bcue_rng_range(rng, 0.3, 0.8 * reach));
}

static void draw_axes(bcue_rng *rng, bcue_vec3 axis[3])
{
    bcue_vec3 d = {bcue_rng_normal(rng), bcue_rng_normal(rng), bcue_rng_normal(rng)};
    bcue_vec3 e = {bcue_rng_normal(rng), bcue_rng_normal(rng), bcue_rng_normal(rng)};
    axis[0] = bcue_vec3_unit(d);
    axis[1] = bcue_vec3_unit(bcue_vec3_cross(e, axis[0]));
    axis[2] = bcue_vec3_cross(axis[0], axis[1]);
}

static void make(rig *r, uint32_t number)
{
    bcue_error error = {0};
    *r = (rig){.object = 0};
    bcue_rng rng = bcue_rng_make(17, BCUE_RNG_TEST, number, 0, 0);
    CHECK_OK(bcue_world_init(&r->world, &error), error);
    add_sheet(r, bcue_vec3_make(0, 0, 0), bcue_vec3_make(9, 0, 0), bcue_vec3_make(0, 9, 0));
    for (int i = 0; i < 2; i++) {
        bcue_vec3 axis[3];
        draw_axes(&rng, axis);
        for (int k = 0; k < 3; k++)
            axis[k] = bcue_vec3_scale(axis[k], bcue_rng_range(&rng, 0.5, 2.0));
        add_box(r, draw_point(&rng, 6.0), axis[0], axis[1], axis[2]);
    }
    for (int i = 0; i < 4; i++) {
        bcue_vec3 axis[3];
        draw_axes(&rng, axis);
        add_sheet(r, draw_point(&rng, 7.0), bcue_vec3_scale(axis[0], bcue_rng_range(&rng, 1.0, 4.0)),
                  bcue_vec3_scale(axis[1], bcue_rng_range(&rng, 1.0, 4.0)));
    }
    CHECK_OK(bcue_world_finish(&r->world, "the scene", &error), error);
    CHECK_INT(r->world.radio.surface_count, r->brute.quad_count);
    CHECK_INT(r->world.radio.wedge_count, r->brute.edge_count);
    CHECK_OK(bcue_radio_scene_create(&r->world, &r->scene, &error), error);
}

static void tear_down(rig *r)
{
    bcue_radio_scene_destroy(r->scene);
    bcue_world_free(&r->world);
}

static bool alike(const brute_path *b, const bcue_path *p)
{
    if (b->count != p->count || fabs(b->length - p->length_m) > 1e-9)
        return false;
    for (int i = 0; i < b->count; i++)
        if (b->bend[i] != (p->at[i].kind == BCUE_DIFFRACTION) ||
            bcue_vec3_norm(bcue_vec3_sub(b->point[i], p->at[i].point)) >
                (b->bend[0] || b->bend[1] ? 1e-4 : 1e-9))
            return false;
    return true;
}

static size_t compared, skipped;

static void compare(const rig *r, uint32_t number, const brute_list *expected, const bcue_path_list *found)
{
    (void)r;
    bool *matched = calloc(found->count + 1, sizeof *matched);
    for (int i = 0; i < expected->count; i++) {
        const brute_path *b = &expected->all[i];
        size_t k = 0;
        while (k < found->count && (matched[k] || !alike(b, &found->paths[k])))
            k++;
        if (k < found->count)
            matched[k] = true;
        if (b->margin < SKIP_M) {
            skipped += b->exists;
            continue;
        }
        compared++;
        CHECK_AT(k < found->count, "scene %u: a path of %d points and %.9f m (margin %g m) is missing",
                 number, b->count, b->length, b->margin);
    }
    for (size_t k = 0; k < found->count; k++) {
        const bcue_path *p = &found->paths[k];
        CHECK_AT(matched[k], "scene %u: a path of %d points and %.9f m is too many (kinds %d %d at %g %g %g)",
                 number, p->count, p->length_m, (int)p->at[0].kind, p->count > 1 ? (int)p->at[1].kind : -1,
                 p->at[0].point.x, p->at[0].point.y, p->at[0].point.z);
    }
    free(matched);
}

static void search(const rig *r, bcue_vec3 tx, const bcue_vec3 *rx, const bcue_path_options *options,
                   bcue_path_list lists[2], bcue_path_report *report)
{
    bcue_error error = {0};
    CHECK_OK(bcue_paths_find(r->scene, tx, rx, 2, options, lists, report, &error), error);
}

static void thousand_scenes(void)
{
    static brute_list expected;
    bcue_path_list lists[2] = {{0}, {0}};
    for (uint32_t number = 0; number < 1000; number++) {
        rig r;
        make(&r, number);
        bcue_rng rng = bcue_rng_make(18, BCUE_RNG_TEST, number, 0, 0);
        bcue_vec3 tx = draw_point(&rng, 8.0), rx[2] = {draw_point(&rng, 8.0), draw_point(&rng, 8.0)};
        bcue_path_options options = {
            .max_reflections = 3, .exhaustive_order = 3, .diffraction = true, .mixed = true};
        bcue_path_report report;
        search(&r, tx, rx, &options, lists, &report);
        CHECK_INT(report.complete_order, 3);
        for (int k = 0; k < 2; k++) {
            brute_paths(&r.brute, tx, rx[k], 3, true, SKIP_M, &expected);
            compare(&r, number, &expected, &lists[k]);
        }
        tear_down(&r);
    }
    printf("%zu paths compared, %zu too near to an edge\n", compared, skipped);
    CHECK(compared > 20000);
    bcue_path_list_free(&lists[0]);
    bcue_path_list_free(&lists[1]);
}

/* Rays find what the exhaustive search finds, where they are dense enough; nothing else. */
static void rays_find_the_same(void)
{
    bcue_path_list all[2] = {{0}, {0}}, sent[2] = {{0}, {0}};
    size_t total = 0, found = 0;
    for (uint32_t number = 0; number < 20; number++) {
        rig r;
        make(&r, number);
        bcue_rng rng = bcue_rng_make(19, BCUE_RNG_TEST, number, 0, 0);
        bcue_vec3 tx = draw_point(&rng, 8.0), rx[2] = {draw_point(&rng, 8.0), draw_point(&rng, 8.0)};
        bcue_path_options options = {.max_reflections = 3, .exhaustive_order = 3};
        bcue_path_report report;
        search(&r, tx, rx, &options, all, &report);
        options.exhaustive_order = 1;
        options.ray_count = 200000;
        search(&r, tx, rx, &options, sent, &report);
        CHECK_INT(report.complete_order, 1);
        CHECK_INT(report.rays, 200000);
        for (int k = 0; k < 2; k++) {
            total += all[k].count;
            found += sent[k].count;
            for (size_t i = 0; i < sent[k].count; i++) {
                bool same = false;
                for (size_t j = 0; j < all[k].count; j++)
                    same = same || (all[k].paths[j].count == sent[k].paths[i].count &&
                                    fabs(all[k].paths[j].length_m - sent[k].paths[i].length_m) < 1e-12);
                CHECK_AT(same, "scene %u: a path of %g m from rays only", number, sent[k].paths[i].length_m);
            }
        }
        tear_down(&r);
    }
    CHECK_AT(total > 80 && found <= total && 100 * found >= 98 * total, "%zu of %zu", found, total);
    for (int k = 0; k < 2; k++) {
        bcue_path_list_free(&all[k]);
        bcue_path_list_free(&sent[k]);
    }
}

/* A bound on the loss leaves out exactly what lies beyond it. */
static void bounded_search_loses_nothing(void)
{
    bcue_path_list all[2] = {{0}, {0}}, some[2] = {{0}, {0}};
    size_t kept = 0, left_out = 0, mixed = 0;
    for (uint32_t number = 0; number < 300; number++) {
        rig r;
        make(&r, number);
        bcue_rng rng = bcue_rng_make(23, BCUE_RNG_TEST, number, 0, 0);
        bcue_vec3 tx = draw_point(&rng, 8.0), rx[2] = {draw_point(&rng, 8.0), draw_point(&rng, 8.0)};
        bcue_path_options options = {
            .max_reflections = 2, .exhaustive_order = 2, .diffraction = true, .mixed = true};
        search(&r, tx, rx, &options, all, NULL);
        options.wavelength_m = number % 2 ? 0.005 : 0.0107;
        options.max_loss_db = 88.0 + number % 5 * 3.0;
        double least = pow(10.0, -options.max_loss_db / 20.0);
        search(&r, tx, rx, &options, some, NULL);
        for (int k = 0; k < 2; k++) {
            size_t expected = 0, found = 0;
            for (size_t i = 0; i < all[k].count; i++) {
                const bcue_path *p = &all[k].paths[i];
                double bound = path_bound(p, options.wavelength_m);
                bool present = false;
                for (size_t j = 0; j < some[k].count; j++) {
                    const bcue_path *q = &some[k].paths[j];
                    present = present || (q->count == p->count && fabs(q->length_m - p->length_m) < 1e-12 &&
                                          (p->count == 0 || (q->at[0].kind == p->at[0].kind &&
                                                             q->at[0].surface == p->at[0].surface)));
                }
                bool wanted = bound >= least;
                if (fabs(bound / least - 1.0) < 1e-9)
                    wanted = present; /* rounding decides */
                expected += wanted;
                found += present;
                kept += wanted;
                left_out += !wanted;
                mixed += wanted && p->count == 2 && (p->at[0].kind != p->at[1].kind);
                CHECK_AT(wanted == present,
                         "scene %u: %d instead of %d, a path of %d points, %g m, bound %.3f dB of %g", number,
                         present, wanted, p->count, p->length_m, -20.0 * log10(bound), options.max_loss_db);
            }
            CHECK_INT(found, expected);
            CHECK_INT(some[k].count, found);
        }
        tear_down(&r);
    }
    printf("%zu within the bound (%zu of them reflected and diffracted), %zu beyond\n", kept, mixed,
           left_out);
    CHECK(kept > 1000 && left_out > 1000 && mixed > 100);
    for (int k = 0; k < 2; k++) {
        bcue_path_list_free(&all[k]);
        bcue_path_list_free(&some[k]);
    }
}

/* From the other end the same paths come in the opposite order. */
static void reciprocal(void)
{
    bcue_path_list there[2] = {{0}, {0}}, back[2] = {{0}, {0}};
    for (uint32_t number = 0; number < 100; number++) {
        rig r;
        make(&r, number);
        bcue_rng rng = bcue_rng_make(20, BCUE_RNG_TEST, number, 0, 0);
        bcue_vec3 a = draw_point(&rng, 8.0), b[2] = {draw_point(&rng, 8.0), draw_point(&rng, 8.0)}, c[2];
        bcue_path_options options = {
            .max_reflections = 2, .exhaustive_order = 2, .diffraction = true, .mixed = true};
        search(&r, a, b, &options, there, NULL);
        c[0] = c[1] = a;
        search(&r, b[0], c, &options, back, NULL);
        CHECK_INT(there[0].count, back[0].count);
        for (size_t i = 0; i < there[0].count; i++) {
            const bcue_path *p = &there[0].paths[i];
            bool same = false;
            for (size_t k = 0; k < back[0].count && !same; k++) {
                const bcue_path *q = &back[0].paths[k];
                same = p->count == q->count && fabs(p->length_m - q->length_m) < 1e-9;
                for (int n = 0; same && n < p->count; n++)
                    same =
                        p->at[n].kind == q->at[p->count - 1 - n].kind &&
                        bcue_vec3_norm(bcue_vec3_sub(p->at[n].point, q->at[p->count - 1 - n].point)) < 1e-7;
            }
            CHECK_AT(same, "scene %u: no way back for a path of %g m", number, p->length_m);
        }
        tear_down(&r);
    }
    for (int k = 0; k < 2; k++) {
        bcue_path_list_free(&there[k]);
        bcue_path_list_free(&back[k]);
    }
}

/* Bit for bit the same with 1, 2 and 3 threads. */
static void threads_do_not_matter(void)
{
    rig r;
    make(&r, 5);
    enum { RECEIVERS = 24 };
    bcue_vec3 rx[RECEIVERS];
    bcue_path_list first[RECEIVERS] = {{0}}, again[RECEIVERS] = {{0}};
    bcue_rng rng = bcue_rng_make(21, BCUE_RNG_TEST, 0, 0, 0);
    for (int i = 0; i < RECEIVERS; i++)
        rx[i] = draw_point(&rng, 8.0);
    bcue_error error = {0};
    bcue_path_options options = {
        .max_reflections = 4, .exhaustive_order = 2, .ray_count = 50000, .diffraction = true, .mixed = true};
    size_t paths = 0;
    for (int threads = 1; threads <= 3; threads++) {
        bcue_set_threads(threads);
        bcue_path_list *lists = threads == 1 ? first : again;
        CHECK_OK(
            bcue_paths_find(r.scene, bcue_vec3_make(1, 2, 5), rx, RECEIVERS, &options, lists, NULL, &error),
            error);
        for (int i = 0; i < RECEIVERS && threads > 1; i++) {
            CHECK_INT(first[i].count, again[i].count);
            for (size_t k = 0; k < first[i].count && k < again[i].count; k++) {
                const bcue_path *p = &first[i].paths[k], *q = &again[i].paths[k];
                CHECK(p->count == q->count && memcmp(&p->length_m, &q->length_m, sizeof(double)) == 0 &&
                      memcmp(p->at, q->at, (size_t)p->count * sizeof p->at[0]) == 0);
            }
        }
        paths += lists[0].count;
    }
    bcue_set_threads(0);
    CHECK(paths > 0);
    for (int i = 0; i < RECEIVERS; i++) {
        bcue_path_list_free(&first[i]);
        bcue_path_list_free(&again[i]);
    }
    tear_down(&r);
}

/* Visibility against every triangle in double. */
static void visibility(void)
{
    size_t free_ways = 0, total = 0;
    for (uint32_t number = 0; number < 100; number++) {
        rig r;
        make(&r, number);
        bcue_rng rng = bcue_rng_make(22, BCUE_RNG_TEST, number, 0, 0);
        for (int i = 0; i < 500; i++) {
            bcue_vec3 a = draw_point(&rng, 9.0), b = draw_point(&rng, 9.0);
            double margin = INFINITY;
            bool expected = brute_visible(&r.brute, a, b, &margin);
            if (margin < 2e-5) /* nothing blocks within the clearance of an end */
                continue;
            bool found = bcue_radio_visible(r.scene, a, b);
            total++;
            free_ways += found;
            CHECK_AT(found == expected, "scene %u: %d, brute force says %d (margin %g m)", number, found,
                     expected, margin);
        }
        tear_down(&r);
    }
    CHECK(free_ways > total / 10 && free_ways < total - total / 10 && total > 49000);
}

int main(void)
{
    RUN(thousand_scenes);
    RUN(rays_find_the_same);
    RUN(bounded_search_loses_nothing);
    RUN(reciprocal);
    RUN(threads_do_not_matter);
    RUN(visibility);
    return check_summary();
}
