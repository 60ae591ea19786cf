#include "learn/distill_step.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "learn/scorer.h"

void bcue_distiller_close(bcue_distiller *distiller)
{
    bcue_teacher_outputs_free(&distiller->teacher);
    free(distiller->numbers);
    *distiller = (bcue_distiller){0};
}

BCUE_PRINTF(4, 5)
static bcue_status refuse(const bcue_config *origin, bcue_error *error, const char *key, const char *format,
                          ...)
{
    char sentence[640];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return origin != NULL ? bcue_config_fail(origin, error, key, "%s", sentence)
                          : bcue_fail(error, BCUE_ERROR_CONFIG, "%s: %s", key, sentence);
}

static bool is_soft_mid(const bcue_distill_config *config)
{
    return config->variant == BCUE_DISTILL_KD_MID || config->variant == BCUE_DISTILL_KD_BOTH;
}

static bcue_status student_width(const bcue_run_config *run, const bcue_model_inputs *inputs, int64_t *width,
                                 bcue_error *error)
{
    bcue_graph *probe;
    BCUE_TRY(bcue_model_build(&run->model, inputs, 1, &probe, error));
    *width = bcue_scorer_mid_width(probe);
    bcue_graph_destroy(probe);
    return BCUE_OK;
}

static bcue_status open_teacher(const bcue_run_config *run, const bcue_config *origin,
                                const bcue_dataset *dataset, const char *seen_hash, const bcue_hooks *hooks,
                                bcue_distiller *distiller, bcue_error *error)
{
    bcue_text named = {0};
    bcue_text_printf(&named, "%s/teacher-answers.safetensors", run->out);
    bcue_status status = BCUE_OK;
    const bcue_teacher_job job = {.teacher = run->distill.teacher,
                                  .cache = run->distill.cache != NULL ? run->distill.cache : named.data,
                                  .train = &run->train,
                                  .dataset = dataset,
                                  .seen_hash = seen_hash};
    bcue_error cause;
    if (named.failed)
        status = bcue_fail_memory(error, "the teacher's answers");
    else if ((status = bcue_teacher_outputs_open(&job, hooks, &distiller->teacher, &cause)) != BCUE_OK)
        status = status == BCUE_ERROR_CANCELLED ? bcue_fail(error, status, "%s", cause.text)
                                                : refuse(origin, error, "distill.teacher", "%s", cause.text);
    bcue_text_free(&named);
    return status;
}

bcue_status bcue_distiller_open(const bcue_run_config *run, const bcue_config *origin,
                                const bcue_dataset *dataset, const bcue_model_inputs *inputs,
                                const char *seen_hash, const bcue_hooks *hooks, bcue_distiller *distiller,
                                bcue_loss_config *loss, bcue_error *error)
{
    *distiller = (bcue_distiller){.beams = inputs->beams};
    if (run->distill.teacher == NULL)
        return BCUE_OK;
    BCUE_TRY(student_width(run, inputs, &distiller->student_width, error));
    if (distiller->student_width == 0 && bcue_distill_uses_mid(&run->distill))
        return refuse(origin, error, "distill.variant",
                      "%s has no middle layer; use kd-end or rkd-end, or a student",
                      bcue_model_kind_names[run->model.kind]);
    BCUE_TRY(open_teacher(run, origin, dataset, seen_hash, hooks, distiller, error));
    const int64_t width = distiller->teacher.mid_width;
    *loss = run->train.loss;
    loss->external = true;
    loss->projected = is_soft_mid(&run->distill) && width != distiller->student_width ? width : 0;
    /* Both models' end and middle, and two gradients. */
    const int64_t widest = width > distiller->student_width ? width : distiller->student_width;
    distiller->numbers =
        bcue_calloc((size_t)run->train.batch, 3 * (size_t)(inputs->beams + widest) * sizeof(double));
    if (distiller->numbers == NULL)
        return bcue_fail_memory(error, "distillation");
    distiller->config = &run->distill;
    return BCUE_OK;
}

static double *widen(double *to, const float *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (double)from[i];
    return to + count;
}

static double *gather(double *to, const float *from, const bcue_batch *batch, size_t width)
{
    for (size_t i = 0; i < batch->count; i++)
        to = widen(to, from + batch->sample[i] * width, width);
    return to;
}

static void narrow(float *to, const double *from, size_t count)
{
    for (size_t i = 0; to != NULL && i < count; i++)
        to[i] = (float)from[i];
}

bcue_status bcue_distiller_fill(bcue_distiller *distiller, bcue_plan *plan, const bcue_batch *batch,
                                double *loss, bcue_error *error)
{
    const float *projected = bcue_plan_output(plan, "projected"), *mid = bcue_plan_output(plan, "mid");
    const bcue_teacher_outputs *teacher = &distiller->teacher;
    const size_t count = batch->count, beams = (size_t)distiller->beams,
                 teacher_width = (size_t)teacher->mid_width;
    const size_t width = projected != NULL ? teacher_width
                         : mid != NULL     ? (size_t)distiller->student_width
                                           : 0;
    double *student_end = distiller->numbers;
    double *teacher_end = widen(student_end, bcue_plan_output(plan, "logits"), count * beams);
    double *student_mid = gather(teacher_end, teacher->end, batch, beams);
    double *teacher_mid = widen(student_mid, projected != NULL ? projected : mid, count * width);
    double *by_end = gather(teacher_mid, teacher->mid, batch, teacher_width);
    double *by_mid = by_end + count * beams;
    const bcue_distill_batch all = {.count = count,
                                    .beams = beams,
                                    .label = batch->label,
                                    .student_end = student_end,
                                    .teacher_end = teacher_end,
                                    .student_mid = student_mid,
                                    .teacher_mid = teacher_mid,
                                    .student_width = width,
                                    .teacher_width = teacher_width};
    bcue_distill_result result = {.by_end = by_end, .by_mid = by_mid};
    BCUE_TRY(bcue_distill_loss(distiller->config, &all, &result, error));
    narrow(bcue_plan_input(plan, "gradient.end"), by_end, count * beams);
    narrow(bcue_plan_input(plan, "gradient.mid"), by_mid, count * width);
    *loss = result.loss;
    return BCUE_OK;
}
