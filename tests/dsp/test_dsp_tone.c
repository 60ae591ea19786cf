/* Sums of tones against sine and cosine in double precision. */
#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/rng.h"
#include "dsp/tone.h"

static void test_tones(void)
{
    static const size_t lengths[] = {8, 256, 512, 1504};
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
        for (size_t count = 0; count <= 9; count++) {
            bcue_tone tones[9];
            bcue_rng rng = bcue_rng_make(6, BCUE_RNG_TEST, (uint32_t)k, (uint32_t)count, 0);
            float *re = bcue_calloc_aligned(lengths[k], sizeof *re),
                  *im = bcue_calloc_aligned(lengths[k], sizeof *im);
            double worst = 0;
            for (size_t i = 0; i < count; i++)
                tones[i] = (bcue_tone){bcue_rng_range(&rng, 0, 2), bcue_rng_range(&rng, -3, 3),
                                       bcue_rng_range(&rng, -0.6, 0.6)};
            for (size_t n = 0; n < lengths[k]; n++)
                re[n] = 1; /* what is there stays */
            bcue_add_tones(tones, count, lengths[k], re, im);
            for (size_t n = 0; n < lengths[k]; n++) {
                double sum[2] = {1, 0};
                for (size_t i = 0; i < count; i++) {
                    double angle =
                        6.28318530717958647692 * (tones[i].turns + tones[i].turns_per_sample * (double)n);
                    sum[0] += tones[i].amplitude * cos(angle);
                    sum[1] += tones[i].amplitude * sin(angle);
                }
                worst = fmax(worst, hypot((double)re[n] - sum[0], (double)im[n] - sum[1]));
            }
            CHECK_AT(worst <= 2e-5 * (1 + (double)count), "%zu tones, %zu samples: off by %g", count,
                     lengths[k], worst);
            free(re);
            free(im);
        }
    CHECK_INT(bcue_tone_padded(1), 8);
    CHECK_INT(bcue_tone_padded(256), 256);
}

int main(void)
{
    RUN(test_tones);
    return check_summary();
}
