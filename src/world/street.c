#include "world/street.h"

#include "base/fail.h"
#include "base/rng.h"

#define KERB_M 0.12

double bcue_street_lane_y(const bcue_street_config *config, int lane)
{
    return config->setback_m + (0.5 + (double)lane) * config->lane_width_m;
}

static void add_ground_strip(bcue_world *world, double half_x, double y0, double y1, double z,
                             bcue_material_id material, uint32_t object)
{
    bcue_world_add_wall(world, bcue_vec3_make(-half_x, y0, z), bcue_vec3_make(2.0 * half_x, 0, 0),
                        bcue_vec3_make(0, y1 - y0, 0), material, object);
}

static void add_kerb(bcue_world *world, double half_x, double y, bool faces_south, uint32_t object)
{
    bcue_vec3 up = bcue_vec3_make(0, 0, KERB_M);
    double start = faces_south ? -half_x : half_x;
    bcue_world_add_wall(world, bcue_vec3_make(start, y, 0), bcue_vec3_make(-2.0 * start, 0, 0), up,
                        BCUE_MATERIAL_PAVING, object);
}

static void add_building(bcue_world *world, double x0, double x1, double y0, double y1, double height,
                         bcue_rng *rng)
{
    /* Muted plaster and brick tones, linear RGB. */
    static const float tones[][3] = {{0.80f, 0.68f, 0.50f}, {0.72f, 0.45f, 0.30f}, {0.62f, 0.62f, 0.60f},
                                     {0.85f, 0.80f, 0.68f}, {0.48f, 0.22f, 0.15f}, {0.55f, 0.62f, 0.68f},
                                     {0.78f, 0.55f, 0.42f}, {0.42f, 0.30f, 0.22f}};
    uint32_t tone = bcue_rng_below(rng, sizeof tones / sizeof tones[0]);
    bool brick = tone == 4 || tone == 7;
    bcue_object object = {.kind = BCUE_OBJECT_BUILDING, .variant = bcue_rng_u32(rng)};
    for (int c = 0; c < 3; c++)
        object.tint[c] = tones[tone][c] * (float)bcue_rng_range(rng, 0.85, 1.1);
    uint32_t id = bcue_world_add_object(world, object);
    bcue_material_id facade = brick ? BCUE_MATERIAL_BRICK_FACADE : BCUE_MATERIAL_FACADE;
    bcue_vec3 up = bcue_vec3_make(0, 0, height);
    bcue_world_add_wall(world, bcue_vec3_make(x0, y0, 0), bcue_vec3_make(x1 - x0, 0, 0), up, facade, id);
    bcue_world_add_wall(world, bcue_vec3_make(x1, y0, 0), bcue_vec3_make(0, y1 - y0, 0), up, facade, id);
    bcue_world_add_wall(world, bcue_vec3_make(x1, y1, 0), bcue_vec3_make(x0 - x1, 0, 0), up, facade, id);
    bcue_world_add_wall(world, bcue_vec3_make(x0, y1, 0), bcue_vec3_make(0, y0 - y1, 0), up, facade, id);
    bcue_world_add_wall(world, bcue_vec3_make(x0, y0, height), bcue_vec3_make(x1 - x0, 0, 0),
                        bcue_vec3_make(0, y1 - y0, 0), BCUE_MATERIAL_ROOF, id);
    /* A parapet gives the roof line some depth; it is too small to matter to the channel. */
    bcue_mesh_add_box(&world->statics, bcue_vec3_make(x0 - 0.15, y0 - 0.2, height - 0.1),
                      bcue_vec3_make(x1 + 0.15, y0 + 0.2, height + 0.5), BCUE_MATERIAL_ROOF, id);
}

static void add_building_row(bcue_world *world, double front_y, double height_scale, bcue_rng *rng)
{
    const bcue_street_config *street = &world->street;
    double x = -0.5 * street->length_m;
    while (x < 0.5 * street->length_m) {
        double width = bcue_rng_range(rng, 9.0, 20.0);
        double height =
            height_scale * bcue_rng_range(rng, street->building_min_height_m, street->building_max_height_m);
        double recess = bcue_rng_range(rng, 0.0, 1.2), depth = bcue_rng_range(rng, 9.0, 13.0);
        add_building(world, x, x + width, front_y + recess, front_y + recess + depth, height, rng);
        x += width;
        if (bcue_rng_uniform(rng) < 0.35)
            x += bcue_rng_range(rng, 2.0, 6.0);
    }
}

