#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli_observation.h"
#include "cli_synthetic.h"

enum { STAGES = 4, POINTS = 5 };
static const char *const stage_names[STAGES] = {"decode", "features", "network", "total"};
static const char *const point_names[POINTS] = {"p50", "p90", "p95", "p99", "max"};
static const int point_percents[POINTS] = {50, 90, 95, 99, 100};

typedef struct measurement {
    long runs, warmup;
    bool synthetic;
    bcue_model_facts facts;
    bcue_session_options session;
    long stream;   /* windows share frames with the one so many ticks back; 0: all frames are new */
    uint64_t *ids; /* owned: the names of the frames of a window */
    bcue_session_facts memory;
    double open_ms, plan_ms, peak_mb;
    double *times[STAGES]; /* owned, `runs` of each, ms */
    double points[STAGES][POINTS];
} measurement;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nearest rank: the smallest time that is not exceeded by so many per cent of the runs. */
static void find_points(measurement *m)
{
    for (size_t s = 0; s < STAGES; s++) {
        qsort(m->times[s], (size_t)m->runs, sizeof *m->times[s], by_value);
        for (size_t p = 0; p < POINTS; p++)
            m->points[s][p] = m->times[s][(m->runs * point_percents[p] + 99) / 100 - 1];
    }
}

static size_t most_frames(const bcue_observation *observation)
{
    size_t most = observation->camera_count;
    most = observation->lidar_count > most ? observation->lidar_count : most;
    return observation->radar_count > most ? observation->radar_count : most;
}

/* Names the frames of the i-th window, oldest first, so that they recur `stream` windows later. */
static void name_frames(const measurement *m, long i, bcue_observation *observation)
{
    if (m->stream == 0)
        return;
    for (size_t k = 0; k < most_frames(observation); k++)
        m->ids[k] = (uint64_t)(i + m->warmup) + (uint64_t)m->stream * k + 1;
    observation->camera_id = observation->lidar_id = observation->radar_id = m->ids;
}

static bcue_status measure(measurement *m, bcue_session *session, bcue_observation *observation,
                           const bcue_hooks *hooks, bcue_error *error)
{
    for (long i = -m->warmup; i < m->runs; i++) {
        bcue_ranked_beam best;
        bcue_timing timing;
        name_frames(m, i, observation);
        const bcue_status status = bcue_predict(session, observation, 1, &best, &timing, error);
        if (status != BCUE_OK)
            return status;
        if (hooks->cancelled(hooks->cookie)) {
            snprintf(error->text, sizeof error->text,
                     "stopped after %ld of %ld runs; start again with a smaller --runs", i < 0 ? 0 : i,
                     m->runs);
            return BCUE_ERROR_CANCELLED;
        }
        if (hooks->progress != NULL)
            hooks->progress(hooks->cookie, i < 0 ? "warm-up" : "bench",
                            (uint64_t)(i < 0 ? m->warmup + i : i) + 1,
                            (uint64_t)(i < 0 ? m->warmup : m->runs));
        const double times[STAGES] = {timing.decode_ms, timing.features_ms, timing.network_ms,
                                      timing.total_ms};
        for (size_t s = 0; i >= 0 && s < STAGES; s++)
            m->times[s][i] = times[s];
    }
    find_points(m);
    return BCUE_OK;
}

