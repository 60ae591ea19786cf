/* A oneDNN program: buffers with lifetimes, views of them through memory descriptors, and steps (oneDNN
   primitives and own kernels) in execution order. It is built once, given one arena, and then only run:
   running allocates nothing and takes no lock here.

   Building is sticky: the first failure is kept in the program, every later call does nothing and gives
   BCUE_DN_NONE, and bcue_dn_program_finish reports it. Not thread-safe. */
#ifndef BCUE_ENGINE_ONEDNN_PROGRAM_H
#define BCUE_ENGINE_ONEDNN_PROGRAM_H

#include <dnnl.h>
#include "base/memory.h"
#include "tensor/tensor.h"

enum { BCUE_DN_NONE = -1 };

/* What prepare steps share memory for: what one of them leaves for the next, and scratchpads. */
enum { BCUE_DN_STAGING_WEIGHTS, BCUE_DN_STAGING_SCRATCH, BCUE_DN_STAGING_COUNT };

/* Memory that lives from step `first` to step `last`, both included; step 0 stands for everything before the
 * first run. */
typedef struct bcue_dn_buffer {
    size_t bytes;
    int32_t first, last;
    void *data; /* someone else's from the start, or a part of the arena after finish */
} bcue_dn_buffer;

typedef struct bcue_dn_view {
    dnnl_memory_desc_t desc;
    int32_t buffer;
    size_t offset;        /* of the first element, in bytes */
    dnnl_memory_t memory; /* made by finish for views that a primitive uses */
} bcue_dn_view;

typedef struct bcue_dn_program bcue_dn_program;
typedef struct bcue_dn_step bcue_dn_step;
typedef bcue_status bcue_dn_kernel(const bcue_dn_program *program, const bcue_dn_step *step,
                                   bcue_error *error);

struct bcue_dn_step {
    dnnl_primitive_t primitive; /* NULL: `kernel` */
    bcue_dn_kernel *kernel;
    void *context; /* of the kernel; lives in the program's arena of objects */
    int count;
    dnnl_exec_arg_t *args; /* of the primitive */
    int32_t *views;        /* what args, or the kernel, refer to */
    int32_t owner;         /* the node that it was made for, or -1 */
};

typedef struct bcue_dn_step_list {
    bcue_dn_step *steps;
    size_t count, capacity;
} bcue_dn_step_list;

struct bcue_dn_program {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    bcue_arena *objects; /* args, contexts */
    bcue_dn_buffer *buffers;
    size_t buffer_count, buffer_capacity;
    bcue_dn_view *views;
    size_t view_count, view_capacity;
    bcue_dn_step_list prepare; /* run when the weights change */
    bcue_dn_step_list run;
    bool preparing;                         /* steps go to `prepare` */
    int32_t owner;                          /* of the steps that are appended now */
    int32_t staging[BCUE_DN_STAGING_COUNT]; /* buffers shared by the prepare steps, or BCUE_DN_NONE */
    unsigned char *memory;                  /* the arena of the buffers */
    size_t memory_bytes;
    bcue_status status;
    bcue_error error;
};

bcue_status bcue_dn_program_init(bcue_dn_program *program, bcue_error *error);
void bcue_dn_program_free(bcue_dn_program *program);

/* The sticky failure. `status` of oneDNN, `what` it was doing. */
void bcue_dn_fail(bcue_dn_program *program, dnnl_status_t status, const char *what);
void bcue_dn_fail_memory(bcue_dn_program *program);

/* Row-major descriptor of a shape; a scalar is one element. */
dnnl_memory_desc_t bcue_dn_plain_desc(int rank, const int64_t *dim);
dnnl_memory_desc_t bcue_dn_any_desc(int rank, const int64_t *dim);
dnnl_memory_desc_t bcue_dn_shape_desc(const bcue_shape *shape);
/* Are the bytes exactly those of the row-major layout? (A blocked layout of a 1 x 1 picture is.) */
bool bcue_dn_desc_is_plain(const dnnl_memory_desc_t *desc);

/* A view of new memory that lives from the next step to the last step that uses it. */
int32_t bcue_dn_new(bcue_dn_program *program, const dnnl_memory_desc_t *desc);
/* A view of someone else's memory. */
int32_t bcue_dn_external(bcue_dn_program *program, const dnnl_memory_desc_t *desc, void *data);
/* Another view of the same bytes. */
int32_t bcue_dn_alias(bcue_dn_program *program, int32_t view, const dnnl_memory_desc_t *desc);
/* A view of elements start .. start + length - 1 along an axis; BCUE_DN_NONE, and no failure, when the layout
   has blocks and a view cannot say so. */
int32_t bcue_dn_part(bcue_dn_program *program, int32_t view, int axis, int64_t start, int64_t length);
/* Does the layout leave no gaps (but for the padding of blocks)? */
bool bcue_dn_desc_is_dense(const dnnl_memory_desc_t *desc);
/* A view of the memory that prepare steps share. */
int32_t bcue_dn_staging(bcue_dn_program *program, int slot, const dnnl_memory_desc_t *desc);
/* The memory of the view is there from step 0 on / stays until the next run. */
void bcue_dn_keep_before(bcue_dn_program *program, int32_t view);
void bcue_dn_keep_after(bcue_dn_program *program, int32_t view);
const dnnl_memory_desc_t *bcue_dn_desc(const bcue_dn_program *program, int32_t view);
void *bcue_dn_data(const bcue_dn_program *program, int32_t view); /* after finish */

/* NULL when oneDNN has no implementation for this (not a failure). Scratchpads are in user mode. The caller
 * destroys it. */
dnnl_primitive_desc_t bcue_dn_describe(bcue_dn_program *program, const_dnnl_op_desc_t desc,
                                       const_dnnl_post_ops_t post_ops, const_dnnl_primitive_desc_t hint);
/* The same, the implementation whose name contains `name`. */
dnnl_primitive_desc_t bcue_dn_describe_named(bcue_dn_program *program, const_dnnl_op_desc_t desc,
                                             const_dnnl_post_ops_t post_ops, const char *name);
/* The descriptor of argument `what` of a primitive; zero descriptor when it has none. */
dnnl_memory_desc_t bcue_dn_query(const_dnnl_primitive_desc_t primitive, dnnl_query_t what);

typedef struct bcue_dn_arg {
    int arg; /* DNNL_ARG_... */
    int32_t view;
} bcue_dn_arg;
void bcue_dn_emit(bcue_dn_program *program, const_dnnl_primitive_desc_t primitive, const bcue_dn_arg *args,
                  int count);
void bcue_dn_emit_kernel(bcue_dn_program *program, bcue_dn_kernel *kernel, void *context,
                         const int32_t *views, int count);
void bcue_dn_emit_reorder(bcue_dn_program *program, int32_t from, int32_t to);

/* How large the arena will be. */
bcue_status bcue_dn_program_measure(const bcue_dn_program *program, size_t *bytes, bcue_error *error);
/* Lay out the memory, bind everything. Afterwards only run. */
bcue_status bcue_dn_program_finish(bcue_dn_program *program, bcue_error *error);
/* The prepare steps will not be run again. */
void bcue_dn_forget_prepare(bcue_dn_program *program);
bcue_status bcue_dn_run(const bcue_dn_program *program, const bcue_dn_step_list *list, size_t begin,
                        size_t end, bcue_error *error);
/* The same, and adds the seconds of each step to seconds[owner]. */
bcue_status bcue_dn_run_timed(const bcue_dn_program *program, const bcue_dn_step_list *list, size_t begin,
                              size_t end, double *seconds, bcue_error *error);

#endif