static void add_trees_and_lamps(bcue_world *world, double y, bcue_rng *rng)
{
    const bcue_street_config *street = &world->street;
    uint32_t posts =
        bcue_world_add_object(world, (bcue_object){.kind = BCUE_OBJECT_LAMP_POST, .tint = {1, 1, 1}});
    for (double x = -0.5 * street->length_m + 7.0; x < 0.5 * street->length_m; x += 27.0) {
        bcue_mesh_add_cylinder(&world->statics, bcue_vec3_make(x, y, KERB_M), bcue_vec3_make(0, 0, 6.5), 0.08,
                               8, BCUE_MATERIAL_STEEL, BCUE_MATERIAL_STEEL, posts);
        bcue_mesh_add_box(&world->statics, bcue_vec3_make(x - 0.09, y - 1.6, 6.5),
                          bcue_vec3_make(x + 0.09, y + 0.1, 6.66), BCUE_MATERIAL_STEEL, posts);
    }
    if (!(street->tree_spacing_m > 0.0))
        return;
    for (double x = -0.5 * street->length_m; x < 0.5 * street->length_m;
         x += street->tree_spacing_m * bcue_rng_range(rng, 0.7, 1.3)) {
        bcue_object object = {.kind = BCUE_OBJECT_TREE, .variant = bcue_rng_u32(rng)};
        float warmth = (float)bcue_rng_range(rng, 0.75, 1.35);
        object.tint[0] = warmth;
        object.tint[1] = 0.5f + 0.5f * warmth;
        object.tint[2] = 1.0f;
        uint32_t id = bcue_world_add_object(world, object);
        double trunk = bcue_rng_range(rng, 2.0, 2.6), crown = bcue_rng_range(rng, 1.2, 1.9);
        bcue_mesh_add_cylinder(&world->statics, bcue_vec3_make(x, y, KERB_M), bcue_vec3_make(0, 0, trunk),
                               0.14, 8, BCUE_MATERIAL_BARK, BCUE_MATERIAL_BARK, id);
        for (int lump = 0; lump < 4; lump++) {
            double reach = lump == 0 ? 0.0 : 0.55 * crown, angle = bcue_rng_range(rng, 0.0, 2.0 * BCUE_PI);
            double size = crown * bcue_rng_range(rng, 0.6, 0.9);
            bcue_vec3 centre = {x + reach * cos(angle), y + reach * sin(angle),
                                trunk + 0.75 * crown + bcue_rng_range(rng, -0.3, 0.5) * crown};
            bcue_mesh_add_ellipsoid(&world->statics, centre, bcue_vec3_make(size, size, 0.85 * size),
                                    BCUE_MATERIAL_LEAVES, id);
        }
    }
}

/* The two lanes as a road network: 0 eastbound, 1 westbound. */
static void add_lanes(bcue_world *world, double half_x)
{
    for (int lane = 0; lane < 2; lane++) {
        double from = lane == 0 ? -half_x : half_x, y = bcue_street_lane_y(&world->street, lane);
        const bcue_vec3 ends[2] = {{from, y, 0}, {-from, y, 0}};
        bcue_lane made = {.kind = BCUE_LANE_DRIVE,
                          .width_m = world->street.lane_width_m,
                          .speed_limit_mps = 50.0 / 3.6,
                          .left = BCUE_NO_LANE,
                          .right = BCUE_NO_LANE,
                          .classes = BCUE_ALL_CLASSES,
                          .signal = BCUE_NO_SIGNAL,
                          .junction = UINT32_MAX,
                          .entry = true,
                          .exit = true};
        bcue_roads_add_lane(&world->roads, made, ends, 2);
    }
}

static bcue_status finish(bcue_world *made, bcue_world *world, bcue_error *error)
{
    BCUE_TRY(bcue_world_finish(made, "the street", error));
    *world = *made;
    return BCUE_OK;
}

bcue_status bcue_world_make_street(const bcue_street_config *config, uint64_t seed, bcue_world *world,
                                   bcue_error *error)
{
    bcue_world made;
    BCUE_TRY(bcue_world_init(&made, error));
    made.street = *config;
    bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_STREET, 0, 0, 0);
    double far_kerb = config->setback_m + 2.0 * config->lane_width_m,
           far_walk = far_kerb + config->sidewalk_m;
    double near_walk = config->setback_m - config->sidewalk_m, half_x = 0.5 * config->length_m + 150.0;
    uint32_t ground =
        bcue_world_add_object(&made, (bcue_object){.kind = BCUE_OBJECT_GROUND, .tint = {1, 1, 1}});
    add_ground_strip(&made, half_x, -60.0, near_walk - 4.0, 0.0, BCUE_MATERIAL_PLAZA, ground);
    add_ground_strip(&made, half_x, near_walk - 4.0, near_walk, 0.0, BCUE_MATERIAL_GRASS, ground);
    add_ground_strip(&made, half_x, near_walk, config->setback_m, KERB_M, BCUE_MATERIAL_PAVING, ground);
    add_ground_strip(&made, half_x, config->setback_m, far_kerb, 0.0, BCUE_MATERIAL_ASPHALT, ground);
    add_ground_strip(&made, half_x, far_kerb, far_walk, KERB_M, BCUE_MATERIAL_PAVING, ground);
    add_ground_strip(&made, half_x, far_walk, far_walk + 300.0, 0.0, BCUE_MATERIAL_GRASS, ground);
    add_kerb(&made, half_x, near_walk, true, ground);
    add_kerb(&made, half_x, config->setback_m, false, ground);
    add_kerb(&made, half_x, far_kerb, true, ground);
    add_kerb(&made, half_x, far_walk, false, ground);
    add_lanes(&made, half_x);
    add_building_row(&made, far_walk + config->yard_m, 1.0, &rng);
    add_building_row(&made, far_walk + config->yard_m + 28.0, 1.6, &rng);
    add_trees_and_lamps(&made, far_kerb + 0.8, &rng);
    return finish(&made, world, error);
}

bcue_status bcue_world_make_plain(double half_side_m, bcue_material_id ground, bcue_world *world,
                                  bcue_error *error)
{
    bcue_world made;
    BCUE_TRY(bcue_world_init(&made, error));
    uint32_t id = bcue_world_add_object(&made, (bcue_object){.kind = BCUE_OBJECT_GROUND, .tint = {1, 1, 1}});
    add_ground_strip(&made, half_side_m, -half_side_m, half_side_m, 0.0, ground, id);
    return finish(&made, world, error);
}
