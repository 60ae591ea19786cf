#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "scene/osm_import.h"
#include "scene/polygon.h"

#define STOREY_M 3.0
/* A corner that bends the outline by less than this is none. */
#define STRAIGHT_M 0.02
enum { MOST_CORNERS = 10000, MOST_RINGS = 200 };

/* The outline of a building and its courtyards. */
typedef struct footprint {
    const char *kind; /* "way" or "relation" */
    int64_t id;
    const bcue_osm_tags *tags;
    bcue_point2 *points; /* owned, as all below */
    size_t point_count, point_capacity;
    size_t *ring_first; /* ring_count + 1 */
    size_t ring_count, ring_capacity;
} footprint;

static void free_footprint(footprint *print)
{
    free(print->points);
    free(print->ring_first);
    *print = (footprint){0};
}

/* Leave a building out: a warning with its name, or with `strict` an error. */
static bcue_status leave_out(bcue_osm_import *import, const footprint *print, const char *why,
                             bcue_error *error)
{
    const char *name = print->tags->name;
    import->builder->report.skipped++;
    if (import->builder->options.strict)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: building %s %lld%s%s%s: %s; mend it, or import without strict", import->path,
                         print->kind, (long long)print->id, name[0] != '\0' ? " (" : "", name,
                         name[0] != '\0' ? ")" : "", why);
    bcue_scene_warn(import->builder, "%s: building %s %lld%s%s%s is left out: %s", import->path, print->kind,
                    (long long)print->id, name[0] != '\0' ? " (" : "", name, name[0] != '\0' ? ")" : "", why);
    return BCUE_OK;
}

/* ---- outlines ---- */

static bool add_ring_start(footprint *print)
{
    if (!bcue_grow((void **)&print->ring_first, &print->ring_capacity, print->ring_count + 2,
                   sizeof *print->ring_first))
        return false;
    print->ring_first[print->ring_count++] = print->point_count;
    print->ring_first[print->ring_count] = print->point_count;
    return true;
}

static bool add_ring_point(footprint *print, bcue_vec3 place)
{
    if (!bcue_grow((void **)&print->points, &print->point_capacity, print->point_count + 1,
                   sizeof *print->points))
        return false;
    print->points[print->point_count++] = (bcue_point2){place.x, place.y};
    print->ring_first[print->ring_count] = print->point_count;
    return true;
}

static double off_line(bcue_point2 a, bcue_point2 p, bcue_point2 b)
{
    double length = hypot(b.x - a.x, b.y - a.y);
    double along = (p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y);
    if (length == 0.0 || along < 0.0 || along > length * length)
        return INFINITY; /* a tip, which is no straight wall */
    return fabs((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)) / length;
}

/* Take corners out of the last ring that are doubled or in the middle of a straight wall. */
static void simplify_last_ring(footprint *print)
{
    size_t first = print->ring_first[print->ring_count - 1];
    size_t count = print->point_count - first, kept = 0;
    if (count == 0)
        return;
    bcue_point2 *ring = print->points + first;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || hypot(ring[i].x - ring[kept - 1].x, ring[i].y - ring[kept - 1].y) > 1e-3)
            ring[kept++] = ring[i];
    while (kept > 1 && hypot(ring[0].x - ring[kept - 1].x, ring[0].y - ring[kept - 1].y) <= 1e-3)
        kept--;
    for (bool changed = true; changed && kept > 3;) {
        changed = false;
        for (size_t i = 0; i < kept && kept > 3; i++)
            if (off_line(ring[(i + kept - 1) % kept], ring[i], ring[(i + 1) % kept]) < STRAIGHT_M) {
                memmove(ring + i, ring + i + 1, (kept - i - 1) * sizeof *ring);
                kept--;
                changed = true;
            }
    }
    print->point_count = first + kept;
    print->ring_first[print->ring_count] = print->point_count;
}

/* Turn the last ring so that it runs counter-clockwise (an outline) or clockwise (a courtyard). */
static void direct_last_ring(footprint *print, bool counter_clockwise)
{
    size_t first = print->ring_first[print->ring_count - 1], count = print->point_count - first;
    if (count == 0)
        return;
    bcue_point2 *ring = print->points + first;
    if ((bcue_ring_area2(ring, count) > 0.0) == counter_clockwise)
        return;
    for (size_t i = 0; i < count / 2; i++) {
        bcue_point2 swapped = ring[i];
        ring[i] = ring[count - 1 - i];
        ring[count - 1 - i] = swapped;
    }
}

