#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "scene/osm_import.h"
#include "world/road.h"

/* Connectors are compared with each other; a city quarter has a few thousand lanes. */
enum { MOST_LANES = 30000, MOST_WAYS_OUT = 16, CURVE_POINTS = 9 };
#define STRAIGHT (0.25 * BCUE_PI)

/* One end of a piece, at a junction. */
typedef struct road_end {
    int64_t node;
    uint32_t piece;
    bool at_end; /* of the piece, otherwise its start */
} road_end;

/* Lanes of a piece: the first of each direction and how many; from the middle line outwards. */
typedef struct piece_lanes {
    uint32_t forward, backward;
    int forward_count, backward_count;
} piece_lanes;

typedef struct lane_making {
    bcue_osm_import *import;
    const bcue_osm_pieces *pieces;
    bcue_roads *roads;
    road_end *ends; /* owned; sorted by node */
    size_t end_count;
    double *trims;      /* owned: at the start and the end of each piece */
    piece_lanes *lanes; /* owned: of each piece */
    uint32_t junctions;
    bool left_hand;
} lane_making;

static int by_node(const void *a, const void *b)
{
    const road_end *p = a, *q = b;
    if (p->node != q->node)
        return p->node < q->node ? -1 : 1;
    if (p->piece != q->piece)
        return p->piece < q->piece ? -1 : 1;
    return (int)p->at_end - (int)q->at_end;
}

static const bcue_vec3 *piece_points(const lane_making *making, uint32_t piece)
{
    return making->pieces->points + making->pieces->pieces[piece].first_point;
}

static double piece_length(const lane_making *making, uint32_t piece)
{
    const bcue_vec3 *points = piece_points(making, piece);
    double length = 0.0;
    for (size_t i = 1; i < making->pieces->pieces[piece].point_count; i++)
        length += bcue_vec3_norm(bcue_vec3_sub(points[i], points[i - 1]));
    return length;
}

static void list_ends(lane_making *making)
{
    for (uint32_t p = 0; p < making->pieces->count; p++) {
        const bcue_osm_piece *piece = &making->pieces->pieces[p];
        if (piece->start_node >= 0)
            making->ends[making->end_count++] = (road_end){piece->start_node, p, false};
        if (piece->end_node >= 0)
            making->ends[making->end_count++] = (road_end){piece->end_node, p, true};
    }
    qsort(making->ends, making->end_count, sizeof *making->ends, by_node);
}

/* How many ends lie at the node of ends[first]. */
static size_t count_at(const lane_making *making, size_t first)
{
    size_t next = first;
    while (next < making->end_count && making->ends[next].node == making->ends[first].node)
        next++;
    return next - first;
}

/* Lanes end before a junction, where its widest road begins: nowhere else, and never beyond 40 % of the
 * piece. */
static void find_trims(lane_making *making)
{
    for (size_t first = 0, count; first < making->end_count; first += count) {
        count = count_at(making, first);
        double widest = 0.0;
        for (size_t e = first; e < first + count; e++)
            widest = fmax(widest, making->pieces->pieces[making->ends[e].piece].profile.width_m);
        double trim = count == 1 ? 0.0 : count == 2 ? 2.0 : 0.5 * widest + 3.0;
        for (size_t e = first; e < first + count; e++) {
            const road_end *end = &making->ends[e];
            making->trims[2 * end->piece + end->at_end] = fmin(trim, 0.4 * piece_length(making, end->piece));
        }
    }
}

/* ---- lanes ---- */

static uint32_t add_piece_lane(lane_making *making, uint32_t index, double offset_m, bool against)
{
    const bcue_osm_piece *piece = &making->pieces->pieces[index];
    size_t count;
    bcue_vec3 *line = bcue_osm_side_line(piece_points(making, index), piece->point_count, offset_m,
                                         making->trims[2 * index], making->trims[2 * index + 1], &count);
    if (line == NULL)
        return BCUE_NO_LANE;
    for (size_t i = 0; against && i < count / 2; i++) {
        bcue_vec3 swapped = line[i];
        line[i] = line[count - 1 - i];
        line[count - 1 - i] = swapped;
    }
    bcue_lane lane = {.kind = BCUE_LANE_DRIVE,
                      .width_m = piece->profile.lane_m,
                      .speed_limit_mps = piece->profile.speed_mps,
                      .left = BCUE_NO_LANE,
                      .right = BCUE_NO_LANE,
                      .classes = BCUE_ALL_CLASSES,
                      .signal = BCUE_NO_SIGNAL,
                      .road = piece->way,
                      .junction = UINT32_MAX};
    uint32_t id = bcue_roads_add_lane(making->roads, lane, line, count);
    free(line);
    return id;
}

