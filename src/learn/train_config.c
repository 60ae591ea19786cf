#include "learn/train_config.h"

#include <stddef.h>
#include <string.h>

#include "base/fail.h"

static const char *const select_names[] = {"validation-top1", "validation-loss", "last", "validation-dba",
                                           "validation-mpr",  "validation-db",   NULL};
static const char *const engine_names[] = {"reference", "onednn", NULL};
static const char *const bn_names[] = {"micro", "sync", "frozen", NULL};

#define TRAIN(field) offsetof(bcue_train_config, field)
const bcue_config_field bcue_train_config_fields[] = {
    {.name = "epochs",
     .type = BCUE_CONFIG_INT,
     .offset = TRAIN(epochs),
     .fallback = "20",
     .minimum = 1,
     .maximum = 1e6,
     .help = "passes over the training samples"},
    {.name = "batch",
     .type = BCUE_CONFIG_INT,
     .offset = TRAIN(batch),
     .fallback = "32",
     .minimum = 1,
     .maximum = 65536,
     .help = "samples per step"},
    {.name = "micro_batch",
     .type = BCUE_CONFIG_INT,
     .offset = TRAIN(micro_batch),
     .fallback = "0",
     .minimum = 0,
     .maximum = 65536,
     .help =
         "samples that are computed at once, gradients are added up to a batch; 0 = 2 for networks of more "
         "than 40 million parameters, else the whole batch"},
    {.name = "memory_limit",
     .type = BCUE_CONFIG_STRING,
     .offset = TRAIN(memory_limit),
     .help = "most memory for training, such as 8GiB or 900MB: where activations do not fit beside weights, "
             "their "
             "copies, optimiser, validation and batches, some are computed again in the backward pass; "
             "results stay the "
             "same to the bit"},
    {.name = "bn",
     .type = BCUE_CONFIG_CHOICE,
     .offset = TRAIN(bn),
     .choices = bn_names,
     .fallback = "micro",
     .help = "statistics of batch norm: micro: of each micro-batch; sync: of the whole batch (computed at "
             "once); frozen: those of train.init"},
    {.name = "loss",
     .type = BCUE_CONFIG_SECTION,
     .offset = TRAIN(loss),
     .fields = bcue_loss_config_fields,
     .help = "what is minimised"},
    {.name = "ema",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = TRAIN(ema),
     .fallback = "0",
     .minimum = 0,
     .maximum = 0.999999,
     .help = "decay of a moving average of the weights per step, which is then validated and kept; 0 = none"},
    {.name = "modality_dropout",
     .type = BCUE_CONFIG_SECTION,
     .offset = TRAIN(drop),
     .fields = bcue_modality_dropout_fields,
     .help = "training samples that lack a sensor, so that the model learns to do without"},
    {.name = "optimizer",
     .type = BCUE_CONFIG_SECTION,
     .offset = TRAIN(optimizer),
     .fields = bcue_optimizer_config_fields,
     .help = "optimiser and schedule"},
    {.name = "select",
     .type = BCUE_CONFIG_CHOICE,
     .offset = TRAIN(select),
     .choices = select_names,
     .fallback = "validation-top1",
     .help = "which epoch's weights are kept"},
    {.name = "engine",
     .type = BCUE_CONFIG_CHOICE,
     .offset = TRAIN(engine),
     .choices = engine_names,
     .fallback = "onednn",
     .help = "who computes"},
    {.name = "loader_threads",
     .type = BCUE_CONFIG_INT,
     .offset = TRAIN(loader_threads),
     .fallback = "1",
     .minimum = 0,
     .maximum = 256,
     .help = "threads that prepare batches ahead; 0 = in the training thread"},
    {.name = "checkpoint_every",
     .type = BCUE_CONFIG_INT,
     .offset = TRAIN(checkpoint_every),
     .fallback = "1",
     .minimum = 0,
     .maximum = 1e6,
     .help = "epochs between checkpoints; 0 = not by epochs"},
    {.name = "checkpoint_minutes",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = TRAIN(checkpoint_minutes),
     .fallback = "10",
     .minimum = 0,
     .maximum = 1e6,
     .help = "longest time between checkpoints, minutes: what a crash can cost; 0 = not by time"},
    {.name = "resume",
     .type = BCUE_CONFIG_BOOL,
     .offset = TRAIN(resume),
     .fallback = "false",
     .help = "go on from the checkpoints in out, skip finished members"},
    {.name = "init",
     .type = BCUE_CONFIG_STRING,
     .offset = TRAIN(init),
     .help = "safetensors file to start from: a model, or a part of one; tensors are taken by name, the rest "
             "is drawn; a "
             "beamtransfuser can start from one that sees fewer sensors"},
    {.name = "int8",
     .type = BCUE_CONFIG_BOOL,
     .offset = TRAIN(int8),
     .fallback = "false",
     .late = true,
     .help =
         "train with the rounding of 8 bits: train.init is a model of 'beamcue quantise', whose layers "
         "with scales compute as in 8 bits (in f32, on any machine); gradients pass straight through what "
         "was not cut off, and the model keeps the scales. 'beamcue quantise' does it by itself: "
         "quantise.tune"},
    {.name = "freeze",
     .type = BCUE_CONFIG_STRING_LIST,
     .offset = TRAIN(freeze),
     .help = "branches (first part of parameter names) that are not trained"},
    {0}};

