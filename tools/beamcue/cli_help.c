#include "cli.h"

#include <string.h>

const bcue_cli_option bcue_cli_common[] = {
    {.name = "--json", .help = "answer with one JSON object on standard output, errors too"},
    {.name = "--quiet", .help = "no progress and no information on standard error; warnings stay"},
    {.name = "--help", .help = "this text; also -h"},
    {.name = NULL},
};

enum { WIDTH = 79 };

/* One piece of a usage line, on a new line when the old one is full. */
static void write_piece(FILE *out, const char *piece, size_t indent, size_t *column)
{
    if (*column + 1 + strlen(piece) > WIDTH) {
        fprintf(out, "\n%*s", (int)indent, "");
        *column = indent;
    }
    fprintf(out, " %s", piece);
    *column += 1 + strlen(piece);
}

void bcue_cli_write_usage(FILE *out, const bcue_cli_verb *verb)
{
    char piece[128];
    const int length = snprintf(piece, sizeof piece, "Usage: beamcue %s", verb->name);
    const size_t indent = (size_t)length;
    size_t column = indent;
    fputs(piece, out);
    write_piece(out, verb->operands, indent, &column);
    for (const bcue_cli_option *option = verb->options; option->name != NULL; option++) {
        const char *before = option->required ? "" : "[", *after = option->required ? "" : "]";
        snprintf(piece, sizeof piece, "%s%s%s%s%s%s", before, option->name, option->value != NULL ? " " : "",
                 option->value != NULL ? option->value : "", after, option->repeats ? "..." : "");
        write_piece(out, piece, indent, &column);
    }
    write_piece(out, "[--json]", indent, &column);
    write_piece(out, "[--quiet]", indent, &column);
    fputc('\n', out);
}

static void write_options(const bcue_cli_option *options)
{
    enum { HELP_COLUMN = 24 };
    char name[64];
    for (; options->name != NULL; options++) {
        snprintf(name, sizeof name, "%s %s", options->name, options->value != NULL ? options->value : "");
        printf("  %-*s", HELP_COLUMN - 2, name);
        for (const char *c = options->help; *c != '\0'; c++) {
            putchar(*c);
            if (*c == '\n')
                printf("%*s", HELP_COLUMN, "");
        }
        putchar('\n');
    }
}

int bcue_cli_help(const bcue_cli_verb *verb)
{
    printf("beamcue %s - %s\n\n", verb->name, verb->purpose);
    bcue_cli_write_usage(stdout, verb);
    fputs("\nOptions:\n", stdout);
    write_options(verb->options);
    write_options(bcue_cli_common);
    printf("\n%s", verb->about);
    fputs("\nExit status: 0 done, 1 bad data, configuration or output (a sentence on standard\n"
          "error says what to do), 2 bad usage, 130 stopped by Ctrl-C.\n",
          stdout);
    return bcue_cli_flush();
}
