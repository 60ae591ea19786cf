/* A model against values of PyTorch in double (tools/peer/parity_beamtransfuser.py whole tensors,
   tools/fixtures/make_beamtransfuser.py norms and sums). The error of a tensor is ||a - b|| / ||b||, or an
   estimate of it from the sums. */
#ifndef BCUE_TESTS_TORCH_PARITY_H
#define BCUE_TESTS_TORCH_PARITY_H

#include "base/json.h"
#include "engine/plan.h"
#include "models/beamtransfuser.h"
#include "tensor/safetensors.h"

typedef struct parity {
    bcue_safetensors *file;
    bcue_model_config config;
    bcue_config *owned;
    bcue_model_inputs inputs;
    bcue_config *owned_inputs;
    int64_t batch;
    uint32_t input_stream; /* of the first input */
    json_t *names;         /* of the parameters, in the order of their streams */
    bcue_graph *graph;
} parity;

typedef struct parity_errors {
    double outputs;         /* worst of logits and what leaves the stages */
    double loss;            /* absolute */
    double running;         /* worst of the running statistics */
    double gradient_median; /* over tensors, key biases left out */
    double gradient_worst;
    double zero; /* key and score biases, whose exact gradient is zero: worst difference as a share of the
                    norm of all gradients */
    char worst_output[96], worst_gradient[96];
    int compared; /* tensors */
} parity_errors;

bcue_status parity_open(const char *path, parity *p, bcue_error *error);
void parity_close(parity *p);
/* `training` false: batch norm by its running statistics; gradients in both. */
bcue_status parity_run(const parity *p, bcue_engine engine, bcue_dtype dtype, bool training,
                       parity_errors *errors, bcue_error *error);
/* An inference plan, with everything fused that can be: outputs only. */
bcue_status parity_infer(const parity *p, bcue_engine engine, bcue_dtype dtype, parity_errors *errors,
                         bcue_error *error);
/* "gradient_median" ... of PyTorch's own f32, as the file says for the mode. */
double parity_torch_f32(const parity *p, bool training, const char *key);

#endif
