/* How long layers take on this machine, by what they compute, kept in a file; and what a network takes by it:
   the sum over its layers. */
#ifndef BCUE_COMPRESS_LAYER_TABLE_H
#define BCUE_COMPRESS_LAYER_TABLE_H

#include "base/json.h"
#include "base/text.h"
#include "engine/plan.h"
#include "models/int8_scales.h"
#include "models/model_graph.h"

typedef struct bcue_layer_table {
    char *path;     /* owned; NULL: in memory only */
    json_t *file;   /* owned: {machine: {layer: ms}}, those of other machines too */
    json_t *layers; /* of this machine, a part of `file` */
    bool changed;
} bcue_layer_table;

/* What this machine is to a table: processor, instruction sets, this library and the one of its kernels, and
   the threads that run a network (0: all that loops use). */
void bcue_layer_machine(int threads, bcue_text *machine);

/* What `path` (NULL: nothing) holds for this machine; a file that does not exist is an empty table.
   BCUE_ERROR_FORMAT when it is no table. Close with bcue_layer_table_close. */
bcue_status bcue_layer_table_open(const char *path, const char *machine, bcue_layer_table *table,
                                  bcue_error *error);
void bcue_layer_table_close(bcue_layer_table *table);
/* Writes it where something was added. */
bcue_status bcue_layer_table_save(bcue_layer_table *table, bcue_error *error);
bool bcue_layer_table_find(const bcue_layer_table *table, const char *layer, double *ms);
bcue_status bcue_layer_table_put(bcue_layer_table *table, const char *layer, double ms, bcue_error *error);

/* A network as the road side runs it (predict/network.h). */
typedef struct bcue_layered {
    const bcue_model_config *config;
    const bcue_model_inputs *inputs;
    const bcue_int8_scales *int8; /* NULL: in f32 */
    int threads;                  /* at most; 0: as many as help */
} bcue_layered;

/* One of the graphs that a window goes through. */
typedef struct bcue_layer_part {
    bcue_graph *graph;
    bcue_int8_input *int8; /* owned, per node; NULL: in f32 */
    int64_t next, window;  /* how often it runs for the next window of a stream, and for one of new frames */
} bcue_layer_part;
enum { BCUE_LAYER_PARTS = BCUE_PICTURE_INPUTS + 1 };

typedef struct bcue_layer_parts {
    bcue_layer_part items[BCUE_LAYER_PARTS];
    int count;
} bcue_layer_parts;

/* Free with bcue_layer_parts_free. */
bcue_status bcue_layer_parts_make(const bcue_layered *network, bcue_layer_parts *parts, bcue_error *error);
void bcue_layer_parts_free(bcue_layer_parts *parts);

/* The names in a table of what a part runs, one for each chain of nodes that one kernel can run: the
   operators, their shapes and settings, what computes their inputs, and whether in 8 bits. `seconds` (per
   node) may be NULL; else visit gets the sum over the chain, else 0. */
typedef bcue_status bcue_layer_visit(void *cookie, const char *layer, double seconds, bcue_error *error);
bcue_status bcue_layer_part_visit(const bcue_layer_part *part, const double *seconds, bcue_layer_visit *visit,
                                  void *cookie, bcue_error *error);

typedef struct bcue_layer_sum {
    double next_ms, window_ms; /* of the layers that the table knows: the next window of a stream, and one of
                                  new frames */
    int32_t layers, unknown;   /* of all parts; the table lacks so many of them */
} bcue_layer_sum;

bcue_status bcue_layer_table_sum(const bcue_layer_table *table, const bcue_layered *network,
                                 bcue_layer_sum *sum, bcue_error *error);
/* Times what the table lacks of the network, `runs` times, with weights that are drawn, and puts it in.
   Layers that occur more than once get the mean. *added: how many are new. */
bcue_status bcue_layer_table_learn(bcue_layer_table *table, const bcue_layered *network, long runs,
                                   int32_t *added, bcue_error *error);

#endif
