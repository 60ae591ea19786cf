#include "learn/distill_loss.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

static const char *const variant_names[] = {"none",    "kd-mid",  "kd-end",   "kd-both",
                                            "rkd-mid", "rkd-end", "rkd-both", NULL};
static const char *const reduce_names[] = {"mean", "sum", NULL};

#define DISTILL(field) offsetof(bcue_distill_config, field)
const bcue_config_field bcue_distill_config_fields[] = {
    {.name = "teacher",
     .type = BCUE_CONFIG_STRING,
     .offset = DISTILL(teacher),
     .help =
         "model file of a trained teacher; absent: nothing is distilled. The focal loss then takes the place "
         "of train.loss"},
    {.name = "cache",
     .type = BCUE_CONFIG_STRING,
     .offset = DISTILL(cache),
     .help = "file of the teacher's answers, computed once; default OUT/teacher-answers.safetensors"},
    {.name = "variant",
     .type = BCUE_CONFIG_CHOICE,
     .offset = DISTILL(variant),
     .choices = variant_names,
     .fallback = "rkd-both",
     .help = "kd: the teacher's soft answers; rkd: its relations between samples; at its middle layer, its "
             "end, both"},
    {.name = "alpha",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = DISTILL(alpha),
     .fallback = "0.5",
     .minimum = 0,
     .maximum = 1,
     .help = "weight of what the teacher adds; the focal loss has 1 - alpha"},
    {.name = "gamma",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = DISTILL(gamma),
     .fallback = "2",
     .minimum = 0,
     .maximum = 20,
     .help = "of the focal loss; 0 = cross-entropy"},
    {.name = "temperature",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = DISTILL(temperature),
     .fallback = "2",
     .minimum = 0.01,
     .maximum = 1000,
     .help = "kd: of both softmaxes"},
    {.name = "relations",
     .type = BCUE_CONFIG_STRING_LIST,
     .offset = DISTILL(relations),
     .fallback = "[euclidean, cosine, hyperbolic]",
     .help = "rkd: which are added: euclidean, cosine, cosine-distance, hyperbolic, angle"},
    {.name = "curvature",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = DISTILL(curvature),
     .fallback = "0.1",
     .minimum = 1e-6,
     .maximum = 1e6,
     .help = "rkd: c of the hyperbolic relation"},
    {.name = "reduce",
     .type = BCUE_CONFIG_CHOICE,
     .offset = DISTILL(reduce),
     .choices = reduce_names,
     .fallback = "mean",
     .help = "rkd: over the pairs of a batch; sum is what the paper prints, a batch of 64 makes it 4,096 "
             "times the mean"},
    {0}};

static bool find_relation(const char *name, bcue_relation *relation)
{
    for (int i = 0; i < BCUE_RELATION_COUNT; i++) {
        if (strcmp(name, bcue_relation_names[i]) == 0) {
            *relation = (bcue_relation)i;
            return true;
        }
    }
    return false;
}

bcue_status bcue_distill_config_check(const bcue_distill_config *distill, const bcue_config *config,
                                      const char *prefix, bcue_error *error)
{
    char key[128];
    bool seen[BCUE_RELATION_COUNT] = {false};
    snprintf(key, sizeof key, "%srelations", prefix);
    if (distill->variant >= BCUE_DISTILL_RKD_MID && distill->relations.count == 0)
        return bcue_config_fail(config, error, key, "rkd needs at least one relation");
    for (size_t i = 0; i < distill->relations.count; i++) {
        const char *name = distill->relations.items[i];
        bcue_relation relation;
        if (!find_relation(name, &relation)) {
            const char *near = bcue_nearest_word(name, bcue_relation_names, BCUE_RELATION_COUNT);
            return bcue_config_fail(config, error, key, "no relation is named '%s'%s%s", name,
                                    near != NULL ? "; did you mean " : "", near != NULL ? near : "");
        }
        if (seen[relation])
            return bcue_config_fail(config, error, key, "%s is there twice", name);
        seen[relation] = true;
    }
    return BCUE_OK;
}

bool bcue_distill_uses_mid(const bcue_distill_config *config)
{
    const int v = config->variant;
    return v == BCUE_DISTILL_KD_MID || v == BCUE_DISTILL_KD_BOTH || v == BCUE_DISTILL_RKD_MID ||
           v == BCUE_DISTILL_RKD_BOTH;
}

static bool uses_end(const bcue_distill_config *config)
{
    const int v = config->variant;
    return v == BCUE_DISTILL_KD_END || v == BCUE_DISTILL_KD_BOTH || v == BCUE_DISTILL_RKD_END ||
           v == BCUE_DISTILL_RKD_BOTH;
}

