/* Surfaces and wedges of meshes whose faces and edges can be counted by hand. */
#include "check.h"
#include "world/radio_shape.h"

static bcue_radio_shape shape_of(const bcue_mesh *mesh)
{
    bcue_error error = {0};
    bcue_radio_shape shape = {0};
    CHECK_OK(bcue_radio_shape_make(mesh, mesh->triangle_count, BCUE_WEDGE_MIN_TURN, &shape, &error), error);
    return shape;
}

/* What the header promises of every wedge. */
static void check_convention(const bcue_radio_shape *shape)
{
    for (size_t i = 0; i < shape->wedge_count; i++) {
        const bcue_wedge *w = &shape->wedges[i];
        bcue_vec3 t0 = bcue_vec3_cross(w->normal[0], w->along), inside;
        CHECK_NEAR(
            bcue_vec3_norm(bcue_vec3_sub(bcue_vec3_add(w->a, bcue_vec3_scale(w->along, w->length_m)), w->b)),
            0.0, 1e-9);
        double angle = w->exterior_angle;
        CHECK_NEAR(bcue_vec3_dot(w->normal[1], t0), sin(angle), 1e-7);
        CHECK_NEAR(bcue_vec3_dot(w->normal[1], w->normal[0]), -cos(angle), 1e-7);
        CHECK_NEAR(bcue_vec3_dot(w->normal[0], w->along), 0.0, 1e-9);
        /* A little into face 0 there is surface 0; a little into face n surface 1. */
        bcue_vec3 middle = bcue_vec3_scale(bcue_vec3_add(w->a, w->b), 0.5);
        inside = bcue_vec3_add(middle, bcue_vec3_scale(t0, 1e-3));
        CHECK(bcue_radio_surface_contains(shape, w->surface[0], inside));
        if (w->surface[1] == BCUE_NO_SURFACE) {
            CHECK_NEAR(angle, 2.0 * BCUE_PI, 1e-12);
            continue;
        }
        bcue_vec3 tn = bcue_vec3_cross(w->along, w->normal[1]);
        CHECK(bcue_radio_surface_contains(shape, w->surface[1],
                                          bcue_vec3_add(middle, bcue_vec3_scale(tn, 1e-3))));
    }
}

static void boxes(void)
{
    bcue_mesh mesh = {0};
    bcue_mesh_add_box(&mesh, bcue_vec3_make(1, 2, 3), bcue_vec3_make(2, 4, 6), BCUE_MATERIAL_PAINT, 0);
    bcue_radio_shape shape = shape_of(&mesh);
    CHECK_INT(shape.vertex_count, 8);
    CHECK_INT(shape.surface_count, 6);
    CHECK_INT(shape.wedge_count, 12);
    double area = 0.0, length = 0.0;
    for (size_t i = 0; i < shape.surface_count; i++) {
        const bcue_surface *s = &shape.surfaces[i];
        area += s->area_m2;
        CHECK(!s->two_sided);
        CHECK(bcue_vec3_dot(s->normal, bcue_vec3_sub(s->centre, bcue_vec3_make(1.5, 3, 4.5))) > 0.4);
        CHECK_NEAR(bcue_vec3_dot(s->normal, s->centre), s->offset, 1e-12);
    }
    for (size_t i = 0; i < shape.wedge_count; i++) {
        CHECK_NEAR(shape.wedges[i].exterior_angle, 1.5 * BCUE_PI, 1e-12);
        length += shape.wedges[i].length_m;
    }
    CHECK_NEAR(area, 2.0 * (2.0 + 3.0 + 6.0), 1e-12);
    CHECK_NEAR(length, 4.0 * (1.0 + 2.0 + 3.0), 1e-12);
    check_convention(&shape);
    bcue_radio_shape_free(&shape);
    bcue_mesh_free(&mesh);
}

/* A room seen from inside: its edges are hollows for the air, and no wedges. */
static void hollow_edges_are_none(void)
{
    bcue_mesh mesh = {0};
    bcue_mesh_add_box(&mesh, bcue_vec3_make(0, 0, 0), bcue_vec3_make(4, 4, 4), BCUE_MATERIAL_FACADE, 0);
    /* A step cut into the box: an L-shaped prism has five upright ridges that stick out and one hollow. */
    bcue_mesh_free(&mesh);
    const double corner[6][2] = {{0, 0}, {4, 0}, {4, 2}, {2, 2}, {2, 4}, {0, 4}};
    for (int i = 0; i < 6; i++) {
        const double *p = corner[i], *q = corner[(i + 1) % 6];
        bcue_mesh_add_quad(&mesh,
                           (bcue_vec3[4]){{p[0], p[1], 0}, {q[0], q[1], 0}, {q[0], q[1], 3}, {p[0], p[1], 3}},
                           BCUE_MATERIAL_FACADE, 0);
    }
    for (int top = 0; top < 2; top++) {
        double z = top ? 3 : 0;
        const double quads[2][4][2] = {{{0, 0}, {4, 0}, {4, 2}, {2, 2}}, {{0, 0}, {2, 2}, {2, 4}, {0, 4}}};
        for (int part = 0; part < 2; part++) {
            bcue_vec3 ring[4];
            for (int k = 0; k < 4; k++) {
                const double *p = quads[part][top ? k : 3 - k];
                ring[k] = bcue_vec3_make(p[0], p[1], z);
            }
            bcue_mesh_add_quad(&mesh, ring, BCUE_MATERIAL_ROOF, 0);
        }
    }
    bcue_radio_shape shape = shape_of(&mesh);
    CHECK_INT(shape.surface_count, 8);
    size_t upright = 0;
    for (size_t i = 0; i < shape.wedge_count; i++)
        upright += fabs(shape.wedges[i].along.z) > 0.5;
    CHECK_INT(upright, 5);
    CHECK_INT(shape.wedge_count, 5 + 12);
    check_convention(&shape);
    bcue_radio_shape_free(&shape);
    bcue_mesh_free(&mesh);
}

