/* Training of a generator of the input maps of missing modalities (models/map_completion.h), from a data set.
 */
#ifndef BCUE_LEARN_COMPLETE_MAPS_H
#define BCUE_LEARN_COMPLETE_MAPS_H

#include "dataset/split.h"
#include "learn/complete_lesson.h"
#include "learn/score_file.h"

/* The session's file has the tensors of the generator (bcue_complete_reserve) and the means and spreads of
   the inputs; fills in the former. Errors in *fit: mean over the modalities, and over the numbers of each
   where it is missing; every validation sample lacks one set, in turn. */
bcue_status bcue_complete_train_maps(const bcue_complete_config *config, bcue_score_session *session,
                                     const bcue_score_job *job, const bcue_split *split,
                                     const bcue_hooks *hooks, bcue_complete_fit *fit, bcue_error *error);

#endif
