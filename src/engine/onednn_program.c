#include "engine/onednn_program.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/fail.h"
#include "engine/memory_plan.h"

bcue_status bcue_dn_program_init(bcue_dn_program *program, bcue_error *error)
{
    *program = (bcue_dn_program){.staging = {BCUE_DN_NONE, BCUE_DN_NONE}, .owner = -1};
    program->objects = bcue_arena_create();
    if (program->objects == NULL)
        return bcue_fail_memory(error, "a oneDNN plan");
    if (dnnl_engine_create(&program->engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&program->stream, program->engine, dnnl_stream_default_flags) != dnnl_success)
        return bcue_fail(error, BCUE_ERROR_INTERNAL, "oneDNN cannot make a CPU engine");
    return BCUE_OK;
}

static void free_steps(bcue_dn_step_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->steps[i].primitive != NULL)
            dnnl_primitive_destroy(list->steps[i].primitive);
    free(list->steps);
}

void bcue_dn_forget_prepare(bcue_dn_program *program)
{
    free_steps(&program->prepare);
    program->prepare = (bcue_dn_step_list){0};
}

void bcue_dn_program_free(bcue_dn_program *program)
{
    free_steps(&program->prepare);
    free_steps(&program->run);
    for (size_t i = 0; i < program->view_count; i++)
        if (program->views[i].memory != NULL)
            dnnl_memory_destroy(program->views[i].memory);
    free(program->views);
    free(program->buffers);
    bcue_pages_free(program->memory, program->memory_bytes);
    bcue_arena_destroy(program->objects);
    if (program->stream != NULL)
        dnnl_stream_destroy(program->stream);
    if (program->engine != NULL)
        dnnl_engine_destroy(program->engine);
    *program = (bcue_dn_program){.staging = {BCUE_DN_NONE, BCUE_DN_NONE}};
}

void bcue_dn_fail(bcue_dn_program *program, dnnl_status_t status, const char *what)
{
    if (program->status != BCUE_OK)
        return;
    if (status == dnnl_out_of_memory)
        bcue_dn_fail_memory(program);
    else
        program->status = bcue_fail(&program->error, BCUE_ERROR_INTERNAL, "oneDNN: %s failed with status %d",
                                    what, (int)status);
}

void bcue_dn_fail_memory(bcue_dn_program *program)
{
    if (program->status == BCUE_OK)
        program->status = bcue_fail_memory(&program->error, "a oneDNN plan");
}

/* ---- descriptors ---- */

dnnl_memory_desc_t bcue_dn_plain_desc(int rank, const int64_t *dim)
{
    dnnl_memory_desc_t desc;
    dnnl_dims_t dims = {1}, strides = {1};
    int64_t stride = 1;
    for (int i = rank - 1; i >= 0; i--) {
        dims[i] = dim[i];
        strides[i] = stride;
        stride *= dim[i] > 0 ? dim[i] : 1;
    }
    memset(&desc, 0, sizeof desc);
    dnnl_memory_desc_init_by_strides(&desc, rank > 0 ? rank : 1, dims, dnnl_f32, strides);
    return desc;
}

dnnl_memory_desc_t bcue_dn_any_desc(int rank, const int64_t *dim)
{
    dnnl_memory_desc_t desc;
    dnnl_dims_t dims = {1};
    for (int i = 0; i < rank; i++)
        dims[i] = dim[i];
    memset(&desc, 0, sizeof desc);
    dnnl_memory_desc_init_by_tag(&desc, rank > 0 ? rank : 1, dims, dnnl_f32, dnnl_format_tag_any);
    return desc;
}

dnnl_memory_desc_t bcue_dn_shape_desc(const bcue_shape *shape)
{
    return bcue_dn_plain_desc(shape->rank, shape->dim);
}

