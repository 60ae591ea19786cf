/* The recurrent unit over position fixes, alone and beside a camera, against PyTorch (fixture:
 * tools/fixtures/make_gru.py) on both engines. */
#include "check.h"
#include "torch_parity.h"

static void check_engine(const parity *p, const char *name, bcue_engine engine, bcue_dtype dtype,
                         double outputs, double gradients)
{
    for (int training = 0; training < 2; training++) {
        bcue_error error = {""};
        parity_errors e;
        CHECK_OK(parity_run(p, engine, dtype, training != 0, &e, &error), error);
        CHECK_AT(e.outputs < outputs && e.loss < outputs && e.running < outputs &&
                     e.gradient_worst < gradients,
                 "%s, engine %d, training %d: outputs %g, loss %g, running %g, gradient of %s %g", name,
                 (int)engine, training, e.outputs, e.loss, e.running, e.worst_gradient, e.gradient_worst);
        CHECK(e.compared >= 7);
    }
    bcue_error error = {""};
    parity_errors e;
    CHECK_OK(parity_infer(p, engine, dtype, &e, &error), error);
    CHECK(e.compared == 1 && e.outputs < outputs);
}

static void parity_with_pytorch(void)
{
    static const char *const cases[] = {"position", "camera"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256];
        parity p;
        bcue_error error = {""};
        snprintf(path, sizeof path, BCUE_SOURCE_DIR "/tests/models/data/gru_%s.safetensors", cases[i]);
        CHECK_OK(parity_open(path, &p, &error), error);
        if (p.graph != NULL) {
            check_engine(&p, cases[i], BCUE_ENGINE_REFERENCE, BCUE_F64, 1e-10, 1e-10);
            check_engine(&p, cases[i], BCUE_ENGINE_ONEDNN, BCUE_F32, 1e-5, 1e-3);
        }
        parity_close(&p);
    }
}

/* y = scale x + shift, dy/dx = scale; the sum of a mean makes every gradient the same known number. */
static void affine(void)
{
    for (int engine = 0; engine < 2; engine++) {
        bcue_error error = {""};
        bcue_graph *graph = bcue_graph_create();
        const bcue_shape shape = bcue_shape_of(2, 3);
        const bcue_parameter_spec spec = {.init = BCUE_INIT_ONE};
        bcue_value x = bcue_graph_parameter(graph, "x", &shape, &spec);
        bcue_value y = bcue_graph_affine(graph, "y", x, -2.5, 4);
        bcue_graph_output(graph, "y", y);
        bcue_graph_output(graph, "loss", bcue_graph_reduce(graph, NULL, BCUE_OP_REDUCE_MEAN, y, 3U, false));
        CHECK_OK(bcue_graph_check(graph, &error), error);
        bcue_weights weights;
        CHECK_OK(bcue_weights_create(graph, BCUE_F32, 1, &weights, &error), error);
        ((float *)weights.tensors[0].data)[4] = 3;
        const bcue_plan_options options = {
            .engine = (bcue_engine)engine, .dtype = BCUE_F32, .training = true};
        bcue_plan *plan = NULL;
        CHECK_OK(bcue_plan_create(graph, &weights, &options, &plan, &error), error);
        CHECK_OK(bcue_plan_forward(plan, &error), error);
        CHECK_OK(bcue_plan_backward(plan, &error), error);
        for (int i = 0; i < 6; i++) {
            CHECK_NEAR(((const float *)bcue_plan_output(plan, "y"))[i], i == 4 ? -3.5 : 1.5, 1e-6);
            CHECK_NEAR(((const float *)bcue_plan_gradient(plan, 0))[i], -2.5 / 6, 1e-6);
        }
        bcue_plan_destroy(plan);
        bcue_weights_free(&weights);
        bcue_graph_destroy(graph);
    }
}

int main(void)
{
    RUN(affine);
    RUN(parity_with_pytorch);
    return check_summary();
}
