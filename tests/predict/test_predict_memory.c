/* A model opened from memory: the same answers as from its file, without a single file opened. */
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/memory.h"
#include "beamcue/predict.h"
#include "check.h"
#include "models/model_file.h"

#define PATH BCUE_BINARY_DIR "/test_predict_memory.safetensors"
enum { BEAMS = 6 };

static void write_model(void)
{
    bcue_error error = {""};
    bcue_model_file model = {.inputs = {.frames = 1, .gps_frames = 2, .beams = BEAMS}};
    static const char config[] = "kind: position-mlp\nhidden: 8\n";
    CHECK_OK(bcue_config_read_text(config, sizeof config - 1, "test", NULL, 0, bcue_model_config_fields,
                                   &model.config, &model.owned_config, &error),
             error);
    model.features_yaml = bcue_strdup(
        "position: {enabled: true, mode: minmax, low_0: 50, high_0: 50.001, low_1: 10, high_1: 10.001}\n");
    bcue_graph *graph;
    CHECK_OK(bcue_model_build(&model.config, &model.inputs, 1, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 2, &model.weights, &error), error);
    CHECK_OK(bcue_model_file_write(PATH, &model, &error), error);
    bcue_graph_destroy(graph);
    bcue_model_file_free(&model);
}

static bcue_status answer(const bcue_model *model, bcue_ranked_beam ranked[BEAMS], bcue_error *error)
{
    const bcue_fix fixes[2] = {{50.0002, 10.0004}, {50.0003, 10.0006}};
    const bcue_observation observation = {.fixes = fixes, .fix_count = 2, .rsu = {NAN, NAN}};
    bcue_session *session;
    bcue_status status = bcue_session_create(model, &session, error);
    if (status != BCUE_OK)
        return status;
    status = bcue_predict(session, &observation, BEAMS, ranked, NULL, error);
    bcue_session_destroy(session);
    return status;
}

static void same_answers(void)
{
    bcue_error error = {""};
    bcue_bytes file;
    bcue_model *model;
    bcue_ranked_beam from_file[BEAMS], from_memory[BEAMS];
    write_model();
    CHECK_OK(bcue_model_load(PATH, &model, &error), error);
    CHECK_OK(answer(model, from_file, &error), error);
    bcue_model_destroy(model);
    CHECK_OK(bcue_file_read(PATH, 1 << 20, &file, &error), error);
    for (size_t shift = 0; shift < 3; shift++) { /* however the array lies in memory */
        uint8_t *moved = malloc(file.size + shift);
        if (moved == NULL)
            break;
        memcpy(moved + shift, file.data, file.size);
        CHECK_OK(bcue_model_open_memory(moved + shift, file.size, "embedded", &model, &error), error);
        free(moved); /* it was read during the call only */
        CHECK_OK(answer(model, from_memory, &error), error);
        for (int i = 0; i < BEAMS; i++) {
            CHECK_INT(from_memory[i].beam, from_file[i].beam);
            CHECK_NEAR(from_memory[i].probability, from_file[i].probability, 0);
        }
        bcue_model_destroy(model);
    }
    CHECK_STATUS(bcue_model_open_memory(file.data, file.size - 4, "embedded", &model, &error),
                 BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "embedded: ");
    CHECK(model == NULL);
    bcue_bytes_free(&file);
}

/* In a process that may open nothing: with no descriptor to be had, every open fails. */
static void no_file_access(void)
{
    bcue_error error = {""};
    bcue_bytes file;
    write_model();
    CHECK_OK(bcue_file_read(PATH, 1 << 20, &file, &error), error);
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        bcue_model *model = NULL;
        bcue_ranked_beam ranked[BEAMS];
        bool right = setrlimit(RLIMIT_NOFILE, &none) == 0 && fopen(PATH, "rb") == NULL;
        right = right && bcue_model_load(PATH, &model, &error) == BCUE_ERROR_IO;
        right = right && bcue_model_open_memory(file.data, file.size, "embedded", &model, &error) == BCUE_OK;
        right = right && answer(model, ranked, &error) == BCUE_OK;
        bcue_model_destroy(model);
        _exit(right ? 0 : 1);
    }
    int state = -1;
    CHECK(child > 0 && waitpid(child, &state, 0) == child);
    CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 0);
    bcue_bytes_free(&file);
    (void)remove(PATH);
}

int main(void)
{
    RUN(no_file_access); /* first: a process with threads is not forked */
    RUN(same_answers);
    (void)remove(PATH);
    return check_summary();
}
