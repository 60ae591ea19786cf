/* What a model answered, drawn: test pictures with the ranked beams over them. */
#ifndef BCUE_API_EXAMPLE_FRAMES_H
#define BCUE_API_EXAMPLE_FRAMES_H

#include "learn/predictions.h"
#include "learn/run_config.h"
#include "report/page.h"

/* Adds a section with up to six test pictures spread over `predictions`, and the power per beam of the first.
 * Without pictures it adds nothing. */
bcue_status bcue_add_example_frames(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                                    const bcue_predictions *predictions, bcue_error *error);

#endif
