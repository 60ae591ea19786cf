/* BeamTransFuser: the published parameter counts, and the whole network against PyTorch (fixture:
 * tools/fixtures/make_beamtransfuser.py) on both engines. */
#include <stdlib.h>
#include "torch_parity.h"
#include "base/parallel.h"
#include "check.h"

typedef struct build {
    bcue_model_config config;
    bcue_config *owned;
    bcue_model_inputs inputs;
    bcue_graph *graph;
} build;

static build build_of(const char *yaml, bcue_model_inputs inputs, int64_t batch)
{
    bcue_error error = {""};
    build b = {.inputs = inputs};
    CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "test", NULL, 0, bcue_model_config_fields, &b.config,
                                   &b.owned, &error),
             error);
    CHECK_OK(bcue_model_build(&b.config, &b.inputs, batch, &b.graph, &error), error);
    return b;
}

static void build_free(build *b)
{
    bcue_graph_destroy(b->graph);
    bcue_config_destroy(b->owned);
}

static bcue_model_inputs inputs_of(int64_t frames, int64_t size, int64_t fixes, int64_t beams)
{
    return (bcue_model_inputs){.frames = frames,
                               .channels = 3,
                               .height = size,
                               .width = size,
                               .lidar = {1, size, size},
                               .radar = {2, size, size},
                               .gps_frames = fixes,
                               .beams = beams};
}

/* Trainable parameters whose names begin with `branch`. */
static int64_t count_of(const bcue_graph *graph, const char *branch)
{
    int64_t total = 0;
    for (int32_t i = 0; i < bcue_graph_parameter_count(graph); i++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i));
        int64_t count = 0;
        bcue_shape_count(&info->shape, &count);
        if (!info->spec.running && strncmp(info->name, branch, strlen(branch)) == 0)
            total += count;
    }
    return total;
}

/* Table II of paper A with the sizes that add up (field survey, H3). */
static void published_counts(void)
{
    static const struct {
        const char *branch;
        int64_t parameters;
    } known[] = {{"camera.", 21284672}, {"lidar.", 11170240}, {"radar.", 11173376}, {"gps.", 173120},
                 {"fusion.", 34448640}, {"head.", 172480},    {"", 78422528}};
    build b = build_of("kind: beamtransfuser\n", inputs_of(5, 256, 2, 64), 1);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK_INT(count_of(b.graph, known[i].branch), known[i].parameters);
    const bcue_value_info *place =
        bcue_graph_value(b.graph, bcue_graph_find(b.graph, "fusion.3.pos_emb")); /* 962 tokens */
    const bcue_shape expected = bcue_shape_of(1, 962, 256);
    CHECK(bcue_shape_equal(&place->shape, &expected));
    int64_t macs = 0;
    for (int32_t i = 0; i < bcue_graph_node_count(b.graph); i++)
        macs += bcue_graph_node_macs(b.graph, i);
    /* About 94 G: 188 GFLOP in the public reports. */
    CHECK_AT(macs > 93000000000 && macs < 95000000000, "%lld multiply-accumulates", (long long)macs);
    build_free(&b);
    b = build_of("kind: beamtransfuser\n", inputs_of(1, 256, 2, 64), 1);
    CHECK_INT(count_of(b.graph, ""), 77685248);
    build_free(&b);
    b = build_of("kind: beamtransfuser\nfusion: softmax\n", inputs_of(5, 256, 2, 64), 1);
    CHECK_INT(count_of(b.graph, ""), 78422528 + 4);
    build_free(&b);
    for (int64_t beams = 152; beams <= 256; beams += 104) {
        b = build_of("kind: beamtransfuser\n", inputs_of(5, 256, 2, beams), 1);
        CHECK_INT(count_of(b.graph, "head."), 172480 + (beams - 64) * 129);
        build_free(&b);
    }
}

static void show(const char *name, const char *what, const parity_errors *e)
{
    printf("%s, %s: outputs %.1e (%s), loss %.1e, running %.1e, gradients %.1e / %.1e (%s), zero %.1e, %d "
           "tensors\n",
           name, what, e->outputs, e->worst_output, e->loss, e->running, e->gradient_median,
           e->gradient_worst, e->worst_gradient, e->zero, e->compared);
}