/* ---- softmax losses ---- */

/* ln of the sum of exp(x / T). */
static double log_sum(const double *x, size_t classes, double temperature)
{
    double most = x[0], sum = 0;
    for (size_t c = 1; c < classes; c++)
        most = x[c] > most ? x[c] : most;
    for (size_t c = 0; c < classes; c++)
        sum += exp((x[c] - most) / temperature);
    return most / temperature + log(sum);
}

double bcue_focal_loss(double gamma, size_t count, size_t classes, const double *logits, const int32_t *label,
                       double *gradient)
{
    double loss = 0;
    for (size_t i = 0; i < count; i++) {
        const double *x = logits + i * classes, all = log_sum(x, classes, 1);
        const double log_p = x[label[i]] - all, p = exp(log_p), left = -expm1(log_p);
        const double weight = pow(left, gamma);
        loss -= weight * log_p;
        if (gradient == NULL)
            continue;
        /* d loss / d ln p; then d ln p / d x_c = 1[c = label] - p_c. */
        const double bent = left > 0 ? gamma * pow(left, gamma - 1) * p * log_p : 0;
        const double by_log = (bent - weight) / (double)count;
        for (size_t c = 0; c < classes; c++)
            gradient[i * classes + c] = by_log * ((double)(c == (size_t)label[i]) - exp(x[c] - all));
    }
    return count > 0 ? loss / (double)count : 0;
}

double bcue_kd_loss(double temperature, size_t count, size_t classes, const double *student,
                    const double *teacher, double *gradient)
{
    const double t = temperature;
    double loss = 0;
    for (size_t i = 0; i < count; i++) {
        const double *s = student + i * classes, *u = teacher + i * classes;
        const double all_s = log_sum(s, classes, t), all_u = log_sum(u, classes, t);
        for (size_t c = 0; c < classes; c++) {
            const double log_q = s[c] / t - all_s, log_p = u[c] / t - all_u, p = exp(log_p);
            loss += t * t * (p > 0 ? p * (log_p - log_q) : 0);
            if (gradient != NULL)
                gradient[i * classes + c] = t * (exp(log_q) - p) / (double)count;
        }
    }
    return count > 0 ? loss / (double)count : 0;
}

/* ---- the teacher's terms ---- */

typedef struct layer {
    const double *student, *teacher;
    size_t student_width, teacher_width;
    double *gradient; /* count x student_width, added to; NULL: not wanted */
} layer;

static bcue_status relations(const bcue_distill_config *config, size_t count, const layer *at, double weight,
                             double *term, bcue_error *error)
{
    const size_t size = count * at->student_width;
    double *part = at->gradient != NULL ? bcue_calloc(size, sizeof *part) : NULL;
    if (at->gradient != NULL && part == NULL)
        return bcue_fail_memory(error, "a relational loss");
    bcue_status status = BCUE_OK;
    for (size_t r = 0; status == BCUE_OK && r < config->relations.count; r++) {
        bcue_relation_options options = {.curvature = config->curvature, .sum = config->reduce == 1};
        double loss = 0;
        if (!find_relation(config->relations.items[r], &options.relation))
            status = bcue_fail(error, BCUE_ERROR_ARGUMENT, "no relation is named '%s'",
                               config->relations.items[r]);
        else
            status = bcue_relation_loss(&options, count, at->student, at->student_width, at->teacher,
                                        at->teacher_width, &loss, part, error);
        *term += loss;
        for (size_t i = 0; status == BCUE_OK && part != NULL && i < size; i++)
            at->gradient[i] += weight * part[i];
    }
    free(part);
    return status;
}

static void project(const bcue_distill_batch *batch, double *projected)
{
    for (size_t i = 0; i < batch->count; i++) {
        for (size_t o = 0; o < batch->teacher_width; o++) {
            double sum = batch->bias != NULL ? batch->bias[o] : 0;
            for (size_t k = 0; k < batch->student_width; k++)
                sum += batch->projection[o * batch->student_width + k] *
                       batch->student_mid[i * batch->student_width + k];
            projected[i * batch->teacher_width + o] = sum;
        }
    }
}

/* From the gradient of the projected features to those of the student's, the weights and the bias. */
static void project_back(const bcue_distill_batch *batch, const double *by_projected, double weight,
                         bcue_distill_result *result)
{
    const size_t width = batch->student_width;
    for (size_t i = 0; i < batch->count; i++) {
        for (size_t o = 0; o < batch->teacher_width; o++) {
            const double g = weight * by_projected[i * batch->teacher_width + o];
            if (result->by_bias != NULL)
                result->by_bias[o] += g;
            for (size_t k = 0; k < width; k++) {
                if (result->by_mid != NULL)
                    result->by_mid[i * width + k] += g * batch->projection[o * width + k];
                if (result->by_projection != NULL)
                    result->by_projection[o * width + k] += g * batch->student_mid[i * width + k];
            }
        }
    }
}

