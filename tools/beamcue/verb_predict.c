#include <stdlib.h>
#include <string.h>

#include "beamcue/stream.h"
#include "cli_observation.h"
#include "cli_replay.h"

/* What a prediction came to. */
typedef struct outcome {
    const bcue_model_facts *facts;
    const bcue_ranked_beam *ranked;
    size_t count;
    double coverage; /* asked for; */
    size_t probe;    /* so many beams; 0: the model is not calibrated, or outside of what it knows */
    bool foreign;    /* bcue_session_out_of_domain */
    bcue_sensor_pattern pattern;
    bcue_timing timing;
} outcome;

/* "camera and gps" */
static void write_sensors(FILE *out, unsigned sensors)
{
    const char *between = "";
    for (int s = 0; s < BCUE_SENSOR_COUNT; s++)
        if ((sensors & 1U << s) != 0) {
            fprintf(out, "%s%s", between, bcue_sensor_name((bcue_sensor)s));
            between = " and ";
        }
}

static void write_basis(FILE *out, const bcue_sensor_pattern *pattern)
{
    const bool own = pattern->basis == BCUE_SET_OWN;
    if (own && pattern->missing == 0)
        return;
    fputs(own ? "       calibrated without " : "       never calibrated ", out);
    if (pattern->missing != 0) {
        fputs(own ? "" : "without ", out);
        write_sensors(out, pattern->missing);
    }
    if (!own && pattern->partly)
        fprintf(out, "%swith a part of the frames", pattern->missing != 0 ? " and " : "");
    fputs(own ? "\n" : ": the widest of its sets, without that promise\n", out);
}

static void write_text(FILE *out, const outcome *o)
{
    const bcue_timing *timing = &o->timing;
    fprintf(out, "model  %s, %d beams\n\nrank  beam  probability\n", o->facts->kind, o->facts->beams);
    for (size_t i = 0; i < o->count; i++)
        fprintf(out, "%4zu  %4d  %11.4f\n", i + 1, o->ranked[i].beam, o->ranked[i].probability);
    if (o->probe > 0) {
        fprintf(out,
                "\nprobe  the first %zu of %d: the best is among them in %g %% of samples like those of %lld "
                "calibration episodes\n",
                o->probe, o->facts->beams, 100.0 * o->coverage, (long long)o->facts->calibration_episodes);
        write_basis(out, &o->pattern);
    } else if (o->foreign)
        fputs("\nprobe  unknown: the radar cubes were turned into points, without altitude, which is outside "
              "of what "
              "the model\n       was trained on; how good these beams are is not known\n",
              out);
    else
        fputs("\nprobe  unknown, and probabilities not calibrated: see 'beamcue calibrate -h'\n", out);
    fprintf(out, "\ntime   %.2f ms: decode %.2f, features %.2f, network %.2f\n", timing->total_ms,
            timing->decode_ms, timing->features_ms, timing->network_ms);
}

static void write_names(FILE *out, unsigned sensors)
{
    const char *between = "";
    fputc('[', out);
    for (int s = 0; s < BCUE_SENSOR_COUNT; s++)
        if ((sensors & 1U << s) != 0) {
            fprintf(out, "%s\"%s\"", between, bcue_sensor_name((bcue_sensor)s));
            between = ", ";
        }
    fputc(']', out);
}

static void write_json(FILE *out, const bcue_cli *cli, const outcome *o)
{
    fputs("{\"model\": ", out);
    bcue_cli_json_text(out, cli->operands[0]);
    fputs(", \"kind\": ", out);
    bcue_cli_json_text(out, o->facts->kind);
    fprintf(out, ", \"beams\": %d, \"ranked\": [", o->facts->beams);
    for (size_t i = 0; i < o->count; i++) {
        fprintf(out, "%s{\"beam\": %d, \"probability\": ", i > 0 ? ", " : "", o->ranked[i].beam);
        bcue_cli_json_number(out, o->ranked[i].probability);
        fputc('}', out);
    }
    fprintf(out, "], \"out_of_domain\": %s, \"calibration_episodes\": %lld, ", o->foreign ? "true" : "false",
            (long long)o->facts->calibration_episodes);
    if (o->probe > 0) {
        fprintf(out, "\"probe\": %zu, \"coverage\": ", o->probe);
        bcue_cli_json_number(out, o->coverage);
        fprintf(out, ", \"calibrated_for_these_sensors\": %s, ",
                o->pattern.basis == BCUE_SET_OWN ? "true" : "false");
    }
    fputs("\"missing\": ", out);
    write_names(out, o->pattern.missing);
    fprintf(out, ", \"partly\": %s, ", o->pattern.partly ? "true" : "false");
    const double times[] = {o->timing.decode_ms, o->timing.features_ms, o->timing.network_ms,
                            o->timing.total_ms};
    static const char *const names[] = {"decode", "features", "network", "total"};
    fputs("\"timing_ms\": {", out);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        fprintf(out, "%s\"%s\": ", i > 0 ? ", " : "", names[i]);
        bcue_cli_json_number(out, times[i]);
    }
    fputs("}}", out);
}

static int answer(const bcue_cli *cli, const outcome *o)
{
    bcue_cli_text text;
    if (!bcue_cli_text_open(&text))
        return bcue_cli_no_memory(cli);
    if (cli->json)
        write_json(text.out, cli, o);
    else
        write_text(text.out, o);
    return bcue_cli_finish_text(cli, &text, NULL, 0);
}

