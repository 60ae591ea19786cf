#include "world/furniture.h"

#define LAMP_HEIGHT_M 8.0
#define LAMP_REACH_M 2.2
#define LAMP_FLUX_LM 9000.0

static uint32_t trim(bcue_world *world, bcue_object_kind kind, float r, float g, float b)
{
    return bcue_world_add_object(world, (bcue_object){.kind = kind, .tint = {r, g, b}, .decoration = true});
}

static void pole(bcue_world *world, bcue_vec3 at, double height, double radius, uint32_t object)
{
    bcue_mesh_add_cylinder(&world->statics, at, bcue_vec3_make(0, 0, height), radius, 8, BCUE_MATERIAL_STEEL,
                           BCUE_MATERIAL_STEEL, object);
}

/* A box in a frame at `at` that faces `yaw`: x forward, y left, z up. */
static void turned_box(bcue_world *world, bcue_vec3 at, double yaw, bcue_vec3 low, bcue_vec3 high,
                       bcue_material_id material, uint32_t object)
{
    bcue_frame frame = bcue_frame_make(at, yaw, 0.0);
    bcue_vec3 corners[8];
    for (int i = 0; i < 8; i++) {
        bcue_vec3 local = {i & 1 ? high.x : low.x, i & 2 ? high.y : low.y, i & 4 ? high.z : low.z};
        corners[i] = bcue_vec3_add(at, bcue_frame_world(&frame, local));
    }
    const bcue_material_id all[6] = {material, material, material, material, material, material};
    bcue_mesh_add_hexahedron(&world->statics, corners, all, object);
}

void bcue_tree_add(bcue_world *world, bcue_vec3 at, double height_m, bcue_rng *rng)
{
    float warmth = (float)bcue_rng_range(rng, 0.7, 1.35);
    uint32_t tree = trim(world, BCUE_OBJECT_TREE, warmth, 0.5f + 0.5f * warmth, 1.0f);
    if (!world->statics.failed)
        world->objects[tree].variant = bcue_rng_u32(rng);
    double trunk = 0.36 * height_m, crown = 0.5 * (height_m - 0.85 * trunk),
           radius = crown * bcue_rng_range(rng, 0.7, 0.95);
    bcue_mesh_add_cylinder(&world->statics, at, bcue_vec3_make(0, 0, trunk + 0.4 * crown), 0.03 * height_m, 8,
                           BCUE_MATERIAL_BARK, BCUE_MATERIAL_BARK, tree);
    bcue_vec3 middle = {at.x, at.y, 0.85 * trunk + crown};
    enum { LUMPS = 6 };
    double spin = bcue_rng_range(rng, 0.0, 2.0 * BCUE_PI);
    for (int lump = 0; lump < LUMPS; lump++) {
        double angle = spin + lump * 2.4, reach = lump == 0 ? 0.0 : 0.45 * radius;
        double up = lump == 0 ? 0.3 : bcue_rng_range(rng, -0.45, 0.4),
               size = radius * bcue_rng_range(rng, 0.5, 0.68);
        bcue_vec3 centre = {middle.x + reach * cos(angle), middle.y + reach * sin(angle),
                            middle.z + up * crown};
        bcue_mesh_add_ellipsoid(&world->statics, centre,
                                bcue_vec3_make(size, size, fmin(0.9 * size, crown * (1.0 - fabs(up)))),
                                BCUE_MATERIAL_LEAVES, tree);
    }
    bcue_canopy canopy = {middle, {0.95 * radius, 0.95 * radius, crown}};
    bcue_world_add_canopy(world, &canopy);
}

void bcue_lamp_post_add(bcue_world *world, bcue_vec3 at, double yaw)
{
    uint32_t post = trim(world, BCUE_OBJECT_LAMP_POST, 1, 1, 1);
    bcue_frame frame = bcue_frame_make(at, yaw, 0.0);
    pole(world, at, LAMP_HEIGHT_M, 0.09, post);
    turned_box(world, at, yaw, bcue_vec3_make(-0.1, -0.05, LAMP_HEIGHT_M),
               bcue_vec3_make(LAMP_REACH_M, 0.05, LAMP_HEIGHT_M + 0.1), BCUE_MATERIAL_STEEL, post);
    turned_box(world, at, yaw, bcue_vec3_make(LAMP_REACH_M - 0.7, -0.16, LAMP_HEIGHT_M - 0.1),
               bcue_vec3_make(LAMP_REACH_M + 0.1, 0.16, LAMP_HEIGHT_M), BCUE_MATERIAL_STEEL, post);
    turned_box(world, at, yaw, bcue_vec3_make(LAMP_REACH_M - 0.6, -0.12, LAMP_HEIGHT_M - 0.14),
               bcue_vec3_make(LAMP_REACH_M, 0.12, LAMP_HEIGHT_M - 0.1), BCUE_MATERIAL_LAMP, post);
    bcue_lamp lamp = {bcue_vec3_add(at, bcue_frame_world(&frame, bcue_vec3_make(LAMP_REACH_M - 0.3, 0,
                                                                                LAMP_HEIGHT_M - 0.2))),
                      LAMP_FLUX_LM};
    bcue_world_add_lamp(world, &lamp);
}

