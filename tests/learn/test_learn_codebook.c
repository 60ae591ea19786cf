/* A model knows the codebook that it was trained for: another one is refused where it is scored, what is not
   known is said, and files from before there were marks are what they were. */
#include "check.h"
#include "learn/evaluate.h"
#include "learn/score_file.h"
#include "learn/trainer.h"
#include "models/codebook_note.h"
#include "models/model_file.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_learn_codebook"
#define ONE "0123456789abcdef"
#define OTHER "fedcba9876543210"

static const toy_shape street = {.episodes = 12, .rows = 6, .beams = 8};
static const char yaml[] = "name: toy\n"
                           "out: " FOLDER "/out\n"
                           "data:\n"
                           "  sources: [{format: npy, root: " FOLDER ", prefix: toy}]\n"
                           "  beams: 8\n"
                           "split: {train: 0.5, validation: 0, test: 0.5}\n"
                           "features: {position: {enabled: true}}\n"
                           "model: {kind: position-mlp, hidden: 8, shared_layers: 1}\n"
                           "train: {loader_threads: 0, epochs: 1, batch: 16}\n"
                           "evaluate: {bootstrap: 100}\n";

static char told[4096];

static void listen(void *cookie, bcue_log_level level, const char *text)
{
    (void)cookie;
    (void)level;
    const size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s\n", text);
}
static const bcue_hooks hooks = {.log = listen};

/* The recordings say `hash`; NULL: nothing. */
static void say(const char *hash)
{
    char text[200];
    remove(FOLDER "/codebook.json");
    snprintf(text, sizeof text, "{\"scenes\": [{\"hash\": \"%s\"}]}", hash != NULL ? hash : "");
    if (hash != NULL)
        toy_write_text(FOLDER, "codebook.json", text);
}

static void train(const char *const *overrides, char mark[BCUE_CODEBOOK_MARK_SIZE])
{
    toy_run run;
    bcue_training_summary summary;
    bcue_model_file model;
    bcue_error error = {""};
    told[0] = '\0';
    CHECK_OK(toy_open(FOLDER, yaml, overrides, &run), run.error);
    CHECK_OK(bcue_train_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), &hooks,
                               &summary, &error),
             error);
    CHECK_OK(bcue_model_file_read(summary.model_path, &model, &error), error);
    bcue_codebook_note_mark(model.codebook_yaml, mark);
    bcue_model_file_free(&model);
    bcue_training_summary_free(&summary);
    toy_close(&run);
}

static bcue_status evaluate(const char *const *overrides, bcue_error *error)
{
    toy_run run;
    bcue_evaluation evaluation;
    told[0] = '\0';
    CHECK_OK(toy_open(FOLDER, yaml, overrides, &run), run.error);
    const bcue_status status =
        bcue_evaluate_run(&run.run, run.config, run.dataset, NULL, &hooks, &evaluation, error);
    if (status == BCUE_OK)
        bcue_evaluation_free(&evaluation);
    toy_close(&run);
    return status;
}

static const char refusal[] =
    "was trained for the codebook " ONE ", the recordings of toy have the codebook " OTHER;

static void another_codebook_is_refused(void)
{
    const char *const out[] = {"out=" FOLDER "/marked", NULL}, *const anyway[] = {"out=" FOLDER "/marked",
                                                                                  "data.other_codebook=true",
                                                                                  NULL};
    char mark[BCUE_CODEBOOK_MARK_SIZE];
    bcue_error error = {""};
    say(ONE);
    train(out, mark);
    CHECK_STR(mark, ONE);
    CHECK_OK(evaluate(out, &error), error);
    CHECK(strstr(told, "codebook") == NULL); /* the same: nothing to say */
    say(OTHER);
    CHECK_STATUS(evaluate(out, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, refusal);
    CHECK_CONTAINS(error.text, "data.other_codebook=true");
    CHECK_OK(evaluate(anyway, &error), error);
    CHECK_CONTAINS(told, "the recordings of toy have " OTHER);
    say(NULL);
    CHECK_OK(evaluate(out, &error), error);
    CHECK_CONTAINS(told, "was trained for the codebook " ONE ", the recordings do not say theirs");
}

static void a_model_without_a_mark_is_what_it_was(void)
{
    const char *const out[] = {"out=" FOLDER "/plain", NULL};
    char mark[BCUE_CODEBOOK_MARK_SIZE];
    bcue_error error = {""};
    say(NULL);
    train(out, mark);
    CHECK_STR(mark, "");
    CHECK_OK(evaluate(out, &error), error);
    CHECK(strstr(told, "codebook") == NULL); /* neither says anything */
    say(OTHER);
    CHECK_OK(evaluate(out, &error), error);
    CHECK_CONTAINS(told,
                   "does not say which codebook it was trained for (the recordings of toy have " OTHER ")");
}

/* Every second beam is another codebook than all of them. */
static void a_part_of_the_beams_is_marked(void)
{
    const char *const out[] = {"out=" FOLDER "/half", "data.beam_step=2", "evaluate.top_k=[1, 3]", NULL};
    char mark[BCUE_CODEBOOK_MARK_SIZE];
    bcue_error error = {""};
    say(ONE);
    train(out, mark);
    CHECK_STR(mark, ONE "/2");
    CHECK_OK(evaluate(out, &error), error);
}

/* Weights to start from may be those of other beams, but it is said. */
static void initial_weights_are_warned_of(void)
{
    const char *const out[] = {"out=" FOLDER "/begun", "train.init=" FOLDER "/marked/model-seed1.safetensors",
                               NULL};
    char mark[BCUE_CODEBOOK_MARK_SIZE];
    say(OTHER);
    train(out, mark);
    CHECK_CONTAINS(told, refusal);
    CHECK_STR(mark, OTHER);
}

int main(void)
{
    CHECK(system("rm -rf '" FOLDER "'") == 0);
    toy_write_positions(FOLDER, &street);
    RUN(another_codebook_is_refused);
    RUN(a_model_without_a_mark_is_what_it_was);
    RUN(a_part_of_the_beams_is_marked);
    RUN(initial_weights_are_warned_of);
    return check_summary();
}
