/* predict_beam MODEL PICTURE LATITUDE LONGITUDE RSU_LATITUDE RSU_LONGITUDE: the five beams to probe first. */
#include <stdio.h>
#include <stdlib.h>
#include "beamcue/predict.h"

enum { TOP = 5 };

static size_t read_file(const char *path, unsigned char *bytes, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    const size_t size = file != NULL ? fread(bytes, 1, capacity, file) : 0;
    if (file != NULL)
        fclose(file);
    return size;
}

static int predict(const bcue_model *model, const bcue_observation *observation, bcue_error *error)
{
    bcue_session *session; /* one per thread; the model may be shared */
    bcue_ranked_beam best[TOP];
    bcue_timing timing;
    if (bcue_session_create(model, &session, error) != BCUE_OK)
        return 1;
    const bcue_status status = bcue_predict(session, observation, TOP, best, &timing, error);
    for (int i = 0; i < TOP && status == BCUE_OK; i++)
        printf("beam %2d  probability %.3f\n", best[i].beam, best[i].probability);
    if (status == BCUE_OK)
        printf("in %.2f ms\n", timing.total_ms);
    bcue_session_destroy(session);
    return status != BCUE_OK;
}

int main(int argc, char **argv)
{
    static unsigned char bytes[8 << 20];
    if (argc != 7) {
        fprintf(stderr, "usage: predict_beam MODEL PICTURE LATITUDE LONGITUDE RSU_LATITUDE RSU_LONGITUDE\n");
        return 2;
    }
    const bcue_encoded_picture picture = {bytes, read_file(argv[2], bytes, sizeof bytes), argv[2]};
    const bcue_fix fix = {atof(argv[3]), atof(argv[4])};
    const bcue_observation observation = {.camera = &picture,
                                          .camera_count = 1,
                                          .fixes = &fix,
                                          .fix_count = 1,
                                          .rsu = {atof(argv[5]), atof(argv[6])}};
    bcue_model *model = NULL;
    bcue_error error;
    int failed = bcue_model_load(argv[1], &model, &error) != BCUE_OK;
    if (!failed)
        failed = predict(model, &observation, &error);
    if (failed)
        fprintf(stderr, "predict_beam: %s\n", error.text);
    bcue_model_destroy(model);
    return failed;
}
