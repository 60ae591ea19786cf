#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"

typedef struct scenario {
    char *name;
    int64_t beams;
    double height_m;
} scenario;

typedef struct train {
    int64_t epochs;
    double rate;
    int optimizer;
    double decay;
} train;

typedef struct settings {
    bool verbose;
    char *folder;
    char *title;
    int64_t limit;
    train train;
    bcue_int_list widths;
    bcue_double_list weights;
    bcue_string_list inputs;
    bcue_section_list scenarios;
    bcue_string_map columns;
} settings;

static const char *const optimizers[] = {"sgd", "adam", "adamw", NULL};

static const bcue_config_field train_fields[] = {
    {.name = "epochs",
     .type = BCUE_CONFIG_INT,
     .offset = offsetof(train, epochs),
     .fallback = "20",
     .minimum = 1,
     .maximum = 1000,
     .help = "passes over the training set"},
    {.name = "rate",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = offsetof(train, rate),
     .fallback = "1e-3",
     .maximum = 10,
     .help = "learning rate"},
    {.name = "optimizer",
     .type = BCUE_CONFIG_CHOICE,
     .offset = offsetof(train, optimizer),
     .fallback = "adam",
     .choices = optimizers,
     .help = "how weights move"},
    {.name = "decay",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = offsetof(train, decay),
     .fallback = "0",
     .maximum = (double)INFINITY,
     .help = "weight decay"},
    {0},
};

static const bcue_config_field scenario_fields[] = {
    {.name = "name",
     .type = BCUE_CONFIG_STRING,
     .offset = offsetof(scenario, name),
     .required = true,
     .help = "folder of the scenario"},
    {.name = "beams",
     .type = BCUE_CONFIG_INT,
     .offset = offsetof(scenario, beams),
     .fallback = "64",
     .minimum = 2,
     .maximum = 4096,
     .help = "size of the codebook"},
    {.name = "height_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = offsetof(scenario, height_m),
     .fallback = "6",
     .help = "antenna height"},
    {0},
};

static const bcue_config_field fields[] = {
    {.name = "verbose", .type = BCUE_CONFIG_BOOL, .offset = offsetof(settings, verbose), .fallback = "false"},
    {.name = "folder",
     .type = BCUE_CONFIG_STRING,
     .offset = offsetof(settings, folder),
     .required = true,
     .help = "where the recordings lie"},
    {.name = "title", .type = BCUE_CONFIG_STRING, .offset = offsetof(settings, title), .fallback = ""},
    {.name = "limit",
     .type = BCUE_CONFIG_INT,
     .offset = offsetof(settings, limit),
     .minimum = 5,
     .maximum = 9},
    {.name = "train",
     .type = BCUE_CONFIG_SECTION,
     .offset = offsetof(settings, train),
     .fields = train_fields},
    {.name = "widths",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = offsetof(settings, widths),
     .fallback = "[64, 32]",
     .minimum = 1,
     .maximum = 4096},
    {.name = "weights", .type = BCUE_CONFIG_DOUBLE_LIST, .offset = offsetof(settings, weights)},
    {.name = "inputs",
     .type = BCUE_CONFIG_STRING_LIST,
     .offset = offsetof(settings, inputs),
     .fallback = "[camera]"},
    {.name = "scenarios",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = offsetof(settings, scenarios),
     .fields = scenario_fields,
     .item_size = sizeof(scenario)},
    {.name = "columns", .type = BCUE_CONFIG_MAP, .offset = offsetof(settings, columns)},
    {0},
};

static bcue_status read_with(const char *text, const char *const *overrides, size_t count, settings *target,
                             bcue_config **config, bcue_error *error)
{
    return bcue_config_read_text(text, strlen(text), "a.yaml", overrides, count, fields, target, config,
                                 error);
}

