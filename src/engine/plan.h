/* Running a graph. A plan is made for one graph (one batch size), one engine and one purpose; it owns one
   arena for all values (lifetimes overlap), and running it allocates nothing and takes no lock in beamcue's
   own code. A plan is a session: one thread at a time; several plans may share the same weights for
   inference. */
#ifndef BCUE_ENGINE_PLAN_H
#define BCUE_ENGINE_PLAN_H

#include "graph/graph.h"
#include "graph/int8_layer.h"
#include "engine/packed_weights.h"
#include "engine/row_linear.h"
#include "graph/weights.h"

typedef enum bcue_engine {
    BCUE_ENGINE_REFERENCE, /* plain C, obviously right, slow; float or double */
    BCUE_ENGINE_ONEDNN,    /* oneDNN kernels, float */
} bcue_engine;

typedef struct bcue_plan bcue_plan;

/* The library behind BCUE_ENGINE_ONEDNN and its version: "oneDNN 2.6.3", or "none". */
void bcue_engine_library(char *text, size_t size);

/* Batch norm over the batches of several plans, in several processes or threads, that run the same graph in
   step. Such batch norms run in plain C. */
typedef struct bcue_norm_sync {
    void *cookie;
    /* Adds `values` over all plans, in place, the same result for all. Called by the thread that runs the
       plan, by every plan equally often. */
    void (*sum)(void *cookie, double *values, size_t count);
    double share; /* of this plan's rows in the whole batch: its loss is the mean over its own rows */
} bcue_norm_sync;

typedef struct bcue_plan_options {
    bcue_engine engine;
    bcue_dtype dtype; /* BCUE_F32; BCUE_F64 for the reference engine only; must equal the weights' */
    bool training;    /* keep what backward needs; batch norm takes batch statistics and updates the running
                         ones; dropout is on */
    bool no_fusion;   /* inference: do not fold batch norm nor fuse convolution + bias + residual + ReLU (for
                         tests) */
    bool no_winograd; /* inference, oneDNN: direct convolution only (Winograd's takes 4 times the memory for
                         its weights, and rounds more) */
    int64_t window_pictures; /* inference, oneDNN: the rules that look at how many pictures a window has see
                                this; 0: what the graph's inputs say */
    bcue_packed_weights
        *packed;        /* inference, oneDNN: where packed weights lie, shared with other plans of weights
                           whose data has the same addresses; these never change then, and are not
                           read any more when the plan is made. Outlives the plan. NULL: its own */
    bool frozen_norm;   /* training: batch norm keeps its running statistics, as in inference (dropout off):
                           gradients "in inference mode" */
    const bool *frozen; /* training: parameters (by index) that stay as they are: they get no gradient, and a
                           batch norm whose running statistics are among them normalises by these, as in
                           inference. Outlives the plan. NULL: none */
    const struct bcue_norm_sync
        *norm_sync;      /* training: batch norm takes its statistics over several plans that
                            run in step; outlives the plan. NULL: over this one's batch */
    size_t memory_limit; /* training, oneDNN: of the arena, in bytes. Where it would be larger, some values
                            are not  kept for the backward pass but computed again: as few as it takes, and
                            the  same  bits. Not with norm_sync. 0: no limit */
    const bcue_int8_input
        *int8; /* inference, oneDNN: per node, how a convolution or linear layer takes its input in 8 bits
                  (scale 0, and other nodes: f32); read while the plan is made. The weights in 8 bits are
                  those of that moment. Where bcue_int8_available is false everything is f32. NULL: f32 */
    bcue_weight_bits
        weight_bits;      /* inference, oneDNN: how the weights of linear layers of up to 8 rows lie (those of
                             one sample: head, students); the others, and convolutions, stay f32 */
    bool input_gradients; /* training, oneDNN: gradients of the real inputs too (the reference engine always
                     has them) */
} bcue_plan_options;

/* `graph` and `weights` must outlive the plan; inference plans only read them (call bcue_plan_weights_changed
   after changing them), training plans also write the running statistics. Only what the outputs need is
   planned: an inference plan leaves out the loss. BCUE_ERROR_MEMORY, with the least size that would do, when
   memory_limit is too low. */
bcue_status bcue_plan_create(const bcue_graph *graph, bcue_weights *weights, const bcue_plan_options *options,
                             bcue_plan **plan, bcue_error *error);
void bcue_plan_destroy(bcue_plan *plan);

/* The caller's buffer of an input, dense row-major, element type of the plan (BCUE_I32 for labels). Stays
   valid with the plan; contents survive runs. NULL: no such input. */
void *bcue_plan_input(bcue_plan *plan, const char *name);
/* After forward: the dense row-major data of an output; valid until the next forward. NULL: no such output.
 */
const void *bcue_plan_output(const bcue_plan *plan, const char *name);

/* Which random numbers dropout uses in the next forward. */
void bcue_plan_set_step(bcue_plan *plan, uint64_t seed, uint32_t epoch, uint32_t step);
bcue_status bcue_plan_forward(bcue_plan *plan, bcue_error *error);
/* From now on `stop` is asked before every operator of a forward pass; true: the pass ends there with
   BCUE_ERROR_CANCELLED, its outputs are worth nothing, and the next forward starts anew. NULL: nobody is
   asked.
 */
typedef bool bcue_plan_stop(void *cookie);
void bcue_plan_set_stop(bcue_plan *plan, bcue_plan_stop *stop, void *cookie);
/* Training plans, after forward: gradients of the scalar output `loss` with respect to every trainable
 * parameter (overwritten, not accumulated). */
bcue_status bcue_plan_backward(bcue_plan *plan, bcue_error *error);
/* Forward, and where `backward` is given (training) backward, with a clock around every kernel: adds the
   seconds that each node took to forward[node] and backward[node], arrays over the nodes of the graph. What
   was fused counts for the node that it was fused into; layout changes count for the node that needed them.
 */
bcue_status bcue_plan_profile(bcue_plan *plan, double *forward, double *backward, bcue_error *error);
/* Dense row-major gradient of parameter i, shape of the parameter, valid from backward to the next forward;
 * NULL for running statistics, for frozen parameters and for those the loss does not reach. */
void *bcue_plan_gradient(bcue_plan *plan, int32_t parameter);
/* Gradient of a real input named `name`. NULL when not available: see input_gradients. */
const void *bcue_plan_input_gradient(const bcue_plan *plan, const char *name);
void bcue_plan_weights_changed(bcue_plan *plan);
size_t bcue_plan_peak_bytes(const bcue_plan *plan); /* of the arena: inputs, activations, gradients */
/* The share of the forward pass's multiply-adds that the backward pass does again because of memory_limit. */
double bcue_plan_recomputed(const bcue_plan *plan);
/* Packed weights, of all plans that share them. 0: the plan computes with the weights as they are. */
size_t bcue_plan_packed_bytes(const bcue_plan *plan);
/* Layers that compute in 8 bits. */
int32_t bcue_plan_int8_layers(const bcue_plan *plan);
/* Linear layers whose weights lie in fewer bits (weight_bits). */
int32_t bcue_plan_row_layers(const bcue_plan *plan);

#endif