/* Lane k of a direction counts from the middle line. With traffic on the right the lanes along the way lie to
   the right of those against it; a one-way road has all its lanes centred. */
static void add_piece_lanes(lane_making *making, uint32_t index)
{
    const bcue_osm_profile *profile = &making->pieces->pieces[index].profile;
    piece_lanes *lanes = &making->lanes[index];
    double side = making->left_hand ? -1.0 : 1.0;
    double border =
        ((double)profile->backward - 0.5 * (double)(profile->forward + profile->backward)) * profile->lane_m;
    for (int against = 0; against < 2; against++) {
        int count = against ? profile->backward : profile->forward, made = 0;
        uint32_t first = BCUE_NO_LANE;
        for (int k = 0; k < count; k++) {
            double offset = border + (against ? -1.0 : 1.0) * ((double)k + 0.5) * profile->lane_m;
            uint32_t lane = add_piece_lane(making, index, side * offset, against != 0);
            if (lane == BCUE_NO_LANE)
                break;
            if (made++ == 0)
                first = lane;
        }
        /* Outwards is to the right, or with traffic on the left to the left. */
        for (int k = 0; k + 1 < made; k++) {
            bcue_lane *inner = &making->roads->lanes[first + (uint32_t)k], *outer = inner + 1;
            *(making->left_hand ? &inner->left : &inner->right) = first + (uint32_t)k + 1;
            *(making->left_hand ? &outer->right : &outer->left) = first + (uint32_t)k;
        }
        *(against ? &lanes->backward : &lanes->forward) = first;
        *(against ? &lanes->backward_count : &lanes->forward_count) = made;
    }
}

/* Lanes of an end that lead into the junction, or out of it. */
static uint32_t end_lanes(const lane_making *making, const road_end *end, bool into, int *count)
{
    const piece_lanes *lanes = &making->lanes[end->piece];
    bool forward = end->at_end == into;
    *count = forward ? lanes->forward_count : lanes->backward_count;
    return forward ? lanes->forward : lanes->backward;
}

/* ---- connectors ---- */

typedef struct turn_choice {
    uint32_t first; /* lanes out */
    int count;
    double turn; /* radians, positive to the left */
    uint32_t piece;
} turn_choice;

static bcue_vec3 lane_end(const bcue_roads *roads, uint32_t lane, bool at_end, double *yaw)
{
    return bcue_lane_at(roads, lane, at_end ? roads->lanes[lane].length_m : 0.0, yaw);
}

/* A cubic from the end of one lane to the start of another, in the direction of both. */
static uint32_t add_connector(lane_making *making, uint32_t from, uint32_t to, int32_t priority)
{
    double yaw_a, yaw_b;
    bcue_vec3 a = lane_end(making->roads, from, true, &yaw_a), b = lane_end(making->roads, to, false, &yaw_b);
    double reach = 1.3 * bcue_vec3_norm(bcue_vec3_sub(b, a));
    bcue_vec3 points[CURVE_POINTS];
    for (int i = 0; i < CURVE_POINTS; i++) {
        double u = (double)i / (CURVE_POINTS - 1), v = 1.0 - u;
        double share_a = reach * u * v * v, share_b = reach * u * u * v;
        bcue_vec3 straight = bcue_vec3_add(a, bcue_vec3_scale(bcue_vec3_sub(b, a), u * u * (3.0 - 2.0 * u)));
        points[i] = bcue_vec3_make(straight.x + share_a * cos(yaw_a) - share_b * cos(yaw_b),
                                   straight.y + share_a * sin(yaw_a) - share_b * sin(yaw_b), straight.z);
    }
    const bcue_lane *in = &making->roads->lanes[from], *out = &making->roads->lanes[to];
    double turned = fabs(remainder(yaw_b - yaw_a, 2.0 * BCUE_PI));
    /* A bend of radius r is driven at up to sqrt(2 m/s^2 r). */
    double radius = turned > 0.1 ? bcue_vec3_norm(bcue_vec3_sub(b, a)) / turned : 1e6;
    bcue_lane lane = {.kind = BCUE_LANE_CONNECTOR,
                      .width_m = fmin(in->width_m, out->width_m),
                      .speed_limit_mps = fmax(
                          3.0, fmin(fmin(in->speed_limit_mps, out->speed_limit_mps), sqrt(2.0 * radius))),
                      .left = BCUE_NO_LANE,
                      .right = BCUE_NO_LANE,
                      .classes = BCUE_ALL_CLASSES,
                      .signal = BCUE_NO_SIGNAL,
                      .priority = priority,
                      .road = in->road,
                      .junction = making->junctions};
    uint32_t id = bcue_roads_add_lane(making->roads, lane, points, CURVE_POINTS);
    if (making->roads->failed)
        return BCUE_NO_LANE;
    bcue_roads_set_successors(making->roads, id, &to, 1);
    return id;
}