static void expect_failure(const char *text, const char *override, const char *sentence)
{
    settings target;
    bcue_config *config;
    bcue_error error = {{0}};
    bcue_status status = read_with(text, &override, override != NULL, &target, &config, &error);
    CHECK_STATUS(status, BCUE_ERROR_CONFIG);
    CHECK_STR(error.text, sentence);
    CHECK(config == NULL);
    CHECK(target.folder == NULL && target.scenarios.items == NULL);
    bcue_config_destroy(config);
}

static void every_type_is_read(void)
{
    static const char text[] = "verbose: true\n"
                               "folder: data/scenario 5\n"
                               "title: \"5\"\n"
                               "train:\n"
                               "    epochs: 7\n"
                               "    rate: 2.5e-4\n"
                               "    optimizer: adamw\n"
                               "widths: 12\n"
                               "weights: [1, -0.5, .inf]\n"
                               "inputs:\n"
                               "  - camera\n"
                               "  - gps\n"
                               "scenarios:\n"
                               "  - name: one\n"
                               "    beams: 32\n"
                               "  - {name: 2}\n"
                               "columns: {unit1_rgb: image, 'unit2 loc': gps}\n";
    settings s;
    bcue_config *config;
    bcue_error error;
    CHECK_OK(read_with(text, NULL, 0, &s, &config, &error), error);
    if (config == NULL)
        return;
    CHECK(s.verbose);
    CHECK_STR(s.folder, "data/scenario 5");
    CHECK_STR(s.title, "5");
    CHECK_INT(s.limit, 0);
    CHECK_INT(s.train.epochs, 7);
    CHECK(s.train.rate == 2.5e-4);
    CHECK_INT(s.train.optimizer, 2);
    CHECK_INT(s.widths.count, 1);
    CHECK_INT(s.widths.items[0], 12);
    CHECK_INT(s.weights.count, 3);
    CHECK(s.weights.items[1] == -0.5 && isinf(s.weights.items[2]));
    CHECK_INT(s.inputs.count, 2);
    CHECK_STR(s.inputs.items[1], "gps");
    CHECK_INT(s.scenarios.count, 2);
    const scenario *scenarios = s.scenarios.items;
    CHECK_STR(scenarios[0].name, "one");
    CHECK_INT(scenarios[0].beams, 32);
    CHECK_STR(scenarios[1].name, "2");
    CHECK_INT(scenarios[1].beams, 64);
    CHECK(scenarios[1].height_m == 6);
    CHECK_INT(s.columns.count, 2);
    CHECK_STR(s.columns.keys[1], "unit2 loc");
    CHECK_STR(s.columns.values[1], "gps");

    CHECK_STR(bcue_config_where(config, "train.epochs"), "a.yaml:5");
    CHECK_STR(bcue_config_where(config, "train"), "a.yaml:4");
    CHECK_STR(bcue_config_where(config, "scenarios.1.name"), "a.yaml:16");
    CHECK_STR(bcue_config_where(config, "scenarios.1.beams"), "a.yaml");
    CHECK_STR(bcue_config_where(config, "columns.unit2 loc"), "a.yaml:17");
    CHECK(bcue_config_given(config, "train.rate"));
    CHECK(!bcue_config_given(config, "train.decay"));
    CHECK(!bcue_config_given(config, "scenarios.2"));
    CHECK_STATUS(bcue_config_fail(config, &error, "folder", "no such folder '%s'", "x"), BCUE_ERROR_CONFIG);
    CHECK_STR(error.text, "a.yaml:2: folder: no such folder 'x'");
    bcue_config_destroy(config);
}

