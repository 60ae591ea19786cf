/* What enters the branches of a network, for what stands in for it: mean and spread, and where they are kept.
 */
#ifndef BCUE_LEARN_COMPLETE_INPUTS_H
#define BCUE_LEARN_COMPLETE_INPUTS_H

#include "learn/score_file.h"
#include "models/completion.h"

/* The tensor "complete.PART.M" of what a model file keeps; NULL: there is none. */
float *bcue_complete_tensor(const bcue_weights *generator, const char *part, int m);
/* Makes all that file->completion needs, its values drawn with the seed. The file has none yet. */
bcue_status bcue_complete_reserve(bcue_model_file *file, uint64_t seed, bcue_error *error);
/* One pass over training samples of the job's data set: "complete.input.M", the mean over the frames that are
   there, and, where maps are generated, completion->map_spread, the root of the mean variance of the numbers
   (at least 1e-6). */
bcue_status bcue_complete_measure_inputs(bcue_score_session *session, const bcue_score_job *job,
                                         const size_t *samples, size_t count, const bcue_hooks *hooks,
                                         bcue_error *error);
/* Floats of a frame, or of a fix. */
size_t bcue_complete_frame_numbers(const bcue_model_inputs *inputs, int m);

#endif
