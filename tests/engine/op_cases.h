/* The operators' case table: what correctness, gradients, golden values and speed are measured on. */
#ifndef BCUE_TESTS_OP_CASES_H
#define BCUE_TESTS_OP_CASES_H

#include "graph/graph.h"

/* `build` makes a graph with real inputs (filled by the test; labels are named "label"), the outputs "y" and
   "loss". Unless the case ends in a loss, "loss" is sum(y * cotangent) with an input "cotangent". */
typedef struct bcue_op_case {
    const char *name;
    void (*build)(bcue_graph *graph);
    bool random; /* has dropout: nothing to compare with another library */
} bcue_op_case;

extern const bcue_op_case bcue_op_cases[];
extern const int bcue_op_case_count;

/* Fill the named input or parameter of a case: standard normal from (case name, value name), except that
   "label" holds classes, "row_weight" is positive, "target" holds probabilities by row, running variances and
   norm weights lie in 0.5 .. 1.5. `data` is float or double (twice), int32_t for labels. */
void bcue_op_case_fill(const char *case_name, const bcue_graph *graph, bcue_value value, bool twice,
                       void *data);

#endif
