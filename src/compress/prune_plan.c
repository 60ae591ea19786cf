/* Widths for a share of the parameters. */
#include <math.h>
#include <stdio.h>

#include "base/fail.h"
#include "compress/prune_choose.h"

enum { STAGES = BCUE_PRUNE_STAGES, MODULES = BCUE_PRUNE_MODULES, BISECTIONS = 24 };

typedef struct planner {
    const bcue_model_config *config;
    const bcue_model_inputs *inputs;
    bcue_prune_plan *plan;
    bcue_prune_module whole[MODULES]; /* the widths of the unpruned network */
} planner;

static bool shrinks(const planner *p, int i)
{
    return p->whole[i].channels > 0 &&
           (p->whole[i].modality < 0 || p->plan->target.of == BCUE_PRUNE_OF_TOTAL);
}

/* The multiple of `round` nearest to x `all`, from `round` to `all`. */
static int64_t rounded(double x, int64_t all, int64_t round)
{
    const int64_t near = (int64_t)floor(x * (double)all / (double)round + 0.5) * round;
    return all <= round ? all : near < round ? round : near > all ? all : near;
}

static int64_t head_step(int64_t round, int64_t heads)
{
    int64_t step = 1;
    while (step * heads % round != 0)
        step++;
    return step;
}

static void set_widths(const planner *p, int i, double x)
{
    const bcue_prune_module *whole = &p->whole[i];
    const bcue_prune_target *target = &p->plan->target;
    bcue_prune_module *module = &p->plan->modules[i];
    const int64_t round = whole->modality < 0 ? target->round_fusion : target->round_channels;
    module->channels = rounded(x, whole->channels, round);
    if (whole->modality < 0) {
        const int64_t step = head_step(round, p->config->heads);
        module->qk = rounded(x, whole->qk, step);
        module->value = rounded(x, whole->value, step);
    }
    module->inner = whole->blocks * rounded(x, whole->inner / (whole->blocks > 0 ? whole->blocks : 1), round);
}

static void put_repeated(bcue_text *yaml, const char *key, int64_t count, int64_t sum)
{
    bcue_text_printf(yaml, ", %s: [", key);
    for (int64_t i = 0; i < count; i++) { /* as even as whole numbers allow */
        const int64_t share = sum / count + (i < sum % count);
        bcue_text_printf(yaml, "%s%lld", i > 0 ? ", " : "", (long long)share);
    }
    bcue_text_puts(yaml, "]");
}

/* A network of the planned widths, whichever units these are. */
static void put_widths(const planner *p, bcue_text *yaml)
{
    bool first = true;
    bcue_text_puts(yaml, "[");
    for (int i = 0; i < MODULES; i++) {
        const bcue_prune_module *module = &p->plan->modules[i];
        if (module->channels == 0)
            continue;
        const char *name = module->modality < 0 ? "fusion" : bcue_model_input_names[module->modality];
        bcue_text_printf(yaml, "%s{part: %s.%d, keep: [", first ? "" : ", ", name, module->stage);
        first = false;
        for (int64_t k = 0; k < module->channels; k++)
            bcue_text_printf(yaml, "%s%lld", k > 0 ? ", " : "", (long long)k);
        bcue_text_puts(yaml, "]");
        if (module->modality < 0 && module->blocks > 0) {
            put_repeated(yaml, "qk", module->blocks, module->blocks * module->qk);
            put_repeated(yaml, "value", module->blocks, module->blocks * module->value);
        }
        if (module->blocks > 0)
            put_repeated(yaml, "inner", module->blocks, module->inner);
        bcue_text_puts(yaml, "}");
    }
    bcue_text_puts(yaml, "]");
}

/* Parameters of every module, and of the network in counts[MODULES]. */
static bcue_status count_planned(const planner *p, int64_t counts[MODULES + 1], bcue_error *error)
{
    char names[MODULES][32];
    const char *prefixes[MODULES + 1];
    for (int i = 0; i < MODULES; i++) {
        const bcue_prune_module *whole = &p->whole[i];
        if (whole->modality < 0)
            snprintf(names[i], sizeof names[i], "fusion.%d.", whole->stage);
        else
            snprintf(names[i], sizeof names[i], "%s.layer%d.", bcue_model_input_names[whole->modality],
                     whole->stage);
        prefixes[i] = names[i];
    }
    prefixes[MODULES] = "";
    bcue_text yaml = {0};
    bcue_model_config config;
    bcue_config *owned = NULL;
    put_widths(p, &yaml);
    bcue_status status = yaml.failed ? bcue_fail_memory(error, "pruning")
                                     : bcue_prune_configure(p->config, yaml.data, &config, &owned, error);
    bcue_text_free(&yaml);
    if (status == BCUE_OK)
        status = bcue_prune_count(&config, p->inputs, prefixes, MODULES + 1, counts, error);
    bcue_config_destroy(owned);
    return status;
}