/* "1.5GiB" in bytes. */
static bool parse_bytes(const char *text, size_t *bytes)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40},
                 {"kB", 1e3},     {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12}};
    char number[32];
    double value;
    const size_t digits = strspn(text, "0123456789.");
    const char *unit = text + digits + strspn(text + digits, " ");
    if (digits == 0 || digits >= sizeof number)
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].unit) != 0)
            continue;
        if (!bcue_parse_double(number, &value) || value * units[i].factor < 1 ||
            value * units[i].factor > 0x1p60)
            return false;
        *bytes = (size_t)(value * units[i].factor);
        return true;
    }
    return false;
}

bcue_status bcue_train_memory_limit(const bcue_train_config *train, const bcue_config *config, size_t *bytes,
                                    bcue_error *error)
{
    *bytes = 0;
    if (train->memory_limit == NULL)
        return BCUE_OK;
    if (!parse_bytes(train->memory_limit, bytes))
        return bcue_config_fail(
            config, error, "train.memory_limit",
            "'%.40s' is no amount of memory; give a number with a unit, such as 8GiB or 900MB",
            train->memory_limit);
    if (train->engine != BCUE_ENGINE_ONEDNN)
        return bcue_config_fail(config, error, "train.memory_limit",
                                "the reference engine keeps everything: use train.engine: onednn");
    return BCUE_OK;
}

bcue_status bcue_train_config_check(const bcue_train_config *train, bool index_monotone,
                                    const bcue_config *config, bcue_error *error)
{
    const bcue_optimizer_config *optimizer = &train->optimizer;
    const bcue_loss_config *loss = &train->loss;
    size_t limit;
    BCUE_TRY(bcue_train_memory_limit(train, config, &limit, error));
    if (optimizer->minimum_lr > optimizer->lr)
        return bcue_config_fail(config, error, "train.optimizer.minimum_lr",
                                "must not be above train.optimizer.lr");
    if (train->freeze.count > 0 && train->init == NULL)
        return bcue_config_fail(
            config, error, "train.freeze",
            "freezing makes sense only with train.init, a model to take the frozen weights from");
    if (train->int8 && train->init == NULL)
        return bcue_config_fail(config, error, "train.int8",
                                "needs train.init, a model of 'beamcue quantise' to take the scales from");
    if (train->bn == BCUE_BN_FROZEN && train->init == NULL)
        return bcue_config_fail(config, error, "train.bn",
                                "frozen needs train.init, a model to take the statistics from");
    if (train->bn == BCUE_BN_SYNC && train->micro_batch > 0 && train->micro_batch < train->batch)
        return bcue_config_fail(
            config, error, "train.bn",
            "sync takes the statistics of the whole batch, and their gradients need all of "
            "its activations at once: leave train.micro_batch at 0, or use bn: micro");
    if (loss->targets == BCUE_TARGET_GAUSSIAN && loss->kind == BCUE_LOSS_FOCAL_SOFTMAX)
        return bcue_config_fail(config, error, "train.loss.targets",
                                "focal-softmax takes hard targets; gaussian ones go with focal-sigmoid or "
                                "cross-entropy");
    if (loss->targets == BCUE_TARGET_GAUSSIAN && !index_monotone)
        return bcue_config_fail(config, error, "train.loss.targets",
                                "gaussian targets need a codebook whose beam index grows with the angle "
                                "(data.index_monotone)");
    if (train->select == BCUE_SELECT_DBA && !index_monotone)
        return bcue_config_fail(config, error, "train.select",
                                "the DBA needs a codebook whose beam index grows with the angle "
                                "(data.index_monotone)");
    return BCUE_OK;
}