/* Lane k (from the middle line) of `lanes` may take this turn: straight on with any, across the other
   direction from the inner, to the near side from the outer. Which lane out, or -1. */
static int lane_out(const lane_making *making, const turn_choice *choice, int k, int lanes)
{
    double across = making->left_hand ? -choice->turn : choice->turn;
    if (fabs(choice->turn) < STRAIGHT)
        return k < choice->count ? k : choice->count - 1;
    if (across > 0.0)
        return k == 0 ? 0 : -1;
    return k == lanes - 1 ? choice->count - 1 : -1;
}

/* Of several roads straight on, only the straightest counts as such. */
static void sort_out_straights(turn_choice *choices, size_t count)
{
    size_t best = SIZE_MAX;
    for (size_t c = 0; c < count; c++)
        if (fabs(choices[c].turn) < STRAIGHT &&
            (best == SIZE_MAX || fabs(choices[c].turn) < fabs(choices[best].turn)))
            best = c;
    for (size_t c = 0; c < count; c++)
        if (c != best && fabs(choices[c].turn) < STRAIGHT)
            choices[c].turn = choices[c].turn < choices[best].turn ? -STRAIGHT : STRAIGHT;
}

static size_t find_choices(const lane_making *making, size_t first, size_t count, size_t from, uint32_t lane,
                           turn_choice *choices)
{
    size_t found = 0;
    double yaw_in, yaw_out;
    (void)lane_end(making->roads, lane, true, &yaw_in);
    for (size_t e = first; e < first + count && found < MOST_WAYS_OUT; e++) {
        turn_choice choice = {.piece = making->ends[e].piece};
        choice.first = end_lanes(making, &making->ends[e], false, &choice.count);
        if (e == from || choice.count == 0)
            continue;
        (void)lane_end(making->roads, choice.first, false, &yaw_out);
        choice.turn = remainder(yaw_out - yaw_in, 2.0 * BCUE_PI);
        choices[found++] = choice;
    }
    sort_out_straights(choices, found);
    return found;
}

static int32_t turn_priority(const lane_making *making, const road_end *end, const turn_choice *choice)
{
    int rank = BCUE_OSM_WALK - (int)making->pieces->pieces[end->piece].highway; /* a motorway's is highest */
    double across = making->left_hand ? -choice->turn : choice->turn;
    int kind = fabs(choice->turn) < STRAIGHT ? 2 : across < 0.0 ? 1 : 0;
    return (int32_t)(3 * rank + kind);
}

/* Connect the lanes that enter a junction by ends[from]. */
static void connect_end(lane_making *making, size_t first, size_t count, size_t from)
{
    int lanes;
    uint32_t lane = end_lanes(making, &making->ends[from], true, &lanes);
    turn_choice choices[MOST_WAYS_OUT];
    size_t choice_count = lanes > 0 ? find_choices(making, first, count, from, lane, choices) : 0;
    for (int k = 0; k < lanes && choice_count > 0; k++) {
        uint32_t successors[MOST_WAYS_OUT];
        size_t made = 0, gentlest = 0;
        for (size_t c = 0; c < choice_count; c++) {
            if (fabs(choices[c].turn) < fabs(choices[gentlest].turn))
                gentlest = c;
            int out = lane_out(making, &choices[c], k, lanes);
            if (out >= 0)
                successors[made++] =
                    add_connector(making, lane + (uint32_t)k, choices[c].first + (uint32_t)out,
                                  turn_priority(making, &making->ends[from], &choices[c]));
        }
        if (made == 0) {
            int out = k < choices[gentlest].count ? k : choices[gentlest].count - 1;
            successors[made++] =
                add_connector(making, lane + (uint32_t)k, choices[gentlest].first + (uint32_t)out,
                              turn_priority(making, &making->ends[from], &choices[gentlest]));
        }
        if (!making->roads->failed)
            bcue_roads_set_successors(making->roads, lane + (uint32_t)k, successors, made);
    }
}

