/* Paths in closed-form geometry, made without the path finder. */
#ifndef BCUE_TESTS_HAND_PATHS_H
#define BCUE_TESTS_HAND_PATHS_H

#include "base/rng.h"
#include "channel/path_gain.h"
#include "check.h"

/* Length, departure and arrival from the points. */
static inline bcue_path hand_close(bcue_path path)
{
    bcue_vec3 from = path.transmitter;
    path.length_m = 0.0;
    for (int i = 0; i <= path.count; i++) {
        bcue_vec3 to = i < path.count ? path.at[i].point : path.receiver;
        path.length_m += bcue_vec3_norm(bcue_vec3_sub(to, from));
        from = to;
    }
    bcue_vec3 first = path.count ? path.at[0].point : path.receiver,
              last = path.count ? path.at[path.count - 1].point : path.transmitter;
    path.departure = bcue_vec3_unit(bcue_vec3_sub(first, path.transmitter));
    path.arrival = bcue_vec3_unit(bcue_vec3_sub(last, path.receiver));
    return path;
}

static inline bcue_path hand_direct(bcue_vec3 from, bcue_vec3 to)
{
    return hand_close((bcue_path){.transmitter = from, .receiver = to});
}

/* The plane normal . x = offset, with the side of the transmitter as its front. */
typedef struct hand_plane {
    bcue_vec3 normal;
    double offset;
    bcue_material_id material;
    bcue_vec3 velocity_mps;
} hand_plane;

static inline double hand_height(const hand_plane *plane, bcue_vec3 x)
{
    return bcue_vec3_dot(plane->normal, x) - plane->offset;
}

static inline bcue_interaction hand_meeting(const hand_plane *plane, bcue_interaction_kind kind,
                                            bcue_vec3 point, bcue_vec3 from)
{
    double side = hand_height(plane, from) > 0.0 ? 1.0 : -1.0;
    return (bcue_interaction){.kind = kind,
                              .point = point,
                              .normal = bcue_vec3_scale(plane->normal, side),
                              .material = plane->material,
                              .instance = BCUE_RADIO_STATIC,
                              .velocity_mps = plane->velocity_mps};
}

/* Where the line from a to b meets the plane. */
static inline bcue_vec3 hand_cut(const hand_plane *plane, bcue_vec3 a, bcue_vec3 b)
{
    double ha = hand_height(plane, a), hb = hand_height(plane, b);
    return bcue_vec3_add(a, bcue_vec3_scale(bcue_vec3_sub(b, a), ha / (ha - hb)));
}

static inline bcue_vec3 hand_image(const hand_plane *plane, bcue_vec3 x)
{
    return bcue_vec3_sub(x, bcue_vec3_scale(plane->normal, 2.0 * hand_height(plane, x)));
}

/* Reflections from planes in this order; the caller sees to it that they exist. */
static inline bcue_path hand_reflect(bcue_vec3 from, bcue_vec3 to, const hand_plane *planes, int count)
{
    bcue_path path = {.count = count, .transmitter = from, .receiver = to};
    bcue_vec3 images[BCUE_PATH_MAX_INTERACTIONS + 1] = {from};
    for (int i = 0; i < count; i++)
        images[i + 1] = hand_image(&planes[i], images[i]);
    bcue_vec3 target = to;
    for (int i = count; i-- > 0;) {
        target = hand_cut(&planes[i], images[i + 1], target);
        path.at[i] = hand_meeting(&planes[i], BCUE_REFLECTION, target, images[i]);
    }
    for (int i = 0; i < count; i++) { /* the side from which the path comes */
        bcue_vec3 before = i ? path.at[i - 1].point : from;
        path.at[i] = hand_meeting(&planes[i], BCUE_REFLECTION, path.at[i].point, before);
    }
    return hand_close(path);
}

static inline bcue_path hand_transmit(bcue_vec3 from, bcue_vec3 to, const hand_plane *plane)
{
    bcue_path path = {.count = 1, .transmitter = from, .receiver = to};
    path.at[0] = hand_meeting(plane, BCUE_TRANSMISSION, hand_cut(plane, from, to), from);
    return hand_close(path);
}

static inline bcue_path hand_scatter(bcue_vec3 from, bcue_vec3 to, const hand_plane *plane, bcue_vec3 point,
                                     double area_m2, uint32_t patch)
{
    bcue_path path = {.count = 1, .transmitter = from, .receiver = to};
    path.at[0] = hand_meeting(plane, BCUE_SCATTERING, point, from);
    path.at[0].area_m2 = area_m2;
    path.at[0].surface = patch;
    return hand_close(path);
}

