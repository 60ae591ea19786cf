/* A picture to measure with when none is given. */
#ifndef BCUE_CLI_SYNTHETIC_H
#define BCUE_CLI_SYNTHETIC_H

#include <stdbool.h>
#include "beamcue/predict.h"

enum { BCUE_CLI_SYNTHETIC_WIDTH = 960, BCUE_CLI_SYNTHETIC_HEIGHT = 540 };

/* A smooth colour PNG of that size, stored without compression; always the same. The caller frees
 * picture->data. False: no memory. */
bool bcue_cli_synthetic_picture(bcue_encoded_picture *picture);

#endif
