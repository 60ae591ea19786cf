#include "compress/prune_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "compress/prune_rank.h"
#include "compress/prune_windows.h"
#include "learn/scorer.h"
#include "learn/trainer.h"

enum { LARGE = 20000000 };

/* What a phase takes away. */
static const struct {
    const char *name;
    unsigned kinds;
    bool trunks; /* only with of: total */
} progressive[] = {{"tokens", 1U << BCUE_PRUNE_TOKENS, false},
                   {"attention", 1U << BCUE_PRUNE_QK | 1U << BCUE_PRUNE_VALUE, false},
                   {"neurons", 1U << BCUE_PRUNE_NEURONS, false},
                   {"channels", 1U << BCUE_PRUNE_INNER | 1U << BCUE_PRUNE_CHANNELS, true}};

typedef struct pruner {
    const bcue_run_config *run;
    const bcue_config *origin;
    const bcue_dataset *dataset;
    const bcue_hooks *hooks;
    bcue_run_member member;
    bcue_split split;
    bcue_feature_config features; /* fitted, only what the model uses */
    bcue_prune_windows windows;
    bcue_model_file model; /* as it is now */
    bcue_prune_result *result;
} pruner;

void bcue_prune_result_free(bcue_prune_result *result)
{
    free(result->folder);
    free(result->model_path);
    *result = (bcue_prune_result){0};
}

static bcue_status count_work(const bcue_model_file *model, int64_t *parameters, int64_t *macs,
                              bcue_error *error)
{
    static const char *const all[] = {""};
    bcue_graph *graph;
    BCUE_TRY(bcue_prune_count(&model->config, &model->inputs, all, 1, parameters, error));
    BCUE_TRY(bcue_model_build(&model->config, &model->inputs, 1, &graph, error));
    *macs = 0;
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++)
        *macs += bcue_graph_node_macs(graph, i);
    bcue_graph_destroy(graph);
    return BCUE_OK;
}

/* Accuracy on the validation samples; 0 without any. */
static bcue_status validate(pruner *p, double *top1, bcue_error *error)
{
    const size_t count = p->split.validation_count, beams = (size_t)p->model.inputs.beams;
    const bcue_scorer_options options = {.engine = BCUE_ENGINE_ONEDNN,
                                         .loader_threads = (int)p->run->train.loader_threads};
    bcue_scorer *scorer = NULL;
    size_t right = 0, labelled = 0;
    *top1 = 0;
    if (count == 0)
        return BCUE_OK;
    float *scores = bcue_calloc(count * beams, sizeof *scores);
    bcue_status status = scores == NULL ? bcue_fail_memory(error, "validation") : BCUE_OK;
    if (status == BCUE_OK)
        status = bcue_scorer_create(&p->model.config, &p->model.inputs, &p->model.weights, p->dataset,
                                    &p->features, &options, p->hooks, &scorer, error);
    if (status == BCUE_OK)
        status = bcue_scorer_run(scorer, p->split.validation, count, scores, error);
    for (size_t i = 0; status == BCUE_OK && i < count; i++) {
        const int32_t label = bcue_dataset_sample(p->dataset, p->split.validation[i])->label;
        size_t best = 0;
        for (size_t b = 1; b < beams; b++)
            best = scores[i * beams + b] > scores[i * beams + best] ? b : best;
        labelled += label >= 0;
        right += label >= 0 && best == (size_t)label;
    }
    if (labelled > 0)
        *top1 = (double)right / (double)labelled;
    bcue_scorer_destroy(scorer);
    free(scores);
    return status;
}

/* Every unit, what it was worth and whether it stayed. */
static bcue_status write_scores(const pruner *p, const char *phase, const bcue_prune_space *space,
                                bcue_error *error)
{
    char stem[48];
    bcue_text csv = {0};
    bcue_run_config beside = *p->run;
    snprintf(stem, sizeof stem, "scores-%s", phase);
    beside.out = p->result->folder;
    char *path = bcue_run_member_path(&beside, p->member, stem, "csv");
    bcue_text_puts(&csv, "kind,part,stage,block,head,unit,score,kept\n");
    for (size_t g = 0; g < space->count; g++) {
        const bcue_prune_group *group = &space->groups[g];
        for (int64_t k = 0; k < group->heads * group->count; k++)
            bcue_text_printf(&csv, "%s,%s,%d,%d,%lld,%lld,%.9g,%d\n", bcue_prune_kind_names[group->kind],
                             group->modality < 0 ? "fusion" : bcue_model_input_names[group->modality],
                             group->stage, group->block, (long long)(k / group->count),
                             (long long)(k % group->count), group->score[k], group->keep[k]);
    }
    bcue_status status = csv.failed || path == NULL ? bcue_fail_memory(error, "the scores")
                                                    : bcue_file_write(path, csv.data, csv.size, error);
    bcue_text_free(&csv);
    free(path);
    return status;
}

