#include "world/material.h"

/* Classes of ITU-R P.2040-4 as half-spaces, as bcue_radio_material_named makes them (a test compares). */
#define RADIO(name, a, b, c, d, min_ghz, max_ghz, itu)                                                       \
    {                                                                                                        \
        name, a, b, c, d, (min_ghz)*1e9, (max_ghz)*1e9, itu, false, 0.0, 0.0, 0.0, 0.0,                      \
            BCUE_LOBE_LAMBERTIAN, 4                                                                          \
    }
#define CONCRETE RADIO("concrete", 5.24, 0, 0.0462, 0.7822, 1, 100, 2)
#define BRICK RADIO("brick", 3.91, 0, 0.0238, 0.16, 1, 40, 3)
#define WOOD RADIO("wood", 1.99, 0, 0.0047, 1.0718, 0.001, 100, 5)
#define GLASS RADIO("glass", 6.31, 0, 0.0036, 1.3394, 0.1, 100, 6)
#define ASPHALT RADIO("asphalt_concrete", 4.83, 0, 0.0108, 1.3969, 1, 40, 15)
#define METAL RADIO("metal", 1.0, 0, 1e7, 0, 1, 100, 16)
#define MEDIUM_DRY_GROUND RADIO("medium_dry_ground", 15.0, -0.1, 0.035, 1.63, 1, 10, 18)

/* Paving, rubber, cloth and leaves have no parameters of their own in P.2040; concrete stands in for the
   first, wood for the others. */
static const bcue_material materials[BCUE_MATERIAL_COUNT] = {
    [BCUE_MATERIAL_ASPHALT] = {"asphalt", {0.095f, 0.095f, 0.10f}, 0.0f, false, BCUE_PATTERN_ROAD, ASPHALT},
    [BCUE_MATERIAL_PAVING] = {"paving", {0.42f, 0.40f, 0.37f}, 0.0f, false, BCUE_PATTERN_SLABS, CONCRETE},
    [BCUE_MATERIAL_GRASS] =
        {"grass", {0.105f, 0.19f, 0.045f}, 0.0f, false, BCUE_PATTERN_SPECKLE, MEDIUM_DRY_GROUND},
    [BCUE_MATERIAL_PLAZA] = {"plaza", {0.30f, 0.27f, 0.24f}, 0.0f, false, BCUE_PATTERN_SLABS, CONCRETE},
    [BCUE_MATERIAL_FACADE] = {"facade", {0.80f, 0.80f, 0.80f}, 0.0f, true, BCUE_PATTERN_WINDOWS, CONCRETE},
    [BCUE_MATERIAL_BRICK_FACADE] =
        {"brick facade", {0.80f, 0.80f, 0.80f}, 0.0f, true, BCUE_PATTERN_BRICKS, BRICK},
    [BCUE_MATERIAL_ROOF] = {"roof", {0.28f, 0.25f, 0.23f}, 0.0f, false, BCUE_PATTERN_PLAIN, CONCRETE},
    [BCUE_MATERIAL_PAINT] = {"paint", {1.0f, 1.0f, 1.0f}, 0.35f, true, BCUE_PATTERN_PLAIN, METAL},
    [BCUE_MATERIAL_CARGO] = {"cargo box", {0.72f, 0.72f, 0.70f}, 0.1f, false, BCUE_PATTERN_PLAIN, METAL},
    [BCUE_MATERIAL_GLASS] = {"glass", {0.025f, 0.03f, 0.035f}, 0.9f, false, BCUE_PATTERN_PLAIN, GLASS},
    [BCUE_MATERIAL_RUBBER] = {"rubber", {0.02f, 0.02f, 0.02f}, 0.0f, false, BCUE_PATTERN_PLAIN, WOOD},
    [BCUE_MATERIAL_TRIM] = {"trim", {0.035f, 0.035f, 0.04f}, 0.1f, false, BCUE_PATTERN_PLAIN, METAL},
    [BCUE_MATERIAL_RIM] = {"rim", {0.45f, 0.45f, 0.47f}, 0.3f, false, BCUE_PATTERN_PLAIN, METAL},
    [BCUE_MATERIAL_HEADLIGHT] = {"headlight", {0.90f, 0.90f, 0.85f}, 0.5f, false, BCUE_PATTERN_PLAIN, GLASS},
    [BCUE_MATERIAL_TAILLIGHT] = {"tail light", {0.50f, 0.02f, 0.02f}, 0.4f, false, BCUE_PATTERN_PLAIN, GLASS},
    [BCUE_MATERIAL_CLOTHES] = {"clothes", {0.10f, 0.11f, 0.16f}, 0.0f, false, BCUE_PATTERN_PLAIN, WOOD},
    [BCUE_MATERIAL_BARK] = {"bark", {0.12f, 0.08f, 0.05f}, 0.0f, false, BCUE_PATTERN_PLAIN, WOOD},
    [BCUE_MATERIAL_LEAVES] = {"leaves", {0.07f, 0.16f, 0.03f}, 0.0f, true, BCUE_PATTERN_SPECKLE, WOOD},
    [BCUE_MATERIAL_STEEL] = {"steel", {0.22f, 0.24f, 0.25f}, 0.2f, false, BCUE_PATTERN_PLAIN, METAL},
    [BCUE_MATERIAL_WALL] = {"wall", {1.0f, 1.0f, 1.0f}, 0.0f, true, BCUE_PATTERN_PLAIN, CONCRETE},
    [BCUE_MATERIAL_BRICK_WALL] = {"brick wall", {1.0f, 1.0f, 1.0f}, 0.0f, true, BCUE_PATTERN_COURSES, BRICK},
    [BCUE_MATERIAL_WINDOW] = {"window", {0.035f, 0.045f, 0.055f}, 0.8f, false, BCUE_PATTERN_PANE, GLASS},
    [BCUE_MATERIAL_FRAME] = {"frame", {0.52f, 0.50f, 0.46f}, 0.0f, false, BCUE_PATTERN_PLAIN, CONCRETE},
    [BCUE_MATERIAL_SIGN_BAND] = {"sign", {1.0f, 1.0f, 1.0f}, 0.1f, true, BCUE_PATTERN_PLAIN, METAL},
    [BCUE_MATERIAL_KERB] = {"kerb", {0.36f, 0.35f, 0.33f}, 0.0f, false, BCUE_PATTERN_PLAIN, CONCRETE},
    [BCUE_MATERIAL_LAMP] = {"lamp", {0.9f, 0.88f, 0.8f}, 0.3f, false, BCUE_PATTERN_PLAIN, GLASS},
    [BCUE_MATERIAL_SKIN] = {"skin", {0.45f, 0.28f, 0.20f}, 0.0f, false, BCUE_PATTERN_PLAIN, WOOD},
};

const bcue_material *bcue_material_get(bcue_material_id id)
{
    return &materials[id < BCUE_MATERIAL_COUNT ? id : BCUE_MATERIAL_ASPHALT];
}

double complex bcue_material_permittivity(bcue_material_id id, double frequency_hz)
{
    return bcue_radio_permittivity(&bcue_material_get(id)->radio, frequency_hz, NULL);
}
