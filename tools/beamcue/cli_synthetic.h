/* A picture and a list of radar points to measure with when none are given. */
#ifndef BCUE_CLI_SYNTHETIC_H
#define BCUE_CLI_SYNTHETIC_H

#include <stdbool.h>
#include "beamcue/predict.h"

enum {
    BCUE_CLI_SYNTHETIC_WIDTH = 960,
    BCUE_CLI_SYNTHETIC_HEIGHT = 540,
    BCUE_CLI_SYNTHETIC_POINTS = 1700 /* as many as a frame of street-v1 has */
};

/* A smooth colour PNG of that size, stored without compression; always the same. The caller frees
 * picture->data. False: no memory. */
bool bcue_cli_synthetic_picture(bcue_encoded_picture *picture);
/* An npy of that many points (velocity, azimuth, altitude, depth) in front of a radar, 12 of which move;
 * always the same. The caller frees frame->data. False: no memory. */
bool bcue_cli_synthetic_points(bcue_encoded_picture *frame);

#endif