/* ---- walls and roof ---- */

static double building_height(const bcue_osm_tags *tags)
{
    if (tags->height_m > 0.0)
        return tags->height_m;
    if (tags->levels > 0.0)
        return STOREY_M * tags->levels;
    return tags->low_house ? STOREY_M : 3.0 * STOREY_M;
}

/* Colour of the walls: as tagged, or drawn by the id. */
static bcue_object building_object(const footprint *print)
{
    static const float tones[][3] = {{0.80f, 0.68f, 0.50f}, {0.72f, 0.45f, 0.30f}, {0.62f, 0.62f, 0.60f},
                                     {0.85f, 0.80f, 0.68f}, {0.55f, 0.62f, 0.68f}, {0.78f, 0.55f, 0.42f}};
    bcue_rng rng =
        bcue_rng_make(0, BCUE_RNG_STREET, 1, (uint32_t)((uint64_t)print->id >> 32), (uint32_t)print->id);
    bcue_object object = {.kind = BCUE_OBJECT_BUILDING, .variant = bcue_rng_u32(&rng)};
    uint32_t tone = bcue_rng_below(&rng, sizeof tones / sizeof tones[0]);
    for (int c = 0; c < 3; c++)
        object.tint[c] = print->tags->has_colour ? print->tags->colour[c]
                                                 : tones[tone][c] * (float)bcue_rng_range(&rng, 0.85, 1.1);
    if (print->tags->wall == BCUE_OSM_BRICK && !print->tags->has_colour)
        memcpy(object.tint, (const float[3]){0.48f, 0.22f, 0.15f}, sizeof object.tint);
    return object;
}

static bcue_material_id wall_material(const bcue_osm_tags *tags)
{
    switch (tags->wall) {
    case BCUE_OSM_BRICK:
        return BCUE_MATERIAL_BRICK_FACADE;
    case BCUE_OSM_GLASS:
        return BCUE_MATERIAL_GLASS;
    case BCUE_OSM_METAL:
        return BCUE_MATERIAL_CARGO;
    case BCUE_OSM_WOOD:
        return BCUE_MATERIAL_BARK;
    default:
        return BCUE_MATERIAL_FACADE;
    }
}

/* Vertices: the rings below, then the rings above, shared by walls and caps, so that the solid is closed. */
static void add_solid(bcue_osm_import *import, const footprint *print, double low, double high,
                      const uint32_t *triangles, size_t triangle_count)
{
    bcue_mesh *statics = &import->builder->world.statics;
    uint32_t count = (uint32_t)print->point_count;
    uint32_t base = bcue_mesh_add_vertices(statics, NULL, 2 * print->point_count);
    if (statics->failed)
        return;
    for (uint32_t i = 0; i < count; i++) {
        statics->vertices[base + i] = bcue_vec3_make(print->points[i].x, print->points[i].y, low);
        statics->vertices[base + count + i] = bcue_vec3_make(print->points[i].x, print->points[i].y, high);
    }
    uint32_t object = bcue_world_add_object(&import->builder->world, building_object(print));
    bcue_material_id wall = wall_material(print->tags);
    for (size_t r = 0; r < print->ring_count; r++)
        for (size_t i = print->ring_first[r]; i < print->ring_first[r + 1]; i++) {
            size_t next = i + 1 == print->ring_first[r + 1] ? print->ring_first[r] : i + 1;
            uint32_t a = base + (uint32_t)i, b = base + (uint32_t)next;
            bcue_mesh_add_triangle(statics, a, b, b + count, wall, object);
            bcue_mesh_add_triangle(statics, a, b + count, a + count, wall, object);
        }
    for (size_t t = 0; t < triangle_count; t++) {
        const uint32_t *corner = triangles + 3 * t;
        bcue_mesh_add_triangle(statics, base + count + corner[0], base + count + corner[1],
                               base + count + corner[2], BCUE_MATERIAL_ROOF, object);
        if (low > 0.0) /* it hangs over the ground, and shows its underside */
            bcue_mesh_add_triangle(statics, base + corner[0], base + corner[2], base + corner[1],
                                   BCUE_MATERIAL_ROOF, object);
    }
}

