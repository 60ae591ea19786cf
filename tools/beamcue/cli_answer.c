#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "beamcue/version.h"

int bcue_cli_flush(void)
{
    errno = 0;
    const bool failed_before = ferror(stdout) != 0;
    if (fflush(stdout) == 0 && !failed_before)
        return BCUE_EXIT_DONE;
    fprintf(stderr, "beamcue: cannot write to standard output%s%s\n", errno != 0 ? ": " : "",
            errno != 0 ? strerror(errno) : "");
    clearerr(stdout);
    return BCUE_EXIT_FAILED;
}

/* What every JSON answer begins with. */
static void open_envelope(const bcue_cli *cli, const char *status)
{
    fputs("{\"beamcue\": ", stdout);
    bcue_cli_json_text(stdout, bcue_version_string());
    fputs(", \"command\": ", stdout);
    bcue_cli_json_text(stdout, cli->verb != NULL ? cli->verb->name : NULL);
    fputs(", \"status\": ", stdout);
    bcue_cli_json_text(stdout, status);
}

static int answer_error(const bcue_cli *cli, const char *status, const char *message, int exit_status)
{
    bcue_cli_progress_end();
    if (cli->verb != NULL && exit_status == BCUE_EXIT_USAGE)
        fprintf(stderr, "beamcue %s: %s\nTry 'beamcue %s -h'.\n", cli->verb->name, message, cli->verb->name);
    else if (exit_status == BCUE_EXIT_USAGE)
        fprintf(stderr, "beamcue: %s\nTry 'beamcue -h'.\n", message);
    else
        fprintf(stderr, "beamcue: %s\n", message);
    if (cli->json) {
        open_envelope(cli, status);
        fputs(", \"error\": {\"status\": ", stdout);
        bcue_cli_json_text(stdout, status);
        fputs(", \"message\": ", stdout);
        bcue_cli_json_text(stdout, message);
        fputs("}}\n", stdout);
        bcue_cli_flush(); /* it fails anyway; the status below says so */
    }
    return exit_status;
}

int bcue_cli_fail(const bcue_cli *cli, bcue_status status, const bcue_error *error)
{
    const char *name = bcue_status_name(status);
    const char *message = error->text[0] != '\0' ? error->text : name;
    const int stopped_by = status == BCUE_ERROR_CANCELLED ? bcue_cli_signal() : 0;
    return answer_error(cli, name, message, stopped_by != 0 ? 128 + stopped_by : BCUE_EXIT_FAILED);
}

int bcue_cli_usage(const bcue_cli *cli, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return answer_error(cli, "bad usage", message, BCUE_EXIT_USAGE);
}

int bcue_cli_no_memory(const bcue_cli *cli)
{
    return bcue_cli_fail(cli, BCUE_ERROR_MEMORY, &(bcue_error){"out of memory"});
}

static void write_json(const bcue_cli *cli, const char *json)
{
    size_t size = strlen(json);
    while (size > 0 && (json[size - 1] == '\n' || json[size - 1] == ' '))
        size--;
    open_envelope(cli, "ok");
    fputs(", \"result\": ", stdout);
    fwrite(json, 1, size, stdout);
    fputs("}\n", stdout);
}

/* `answer` is text for people, or with --json one object. */
static int finish(const bcue_cli *cli, const char *answer, const char *const *files, size_t file_count)
{
    bcue_cli_progress_end();
    if (cli->json)
        write_json(cli, answer);
    else
        fputs(answer, stdout);
    const int result = bcue_cli_flush();
    for (size_t i = 0; i < file_count && !cli->quiet && !cli->json; i++)
        fprintf(stderr, "wrote %s\n", files[i]);
    return result;
}

bool bcue_cli_text_open(bcue_cli_text *answer)
{
    *answer = (bcue_cli_text){NULL, NULL, 0};
    answer->out = open_memstream(&answer->text, &answer->size);
    return answer->out != NULL;
}

int bcue_cli_finish_text(const bcue_cli *cli, bcue_cli_text *answer, const char *const *files,
                         size_t file_count)
{
    const bool failed = ferror(answer->out) != 0;
    const int result = fclose(answer->out) != 0 || failed ? bcue_cli_no_memory(cli)
                                                          : finish(cli, answer->text, files, file_count);
    free(answer->text);
    return result;
}

static int finish_report(const bcue_cli *cli, const bcue_report *report)
{
    const size_t count = bcue_report_file_count(report);
    const char **files = calloc(count + 1, sizeof *files);
    if (files == NULL)
        return bcue_cli_no_memory(cli);
    for (size_t i = 0; i < count; i++)
        files[i] = bcue_report_file(report, i);
    const int result =
        finish(cli, cli->json ? bcue_report_json(report) : bcue_report_text(report), files, count);
    free(files);
    return result;
}

int bcue_cli_finish_call(const bcue_cli *cli, bcue_status status, bcue_report *report,
                         const bcue_error *error)
{
    if (status != BCUE_OK)
        return bcue_cli_fail(cli, status, error);
    const int result = finish_report(cli, report);
    bcue_report_destroy(report);
    return result;
}

int bcue_cli_run_config(bcue_cli *cli, bcue_cli_config_call *call)
{
    size_t count;
    const char *const *overrides = bcue_cli_values(cli, "--set", &count);
    bcue_report *report = NULL;
    bcue_error error = {""};
    const bcue_status status = call(cli->operands[0], overrides, count, bcue_cli_hooks(cli), &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}
