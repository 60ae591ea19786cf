/* beamcue: the command-line program. Finds the verb, or answers help and --version. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beamcue/simulate.h"
#include "beamcue/train.h"
#include "beamcue/version.h"
#include "cli.h"

static const bcue_cli_verb *const verbs[] = {
    &bcue_verb_simulate,  &bcue_verb_inspect,  &bcue_verb_train,    &bcue_verb_distill,
    &bcue_verb_calibrate, &bcue_verb_complete, &bcue_verb_evaluate, &bcue_verb_compare,
    &bcue_verb_prune,     &bcue_verb_quantise, &bcue_verb_compress, &bcue_verb_predict,
    &bcue_verb_info,      &bcue_verb_bench,    &bcue_verb_export,   &bcue_verb_export_samples,
    &bcue_verb_scene,     &bcue_verb_beams,    &bcue_verb_coverage};
enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

static const char *const topics[] = {"train-config", "simulate-config", "compare-config"};
enum { TOPIC_COUNT = sizeof topics / sizeof topics[0] };

static const bcue_cli_verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    }
    return NULL;
}

static int print_overview(void)
{
    fputs("beamcue - predict the best mmWave beam from camera and position\n\n"
          "Usage: beamcue COMMAND OPERAND... [OPTION]...\n\nCommands:\n",
          stdout);
    for (size_t i = 0; i < VERB_COUNT; i++)
        printf("  %-16s%s\n", verbs[i]->name, verbs[i]->purpose);
    fputs("  help            explain a command, or: help train-config, simulate-config, compare-config\n"
          "\nOptions:\n"
          "  --version       print the version\n"
          "  --help          this text; also -h, and 'beamcue COMMAND -h' for a command\n"
          "\nFrom a street to a beam:\n"
          "  beamcue simulate configs/street_demo.yaml\n"
          "  beamcue inspect data/street_demo --html street.html\n"
          "  beamcue train configs/demo_fusion.yaml\n"
          "  beamcue evaluate configs/demo_fusion.yaml\n"
          "  beamcue predict out/demo_fusion/model-seed1.safetensors \\\n"
          "      --camera frame.jpg --position 33.42051,-111.92874\n",
          stdout);
    return bcue_cli_flush();
}

static int print_topic(const bcue_cli *cli, const char *topic)
{
    char *text = NULL;
    bcue_error error = {""};
    bcue_status status = BCUE_OK;
    if (strcmp(topic, "train-config") == 0)
        text = bcue_train_config_help();
    else if (strcmp(topic, "compare-config") == 0)
        text = bcue_compare_config_help();
    else
        status = bcue_simulate_describe(&text, &error);
    if (status != BCUE_OK)
        return bcue_cli_fail(cli, status, &error);
    if (text == NULL)
        return bcue_cli_no_memory(cli);
    fputs(text, stdout);
    free(text);
    return bcue_cli_flush();
}

static int unknown_command(const bcue_cli *cli, const char *name, bool for_help)
{
    const char *names[VERB_COUNT + TOPIC_COUNT + 2];
    size_t count = 0;
    for (size_t i = 0; i < VERB_COUNT; i++)
        names[count++] = verbs[i]->name;
    for (size_t i = 0; i < TOPIC_COUNT && for_help; i++)
        names[count++] = topics[i];
    if (!for_help)
        names[count++] = "help";
    names[count] = NULL;
    const char *kind = name[0] == '-' ? "option" : "command", *nearest = bcue_cli_nearest(name, names);
    if (nearest != NULL)
        return bcue_cli_usage(cli, "unknown %s '%s'; did you mean '%s'?", kind, name, nearest);
    return bcue_cli_usage(cli, "unknown %s '%s'", kind, name);
}

static int help(const bcue_cli *cli, int argc, char **argv)
{
    if (argc == 0)
        return print_overview();
    if (argc > 1)
        return bcue_cli_usage(cli, "help explains one thing at a time");
    const bcue_cli_verb *verb = find_verb(argv[0]);
    if (verb != NULL)
        return bcue_cli_help(verb);
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        if (strcmp(argv[0], topics[i]) == 0)
            return print_topic(cli, topics[i]);
    }
    return unknown_command(cli, argv[0], true);
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0;
}

static int run_verb(const bcue_cli_verb *verb, int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (is_help(argv[i]))
            return bcue_cli_help(verb);
    }
    bcue_cli cli = {0};
    int result = bcue_cli_parse(&cli, verb, argc, argv);
    if (result == BCUE_EXIT_DONE)
        result = verb->run(&cli);
    bcue_cli_free(&cli);
    return result;
}

/* A standard stream that is closed would hand its number to the next file opened, and messages would go into
   that file. Its place is taken by something that cannot be written to (or read), so that writing fails as it
   should. */
static void occupy_standard_streams(void)
{
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++) {
        if (fcntl(number, F_GETFD) == -1 &&
            open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY) != number)
            _exit(BCUE_EXIT_FAILED);
    }
}

/* libgomp lets a thread that waits for another spin 300,000 times, some 16 ms, unless the environment that
   the process begins with says otherwise; on a machine with other work, two threads then take ten times as
   long as one. 1,000 times, some 60 us, bridge the gaps between two loops. Not under LD_PRELOAD: valgrind and
   its like would lose sight of the program. */
static void begin_again_without_long_spins(char **argv)
{
    static const char *const said[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "LD_PRELOAD"};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (getenv(said[i]) != NULL)
            return;
    if (setenv("GOMP_SPINCOUNT", "1000", 1) == 0)
        (void)execv("/proc/self/exe", argv); /* where that fails, with long spins */
}

int main(int argc, char **argv)
{
    begin_again_without_long_spins(argv);
    occupy_standard_streams();
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error, not the end of a training */
    bcue_cli cli = {0};
    for (int i = 1; i < argc; i++)
        cli.json = cli.json || strcmp(argv[i], "--json") == 0;
    if (argc < 2)
        return bcue_cli_usage(&cli, "a command is missing, e.g. 'beamcue inspect data/street'");
    if (is_help(argv[1]))
        return help(&cli, 0, NULL);
    if (strcmp(argv[1], "--version") == 0) {
        printf("beamcue %s (%s)\n", bcue_version_string(), bcue_version_commit());
        return bcue_cli_flush();
    }
    if (strcmp(argv[1], "help") == 0)
        return help(&cli, argc - 2, argv + 2);
    const bcue_cli_verb *verb = find_verb(argv[1]);
    return verb != NULL ? run_verb(verb, argc - 2, argv + 2) : unknown_command(&cli, argv[1], false);
}
