/* Shared by the parts of the search for a smaller network. */
#ifndef BCUE_COMPRESS_SEARCH_PARTS_H
#define BCUE_COMPRESS_SEARCH_PARTS_H

#include "compress/compress_run.h"
#include "compress/layer_table.h"
#include "models/model_file.h"

enum { BCUE_SEARCH_ROUNDS = 3 };

typedef struct bcue_searcher {
    const bcue_run_config *run;
    const bcue_config *origin;
    const bcue_dataset *dataset;
    const bcue_stopwatch *stopwatch;
    const bcue_hooks *hooks;
    bcue_run_member member;
    bcue_split split;
    char seen_hash[17];
    char *base;            /* the model that it begins with */
    bcue_model_file whole; /* the same, read */
    bcue_layer_table table;
    bcue_search *search;
} bcue_searcher;

/* "FOLDER/model-seedS.safetensors", malloc'd. NULL: no memory. */
char *bcue_search_model_path(const bcue_searcher *s, const char *folder);

/* search_time.c */
/* DBA and top-1 of a model file on the validation samples. */
bcue_status bcue_search_validate(const bcue_searcher *s, const char *path, bcue_candidate *candidate,
                                 bcue_error *error);
/* One more round of the candidate's model. */
bcue_status bcue_search_time(const bcue_searcher *s, bcue_candidate *candidate, bcue_error *error);
/* So many rounds of all that were timed before, turn and turn about: what else the machine did meanwhile
   would otherwise be counted for one candidate and not for another. */
bcue_status bcue_search_time_all(const bcue_searcher *s, int rounds, bcue_error *error);
/* Its parameters and the sum over its layers; those that the table lacks are timed first. */
bcue_status bcue_search_sum_layers(bcue_searcher *s, bcue_candidate *candidate, bcue_error *error);
/* Predicted times of all, from the whole model's. */
void bcue_search_predict(bcue_search *search);

/* The same for a network that has no file yet. */
bcue_status bcue_search_sum_network(bcue_searcher *s, const bcue_model_config *config,
                                    const bcue_model_inputs *inputs, const bcue_int8_scales *int8,
                                    bcue_candidate *candidate, bcue_error *error);

/* search_make.c */
/* A new one in f32, and with 8 bits its twin after it; both know nothing yet. */
bcue_candidate *bcue_search_new(bcue_searcher *s, bcue_candidate_kind kind, bcue_candidate_state state);
/* The model of exact->folder is trained: its twin is made, both are timed and scored. `s` may be of other
   data than the search's. */
bcue_status bcue_search_take_trained(bcue_searcher *s, bcue_candidate *exact, bcue_error *error);
/* Does FOLDER hold all that a share or network leaves when it is finished? *out_of_memory: not known. */
bool bcue_search_is_finished(const char *folder, bool *out_of_memory);
/* "OUT/compress/STAGE", malloc'd. NULL: no memory. */
char *bcue_search_stage(const bcue_searcher *s, const char *stage);

/* search_other.c */
/* What compress.frames and compress.pixels name, screened. */
bcue_status bcue_search_add_others(bcue_searcher *s, bcue_error *error);
/* Trains one of these. */
bcue_status bcue_search_tune_other(bcue_searcher *s, bcue_candidate *exact, bcue_error *error);
/* Where its model lies, or will. malloc'd, NULL: no memory. */
char *bcue_search_other_folder(const bcue_searcher *s, const bcue_candidate *exact);
/* The dense control of equal latency to `best`, screened: the widest network that is predicted to be no
   slower, in f32 also where `best` is in 8 bits. search->dense is -1 when there is none. */
bcue_status bcue_search_add_dense(bcue_searcher *s, const bcue_candidate *best, bcue_error *error);

bcue_status bcue_search_add_whole(bcue_searcher *s, bcue_error *error);
/* The shape of a share of the parameters, screened. */
bcue_status bcue_search_add_shape(bcue_searcher *s, double ratio, bcue_error *error);
/* Trains the candidate, or takes what an earlier call trained. With 8 bits also its twin. */
bcue_status bcue_search_tune(bcue_searcher *s, bcue_candidate *exact, bcue_error *error);
/* Did an earlier call train it? */
bcue_status bcue_search_is_tuned(const bcue_searcher *s, const bcue_candidate *exact, bool *tuned,
                                 bcue_error *error);

#endif