bool bcue_dn_desc_is_plain(const dnnl_memory_desc_t *desc)
{
    if (desc->format_kind != dnnl_blocked || desc->offset0 != 0)
        return false;
    const dnnl_blocking_desc_t *blocking = &desc->format_desc.blocking;
    for (int i = 0; i < desc->ndims; i++)
        if (desc->padded_dims[i] != desc->dims[i])
            return false;
    /* At most one inner block; then its dimension steps by `block` outside and by 1 inside, which is one
       contiguous dimension exactly when the outer stride is the block. */
    if (blocking->inner_nblks > 1)
        return false;
    int blocked = blocking->inner_nblks == 1 ? (int)blocking->inner_idxs[0] : -1;
    int64_t expected = 1;
    for (int i = desc->ndims - 1; i >= 0; i--) {
        int64_t stride = blocking->strides[i];
        if (i == blocked) {
            int64_t block = blocking->inner_blks[0];
            if (expected != 1 || (desc->dims[i] > block && stride != block))
                return false;
        } else if (desc->dims[i] > 1 && stride != expected) {
            return false;
        }
        expected *= desc->dims[i];
    }
    return true;
}

bool bcue_dn_desc_is_dense(const dnnl_memory_desc_t *desc)
{
    size_t bytes = sizeof(float);
    for (int i = 0; i < desc->ndims; i++)
        bytes *= (size_t)desc->padded_dims[i];
    return dnnl_memory_desc_get_size(desc) == bytes;
}

/* ---- buffers and views ---- */

/* Step 0 is before the first run, so the run's steps count from 1. */
static int32_t next_step(const bcue_dn_program *program)
{
    return program->preparing ? 0 : (int32_t)program->run.count + 1;
}

static int32_t add_buffer(bcue_dn_program *program, size_t bytes, int32_t first, int32_t last, void *data)
{
    if (!bcue_grow((void **)&program->buffers, &program->buffer_capacity, program->buffer_count + 1,
                   sizeof *program->buffers)) {
        bcue_dn_fail_memory(program);
        return BCUE_DN_NONE;
    }
    program->buffers[program->buffer_count] = (bcue_dn_buffer){bytes, first, last, data};
    return (int32_t)program->buffer_count++;
}

static int32_t add_view(bcue_dn_program *program, const dnnl_memory_desc_t *desc, int32_t buffer)
{
    if (buffer == BCUE_DN_NONE)
        return BCUE_DN_NONE;
    if (!bcue_grow((void **)&program->views, &program->view_capacity, program->view_count + 1,
                   sizeof *program->views)) {
        bcue_dn_fail_memory(program);
        return BCUE_DN_NONE;
    }
    program->views[program->view_count] = (bcue_dn_view){*desc, buffer, 0, NULL};
    return (int32_t)program->view_count++;
}

int32_t bcue_dn_new(bcue_dn_program *program, const dnnl_memory_desc_t *desc)
{
    if (program->status != BCUE_OK)
        return BCUE_DN_NONE;
    int32_t first = next_step(program), last = program->preparing ? INT32_MAX : first;
    return add_view(program, desc, add_buffer(program, dnnl_memory_desc_get_size(desc), first, last, NULL));
}

int32_t bcue_dn_external(bcue_dn_program *program, const dnnl_memory_desc_t *desc, void *data)
{
    if (program->status != BCUE_OK)
        return BCUE_DN_NONE;
    return add_view(program, desc, add_buffer(program, dnnl_memory_desc_get_size(desc), 0, INT32_MAX, data));
}

int32_t bcue_dn_alias(bcue_dn_program *program, int32_t view, const dnnl_memory_desc_t *desc)
{
    if (program->status != BCUE_OK || view == BCUE_DN_NONE)
        return BCUE_DN_NONE;
    int32_t alias = add_view(program, desc, program->views[view].buffer);
    if (alias != BCUE_DN_NONE)
        program->views[alias].offset = program->views[view].offset;
    return alias;
}

int32_t bcue_dn_part(bcue_dn_program *program, int32_t view, int axis, int64_t start, int64_t length)
{
    if (program->status != BCUE_OK || view == BCUE_DN_NONE)
        return BCUE_DN_NONE;
    dnnl_memory_desc_t whole = program->views[view].desc, part;
    const dnnl_blocking_desc_t *blocking = &whole.format_desc.blocking;
    if (whole.format_kind != dnnl_blocked || blocking->inner_nblks > 0)
        return BCUE_DN_NONE;
    dnnl_dims_t dims;
    memcpy(dims, whole.dims, sizeof dims);
    dims[axis] = length;
    memset(&part, 0, sizeof part);
    if (dnnl_memory_desc_init_by_strides(&part, whole.ndims, dims, dnnl_f32, blocking->strides) !=
        dnnl_success)
        return BCUE_DN_NONE;
    int32_t result = bcue_dn_alias(program, view, &part);
    if (result != BCUE_DN_NONE)
        program->views[result].offset += (size_t)(start * blocking->strides[axis]) * sizeof(float);
    return result;
}

