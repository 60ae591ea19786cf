/* Along the roads: bus stops, lamps, trees, signs, traffic lights, parked cars. */
#include "world/furniture.h"
#include "world/scenery_parts.h"
#include "world/traffic.h"

#define POST_M 0.7 /* posts stand so far behind the kerb */

static double edge_of(const bcue_section *section, bool left)
{
    return left ? section->left_m : section->right_m;
}

/* A place along a section on one side, `behind_m` behind the kerb, and the direction to the road. */
static bcue_vec3 beside(const bcue_scenery *s, const bcue_section *section, bool left, double at,
                        double behind_m, double *towards_road)
{
    bcue_station station = bcue_section_at(&s->plan, section, at);
    double yaw = atan2(station.across.y, station.across.x);
    *towards_road = left ? yaw + BCUE_PI : yaw;
    double offset = edge_of(section, left) + behind_m;
    return bcue_station_point(&station, left ? offset : -offset);
}

void bcue_scenery_bus_stops(bcue_scenery *s)
{
    for (size_t i = 0; i < s->plan.section_count; i++)
        for (int side = 0; side < 2; side++) {
            const bcue_section *section = &s->plan.sections[i];
            bcue_rng rng = bcue_scenery_rng(s, 8, (uint32_t)(2 * i) + (uint32_t)side);
            double length = bcue_section_length(&s->plan, section), yaw;
            double sidewalk = s->plan.roads[section->road].sidewalk_m;
            for (int64_t k = 0; k < s->config->furniture.bus_stops && length > 60.0; k++) {
                double at = length * ((double)k + bcue_rng_range(&rng, 0.3, 0.7)) /
                            (double)s->config->furniture.bus_stops;
                bcue_vec3 place = beside(s, section, side == 0, at, sidewalk + 0.9, &yaw);
                if (hypot(place.x - s->site.position.x, place.y - s->site.position.y) < 12.0 ||
                    bcue_scenery_is_open(s, place.x, place.y))
                    continue;
                bcue_frame frame = bcue_frame_make(place, yaw, 0.0);
                bcue_loops_begin(&s->reserved);
                const double box[4][2] = {{0.8, -3.2}, {0.8, 3.2}, {-1.4, 3.2}, {-1.4, -3.2}};
                for (int c = 0; c < 4; c++)
                    bcue_loops_add(
                        &s->reserved,
                        bcue_vec3_add(place,
                                      bcue_frame_world(&frame, bcue_vec3_make(box[c][0], box[c][1], 0))));
                bcue_loops_close(&s->reserved);
                bcue_bus_stop_add(s->world, place, yaw);
                bcue_scenery_take(s, place.x, place.y, 4.0);
            }
        }
}

static void add_lamps(bcue_scenery *s, const bcue_section *section)
{
    double spacing = s->config->furniture.lamp_spacing_m, length = bcue_section_length(&s->plan, section),
           yaw;
    bool left = true;
    int count = spacing > 0.0 && length > 11.0 ? (int)((length - 11.0) / (0.5 * spacing)) + 1 : 0;
    for (int i = 0; i < count; i++, left = !left) {
        double at = 6.0 + 0.5 * spacing * i;
        bcue_vec3 place = beside(s, section, left, at, POST_M, &yaw);
        if (!bcue_scenery_is_free(s, place.x, place.y, 0.5))
            continue;
        bcue_lamp_post_add(s->world, place, yaw);
        bcue_scenery_take(s, place.x, place.y, 1.0);
    }
}

static void add_signs(bcue_scenery *s, const bcue_section *section, bcue_rng *rng)
{
    double spacing = s->config->furniture.sign_spacing_m, length = bcue_section_length(&s->plan, section),
           yaw;
    for (int side = 0; spacing > 0.0 && side < 2; side++)
        for (double at = bcue_rng_range(rng, 0.2, 0.6) * spacing; at < length - 8.0; at += spacing) {
            bool left = side == 0;
            bcue_vec3 place = beside(s, section, left, at, POST_M, &yaw);
            if (!bcue_scenery_is_free(s, place.x, place.y, 0.8))
                continue;
            /* It faces those who come along on its side. */
            double facing = yaw + 0.5 * BCUE_PI;
            bcue_sign_add(s->world, place, facing,
                          bcue_rng_uniform(rng) < 0.6 ? BCUE_SIGN_SPEED : BCUE_SIGN_NAME);
            bcue_scenery_take(s, place.x, place.y, 1.0);
        }
}