static void write_text(FILE *out, const measurement *m, const bcue_observation *observation)
{
    fprintf(out, "model    %s, %d beams, %lld parameters, %.4g million multiply-accumulates\n", m->facts.kind,
            m->facts.beams, (long long)m->facts.parameters, 1e-6 * (double)m->facts.multiply_accumulates);
    fprintf(out, "input    %zu pictures, %zu fixes", observation->camera_count, observation->fix_count);
    if (observation->radar_count > 0)
        fprintf(out, ", %zu radar frames", observation->radar_count);
    fprintf(out, "%s\n", m->synthetic ? "; synthetic where not given" : "");
    fprintf(out,
            "memory   %.1f MB of packed weights, %.1f MB of activations; the process peaked at %.1f MB\n",
            1e-6 * (double)m->memory.packed_bytes, 1e-6 * (double)m->memory.activation_bytes, m->peak_mb);
    if (m->memory.int8_layers > 0)
        fprintf(out, "8 bits   %d layers\n", m->memory.int8_layers);
    if (m->stream > 0)
        fprintf(out,
                "stream   windows share frames with the one %ld before; %.1f MB keep them; a new frame of "
                "each sensor "
                "takes %.4g million multiply-accumulates of its own\n",
                m->stream, 1e-6 * (double)m->memory.ring_bytes,
                1e-6 * (double)m->memory.frame_multiply_accumulates);
    fprintf(out, "ready    model opened in %.1f ms, session made in %.1f ms\n", m->open_ms, m->plan_ms);
    fprintf(out, "runs     %ld after %ld to warm up\n\nms        ", m->runs, m->warmup);
    for (size_t p = 0; p < POINTS; p++)
        fprintf(out, " %9s", point_names[p]);
    for (size_t s = 0; s < STAGES; s++) {
        fprintf(out, "\n%-10s", stage_names[s]);
        for (size_t p = 0; p < POINTS; p++)
            fprintf(out, " %9.3f", m->points[s][p]);
    }
    fputc('\n', out);
}

static void write_json(FILE *out, const bcue_cli *cli, const measurement *m,
                       const bcue_observation *observation)
{
    fputs("{\"model\": ", out);
    bcue_cli_json_text(out, cli->operands[0]);
    fputs(", \"kind\": ", out);
    bcue_cli_json_text(out, m->facts.kind);
    fprintf(out, ", \"parameters\": %lld, \"multiply_accumulates\": %lld", (long long)m->facts.parameters,
            (long long)m->facts.multiply_accumulates);
    fprintf(out, ", \"pictures\": %zu, \"fixes\": %zu, \"synthetic\": %s", observation->camera_count,
            observation->fix_count, m->synthetic ? "true" : "false");
    fprintf(out, ", \"packed_bytes\": %llu, \"activation_bytes\": %llu, \"peak_bytes\": %.0f",
            (unsigned long long)m->memory.packed_bytes, (unsigned long long)m->memory.activation_bytes,
            1e6 * m->peak_mb);
    fprintf(out, ", \"stream\": %ld, \"ring_bytes\": %llu, \"frame_multiply_accumulates\": %lld", m->stream,
            (unsigned long long)m->memory.ring_bytes, (long long)m->memory.frame_multiply_accumulates);
    if (m->memory.int8_layers > 0)
        fprintf(out, ", \"int8_layers\": %d", m->memory.int8_layers);
    fputs(", \"open_ms\": ", out);
    bcue_cli_json_number(out, m->open_ms);
    fputs(", \"session_ms\": ", out);
    bcue_cli_json_number(out, m->plan_ms);
    fprintf(out, ", \"runs\": %ld, \"warmup\": %ld, \"latency_ms\": {", m->runs, m->warmup);
    for (size_t s = 0; s < STAGES; s++) {
        fprintf(out, "%s\"%s\": {", s > 0 ? ", " : "", stage_names[s]);
        for (size_t p = 0; p < POINTS; p++) {
            fprintf(out, "%s\"%s\": ", p > 0 ? ", " : "", point_names[p]);
            bcue_cli_json_number(out, m->points[s][p]);
        }
        fputc('}', out);
    }
    fputs("}}", out);
}

static int answer(const bcue_cli *cli, const measurement *m, const bcue_observation *observation)
{
    bcue_cli_text text;
    if (!bcue_cli_text_open(&text))
        return bcue_cli_no_memory(cli);
    if (cli->json)
        write_json(text.out, cli, m, observation);
    else
        write_text(text.out, m, observation);
    return bcue_cli_finish_text(cli, &text, NULL, 0);
}

/* The largest resident set so far. */
static double peak_mb(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? 1024e-6 * (double)usage.ru_maxrss : 0;
}

