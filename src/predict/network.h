/* The network of a session: in one plan, or, when a window has several frames, in two parts. What a frame
   goes through alone (the front: stem and stage 1) runs frame by frame and can be kept for later windows. */
#ifndef BCUE_PREDICT_NETWORK_H
#define BCUE_PREDICT_NETWORK_H

#include "beamcue/predict.h"
#include "predict/model_handle.h"

typedef struct bcue_network bcue_network;

/* `model` is no look-up model and outlives the network. One thread at a time. */
bcue_status bcue_network_create(const bcue_model *model, const bcue_session_options *options,
                                bcue_network **network, bcue_error *error);
void bcue_network_destroy(bcue_network *network);

/* A window begins that has to be through at `until_s` (bcue_clock_s; INFINITY: no hurry). When what is left
   of it is expected to take longer, going by the windows before, no further operator is begun, and take or
   run gives BCUE_ERROR_CANCELLED. Frames taken before are kept. */
void bcue_network_begin(bcue_network *network, double until_s);
/* The longest operator since the network was made, or since the last call with `again`. */
double bcue_network_longest_s(bcue_network *network, bool again);

/* Where the features of the fixes go, (fixes, 2), or of frame `index` (0 = oldest) of a modality, (C, H, W).
   NULL: the model takes none. For frames in order: write, take, next. */
float *bcue_network_position(bcue_network *network);
float *bcue_network_frame(bcue_network *network, bcue_model_input input, size_t index);
/* Uses what was kept of the frame with this id (not 0), instead of writing and taking it. False: nothing. */
bool bcue_network_recall(bcue_network *network, bcue_model_input input, size_t index, uint64_t id);
/* The frame is written. `id`: keep it under this name; 0: do not. */
bcue_status bcue_network_take(bcue_network *network, bcue_model_input input, size_t index, uint64_t id,
                              bcue_error *error);
void bcue_network_forget(bcue_network *network); /* all that was kept */

/* Of the window that is written next every frame or fix of these inputs (bits 1 << bcue_model_input) is
   missing; 0: of none. What takes their place is what the model file found best ('beamcue complete'): zeros,
   their mean, or what the generator makes of the others. The first window that lacks a set of several that is
   generated takes longer, and allocates: its network is planned then. */
bcue_status bcue_network_lack(bcue_network *network, unsigned missing, bcue_error *error);
int bcue_network_stand_in(const bcue_network *network); /* bcue_stand_in of what is missing */
/* Is the input generated, so that nothing need be written? */
bool bcue_network_skips(const bcue_network *network, bcue_model_input input);
/* What to write for the frames of a missing input, (C, H, W), or for each fix, (2). NULL: zeros. */
const float *bcue_network_mean(const bcue_network *network, bcue_model_input input);

/* The scores of the window, valid until the next run. `*ms`: what the network took, fronts included. */
bcue_status bcue_network_run(bcue_network *network, const float **logits, double *ms, bcue_error *error);
void bcue_network_get_facts(const bcue_network *network, bcue_session_facts *facts);

#endif