static void defaults_hold(void)
{
    settings s;
    memset(&s, 0xA5, sizeof s);
    bcue_config *config;
    bcue_error error;
    const char *folder = "folder=x";
    CHECK_OK(bcue_config_read(NULL, &folder, 1, fields, &s, &config, &error), error);
    if (config == NULL)
        return;
    CHECK(!s.verbose && s.limit == 0 && s.columns.count == 0 && s.weights.items == NULL &&
          s.scenarios.count == 0);
    CHECK_STR(s.folder, "x");
    CHECK_STR(s.title, "");
    CHECK_INT(s.train.epochs, 20);
    CHECK(s.train.rate == 1e-3);
    CHECK_INT(s.train.optimizer, 1);
    CHECK_INT(s.widths.count, 2);
    CHECK_INT(s.widths.items[1], 32);
    CHECK_STR(bcue_config_where(config, "folder"), "--set folder");
    CHECK_STR(bcue_config_where(config, "train.epochs"), "defaults");
    bcue_config_destroy(config);
}

static void overrides_win_and_reach_everywhere(void)
{
    static const char text[] = "folder: x\nscenarios:\n  - name: a\n  - name: b\ntrain:\n";
    const char *overrides[] = {"scenarios.1.beams=128", "train.epochs=3",     "train.epochs=4",
                               "widths.1=16",           "scenarios.2.name=c", "columns.a.b=z",
                               "inputs=[gps, radar]",   "title=a=b # no",     "scenarios.0={name: d}",
                               "weights=[0.5]"};
    settings s;
    bcue_config *config;
    bcue_error error;
    CHECK_OK(read_with(text, overrides, sizeof overrides / sizeof *overrides, &s, &config, &error), error);
    if (config == NULL)
        return;
    CHECK_INT(s.train.epochs, 4);
    CHECK_INT(s.scenarios.count, 3);
    const scenario *scenarios = s.scenarios.items;
    CHECK_STR(scenarios[0].name, "d");
    CHECK_STR(scenarios[1].name, "b");
    CHECK_INT(scenarios[1].beams, 128);
    CHECK_STR(scenarios[2].name, "c");
    CHECK_INT(s.widths.count, 2);
    CHECK_INT(s.widths.items[0], 64);
    CHECK_INT(s.widths.items[1], 16);
    CHECK_STR(s.columns.keys[0], "a.b");
    CHECK_STR(s.columns.values[0], "z");
    CHECK_INT(s.inputs.count, 2);
    CHECK_STR(s.title, "a=b");
    CHECK(s.weights.items[0] == 0.5);
    CHECK_STR(bcue_config_where(config, "train.epochs"), "--set train.epochs");
    CHECK_STR(bcue_config_where(config, "scenarios.1.name"), "a.yaml:4");
    CHECK_STR(bcue_config_where(config, "widths.0"), "a.yaml");
    CHECK_STR(bcue_config_where(config, "columns.a.b"), "--set columns.a.b");
    CHECK(bcue_config_given(config, "widths") && !bcue_config_given(config, "widths.0"));
    bcue_config_destroy(config);
}

