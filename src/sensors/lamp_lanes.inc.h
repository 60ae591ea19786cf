/* lamp_lanes.h with FLOAT_LANES floats at a time. The including file defines FLOAT_LANES and LAMP_LANES. */
#include <math.h>
#include "base/float_lanes.h"
#include "base/memory.h"
#include "sensors/lamp_lanes.h"

static int near(const bcue_lamp_list *list, const bcue_lamp_points *points, uint32_t *numbers, int most)
{
    const bcue_float3 low = points->low, high = points->high;
    const bcue_float3 centre = {0.5f * (low.x + high.x), 0.5f * (low.y + high.y), 0.5f * (low.z + high.z)};
    const bcue_float3 half = {high.x - centre.x, high.y - centre.y, high.z - centre.z};
    const float radius = 1.001f * sqrtf(half.x * half.x + half.y * half.y + half.z * half.z) + 1e-3f;
    const lanes none = {0};
    int found = 0;
    for (size_t i = 0; i < list->count; i += LANES) {
        lanes x = load(list->column[BCUE_LAMP_X] + i), y = load(list->column[BCUE_LAMP_Y] + i),
              z = load(list->column[BCUE_LAMP_Z] + i);
        lanes dx = larger(larger(low.x - x, x - high.x), none),
              dy = larger(larger(low.y - y, y - high.y), none),
              dz = larger(larger(low.z - z, z - high.z), none);
        lane_mask holds = dx * dx + dy * dy + dz * dz < load(list->column[BCUE_LAMP_REACH2] + i);
        if (lane_bits(holds) == 0)
            continue;
        /* Can the light of a cone that looks forward fall into the ball? How far the centre lies outside of
           the cone's surface. */
        lanes ex = centre.x - x, ey = centre.y - y, ez = centre.z - z;
        lanes along = ex * load(list->column[BCUE_LAMP_AXIS_X] + i) +
                      ey * load(list->column[BCUE_LAMP_AXIS_Y] + i) +
                      ez * load(list->column[BCUE_LAMP_AXIS_Z] + i);
        lanes across = lane_sqrt(larger(ex * ex + ey * ey + ez * ez - along * along, none));
        lanes cosine = load(list->column[BCUE_LAMP_COS] + i), sine = load(list->column[BCUE_LAMP_SIN] + i);
        lane_mask meets = (along > all(-radius)) & (cosine * across - sine * along <= all(radius));
        uint32_t bits = lane_bits(holds & ((cosine <= none) | meets));
        if (list->count - i < LANES)
            bits &= (1u << (list->count - i)) - 1u;
        for (; bits != 0 && found < most; bits &= bits - 1)
            numbers[found++] = (uint32_t)(i + (size_t)__builtin_ctz(bits));
    }
    return found;
}

static inline lanes shares_of_cone(float cos_edge, lanes cosine)
{
    lanes inside = (cosine - cos_edge) / (1.0f - cos_edge);
    lanes t = smaller(larger(2.5f * inside, all(0.0f)), all(1.0f));
    return t * t * (3.0f - 2.0f * t);
}

static uint32_t irradiance(const bcue_lamp_light *light, const bcue_lamp_points *p, float least,
                           float values[BCUE_RAY_LANES])
{
    const bcue_float3 at = light->position, axis = light->direction;
    const float reach = light->reach * light->reach, strength = light->intensity;
    const float cone = light->cos_edge > 0.0f ? light->cos_edge * light->cos_edge : -1.0f;
    const lanes none = {0};
    uint32_t lit = 0;
    for (int i = 0; i < BCUE_RAY_LANES; i += LANES) {
        /* Out of reach, behind the surface, too slanting, outside of a cone that looks forward: most of them
         * end here. */
        lanes dx = at.x - load(p->x + i), dy = at.y - load(p->y + i), dz = at.z - load(p->z + i);
        lanes square = dx * dx + dy * dy + dz * dz + 1e-4f,
              facing = dx * load(p->nx + i) + dy * load(p->ny + i) + dz * load(p->nz + i);
        lanes along = -(dx * axis.x + dy * axis.y + dz * axis.z), most = strength * facing;
        lane_mask counts = (square <= all(reach)) & (facing > none) &
                           (most * most > 0.999f * least * least * square * square * square);
        if (cone >= 0.0f)
            counts &= (along > none) & (along * along >= cone * square);
        lanes value = none;
        if (lane_bits(counts) != 0) {
            lanes scale = 1.0f / lane_sqrt(square);
            value = strength * facing * scale;
            if (light->cos_edge > -1.0f)
                value *= shares_of_cone(light->cos_edge, along * scale);
            value /= square;
            value = choose(counts & ~(value < all(least)), value, none);
            lit |= lane_bits(value > none) << i;
        }
        memcpy(values + i, &value, sizeof value);
    }
    return lit;
}

static void keep_strongest(float (*values)[BCUE_RAY_LANES], int lamps, const int lit[BCUE_RAY_LANES],
                           int most)
{
    for (int i = 0; i < BCUE_RAY_LANES; i += LANES) {
        lane_mask surplus;
        memcpy(&surplus, lit + i, sizeof surplus);
        surplus -= most;
        while (lane_bits(surplus > 0) != 0) {
            lanes least = all(HUGE_VALF);
            lane_mask weakest = {0};
            for (int c = 0; c < lamps; c++) {
                lanes value = load(values[c] + i);
                lane_mask weaker = (value > 0.0f) & (value < least);
                least = choose(weaker, value, least);
                weakest = (c & weaker) | (weakest & ~weaker);
            }
            for (uint32_t left = lane_bits(surplus > 0); left != 0; left &= left - 1) {
                int lane = __builtin_ctz(left);
                values[weakest[lane]][i + lane] = 0.0f;
            }
            surplus -= 1;
        }
    }
}

const bcue_lamp_lanes LAMP_LANES = {near, irradiance, keep_strongest};
