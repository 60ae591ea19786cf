#include "dsp/tone.h"

#include <math.h>

#include "dsp/fft.h"
#include "dsp/lanes_kernels.h"

enum { LANES = BCUE_FFT_LANES, LONGEST_RUN = 512 };
static const double two_pi = 6.28318530717958647692;

size_t bcue_tone_padded(size_t samples)
{
    return (samples + LANES - 1) / LANES * LANES;
}

/* Where a tone stands at eight samples, and its turn over eight. */
static void begin(const bcue_tone *tone, size_t first, bcue_lanes_tone *run)
{
    double turns = tone->turns + tone->turns_per_sample * (double)first;
    double angle = two_pi * (turns - floor(turns)),
           step = two_pi * (tone->turns_per_sample - floor(tone->turns_per_sample));
    double now[2] = {tone->amplitude * cos(angle), tone->amplitude * sin(angle)},
           turn[2] = {cos(step), sin(step)};
    for (int lane = 0; lane < LANES; lane++) {
        run->re[lane] = (float)now[0];
        run->im[lane] = (float)now[1];
        const double next[2] = {now[0] * turn[0] - now[1] * turn[1], now[0] * turn[1] + now[1] * turn[0]};
        now[0] = next[0];
        now[1] = next[1];
    }
    for (int doubling = 0; doubling < 3; doubling++) { /* to the power of 8 */
        const double square[2] = {turn[0] * turn[0] - turn[1] * turn[1], 2 * turn[0] * turn[1]};
        turn[0] = square[0];
        turn[1] = square[1];
    }
    run->turn_re = (float)turn[0];
    run->turn_im = (float)turn[1];
}

void bcue_add_tones(const bcue_tone *tones, size_t count, size_t padded, float *re, float *im)
{
    static const bcue_tone silence;
    for (size_t first = 0; first < padded; first += LONGEST_RUN) {
        size_t length = padded - first < LONGEST_RUN ? padded - first : LONGEST_RUN;
        for (size_t i = 0; i < count; i += BCUE_TONES_AT_ONCE) {
            bcue_lanes_tone run[BCUE_TONES_AT_ONCE];
            for (size_t k = 0; k < BCUE_TONES_AT_ONCE; k++)
                begin(i + k < count ? &tones[i + k] : &silence, first, &run[k]);
            bcue_lanes_best()->add_tones(run, length / LANES, re + first, im + first);
        }
    }
}