static void errors_name_file_line_and_expectation(void)
{
    expect_failure("folder: x\ntrain:\n  epoch: 3\n", NULL,
                   "a.yaml:3: unknown key 'epoch' in 'train'; did you mean 'epochs'?");
    expect_failure("folder: x\ntrian:\n  epochs: 3\n", NULL,
                   "a.yaml:2: unknown key 'trian'; did you mean 'train'?");
    expect_failure(
        "folder: x\ntrain: {zzzzzzzz: 1}\n", NULL,
        "a.yaml:2: unknown key 'zzzzzzzz' in 'train'; known keys are epochs, rate, optimizer, decay");
    expect_failure("folder: x\ntrain: {epochs: ten}\n", NULL,
                   "a.yaml:2: train.epochs: expected an integer from 1 to 1000, found 'ten'");
    expect_failure("folder: x\ntrain: {epochs: 2.5}\n", NULL,
                   "a.yaml:2: train.epochs: expected an integer from 1 to 1000, found '2.5'");
    expect_failure("folder: x\ntrain: {epochs: '3'}\n", NULL,
                   "a.yaml:2: train.epochs: expected an integer from 1 to 1000, found '3' in quotes; "
                   "write it without them");
    expect_failure("folder: x\ntrain: {epochs: 0}\n", NULL,
                   "a.yaml:2: train.epochs: 0 is out of range; expected an integer from 1 to 1000");
    expect_failure("folder: x\ntrain: {rate: .nan}\n", NULL,
                   "a.yaml:2: train.rate: .nan is out of range; expected a number from 0 to 10");
    expect_failure("folder: x\ntrain: {decay: -1}\n", NULL,
                   "a.yaml:2: train.decay: -1 is out of range; expected a number of at least 0");
    expect_failure("folder: x\ntrain: {rate: 0x10}\n", NULL,
                   "a.yaml:2: train.rate: expected a number from 0 to 10, found '0x10'");
    expect_failure("folder: x\ntrain: {rate: }\n", NULL,
                   "a.yaml:2: train.rate: expected a number from 0 to 10, found nothing");
    expect_failure("folder: x\ntrain: [1]\n", NULL,
                   "a.yaml:2: train: expected a section of keys, found a list");
    expect_failure("folder: {a: b}\n", NULL, "a.yaml:1: folder: expected a text, found a section");
    expect_failure("folder:\n", NULL, "a.yaml:1: folder: expected a text, found nothing");
    expect_failure("folder: x\nverbose: yes\n", NULL,
                   "a.yaml:2: verbose: expected true or false, found 'yes'");
    expect_failure("folder: x\ntrain: {optimizer: adamx}\n", NULL,
                   "a.yaml:2: train.optimizer: 'adamx' is not one of sgd, adam, adamw; did you mean 'adam'?");
    expect_failure("folder: x\ntrain: {optimizer: lion-zero}\n", NULL,
                   "a.yaml:2: train.optimizer: 'lion-zero' is not one of sgd, adam, adamw");
    expect_failure("folder: x\nwidths: [1, 2,\n  0]\n", NULL,
                   "a.yaml:3: widths.2: 0 is out of range; expected a list of integers from 1 to 4096");
    expect_failure("folder: x\nscenarios:\n  - beams: 4\n", NULL,
                   "a.yaml:3: scenarios.0.name: required key is missing (folder of the scenario)");
    expect_failure("train:\n", NULL, "a.yaml: folder: required key is missing (where the recordings lie)");
    expect_failure("", NULL, "a.yaml: folder: required key is missing (where the recordings lie)");
    expect_failure("folder: x\nscenarios:\n  - name: a\n    beans: 4\n", NULL,
                   "a.yaml:4: unknown key 'beans' in 'scenarios.0'; did you mean 'beams'?");
    expect_failure("folder: x\nscenarios: {name: a}\n", NULL,
                   "a.yaml:2: scenarios: expected a list of sections, found a section");
    expect_failure("folder: x\ncolumns: {a: [1]}\n", NULL, "a.yaml:2: columns.a: expected a text");
    expect_failure("folder: x\nlimit: 9223372036854775808\n", NULL,
                   "a.yaml:2: limit: expected an integer from 5 to 9, found '9223372036854775808'");
    expect_failure("folder: x\ntitle: a\n\nfolder: y\n", NULL,
                   "a.yaml:4: duplicate key 'folder', first given on line 1; remove one");
    expect_failure("- a\n", NULL, "a.yaml:1: expected lines of the form 'key: value', found a list");
    expect_failure("hello\n", NULL,
                   "a.yaml:1: expected lines of the form 'key: value', found a single value");
}

static void override_errors(void)
{
    expect_failure("folder: x\n", "train.epoch=3",
                   "--set train.epoch: unknown key 'epoch' in 'train'; did you mean 'epochs'?");
    expect_failure("folder: x\n", "train.epochs=0",
                   "--set train.epochs: train.epochs: 0 is out of range; expected an integer from 1 to 1000");
    expect_failure("folder: x\n", "train", "--set 'train': write section.key=value");
    expect_failure("folder: x\n", "=3", "--set '=3': write section.key=value");
    expect_failure("folder: x\n", "train..epochs=3",
                   "--set train..epochs: empty key; write section.key=value");
    expect_failure("folder: x\n", "folder.a=3", "--set folder.a: 'folder' is a single value and has no keys");
    expect_failure(
        "folder: x\n", "scenarios.1.name=a",
        "--set scenarios.1.name: '1' is no index into a list of 0 items; count from 0, 0 appends one");
    expect_failure(
        "folder: x\n", "widths=[1, 2",
        "--set widths: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence");
}