/* The same units by the other of the two scores that estimate one thing. */
static bcue_status compare_scores(const pruner *p, const bcue_prune_score_options *options,
                                  const bcue_prune_space *space, bcue_error *error)
{
    bcue_prune_score_options other = *options;
    bcue_prune_space again;
    other.score = options->score == BCUE_SCORE_KL ? BCUE_SCORE_FISHER : BCUE_SCORE_KL;
    BCUE_TRY(bcue_prune_space_create(&p->model.config, &p->model.inputs, &again, error));
    bcue_status status = bcue_prune_score_units(&p->model, &p->windows.data, &other, &again, error);
    for (int kind = 0; status == BCUE_OK && kind < BCUE_PRUNE_KINDS; kind++) {
        double correlation;
        if ((options->kinds >> kind & 1U) == 0)
            continue;
        status = bcue_prune_agreement(space, &again, 1U << kind, &correlation, error);
        if (status == BCUE_OK)
            bcue_log(p->hooks, BCUE_LOG_INFO, "%s: %s and %s agree in rank by %.3f (Spearman)",
                     bcue_prune_kind_names[kind], bcue_prune_score_names[options->score],
                     bcue_prune_score_names[other.score], correlation);
    }
    bcue_prune_space_free(&again);
    return status;
}

/* Scores, and the network without what they find cheapest. */
static bcue_status shrink(pruner *p, const char *name, unsigned kinds, bcue_error *error)
{
    const bcue_prune_config *config = &p->run->prune;
    const bool large = p->result->parameters > LARGE;
    const bcue_prune_score_options options = {.score = config->score != BCUE_SCORE_AUTO ? config->score
                                                       : large                          ? BCUE_SCORE_FISHER
                                                                                        : BCUE_SCORE_KL,
                                              .kinds = kinds,
                                              .seed = p->member.seed,
                                              .draws = (int)config->draws,
                                              .hooks = p->hooks};
    bcue_prune_space space;
    bcue_model_file smaller = {0};
    BCUE_TRY(bcue_prune_space_create(&p->model.config, &p->model.inputs, &space, error));
    bcue_status status = bcue_prune_score_units(&p->model, &p->windows.data, &options, &space, error);
    if (status == BCUE_OK && config->agreement)
        status = compare_scores(p, &options, &space, error);
    if (status == BCUE_OK)
        status = bcue_prune_choose(&p->result->plan, kinds, &space, error);
    if (status == BCUE_OK)
        status = write_scores(p, name, &space, error);
    if (status == BCUE_OK)
        status = bcue_prune_apply(&p->model, &space, &smaller, error);
    bcue_prune_space_free(&space);
    if (status != BCUE_OK)
        return status;
    bcue_model_file_free(&p->model);
    p->model = smaller;
    return BCUE_OK;
}

/* The configuration that trains the model as it is now. */
static bcue_run_config tuned_run(const pruner *p, char *folder, char *init, int64_t epochs)
{
    bcue_run_config run = *p->run;
    run.model = p->model.config;
    run.out = folder;
    run.train.init = init;
    run.train.epochs = epochs;
    run.train.freeze.count = 0;
    run.seed = (int64_t)p->member.seed;
    run.seeds = 1;
    if (p->run->prune.lr > 0) {
        run.train.optimizer.lr = p->run->prune.lr;
        if (run.train.optimizer.minimum_lr > run.train.optimizer.lr)
            run.train.optimizer.minimum_lr = run.train.optimizer.lr;
    }
    return run;
}

static bcue_status take_model(pruner *p, const char *path, bcue_error *error)
{
    bcue_model_file read;
    BCUE_TRY(bcue_model_file_read(path, &read, error));
    bcue_model_file_free(&p->model);
    p->model = read;
    return BCUE_OK;
}

