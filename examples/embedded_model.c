/* embedded_model LATITUDE LONGITUDE RSU_LATITUDE RSU_LONGITUDE: the best beams from a position alone, by a
   model that is part of the program. position_model.h is made of a model file while building:

       beamcue export position_model.safetensors --c-header position_model.h */
#include <stdio.h>
#include <stdlib.h>
#include "beamcue/predict.h"
#include "position_model.h"

enum { TOP = 3 };

static int answer(const bcue_model *model, const bcue_observation *observation, bcue_error *error)
{
    bcue_session *session;
    bcue_ranked_beam best[TOP];
    if (bcue_session_create(model, &session, error) != BCUE_OK)
        return 1;
    const bcue_status status = bcue_predict(session, observation, TOP, best, NULL, error);
    for (int i = 0; i < TOP && status == BCUE_OK; i++)
        printf("beam %2d  probability %.3f\n", best[i].beam, best[i].probability);
    bcue_session_destroy(session);
    return status != BCUE_OK;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: embedded_model LATITUDE LONGITUDE RSU_LATITUDE RSU_LONGITUDE\n");
        return 2;
    }
    const bcue_fix fix = {atof(argv[1]), atof(argv[2])};
    const bcue_observation observation = {
        .fixes = &fix, .fix_count = 1, .rsu = {atof(argv[3]), atof(argv[4])}};
    bcue_model *model = NULL;
    bcue_error error;
    int failed = bcue_model_open_memory(position_model, sizeof position_model, "the model in this program",
                                        &model, &error) != BCUE_OK;
    if (!failed)
        failed = answer(model, &observation, &error);
    if (failed)
        fprintf(stderr, "embedded_model: %s\n", error.text);
    bcue_model_destroy(model);
    return failed;
}
