/* A network's weights for fewer frames and smaller pictures: the newest tokens' places stay, others lie
   between the old ones, everything else is copied. */
#include <string.h>
#include "base/config.h"
#include "check.h"
#include "models/refit.h"

static const char config_text[] = "{kind: beamtransfuser, modalities: [camera, lidar, gps], width: 8, "
                                  "blocks: 1, heads: 2, anchors: 4, head: [8],\n"
                                  " camera_depth: 18, lidar_depth: 18}\n";
static const bcue_model_inputs wide = {
    .frames = 3, .channels = 3, .height = 64, .width = 64, .lidar = {1, 32, 64}, .gps_frames = 2, .beams = 4};

typedef struct made {
    bcue_model_config config;
    bcue_config *owned;
    bcue_weights weights;
} made;

static void make(made *m)
{
    bcue_error error = {""};
    bcue_graph *graph;
    CHECK_OK(bcue_config_read_text(config_text, strlen(config_text), "test", NULL, 0,
                                   bcue_model_config_fields, &m->config, &m->owned, &error),
             error);
    CHECK_OK(bcue_model_build(&m->config, &wide, 1, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 5, &m->weights, &error), error);
    bcue_graph_destroy(graph);
}

static void drop(made *m)
{
    bcue_weights_free(&m->weights);
    bcue_config_destroy(m->owned);
}

static bcue_tensor *find(const bcue_weights *weights, const char *name)
{
    for (int32_t i = 0; i < weights->count; i++)
        if (strcmp(weights->names[i], name) == 0)
            return &weights->tensors[i];
    CHECK_AT(false, "no %s", name);
    return &weights->tensors[0];
}

/* Row t of a stage's places gets the value t in all its numbers. */
static void number_rows(bcue_tensor *places)
{
    float *values = places->data;
    const int64_t width = places->shape.dim[2];
    for (int64_t k = 0; k < bcue_tensor_count(places); k++)
        values[k] = (float)(k / width);
}

static float row_of(const bcue_tensor *places, int64_t row)
{
    return ((const float *)places->data)[row * places->shape.dim[2]];
}

static void check_rest_is_copied(const bcue_weights *from, const bcue_weights *to)
{
    CHECK_INT(from->count, to->count);
    for (int32_t i = 0; i < from->count; i++) {
        const bcue_tensor *copy = find(to, from->names[i]);
        if (strstr(from->names[i], "pos_emb") == NULL)
            CHECK_AT(bcue_shape_equal(&copy->shape, &from->tensors[i].shape) &&
                         memcmp(copy->data, from->tensors[i].data, bcue_tensor_size(copy)) == 0,
                     "%s is another", from->names[i]);
    }
}

/* Stage 1 (grids 4 x 4): 3 x 16 tokens of the camera, 3 x 16 of LiDAR, 2 fixes. */
static void fewer_frames(void)
{
    bcue_error error = {""};
    bcue_weights refit;
    made m;
    make(&m);
    number_rows(find(&m.weights, "fusion.1.pos_emb"));
    bcue_model_inputs one = wide;
    one.frames = 1;
    CHECK_OK(bcue_model_refit(&m.config, &wide, &m.weights, &one, &refit, &error), error);
    const bcue_tensor *places = find(&refit, "fusion.1.pos_emb");
    CHECK_INT(places->shape.dim[1], 16 + 16 + 2);
    for (int64_t i = 0; i < 16; i++) {
        CHECK(row_of(places, i) == (float)(32 + i));           /* the newest camera frame */
        CHECK(row_of(places, 16 + i) == (float)(48 + 32 + i)); /* and LiDAR's */
    }
    CHECK(row_of(places, 32) == 96 && row_of(places, 33) == 97); /* the fixes stay */
    check_rest_is_copied(&m.weights, &refit);
    bcue_weights_free(&refit);
    drop(&m);
}

/* Stage 4 of the camera has 2 x 2 tokens of 64 x 64 pixels, 1 x 1 of 32 x 32; stage 3 has 4 x 4 and 2 x 2. */
static void smaller_pictures(void)
{
    bcue_error error = {""};
    bcue_weights refit;
    made m;
    make(&m);
    number_rows(find(&m.weights, "fusion.3.pos_emb"));
    number_rows(find(&m.weights, "fusion.4.pos_emb"));
    bcue_model_inputs small = wide;
    small.height = small.width = 32;
    CHECK_OK(bcue_model_refit(&m.config, &wide, &m.weights, &small, &refit, &error), error);
    const bcue_tensor *third = find(&refit, "fusion.3.pos_emb"), *fourth = find(&refit, "fusion.4.pos_emb");
    /* rows 0.5 and 2.5 of four: between tokens 0 and 1 (and 4 and 5), ... */
    CHECK_NEAR(row_of(third, 0), 0.5 + 2, 1e-6);
    CHECK_NEAR(row_of(third, 1), 2.5 + 2, 1e-6);
    CHECK_NEAR(row_of(third, 2), 0.5 + 10, 1e-6);
    CHECK_NEAR(row_of(third, 4), 16 + 2.5, 1e-6); /* the second frame */
    CHECK_NEAR(row_of(fourth, 0), 1.5, 1e-6);     /* the middle of 0, 1, 2, 3 */
    CHECK_NEAR(row_of(fourth, 3), 12, 1e-6);      /* LiDAR is as large as before */
    check_rest_is_copied(&m.weights, &refit);
    bcue_weights_free(&refit);
    drop(&m);
}

static void the_same(void)
{
    bcue_error error = {""};
    bcue_weights refit;
    made m;
    make(&m);
    bcue_tensor *places = find(&m.weights, "fusion.2.pos_emb");
    number_rows(places);
    CHECK_OK(bcue_model_refit(&m.config, &wide, &m.weights, &wide, &refit, &error), error);
    CHECK(memcmp(find(&refit, "fusion.2.pos_emb")->data, places->data, bcue_tensor_size(places)) == 0);
    check_rest_is_copied(&m.weights, &refit);
    bcue_weights_free(&refit);
    bcue_model_inputs more = wide, other = wide;
    more.frames = 4;
    CHECK_STATUS(bcue_model_refit(&m.config, &wide, &m.weights, &more, &refit, &error),
                 BCUE_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(error.text, "4 frames of camera cannot be made of 3");
    other.beams = 5;
    CHECK_STATUS(bcue_model_refit(&m.config, &wide, &m.weights, &other, &refit, &error),
                 BCUE_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(error.text, "depends on the sizes of the inputs");
    drop(&m);
}

int main(void)
{
    RUN(fewer_frames);
    RUN(smaller_pictures);
    RUN(the_same);
    return check_summary();
}
