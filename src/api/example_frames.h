/* What a model answered, drawn: test pictures with the ranked beams over them. */
#ifndef BCUE_API_EXAMPLE_FRAMES_H
#define BCUE_API_EXAMPLE_FRAMES_H

#include "api/sample_lookup.h"
#include "base/file.h"
#include "learn/predictions.h"
#include "learn/run_config.h"
#include "report/page.h"

/* The newest picture of a sample as it is on disk. */
typedef struct bcue_picture_file {
    bcue_bytes bytes;     /* data NULL: no such picture (any more), or one that cannot be read */
    double width, height; /* pixels */
} bcue_picture_file;
bcue_status bcue_picture_open(const bcue_dataset *dataset, const bcue_sample *sample,
                              bcue_picture_file *picture, bcue_error *error);
void bcue_picture_close(bcue_picture_file *picture);

/* Adds a section with up to six test pictures spread over `predictions`, and the power per beam of the first.
 * Without pictures it adds nothing. */
bcue_status bcue_add_example_frames(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                                    const bcue_sample_lookup *lookup, const bcue_predictions *predictions,
                                    bcue_error *error);
/* Adds a section with the worst answers: a table, and the pictures of those that have one. Nothing where no
 * answer can be told from another. */
bcue_status bcue_add_worst_cases(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                                 const bcue_sample_lookup *lookup, const bcue_predictions *predictions,
                                 bcue_error *error);

#endif