static void unsafe_yaml_is_refused(void)
{
    expect_failure("folder: &a x\ntitle: *a\n", NULL,
                   "a.yaml:1: anchors and aliases ('a') are not used in a configuration; repeat the value");
    expect_failure("folder: x\ntitle: *a\n", NULL,
                   "a.yaml:2: anchors and aliases ('a') are not used in a configuration; repeat the value");
    expect_failure("folder: !!str x\n", NULL,
                   "a.yaml:1: tags ('tag:yaml.org,2002:str') are not used in a configuration; remove it");
    expect_failure("folder: x\n---\nfolder: y\n", NULL,
                   "a.yaml:2: a second YAML document begins here; a configuration is one document");
    expect_failure("? [a]\n: b\n", NULL, "a.yaml:1: a list or section stands where a key is expected");
    expect_failure("folder: \"a\\0b\"\n", NULL, "a.yaml:1: the value contains a NUL character");
    expect_failure(
        "folder: x\ntrain:\n\tepochs: 3\n", NULL,
        "a.yaml:3: not valid YAML: found character that cannot start any token while scanning for the next "
        "token; indent with blanks, not with tabs");
    expect_failure("folder: x\n\ntitle: \xff\n", NULL,
                   "a.yaml:3: not valid YAML: invalid leading UTF-8 octet");

    char deep[400];
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    char text[500];
    snprintf(text, sizeof text, "folder: %.400s\n", deep);
    expect_failure(text, NULL, "a.yaml:1: nested more than 32 levels deep");
}

static void large_input_is_bounded(void)
{
    const size_t size = 17 * 1024 * 1024;
    char *text = malloc(size);
    if (text == NULL)
        SKIP("no memory");
    memset(text, '[', size);
    settings s;
    bcue_config *config;
    bcue_error error;
    CHECK_STATUS(bcue_config_read_text(text, size, "b.yaml", NULL, 0, fields, &s, &config, &error),
                 BCUE_ERROR_CONFIG);
    CHECK_STR(error.text, "b.yaml: 17825792 bytes, but a configuration has at most 16777216");
    memcpy(text, "folder: [", 9);
    for (size_t i = 9; i + 1 < 2200000; i += 2)
        memcpy(text + i, "1,", 2);
    CHECK_STATUS(bcue_config_read_text(text, 2200000, "b.yaml", NULL, 0, fields, &s, &config, &error),
                 BCUE_ERROR_CONFIG);
    CHECK_STR(error.text, "b.yaml:1: more than 1000000 values; this is not a configuration file");
    free(text);
}

/* Every prefix of a valid file is read or refused with a sentence. */
static void truncation_never_crashes(void)
{
    static const char text[] =
        "folder: \"a\\u00e9\"\ntrain: {epochs: 3, rate: 1e-2}\nscenarios:\n  - name: |\n"
        "      block\n    beams: 4\ncolumns:\n  a: 'b'\nwidths: [1, 2]\n";
    for (size_t size = 0; size < sizeof text; size++) {
        settings s;
        bcue_config *config;
        bcue_error error = {{0}};
        bcue_status status =
            bcue_config_read_text(text, size, "a.yaml", NULL, 0, fields, &s, &config, &error);
        CHECK((status == BCUE_OK) == (config != NULL));
        CHECK(status == BCUE_OK || strlen(error.text) > 10);
        bcue_config_destroy(config);
    }
}