static void add_trees(bcue_scenery *s, const bcue_section *section, bcue_rng *rng)
{
    double spacing = s->config->furniture.tree_spacing_m, length = bcue_section_length(&s->plan, section),
           yaw;
    bcue_vec3 rsu = s->site.position;
    for (int side = 0; spacing > 0.0 && side < 2; side++)
        for (double at = 10.0 + 0.5 * spacing * bcue_rng_uniform(rng); at < length - 10.0;
             at += spacing * bcue_rng_range(rng, 0.7, 1.3)) {
            bcue_vec3 place = beside(s, section, side == 0, at, POST_M + 0.15, &yaw);
            double height = bcue_rng_range(rng, s->config->furniture.min_tree_height_m,
                                           s->config->furniture.max_tree_height_m + 1e-9);
            /* None right before the RSU's eyes. */
            double forward = (place.x - rsu.x) * cos(s->site.yaw) + (place.y - rsu.y) * sin(s->site.yaw);
            double away = hypot(place.x - rsu.x, place.y - rsu.y);
            if (!bcue_scenery_is_free(s, place.x, place.y, 1.6) || away < 9.0 ||
                (forward > 0.7 * away && away < 22.0))
                continue;
            bcue_tree_add(s->world, place, height, rng);
            bcue_scenery_take(s, place.x, place.y, 1.6);
        }
}

static void park(bcue_scenery *s, const bcue_section *section, bcue_rng *rng)
{
    static const bcue_vehicle_class cars[] = {BCUE_VEHICLE_HATCHBACK, BCUE_VEHICLE_SEDAN,
                                              BCUE_VEHICLE_SUV,       BCUE_VEHICLE_SEDAN,
                                              BCUE_VEHICLE_HATCHBACK, BCUE_VEHICLE_VAN};
    double parking = s->plan.roads[section->road].parking_m, length = bcue_section_length(&s->plan, section);
    for (int side = 0; parking >= 2.0 && side < 2; side++)
        for (double at = 15.0; at < length - 15.0; at += 6.4) {
            bool left = side == 0, wanted = bcue_rng_uniform(rng) < s->config->furniture.parked;
            bcue_vehicle_class model = cars[bcue_rng_below(rng, sizeof cars / sizeof cars[0])];
            bcue_station station = bcue_section_at(&s->plan, section, at + bcue_rng_range(rng, -0.3, 0.3));
            double offset = edge_of(section, left) - 0.5 * parking;
            bcue_parked parked = {.model = (uint32_t)model,
                                  .position = bcue_station_point(&station, left ? offset : -offset),
                                  .yaw = atan2(station.across.y, station.across.x) +
                                         (left ? 0.5 : -0.5) * BCUE_PI};
            bcue_draw_paint(parked.paint, rng);
            if (wanted)
                bcue_world_add_parked(s->world, &parked);
        }
}

/* In the order in which the signals were made. */
static void add_traffic_lights(bcue_scenery *s)
{
    size_t signal = 0;
    for (size_t j = 0; s->config->traffic_lights && j < s->plan.junction_count; j++) {
        const bcue_junction *junction = &s->plan.junctions[j];
        for (size_t i = 0; junction->arm_count >= 3 && i < junction->arm_count; i++) {
            const bcue_arm *arm = &junction->arms[i];
            const bcue_road_spec *road = &s->plan.roads[s->plan.sections[arm->section].road];
            int lanes = arm->end == 1 ? road->lanes_forward : road->lanes_backward;
            if (lanes == 0 || signal >= s->world->roads.signal_count)
                continue;
            bcue_signal *made = &s->world->roads.signals[signal];
            double reach = arm->left_m + 0.7 - 0.5 * lanes * road->lane_width_m;
            made->position =
                bcue_traffic_light_add(s->world, bcue_arm_point(&s->plan, arm, arm->left_m + 0.7), made->yaw,
                                       -reach, (uint32_t)signal);
            signal++;
        }
    }
}

/* Stop signs where a road without lights ends at another. */
static void add_stop_signs(bcue_scenery *s)
{
    for (size_t j = 0; !s->config->traffic_lights && j < s->plan.junction_count; j++) {
        const bcue_junction *junction = &s->plan.junctions[j];
        for (size_t i = 0; i < junction->arm_count; i++) {
            const bcue_arm *arm = &junction->arms[i];
            bcue_sign_add(s->world, bcue_arm_point(&s->plan, arm, arm->left_m + POST_M),
                          atan2(arm->direction.y, arm->direction.x), BCUE_SIGN_STOP);
        }
    }
}

void bcue_scenery_furniture(bcue_scenery *s)
{
    bcue_scenery_take(s, s->site.position.x, s->site.position.y, 7.0); /* nothing right before the sensors */
    add_traffic_lights(s);
    add_stop_signs(s);
    for (size_t i = 0; i < s->plan.section_count; i++) {
        const bcue_section *section = &s->plan.sections[i];
        bcue_rng rng = bcue_scenery_rng(s, 9, (uint32_t)i);
        add_lamps(s, section);
        add_signs(s, section, &rng);
        add_trees(s, section, &rng);
        park(s, section, &rng);
    }
}
