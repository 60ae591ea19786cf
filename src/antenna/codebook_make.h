/* What the makers of codebooks share. */
#ifndef BCUE_ANTENNA_CODEBOOK_MAKE_H
#define BCUE_ANTENNA_CODEBOOK_MAKE_H

#include "antenna/codebook.h"

/* An empty codebook with all arrays (no weights for 0 elements), one lobe per beam; false without memory. */
bool bcue_codebook_allocate(size_t beams, size_t elements, bcue_codebook *codebook);

#endif
