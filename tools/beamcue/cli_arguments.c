#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Words longer than this are not worth guessing. */
enum { LONGEST_WORD = 40 };

static size_t least_of(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein distance. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[LONGEST_WORD + 1];
    const size_t columns = strlen(b);
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < columns; j++) {
            const size_t above = row[j + 1];
            row[j + 1] = least_of(row[j] + 1, above + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[columns];
}

const char *bcue_cli_nearest(const char *word, const char *const *words)
{
    const char *nearest = NULL;
    size_t best = strlen(word) / 3 + 1; /* further away, nobody meant it */
    if (strlen(word) > LONGEST_WORD)
        return NULL;
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strlen(words[i]) > LONGEST_WORD)
            continue;
        const size_t distance = edit_distance(word, words[i]);
        if (distance < best || (distance == best && nearest == NULL)) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}

static const bcue_cli_option *find_in(const bcue_cli_option *options, const char *name, size_t size)
{
    for (; options->name != NULL; options++) {
        if (strlen(options->name) == size && strncmp(options->name, name, size) == 0)
            return options;
    }
    return NULL;
}

static int unknown_option(const bcue_cli *cli, const char *argument, size_t size)
{
    enum { MOST_OPTIONS = 32 };
    const char *names[MOST_OPTIONS + 1];
    char name[LONGEST_WORD + 2];
    size_t count = 0;
    snprintf(name, sizeof name, "%.*s", (int)(size < sizeof name ? size : sizeof name - 1), argument);
    for (const bcue_cli_option *option = cli->verb->options; option->name != NULL && count < MOST_OPTIONS;
         option++)
        names[count++] = option->name;
    for (const bcue_cli_option *option = bcue_cli_common; option->name != NULL && count < MOST_OPTIONS;
         option++)
        names[count++] = option->name;
    names[count] = NULL;
    const char *nearest = bcue_cli_nearest(name, names);
    if (nearest != NULL)
        return bcue_cli_usage(cli, "unknown option '%s'; did you mean '%s'?", name, nearest);
    return bcue_cli_usage(cli, "unknown option '%s'", name);
}

/* An option at argv[*at]; moves *at to its last argument. */
static int take_option(bcue_cli *cli, int argc, char **argv, int *at)
{
    const char *argument = argv[*at], *equals = strchr(argument, '=');
    const size_t size = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
    const bcue_cli_option *option = find_in(cli->verb->options, argument, size);
    if (option == NULL)
        option = find_in(bcue_cli_common, argument, size);
    if (option == NULL)
        return unknown_option(cli, argument, size);
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (option->value == NULL && value != NULL)
        return bcue_cli_usage(cli, "%s takes no value", option->name);
    if (option->value != NULL && value == NULL) {
        if (*at + 1 >= argc)
            return bcue_cli_usage(cli, "%s needs a value: %s %s", option->name, option->name, option->value);
        value = argv[++*at];
    }
    if (!option->repeats && option->value != NULL && bcue_cli_value(cli, option->name) != NULL)
        return bcue_cli_usage(cli, "%s is given twice", option->name);
    cli->given[cli->given_count++] = (bcue_cli_given){option, value};
    return BCUE_EXIT_DONE;
}

static int check(const bcue_cli *cli)
{
    const bcue_cli_verb *verb = cli->verb;
    if (cli->operand_count < verb->least)
        return bcue_cli_usage(
            cli, cli->operand_count == 0 ? "%s is missing" : "too few operands: it takes %s", verb->operands);
    if (cli->operand_count > verb->most)
        return bcue_cli_usage(cli, "'%s' is one operand too many", cli->operands[verb->most]);
    for (const bcue_cli_option *option = verb->options; option->name != NULL; option++) {
        if (option->required && bcue_cli_value(cli, option->name) == NULL)
            return bcue_cli_usage(cli, "%s %s is missing", option->name, option->value);
    }
    for (size_t i = 0; i < cli->given_count; i++) {
        const bcue_cli_option *option = cli->given[i].option;
        const char *value = cli->given[i].value;
        if (option != NULL && value != NULL && strcmp(option->name, "--set") == 0 &&
            (value[0] == '=' || strchr(value, '=') == NULL))
            return bcue_cli_usage(cli, "--set needs KEY=VALUE, not '%s'", value);
    }
    return BCUE_EXIT_DONE;
}

int bcue_cli_parse(bcue_cli *cli, const bcue_cli_verb *verb, int argc, char **argv)
{
    const size_t most = (size_t)argc + 1;
    cli->verb = verb;
    cli->operands = calloc(most, sizeof *cli->operands);
    cli->given = calloc(most, sizeof *cli->given);
    cli->values = calloc(most, sizeof *cli->values);
    if (cli->operands == NULL || cli->given == NULL || cli->values == NULL)
        return bcue_cli_no_memory(cli);
    /* Known before anything else is looked at, so that a wrong option is answered in the form that was asked
     * for. */
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        cli->json = cli->json || strcmp(argv[i], "--json") == 0;
    bool only_operands = false;
    for (int i = 0; i < argc; i++) {
        if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
            cli->operands[cli->operand_count++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else {
            const int result = take_option(cli, argc, argv, &i);
            if (result != BCUE_EXIT_DONE)
                return result;
        }
    }
    for (size_t i = 0; i < cli->given_count; i++) {
        const bcue_cli_option *option = cli->given[i].option;
        cli->quiet = cli->quiet || (option != NULL && strcmp(option->name, "--quiet") == 0);
    }
    return check(cli);
}

void bcue_cli_free(bcue_cli *cli)
{
    free(cli->operands);
    free(cli->given);
    free(cli->values);
}

const char *bcue_cli_value(const bcue_cli *cli, const char *name)
{
    for (size_t i = cli->given_count; i > 0; i--) {
        if (strcmp(cli->given[i - 1].option->name, name) == 0)
            return cli->given[i - 1].value;
    }
    return NULL;
}

bool bcue_cli_flag(const bcue_cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->given_count; i++)
        if (strcmp(cli->given[i].option->name, name) == 0)
            return true;
    return false;
}

const char *const *bcue_cli_values(bcue_cli *cli, const char *name, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < cli->given_count; i++) {
        if (strcmp(cli->given[i].option->name, name) == 0)
            cli->values[(*count)++] = cli->given[i].value;
    }
    return cli->values;
}

int bcue_cli_whole(const bcue_cli *cli, const char *name, long low, long high, long *number)
{
    const char *text = bcue_cli_value(cli, name);
    if (text == NULL)
        return BCUE_EXIT_DONE;
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < low || value > high)
        return bcue_cli_usage(cli, "%s needs a whole number from %ld to %ld, not '%s'", name, low, high,
                              text);
    *number = value;
    return BCUE_EXIT_DONE;
}

int bcue_cli_number(const bcue_cli *cli, const char *name, double low, double high, double *number)
{
    const char *text = bcue_cli_value(cli, name);
    if (text == NULL)
        return BCUE_EXIT_DONE;
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= low && value <= high))
        return bcue_cli_usage(cli, "%s needs a number from %g to %g, not '%s'", name, low, high, text);
    *number = value;
    return BCUE_EXIT_DONE;
}
