/* Inside the room: what a user's CSV says of the beams. */
#ifndef BCUE_PREDICT_BEAM_LIST_H
#define BCUE_PREDICT_BEAM_LIST_H

#include <stddef.h>
#include "beamcue/status.h"

typedef struct bcue_beam_note {
    double azimuth_deg, elevation_deg; /* NaN: unknown */
    char *id;                          /* owned; NULL: none */
} bcue_beam_note;

/* Of every beam, `beams` notes. path NULL: nothing is known. BCUE_ERROR_DATA: a beam that there is not, or
   twice; a number that is none; no column "beam". */
bcue_status bcue_beam_list_read(const char *path, size_t beams, bcue_beam_note **notes, bcue_error *error);
void bcue_beam_list_free(bcue_beam_note *notes, size_t beams); /* NULL is fine */

#endif
