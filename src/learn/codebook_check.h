/* Is a model of the codebook that recordings have? */
#ifndef BCUE_LEARN_CODEBOOK_CHECK_H
#define BCUE_LEARN_CODEBOOK_CHECK_H

#include "beamcue/hooks.h"
#include "dataset/recordings.h"

/* `note`: codebook_yaml of the model file `path`. Both known and different: BCUE_ERROR_DATA with both marks,
   unless data.other_codebook lets it through. */
bcue_status bcue_codebook_check(const char *path, const char *note, const bcue_dataset *dataset,
                                bcue_error *error);
/* Tell the log what was not compared, because the model or the recordings do not say their codebook and the
   other does, and what was let through. Nothing when both are the same, or neither says anything. */
void bcue_codebook_tell(const char *path, const char *note, const bcue_dataset *dataset,
                        const bcue_hooks *hooks);
/* The same by the name of the file; none, or one that cannot be read, is passed over in silence. */
void bcue_codebook_tell_file(const char *path, const bcue_dataset *dataset, const bcue_hooks *hooks);

#endif
