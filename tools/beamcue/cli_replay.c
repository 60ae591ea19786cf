#include "cli_replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "beamcue/replay.h"

/* "a,b" of every --fault, cut at the commas. */
typedef struct fault_list {
    char *text;
    const char **items;
    size_t count;
} fault_list;

static bool make_faults(bcue_cli *cli, fault_list *list)
{
    size_t count, size = 1, most = 1;
    const char *const *given = bcue_cli_values(cli, "--fault", &count);
    *list = (fault_list){0};
    for (size_t i = 0; i < count; i++)
        size += strlen(given[i]) + 1;
    list->text = calloc(size, 1);
    if (list->text == NULL)
        return false;
    for (size_t i = 0, at = 0; i < count; i++) {
        memcpy(list->text + at, given[i], strlen(given[i]));
        at += strlen(given[i]);
        list->text[at++] = ',';
    }
    for (const char *c = list->text; *c != '\0'; c++)
        most += *c == ',';
    list->items = calloc(most, sizeof *list->items);
    for (char *item = list->text; list->items != NULL && *item != '\0';) {
        char *end = strchr(item, ',');
        *end = '\0';
        if (end > item)
            list->items[list->count++] = item;
        item = end + 1;
    }
    return list->items != NULL;
}

static void free_faults(fault_list *list)
{
    free(list->text);
    free(list->items);
}

/* camera held (stale), radar -1 +1 (lost): the camera is held; the radar's window ends a step early, and
   holds one frame that is not its own. */
static void write_sources(const bcue_answer *answer)
{
    for (int s = 0; s < BCUE_SENSOR_COUNT; s++) {
        const bcue_source *source = &answer->sources[s];
        if (source->state == BCUE_SOURCE_UNWANTED)
            continue;
        fprintf(stderr, "  %s", bcue_sensor_name((bcue_sensor)s));
        if (source->state != BCUE_SOURCE_USED)
            fprintf(stderr, " %s", bcue_source_state_name(source->state));
        if (source->state == BCUE_SOURCE_USED && source->behind > 0)
            fprintf(stderr, " -%d", source->behind);
        if (source->state == BCUE_SOURCE_USED && source->held + source->carried + source->missing > 0)
            fprintf(stderr, " +%d", source->held + source->carried + source->missing);
        if (source->reason != BCUE_FRAME_GOOD)
            fprintf(stderr, " (%s)", bcue_verdict_name(source->reason));
    }
}

/* One line an instant, with a heading every 20. */
static void on_tick(void *cookie, const bcue_replay_tick *tick)
{
    const bcue_answer *answer = tick->answer;
    (void)cookie;
    if (tick->index % 20 == 0)
        fprintf(stderr, "%-22s %-10s %5s %5s %6s %6s %8s  sensors\n", "sample", "rung", "beam", "best", "dB",
                "probe", "ms");
    fprintf(stderr, "%-22s %-10s ", tick->id, bcue_rung_name(answer->rung));
    if (answer->rung == BCUE_RUNG_SWEEP)
        fprintf(stderr, "%5s ", "-");
    else
        fprintf(stderr, "%5d ", answer->beams[0].beam);
    fprintf(stderr, "%5d ", tick->best);
    if (isnan(tick->loss_db))
        fprintf(stderr, "%6s ", "-");
    else
        fprintf(stderr, "%6.1f ", tick->loss_db);
    if (answer->probe > 0)
        fprintf(stderr, "%6zu ", answer->probe);
    else
        fprintf(stderr, "%6s ", "-");
    fprintf(stderr, "%8.2f", tick->latency_ms);
    write_sources(answer);
    fprintf(stderr, "%s%s\n", answer->cut ? "  stopped" : "", answer->late ? "  LATE" : "");
}

static int read_options(bcue_cli *cli, bcue_replay_options *options)
{
    long instants = 0, seed = 0, least = 0;
    int result = bcue_cli_number(cli, "--rate", 0, 1e4, &options->rate_hz);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_number(cli, "--deadline", 0, 1e6, &options->deadline_ms);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_number(cli, "--delay", 0, 1e6, &options->delay_ms);
    if (result == BCUE_EXIT_DONE && bcue_cli_value(cli, "--hold") != NULL) {
        result = bcue_cli_number(cli, "--hold", 0, 1e6, &options->stream.hold_s);
        options->stream.hold_s = options->stream.hold_s == 0 ? -1 : options->stream.hold_s;
    }
    if (result == BCUE_EXIT_DONE && bcue_cli_value(cli, "--carry") != NULL) {
        result = bcue_cli_number(cli, "--carry", 0, 60, &options->stream.carry_s);
        options->stream.carry_s = options->stream.carry_s == 0 ? -1 : options->stream.carry_s;
    }
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--least", 1, 1000, &least);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--instants", 1, 1000000000, &instants);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--seed", 0, 2147483647, &seed);
    options->stream.least_frames = (int)least;
    options->most = (size_t)instants;
    options->seed = (uint64_t)seed;
    options->tracker_path = bcue_cli_value(cli, "--tracker");
    options->compressed_path = bcue_cli_value(cli, "--compressed");
    options->html_path = bcue_cli_value(cli, "--html");
    options->stream.beams_csv = bcue_cli_value(cli, "--beams");
    options->session.ring_frames = 16;
    return result;
}

int bcue_cli_replay(bcue_cli *cli, const bcue_session_options *session, double coverage)
{
    static const char *const single[] = {"--camera",   "--lidar", "--radar", "--position",
                                         "--scenario", "--rsu",   "--top"};
    bcue_replay_options options = {.session = *session, .stream = {.coverage = coverage}};
    if (options.session.threads == 0)
        options.session.threads = 1;
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (bcue_cli_value(cli, single[i]) != NULL)
            return bcue_cli_usage(cli, "%s is for a single instant, and --replay plays a recording",
                                  single[i]);
    int result = read_options(cli, &options);
    if (result != BCUE_EXIT_DONE)
        return result;
    fault_list faults;
    if (!make_faults(cli, &faults)) {
        free_faults(&faults);
        return bcue_cli_no_memory(cli);
    }
    options.faults = faults.items;
    options.fault_count = faults.count;
    if (options.rate_hz > 0 && !cli->quiet)
        options.tick = on_tick;
    bcue_report *report = NULL;
    bcue_error error = {""};
    const bcue_status status = bcue_replay(cli->operands[0], bcue_cli_value(cli, "--replay"), &options,
                                           bcue_cli_hooks(cli), &report, &error);
    result = bcue_cli_finish_call(cli, status, report, &error);
    free_faults(&faults);
    return result;
}
