/* From roads drawn as lines to what lies on the ground: sections between crossings, crossings with rounded
   corners, sidewalks, and the lots between them. All at height zero; neighbouring pieces share their corner
   points, so that the ground is one surface without gaps, overlaps or T-junctions. */
#ifndef BCUE_WORLD_ROAD_PLAN_H
#define BCUE_WORLD_ROAD_PLAN_H

#include "beamcue/status.h"
#include "world/outline.h"

/* A road as it is given: the line between its two directions. */
typedef struct bcue_road_spec {
    const char *name;                  /* for messages; may be "" */
    const double *line_m;              /* x, y pairs */
    size_t line_count;                 /* of numbers: even, at least 4 */
    double bend_radius_m;              /* corners of the line become arcs */
    int lanes_forward, lanes_backward; /* traffic keeps right; backward 0 = one-way */
    double lane_width_m, speed_limit_mps;
    double sidewalk_m; /* width on either side */
    double parking_m;  /* width of a parking lane on either side; 0 = none */
} bcue_road_spec;

/* A cross-section of a road. */
typedef struct bcue_station {
    bcue_vec3 centre;
    bcue_vec3 across; /* to the left; longer than 1 in bends, so that offset lines stay parallel */
    double s;         /* along the road, from the start of the section */
} bcue_station;

#define BCUE_NO_JUNCTION UINT32_MAX

/* A piece of road between two crossings or ends. */
typedef struct bcue_section {
    uint32_t road;
    size_t first_station, station_count;
    double left_m, right_m; /* from the line to the edge of the carriageway, parking lanes included */
    uint32_t junction[2];   /* at its start and end; BCUE_NO_JUNCTION: it ends in the open */
    uint32_t arm[2];        /* which arm of that junction it is */
} bcue_section;

/* A section as it leaves a crossing. */
typedef struct bcue_arm {
    uint32_t section;
    int end;                            /* of the section: 0 its start, 1 its end */
    bcue_vec3 direction;                /* unit, away from the crossing */
    double left_m, right_m, sidewalk_m; /* seen outward */
    double cut_m;                       /* where the section begins, from the middle of the crossing */
} bcue_arm;

enum { BCUE_MAX_ARMS = 6 };

typedef struct bcue_junction {
    bcue_vec3 centre;
    bcue_arm arms[BCUE_MAX_ARMS]; /* counter-clockwise */
    size_t arm_count;
} bcue_junction;

typedef struct bcue_road_plan {
    const bcue_road_spec *roads; /* borrowed */
    size_t road_count;
    bcue_station *stations; /* owned; of all sections */
    size_t station_count, station_capacity;
    bcue_section *sections; /* owned */
    size_t section_count, section_capacity;
    bcue_junction *junctions; /* owned */
    size_t junction_count, junction_capacity;
    double corner_radius_m;
} bcue_road_plan;

/* `roads` must outlive the plan. Errors name the road and the place. On success the caller frees the plan. */
bcue_status bcue_road_plan_make(const bcue_road_spec *roads, size_t count, double corner_radius_m,
                                bcue_road_plan *plan, bcue_error *error);
void bcue_road_plan_free(bcue_road_plan *plan); /* and make it empty */

/* The point `offset_m` to the left of a station's middle. */
bcue_vec3 bcue_station_point(const bcue_station *station, double offset_m);
/* A section's length, and its cross-section at `s` from its start (clamped). */
double bcue_section_length(const bcue_road_plan *plan, const bcue_section *section);
bcue_station bcue_section_at(const bcue_road_plan *plan, const bcue_section *section, double s);
/* The outermost cross-section of an arm, seen outward: `offset_m` to its left. */
bcue_vec3 bcue_arm_point(const bcue_road_plan *plan, const bcue_arm *arm, double offset_m);

/* Radius of the kerb between arm a and the next one b, which lie `phi` apart: corner_radius_m, or less where
   it would cut into the sidewalk's outer corner. */
double bcue_corner_radius(const bcue_road_plan *plan, const bcue_arm *a, const bcue_arm *b, double phi);

/* The kerb from the left edge of arm i to the right edge of the next arm, as points of the last loop of
   `loops` (both ends included); *corner is the outer corner of the sidewalk, *has_corner false where the kerb
   runs straight on. */
void bcue_junction_kerb(const bcue_road_plan *plan, const bcue_junction *junction, size_t i,
                        bcue_loops *loops, bcue_vec3 *corner, bool *has_corner);

/* Pieces of the ground, each as one loop, counter-clockwise. */
void bcue_section_carriageway(const bcue_road_plan *plan, const bcue_section *section, bcue_loops *loops);
void bcue_section_sidewalk(const bcue_road_plan *plan, const bcue_section *section, bool left,
                           bcue_loops *loops);
void bcue_junction_carriageway(const bcue_road_plan *plan, const bcue_junction *junction, bcue_loops *loops);
/* Of the corner between arm i and the next one. */
void bcue_junction_sidewalk(const bcue_road_plan *plan, const bcue_junction *junction, size_t i,
                            bcue_loops *loops);

/* The outer edges of all roads: loops that keep the lots on their left. Lots that roads enclose come out
   counter-clockwise, the outlines of connected roads clockwise. */
bcue_status bcue_road_plan_outlines(const bcue_road_plan *plan, bcue_loops *outlines, bcue_error *error);

/* Do roads overlap elsewhere than at their crossings? The sentence names them and the place. */
bcue_status bcue_road_plan_check(const bcue_road_plan *plan, bcue_error *error);

#endif
