/* The roads and the RSU of each preset. */
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "world/scenery_parts.h"

#define DEGREE (BCUE_PI / 180.0)

#define SHORTEST_BEND_AND_CROSSING_M 300.0 /* else no room is left behind a bend */

enum { MAX_PRESET_ROADS = 4, MAX_PRESET_NUMBERS = 8 };

static bcue_status reserve_roads(bcue_scenery *s, size_t count, size_t numbers)
{
    s->specs = bcue_calloc(count, sizeof *s->specs);
    s->lines = bcue_calloc(numbers, sizeof *s->lines);
    return s->specs && s->lines ? BCUE_OK : bcue_fail_memory(s->error, "the roads");
}

/* One more road through points (x, y pairs); room is there. */
static bcue_road_spec *add_road(bcue_scenery *s, const char *name, const double *numbers, size_t count,
                                int lanes, double speed_kmh, double sidewalk_m, double parking_m)
{
    size_t used = 0;
    for (size_t i = 0; i < s->spec_count; i++)
        used += s->specs[i].line_count;
    for (size_t i = 0; i < count; i++)
        s->lines[used + i] = numbers[i];
    bcue_road_spec *spec = &s->specs[s->spec_count++];
    *spec = (bcue_road_spec){.name = name,
                             .line_m = s->lines + used,
                             .line_count = count,
                             .bend_radius_m = 60.0,
                             .lanes_forward = lanes,
                             .lanes_backward = lanes,
                             .lane_width_m = 3.5,
                             .speed_limit_mps = speed_kmh / 3.6,
                             .sidewalk_m = sidewalk_m,
                             .parking_m = parking_m};
    return spec;
}

static void set_site(bcue_scenery *s, bcue_vec3 position, double yaw_deg, double pitch_deg,
                     bcue_bounds bounds)
{
    s->site = (bcue_site){.position = position,
                          .yaw = yaw_deg * DEGREE,
                          .camera_pitch = pitch_deg * DEGREE,
                          .lidar_pitch = pitch_deg * DEGREE,
                          .radar_position = {position.x, position.y, 5.0},
                          .bounds = bounds};
}

/* Paper B, config.py: bounds and RSU. In CARLA's left-handed frame the RSU stands at (26.25, -86.33, 21.31)
   with rotation (-40, 90, 0); here y is negated. The town itself is not available: this street is ours. */
static bcue_status two_lane(bcue_scenery *s)
{
    BCUE_TRY(reserve_roads(s, MAX_PRESET_ROADS, MAX_PRESET_ROADS * MAX_PRESET_NUMBERS));
    const double avenue[] = {-200, 58, 225, 58}, side[] = {62, -120, 62, 220};
    add_road(s, "avenue", avenue, 4, 2, 50.0, 4.5, 2.4);
    add_road(s, "side street", side, 4, 1, 40.0, 4.0, 0.0);
    set_site(s, bcue_vec3_make(26.25, 86.33, 21.31), -90.0, -40.0, (bcue_bounds){-90, 115, 0, 120});
    bcue_scenery_open(s, -20, 48, 70, 87.2);
    return BCUE_OK;
}

/* The RSU at CARLA's (126.50, 21.09, 11.29) with rotation (-12, 180, 0). */
static bcue_status three_lane(bcue_scenery *s)
{
    BCUE_TRY(reserve_roads(s, MAX_PRESET_ROADS, MAX_PRESET_ROADS * MAX_PRESET_NUMBERS));
    const double boulevard[] = {98, -310, 98, 270}, avenue[] = {-150, -62, 240, -62},
                 side[] = {-150, 80, 98, 80};
    add_road(s, "boulevard", boulevard, 4, 3, 50.0, 5.0, 0.0);
    add_road(s, "avenue", avenue, 4, 2, 50.0, 4.0, 0.0);
    add_road(s, "side street", side, 4, 1, 40.0, 4.0, 2.4);
    set_site(s, bcue_vec3_make(126.50, -21.09, 11.29), 180.0, -12.0, (bcue_bounds){-30, 135, -190, 150});
    bcue_scenery_open(s, 112, 127.4, -46, 20);
    return BCUE_OK;
}

/* Another road across the eastern half: at a bend, behind it, and on its outer side only. */
static void add_second_crossing(bcue_scenery *s, double bend, int lanes)
{
    bcue_rng rng = bcue_scenery_rng(s, 11, 0);
    double length = s->config->generated.length_m, lean = bcue_rng_range(&rng, -0.3, 0.3),
           reach = 0.4 * length;
    double at = bcue_rng_uniform(&rng);
    bool wanted = bcue_rng_uniform(&rng) < s->config->generated.crossing, ends = bcue_rng_uniform(&rng) < 0.4;
    if (!wanted || (bend != 0.0 && length < SHORTEST_BEND_AND_CROSSING_M))
        return;
    double x = length * (0.15 + 0.13 * at), y = 0.0, yaw = 0.5 * BCUE_PI - lean;
    if (bend != 0.0) {
        double behind = length * (0.2 + 0.07 * at);
        x = 0.15 * length + behind * cos(bend);
        y = behind * sin(bend);
        yaw = bend + (bend > 0.0 ? -0.5 : 0.5) * BCUE_PI - lean;
        ends = true;
    }
    double back = ends ? 0.0 : reach;
    const double line[] = {x - back * cos(yaw), y - back * sin(yaw), x + reach * cos(yaw),
                           y + reach * sin(yaw)};
    add_road(s, "second side road", line, 4, lanes > 1 ? 1 + (int)bcue_rng_below(&rng, 2) : 1, 40.0, 4.0,
             0.0);
}

