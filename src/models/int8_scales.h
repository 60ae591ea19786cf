/* Which layers of a model compute in 8 bits, and the scales of their inputs, as its file keeps them. The
   weights stay in f32; whoever makes a plan rounds them. */
#ifndef BCUE_MODELS_INT8_SCALES_H
#define BCUE_MODELS_INT8_SCALES_H

#include "base/config.h"
#include "graph/graph.h"
#include "graph/int8_layer.h"

typedef struct bcue_int8_scales {
    bcue_string_list layers;   /* by the names of their weights; for each of them: */
    bcue_double_list scale;    /* of its input, above 0 */
    bcue_int_list negative;    /* 1: the input is stored signed, 0: unsigned */
    char *method;              /* "percentile", ...: how the scales were found */
    int64_t windows, episodes; /* they were found with */
    int64_t epochs;            /* that the weights were then trained for with these roundings */
    char *data;                /* hash of the data set */
} bcue_int8_scales;

extern const bcue_config_field bcue_int8_scales_fields[];

/* What the table of keys cannot say: one scale for each layer, above 0; and that the layers are convolutions
   or linear layers of the model's graph. `name`: of the file. BCUE_ERROR_FORMAT. */
bcue_status bcue_int8_scales_check(const bcue_int8_scales *scales, const char *name, bcue_error *error);
bcue_status bcue_int8_scales_check_layers(const bcue_int8_scales *scales, const bcue_graph *graph,
                                          const char *name, bcue_error *error);

/* The name of the weights of a convolution or linear layer, NULL for other nodes. */
const char *bcue_int8_layer_name(const bcue_graph *graph, int32_t index);
/* *inputs: per node of the graph, which may be a part of the model's; as bcue_plan_options wants it. The
   caller frees it. */
bcue_status bcue_int8_scales_apply(const bcue_int8_scales *scales, const bcue_graph *graph,
                                   bcue_int8_input **inputs, bcue_error *error);

/* Replaces *graph by one that computes these layers as in 8 bits, but in real numbers, on any machine
   (graph/fake_int8.h). *graph stays what it was when this fails. */
bcue_status bcue_int8_scales_round(const bcue_int8_scales *scales, bcue_graph **graph, bcue_error *error);

#endif