int32_t bcue_dn_staging(bcue_dn_program *program, int slot, const dnnl_memory_desc_t *desc)
{
    if (program->status != BCUE_OK)
        return BCUE_DN_NONE;
    size_t bytes = dnnl_memory_desc_get_size(desc);
    if (program->staging[slot] == BCUE_DN_NONE)
        program->staging[slot] = add_buffer(program, bytes, 0, 0, NULL);
    else if (program->buffers[program->staging[slot]].bytes < bytes)
        program->buffers[program->staging[slot]].bytes = bytes;
    return add_view(program, desc, program->staging[slot]);
}

void bcue_dn_keep_before(bcue_dn_program *program, int32_t view)
{
    if (view != BCUE_DN_NONE)
        program->buffers[program->views[view].buffer].first = 0;
}

void bcue_dn_keep_after(bcue_dn_program *program, int32_t view)
{
    if (view != BCUE_DN_NONE)
        program->buffers[program->views[view].buffer].last = INT32_MAX;
}

const dnnl_memory_desc_t *bcue_dn_desc(const bcue_dn_program *program, int32_t view)
{
    static const dnnl_memory_desc_t none;
    return view == BCUE_DN_NONE ? &none : &program->views[view].desc;
}

void *bcue_dn_data(const bcue_dn_program *program, int32_t view)
{
    if (view == BCUE_DN_NONE)
        return NULL;
    return (unsigned char *)program->buffers[program->views[view].buffer].data + program->views[view].offset;
}

/* ---- steps ---- */

/* Scratchpad in user mode, and the post-ops; NULL after a failure. */
static dnnl_primitive_attr_t make_attr(bcue_dn_program *program, const_dnnl_post_ops_t post_ops)
{
    if (program->status != BCUE_OK)
        return NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && post_ops != NULL)
        status = dnnl_primitive_attr_set_post_ops(attr, post_ops);
    if (status != dnnl_success) {
        bcue_dn_fail(program, status, "making attributes");
        if (attr != NULL)
            dnnl_primitive_attr_destroy(attr);
        return NULL;
    }
    return attr;
}

dnnl_primitive_desc_t bcue_dn_describe(bcue_dn_program *program, const_dnnl_op_desc_t desc,
                                       const_dnnl_post_ops_t post_ops, const_dnnl_primitive_desc_t hint)
{
    dnnl_primitive_attr_t attr = make_attr(program, post_ops);
    dnnl_primitive_desc_t primitive = NULL;
    if (attr == NULL)
        return NULL;
    if (dnnl_primitive_desc_create(&primitive, desc, attr, program->engine, hint) != dnnl_success)
        primitive = NULL;
    dnnl_primitive_attr_destroy(attr);
    return primitive;
}

dnnl_primitive_desc_t bcue_dn_describe_named(bcue_dn_program *program, const_dnnl_op_desc_t desc,
                                             const_dnnl_post_ops_t post_ops, const char *name)
{
    dnnl_primitive_attr_t attr = make_attr(program, post_ops);
    dnnl_primitive_desc_iterator_t iterator = NULL;
    dnnl_primitive_desc_t found = NULL;
    if (attr == NULL)
        return NULL;
    dnnl_status_t status = dnnl_primitive_desc_iterator_create(&iterator, desc, attr, program->engine, NULL);
    while (status == dnnl_success && found == NULL) {
        const char *info = NULL;
        dnnl_primitive_desc_t offered = dnnl_primitive_desc_iterator_fetch(iterator);
        if (offered == NULL)
            break;
        if (dnnl_primitive_desc_query(offered, dnnl_query_impl_info_str, 0, (void *)&info) == dnnl_success &&
            strstr(info, name) != NULL)
            found = offered;
        else
            dnnl_primitive_desc_destroy(offered);
        status = dnnl_primitive_desc_iterator_next(iterator);
    }
    if (iterator != NULL)
        dnnl_primitive_desc_iterator_destroy(iterator);
    dnnl_primitive_attr_destroy(attr);
    return found;
}