/* Two-phase lights: roads along the axis of the first go together, then the others. */
static void add_signals(lane_making *making, size_t first, size_t count)
{
    double axis = 0.0;
    bool begun = false;
    for (size_t e = first; e < first + count; e++) {
        int lanes;
        double yaw;
        uint32_t lane = end_lanes(making, &making->ends[e], true, &lanes);
        if (lanes == 0)
            continue;
        bcue_vec3 place = lane_end(making->roads, lane + (uint32_t)lanes - 1, true, &yaw);
        if (!begun)
            axis = yaw;
        begun = true;
        bool crossing = fabs(remainder(yaw - axis, BCUE_PI)) > STRAIGHT;
        double beside = making->left_hand ? -2.5 : 2.5;
        bcue_signal signal = {
            .position = bcue_vec3_make(place.x + beside * sin(yaw), place.y - beside * cos(yaw), 3.0),
            .yaw = yaw + BCUE_PI,
            .cycle_s = 60.0,
            .offset_s = crossing ? 30.0 : 0.0,
            .green_s = 25.0,
            .yellow_s = 3.0};
        uint32_t id = bcue_roads_add_signal(making->roads, signal);
        for (int k = 0; k < lanes && !making->roads->failed; k++)
            making->roads->lanes[lane + (uint32_t)k].signal = id;
    }
}

static bool has_signals(const lane_making *making, size_t first, size_t count)
{
    if (making->import->document->nodes[making->ends[first].node].point == BCUE_OSM_SIGNALS)
        return true;
    for (size_t e = first; e < first + count; e++) {
        const bcue_osm_piece *piece = &making->pieces->pieces[making->ends[e].piece];
        if (making->ends[e].at_end ? piece->signals_at_end : piece->signals_at_start)
            return true;
    }
    return false;
}

static void mark_ends(bcue_roads *roads)
{
    for (size_t l = 0; l < roads->lane_count; l++)
        roads->lanes[l].entry = roads->lanes[l].kind == BCUE_LANE_DRIVE;
    for (size_t l = 0; l < roads->lane_count; l++) {
        bcue_lane *lane = &roads->lanes[l];
        lane->exit = lane->kind == BCUE_LANE_DRIVE && lane->successor_count == 0;
        for (size_t s = 0; s < lane->successor_count; s++)
            roads->lanes[roads->successors[lane->first_successor + s]].entry = false;
    }
}

static bcue_status make_lanes(lane_making *making, bcue_error *error)
{
    bcue_roads *roads = making->roads;
    list_ends(making);
    find_trims(making);
    for (uint32_t p = 0; p < making->pieces->count && !roads->failed; p++)
        add_piece_lanes(making, p);
    for (size_t first = 0, count; first < making->end_count && !roads->failed; first += count) {
        count = count_at(making, first);
        for (size_t e = first; e < first + count && count > 1; e++)
            connect_end(making, first, count, e);
        if (count > 2 && !roads->failed && has_signals(making, first, count))
            add_signals(making, first, count);
        making->junctions += count > 1;
        if (roads->lane_count > MOST_LANES)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: more than %d lanes; cut the extract to a few square kilometres",
                             making->import->path, (int)MOST_LANES);
    }
    if (!roads->failed)
        mark_ends(roads);
    if (!roads->failed)
        bcue_roads_find_conflicts(roads, 5.0, 1.9);
    return roads->failed ? bcue_fail_memory(error, making->import->path) : BCUE_OK;
}

bcue_status bcue_osm_add_lanes(bcue_osm_import *import, const bcue_osm_pieces *pieces, bcue_error *error)
{
    lane_making making = {.import = import,
                          .pieces = pieces,
                          .roads = &import->builder->world.roads,
                          .ends = bcue_calloc(pieces->count, 2 * sizeof(road_end)),
                          .trims = bcue_calloc(pieces->count, 2 * sizeof(double)),
                          .lanes = bcue_calloc(pieces->count, sizeof(piece_lanes)),
                          .left_hand = import->builder->options.left_hand};
    bcue_status status = making.ends != NULL && making.trims != NULL && making.lanes != NULL
                             ? make_lanes(&making, error)
                             : bcue_fail_memory(error, import->path);
    free(making.ends);
    free(making.trims);
    free(making.lanes);
    return status;
}
