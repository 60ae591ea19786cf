/* Sums of complex tones, fast: eight samples of four tones at a time. The same bits on every machine. */
#ifndef BCUE_DSP_TONE_H
#define BCUE_DSP_TONE_H

#include <stddef.h>

/* amplitude * exp(j 2 pi (turns + turns_per_sample * n)), n = 0, 1, ... */
typedef struct bcue_tone {
    double amplitude, turns, turns_per_sample;
} bcue_tone;

/* The length that bcue_add_tones wants for `samples`: the next multiple of 8. */
size_t bcue_tone_padded(size_t samples);
/* Add `count` tones to re and im, `padded` samples each. The phase runs by multiplication in float, begun
   anew every 512 samples: its error stays below 1e-5. */
void bcue_add_tones(const bcue_tone *tones, size_t count, size_t padded, float *re, float *im);

#endif