static void written_config_reads_back_the_same(void)
{
    static const char text[] = "folder: \"a\\n\\t\\\"\\\\\\x07\\u2028\\u00e9\\uFEFF x: #\"\n"
                               "title: null\n"
                               "train: {rate: 0.1, decay: .inf, epochs: 3}\n"
                               "weights: [1e20, 0.30000000000000004, -0, .nan, 5]\n"
                               "inputs: [no, 'null', '', '12', plain/path-1.x, \"\\u0416\"]\n"
                               "scenarios: [{name: a}, {name: 'b: c', height_m: 1e-300}]\n"
                               "columns: {'x y': '1', z: ' '}\n";
    settings a, b;
    bcue_config *config_a, *config_b;
    bcue_error error;
    CHECK_OK(read_with(text, NULL, 0, &a, &config_a, &error), error);
    if (config_a == NULL)
        return;
    bcue_text first = {0}, second = {0};
    bcue_config_write(fields, &a, &first);
    CHECK(!first.failed);
    CHECK_OK(read_with(first.data, NULL, 0, &b, &config_b, &error), error);
    if (config_b != NULL) {
        bcue_config_write(fields, &b, &second);
        CHECK_STR(second.data, first.data);
        CHECK_STR(b.folder, a.folder);
        CHECK(b.title == NULL);
        CHECK(b.weights.items[0] == 1e20 && b.weights.items[1] == 0.30000000000000004 &&
              signbit(b.weights.items[2]));
        for (size_t i = 0; i < a.inputs.count; i++)
            CHECK_STR(b.inputs.items[i], a.inputs.items[i]);
        const scenario *from = a.scenarios.items, *to = b.scenarios.items;
        CHECK_STR(to[1].name, from[1].name);
        CHECK(to[1].height_m == 1e-300);
        CHECK_STR(b.columns.keys[0], "x y");
        CHECK_STR(b.columns.values[1], " ");
    }
    CHECK_CONTAINS(first.data, "# limit: not set\n");
    CHECK_CONTAINS(first.data, "  optimizer: adam\n");
    CHECK_CONTAINS(first.data, "weights: [1.0e+20, 0.30000000000000004, -0, .nan, 5]\n");
    CHECK_CONTAINS(first.data, "inputs: [\"no\", \"null\", \"\", \"12\", plain/path-1.x, \"\xD0\x96\"]\n");
    bcue_text_free(&first);
    bcue_text_free(&second);
    bcue_config_destroy(config_a);
    bcue_config_destroy(config_b);
}

/* What has its default is left out, whatever its type, so that a table with more keys gives the same text. */
static void brief_text_leaves_defaults_out(void)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"folder: x\n", "folder: x\n"},
        {"folder: x\ntrain: {epochs: 7}\ncolumns: {a: b}\nwidths: [3]\n", NULL},
        {"folder: x\nscenarios: [{name: a}]\n", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        settings a, b;
        bcue_config *config_a = NULL, *config_b = NULL;
        bcue_error error = {{0}};
        bcue_text brief = {0}, whole = {0}, again = {0};
        CHECK_OK(read_with(cases[i].text, NULL, 0, &a, &config_a, &error), error);
        bcue_config_write_given(fields, &a, &brief);
        CHECK(!brief.failed);
        if (cases[i].written != NULL)
            CHECK_STR(brief.data, cases[i].written);
        CHECK_OK(read_with(brief.data, NULL, 0, &b, &config_b, &error), error);
        bcue_config_write(fields, &a, &whole);
        bcue_config_write(fields, &b, &again);
        CHECK_STR(again.data, whole.data);
        CHECK(brief.size < whole.size / 2);
        bcue_text_free(&brief);
        bcue_text_free(&whole);
        bcue_text_free(&again);
        bcue_config_destroy(config_a);
        bcue_config_destroy(config_b);
    }
}

