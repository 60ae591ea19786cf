/* What is seen of a BeamTransFuser's fusion is what its plan computes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "check.h"
#include "engine/plan.h"
#include "models/fusion_view.h"

enum { BATCH = 2, FRAMES = 2, BEAMS = 9 };

static const bcue_model_inputs four = {.frames = FRAMES,
                                       .channels = 3,
                                       .height = 64,
                                       .width = 96,
                                       .lidar = {1, 64, 32},
                                       .radar = {2, 32, 35},
                                       .gps_frames = 2,
                                       .beams = BEAMS};

static void fill_inputs(bcue_plan *plan, const bcue_model_inputs *inputs)
{
    bcue_rng rng = bcue_rng_make(5, BCUE_RNG_TEST, 0, 0, 0);
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)m);
        const bool fixes = m == BCUE_INPUT_POSITION;
        float *input = bcue_plan_input(plan, fixes ? "position" : bcue_model_input_names[m]);
        const int64_t count = BATCH * (fixes ? 2 * inputs->gps_frames
                                             : inputs->frames * size.channels * size.height * size.width);
        for (int64_t i = 0; input != NULL && i < count; i++)
            input[i] = (float)bcue_rng_normal(&rng);
    }
}

/* Weights times values, for every query, against what the plan's own attention gives. */
static void check_attention(const bcue_plan *plan, const bcue_fusion_view *view)
{
    const float *q = bcue_plan_output(plan, BCUE_VIEW_QUERY), *k = bcue_plan_output(plan, BCUE_VIEW_KEY),
                *v = bcue_plan_output(plan, BCUE_VIEW_VALUE), *y = bcue_plan_output(plan, BCUE_VIEW_MIXED);
    const int64_t tokens = view->tokens, width = view->width, value_width = view->value_width;
    double *weights = calloc((size_t)tokens, sizeof *weights),
           *received = calloc((size_t)tokens, sizeof *weights), *sum = calloc((size_t)tokens, sizeof *sum),
           worst = 0, total = 0, apart = 0;
    for (int64_t head = 0; head < BATCH * view->heads; head++) {
        const float *keys = k + head * tokens * width, *values = v + head * tokens * value_width;
        for (int64_t t = 0; t < tokens; t++) {
            bcue_attention_weights(q + (head * tokens + t) * width, keys, tokens, width, view->scale,
                                   weights);
            for (int64_t c = 0; c < value_width; c++) {
                double mixed = 0;
                for (int64_t j = 0; j < tokens; j++)
                    mixed += weights[j] * (double)values[j * value_width + c];
                worst = fmax(worst, fabs(mixed - (double)y[(head * tokens + t) * value_width + c]));
            }
            for (int64_t j = 0; head < view->heads && j < tokens; j++)
                sum[j] += weights[j] / (double)(view->heads * tokens);
        }
    }
    CHECK_AT(worst < 1e-5, "attention differs by %g", worst);
    bcue_attention_received(view, q, k, weights, received);
    for (int64_t j = 0; j < tokens; j++) {
        total += received[j];
        apart = fmax(apart, fabs(received[j] - sum[j]));
    }
    CHECK_AT(fabs(total - 1) < 1e-9 && apart < 1e-12, "received %g in all, %g apart", total, apart);
    free(weights);
    free(received);
    free(sum);
}

static void look(const char *yaml, const bcue_model_inputs *inputs, bcue_engine engine, int64_t rows,
                 int64_t columns)
{
    bcue_error error = {""};
    bcue_model_config config = {0};
    bcue_config *owned;
    bcue_graph *graph[2];
    bcue_plan *plan[2];
    bcue_weights weights;
    bcue_fusion_view view;
    CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "test", NULL, 0, bcue_model_config_fields, &config,
                                   &owned, &error),
             error);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(bcue_model_build(&config, inputs, BATCH, &graph[i], &error), error);
        if (i == 0)
            CHECK_OK(bcue_weights_create(graph[0], BCUE_F32, 7, &weights, &error), error);
        else
            CHECK_OK(bcue_fusion_view_mark(&config, inputs, graph[1], &view, &error), error);
        const bcue_plan_options options = {.engine = engine};
        CHECK_OK(bcue_plan_create(graph[i], &weights, &options, &plan[i], &error), error);
        fill_inputs(plan[i], inputs);
        CHECK_OK(bcue_plan_forward(plan[i], &error), error);
    }
    const float *plain = bcue_plan_output(plan[0], "logits"), *seen = bcue_plan_output(plan[1], "logits");
    double worst = 0;
    for (int i = 0; i < BATCH * BEAMS; i++)
        worst = fmax(worst, fabs((double)plain[i] - (double)seen[i]));
    CHECK_AT(worst < 1e-5, "logits differ by %g when they are looked at", worst);
    CHECK(view.there);
    CHECK_INT((int)view.grid[BCUE_INPUT_CAMERA][0], (int)rows);
    CHECK_INT((int)view.grid[BCUE_INPUT_CAMERA][1], (int)columns);
    CHECK_INT((int)view.first[BCUE_INPUT_CAMERA], 0);
    check_attention(plan[1], &view);
    for (int i = 0; i < 2; i++) {
        bcue_plan_destroy(plan[i]);
        bcue_graph_destroy(graph[i]);
    }
    bcue_weights_free(&weights);
    bcue_config_destroy(owned);
}