static int bench(const bcue_cli *cli, const bcue_model *model, bcue_observation *observation, measurement *m)
{
    bcue_session *session = NULL;
    bcue_error error = {""};
    for (size_t s = 0; s < STAGES; s++) {
        m->times[s] = calloc((size_t)m->runs, sizeof *m->times[s]);
        if (m->times[s] == NULL)
            return bcue_cli_no_memory(cli);
    }
    m->ids = calloc(most_frames(observation) + 1, sizeof *m->ids);
    if (m->ids == NULL)
        return bcue_cli_no_memory(cli);
    m->session.ring_frames = (int)(m->stream * (long)most_frames(observation));
    const double started_s = bcue_cli_now_s();
    bcue_status status = bcue_session_create_with(model, &m->session, &session, &error);
    m->plan_ms = 1e3 * (bcue_cli_now_s() - started_s);
    if (status == BCUE_OK)
        status = measure(m, session, observation, bcue_cli_hooks(cli), &error);
    if (status == BCUE_OK) {
        bcue_session_get_facts(session, &m->memory);
        m->peak_mb = peak_mb();
    }
    bcue_session_destroy(session);
    return status == BCUE_OK ? answer(cli, m, observation) : bcue_cli_fail(cli, status, &error);
}

/* What a model is given where the command line has nothing: as many as it wants of each. */
typedef struct stand_ins {
    bcue_encoded_picture picture, points;   /* owned data */
    bcue_encoded_picture *pictures, *radar; /* owned lists of these */
    bcue_fix *fixes;                        /* owned */
} stand_ins;

static bool make_stand_ins(const bcue_model_facts *facts, stand_ins *s)
{
    s->pictures = calloc((size_t)facts->camera_frames + 1, sizeof *s->pictures);
    s->radar = calloc((size_t)facts->radar_frames + 1, sizeof *s->radar);
    s->fixes = calloc((size_t)facts->position_fixes + 1, sizeof *s->fixes);
    if (s->pictures == NULL || s->radar == NULL || s->fixes == NULL ||
        !bcue_cli_synthetic_picture(&s->picture) || !bcue_cli_synthetic_points(&s->points))
        return false;
    for (int32_t i = 0; i < facts->camera_frames; i++)
        s->pictures[i] = s->picture;
    for (int32_t i = 0; i < facts->radar_frames; i++)
        s->radar[i] = s->points;
    for (int32_t i = 0; i < facts->position_fixes; i++)
        s->fixes[i] = (bcue_fix){33.4205 + 1e-6 * i, -111.9289};
    return true;
}

static void free_stand_ins(stand_ins *s)
{
    free((void *)s->picture.data);
    free((void *)s->points.data);
    free(s->pictures);
    free(s->radar);
    free(s->fixes);
}

static void complete(measurement *m, bcue_observation *observation, const stand_ins *s)
{
    const bcue_model_facts *facts = &m->facts;
    if (observation->camera_count == 0 && facts->camera_frames > 0) {
        observation->camera = s->pictures;
        observation->camera_count = (size_t)facts->camera_frames;
        m->synthetic = true;
    }
    if (observation->radar_count == 0 && facts->radar_points) {
        observation->radar = s->radar;
        observation->radar_count = (size_t)facts->radar_frames;
        m->synthetic = true;
    }
    if (observation->fix_count == 0 && facts->position_fixes > 0) {
        observation->fixes = s->fixes;
        observation->fix_count = (size_t)facts->position_fixes;
        m->synthetic = true;
    }
    if (isnan(observation->rsu.latitude_deg))
        observation->rsu = (bcue_fix){33.4203, -111.9289};
}

static int bench_model(const bcue_cli *cli, const bcue_model *model, bcue_observation observation,
                       measurement *m)
{
    stand_ins given = {.pictures = NULL};
    int result;
    if (!make_stand_ins(&m->facts, &given)) {
        result = bcue_cli_no_memory(cli);
    } else {
        complete(m, &observation, &given);
        result = bench(cli, model, &observation, m);
    }
    for (size_t s = 0; s < STAGES; s++)
        free(m->times[s]);
    free(m->ids);
    free_stand_ins(&given);
    return result;
}