static bcue_status add_building(bcue_osm_import *import, footprint *print, bcue_error *error)
{
    size_t a = 0, b = 0, count = 0;
    uint32_t *triangles = NULL;
    for (size_t r = 0; r < print->ring_count; r++)
        if (print->ring_first[r + 1] - print->ring_first[r] < 3)
            return leave_out(import, print, "its outline has fewer than three corners", error);
    if (print->point_count > MOST_CORNERS)
        return leave_out(import, print, "its outline has more than 10,000 corners", error);
    double low = fmax(print->tags->min_height_m, STOREY_M * print->tags->min_level);
    double high = building_height(print->tags);
    if (high <= low)
        return leave_out(import, print, "it begins above its own roof", error);
    if (bcue_rings_check(print->points, print->ring_first, print->ring_count, &a, &b) != BCUE_POLYGON_OK) {
        char why[160];
        snprintf(why, sizeof why, "its outline crosses or touches itself near (%.1f, %.1f) m",
                 print->points[b].x, print->points[b].y);
        return leave_out(import, print, why, error);
    }
    bcue_polygon_result result =
        bcue_polygon_triangulate(print->points, print->ring_first, print->ring_count, &triangles, &count);
    if (result == BCUE_POLYGON_MEMORY)
        return bcue_fail_memory(error, import->path);
    if (result != BCUE_POLYGON_OK)
        return leave_out(import, print, "its outline encloses no area", error);
    add_solid(import, print, low, high, triangles, count);
    free(triangles);
    return import->builder->world.statics.failed ? bcue_fail_memory(error, import->path) : BCUE_OK;
}

/* ---- ways ---- */

static bcue_status add_way_building(bcue_osm_import *import, const bcue_osm_way *way, bcue_error *error)
{
    const int64_t *refs = bcue_osm_refs(import->document, way);
    footprint print = {.kind = "way", .id = way->id, .tags = &way->tags};
    for (size_t i = 0; i < way->ref_count; i++)
        if (refs[i] < 0)
            return leave_out(import, &print, "the extract lacks some of its nodes", error);
    if (way->ref_count < 4 || refs[0] != refs[way->ref_count - 1])
        return leave_out(import, &print, "its outline is not closed", error);
    bool room = add_ring_start(&print);
    for (size_t i = 0; i + 1 < way->ref_count && room; i++)
        room = add_ring_point(&print, import->places[refs[i]]);
    bcue_status status = BCUE_OK;
    if (!room) {
        status = bcue_fail_memory(error, import->path);
    } else {
        simplify_last_ring(&print);
        direct_last_ring(&print, true);
        status = add_building(import, &print, error);
    }
    free_footprint(&print);
    return status;
}

/* ---- relations ---- */

/* Rings of a multipolygon that its ways form end to end. */
typedef struct ring_list {
    footprint rings; /* every ring, unsorted */
    bool *inner;     /* owned: per ring */
    bool *used;      /* owned: per member */
} ring_list;

/* The member, not yet used and of the role, that begins or ends at `node`; *forward: it begins there. */
static size_t find_continuation(const bcue_osm_import *import, const bcue_osm_relation *relation,
                                const bool *used, bool inner, int64_t node, bool *forward)
{
    const bcue_osm_document *document = import->document;
    for (size_t m = 0; m < relation->member_count; m++) {
        const bcue_osm_member *member = &document->members[relation->first_member + m];
        if (used[m] || member->inner != inner || member->way < 0)
            continue;
        const bcue_osm_way *way = &document->ways[member->way];
        if (way->ref_count == 0)
            continue;
        const int64_t *refs = bcue_osm_refs(document, way);
        *forward = refs[0] == node;
        if (*forward || refs[way->ref_count - 1] == node)
            return m;
    }
    return SIZE_MAX;
}

/* Follow ways from member `start` until the ring is closed. *why is set when it cannot be. */
static bool collect_ring(const bcue_osm_import *import, const bcue_osm_relation *relation, ring_list *list,
                         size_t start, const char **why)
{
    const bcue_osm_document *document = import->document;
    bool inner = document->members[relation->first_member + start].inner, forward = true;
    int64_t origin = -1, end = -1;
    if (!add_ring_start(&list->rings))
        return false;
    for (size_t m = start; *why == NULL;) {
        const bcue_osm_member *member = &document->members[relation->first_member + m];
        list->used[m] = true;
        const bcue_osm_way *way = member->way >= 0 ? &document->ways[member->way] : NULL;
        if (way == NULL || way->ref_count < 2) {
            *why = "the extract lacks some of its ways";
            break;
        }
        const int64_t *refs = bcue_osm_refs(document, way);
        for (size_t i = 0; i + 1 < way->ref_count; i++) {
            int64_t node = refs[forward ? i : way->ref_count - 1 - i];
            if (node < 0) {
                *why = "the extract lacks some of its nodes";
                return true;
            }
            if (!add_ring_point(&list->rings, import->places[node]))
                return false;
        }
        if (origin < 0)
            origin = refs[0];
        end = refs[forward ? way->ref_count - 1 : 0];
        if (end < 0)
            *why = "the extract lacks some of its nodes";
        else if (end == origin)
            break;
        else if ((m = find_continuation(import, relation, list->used, inner, end, &forward)) == SIZE_MAX)
            *why = "its outline is not closed";
    }
    simplify_last_ring(&list->rings);
    list->inner[list->rings.ring_count - 1] = inner;
    return true;
}

