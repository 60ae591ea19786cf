#include "fuzz.h"
#include "models/model_file.h"

/* A model that is let through can be asked. */
static void ask(const bcue_model_file *model)
{
    static float scores[65536];
    static const float here[2] = {0.3F, 0.7F};
    bcue_error error = {{0}};
    const bool asked = bcue_model_is_table(&model->config) && !bcue_model_is_oracle(&model->config) &&
                       !bcue_model_needs(&model->config, BCUE_INPUT_RADAR); /* windows of any size */
    if (asked)
        fuzz_require(bcue_table_score(&model->config, model->inputs.beams, &model->weights, here, 1, 2,
                                      scores, &error) == BCUE_OK,
                     "a table that was read cannot be asked", &error);
    for (int32_t i = 0; i < model->weights.count; i++)
        fuzz_require(model->weights.names[i] != NULL && model->weights.tensors[i].data != NULL,
                     "a tensor without name or data", &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_model_file model;
    bcue_error error = {{0}};
    bcue_status status = bcue_model_file_decode(data, size, FUZZ_NAME, &model, &error);
    if (status != BCUE_OK) {
        fuzz_check_refusal(status, &error);
        return 0;
    }
    ask(&model);
    bcue_model_file_free(&model);
    return 0;
}
