/* What an engine implements behind plan.h. Each engine's plan begins with a struct bcue_plan. */
#ifndef BCUE_ENGINE_PLAN_BACKEND_H
#define BCUE_ENGINE_PLAN_BACKEND_H

#include "engine/plan.h"

/* The functions of plan.h of the same name; plan.c has checked the arguments that are the same for all
 * engines. */
typedef struct bcue_plan_vtable {
    void (*destroy)(bcue_plan *plan);
    void *(*input)(bcue_plan *plan, const char *name);
    const void *(*output)(const bcue_plan *plan, const char *name);
    void (*set_step)(bcue_plan *plan, uint64_t seed, uint32_t epoch, uint32_t step);
    bcue_status (*forward)(bcue_plan *plan, bcue_error *error);
    bcue_status (*backward)(bcue_plan *plan, bcue_error *error);
    bcue_status (*profile)(bcue_plan *plan, double *forward, double *backward, bcue_error *error);
    void *(*gradient)(bcue_plan *plan, int32_t parameter);
    const void *(*input_gradient)(const bcue_plan *plan, const char *name);
    void (*weights_changed)(bcue_plan *plan);
    size_t (*peak_bytes)(const bcue_plan *plan);
    double (*recomputed)(const bcue_plan *plan);   /* NULL: nothing */
    size_t (*packed_bytes)(const bcue_plan *plan); /* NULL: none */
    int32_t (*int8_layers)(const bcue_plan *plan); /* NULL: none */
    int32_t (*row_layers)(const bcue_plan *plan);  /* NULL: none */
} bcue_plan_vtable;

struct bcue_plan {
    const bcue_plan_vtable *vtable;
    bool training;
    bool forward_done; /* kept by plan.c: backward needs a successful forward */
    int32_t parameter_count;
    bcue_plan_stop *stop; /* NULL: none; engines ask it before every operator of forward */
    void *stop_cookie;
};

/* BCUE_ERROR_CANCELLED when the plan's stop says so before operator `at`. */
bcue_status bcue_plan_ask_stop(const bcue_plan *plan, size_t at, bcue_error *error);

/* The value that a training plan differentiates: the output "loss"; BCUE_NO_VALUE when there is none. */
bcue_value bcue_plan_find_loss(const bcue_graph *graph);

/* Is this value a parameter that the plan trains? */
bool bcue_plan_trains(const bcue_plan_options *options, const bcue_value_info *info);
/* Does this batch norm normalise by the batch and update its running statistics? */
bool bcue_plan_norm_by_batch(const bcue_plan_options *options, const bcue_graph *graph,
                             const bcue_node *node);

/* Called with a graph that checks, weights that match it, and options that fit the engine. The engine sets
 * plan->vtable; plan.c fills in the rest. */
bcue_status bcue_reference_plan_create(const bcue_graph *graph, bcue_weights *weights,
                                       const bcue_plan_options *options, bcue_plan **plan, bcue_error *error);
bcue_status bcue_onednn_plan_create(const bcue_graph *graph, bcue_weights *weights,
                                    const bcue_plan_options *options, bcue_plan **result, bcue_error *error);

#endif
