/* The road network: lanes as centre polylines with arc length, and how they follow one another.
   Filled by the street builder, by the importers, and by hand in tests. Lanes are indexed; the world's ground
   is not needed to use them. */
#ifndef BCUE_WORLD_ROAD_H
#define BCUE_WORLD_ROAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/vec3.h"
#include "beamcue/status.h"

#define BCUE_NO_LANE UINT32_MAX
#define BCUE_NO_SIGNAL UINT32_MAX
#define BCUE_ALL_CLASSES UINT32_MAX

typedef enum bcue_lane_kind {
    BCUE_LANE_DRIVE,     /* between junctions */
    BCUE_LANE_CONNECTOR, /* across a junction: from the end of one lane to the start of another */
    BCUE_LANE_WALK,      /* sidewalk */
} bcue_lane_kind;

typedef struct bcue_lane {
    bcue_lane_kind kind;
    size_t first_point, point_count; /* >= 2, in roads->points and roads->arc; driven first to last */
    double length_m;
    double width_m, speed_limit_mps;
    uint32_t left, right;                    /* neighbours of the same direction; BCUE_NO_LANE */
    size_t first_successor, successor_count; /* in roads->successors: lanes that begin where this one ends */
    size_t first_conflict, conflict_count; /* connectors, in roads->conflicts: others that cross or join it */
    uint32_t classes;                      /* who may use it: bit (1 << bcue_vehicle_class) */
    uint32_t signal;                       /* that holds at stop_m; BCUE_NO_SIGNAL */
    double stop_m;     /* where to stop before the junction, from the start; length_m without a stop line */
    int32_t priority;  /* connectors: who yields to whom; higher goes first */
    uint32_t road;     /* number of the road in its source, for messages */
    uint32_t junction; /* connectors: number of the junction; others UINT32_MAX */
    bool entry, exit;  /* vehicles come into the world at its start / leave at its end */
} bcue_lane;

/* A traffic light with a fixed programme: green during [offset, offset + green), then yellow, then red,
   repeated every cycle. */
typedef struct bcue_signal {
    bcue_vec3 position; /* of its head */
    double yaw;         /* the head faces this way */
    double cycle_s, offset_s, green_s, yellow_s;
} bcue_signal;

typedef enum bcue_signal_state { BCUE_SIGNAL_RED, BCUE_SIGNAL_YELLOW, BCUE_SIGNAL_GREEN } bcue_signal_state;

/* Owned arrays. `failed`: out of memory somewhere; the network is incomplete. */
typedef struct bcue_roads {
    bcue_lane *lanes;
    size_t lane_count, lane_capacity;
    bcue_vec3 *points; /* of all lanes */
    double *arc;       /* arc length from the lane's first point, per point */
    size_t point_count, point_capacity, arc_capacity;
    uint32_t *successors;
    size_t successor_count, successor_capacity;
    uint32_t *conflicts;
    size_t conflict_count, conflict_capacity;
    bcue_signal *signals;
    size_t signal_count, signal_capacity;
    bool failed;
} bcue_roads;

void bcue_roads_free(bcue_roads *roads); /* and make it empty */

/* Add a lane along `points` (>= 2; points closer than 1 mm to the one before are left out). Ranges, arc
   length and length_m of `lane` are filled in; stop_m 0 becomes length_m. Its index. */
uint32_t bcue_roads_add_lane(bcue_roads *roads, bcue_lane lane, const bcue_vec3 *points, size_t count);
uint32_t bcue_roads_add_signal(bcue_roads *roads, bcue_signal signal);
/* Set what follows on a lane; once per lane. */
void bcue_roads_set_successors(bcue_roads *roads, uint32_t lane, const uint32_t *successors, size_t count);
/* Fill the conflicts of all connectors: two of one junction conflict when vehicles `width_m` wide and
   `length_m` long on them can touch, unless they begin on the same lane. Call once, last. */
void bcue_roads_find_conflicts(bcue_roads *roads, double length_m, double width_m);

/* The place at arc length `s` of lane `index` (clamped to the lane); *yaw (may be NULL) is the direction of
 * travel. */
bcue_vec3 bcue_lane_at(const bcue_roads *roads, uint32_t index, double s, double *yaw);
/* The arc length at which lane `index` is nearest to (x, y). */
double bcue_lane_project(const bcue_roads *roads, uint32_t index, double x, double y);
/* The lane of `kind` whose centre line is nearest to (x, y); *s: arc length, *offset_m: to its left (+) or
   right
   (-). BCUE_NO_LANE when there is none within `reach_m`. */
uint32_t bcue_roads_nearest(const bcue_roads *roads, bcue_lane_kind kind, double x, double y, double reach_m,
                            double *s, double *offset_m);
bcue_signal_state bcue_signal_at(const bcue_signal *signal, double time_s);

#endif
