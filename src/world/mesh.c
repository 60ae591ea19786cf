#include "world/mesh.h"

#include <stdlib.h>
#include "base/memory.h"

void bcue_mesh_free(bcue_mesh *mesh)
{
    free(mesh->vertices);
    free(mesh->triangles);
    *mesh = (bcue_mesh){0};
}

uint32_t bcue_mesh_add_vertices(bcue_mesh *mesh, const bcue_vec3 *vertices, size_t count)
{
    if (mesh->failed || mesh->vertex_count + count > UINT32_MAX ||
        !bcue_grow((void **)&mesh->vertices, &mesh->vertex_capacity, mesh->vertex_count + count,
                   sizeof *vertices)) {
        mesh->failed = true;
        return 0;
    }
    size_t first = mesh->vertex_count;
    for (size_t i = 0; i < count; i++)
        mesh->vertices[first + i] = vertices != NULL ? vertices[i] : (bcue_vec3){0, 0, 0};
    mesh->vertex_count += count;
    return (uint32_t)first;
}

void bcue_mesh_add_triangle(bcue_mesh *mesh, uint32_t a, uint32_t b, uint32_t c, bcue_material_id material,
                            uint32_t object)
{
    if (mesh->failed || !bcue_grow((void **)&mesh->triangles, &mesh->triangle_capacity,
                                   mesh->triangle_count + 1, sizeof *mesh->triangles)) {
        mesh->failed = true;
        return;
    }
    mesh->triangles[mesh->triangle_count++] = (bcue_triangle){{a, b, c}, object, material};
}

void bcue_mesh_add_quad(bcue_mesh *mesh, const bcue_vec3 corners[4], bcue_material_id material,
                        uint32_t object)
{
    uint32_t v = bcue_mesh_add_vertices(mesh, corners, 4);
    bcue_mesh_add_triangle(mesh, v, v + 1, v + 2, material, object);
    bcue_mesh_add_triangle(mesh, v, v + 2, v + 3, material, object);
}

void bcue_mesh_add_hexahedron(bcue_mesh *mesh, const bcue_vec3 corners[8],
                              const bcue_material_id materials[6], uint32_t object)
{
    static const int sides[6][4] = {{0, 4, 6, 2}, {1, 3, 7, 5}, {0, 1, 5, 4},
                                    {2, 6, 7, 3}, {0, 2, 3, 1}, {4, 5, 7, 6}};
    for (int side = 0; side < 6; side++) {
        bcue_vec3 quad[4];
        for (int i = 0; i < 4; i++)
            quad[i] = corners[sides[side][i]];
        bcue_mesh_add_quad(mesh, quad, materials[side], object);
    }
}

void bcue_mesh_add_box(bcue_mesh *mesh, bcue_vec3 low, bcue_vec3 high, bcue_material_id material,
                       uint32_t object)
{
    bcue_vec3 corners[8];
    for (int i = 0; i < 8; i++)
        corners[i] = bcue_vec3_make(i & 1 ? high.x : low.x, i & 2 ? high.y : low.y, i & 4 ? high.z : low.z);
    bcue_material_id all[6] = {material, material, material, material, material, material};
    bcue_mesh_add_hexahedron(mesh, corners, all, object);
}

void bcue_mesh_add_cylinder(bcue_mesh *mesh, bcue_vec3 base, bcue_vec3 axis, double radius, int sides,
                            bcue_material_id side, bcue_material_id rim, uint32_t object)
{
    bcue_vec3 along = bcue_vec3_unit(axis);
    bcue_vec3 helper = fabs(along.z) < 0.9 ? bcue_vec3_make(0, 0, 1) : bcue_vec3_make(1, 0, 0);
    bcue_vec3 u = bcue_vec3_unit(bcue_vec3_cross(helper, along)), v = bcue_vec3_cross(along, u);
    bcue_vec3 centres[2] = {base, bcue_vec3_add(base, axis)};
    uint32_t ends = bcue_mesh_add_vertices(mesh, centres, 2), ring = 0;
    for (int i = 0; i < sides; i++) {
        double angle = 2.0 * BCUE_PI * (double)i / (double)sides;
        bcue_vec3 spoke =
            bcue_vec3_add(bcue_vec3_scale(u, radius * cos(angle)), bcue_vec3_scale(v, radius * sin(angle)));
        bcue_vec3 pair[2] = {bcue_vec3_add(centres[0], spoke), bcue_vec3_add(centres[1], spoke)};
        uint32_t index = bcue_mesh_add_vertices(mesh, pair, 2);
        if (i == 0)
            ring = index;
    }
    for (int i = 0; i < sides; i++) {
        uint32_t a = ring + 2 * (uint32_t)i, b = ring + 2 * (uint32_t)((i + 1) % sides);
        bcue_mesh_add_triangle(mesh, a, b, b + 1, side, object);
        bcue_mesh_add_triangle(mesh, a, b + 1, a + 1, side, object);
        bcue_mesh_add_triangle(mesh, ends, b, a, rim, object);
        bcue_mesh_add_triangle(mesh, ends + 1, a + 1, b + 1, rim, object);
    }
}

static void add_sphere_part(bcue_mesh *mesh, bcue_vec3 centre, bcue_vec3 half_axes,
                            const bcue_vec3 corners[3], int depth, bcue_material_id material, uint32_t object)
{
    if (depth == 0) {
        bcue_vec3 placed[3];
        for (int i = 0; i < 3; i++)
            placed[i] =
                bcue_vec3_make(centre.x + half_axes.x * corners[i].x, centre.y + half_axes.y * corners[i].y,
                               centre.z + half_axes.z * corners[i].z);
        uint32_t v = bcue_mesh_add_vertices(mesh, placed, 3);
        bcue_mesh_add_triangle(mesh, v, v + 1, v + 2, material, object);
        return;
    }
    bcue_vec3 ab = bcue_vec3_unit(bcue_vec3_add(corners[0], corners[1]));
    bcue_vec3 bc = bcue_vec3_unit(bcue_vec3_add(corners[1], corners[2]));
    bcue_vec3 ca = bcue_vec3_unit(bcue_vec3_add(corners[2], corners[0]));
    const bcue_vec3 parts[4][3] = {
        {corners[0], ab, ca}, {ab, corners[1], bc}, {ca, bc, corners[2]}, {ab, bc, ca}};
    for (int i = 0; i < 4; i++)
        add_sphere_part(mesh, centre, half_axes, parts[i], depth - 1, material, object);
}

void bcue_mesh_add_ellipsoid(bcue_mesh *mesh, bcue_vec3 centre, bcue_vec3 half_axes,
                             bcue_material_id material, uint32_t object)
{
    for (int octant = 0; octant < 8; octant++) {
        double sx = octant & 1 ? -1.0 : 1.0, sy = octant & 2 ? -1.0 : 1.0, sz = octant & 4 ? -1.0 : 1.0;
        bcue_vec3 x = bcue_vec3_make(sx, 0, 0), y = bcue_vec3_make(0, sy, 0), z = bcue_vec3_make(0, 0, sz);
        /* Keep the outside on the counter-clockwise side in every octant. */
        bcue_vec3 corners[3] = {x, sx * sy * sz > 0.0 ? y : z, sx * sy * sz > 0.0 ? z : y};
        add_sphere_part(mesh, centre, half_axes, corners, 2, material, object);
    }
}