/* A wedge: a point of its edge, the convention of bcue_interaction for the rest. */
typedef struct hand_wedge {
    bcue_vec3 point, edge, normal;
    double n;
    bcue_material_id material[2];
    bcue_vec3 velocity_mps;
} hand_wedge;

/* Distance from the edge and place along it. */
static inline void hand_cylinder(const hand_wedge *wedge, bcue_vec3 x, double *rho, double *along)
{
    bcue_vec3 r = bcue_vec3_sub(x, wedge->point);
    *along = bcue_vec3_dot(r, wedge->edge);
    *rho = bcue_vec3_norm(bcue_vec3_sub(r, bcue_vec3_scale(wedge->edge, *along)));
}

static inline bcue_path hand_diffract(bcue_vec3 from, bcue_vec3 to, const hand_wedge *wedge)
{
    double rho1, z1, rho2, z2, whole = wedge->n * BCUE_PI;
    hand_cylinder(wedge, from, &rho1, &z1);
    hand_cylinder(wedge, to, &rho2, &z2);
    bcue_vec3 point =
        bcue_vec3_add(wedge->point, bcue_vec3_scale(wedge->edge, (z1 * rho2 + z2 * rho1) / (rho1 + rho2)));
    bcue_vec3 t0 = bcue_vec3_cross(wedge->normal, wedge->edge), back = bcue_vec3_sub(from, point);
    double phi = atan2(bcue_vec3_dot(back, wedge->normal), bcue_vec3_dot(back, t0));
    phi = phi < 0.0 ? phi + 2.0 * BCUE_PI : phi;
    bcue_vec3 normal_n =
        bcue_vec3_add(bcue_vec3_scale(t0, sin(whole)), bcue_vec3_scale(wedge->normal, -cos(whole)));
    bool swap = phi > 0.5 * whole;
    bcue_path path = {.count = 1, .transmitter = from, .receiver = to};
    path.at[0] = (bcue_interaction){.kind = BCUE_DIFFRACTION,
                                    .point = point,
                                    .normal = swap ? normal_n : wedge->normal,
                                    .normal_n = swap ? wedge->normal : normal_n,
                                    .edge = bcue_vec3_scale(wedge->edge, swap ? -1.0 : 1.0),
                                    .wedge_n = wedge->n,
                                    .material = wedge->material[swap],
                                    .material_n = wedge->material[!swap],
                                    .instance = BCUE_RADIO_STATIC,
                                    .velocity_mps = wedge->velocity_mps};
    return hand_close(path);
}

/* The same path the other way round. */
static inline bcue_path hand_reverse(const bcue_path *path)
{
    bcue_path back = {.count = path->count, .transmitter = path->receiver, .receiver = path->transmitter};
    for (int i = 0; i < path->count; i++) {
        back.at[i] = path->at[path->count - 1 - i];
        if (back.at[i].kind == BCUE_TRANSMISSION)
            back.at[i].normal = bcue_vec3_scale(back.at[i].normal, -1.0);
        if (back.at[i].kind == BCUE_DIFFRACTION) {
            bcue_interaction *at = &back.at[i];
            hand_wedge wedge = {at->point, at->edge, at->normal, at->wedge_n, {at->material, at->material_n},
                                {0, 0, 0}};
            bcue_vec3 before = i ? back.at[i - 1].point : back.transmitter,
                      after = i + 1 < path->count ? path->at[path->count - 2 - i].point : back.receiver;
            *at = hand_diffract(before, after, &wedge).at[0];
        }
    }
    return hand_close(back);
}

static inline bcue_vec3 hand_random(bcue_rng *rng, double half_side)
{
    double x = bcue_rng_range(rng, -half_side, half_side), y = bcue_rng_range(rng, -half_side, half_side);
    return bcue_vec3_make(x, y, bcue_rng_range(rng, -half_side, half_side));
}

/* A world whose materials from BCUE_MATERIAL_COUNT on are those given. */
static inline void hand_world(bcue_world *world, const bcue_radio_material *materials, size_t count)
{
    bcue_error error = {0};
    CHECK_OK(bcue_world_make_plain(10.0, BCUE_MATERIAL_PAVING, world, &error), error);
    for (size_t m = 0; m < count; m++) {
        bcue_material material = *bcue_material_get(BCUE_MATERIAL_PAVING);
        material.radio = materials[m];
        bcue_world_add_material(world, &material);
    }
}

static inline bcue_radio_material hand_material(const char *name, double thickness_m)
{
    bcue_error error = {0};
    bcue_radio_material material = {0};
    CHECK_OK(bcue_radio_material_named(name, &material, &error), error);
    material.slab = thickness_m > 0.0;
    material.thickness_m = thickness_m;
    return material;
}

#endif