static int rank(const bcue_cli *cli, const bcue_model *model, const bcue_model_facts *facts,
                const bcue_session_options *session_options, const bcue_observation *observation, long top,
                double coverage)
{
    const size_t count = top < facts->beams ? (size_t)top : (size_t)facts->beams;
    bcue_ranked_beam *ranked = calloc(count, sizeof *ranked);
    outcome o = {.facts = facts, .ranked = ranked, .count = count, .coverage = coverage};
    bcue_session *session = NULL;
    bcue_error error = {""};
    if (ranked == NULL)
        return bcue_cli_no_memory(cli);
    bcue_status status = bcue_session_create_with(model, session_options, &session, &error);
    if (status == BCUE_OK)
        status = bcue_predict(session, observation, count, ranked, &o.timing, &error);
    o.foreign = status == BCUE_OK && bcue_session_out_of_domain(session);
    if (status == BCUE_OK)
        bcue_session_get_pattern(session, &o.pattern);
    if (status == BCUE_OK && facts->calibration_episodes > 0 && !o.foreign)
        status = bcue_session_probe(session, coverage, 0.0, &o.probe, &error);
    const int result = status == BCUE_OK ? answer(cli, &o) : bcue_cli_fail(cli, status, &error);
    bcue_session_destroy(session);
    free(ranked);
    return result;
}

static const char *const replay_only[] = {"--rate",     "--deadline", "--delay",   "--hold",       "--carry",
                                          "--least",    "--fault",    "--tracker", "--compressed", "--beams",
                                          "--instants", "--seed",     "--html"};

static int run(bcue_cli *cli)
{
    long top = 5;
    double coverage = 0.9;
    int result = bcue_cli_whole(cli, "--top", 1, 65536, &top);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_number(cli, "--coverage", 0.0, 1.0, &coverage);
    bcue_session_options session;
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_session_options(cli, &session);
    if (result != BCUE_EXIT_DONE)
        return result;
    if (bcue_cli_value(cli, "--replay") != NULL)
        return bcue_cli_replay(cli, &session, coverage);
    for (size_t i = 0; i < sizeof replay_only / sizeof *replay_only; i++)
        if (bcue_cli_value(cli, replay_only[i]) != NULL)
            return bcue_cli_usage(cli, "%s goes with --replay", replay_only[i]);
    bcue_cli_observation observation;
    bcue_model *model;
    bcue_model_facts facts;
    result = bcue_cli_observe(cli, &observation, &model, &facts);
    if (result == BCUE_EXIT_DONE)
        result = rank(cli, model, &facts, &session, &observation.view, top, coverage);
    bcue_model_destroy(model);
    bcue_cli_observation_free(&observation);
    return result;
}

static const bcue_cli_option options[] = {
    BCUE_CLI_OBSERVATION,
    {.name = "--top", .value = "K", .help = "how many beams, best first; 5 when absent"},
    {.name = "--coverage",
     .value = "C",
     .help = "how sure it shall be that the best beam is among those to\nprobe, 0 to 1, of a calibrated "
             "model; 0.9 when absent"},
    BCUE_CLI_SESSION,
    BCUE_CLI_REPLAY,
    {.name = NULL}};

const bcue_cli_verb bcue_verb_predict = {
    .name = "predict",
    .purpose = "rank the beams for one instant, or play a recording as if it were live",
    .operands = "MODEL.safetensors",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "MODEL is what 'beamcue train' wrote. Pictures of any size are prepared as they\n"
             "were for training. A model that takes several frames wants them all, oldest\n"
             "first; when there are fewer, the oldest count as missing. Beams count from 0.\n"
             "\n"
             "Example:\n"
             "  beamcue predict out/demo_fusion/model-seed1.safetensors \\\n"
             "      --camera frame.jpg --position 33.42051,-111.92874 --top 3\n"
             "\n"
             "A model that went through 'beamcue calibrate' also says how many beams to probe.\n"
             "\n"
             "With --replay a recording is played frame by frame, every answer is scored against\n"
             "the measured power of all beams, and compared with sweeping. Given the configuration\n"
             "of a run, only its test part is played. Faults are SENSOR:KIND[:AMOUNT], in a list with\n"
             "commas: drop, late (of camera, lidar, radar, gps), freeze, garbage, cut (all but gps),\n"
             "black, saturate (camera), empty (lidar, radar), jump, nofix (gps); AMOUNT is a share of\n"
             "the frames (0.2) or a time (5s: once an episode), all the time when absent. A replay\n"
             "runs the network on one thread unless --threads says otherwise. With --rate a line\n"
             "an instant says of a sensor -N: its newest frame is N steps old; +N: so many places\n"
             "of its window hold something else than their own frame.\n"
             "\n"
             "  beamcue predict out/demo_four/model-seed1.safetensors --replay configs/demo_four.yaml \\\n"
             "      --rate 10 --deadline 40 --fault camera:drop:0.2,gps:jump:2s,lidar:freeze \\\n"
             "      --html replay.html\n"
             "\n"
             "Writes nothing but the page of --html. The times of a single prediction are of a first\n"
             "call; 'beamcue bench' measures well.\n",
    .run = run,
};