static bcue_status generated(bcue_scenery *s)
{
    const bcue_scenery_config *c = s->config;
    BCUE_TRY(reserve_roads(s, MAX_PRESET_ROADS, MAX_PRESET_ROADS * MAX_PRESET_NUMBERS));
    bcue_rng rng = bcue_scenery_rng(s, 3, 0);
    if (c->generated.lanes.count == 0)
        return bcue_fail(s->error, BCUE_ERROR_DATA,
                         "generated.lanes: the list is empty; give at least one number");
    int lanes = (int)c->generated.lanes.items[bcue_rng_below(&rng, (uint32_t)c->generated.lanes.count)];
    double length = c->generated.length_m, half = 0.5 * length;
    double speed = 30.0 + 10.0 * ((double)lanes + (double)bcue_rng_below(&rng, 2));
    double sidewalk = bcue_rng_range(&rng, 3.5, 5.5), parking = bcue_rng_uniform(&rng) < 0.5 ? 2.3 : 0.0;
    double bend = c->generated.max_bend_deg * DEGREE * bcue_rng_range(&rng, 0.25, 1.0);
    if (bcue_rng_uniform(&rng) < 0.5)
        bend = -bend;
    double line[MAX_PRESET_NUMBERS] = {-half, 0, half, 0};
    bool curved = bcue_rng_uniform(&rng) < c->generated.curved;
    if (curved) {
        double at = 0.15 * length, rest = half - at;
        line[2] = at;
        line[4] = at + rest * cos(bend);
        line[5] = rest * sin(bend);
    }
    bcue_road_spec *road = add_road(s, "main road", line, curved ? 6 : 4, lanes, speed, sidewalk, parking);
    road->bend_radius_m = fmin(200.0, 0.12 * length / tan(0.5 * fabs(bend)));
    if (curved && road->bend_radius_m < 3.5 * lanes + 12.0)
        road->bend_radius_m = 3.5 * lanes + 12.0;
    double edge = 3.5 * lanes + parking + sidewalk;
    if (bcue_rng_uniform(&rng) < c->generated.crossing) {
        double x = -length * bcue_rng_range(&rng, 0.15, 0.28), lean = bcue_rng_range(&rng, -0.3, 0.3),
               reach = 0.4 * length;
        bool ends = bcue_rng_uniform(&rng) < 0.4;
        const double across[] = {x - (ends ? 0.0 : reach * sin(lean)), ends ? 0.0 : -reach,
                                 x + reach * sin(lean), reach};
        int side_lanes = lanes > 1 ? 1 + (int)bcue_rng_below(&rng, 2) : 1;
        add_road(s, "side road", across, 4, side_lanes, 40.0, 4.0, 0.0);
    }
    if (c->generated.crossings > 1)
        add_second_crossing(s, curved ? bend : 0.0, lanes);
    /* On a mast at the far edge of the southern sidewalk, looking across (bcue_scenery_place_rsu may move
     * it). */
    double x = length * bcue_rng_range(&rng, -0.06, 0.0);
    set_site(
        s,
        bcue_vec3_make(x, -edge + 0.5,
                       bcue_rng_range(&rng, c->generated.rsu.min_height_m, c->generated.rsu.max_height_m)),
        90.0, -12.0, (bcue_bounds){-half + 50, half - 50, -half, half});
    /* This near to the road a level radar at 5 m looks over the cars. */
    s->site.radar_position.z = 4.0;
    s->site.radar_pitch = -10.0 * DEGREE;
    return BCUE_OK;
}

static bcue_status custom(bcue_scenery *s)
{
    const bcue_scenery_config *c = s->config;
    if (c->roads.count == 0)
        return bcue_fail(s->error, BCUE_ERROR_DATA,
                         "roads: a custom street needs at least one; give one, or choose another preset");
    BCUE_TRY(reserve_roads(s, c->roads.count, 1));
    const bcue_scenery_road *roads = c->roads.items;
    for (size_t i = 0; i < c->roads.count; i++)
        s->specs[s->spec_count++] = (bcue_road_spec){.name = roads[i].name,
                                                     .line_m = roads[i].line_m.items,
                                                     .line_count = roads[i].line_m.count,
                                                     .bend_radius_m = roads[i].bend_radius_m,
                                                     .lanes_forward = (int)roads[i].lanes_forward,
                                                     .lanes_backward = (int)roads[i].lanes_backward,
                                                     .lane_width_m = roads[i].lane_width_m,
                                                     .speed_limit_mps = roads[i].speed_limit_kmh / 3.6,
                                                     .sidewalk_m = roads[i].sidewalk_m,
                                                     .parking_m = roads[i].parking_m};
    set_site(s, bcue_vec3_make(c->rsu.x_m, c->rsu.y_m, c->rsu.z_m), c->rsu.yaw_deg, c->rsu.camera_pitch_deg,
             (bcue_bounds){c->bounds.x_low_m, c->bounds.x_high_m, c->bounds.y_low_m, c->bounds.y_high_m});
    s->site.lidar_pitch = c->rsu.lidar_pitch_deg * DEGREE;
    s->site.radar_position.z = c->rsu.radar_z_m;
    s->site.radar_pitch = c->rsu.radar_pitch_deg * DEGREE;
    return BCUE_OK;
}

bcue_status bcue_scenery_roads(bcue_scenery *s)
{
    switch (s->config->preset) {
    case BCUE_SCENERY_TWO_LANE:
        return two_lane(s);
    case BCUE_SCENERY_THREE_LANE:
        return three_lane(s);
    case BCUE_SCENERY_GENERATED:
        return generated(s);
    default:
        return custom(s);
    }
}