/* Trains in `folder` from what is pruned there; without epochs, that is the model of the folder. */
static bcue_status tune_in(pruner *p, char *folder, int64_t epochs, bcue_error *error)
{
    BCUE_TRY(bcue_make_dirs(folder, error));
    bcue_run_config run = tuned_run(p, folder, NULL, epochs);
    char *model_path = bcue_run_member_path(&run, p->member, "model", "safetensors"),
         *init = bcue_run_member_path(&run, p->member, "pruned", "safetensors");
    bcue_status status = model_path == NULL || init == NULL
                             ? bcue_fail_memory(error, folder)
                             : bcue_model_file_write(epochs > 0 ? init : model_path, &p->model, error);
    if (status == BCUE_OK && epochs > 0) {
        bcue_training_summary summary;
        run = tuned_run(p, folder, init, epochs);
        status = bcue_train_member(&run, p->origin, p->dataset, p->member, p->hooks, &summary, error);
        if (status == BCUE_OK) {
            bcue_training_summary_free(&summary);
            status = take_model(p, model_path, error);
        }
    }
    free(model_path);
    free(init);
    return status;
}

static bcue_status run_phase(pruner *p, const char *name, unsigned kinds, char *folder, int64_t epochs,
                             bcue_error *error)
{
    bcue_prune_phase *phase = &p->result->phases[p->result->phase_count++];
    *phase = (bcue_prune_phase){.name = name};
    const double started = bcue_clock_s();
    bcue_log(p->hooks, BCUE_LOG_INFO, "%g of the %s: %s", p->result->ratio,
             bcue_prune_of_names[p->run->prune.of], name);
    BCUE_TRY(shrink(p, name, kinds, error));
    phase->score_s = bcue_clock_s() - started;
    BCUE_TRY(count_work(&p->model, &phase->parameters, &phase->macs, error));
    BCUE_TRY(validate(p, &phase->pruned_top1, error));
    const double pruned = bcue_clock_s();
    BCUE_TRY(tune_in(p, folder, epochs, error));
    phase->tune_s = bcue_clock_s() - pruned;
    return validate(p, &phase->tuned_top1, error);
}

/* The phases of a network, as indices of `progressive`. */
static int choose_phases(const bcue_run_config *run, const bcue_model_config *model,
                         int chosen[BCUE_PRUNE_MOST_PHASES])
{
    const bool total = run->prune.of == BCUE_PRUNE_OF_TOTAL;
    const bool fuser = model->kind == BCUE_MODEL_BEAMTRANSFUSER;
    int count = 0;
    for (int i = 0; i < BCUE_PRUNE_MOST_PHASES; i++)
        if (progressive[i].trunks ? total : fuser)
            chosen[count++] = i;
    return count;
}

int64_t bcue_prune_epochs(const bcue_run_config *run, const bcue_model_config *model)
{
    int chosen[BCUE_PRUNE_MOST_PHASES];
    return choose_phases(run, model, chosen) * run->prune.epochs;
}

static bcue_status run_phases(pruner *p, bcue_error *error)
{
    const bcue_prune_config *config = &p->run->prune;
    int chosen[BCUE_PRUNE_MOST_PHASES];
    const int count = choose_phases(p->run, &p->model.config, chosen);
    unsigned kinds = 0;
    for (int i = 0; i < count; i++)
        kinds |= progressive[chosen[i]].kinds;
    if (config->phases == BCUE_PRUNE_ONE_SHOT)
        return run_phase(p, "one-shot", kinds, p->result->folder, count * config->epochs, error);
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "phase%d", i + 1);
        char *folder =
            i + 1 < count ? bcue_path_join(p->result->folder, name) : bcue_strdup(p->result->folder);
        bcue_status status = folder == NULL
                                 ? bcue_fail_memory(error, "pruning")
                                 : run_phase(p, progressive[chosen[i]].name, progressive[chosen[i]].kinds,
                                             folder, config->epochs, error);
        free(folder);
        BCUE_TRY(status);
    }
    return BCUE_OK;
}

/* A configuration of the pruned model as FILE of the folder. */
static bcue_status write_config(const pruner *p, const char *file, const char *comment, int64_t seed,
                                int64_t seeds, bcue_error *error)
{
    bcue_text name = {0};
    bcue_text_printf(&name, "%s-%s-%g", p->run->name, bcue_prune_of_names[p->run->prune.of],
                     p->result->ratio);
    bcue_run_config run = tuned_run(p, p->result->folder, p->run->train.init, p->run->train.epochs);
    run.train.optimizer = p->run->train.optimizer;
    run.name = name.data;
    run.seed = seed;
    run.seeds = seeds;
    const bcue_status status =
        name.failed ? bcue_fail_memory(error, file) : bcue_run_config_write(&run, file, comment, NULL, error);
    bcue_text_free(&name);
    return status;
}