static int bench_layers(bcue_cli *cli, long runs)
{
    const char *const unfit[] = {"--warmup",   "--camera",   "--lidar",   "--radar",
                                 "--position", "--scenario", "--rsu",     "--memory",
                                 "--threads",  "--stream",   "--weights", "--radar-pose"};
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
        if (bcue_cli_value(cli, unfit[i]) != NULL)
            return bcue_cli_usage(cli, "%s does not go with --layers, which runs the network alone",
                                  unfit[i]);
    }
    const bcue_layers_options options = {.runs = runs, .svg_path = bcue_cli_value(cli, "--svg")};
    bcue_report *report = NULL;
    bcue_error error = {""};
    const bcue_status status = bcue_bench_layers(cli->operands[0], &options, &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static int run(bcue_cli *cli)
{
    measurement m = {.runs = 200, .warmup = 10};
    size_t layers;
    (void)bcue_cli_values(cli, "--layers", &layers);
    m.runs = layers > 0 ? 10 : m.runs;
    int result = bcue_cli_whole(cli, "--runs", 1, layers > 0 ? 1000 : 1000000, &m.runs);
    if (result == BCUE_EXIT_DONE && layers > 0)
        return bench_layers(cli, m.runs);
    if (result == BCUE_EXIT_DONE && bcue_cli_value(cli, "--svg") != NULL)
        return bcue_cli_usage(cli, "--svg goes with --layers only");
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--warmup", 0, 1000000, &m.warmup);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_session_options(cli, &m.session);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--stream", 1, 64, &m.stream);
    if (result != BCUE_EXIT_DONE)
        return result;
    bcue_cli_observation observation;
    bcue_model *model;
    result = bcue_cli_observe(cli, &observation, &model, &m.facts);
    m.open_ms = observation.open_ms;
    if (result == BCUE_EXIT_DONE)
        result = bench_model(cli, model, observation.view, &m);
    bcue_model_destroy(model);
    bcue_cli_observation_free(&observation);
    return result;
}

static const bcue_cli_option options[] = {
    {.name = "--runs",
     .value = "N",
     .help = "how many predictions are timed; 200 when absent, with --layers 10"},
    {.name = "--warmup", .value = "N", .help = "how many come before, untimed; 10 when absent"},
    {.name = "--layers", .help = "the network layer by layer instead, against this machine's limits"},
    {.name = "--svg", .value = "FILE", .help = "with --layers: also draw them in a roofline picture"},
    BCUE_CLI_SESSION,
    {.name = "--stream",
     .value = "STRIDE",
     .help = "windows share frames with the one STRIDE before, and those are not computed again"},
    BCUE_CLI_OBSERVATION,
    {.name = NULL}};

const bcue_cli_verb bcue_verb_bench = {
    .name = "bench",
    .purpose = "measure how long one prediction takes",
    .operands = "MODEL.safetensors",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "One window after another, as a roadside unit would ask: decoding the pictures,\n"
             "preparing features, the network, and all of it. Percentiles are of the timed\n"
             "runs, nearest rank. Without --camera a synthetic PNG of 960x540 is decoded, whose\n"
             "cost is not that of a JPEG: give pictures of your own camera. Without --radar a model\n"
             "of radar points gets 1,700 of them a frame. Clouds and radar cubes are measured\n"
             "only where files are given. OMP_NUM_THREADS limits the threads, too.\n"
             "\n"
             "First it says what memory the network takes, and how long it took to open the\n"
             "file and to make a session: graph, plan and packed weights.\n"
             "\n"
             "With --stream windows come as in a recording: each has one new frame of each\n"
             "sensor, and shares the others with the window STRIDE before it.\n"
             "\n"
             "With --layers the network alone runs, on random inputs. Each layer is set against\n"
             "the limit that it meets first: the multiply-adds or the bytes that this machine\n"
             "can do per second, both measured first. Layers are those of the network as\n"
             "planned: what was fused into another counts there.\n"
             "\n"
             "Example:\n"
             "  beamcue bench out/demo_fusion/model-seed1.safetensors --camera frame.jpg \\\n"
             "      --position 33.42051,-111.92874 --runs 500\n"
             "  beamcue bench model.safetensors --layers --svg roofline.svg\n"
             "\n"
             "Writes FILE of --svg, else nothing.\n",
    .run = run,
};