/* A sheet of 5 x 3 panels is one surface with four edges; a fold of 10 degrees has no wedge, one of 20 has.
 */
static void sheets(void)
{
    for (int fold = 0; fold <= 20; fold += 10) {
        bcue_mesh mesh = {0};
        double turn = fold * BCUE_PI / 180.0;
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < 3; k++) {
                bcue_vec3 ring[4];
                const int di[4] = {0, 1, 1, 0}, dk[4] = {0, 0, 1, 1};
                for (int c = 0; c < 4; c++) {
                    double x = i + di[c], past = fmax(x - 2.0, 0.0);
                    ring[c] = bcue_vec3_make(fmin(x, 2.0) + past * cos(turn), k + dk[c], -past * sin(turn));
                }
                bcue_mesh_add_quad(&mesh, ring, BCUE_MATERIAL_STEEL, 7);
            }
        bcue_radio_shape shape = shape_of(&mesh);
        CHECK_INT(shape.surface_count, fold == 0 ? 1 : 2);
        /* The rim: 4 sides in one piece each; two of them in two pieces when the sheet is folded. */
        CHECK_INT(shape.wedge_count, fold == 0 ? 4 : fold == 10 ? 6 : 7);
        double length = 0.0;
        for (size_t i = 0; i < shape.wedge_count; i++)
            length += shape.wedges[i].length_m;
        CHECK_NEAR(length, fold == 20 ? 19.0 : 16.0, 1e-9);
        for (size_t i = 0; i < shape.surface_count; i++)
            CHECK(shape.surfaces[i].two_sided && shape.surfaces[i].object == 7);
        check_convention(&shape);
        bcue_radio_shape_free(&shape);
        bcue_mesh_free(&mesh);
    }
}

/* Coplanar panels of two materials are two surfaces, and no wedge runs between them. */
static void materials_part_surfaces(void)
{
    bcue_mesh mesh = {0};
    for (int i = 0; i < 2; i++)
        bcue_mesh_add_quad(&mesh, (bcue_vec3[4]){{i, 0, 0}, {i + 1.0, 0, 0}, {i + 1.0, 1, 0}, {i, 1, 0}},
                           i == 0 ? BCUE_MATERIAL_ASPHALT : BCUE_MATERIAL_GRASS, 0);
    bcue_radio_shape shape = shape_of(&mesh);
    CHECK_INT(shape.surface_count, 2);
    CHECK_INT(shape.wedge_count, 6);
    bcue_radio_shape_free(&shape);
    bcue_mesh_free(&mesh);
}

static void add_ground(bcue_mesh *mesh, double x0, double x1, double y0, double y1)
{
    bcue_mesh_add_quad(mesh, (bcue_vec3[4]){{x0, y0, 0}, {x1, y0, 0}, {x1, y1, 0}, {x0, y1, 0}},
                       BCUE_MATERIAL_ASPHALT, 1);
}

/* A house without a floor that stands on two pieces of ground: its walls end on the ground, so that no wave
   bends around their lower ends or gets in; in the air it is open. */
