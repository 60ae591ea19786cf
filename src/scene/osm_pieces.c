#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "scene/osm_import.h"

#define SIGNAL_REACH_M 40.0

bool bcue_osm_road_profile(const bcue_osm_tags *tags, bcue_osm_profile *profile)
{
    /* Lane width and speed where the map does not say: typical values of European practice. */
    static const struct {
        double lane_m, kmh;
        int lanes; /* both ways together */
    } usual[] = {
        [BCUE_OSM_MOTORWAY] = {3.75, 120, 4}, [BCUE_OSM_TRUNK] = {3.5, 90, 2},
        [BCUE_OSM_PRIMARY] = {3.5, 50, 2},    [BCUE_OSM_SECONDARY] = {3.5, 50, 2},
        [BCUE_OSM_TERTIARY] = {3.25, 50, 2},  [BCUE_OSM_MINOR] = {3.0, 30, 2},
        [BCUE_OSM_SERVICE] = {2.75, 10, 2},
    };
    if (tags->highway == BCUE_OSM_NO_HIGHWAY || tags->highway == BCUE_OSM_WALK || tags->bridge_or_tunnel)
        return false;
    int lanes = tags->lanes > 0 ? tags->lanes : usual[tags->highway].lanes;
    if (tags->lanes == 0 && (tags->oneway || tags->link))
        lanes = lanes > 2 ? lanes / 2 : 1;
    if (tags->oneway) {
        profile->forward = tags->reverse ? 0 : lanes;
        profile->backward = tags->reverse ? lanes : 0;
    } else {
        int forward = tags->lanes_forward, backward = tags->lanes_backward;
        if (forward == 0 && backward == 0)
            backward = lanes / 2;
        else if (backward == 0)
            backward = lanes - forward;
        if (forward == 0)
            forward = lanes - backward;
        profile->forward = forward > 1 ? forward : 1;
        profile->backward = backward > 1 ? backward : 1;
    }
    double count = (double)(profile->forward + profile->backward);
    profile->lane_m = usual[tags->highway].lane_m;
    if (tags->width_m > 0.0)
        profile->lane_m = fmin(5.0, fmax(2.25, tags->width_m / count));
    profile->width_m = count * profile->lane_m;
    profile->speed_mps = tags->speed_mps > 0.0 ? tags->speed_mps : usual[tags->highway].kmh / 3.6;
    return true;
}

/* ---- cutting at the border ---- */

/* The part of a line inside the bounds, as shares of it (Liang and Barsky). False: none. */
static bool inside_part(const bcue_bounds *bounds, bcue_vec3 a, bcue_vec3 b, double *from, double *to)
{
    const double p[4] = {a.x - b.x, b.x - a.x, a.y - b.y, b.y - a.y};
    const double q[4] = {a.x - bounds->x_low, bounds->x_high - a.x, a.y - bounds->y_low,
                         bounds->y_high - a.y};
    *from = 0.0;
    *to = 1.0;
    for (int i = 0; i < 4; i++) {
        if (p[i] == 0.0) {
            if (q[i] < 0.0)
                return false;
            continue;
        }
        double share = q[i] / p[i];
        if (p[i] < 0.0)
            *from = fmax(*from, share);
        else
            *to = fmin(*to, share);
    }
    return *from < *to;
}

static bcue_vec3 between(bcue_vec3 a, bcue_vec3 b, double share)
{
    return bcue_vec3_add(a, bcue_vec3_scale(bcue_vec3_sub(b, a), share));
}

static bool add_piece_point(bcue_osm_pieces *pieces, bcue_vec3 point)
{
    bcue_osm_piece *piece = &pieces->pieces[pieces->count - 1];
    if (piece->point_count > 0 &&
        bcue_vec3_norm(bcue_vec3_sub(point, pieces->points[pieces->point_count - 1])) < 0.01)
        return true;
    if (!bcue_grow((void **)&pieces->points, &pieces->point_capacity, pieces->point_count + 1, sizeof point))
        return false;
    pieces->points[pieces->point_count++] = point;
    piece->point_count++;
    return true;
}

static bool start_piece(bcue_osm_pieces *pieces, const bcue_osm_piece *model, int64_t node)
{
    if (!bcue_grow((void **)&pieces->pieces, &pieces->capacity, pieces->count + 1, sizeof *pieces->pieces))
        return false;
    bcue_osm_piece *piece = &pieces->pieces[pieces->count++];
    *piece = *model;
    piece->first_point = pieces->point_count;
    piece->point_count = 0;
    piece->start_node = node;
    piece->end_node = -1;
    return true;
}

/* A piece too short to have a direction is taken back. */
static void close_piece(bcue_osm_pieces *pieces, int64_t node)
{
    bcue_osm_piece *piece = &pieces->pieces[pieces->count - 1];
    piece->end_node = node;
    if (piece->point_count < 2) {
        pieces->point_count = piece->first_point;
        pieces->count--;
    }
}

/* Nodes first .. last of a way, without a junction between, into pieces within the bounds. */
static bool add_run(const bcue_osm_import *import, const int64_t *refs, size_t first, size_t last,
                    const bcue_osm_piece *model, bcue_osm_pieces *pieces)
{
    bool open = false;
    for (size_t i = first; i < last; i++) {
        bcue_vec3 a = import->places[refs[i]], b = import->places[refs[i + 1]];
        double from, to;
        if (!inside_part(&import->bounds, a, b, &from, &to))
            continue;
        if (!open && !start_piece(pieces, model, i == first && from == 0.0 ? refs[i] : -1))
            return false;
        open = true;
        if (!add_piece_point(pieces, between(a, b, from)) || !add_piece_point(pieces, between(a, b, to)))
            return false;
        if (to < 1.0 || i + 1 == last) {
            close_piece(pieces, to < 1.0 ? -1 : refs[last]);
            open = false;
        }
    }
    if (open)
        close_piece(pieces, -1);
    return true;
}