static void description_is_a_template(void)
{
    bcue_text out = {0};
    bcue_config_describe(fields, &out);
    CHECK(!out.failed);
    CHECK_CONTAINS(out.data,
                   "folder:                             # a text, required: where the recordings lie\n");
    CHECK_CONTAINS(
        out.data, "  epochs: 20                        # an integer from 1 to 1000: passes over the training "
                  "set\n");
    CHECK_CONTAINS(out.data,
                   "  optimizer: adam                   # one of sgd, adam, adamw: how weights move\n");
    CHECK_CONTAINS(out.data,
                   "  - name:                           # a text, required: folder of the scenario\n"
                   "    beams: 64 ");
    bcue_text_free(&out);
}

static void files(void)
{
    char folder[] = "/tmp/beamcue-config-XXXXXX";
    if (mkdtemp(folder) == NULL)
        SKIP("no temporary folder");
    char path[64];
    snprintf(path, sizeof path, "%s/a.yaml", folder);
    bcue_error error;
    settings s;
    bcue_config *config;
    CHECK_STATUS(bcue_config_read(path, NULL, 0, fields, &s, &config, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "a.yaml: cannot open: No such file or directory");
    CHECK_OK(bcue_file_write(path, "folder: x\n", 10, &error), error);
    CHECK_OK(bcue_config_read(path, NULL, 0, fields, &s, &config, &error), error);
    if (config != NULL)
        CHECK_STR(s.folder, "x");
    bcue_config_destroy(config);
    unlink(path);
    rmdir(folder);
}

typedef struct grown {
    int64_t old, young;
    double share;
    bool flag;
} grown;

/* Keys that came later do not show in configurations that leave them alone, so that these keep their hash. */
static void late_keys_are_written_when_they_differ(void)
{
#define GROWN(type_, member, text)                                                                           \
    .name = #member, .type = type_, .offset = offsetof(grown, member), .fallback = (text)
    const bcue_config_field inner[] = {
        {GROWN(BCUE_CONFIG_DOUBLE, share, "0.1")}, {GROWN(BCUE_CONFIG_BOOL, flag, "true")}, {0}};
    const bcue_config_field all[] = {
        {GROWN(BCUE_CONFIG_INT, old, "3")},
        {GROWN(BCUE_CONFIG_INT, young, "7"), .late = true},
        {.name = "part", .type = BCUE_CONFIG_SECTION, .offset = 0, .fields = inner, .late = true},
        {0}};
#undef GROWN
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"old: 3\n", "old: 3\n"},
        {"young: 7\npart: {share: 0.1}\n", "old: 3\n"},
        {"young: 8\n", "old: 3\nyoung: 8\n"},
        {"part: {flag: false}\n", "old: 3\npart:\n  share: 0.1\n  flag: false\n"},
        {"part: {share: 0.2}\n", "old: 3\npart:\n  share: 0.2\n  flag: true\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        grown read, back;
        bcue_config *config;
        bcue_error error = {{0}};
        bcue_text out = {0};
        CHECK_OK(bcue_config_read_text(cases[i].text, strlen(cases[i].text), "a.yaml", NULL, 0, all, &read,
                                       &config, &error),
                 error);
        bcue_config_write(all, &read, &out);
        CHECK_STR(out.data, cases[i].written);
        bcue_config_destroy(config);
        CHECK_OK(bcue_config_read_text(out.data, out.size, "a.yaml", NULL, 0, all, &back, &config, &error),
                 error);
        CHECK(back.young == read.young && back.share == read.share && back.flag == read.flag);
        bcue_config_destroy(config);
        bcue_text_free(&out);
    }
}

int main(void)
{
    RUN(late_keys_are_written_when_they_differ);
    RUN(every_type_is_read);
    RUN(defaults_hold);
    RUN(overrides_win_and_reach_everywhere);
    RUN(errors_name_file_line_and_expectation);
    RUN(override_errors);
    RUN(unsafe_yaml_is_refused);
    RUN(large_input_is_bounded);
    RUN(truncation_never_crashes);
    RUN(written_config_reads_back_the_same);
    RUN(brief_text_leaves_defaults_out);
    RUN(description_is_a_template);
    RUN(files);
    return check_summary();
}