dnnl_memory_desc_t bcue_dn_query(const_dnnl_primitive_desc_t primitive, dnnl_query_t what)
{
    const dnnl_memory_desc_t *desc = dnnl_primitive_desc_query_md(primitive, what, 0);
    dnnl_memory_desc_t none;
    memset(&none, 0, sizeof none);
    return desc != NULL ? *desc : none;
}

static bcue_dn_step *add_step(bcue_dn_program *program, int count)
{
    bcue_dn_step_list *list = program->preparing ? &program->prepare : &program->run;
    dnnl_exec_arg_t *args = bcue_arena_alloc(program->objects, (size_t)count, sizeof *args);
    int32_t *views = bcue_arena_alloc(program->objects, (size_t)count, sizeof *views);
    if (args == NULL || views == NULL ||
        !bcue_grow((void **)&list->steps, &list->capacity, list->count + 1, sizeof *list->steps)) {
        bcue_dn_fail_memory(program);
        return NULL;
    }
    bcue_dn_step *step = &list->steps[list->count];
    *step = (bcue_dn_step){.count = count, .args = args, .views = views, .owner = program->owner};
    return step;
}

/* The step that is about to be appended uses the view. */
static void use_view(bcue_dn_program *program, int32_t view)
{
    bcue_dn_buffer *buffer = &program->buffers[program->views[view].buffer];
    int32_t step = next_step(program);
    if (buffer->last < step)
        buffer->last = step;
}

static void commit_step(bcue_dn_program *program)
{
    if (program->preparing)
        program->prepare.count++;
    else
        program->run.count++;
}

void bcue_dn_emit(bcue_dn_program *program, const_dnnl_primitive_desc_t primitive, const bcue_dn_arg *args,
                  int count)
{
    dnnl_memory_desc_t scratch = bcue_dn_query(primitive, dnnl_query_scratchpad_md);
    bool has_scratch = dnnl_memory_desc_get_size(&scratch) > 0;
    int32_t scratch_view = BCUE_DN_NONE;
    if (has_scratch)
        scratch_view = program->preparing ? bcue_dn_staging(program, BCUE_DN_STAGING_SCRATCH, &scratch)
                                          : bcue_dn_new(program, &scratch);
    if (program->status != BCUE_OK)
        return;
    bcue_dn_step *step = add_step(program, count + (has_scratch ? 1 : 0));
    if (step == NULL)
        return;
    for (int i = 0; i < count; i++) {
        step->args[i].arg = args[i].arg;
        step->views[i] = args[i].view;
    }
    if (has_scratch) {
        step->args[count].arg = DNNL_ARG_SCRATCHPAD;
        step->views[count] = scratch_view;
    }
    for (int i = 0; i < step->count; i++)
        use_view(program, step->views[i]);
    dnnl_status_t status = dnnl_primitive_create(&step->primitive, primitive);
    if (status != dnnl_success)
        bcue_dn_fail(program, status, "making a primitive");
    else
        commit_step(program);
}

void bcue_dn_emit_kernel(bcue_dn_program *program, bcue_dn_kernel *kernel, void *context,
                         const int32_t *views, int count)
{
    if (program->status != BCUE_OK)
        return;
    bcue_dn_step *step = add_step(program, count);
    if (step == NULL)
        return;
    step->kernel = kernel;
    step->context = context;
    for (int i = 0; i < count; i++) {
        step->views[i] = views[i];
        if (views[i] != BCUE_DN_NONE)
            use_view(program, views[i]);
    }
    commit_step(program);
}

void bcue_dn_emit_reorder(bcue_dn_program *program, int32_t from, int32_t to)
{
    if (program->status != BCUE_OK || from == BCUE_DN_NONE || to == BCUE_DN_NONE)
        return;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t primitive = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&primitive, bcue_dn_desc(program, from), program->engine,
                                                    bcue_dn_desc(program, to), program->engine, attr);
    if (status == dnnl_success) {
        bcue_dn_arg args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
        bcue_dn_emit(program, primitive, args, 2);
        dnnl_primitive_desc_destroy(primitive);
    } else {
        bcue_dn_fail(program, status, "making a reorder");
    }
    if (attr != NULL)
        dnnl_primitive_attr_destroy(attr);
}

/* ---- finishing and running ---- */