/* Roof, back and one side of glass, each a closed body that touches nothing. */
void bcue_bus_stop_add(bcue_world *world, bcue_vec3 at, double yaw)
{
    uint32_t shelter =
        bcue_world_add_object(world, (bcue_object){.kind = BCUE_OBJECT_BUS_STOP, .tint = {1, 1, 1}});
    uint32_t rest = trim(world, BCUE_OBJECT_BUS_STOP, 0.05f, 0.12f, 0.40f);
    turned_box(world, at, yaw, bcue_vec3_make(-0.95, -2.1, 2.40), bcue_vec3_make(0.65, 2.1, 2.52),
               BCUE_MATERIAL_STEEL, shelter);
    turned_box(world, at, yaw, bcue_vec3_make(-0.80, -1.9, 0.15), bcue_vec3_make(-0.76, 1.9, 2.35),
               BCUE_MATERIAL_GLASS, shelter);
    turned_box(world, at, yaw, bcue_vec3_make(-0.70, -1.95, 0.15), bcue_vec3_make(0.50, -1.91, 2.35),
               BCUE_MATERIAL_GLASS, shelter);
    for (int i = 0; i < 4; i++)
        turned_box(world, at, yaw, bcue_vec3_make(i & 1 ? 0.50 : -0.90, i & 2 ? 1.95 : -2.05, 0.0),
                   bcue_vec3_make(i & 1 ? 0.58 : -0.82, i & 2 ? 2.03 : -1.97, 2.4), BCUE_MATERIAL_STEEL,
                   rest);
    turned_box(world, at, yaw, bcue_vec3_make(-0.70, -1.5, 0.42), bcue_vec3_make(-0.35, 1.5, 0.48),
               BCUE_MATERIAL_BARK, rest);
    turned_box(world, at, yaw, bcue_vec3_make(0.3, 2.6, 0.0), bcue_vec3_make(0.38, 2.68, 2.9),
               BCUE_MATERIAL_STEEL, rest);
    turned_box(world, at, yaw, bcue_vec3_make(0.31, 2.35, 2.2), bcue_vec3_make(0.37, 2.93, 2.85),
               BCUE_MATERIAL_SIGN_BAND, rest);
}

void bcue_sign_add(bcue_world *world, bcue_vec3 at, double yaw, bcue_sign_kind kind)
{
    static const float tints[BCUE_SIGN_KIND_COUNT][3] = {
        {0.50f, 0.02f, 0.02f}, {0.75f, 0.75f, 0.75f}, {0.02f, 0.10f, 0.35f}};
    const float *tint = tints[kind];
    uint32_t sign = trim(world, BCUE_OBJECT_SIGN, tint[0], tint[1], tint[2]);
    pole(world, at, 2.7, 0.04, sign);
    bcue_vec3 low = {0.05, -0.35, 2.0}, high = {0.08, 0.35, 2.7};
    if (kind == BCUE_SIGN_NAME) {
        low = bcue_vec3_make(0.05, -0.6, 2.4);
        high = bcue_vec3_make(0.08, 0.6, 2.68);
    }
    turned_box(world, at, yaw, low, high, BCUE_MATERIAL_SIGN_BAND, sign);
    if (kind == BCUE_SIGN_SPEED) { /* a red rim behind */
        uint32_t rim = trim(world, BCUE_OBJECT_SIGN, 0.5f, 0.02f, 0.02f);
        turned_box(world, at, yaw, bcue_vec3_make(0.03, -0.43, 1.92), bcue_vec3_make(0.045, 0.43, 2.78),
                   BCUE_MATERIAL_SIGN_BAND, rim);
    }
}

bcue_vec3 bcue_traffic_light_add(bcue_world *world, bcue_vec3 at, double yaw, double reach_m, uint32_t signal)
{
    static const bcue_signal_state states[3] = {BCUE_SIGNAL_RED, BCUE_SIGNAL_YELLOW, BCUE_SIGNAL_GREEN};
    uint32_t frame_parts = trim(world, BCUE_OBJECT_SIGN, 0.03f, 0.03f, 0.03f);
    static const float lamps[3][3] = {{0.6f, 0.02f, 0.02f}, {0.6f, 0.35f, 0.02f}, {0.02f, 0.45f, 0.12f}};
    bcue_frame frame = bcue_frame_make(at, yaw, 0.0);
    const double heads[2][2] = {{0.0, 2.6},
                                {reach_m, 5.2}}; /* to the left of the post, height of the lowest lamp */
    pole(world, at, 5.9, 0.09, frame_parts);
    turned_box(world, at, yaw, bcue_vec3_make(-0.06, fmin(0.0, reach_m - 0.3), 5.75),
               bcue_vec3_make(0.06, fmax(0.0, reach_m + 0.3), 5.87), BCUE_MATERIAL_STEEL, frame_parts);
    for (int head = 0; head < 2; head++) {
        double y = heads[head][0], z = heads[head][1];
        turned_box(world, at, yaw, bcue_vec3_make(0.10, y - 0.18, z - 0.18),
                   bcue_vec3_make(0.30, y + 0.18, z + 0.88), BCUE_MATERIAL_TRIM, frame_parts);
        for (int lamp = 0; lamp < 3; lamp++) {
            uint32_t glass = trim(world, BCUE_OBJECT_SIGN, lamps[lamp][0], lamps[lamp][1], lamps[lamp][2]);
            if (glass < world->object_count) {
                world->objects[glass].signal = signal + 1;
                world->objects[glass].signal_state = (uint32_t)states[lamp];
            }
            double up = z + 0.32 * (2 - lamp);
            turned_box(world, at, yaw, bcue_vec3_make(0.30, y - 0.11, up - 0.07),
                       bcue_vec3_make(0.33, y + 0.11, up + 0.15), BCUE_MATERIAL_SIGN_BAND, glass);
        }
    }
    return bcue_vec3_add(at, bcue_frame_world(&frame, bcue_vec3_make(0.35, reach_m, 5.6)));
}