/* An outline with the courtyards inside it. */
static bcue_status add_outer(bcue_osm_import *import, const ring_list *list, size_t outer, bcue_error *error)
{
    const footprint *all = &list->rings;
    footprint print = {.kind = all->kind, .id = all->id, .tags = all->tags};
    const bcue_point2 *outline = all->points + all->ring_first[outer];
    size_t outline_count = all->ring_first[outer + 1] - all->ring_first[outer];
    bool room = true;
    for (size_t pass = 0; pass < all->ring_count && room; pass++) {
        size_t r = pass == 0 ? outer : pass - (pass <= outer);
        size_t first = all->ring_first[r], count = all->ring_first[r + 1] - first;
        if (r != outer && (!list->inner[r] || count == 0 || outline_count < 3 ||
                           !bcue_ring_contains(outline, outline_count, all->points[first])))
            continue;
        room = add_ring_start(&print);
        for (size_t i = 0; i < count && room; i++)
            room = add_ring_point(&print,
                                  bcue_vec3_make(all->points[first + i].x, all->points[first + i].y, 0.0));
        if (room && count >= 3)
            direct_last_ring(&print, r == outer);
    }
    bcue_status status = room ? add_building(import, &print, error) : bcue_fail_memory(error, import->path);
    free_footprint(&print);
    return status;
}

static bcue_status add_relation_rings(bcue_osm_import *import, const bcue_osm_relation *relation,
                                      ring_list *list, bcue_error *error)
{
    const char *why = relation->member_count == 0 ? "it has no outline" : NULL;
    for (size_t m = 0; m < relation->member_count && why == NULL; m++) {
        if (list->used[m])
            continue;
        if (list->rings.ring_count == MOST_RINGS)
            why = "it has more than 200 rings";
        else if (!collect_ring(import, relation, list, m, &why))
            return bcue_fail_memory(error, import->path);
    }
    if (why != NULL)
        return leave_out(import, &list->rings, why, error);
    for (size_t r = 0; r < list->rings.ring_count; r++)
        if (!list->inner[r])
            BCUE_TRY(add_outer(import, list, r, error));
    return BCUE_OK;
}

static bcue_status add_relation_building(bcue_osm_import *import, const bcue_osm_relation *relation,
                                         bcue_error *error)
{
    ring_list list = {.rings = {.kind = "relation", .id = relation->id, .tags = &relation->tags},
                      .inner = bcue_calloc(relation->member_count, sizeof(bool)),
                      .used = bcue_calloc(relation->member_count, sizeof(bool))};
    bcue_status status = list.inner != NULL && list.used != NULL
                             ? add_relation_rings(import, relation, &list, error)
                             : bcue_fail_memory(error, import->path);
    free(list.inner);
    free(list.used);
    free_footprint(&list.rings);
    return status;
}

bcue_status bcue_osm_add_buildings(bcue_osm_import *import, bcue_error *error)
{
    const bcue_osm_document *document = import->document;
    bool *outlines =
        bcue_calloc(document->way_count, sizeof *outlines); /* of relations: not again by themselves */
    if (outlines == NULL)
        return bcue_fail_memory(error, import->path);
    bcue_status status = BCUE_OK;
    for (size_t r = 0; r < document->relation_count && status == BCUE_OK; r++) {
        const bcue_osm_relation *relation = &document->relations[r];
        for (size_t m = 0; m < relation->member_count; m++) {
            const bcue_osm_member *member = &document->members[relation->first_member + m];
            if (member->way >= 0 && !member->inner)
                outlines[member->way] = true;
        }
        status = add_relation_building(import, relation, error);
    }
    for (size_t w = 0; w < document->way_count && status == BCUE_OK; w++)
        if (document->ways[w].tags.building && !outlines[w])
            status = add_way_building(import, &document->ways[w], error);
    free(outlines);
    return status;
}