/* Seeds keep different channels: one file to score them all, one for each to train its shape anew. */
static bcue_status write_configs(const pruner *p, bcue_error *error)
{
    char file[48];
    snprintf(file, sizeof file, "shape-seed%llu.yaml", (unsigned long long)p->member.seed);
    BCUE_TRY(
        write_config(p, file,
                     "A pruned model: 'beamcue train' with this file and another 'out' trains its shape from "
                     "scratch.",
                     (int64_t)p->member.seed, 1, error));
    return write_config(p, "config.yaml", "A pruned model: 'beamcue evaluate' with this file scores it.",
                        p->run->seed, p->run->seeds, error);
}

char *bcue_prune_folder(const bcue_run_config *run, const char *out, double ratio)
{
    bcue_text folder = {0};
    bcue_text_printf(&folder, "%s/prune-%s-%g", out, bcue_prune_of_names[run->prune.of], ratio);
    if (folder.failed)
        bcue_text_free(&folder);
    return folder.data;
}

static bcue_status prepare(pruner *p, const char *from, bcue_error *error)
{
    const bcue_run_config *run = p->run;
    p->result->folder = bcue_prune_folder(run, run->out, p->result->ratio);
    if (p->result->folder == NULL)
        return bcue_fail_memory(error, "pruning");
    BCUE_TRY(bcue_check_writable_dir(p->result->folder, error));
    BCUE_TRY(bcue_model_file_read(from, &p->model, error));
    BCUE_TRY(bcue_run_member_split(run, p->origin, p->dataset, p->member, &p->split, error));
    p->features = bcue_features_for(&run->features, &p->model.config);
    BCUE_TRY(bcue_features_fit(p->dataset, p->split.train, p->split.train_count, &p->features, error));
    const bcue_model_inputs offered = bcue_model_inputs_of(p->dataset, &p->features, &p->model.config);
    if (memcmp(&offered, &p->model.inputs, sizeof offered) != 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: was trained on inputs of other sizes than this configuration makes", from);
    BCUE_TRY(count_work(&p->model, &p->result->parameters, &p->result->macs, error));
    return bcue_prune_windows_load(p->dataset, &p->split, &p->features, &p->model.inputs,
                                   (size_t)run->prune.windows, p->member.seed, p->hooks, &p->windows, error);
}

static bcue_status plan(pruner *p, bcue_error *error)
{
    const bcue_prune_config *config = &p->run->prune;
    const bcue_prune_target target = {p->result->ratio, config->of, config->round_fusion,
                                      config->round_channels};
    bcue_model_config whole = p->model.config;
    whole.pruned = (bcue_section_list){0}; /* shares are of the unpruned network */
    return bcue_prune_plan_make(&whole, &p->model.inputs, &target, &p->result->plan, error);
}

bcue_status bcue_prune_member(const bcue_run_config *run, const bcue_config *origin,
                              const bcue_dataset *dataset, bcue_run_member member, double ratio,
                              const char *from, const bcue_hooks *hooks, bcue_prune_result *result,
                              bcue_error *error)
{
    pruner p = {
        .run = run, .origin = origin, .dataset = dataset, .hooks = hooks, .member = member, .result = result};
    *result = (bcue_prune_result){.ratio = ratio};
    bcue_status status = prepare(&p, from, error);
    if (status == BCUE_OK)
        status = plan(&p, error);
    if (status == BCUE_OK)
        status = validate(&p, &result->top1, error);
    if (status == BCUE_OK)
        status = run_phases(&p, error);
    if (status == BCUE_OK)
        status = write_configs(&p, error);
    if (status == BCUE_OK) {
        bcue_run_config written = *run;
        written.out = result->folder;
        result->model_path = bcue_run_member_path(&written, member, "model", "safetensors");
        if (result->model_path == NULL)
            status = bcue_fail_memory(error, "pruning");
    }
    bcue_prune_windows_free(&p.windows);
    bcue_split_free(&p.split);
    bcue_model_file_free(&p.model);
    if (status != BCUE_OK)
        bcue_prune_result_free(result);
    return status;
}