static void the_view_is_what_the_plan_computes(void)
{
    static const char model[] = "kind: beamtransfuser\nwidth: 16\ncamera_depth: 18\nblocks: 2\nanchors: 4\n"
                                "head: [16]\nfusion: softmax\n";
    bcue_model_inputs camera = four;
    camera.gps_frames = 0;
    camera.lidar = camera.radar = (bcue_picture_size){0};
    look(model, &four, BCUE_ENGINE_ONEDNN, 2, 3);
    look(model, &four, BCUE_ENGINE_REFERENCE, 2, 3);
    look("kind: beamtransfuser\nwidth: 16\ncamera_depth: 18\nblocks: 1\nanchors: 1\nhead: [16]\n"
         "modalities: [camera]\n",
         &camera, BCUE_ENGINE_ONEDNN, 1, 1);
}

/* The pooled vectors, weighted and added, are what the head reads: with a linear head, the answers of the
   plan follow from them. */
static void pooled_vectors_make_the_answer(void)
{
    static const char yaml[] = "kind: beamtransfuser\nwidth: 16\ncamera_depth: 18\nblocks: 1\nanchors: 2\n"
                               "head: []\nfusion: softmax\n";
    bcue_error error = {""};
    bcue_model_config config = {0};
    bcue_config *owned;
    bcue_graph *graph;
    bcue_plan *plan;
    bcue_weights weights;
    bcue_fusion_view view;
    double factor[BCUE_INPUT_COUNT], total = 0;
    CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "test", NULL, 0, bcue_model_config_fields, &config,
                                   &owned, &error),
             error);
    CHECK_OK(bcue_model_build(&config, &four, BATCH, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 7, &weights, &error), error);
    CHECK_OK(bcue_fusion_view_mark(&config, &four, graph, &view, &error), error);
    const float *head = NULL, *bias = NULL;
    for (int32_t i = 0; i < weights.count; i++) {
        float *data = weights.tensors[i].data;
        for (int m = 0; strcmp(weights.names[i], "modality.weight") == 0 && m < 4; m++)
            data[m] = (float)(0.3 * m - 0.5);
        head = strcmp(weights.names[i], "head.0.weight") == 0 ? data : head;
        bias = strcmp(weights.names[i], "head.0.bias") == 0 ? data : bias;
    }
    CHECK(head != NULL && bias != NULL);
    CHECK(bcue_fusion_weights(&config, &weights, factor));
    for (int m = 0; m < 4; m++)
        total += factor[m];
    CHECK(fabs(total - 4) < 1e-6 && factor[3] > factor[0]);
    CHECK_OK(bcue_plan_create(graph, &weights, &(bcue_plan_options){.engine = BCUE_ENGINE_REFERENCE}, &plan,
                              &error),
             error);
    fill_inputs(plan, &four);
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    const float *logits = bcue_plan_output(plan, "logits");
    double worst = 0;
    for (int b = 0; head != NULL && bias != NULL && b < BATCH * BEAMS; b++) {
        double answer = (double)bias[b % BEAMS];
        for (int m = 0; m < 4; m++) {
            const float *pooled = bcue_plan_output(plan, bcue_fusion_pooled_name((bcue_model_input)m));
            for (int64_t c = 0; c < view.pooled; c++)
                answer += factor[m] * (double)pooled[b / BEAMS * view.pooled + c] *
                          (double)head[b % BEAMS * view.pooled + c];
        }
        worst = fmax(worst, fabs(answer - (double)logits[b]));
    }
    CHECK_AT(worst < 1e-4, "answers differ by %g", worst);
    bcue_plan_destroy(plan);
    bcue_graph_destroy(graph);
    bcue_weights_free(&weights);
    bcue_config_destroy(owned);
}

int main(void)
{
    RUN(the_view_is_what_the_plan_computes);
    RUN(pooled_vectors_make_the_answer);
    return check_summary();
}