static bcue_status soft_mid(const bcue_distill_config *config, const bcue_distill_batch *batch,
                            bcue_distill_result *result, bcue_error *error)
{
    const size_t size = batch->count * batch->teacher_width;
    double *projected = bcue_calloc(size, sizeof *projected), *part = bcue_calloc(size, sizeof *part);
    bcue_status status =
        projected == NULL || part == NULL ? bcue_fail_memory(error, "distillation") : BCUE_OK;
    if (status == BCUE_OK && batch->projection == NULL && batch->student_width != batch->teacher_width)
        status = bcue_fail(error, BCUE_ERROR_ARGUMENT,
                           "distillation at the middle layer: the student's is %zu wide, the teacher's %zu; "
                           "that needs a projection",
                           batch->student_width, batch->teacher_width);
    if (status == BCUE_OK) {
        if (batch->projection != NULL)
            project(batch, projected);
        const double *student = batch->projection != NULL ? projected : batch->student_mid;
        result->mid = bcue_kd_loss(config->temperature, batch->count, batch->teacher_width, student,
                                   batch->teacher_mid, part);
        if (batch->projection != NULL)
            project_back(batch, part, config->alpha, result);
        for (size_t i = 0; batch->projection == NULL && result->by_mid != NULL && i < size; i++)
            result->by_mid[i] += config->alpha * part[i];
    }
    free(projected);
    free(part);
    return status;
}

static bcue_status soft_end(const bcue_distill_config *config, const bcue_distill_batch *batch,
                            bcue_distill_result *result, bcue_error *error)
{
    const size_t size = batch->count * batch->beams;
    double *part = bcue_calloc(size, sizeof *part);
    if (part == NULL)
        return bcue_fail_memory(error, "distillation");
    result->end = bcue_kd_loss(config->temperature, batch->count, batch->beams, batch->student_end,
                               batch->teacher_end, part);
    for (size_t i = 0; result->by_end != NULL && i < size; i++)
        result->by_end[i] += config->alpha * part[i];
    free(part);
    return BCUE_OK;
}

static void clear(const bcue_distill_batch *batch, bcue_distill_result *result)
{
    result->mid = result->end = 0;
    if (result->by_mid != NULL)
        memset(result->by_mid, 0, batch->count * batch->student_width * sizeof *result->by_mid);
    if (result->by_projection != NULL)
        memset(result->by_projection, 0,
               batch->teacher_width * batch->student_width * sizeof *result->by_projection);
    if (result->by_bias != NULL)
        memset(result->by_bias, 0, batch->teacher_width * sizeof *result->by_bias);
}

bcue_status bcue_distill_loss(const bcue_distill_config *config, const bcue_distill_batch *batch,
                              bcue_distill_result *result, bcue_error *error)
{
    const bool soft = config->variant >= BCUE_DISTILL_KD_MID && config->variant <= BCUE_DISTILL_KD_BOTH;
    const double own = config->variant == BCUE_DISTILL_NONE ? 1 : 1 - config->alpha;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->label[i] < 0 || (size_t)batch->label[i] >= batch->beams)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "distillation: label %d of sample %zu is no beam",
                             (int)batch->label[i], i);
    }
    clear(batch, result);
    result->focal = bcue_focal_loss(config->gamma, batch->count, batch->beams, batch->student_end,
                                    batch->label, result->by_end);
    for (size_t i = 0; result->by_end != NULL && i < batch->count * batch->beams; i++)
        result->by_end[i] *= own;
    const layer mid = {batch->student_mid, batch->teacher_mid, batch->student_width, batch->teacher_width,
                       result->by_mid},
                end = {batch->student_end, batch->teacher_end, batch->beams, batch->beams, result->by_end};
    if (bcue_distill_uses_mid(config))
        BCUE_TRY(soft ? soft_mid(config, batch, result, error)
                      : relations(config, batch->count, &mid, config->alpha, &result->mid, error));
    if (uses_end(config))
        BCUE_TRY(soft ? soft_end(config, batch, result, error)
                      : relations(config, batch->count, &end, config->alpha, &result->end, error));
    result->loss = own * result->focal + config->alpha * (result->mid + result->end);
    return BCUE_OK;
}
