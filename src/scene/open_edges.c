#include "scene/open_edges.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Open addressing; a place holds index + 1, 0 = free. */
typedef struct hash_table {
    uint32_t *places;
    size_t mask;
} hash_table;

static bool make_table(hash_table *table, size_t count)
{
    size_t size = 16;
    while (size / 2 < count && size < SIZE_MAX / 4)
        size *= 2;
    table->mask = size - 1;
    table->places = bcue_calloc(size, sizeof *table->places);
    return table->places != NULL;
}

static uint64_t mix64(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ x >> 33;
}

static uint64_t hash_point(bcue_vec3 point)
{
    double values[3] = {point.x + 0.0, point.y + 0.0, point.z + 0.0}; /* -0 becomes 0 */
    uint64_t bits[3];
    memcpy(bits, values, sizeof bits);
    return mix64(bits[0] + mix64(bits[1] + mix64(bits[2])));
}

/* representative[i]: the first vertex at the place of vertex i. */
static bool weld(const bcue_vec3 *vertices, size_t count, uint32_t *representative)
{
    hash_table table;
    if (!make_table(&table, count))
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t place = (size_t)hash_point(vertices[i]) & table.mask;
        for (; table.places[place] != 0; place = (place + 1) & table.mask) {
            bcue_vec3 other = vertices[table.places[place] - 1];
            if (other.x == vertices[i].x && other.y == vertices[i].y && other.z == vertices[i].z)
                break;
        }
        if (table.places[place] == 0)
            table.places[place] = (uint32_t)i + 1;
        representative[i] = table.places[place] - 1;
    }
    free(table.places);
    return true;
}

typedef struct edge {
    uint32_t low, high, uses;
} edge;

static size_t count_uses(const bcue_triangle *triangles, size_t count, uint32_t first,
                         const uint32_t *representative, hash_table *table, edge *edges)
{
    size_t edge_count = 0;
    for (size_t t = 0; t < count; t++)
        for (int k = 0; k < 3; k++) {
            uint32_t a = representative[triangles[t].vertex[k] - first];
            uint32_t b = representative[triangles[t].vertex[(k + 1) % 3] - first];
            uint32_t low = a < b ? a : b, high = a < b ? b : a;
            size_t place = (size_t)mix64((uint64_t)low << 32 | high) & table->mask;
            for (; table->places[place] != 0; place = (place + 1) & table->mask) {
                const edge *other = &edges[table->places[place] - 1];
                if (other->low == low && other->high == high)
                    break;
            }
            if (table->places[place] == 0) {
                edges[edge_count] = (edge){low, high, 0};
                table->places[place] = (uint32_t)++edge_count;
            }
            edges[table->places[place] - 1].uses++;
        }
    return edge_count;
}

bool bcue_find_open_edges(const bcue_vec3 *vertices, size_t vertex_count, const bcue_triangle *triangles,
                          size_t triangle_count, uint32_t first, bcue_open_edges *open)
{
    *open = (bcue_open_edges){0};
    size_t most;
    hash_table table = {0};
    uint32_t *representative = bcue_calloc(vertex_count, sizeof *representative);
    edge *edges = bcue_mul_size(triangle_count, 3, &most) && most < UINT32_MAX
                      ? bcue_calloc(most, sizeof *edges)
                      : NULL;
    bool done = representative != NULL && edges != NULL && make_table(&table, most) &&
                weld(vertices, vertex_count, representative);
    size_t count = done ? count_uses(triangles, triangle_count, first, representative, &table, edges) : 0;
    for (size_t i = 0; i < count; i++)
        if (edges[i].uses == 1 && open->count++ == 0) {
            open->a = vertices[edges[i].low];
            open->b = vertices[edges[i].high];
        }
    free(table.places);
    free(representative);
    free(edges);
    return done;
}
