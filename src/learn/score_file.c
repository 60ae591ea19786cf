#include "learn/score_file.h"

#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "learn/codebook_check.h"
#include "learn/scorer.h"
#include "models/model_file.h"

static bool sees_pictures(const bcue_model_inputs *inputs)
{
    bool any = false;
    for (int i = 0; i < BCUE_INPUT_COUNT; i++)
        any = any || (bcue_model_input_has_frames((bcue_model_input)i) &&
                      bcue_model_offers(inputs, (bcue_model_input)i));
    return any;
}

static bcue_status check_model(const char *path, const bcue_model_file *model, const bcue_dataset *dataset,
                               bcue_error *error)
{
    const bcue_model_inputs *inputs = &model->inputs;
    if (inputs->beams != bcue_dataset_beams(dataset))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: trained for %lld beams, the data has %d; train a model for this data, or set "
                         "data.beams and data.beam_step "
                         "as they were in training",
                         path, (long long)inputs->beams, bcue_dataset_beams(dataset));
    if (sees_pictures(inputs) && inputs->frames != bcue_dataset_frames(dataset))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: trained on windows of %lld frames, data.window.frames is %d", path,
                         (long long)inputs->frames, bcue_dataset_frames(dataset));
    if (inputs->gps_frames > 0 && inputs->gps_frames != bcue_dataset_gps_frames(dataset))
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: trained on %lld position fixes, data.gps_frames is %d",
                         path, (long long)inputs->gps_frames, bcue_dataset_gps_frames(dataset));
    return bcue_codebook_check(path, model->codebook_yaml, dataset, error);
}

/* A model that was trained on the same recordings but with another split may have seen these test samples. */
static bcue_status check_seen(const char *path, const bcue_model_file *model, const bcue_dataset *dataset,
                              const char *seen_hash, bcue_error *error)
{
    json_t *training = json_loads(model->training_json, JSON_REJECT_DUPLICATES, NULL);
    const char *data = NULL, *seen = NULL;
    const bool known =
        training != NULL && json_unpack(training, "{s:s, s:s}", "data_hash", &data, "seen_hash", &seen) == 0;
    const bool other_split =
        known && strcmp(data, bcue_dataset_hash(dataset)) == 0 && strcmp(seen, seen_hash) != 0;
    json_decref(training);
    if (other_split)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: was trained on another split of these recordings, so it may have seen the samples it "
            "is to be tested on; train it again with this configuration",
            path);
    return BCUE_OK;
}

static bcue_status restore_features(const bcue_model_file *model, const char *path,
                                    bcue_feature_config *features, bcue_config **owned, bcue_error *error)
{
    bcue_feature_sizes sizes = {.position = model->inputs.gps_frames > 0};
    for (int i = 0; i < BCUE_INPUT_COUNT; i++) { /* in the order of bcue_modality */
        const bcue_picture_size size = bcue_model_picture(&model->inputs, (bcue_model_input)i);
        sizes.frame[i][0] = size.channels;
        sizes.frame[i][1] = size.height;
        sizes.frame[i][2] = size.width;
    }
    return bcue_feature_config_restore(model->features_yaml, path, &sizes, features, owned, error);
}

static bcue_status open_model(const char *path, const bcue_dataset *dataset, const char *seen_hash,
                              bcue_model_file *model, bcue_error *error)
{
    BCUE_TRY(bcue_model_file_read(path, model, error));
    bcue_status status = check_model(path, model, dataset, error);
    if (status == BCUE_OK && seen_hash != NULL)
        status = check_seen(path, model, dataset, seen_hash, error);
    if (status != BCUE_OK)
        bcue_model_file_free(model);
    return status;
}

bcue_status bcue_score_file_check(const char *path, const bcue_dataset *dataset, const char *seen_hash,
                                  int64_t *mid_width, int64_t *parameters, bcue_error *error)
{
    bcue_model_file model;
    bcue_graph *graph;
    *mid_width = *parameters = 0;
    BCUE_TRY(open_model(path, dataset, seen_hash, &model, error));
    bcue_status status = BCUE_OK;
    if (!bcue_model_is_table(&model.config)) {
        status = bcue_model_build(&model.config, &model.inputs, 1, &graph, error);
        if (status == BCUE_OK) {
            *mid_width = bcue_scorer_mid_width(graph);
            for (int32_t i = 0; i < model.weights.count; i++)
                *parameters += bcue_graph_value(graph, bcue_graph_parameter_value(graph, i))->spec.running
                                   ? 0
                                   : bcue_tensor_count(&model.weights.tensors[i]);
            bcue_graph_destroy(graph);
        }
    }
    bcue_model_file_free(&model);
    return status;
}

bcue_status bcue_score_file(const char *path, const bcue_score_job *job, const bcue_hooks *hooks,
                            float *scores, bcue_error *error)
{
    if (!bcue_path_exists(path))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: no such model; train it first with 'beamcue train' and the same configuration",
                         path);
    return bcue_score_file_mid(path, job, hooks, scores, NULL, error);
}

bcue_status bcue_score_session_open(const char *path, const bcue_score_job *job, const bcue_hooks *hooks,
                                    const bcue_scorer_options *look, bcue_score_session *session,
                                    bcue_error *error)
{
    *session = (bcue_score_session){0};
    BCUE_TRY(open_model(path, job->dataset, job->seen_hash, &session->model, error));
    BCUE_TRY(restore_features(&session->model, path, &session->features, &session->owned, error));
    const bcue_scorer_options options = {.engine = (bcue_engine)job->train->engine,
                                         .loader_threads = (int)job->train->loader_threads,
                                         .seed = job->seed,
                                         .look = look != NULL ? look->look : NULL,
                                         .cookie = look != NULL ? look->cookie : NULL,
                                         .int8 = session->model.int8,
                                         .rounded = job->rounded};
    BCUE_TRY(bcue_scorer_create(&session->model.config, &session->model.inputs, &session->model.weights,
                                job->dataset, &session->features, &options, hooks, &session->scorer, error));
    return job->faults.lost > 0 || job->faults.false_points > 0
               ? bcue_scorer_spoil_points(session->scorer, &session->features, &job->faults, job->seed, error)
               : BCUE_OK;
}

void bcue_score_session_close(bcue_score_session *session)
{
    bcue_scorer_destroy(session->scorer);
    bcue_config_destroy(session->owned);
    bcue_model_file_free(&session->model);
    *session = (bcue_score_session){0};
}

bcue_status bcue_score_file_mid(const char *path, const bcue_score_job *job, const bcue_hooks *hooks,
                                float *scores, float *mid, bcue_error *error)
{
    bcue_score_session session;
    bcue_status status = bcue_score_session_open(path, job, hooks, NULL, &session, error);
    if (status == BCUE_OK)
        status = bcue_scorer_run_mid(session.scorer, job->samples, job->count, scores, mid, error);
    bcue_score_session_close(&session);
    return status;
}
