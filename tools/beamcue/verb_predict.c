#include <stdlib.h>
#include <string.h>

#include "cli_observation.h"

static void write_text(FILE *out, const bcue_model_facts *facts, const bcue_ranked_beam *ranked, size_t count,
                       const bcue_timing *timing)
{
    fprintf(out, "model  %s, %d beams\n\nrank  beam  probability\n", facts->kind, facts->beams);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%4zu  %4d  %11.4f\n", i + 1, ranked[i].beam, ranked[i].probability);
    fprintf(out, "\ntime   %.2f ms: decode %.2f, features %.2f, network %.2f\n", timing->total_ms,
            timing->decode_ms, timing->features_ms, timing->network_ms);
}

static void write_json(FILE *out, const bcue_cli *cli, const bcue_model_facts *facts,
                       const bcue_ranked_beam *ranked, size_t count, const bcue_timing *timing)
{
    fputs("{\"model\": ", out);
    bcue_cli_json_text(out, cli->operands[0]);
    fputs(", \"kind\": ", out);
    bcue_cli_json_text(out, facts->kind);
    fprintf(out, ", \"beams\": %d, \"ranked\": [", facts->beams);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s{\"beam\": %d, \"probability\": ", i > 0 ? ", " : "", ranked[i].beam);
        bcue_cli_json_number(out, ranked[i].probability);
        fputc('}', out);
    }
    const double times[] = {timing->decode_ms, timing->features_ms, timing->network_ms, timing->total_ms};
    static const char *const names[] = {"decode", "features", "network", "total"};
    fputs("], \"timing_ms\": {", out);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        fprintf(out, "%s\"%s\": ", i > 0 ? ", " : "", names[i]);
        bcue_cli_json_number(out, times[i]);
    }
    fputs("}}", out);
}

static int answer(const bcue_cli *cli, const bcue_model_facts *facts, const bcue_ranked_beam *ranked,
                  size_t count, const bcue_timing *timing)
{
    bcue_cli_text text;
    if (!bcue_cli_text_open(&text))
        return bcue_cli_no_memory(cli);
    if (cli->json)
        write_json(text.out, cli, facts, ranked, count, timing);
    else
        write_text(text.out, facts, ranked, count, timing);
    return bcue_cli_finish_text(cli, &text, NULL, 0);
}

static int rank(const bcue_cli *cli, const bcue_model *model, const bcue_model_facts *facts,
                const bcue_observation *observation, long top)
{
    const size_t count = top < facts->beams ? (size_t)top : (size_t)facts->beams;
    bcue_ranked_beam *ranked = calloc(count, sizeof *ranked);
    bcue_session *session = NULL;
    bcue_timing timing;
    bcue_error error = {""};
    if (ranked == NULL)
        return bcue_cli_no_memory(cli);
    bcue_status status = bcue_session_create(model, &session, &error);
    if (status == BCUE_OK)
        status = bcue_predict(session, observation, count, ranked, &timing, &error);
    const int result =
        status == BCUE_OK ? answer(cli, facts, ranked, count, &timing) : bcue_cli_fail(cli, status, &error);
    bcue_session_destroy(session);
    free(ranked);
    return result;
}

static int run(bcue_cli *cli)
{
    long top = 5;
    int result = bcue_cli_whole(cli, "--top", 1, 65536, &top);
    if (result != BCUE_EXIT_DONE)
        return result;
    bcue_cli_observation observation;
    bcue_model *model;
    bcue_model_facts facts;
    result = bcue_cli_observe(cli, &observation, &model, &facts);
    if (result == BCUE_EXIT_DONE)
        result = rank(cli, model, &facts, &observation.view, top);
    bcue_model_destroy(model);
    bcue_cli_observation_free(&observation);
    return result;
}

static const bcue_cli_option options[] = {
    BCUE_CLI_OBSERVATION,
    {.name = "--top", .value = "K", .help = "how many beams, best first; 5 when absent"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_predict = {
    .name = "predict",
    .purpose = "rank the beams for one instant",
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
             "Writes nothing. The times are of a first call; 'beamcue bench' measures well.\n",
    .run = run,
};