static void walls_end_on_the_ground(void)
{
    for (int grounded = 0; grounded < 2; grounded++) {
        bcue_mesh mesh = {0};
        bcue_mesh_add_box(&mesh, bcue_vec3_make(-2, -2, 0), bcue_vec3_make(2, 2, 5), BCUE_MATERIAL_FACADE, 0);
        CHECK(mesh.triangles[8].material == BCUE_MATERIAL_FACADE);
        for (size_t i = 8; i + 2 < mesh.triangle_count; i++) /* without the floor, side -z */
            mesh.triangles[i] = mesh.triangles[i + 2];
        mesh.triangle_count -= 2;
        if (grounded) {
            add_ground(&mesh, -9, 0.7, -9, 9);
            add_ground(&mesh, 0.7, 9, -9, 3);
            add_ground(&mesh, 0.7, 9, 3, 9); /* a T where the three meet */
        }
        bcue_radio_shape shape = shape_of(&mesh);
        size_t convex = 0, rims = 0, open = 0;
        for (size_t i = 0; i < shape.wedge_count; i++) {
            const bcue_wedge *w = &shape.wedges[i];
            convex += w->surface[1] != BCUE_NO_SURFACE;
            rims += w->surface[1] == BCUE_NO_SURFACE && fmax(fabs(w->a.x), fabs(w->a.y)) < 3.0;
        }
        for (size_t i = 0; i < shape.surface_count; i++)
            open += shape.surfaces[i].object == 0 && shape.surfaces[i].two_sided;
        CHECK_INT(convex, 8);
        CHECK_INT(rims, grounded ? 0 : 4);
        CHECK_INT(open, grounded ? 0 : 5);
        CHECK_INT(shape.wedge_count, grounded ? 8 + 4 : 12);
        check_convention(&shape);
        bcue_radio_shape_free(&shape);
        bcue_mesh_free(&mesh);
    }
}

/* A box whose roof is one quad and whose walls are divided: the same twelve wedges, and closed. */
static void divided_walls(void)
{
    bcue_mesh mesh = {0};
    bcue_mesh_add_box(&mesh, bcue_vec3_make(0, 0, 0), bcue_vec3_make(6, 4, 5), BCUE_MATERIAL_FACADE, 0);
    bcue_mesh whole = mesh;
    mesh = (bcue_mesh){0};
    for (int side = 0; side < 6; side++) {
        bcue_vec3 q[4] = {0};
        /* The corners of a quad come in order: 0, 1, 2 in its first triangle, 3 last in its second. */
        const bcue_triangle *t = &whole.triangles[2 * side];
        for (int k = 0; k < 3; k++)
            q[k] = whole.vertices[t[0].vertex[k]];
        q[3] = whole.vertices[t[1].vertex[2]];
        int pieces = side < 4 ? 3 + side : 1;
        for (int i = 0; i < pieces; i++) {
            bcue_vec3 part[4];
            for (int k = 0; k < 4; k++) {
                double share = (double)(i + (k == 1 || k == 2)) / pieces;
                bcue_vec3 from = k < 2 ? q[0] : q[3], to = k < 2 ? q[1] : q[2];
                part[k] = bcue_vec3_add(from, bcue_vec3_scale(bcue_vec3_sub(to, from), share));
            }
            bcue_mesh_add_quad(&mesh, part, BCUE_MATERIAL_FACADE, 0);
        }
    }
    bcue_radio_shape shape = shape_of(&mesh);
    CHECK_INT(shape.surface_count, 6);
    CHECK_INT(shape.wedge_count, 12);
    double length = 0.0;
    for (size_t i = 0; i < shape.wedge_count; i++) {
        length += shape.wedges[i].length_m;
        CHECK_NEAR(shape.wedges[i].exterior_angle, 1.5 * BCUE_PI, 1e-9);
    }
    CHECK_NEAR(length, 60.0, 1e-9);
    for (size_t i = 0; i < shape.surface_count; i++)
        CHECK(!shape.surfaces[i].two_sided);
    check_convention(&shape);
    bcue_radio_shape_free(&shape);
    bcue_mesh_free(&mesh);
    bcue_mesh_free(&whole);
}

static void bad_meshes(void)
{
    bcue_mesh mesh = {0};
    bcue_error error = {0};
    bcue_radio_shape shape;
    bcue_mesh_add_quad(&mesh, (bcue_vec3[4]){{0, 0, 0}, {1, 0, 0}, {2, 0, 0}, {0, 1, 0}}, 0, 0);
    shape = shape_of(&mesh);
    CHECK_INT(shape.dropped, 1); /* (0,0) (1,0) (2,0) has no area */
    CHECK_INT(shape.surface_count, 1);
    bcue_radio_shape_free(&shape);
    mesh.vertices[3].y = NAN;
    CHECK_STATUS(bcue_radio_shape_make(&mesh, 2, BCUE_WEDGE_MIN_TURN, &shape, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "vertex 3 of triangle 1 of a mesh lies at (0, nan, 0)");
    mesh.triangles[0].vertex[1] = 9;
    CHECK_STATUS(bcue_radio_shape_make(&mesh, 2, BCUE_WEDGE_MIN_TURN, &shape, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "triangle 0 of a mesh names vertex 9, but the mesh has 4");
    bcue_mesh_free(&mesh);
    CHECK_OK(bcue_radio_shape_make(&mesh, 0, BCUE_WEDGE_MIN_TURN, &shape, &error), error);
    CHECK_INT(shape.surface_count, 0);
    bcue_radio_shape_free(&shape);
}

int main(void)
{
    RUN(boxes);
    RUN(hollow_edges_are_none);
    RUN(sheets);
    RUN(materials_part_surfaces);
    RUN(walls_end_on_the_ground);
    RUN(divided_walls);
    RUN(bad_meshes);
    return check_summary();
}
