/* A case of op_cases.h made ready to run on an engine, and its comparison with the golden values. */
#ifndef BCUE_TESTS_CASE_PLAN_H
#define BCUE_TESTS_CASE_PLAN_H

#include "engine/plan.h"
#include "op_cases.h"
#include "tensor/safetensors.h"

typedef struct bcue_case_plan {
    const bcue_op_case *op_case;
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
    bcue_dtype dtype;
} bcue_case_plan;

/* Graph, weights and plan; inputs and parameters filled by bcue_op_case_fill. On failure nothing is left. */
bcue_status bcue_case_plan_create(const bcue_op_case *op_case, const bcue_plan_options *options,
                                  bcue_case_plan *made, bcue_error *error);
void bcue_case_plan_destroy(bcue_case_plan *made);
/* Element i of data in the plan's element type. */
double bcue_case_get(const bcue_case_plan *made, const void *data, int64_t i);
void bcue_case_put(const bcue_case_plan *made, void *data, int64_t i, double value);
/* Where the caller writes a named input or parameter; its number of elements in `count`. */
void *bcue_case_leaf(bcue_case_plan *made, bcue_value value, int64_t *count);
/* The gradient of an input or parameter after backward; NULL: none. */
const void *bcue_case_leaf_gradient(const bcue_case_plan *made, bcue_value value);

/* Run the case with the golden file's inputs and compare everything that the file has for these options:
   training (outputs, gradients, running statistics), frozen_norm (gradients), inference (y). Returns the
   largest difference, each relative to the largest magnitude of its golden tensor (or 1e-3 if that is
   larger); negative: the file lacks the case. Input gradients are left out where the engine gives none.
   `where` says which tensor it was. `compared` counts the tensors. */
double bcue_case_golden_error(const bcue_safetensors *golden, const bcue_op_case *op_case,
                              const bcue_plan_options *options, char where[160], int *compared);

#endif
