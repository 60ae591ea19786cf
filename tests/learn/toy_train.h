/* Training runs of the tests: hooks that watch, stop or kill them, and what they leave. Included once per
   program, after a `yaml` text and FOLDER. */
#ifndef BCUE_TESTS_TOY_TRAIN_H
#define BCUE_TESTS_TOY_TRAIN_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "learn/trainer.h"
#include "models/model_file.h"
#include "toy_data.h"

/* ---- hooks ---- */

typedef struct watcher {
    int polls, cancel_at; /* cancelled from that poll on; 0: never */
    int steps, die_at;    /* the process ends in that step; 0: never */
    bool hard;            /* by SIGKILL */
    char warning[256];
    char epoch[256]; /* the last line of an epoch */
} watcher;

static inline int cancelled(void *cookie)
{
    watcher *w = cookie;
    w->polls++;
    return w->cancel_at > 0 && w->polls >= w->cancel_at;
}

static inline void progress(void *cookie, const char *what, uint64_t done, uint64_t total)
{
    watcher *w = cookie;
    (void)what;
    (void)done;
    (void)total;
    if (++w->steps != w->die_at)
        return;
    if (w->hard)
        (void)raise(SIGKILL);
    _exit(7);
}

static inline void keep_warning(void *cookie, bcue_log_level level, const char *text)
{
    watcher *w = cookie;
    if (level == BCUE_LOG_WARNING)
        snprintf(w->warning, sizeof w->warning, "%s", text);
    if (strncmp(text, "epoch ", 6) == 0)
        snprintf(w->epoch, sizeof w->epoch, "%s", text);
}

/* ---- running ---- */

typedef struct outcome {
    bcue_status status;
    bcue_error error;
    bcue_training_summary summary;
} outcome;

static inline outcome train_yaml(const char *text, const char *const *overrides, watcher *w)
{
    toy_run run;
    outcome result = {0};
    bcue_hooks hooks = {.cookie = w, .log = keep_warning, .progress = progress, .cancelled = cancelled};
    result.status = toy_open(FOLDER, text, overrides, &run);
    result.error = run.error;
    if (result.status == BCUE_OK)
        result.status = bcue_train_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0),
                                          w != NULL ? &hooks : NULL, &result.summary, &result.error);
    toy_close(&run);
    return result;
}

static inline bcue_status train(const char *const *overrides, watcher *w)
{
    outcome result = train_yaml(yaml, overrides, w);
    CHECK_AT(result.status == BCUE_OK || result.status == BCUE_ERROR_CANCELLED, "%s", result.error.text);
    bcue_training_summary_free(&result.summary);
    return result.status;
}

static inline void remove_results(const char *out)
{
    static const char *const names[] = {
        "checkpoint-seed1.safetensors", "model-seed1.safetensors", "history-seed1.csv",
        "metrics-seed1.jsonl",          "best-seed1.safetensors",  "diverged-seed1.safetensors"};
    char path[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", out, names[i]);
        (void)unlink(path);
    }
}

static inline bool exists(const char *out, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", out, name);
    return bcue_path_exists(path);
}

static inline bcue_model_file read_model(const char *out)
{
    bcue_error error = {""};
    bcue_model_file model;
    char path[512];
    snprintf(path, sizeof path, "%s/model-seed1.safetensors", out);
    CHECK_OK(bcue_model_file_read(path, &model, &error), error);
    return model;
}

/* Weights and history (learning rates, losses, accuracies) agree to the last bit. */
static inline bool same_models(const char *out_a, const char *out_b)
{
    bcue_model_file a = read_model(out_a), b = read_model(out_b);
    bool same = a.weights.count == b.weights.count && a.training_json != NULL && b.training_json != NULL;
    for (int32_t i = 0; same && i < a.weights.count; i++)
        same = memcmp(a.weights.tensors[i].data, b.weights.tensors[i].data,
                      bcue_tensor_size(&a.weights.tensors[i])) == 0;
    same =
        same && strcmp(strstr(a.training_json, "\"history\""), strstr(b.training_json, "\"history\"")) == 0;
    bcue_model_file_free(&a);
    bcue_model_file_free(&b);
    return same;
}

#endif
