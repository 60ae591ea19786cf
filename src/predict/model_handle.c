#include "predict/model_handle.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"

static bcue_status count_work(bcue_model *model, bcue_error *error)
{
    if (bcue_model_is_table(&model->file.config))
        return BCUE_OK;
    bcue_graph *graph;
    BCUE_TRY(bcue_model_build(&model->file.config, &model->file.inputs, 1, &graph, error));
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++)
        model->multiply_accumulates += bcue_graph_node_macs(graph, i);
    bcue_graph_destroy(graph);
    return BCUE_OK;
}

_Static_assert((int)BCUE_INPUT_LIDAR == (int)BCUE_LIDAR && (int)BCUE_INPUT_RADAR == (int)BCUE_RADAR &&
                   (int)BCUE_INPUT_VEHICLES == (int)BCUE_VEHICLES,
               "inputs of a model are in the order of the modalities");

static bcue_status restore_features(bcue_model *model, const char *path, bcue_error *error)
{
    const bcue_model_inputs *inputs = &model->file.inputs;
    bcue_feature_sizes sizes = {.position = inputs->gps_frames > 0};
    for (int i = 0; i < BCUE_INPUT_COUNT; i++) {
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)i);
        sizes.frame[i][0] = size.channels;
        sizes.frame[i][1] = size.height;
        sizes.frame[i][2] = size.width;
    }
    return bcue_feature_config_restore(model->file.features_yaml, path, &sizes, &model->features,
                                       &model->owned_features, error);
}

/* Pages of the file that were packed are not read again before the next layout. */
static void release_file(void *cookie)
{
    bcue_model_file_release(&((const bcue_model *)cookie)->file);
}

/* `made` holds the file. */
static bcue_status finish(bcue_model *made, const char *name, bcue_status status, bcue_model **model,
                          bcue_error *error)
{
    if (status == BCUE_OK)
        status = bcue_packed_weights_create(release_file, made, &made->packed, error);
    if (status == BCUE_OK)
        status = restore_features(made, name, error);
    if (status == BCUE_OK)
        status = count_work(made, error);
    if (status != BCUE_OK) {
        bcue_model_destroy(made);
        return status;
    }
    *model = made;
    return BCUE_OK;
}

bcue_status bcue_model_load(const char *path, bcue_model **model, bcue_error *error)
{
    *model = NULL;
    bcue_model *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, path);
    return finish(made, path, bcue_model_file_open(path, &made->file, error), model, error);
}

bcue_status bcue_model_open_memory(const void *data, size_t size, const char *name, bcue_model **model,
                                   bcue_error *error)
{
    *model = NULL;
    bcue_model *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, name);
    return finish(made, name, bcue_model_file_decode(data, size, name, &made->file, error), model, error);
}

void bcue_model_destroy(bcue_model *model)
{
    if (model == NULL)
        return;
    bcue_config_destroy(model->owned_features);
    bcue_packed_weights_destroy(model->packed);
    bcue_model_file_free(&model->file);
    free(model);
}

void bcue_model_get_facts(const bcue_model *model, bcue_model_facts *facts)
{
    const bcue_model_inputs *inputs = &model->file.inputs;
    *facts = (bcue_model_facts){
        .kind = bcue_model_kind_names[model->file.config.kind],
        .beams = (int32_t)inputs->beams,
        .camera_frames = inputs->channels > 0 ? (int32_t)inputs->frames : 0,
        .camera_width = (int32_t)inputs->width,
        .camera_height = (int32_t)inputs->height,
        .lidar_frames = inputs->lidar.channels > 0 ? (int32_t)inputs->frames : 0,
        .radar_frames = inputs->radar.channels > 0 ? (int32_t)inputs->frames : 0,
        .radar_points = inputs->radar.channels > 0 && (model->features.radar.kind == BCUE_RADAR_HPS ||
                                                       model->features.radar.kind == BCUE_RADAR_POINTS),
        .position_fixes = (int32_t)inputs->gps_frames,
        .multiply_accumulates = model->multiply_accumulates,
        .calibration_episodes = model->file.calibration != NULL ? model->file.calibration->whole.episodes : 0,
    };
    for (int32_t i = 0; i < model->file.weights.count; i++)
        facts->parameters += bcue_tensor_count(&model->file.weights.tensors[i]);
}
