#include "exchange_models.h"

#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/text.h"

#define CAMERA "frames: 2\nchannels: 3\nheight: 64\nwidth: 40\n"
#define NOTHING "frames: 1\nchannels: 0\nheight: 0\nwidth: 0\n"
#define ALL                                                                                                  \
    "frames: 2\nchannels: 3\nheight: 64\nwidth: 64\nlidar_channels: 1\nlidar_height: 64\nlidar_width: 64\n"  \
    "radar_channels: 2\nradar_height: 64\nradar_width: 96\ngps_frames: 2\nbeams: 11\n"

const bcue_exchange_model bcue_exchange_models[] = {
    {"position-mlp", "kind: position-mlp\nhidden: 12\nshared_layers: 2\ndropout: 0.3\n",
     NOTHING "gps_frames: 2\nbeams: 9\n"},
    {"position-gru", "kind: position-gru\nhidden: 10\n", NOTHING "gps_frames: 4\nbeams: 9\n"},
    {"resnet18", "kind: resnet18\nwidth: 8\ndropout: 0.2\n", CAMERA "gps_frames: 0\nbeams: 7\n"},
    {"resnet34", "kind: resnet34\nwidth: 8\n",
     "frames: 1\nchannels: 1\nheight: 64\nwidth: 64\ngps_frames: 0\nbeams: 7\n"},
    {"fusion", "kind: resnet18\nwidth: 8\nposition: true\nhidden: 16\n", CAMERA "gps_frames: 2\nbeams: 7\n"},
    {"fusion-gru", "kind: resnet18\nwidth: 8\nposition: true\nhidden: 16\ngru: 6\n",
     CAMERA "gps_frames: 3\nbeams: 7\n"},
    {"beamtransfuser",
     "kind: beamtransfuser\nwidth: 8\ncamera_depth: 18\nblocks: 2\nanchors: 3\nhead: [16]\ndropout: 0.1\n",
     ALL},
    {"beamtransfuser-pruned",
     "kind: beamtransfuser\nwidth: 8\ncamera_depth: 18\nblocks: 2\nanchors: 3\nhead: [16]\n"
     "pruned: [{part: fusion.1, keep: [1, 3, 4, 6], qk: [1, 2], inner: [5, 7]}, {part: fusion.3, value: [3, "
     "4]},\n"
     "         {part: camera.1, keep: [0, 1, 3], inner: [4, 8]}, {part: lidar.4, keep: [5, 9, 40]}]\n",
     ALL},
    {"beamtransfuser-projected",
     "kind: beamtransfuser\nwidth: 8\ncamera_depth: 34\nblocks: 1\nheads: 2\nanchors: 4\nhead: []\n"
     "embedding: [12, 12, 24, 24]\nfusion: softmax\n",
     ALL},
};
const int bcue_exchange_model_count = sizeof bcue_exchange_models / sizeof *bcue_exchange_models;

static void stir(const bcue_graph *graph, bcue_weights *weights)
{
    for (int32_t i = 0; i < weights->count; i++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i));
        const bcue_parameter_spec *spec = &info->spec;
        bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
        float *values = weights->tensors[i].data;
        for (int64_t k = 0; k < bcue_tensor_count(&weights->tensors[i]); k++) {
            if (spec->init == BCUE_INIT_ONE)
                values[k] = (float)bcue_rng_range(&rng, 0.5, 1.5);
            else if (spec->init == BCUE_INIT_ZERO)
                values[k] = (float)(0.1 * bcue_rng_normal(&rng));
            else if (spec->init == BCUE_INIT_NORMAL) /* larger than trained ones, so that attention matters */
                values[k] *= 10;
        }
    }
}

bcue_status bcue_exchange_model_make(const bcue_exchange_model *what, bcue_model_file *model,
                                     bcue_error *error)
{
    bcue_graph *graph = NULL;
    *model = (bcue_model_file){0};
    bcue_status status =
        bcue_config_read_text(what->config, strlen(what->config), what->name, NULL, 0,
                              bcue_model_config_fields, &model->config, &model->owned_config, error);
    if (status == BCUE_OK)
        status = bcue_config_read_text(what->inputs, strlen(what->inputs), what->name, NULL, 0,
                                       bcue_model_inputs_fields, &model->inputs, &model->owned_inputs, error);
    if (status == BCUE_OK)
        status = bcue_model_build(&model->config, &model->inputs, 1, &graph, error);
    if (status == BCUE_OK)
        status = bcue_weights_create(graph, BCUE_F32, 5, &model->weights, error);
    if (status == BCUE_OK)
        stir(graph, &model->weights);
    bcue_graph_destroy(graph);
    model->features_yaml = bcue_strdup("");
    model->codebook_yaml = bcue_strdup("beams: 1\n");
    model->training_json = bcue_strdup("{}");
    if (status != BCUE_OK)
        bcue_model_file_free(model);
    return status;
}

enum { LATENT = 5, HIDDEN = 12 };

static double spreads[] = {0.5, 1, 2, 0.25}, map_spreads[] = {1.5, 0.75, 1, 0.5};

bcue_status bcue_exchange_generators_make(int prior, bcue_model_file *model, bcue_error *error)
{
    static const bcue_exchange_model what = {
        "generators",
        "kind: beamtransfuser\nwidth: 8\ncamera_depth: 18\nblocks: 1\n"
        "modalities: [camera, lidar, radar, gps]\nanchors: 2\nhead: [16]\n",
        ALL};
    bcue_graph *kept = NULL;
    BCUE_TRY(bcue_exchange_model_make(&what, model, error));
    model->completion = bcue_calloc(1, sizeof *model->completion);
    bcue_status status = model->completion == NULL ? bcue_fail_memory(error, "the generator") : BCUE_OK;
    if (status == BCUE_OK) {
        *model->completion = (bcue_completion){.prior = prior,
                                               .target = BCUE_TARGET_BOTH,
                                               .latent = LATENT,
                                               .hidden = HIDDEN,
                                               .channels = 8,
                                               .spread = {spreads, 4},
                                               .map_spread = {map_spreads, 4}};
        status = bcue_completion_build_kept(model->completion, &model->config, &model->inputs, &kept, error);
    }
    if (status == BCUE_OK)
        status = bcue_weights_create(kept, BCUE_F32, 6, &model->generator, error);
    if (status == BCUE_OK)
        stir(kept, &model->generator);
    for (int32_t i = 0; status == BCUE_OK && i < model->generator.count; i++) {
        float *values = model->generator.tensors[i].data; /* larger than at first, so that z matters */
        for (int64_t k = 0; bcue_ends_with(model->generator.names[i], "decoder.latent.weight") &&
                            k < bcue_tensor_count(&model->generator.tensors[i]);
             k++)
            values[k] *= 20;
    }
    bcue_graph_destroy(kept);
    if (status != BCUE_OK)
        bcue_model_file_free(model);
    return status;
}
