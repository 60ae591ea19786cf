/* Half precision: every value there and back, and any float to the nearest of them. */
#include "check.h"

#include <math.h>
#include <string.h>
#include "base/rng.h"
#include "tensor/half.h"

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void every_half_there_and_back(void)
{
    for (uint32_t h = 0; h < 65536; h++) {
        const float value = bcue_half_to_float((uint16_t)h);
        const int exponent = (int)(h >> 10 & 31u);
        const double fraction = (double)(h & 1023u);
        if (exponent == 31) {
            CHECK(fraction > 0 ? isnan(value) : isinf(value));
            CHECK((bcue_half_from_float(value) & 0x7C00u) == 0x7C00u);
            continue;
        }
        const double size = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024.0 + fraction, exponent - 25);
        CHECK_AT((double)value == (h & 0x8000u ? -size : size), "half %u is %g", h, (double)value);
        CHECK_AT(bcue_half_from_float(value) == h, "half %u comes back as %u", h,
                 bcue_half_from_float(value));
    }
}

static void floats_go_to_the_nearest(void)
{
    bcue_rng rng = bcue_rng_make(4, BCUE_RNG_TEST, 0, 0, 0);
    for (int i = 0; i < 200000; i++) {
        const float value = (float)ldexp(bcue_rng_range(&rng, -1, 1), (int)bcue_rng_range(&rng, -27, 16));
        const uint16_t h = bcue_half_from_float(value);
        const double error = fabs((double)bcue_half_to_float(h) - (double)value);
        for (int step = -1; step <= 1; step += 2) {
            const uint16_t other = (uint16_t)(h + step);
            if ((other & 0x7C00u) == 0x7C00u || (other & 0x8000u) != (h & 0x8000u))
                continue;
            const double there = fabs((double)bcue_half_to_float(other) - (double)value);
            CHECK_AT(error < there || (error == there && (h & 1u) == 0), "%a became %a, not %a",
                     (double)value, (double)bcue_half_to_float(h), (double)bcue_half_to_float(other));
        }
    }
    CHECK_INT(bcue_half_from_float(65519.9f), 0x7BFF);
    CHECK_INT(bcue_half_from_float(65520.0f), 0x7C00);
    CHECK_INT(bcue_half_from_float(-1e30f), 0xFC00);
    CHECK_INT(bcue_half_from_float(0x1p-25f), 0);
    CHECK_INT(bcue_half_from_float(float_of(0x33000001)), 1);
}

static void bfloats_are_cut_floats(void)
{
    CHECK((double)bcue_bfloat_to_float(0x3F80) == 1.0);
    CHECK((double)bcue_bfloat_to_float(0xC049) == -3.140625);
    CHECK(isinf(bcue_bfloat_to_float(0x7F80)));
}

int main(void)
{
    RUN(every_half_there_and_back);
    RUN(floats_go_to_the_nearest);
    RUN(bfloats_are_cut_floats);
    return check_summary();
}