/* The places of the buffers in the arena, and its size. */
static bcue_status place_buffers(const bcue_dn_program *program, bcue_buffer *places, size_t *bytes,
                                 bcue_error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < program->buffer_count; i++) {
        const bcue_dn_buffer *buffer = &program->buffers[i];
        if (buffer->data == NULL)
            places[count++] = (bcue_buffer){buffer->bytes, buffer->first, buffer->last, 0};
    }
    return bcue_memory_plan(places, count, bytes, error);
}

static bcue_status allocate(bcue_dn_program *program, const bcue_buffer *places, bcue_error *error)
{
    size_t count = 0;
    program->memory = bcue_pages_alloc(program->memory_bytes);
    if (program->memory == NULL)
        return bcue_fail(error, BCUE_ERROR_MEMORY,
                         "no memory for the %zu bytes of a plan; try a smaller batch", program->memory_bytes);
    for (size_t i = 0; i < program->buffer_count; i++)
        if (program->buffers[i].data == NULL)
            program->buffers[i].data = program->memory + places[count++].offset;
    return BCUE_OK;
}

static bcue_status lay_out(bcue_dn_program *program, bcue_error *error)
{
    bcue_buffer *places = bcue_calloc(program->buffer_count, sizeof *places);
    if (places == NULL)
        return bcue_fail_memory(error, "a oneDNN plan");
    bcue_status status = place_buffers(program, places, &program->memory_bytes, error);
    if (status == BCUE_OK)
        status = allocate(program, places, error);
    free(places);
    return status;
}

bcue_status bcue_dn_program_measure(const bcue_dn_program *program, size_t *bytes, bcue_error *error)
{
    if (program->status != BCUE_OK)
        return bcue_fail(error, program->status, "%s", program->error.text);
    bcue_buffer *places = bcue_calloc(program->buffer_count, sizeof *places);
    if (places == NULL)
        return bcue_fail_memory(error, "a oneDNN plan");
    bcue_status status = place_buffers(program, places, bytes, error);
    free(places);
    return status;
}

static bcue_status bind_step(bcue_dn_program *program, bcue_dn_step *step, bcue_error *error)
{
    if (step->primitive == NULL)
        return BCUE_OK;
    for (int i = 0; i < step->count; i++) {
        bcue_dn_view *view = &program->views[step->views[i]];
        if (view->memory == NULL && dnnl_memory_create(&view->memory, &view->desc, program->engine,
                                                       bcue_dn_data(program, step->views[i])) != dnnl_success)
            return bcue_fail_memory(error, "a oneDNN memory object");
        step->args[i].memory = view->memory;
    }
    return BCUE_OK;
}

bcue_status bcue_dn_program_finish(bcue_dn_program *program, bcue_error *error)
{
    if (program->status != BCUE_OK)
        return bcue_fail(error, program->status, "%s", program->error.text);
    BCUE_TRY(lay_out(program, error));
    for (size_t i = 0; i < program->prepare.count; i++)
        BCUE_TRY(bind_step(program, &program->prepare.steps[i], error));
    for (size_t i = 0; i < program->run.count; i++)
        BCUE_TRY(bind_step(program, &program->run.steps[i], error));
    return BCUE_OK;
}

bcue_status bcue_dn_run(const bcue_dn_program *program, const bcue_dn_step_list *list, size_t begin,
                        size_t end, bcue_error *error)
{
    for (size_t i = begin; i < end; i++) {
        const bcue_dn_step *step = &list->steps[i];
        if (step->primitive == NULL) {
            BCUE_TRY(step->kernel(program, step, error));
            continue;
        }
        dnnl_status_t status =
            dnnl_primitive_execute(step->primitive, program->stream, step->count, step->args);
        if (status != dnnl_success)
            return bcue_fail(error, status == dnnl_out_of_memory ? BCUE_ERROR_MEMORY : BCUE_ERROR_INTERNAL,
                             "oneDNN: step %zu failed with status %d", i, (int)status);
    }
    return BCUE_OK;
}

bcue_status bcue_dn_run_timed(const bcue_dn_program *program, const bcue_dn_step_list *list, size_t begin,
                              size_t end, double *seconds, bcue_error *error)
{
    for (size_t i = begin; i < end; i++) {
        double start = bcue_clock_s();
        BCUE_TRY(bcue_dn_run(program, list, i, i + 1, error));
        if (list->steps[i].owner >= 0)
            seconds[list->steps[i].owner] += bcue_clock_s() - start;
    }
    return BCUE_OK;
}