/* Widths of the unpruned network, from what can be pruned in it. */
static bcue_status read_whole(planner *p, bcue_error *error)
{
    bcue_prune_space space;
    BCUE_TRY(bcue_prune_space_create(p->config, p->inputs, &space, error));
    for (int i = 0; i < MODULES; i++) {
        bcue_prune_module *module = &p->whole[i];
        *module = (bcue_prune_module){.modality = i / STAGES - 1, .stage = i % STAGES + 1};
        for (size_t g = 0; g < space.count; g++) {
            const bcue_prune_group *group = &space.groups[g];
            if (group->modality != module->modality || group->stage != module->stage)
                continue;
            if (group->kind == BCUE_PRUNE_TOKENS || group->kind == BCUE_PRUNE_CHANNELS)
                module->channels = group->count;
            else if (group->kind == BCUE_PRUNE_QK)
                module->qk = group->count;
            else if (group->kind == BCUE_PRUNE_VALUE)
                module->value = group->count;
            else {
                module->inner += group->count;
                module->blocks++;
            }
        }
        p->plan->modules[i] = *module;
    }
    bcue_prune_space_free(&space);
    return BCUE_OK;
}

/* Per module: the smallest common factor with which it has no less than its share. All modules are bisected
   together; their counts do not depend on each other, but for channels that two stages share. */
static bcue_status bisect(planner *p, const double goal[MODULES], bcue_error *error)
{
    double low[MODULES] = {0}, high[MODULES];
    int64_t counts[MODULES + 1];
    for (int i = 0; i < MODULES; i++)
        high[i] = 1;
    for (int round = 0; round <= BISECTIONS; round++) {
        for (int i = 0; i < MODULES; i++) {
            if (shrinks(p, i)) /* the last round takes what held */
                set_widths(p, i, round < BISECTIONS ? 0.5 * (low[i] + high[i]) : high[i]);
        }
        BCUE_TRY(count_planned(p, counts, error));
        for (int i = 0; i < MODULES; i++) {
            const double middle = 0.5 * (low[i] + high[i]);
            *((double)counts[i] < goal[i] ? &low[i] : &high[i]) = middle;
        }
    }
    return BCUE_OK;
}

/* Neurons, and channels between convolutions, are the finest grain: what one costs on average. */
static double inner_cost(const planner *p, int i)
{
    const bcue_prune_module *module = &p->plan->modules[i];
    const double channels = (double)module->channels, blocks = (double)module->blocks;
    if (module->modality < 0)
        return 2 * channels + 1;
    const double before = module->stage > 1 ? (double)p->plan->modules[i - 1].channels : channels;
    return (9 * (before + channels) + (blocks - 1) * 18 * channels) / blocks + 2;
}

/* What a module has too many of its parameters goes with them. */
static bcue_status adjust_inner(planner *p, const double goal[MODULES], bcue_error *error)
{
    int64_t counts[MODULES + 1];
    BCUE_TRY(count_planned(p, counts, error));
    for (int i = 0; i < MODULES; i++) {
        bcue_prune_module *module = &p->plan->modules[i];
        const int64_t round =
            module->modality < 0 ? p->plan->target.round_fusion : p->plan->target.round_channels;
        const int64_t all = p->whole[i].inner;
        if (!shrinks(p, i) || module->blocks == 0)
            continue;
        const double missing = (goal[i] - (double)counts[i]) / inner_cost(p, i);
        int64_t inner = module->inner + (int64_t)floor(missing / (double)round + 0.5) * round;
        const int64_t least = module->blocks * round < all ? module->blocks * round : all;
        module->inner = inner < least ? least : inner > all ? all : inner;
    }
    return BCUE_OK;
}

/* What each module may keep. */
static bcue_status set_goals(planner *p, double goal[MODULES], bcue_error *error)
{
    bcue_prune_plan *plan = p->plan;
    int64_t counts[MODULES + 1], shrinking = 0;
    BCUE_TRY(count_planned(p, counts, error));
    plan->before = counts[MODULES];
    for (int i = 0; i < MODULES; i++) {
        plan->modules[i].before = counts[i];
        shrinking += shrinks(p, i) ? counts[i] : 0;
    }
    const int64_t fixed = plan->before - shrinking;
    double share = plan->target.ratio;
    if (plan->target.of == BCUE_PRUNE_OF_TOTAL)
        share = (plan->target.ratio * (double)plan->before - (double)fixed) / (double)shrinking;
    if (shrinking == 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "this network has no fusion stages; prune with of: total");
    if (share <= 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%.3g of %lld parameters are fewer than the %lld that cannot be pruned",
                         plan->target.ratio, (long long)plan->before, (long long)fixed);
    for (int i = 0; i < MODULES; i++)
        goal[i] = share * (double)plan->modules[i].before;
    return BCUE_OK;
}

bcue_status bcue_prune_plan_make(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                 const bcue_prune_target *target, bcue_prune_plan *plan, bcue_error *error)
{
    planner p = {.config = config, .inputs = inputs, .plan = plan};
    double goal[MODULES];
    int64_t counts[MODULES + 1];
    *plan = (bcue_prune_plan){.target = *target};
    if (!(target->ratio > 0 && target->ratio <= 1) || target->round_fusion < 1 || target->round_channels < 1)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a ratio of %g, rounded to %lld and %lld, is no target",
                         target->ratio, (long long)target->round_fusion, (long long)target->round_channels);
    BCUE_TRY(read_whole(&p, error));
    BCUE_TRY(set_goals(&p, goal, error));
    if (target->ratio < 1) {
        BCUE_TRY(bisect(&p, goal, error));
        BCUE_TRY(adjust_inner(&p, goal, error));
    }
    BCUE_TRY(count_planned(&p, counts, error));
    for (int i = 0; i < MODULES; i++)
        plan->modules[i].after = counts[i];
    plan->after = counts[MODULES];
    return BCUE_OK;
}
