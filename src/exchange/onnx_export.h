/* A network as an ONNX file (IR version 8, operator set 18), to be run by other runtimes. */
#ifndef BCUE_EXCHANGE_ONNX_EXPORT_H
#define BCUE_EXCHANGE_ONNX_EXPORT_H

#include "base/text.h"
#include "graph/graph.h"
#include "graph/weights.h"
#include "models/model_file.h"

/* What is written. Everything is borrowed. */
typedef struct bcue_onnx_source {
    const bcue_graph *graph;
    /* The same model built for another batch size: where a dimension differs between the two, it is written
       as free ("batch"). NULL: every size is fixed. */
    const bcue_graph *other;
    const bcue_weights *weights;  /* f32, found by name */
    const bcue_int8_scales *int8; /* these layers take their inputs and weights through QuantizeLinear and
                                     DequantizeLinear, the weights as bytes. NULL: none */
    const char *optional;         /* an input that may be left out: then it is a row of zeros. NULL: none */
    const char *name;             /* of the graph */
    const bcue_metadata *metadata;
    size_t metadata_count;
} bcue_onnx_source;

/* The inference graph: what its outputs need, without the losses; dropout left out, attention and GELU spelt
   out. Inputs, outputs and weights keep their names. Appends the file's bytes to `out`.
   BCUE_ERROR_UNSUPPORTED names a node that ONNX has nothing for. */
bcue_status bcue_onnx_encode(const bcue_onnx_source *source, bcue_text *out, bcue_error *error);

/* A model file's network for `batch` windows at a time, 0: any number. Its recipes, codebook and history go
   into the metadata; what computes in 8 bits does so there, too. Atomic. BCUE_ERROR_ARGUMENT for a look-up
   model, which is no network. */
bcue_status bcue_onnx_write_model(const char *path, const bcue_model_file *model, int64_t batch,
                                  bcue_error *error);
/* What answers without the inputs in `missing` (bits 1 << bcue_model_input), of a model file with a generator
   for them (models/completion.h), by the stand-in BCUE_STAND_IN_GENERATED or BCUE_STAND_IN_MAP: the whole
   network without their branches, or the generator of their maps, whose outputs "made.M" are inputs of
   bcue_onnx_write_model's file. Both have the input "latent" (draws, latent numbers): draws of N(0, 1), one
   row for all windows or a row for each; left out it is zero, which gives the mean of the prior, as `predict`
   has it. Never in 8 bits where the generator is. BCUE_ERROR_ARGUMENT: there is no such generator, or nothing
   is left. */
bcue_status bcue_onnx_write_gap(const char *path, const bcue_model_file *model, unsigned missing,
                                int stand_in, int64_t batch, bcue_error *error);

#endif
