/* How long it takes until a model can answer, and in how much memory:

       bench_open make full|small|tiny FILE [BEAMS]
                                              writes a model with random weights (of that preset; 64 beams)
       bench_open FILE [SESSIONS [small]]     opens it, makes SESSIONS (1) sessions, predicts twice in each

   Opening is reading and checking the file; a session is the graph, its plan and the packed weights. Peak is
   the largest resident set of the process so far. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "base/clock.h"
#include "base/fail.h"
#include "beamcue/predict.h"
#include "models/model_file.h"

enum { MOST_SESSIONS = 16 };

typedef struct preset {
    const char *name, *model, *inputs, *features;
} preset;

#define INPUTS(frames, size)                                                                                 \
    "frames: " #frames "\nchannels: 3\nheight: " #size "\nwidth: " #size "\nlidar_channels: 1\n"             \
    "lidar_height: " #size "\nlidar_width: " #size "\nradar_channels: 2\nradar_height: " #size               \
    "\nradar_width: " #size "\ngps_frames: 2\n"
#define FEATURES(size)                                                                                       \
    "camera: {enabled: true, width: " #size ", height: " #size "}\nlidar: {enabled: true, width: " #size     \
    ", height: " #size "}\nradar: {enabled: true, width: " #size ", height: " #size "}\n"                    \
    "position: {enabled: true, mode: enu}\n"

static const preset presets[] = {
    {"full", "kind: beamtransfuser\n", INPUTS(5, 256), FEATURES(256)},
    {"small", "kind: beamtransfuser\nwidth: 16\nanchors: 4\nhead: [128, 64]\n", INPUTS(2, 128),
     FEATURES(128)},
    {"tiny", "kind: beamtransfuser\nwidth: 8\ncamera_depth: 18\nblocks: 2\nanchors: 4\nhead: [64]\n",
     INPUTS(1, 128), FEATURES(128)},
};

static bcue_status fill_file(const preset *p, long beams, bcue_model_file *file, bcue_graph **graph,
                             bcue_error *error)
{
    char inputs[512];
    snprintf(inputs, sizeof inputs, "%sbeams: %ld\n", p->inputs, beams);
    BCUE_TRY(bcue_config_read_text(p->model, strlen(p->model), "model", NULL, 0, bcue_model_config_fields,
                                   &file->config, &file->owned_config, error));
    BCUE_TRY(bcue_config_read_text(inputs, strlen(inputs), "inputs", NULL, 0, bcue_model_inputs_fields,
                                   &file->inputs, &file->owned_inputs, error));
    BCUE_TRY(bcue_model_build(&file->config, &file->inputs, 1, graph, error));
    return bcue_weights_create(*graph, BCUE_F32, 1, &file->weights, error);
}

static bcue_status make_file(const char *name, const char *path, long beams, bcue_error *error)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        if (strcmp(presets[i].name, name) != 0)
            continue;
        bcue_model_file file = {0};
        bcue_graph *graph = NULL;
        bcue_status status = fill_file(&presets[i], beams, &file, &graph, error);
        char features[512];
        snprintf(features, sizeof features, "%s", presets[i].features);
        file.features_yaml = features;
        if (status == BCUE_OK)
            status = bcue_model_file_write(path, &file, error);
        file.features_yaml = NULL;
        bcue_graph_destroy(graph);
        bcue_model_file_free(&file);
        return status;
    }
    return bcue_fail(error, BCUE_ERROR_ARGUMENT, "there is no preset '%s' here; full, small or tiny", name);
}

static double peak_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return 1024e-6 * (double)usage.ru_maxrss;
}

static double processor_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void show(const char *what, double started, double processor)
{
    printf("%-18s %8.1f ms, %8.1f ms of the processors; peak %.1f MB\n", what,
           1e3 * (bcue_clock_s() - started), 1e3 * (processor_s() - processor), peak_mb());
}

static bcue_status predict(bcue_session *session, bcue_error *error)
{
    const bcue_fix fixes[2] = {{33.4205, -111.9289}, {33.42051, -111.9289}};
    const bcue_observation observation = {.fixes = fixes, .fix_count = 2, .rsu = {33.4203, -111.9289}};
    bcue_ranked_beam best;
    return bcue_predict(session, &observation, 1, &best, NULL, error);
}

/* What the process holds now, by kind, as the kernel counts it. */
static void show_memory(const bcue_session *session)
{
    bcue_session_facts facts;
    char line[128];
    FILE *status = fopen("/proc/self/status", "r");
    bcue_session_get_facts(session, &facts);
    printf("packed weights %.1f MB, activations %.1f MB, both times 1.1: %.1f MB\n",
           1e-6 * (double)facts.packed_bytes, 1e-6 * (double)facts.activation_bytes,
           1.1e-6 * (double)(facts.packed_bytes + facts.activation_bytes));
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmHWM", 5) == 0 || strncmp(line, "Rss", 3) == 0)
            printf("  %s", line);
    if (status != NULL)
        fclose(status);
}

static bcue_status open_file(const char *path, long sessions, bool small, bcue_error *error)
{
    const bcue_session_options options = {.memory = small ? BCUE_MEMORY_SMALL : BCUE_MEMORY_FAST};
    bcue_model *model = NULL;
    bcue_session *made[MOST_SESSIONS] = {NULL};
    double started = bcue_clock_s(), processor = processor_s();
    bcue_status status = bcue_model_load(path, &model, error);
    show("open", started, processor);
    for (long i = 0; status == BCUE_OK && i < sessions; i++) {
        started = bcue_clock_s();
        processor = processor_s();
        status = bcue_session_create_with(model, &options, &made[i], error);
        show("session", started, processor);
        if (status == BCUE_OK)
            show_memory(made[i]);
        for (int k = 0; status == BCUE_OK && k < 2; k++) {
            started = bcue_clock_s();
            processor = processor_s();
            status = predict(made[i], error);
            show(k == 0 ? "first prediction" : "second", started, processor);
        }
        if (status == BCUE_OK)
            show_memory(made[i]);
    }
    for (long i = 0; i < sessions; i++)
        bcue_session_destroy(made[i]);
    bcue_model_destroy(model);
    return status;
}

int main(int argc, char **argv)
{
    bcue_error error = {""};
    bcue_status status;
    const long sessions = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
    if ((argc == 4 || argc == 5) && strcmp(argv[1], "make") == 0) {
        status = make_file(argv[2], argv[3], argc == 5 ? strtol(argv[4], NULL, 10) : 64, &error);
    } else if (argc >= 2 && argc <= 4 && sessions >= 1 && sessions <= MOST_SESSIONS) {
        status = open_file(argv[1], sessions, argc > 3 && strcmp(argv[3], "small") == 0, &error);
    } else {
        fprintf(
            stderr,
            "usage: bench_open make full|small|tiny FILE\n       bench_open FILE [SESSIONS 1..%d [small]]\n",
            MOST_SESSIONS);
        return 2;
    }
    if (status != BCUE_OK)
        fprintf(stderr, "bench_open: %s\n", error.text);
    return status == BCUE_OK ? 0 : 1;
}
