/* A modality that is missing, filled in at the end of its branch (paper A, section IV-B, for features): a
   conditional variational auto-encoder (Sohn et al. 2015) that generates what the missing branch of a
   BeamTransFuser would have given to the pooled sum out of what the other branches give. One model serves
   every pattern of missing modalities. The missing branch is not run, and its tokens leave the fusion
   sequences (models/beamtransfuser.h).

   Vectors of a modality: (rows, width), a row for each of its frames or fixes, width 8 times model.width.
   x: all vectors less their mean in training, over one spread for each modality.
   decoder: h = ReLU(A z + sum over what is there of (B_m x_m + b_m)), h' = ReLU(C h + c), x_m = D_m h' + d_m;
   b_m is what tells it which modalities are there.
   posterior (training only): the rows of all modalities one below the other, what is there beside what is
   missing, through a convolution over three rows, ReLU, adaptive average pooling and two linear layers to
   mean and log variance. prior: N(0, 1) (the paper's), or learned from what is there. */
#ifndef BCUE_MODELS_COMPLETION_H
#define BCUE_MODELS_COMPLETION_H

#include "models/model_graph.h"

typedef enum bcue_completion_prior {
    BCUE_PRIOR_FIXED,   /* z from N(0, 1) */
    BCUE_PRIOR_LEARNED, /* z from N(mean, variance) of what is there */
} bcue_completion_prior;

/* What a generator makes. */
typedef enum bcue_completion_target {
    BCUE_TARGET_FEATURE, /* what leaves the missing branch: this file */
    BCUE_TARGET_MAP,     /* what enters it: models/map_completion.h */
    BCUE_TARGET_BOTH,    /* there are both generators */
} bcue_completion_target;

/* What takes the place of a missing modality. */
typedef enum bcue_stand_in {
    BCUE_STAND_IN_ZERO,      /* its inputs are zero, as for missing frames in training */
    BCUE_STAND_IN_NOISE,     /* N(0, 1) in its inputs, as paper A tests without a generator */
    BCUE_STAND_IN_MEAN,      /* the mean of its inputs in training */
    BCUE_STAND_IN_HOLD,      /* the last that was seen */
    BCUE_STAND_IN_GENERATED, /* its vectors from the generator */
    BCUE_STAND_IN_MAP,       /* its inputs from the generator of maps */
    BCUE_STAND_IN_COUNT
} bcue_stand_in;

/* NULL-terminated */
extern const char *const bcue_stand_in_names[], *const bcue_completion_prior_names[],
                                                    *const bcue_completion_target_names[];

/* What was best, on the validation part, without these modalities. */
typedef struct bcue_completion_choice {
    bcue_string_list missing; /* bcue_model_input_names */
    int stand_in;             /* bcue_stand_in */
    double dba, full_dba;     /* with it, and with everything */
} bcue_completion_choice;

/* As the model file keeps it, beside the tensors "complete.*". */
typedef struct bcue_completion {
    int prior;  /* bcue_completion_prior */
    int target; /* bcue_completion_target */
    int64_t latent, hidden;
    int64_t channels;        /* of the generator of maps: of its smallest maps */
    bcue_double_list spread; /* of the vectors of camera, lidar, radar, gps; 0: the model does not see it */
    bcue_double_list map_spread; /* of their inputs, likewise. Each is there where its generator is */
    bcue_section_list choices;   /* of bcue_completion_choice */
    char *data;                  /* hash of the data set */
} bcue_completion;

extern const bcue_config_field bcue_completion_fields[];

/* What the table of keys cannot say, for a model file `name`. BCUE_ERROR_FORMAT. */
bcue_status bcue_completion_check(const bcue_completion *completion, const bcue_model_config *config,
                                  const char *name, bcue_error *error);
/* Has it the generator of this stand-in (bcue_stand_in)? True of those that need none. */
bool bcue_completion_offers(const bcue_completion *completion, int stand_in);
/* Bits 1 << bcue_model_input of a choice. */
unsigned bcue_completion_missing(const bcue_completion_choice *choice);
/* The measured choice for these missing inputs; NULL: none was measured. */
const bcue_completion_choice *bcue_completion_find(const bcue_completion *completion, unsigned missing);

/* Sizes of the vectors of a BeamTransFuser. */
typedef struct bcue_branch_vectors {
    int64_t rows[BCUE_INPUT_COUNT]; /* 0: the model does not see it */
    int64_t width;
    unsigned seen; /* bits of inputs */
} bcue_branch_vectors;
bcue_branch_vectors bcue_branch_vectors_of(const bcue_model_config *config, const bcue_model_inputs *inputs);

/* values[m]: the vectors (batch, rows, width) of every input that is seen and not `missing`; fills in the
   missing ones. Adds the input "latent" (batch, latent): zeros give the mean of the prior, draws of N(0, 1) a
   draw of it. */
void bcue_completion_fill(bcue_graph *graph, const bcue_completion *completion,
                          const bcue_branch_vectors *vectors, int64_t batch, unsigned missing,
                          bcue_value values[BCUE_INPUT_COUNT]);

const char *bcue_completion_made_name(bcue_model_input input); /* "made.camera", ... */
/* The generator alone: inputs "vectors.M" of what is there (as bcue_model_vectors_name) and "latent", outputs
   "made.M" of what is missing, (batch, rows, width). */
bcue_status bcue_completion_build_generator(const bcue_completion *completion,
                                            const bcue_model_config *config, const bcue_model_inputs *inputs,
                                            unsigned missing, int64_t batch, bcue_graph **graph,
                                            bcue_error *error);

/* Everything that a model file keeps, as parameters: those of its generators, and "complete.input.M", the
   mean of the inputs of M in training (C, H, W), of fixes (2). Not to be run. */
bcue_status bcue_completion_build_kept(const bcue_completion *completion, const bcue_model_config *config,
                                       const bcue_model_inputs *inputs, bcue_graph **graph,
                                       bcue_error *error);

/* Training. Inputs for every modality M seen: "given.M" and "target.M" (batch, rows width), less mean and
   over spread, "there.M" (batch, 1), 1 or 0; "latent" (batch, latent), draws of N(0, 1); "kl_weight" (1).
   Outputs, means over the batch: "reconstruction" -ln p(x | z) / weight of the missing modalities with
   deviation 1 (half the squared error, summed), "kl" KL(q(z | x, y) || p(z | x)), "loss" = weight
   reconstruction + kl_weight kl. Without `posterior` z comes from the prior and there is no kl. */
bcue_status bcue_completion_build_training(const bcue_completion *completion,
                                           const bcue_branch_vectors *vectors, double weight, bool posterior,
                                           int64_t batch, bcue_graph **graph, bcue_error *error);

#endif
