/* What the verbs of the program share: their description, their arguments, and how they answer. Like every
   other client, the program sees only include/beamcue/. A verb returns the exit status: 0 done, 1 bad data or
   a result that could not be written, 2 bad usage, 128 + signal when stopped. One thread. */
#ifndef BCUE_CLI_H
#define BCUE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "beamcue/hooks.h"
#include "beamcue/report.h"
#include "beamcue/status.h"

enum { BCUE_EXIT_DONE = 0, BCUE_EXIT_FAILED = 1, BCUE_EXIT_USAGE = 2 };

typedef struct bcue_cli_option {
    const char *name;  /* "--html"; NULL ends a table */
    const char *value; /* "FILE"; NULL: a flag */
    const char *help;  /* one line; '\n' starts another */
    bool repeats;
    bool required;
} bcue_cli_option;

typedef struct bcue_cli bcue_cli;

typedef struct bcue_cli_verb {
    const char *name;
    const char *purpose;            /* one line, no full stop */
    const char *operands;           /* as in the usage line: "CONFIG.yaml" */
    size_t least, most;             /* how many operands */
    const bcue_cli_option *options; /* its own; every verb also has --json, --quiet and --help */
    const char *about;              /* the rest of its help: what it does, an example, what it writes */
    int (*run)(bcue_cli *cli);
} bcue_cli_verb;

/* The option of verbs that read a configuration. */
#define BCUE_CLI_SET                                                                                         \
    {                                                                                                        \
        .name = "--set", .value = "KEY=VALUE", .repeats = true,                                              \
        .help = "win over one key of the configuration, e.g. --set seed=7"                                   \
    }

typedef struct bcue_cli_given {
    const bcue_cli_option *option;
    const char *value;
} bcue_cli_given;

/* One invocation. All strings are those of argv. */
struct bcue_cli {
    const bcue_cli_verb *verb; /* NULL: before one is known */
    const char **operands;     /* owned, `operand_count` */
    size_t operand_count;
    bcue_cli_given *given; /* owned */
    size_t given_count;
    const char **values; /* owned: room for the values of one repeated option */
    bool json, quiet;
};

/* Arguments: cli_arguments.c. Parsing prints what is wrong and gives BCUE_EXIT_USAGE, or BCUE_EXIT_DONE. argv
 * starts after the verb. */
int bcue_cli_parse(bcue_cli *cli, const bcue_cli_verb *verb, int argc, char **argv);
void bcue_cli_free(bcue_cli *cli);
const char *bcue_cli_value(const bcue_cli *cli,
                           const char *name);              /* of the last one given; NULL: not given */
bool bcue_cli_flag(const bcue_cli *cli, const char *name); /* was it given? */
/* All values in order; valid until the next call. */
const char *const *bcue_cli_values(bcue_cli *cli, const char *name, size_t *count);
/* A whole number low .. high; *number stays as it is when the option is not given. BCUE_EXIT_DONE or
 * BCUE_EXIT_USAGE. */
int bcue_cli_whole(const bcue_cli *cli, const char *name, long low, long high, long *number);
/* The same for any number. */
int bcue_cli_number(const bcue_cli *cli, const char *name, double low, double high, double *number);
/* The word of `words` (NULL-terminated) that was probably meant, or NULL. */
const char *bcue_cli_nearest(const char *word, const char *const *words);

/* Help: cli_help.c. To standard output; the exit status says whether it could be written. */
int bcue_cli_help(const bcue_cli_verb *verb);
void bcue_cli_write_usage(FILE *out, const bcue_cli_verb *verb);
extern const bcue_cli_option bcue_cli_common[];

/* Answers: cli_answer.c. */
/* Prints the sentence to standard error, and with --json the object to standard output. Gives the exit status
 * that fits. */
int bcue_cli_fail(const bcue_cli *cli, bcue_status status, const bcue_error *error);
/* Bad usage: the message, then where help is. */
BCUE_PRINTF(2, 3) int bcue_cli_usage(const bcue_cli *cli, const char *format, ...);
int bcue_cli_no_memory(const bcue_cli *cli);
/* An answer that a verb writes itself: for people, or with --json one object. */
typedef struct bcue_cli_text {
    FILE *out;
    char *text;
    size_t size;
} bcue_cli_text;
bool bcue_cli_text_open(bcue_cli_text *answer); /* false: no memory */
/* Print it and close it. `files` are those written (may be NULL, 0). */
int bcue_cli_finish_text(const bcue_cli *cli, bcue_cli_text *answer, const char *const *files,
                         size_t file_count);
/* What a call of the library came to: its report, which is destroyed, or its error. */
int bcue_cli_finish_call(const bcue_cli *cli, bcue_status status, bcue_report *report,
                         const bcue_error *error);
/* Run a call that works on a configuration, the verb's one operand, with --set; give its report. */
typedef bcue_status bcue_cli_config_call(const char *config_path, const char *const *overrides,
                                         size_t override_count, const bcue_hooks *hooks, bcue_report **report,
                                         bcue_error *error);
int bcue_cli_run_config(bcue_cli *cli, bcue_cli_config_call *call);
/* Flush standard output; says so and gives BCUE_EXIT_FAILED when something could not be written. */
int bcue_cli_flush(void);

/* JSON pieces: cli_json.c. A NULL text is null; bytes that are not UTF-8 become U+FFFD; numbers that are not
 * finite become null. */
void bcue_cli_json_text(FILE *out, const char *text);
void bcue_cli_json_number(FILE *out, double number);

/* Progress and stopping: cli_progress.c. Hooks that write to standard error, and that ask to stop after
   SIGINT or SIGTERM, whose first arrival is caught from now on and whose second one ends the program. Log
   lines of level INFO are left out with --quiet, warnings never. */
const bcue_hooks *bcue_cli_hooks(const bcue_cli *cli);
void bcue_cli_progress_end(void); /* clears the progress line, if there is one */
double bcue_cli_now_s(void);      /* a clock that only runs forward */
int bcue_cli_signal(void);        /* the signal that asked to stop, 0: none */

extern const bcue_cli_verb bcue_verb_simulate, bcue_verb_inspect, bcue_verb_train, bcue_verb_distill,
    bcue_verb_evaluate, bcue_verb_compare, bcue_verb_predict, bcue_verb_info, bcue_verb_bench,
    bcue_verb_export_samples, bcue_verb_export, bcue_verb_prune, bcue_verb_scene, bcue_verb_beams,
    bcue_verb_calibrate, bcue_verb_complete, bcue_verb_quantise, bcue_verb_compress, bcue_verb_coverage;

#endif