/* Is there a traffic light on the way within reach of its node `from`, walking in the direction `step` as far
   as node `to`? */
static bool finds_signals(const bcue_osm_import *import, const int64_t *refs, size_t from, size_t to,
                          int step)
{
    double walked = 0.0;
    for (size_t i = from;; i = step > 0 ? i + 1 : i - 1) {
        if (import->document->nodes[refs[i]].point == BCUE_OSM_SIGNALS)
            return true;
        if (i == to)
            return false;
        size_t next = step > 0 ? i + 1 : i - 1;
        walked += bcue_vec3_norm(bcue_vec3_sub(import->places[refs[next]], import->places[refs[i]]));
        if (walked > SIGNAL_REACH_M)
            return false;
    }
}

static bool split_way(const bcue_osm_import *import, uint32_t index, const uint8_t *uses,
                      bcue_osm_pieces *pieces)
{
    const bcue_osm_way *way = &import->document->ways[index];
    const int64_t *refs = bcue_osm_refs(import->document, way);
    bcue_osm_piece model = {.highway = way->tags.highway, .way = index};
    if (!bcue_osm_road_profile(&way->tags, &model.profile))
        return true;
    size_t first = 0;
    for (size_t i = 0; i < way->ref_count; i++) {
        /* A node that the extract lacks ends the road. */
        bool gap = refs[i] < 0, last = i + 1 == way->ref_count;
        if (!gap && !last && (uses[refs[i]] < 2 || i == first))
            continue;
        size_t end = gap ? i - 1 : i;
        if (i > first && end > first) {
            model.signals_at_start = finds_signals(import, refs, first, end, 1);
            model.signals_at_end = finds_signals(import, refs, end, first, -1);
            if (!add_run(import, refs, first, end, &model, pieces))
                return false;
        }
        first = gap ? i + 1 : i;
    }
    return true;
}

bcue_status bcue_osm_find_pieces(const bcue_osm_import *import, bcue_osm_pieces *pieces, bcue_error *error)
{
    const bcue_osm_document *document = import->document;
    *pieces = (bcue_osm_pieces){0};
    uint8_t *uses = bcue_calloc(document->node_count, sizeof *uses);
    if (uses == NULL)
        return bcue_fail_memory(error, import->path);
    bcue_osm_profile profile;
    for (size_t w = 0; w < document->way_count; w++) {
        const bcue_osm_way *way = &document->ways[w];
        for (size_t i = 0; i < way->ref_count && bcue_osm_road_profile(&way->tags, &profile); i++) {
            int64_t node = document->refs[way->first_ref + i];
            if (node >= 0 && uses[node] < 2)
                uses[node]++;
        }
    }
    bool room = true;
    for (size_t w = 0; w < document->way_count && room && w < UINT32_MAX; w++)
        room = split_way(import, (uint32_t)w, uses, pieces);
    free(uses);
    return room ? BCUE_OK : bcue_fail_memory(error, import->path);
}

void bcue_osm_free_pieces(bcue_osm_pieces *pieces)
{
    free(pieces->pieces);
    free(pieces->points);
    *pieces = (bcue_osm_pieces){0};
}

/* ---- beside the middle line ---- */

static bcue_vec3 right_of(bcue_vec3 a, bcue_vec3 b)
{
    bcue_vec3 along = bcue_vec3_unit(bcue_vec3_sub(b, a));
    return bcue_vec3_make(along.y, -along.x, 0.0);
}

/* Where the corner of a line comes to lie when the line moves sideways: along the bisector, at most twice as
 * far. */
static bcue_vec3 move_corner(const bcue_vec3 *points, size_t count, size_t i, double offset_m)
{
    bcue_vec3 before = right_of(points[i > 0 ? i - 1 : 0], points[i > 0 ? i : 1]);
    bcue_vec3 after =
        right_of(points[i + 1 < count ? i : count - 2], points[i + 1 < count ? i + 1 : count - 1]);
    bcue_vec3 middle = bcue_vec3_unit(bcue_vec3_add(before, after));
    double cosine = bcue_vec3_dot(middle, before);
    if (cosine < 0.5)
        cosine = 0.5;
    return bcue_vec3_add(points[i], bcue_vec3_scale(middle, offset_m / cosine));
}

bcue_vec3 *bcue_osm_side_line(const bcue_vec3 *points, size_t point_count, double offset_m, double from_m,
                              double to_m, size_t *count)
{
    *count = 0;
    double length = 0.0, walked = 0.0;
    for (size_t i = 1; i < point_count; i++)
        length += bcue_vec3_norm(bcue_vec3_sub(points[i], points[i - 1]));
    bcue_vec3 *line = bcue_calloc(point_count, sizeof *line);
    double end_m = length - to_m;
    if (line == NULL || end_m - from_m < 0.1) {
        free(line);
        return NULL;
    }
    for (size_t i = 0; i + 1 < point_count; i++) {
        double step = bcue_vec3_norm(bcue_vec3_sub(points[i + 1], points[i]));
        bcue_vec3 a = move_corner(points, point_count, i, offset_m);
        bcue_vec3 b = move_corner(points, point_count, i + 1, offset_m);
        double low = fmax(0.0, (from_m - walked) / step), high = fmin(1.0, (end_m - walked) / step);
        walked += step;
        if (low >= 1.0 || high <= 0.0)
            continue;
        if (*count == 0)
            line[(*count)++] = between(a, b, low);
        line[(*count)++] = between(a, b, high);
    }
    return line;
}
