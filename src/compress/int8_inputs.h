/* How the layers of a network take their inputs in 8 bits, from what calibration windows produce. */
#ifndef BCUE_COMPRESS_INT8_INPUTS_H
#define BCUE_COMPRESS_INT8_INPUTS_H

#include "compress/calibrate.h"
#include "engine/plan.h"

typedef struct bcue_int8_calibration {
    bcue_range_rule method;
    double share;   /* for BCUE_CALIBRATE_PERCENTILE */
    size_t windows; /* the graph takes `batch` of them at a time; what is left over is not used */
    size_t batch;
    void *context;
    /* Writes windows first .. first + count - 1 into the plan's inputs. */
    void (*feed)(void *context, bcue_plan *plan, size_t first, size_t count);
} bcue_int8_calibration;

/* inputs[node] for every node of `graph`, whose inference needs f32 `weights`. Convolutions and linear layers
   get a scale, but for a layer whose result is an output of the graph (the last one of the head): 0, as all
   other nodes. The graph gets further outputs: give a copy that nobody else uses. */
bcue_status bcue_int8_inputs(bcue_graph *graph, bcue_weights *weights,
                             const bcue_int8_calibration *calibration, bcue_int8_input *inputs,
                             bcue_error *error);

#endif