static void check_double(const char *name, const parity *p)
{
    for (int training = 0; training < 2; training++) {
        bcue_error error = {""};
        parity_errors e;
        CHECK_OK(parity_run(p, BCUE_ENGINE_REFERENCE, BCUE_F64, training != 0, &e, &error), error);
        show(name, training ? "double, training" : "double, inference", &e);
        CHECK(e.compared > 100);
        CHECK(e.outputs < 1e-8 && e.loss < 1e-8 && e.running < 1e-8 && e.gradient_worst < 1e-8);
        CHECK(e.zero < 1e-12);
    }
}

/* In training a unit whose input rounds to the other side of 0 moves many gradients, and which ones do is
   luck: the median of PyTorch's own errors of `small` lies between 7e-6 and 6e-3 for 14 inputs
   (make_beamtransfuser.py spread). Other numbers of threads round otherwise. Of three, the best has to be as
   near as the fixture's rule says, and all as near as the worst of PyTorch's. */
enum { ROUNDINGS = 3 };

static void check_training(const char *name, const parity *p)
{
    const double median = 2 * parity_torch_f32(p, true, "gradient_median"),
                 worst = fmax(5e-2, 2 * parity_torch_f32(p, true, "gradient_worst"));
    bool good = false;
    for (int threads = 1; threads <= ROUNDINGS; threads++) {
        bcue_error error = {""};
        parity_errors e;
        bcue_set_threads(threads);
        CHECK_OK(parity_run(p, BCUE_ENGINE_ONEDNN, BCUE_F32, true, &e, &error), error);
        show(name, "oneDNN, training", &e);
        CHECK(e.outputs < fmax(2e-5, 2 * parity_torch_f32(p, true, "outputs")));
        CHECK(e.loss < 1e-5 && e.running < 1e-5 && e.zero < 1e-6);
        CHECK(e.gradient_median < 2 * 6.5e-3 && e.gradient_worst < 2 * worst);
        good = good || (e.gradient_median < median && e.gradient_worst < worst);
    }
    bcue_set_threads(0);
    CHECK_AT(good, "%s: none of %d roundings is within %g and %g", name, (int)ROUNDINGS, median, worst);
}

/* PyTorch's own f32 is up to 0.95e-5 from the exact outputs here, and 7e-2 from the exact gradients, where
 * batch norm divides by the deviation of a few values. */
static void check_single(const char *name, const parity *p)
{
    bcue_error error = {""};
    parity_errors e;
    CHECK_OK(parity_run(p, BCUE_ENGINE_ONEDNN, BCUE_F32, false, &e, &error), error);
    show(name, "oneDNN, inference", &e);
    CHECK(e.outputs < fmax(1e-5, 2 * parity_torch_f32(p, false, "outputs")) && e.loss < 1e-5 &&
          e.zero < 1e-6);
    /* make_beamtransfuser.py took inputs where no ReLU is so close to 0 that rounding decides. */
    CHECK(e.gradient_worst < 1e-3);
    check_training(name, p);
    CHECK_OK(parity_infer(p, BCUE_ENGINE_ONEDNN, BCUE_F32, &e, &error), error);
    show(name, "oneDNN, fused", &e);
    CHECK(e.compared > 8 && e.outputs < 1e-5);
}

static void parity_with_pytorch(void)
{
    static const char *const cases[] = {"small", "narrow", "subset"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256];
        parity p;
        bcue_error error = {""};
        snprintf(path, sizeof path, BCUE_SOURCE_DIR "/tests/models/data/beamtransfuser_%s.safetensors",
                 cases[i]);
        CHECK_OK(parity_open(path, &p, &error), error);
        if (p.graph != NULL) {
            check_double(cases[i], &p);
            check_single(cases[i], &p);
        }
        parity_close(&p);
    }
}

int main(void)
{
    RUN(published_counts);
    RUN(parity_with_pytorch);
    return check_summary();
}
