#include "cli_observation.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PICTURE_BYTES = 256 << 20 };

static int cannot_read(const bcue_cli *cli, const char *what, const char *path, const char *why)
{
    bcue_error error;
    snprintf(error.text, sizeof error.text, "%s: cannot read the %s: %s", path, what, why);
    return bcue_cli_fail(cli, BCUE_ERROR_IO, &error);
}

/* The whole of `file` into *picture, whose bytes the caller frees. NULL or what went wrong. */
static const char *read_all(FILE *file, bcue_encoded_picture *picture)
{
    unsigned char *bytes = NULL;
    size_t size = 0, capacity = 0;
    for (size_t got = 1; got > 0; size += got) {
        if (size == capacity) {
            capacity = capacity == 0 ? 65536 : 2 * capacity;
            unsigned char *grown = capacity <= MOST_PICTURE_BYTES ? realloc(bytes, capacity) : NULL;
            if (grown == NULL) {
                free(bytes);
                return capacity <= MOST_PICTURE_BYTES ? "out of memory" : "it is larger than 256 MiB";
            }
            bytes = grown;
        }
        got = fread(bytes + size, 1, capacity - size, file);
    }
    picture->data = bytes;
    picture->size = size;
    return ferror(file) ? strerror(errno) : NULL;
}

static int read_frame(const bcue_cli *cli, const char *what, const char *path, bcue_encoded_picture *picture)
{
    if (strcmp(path, "none") == 0)
        return BCUE_EXIT_DONE;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return cannot_read(cli, what, path, strerror(errno));
    const char *wrong = read_all(file, picture);
    fclose(file);
    picture->name = path;
    return wrong == NULL ? BCUE_EXIT_DONE : cannot_read(cli, what, path, wrong);
}

static bool parse_fix(const char *text, bcue_fix *fix)
{
    char *end;
    fix->latitude_deg = strtod(text, &end);
    if (end == text || *end != ',')
        return false;
    text = end + 1;
    fix->longitude_deg = strtod(text, &end);
    return end != text && *end == '\0' && fabs(fix->latitude_deg) <= 90 && fabs(fix->longitude_deg) <= 180;
}

static int take_fix(const bcue_cli *cli, const char *option, const char *text, bcue_fix *fix)
{
    if (strcmp(text, "none") == 0) {
        *fix = (bcue_fix){NAN, NAN};
        return BCUE_EXIT_DONE;
    }
    if (!parse_fix(text, fix))
        return bcue_cli_usage(cli, "%s needs LAT,LON in degrees, e.g. 33.42030,-111.92890, not '%s'", option,
                              text);
    return BCUE_EXIT_DONE;
}

/* The files of one option. `frames` and `count` are set even when one of them cannot be read. */
static int read_frames(bcue_cli *cli, const char *option, const char *what, bcue_encoded_picture **frames,
                       size_t *count)
{
    const char *const *values = bcue_cli_values(cli, option, count);
    int result = BCUE_EXIT_DONE;
    *frames = calloc(*count + 1, sizeof **frames);
    if (*frames == NULL)
        return bcue_cli_no_memory(cli);
    for (size_t i = 0; i < *count && result == BCUE_EXIT_DONE; i++)
        result = read_frame(cli, what, values[i], &(*frames)[i]);
    return result;
}

static int read_options(bcue_cli *cli, bcue_cli_observation *observation)
{
    *observation = (bcue_cli_observation){.view = {.rsu = {NAN, NAN}}};
    int result = BCUE_EXIT_DONE;
    size_t count;
    const char *const *values = bcue_cli_values(cli, "--position", &count);
    observation->fixes = calloc(count + 1, sizeof *observation->fixes);
    if (observation->fixes == NULL)
        return bcue_cli_no_memory(cli);
    for (size_t i = 0; i < count && result == BCUE_EXIT_DONE; i++)
        result = take_fix(cli, "--position", values[i], &observation->fixes[i]);
    observation->view.fixes = observation->fixes;
    observation->view.fix_count = count;
    const char *rsu = bcue_cli_value(cli, "--rsu");
    if (result == BCUE_EXIT_DONE && rsu != NULL)
        result = take_fix(cli, "--rsu", rsu, &observation->view.rsu);
    long scenario = 0;
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--scenario", 1, 999, &scenario);
    observation->view.scenario = (int32_t)scenario;
    static const char *const options[BCUE_CLI_FRAME_KINDS] = {"--camera", "--lidar", "--radar"};
    static const char *const what[BCUE_CLI_FRAME_KINDS] = {"picture", "cloud", "radar frame"};
    for (int k = 0; k < BCUE_CLI_FRAME_KINDS && result == BCUE_EXIT_DONE; k++)
        result = read_frames(cli, options[k], what[k], &observation->frames[k], &observation->counts[k]);
    observation->view.camera = observation->frames[0];
    observation->view.camera_count = observation->counts[0];
    observation->view.lidar = observation->frames[1];
    observation->view.lidar_count = observation->counts[1];
    observation->view.radar = observation->frames[2];
    observation->view.radar_count = observation->counts[2];
    return result;
}

static void warn_surplus(const char *kind, const char *option, size_t given, int32_t wanted)
{
    if (given <= (size_t)wanted)
        return;
    fprintf(stderr, "beamcue: warning: %s is given %zu times, this %s takes %d: ", option, given, kind,
            wanted);
    fputs(wanted == 0 ? "none is used\n" : "only the newest are used\n", stderr);
}

static void warn_unused(const bcue_model_facts *facts, const bcue_observation *observation)
{
    warn_surplus(facts->kind, "--camera", observation->camera_count, facts->camera_frames);
    warn_surplus(facts->kind, "--lidar", observation->lidar_count, facts->lidar_frames);
    warn_surplus(facts->kind, "--radar", observation->radar_count, facts->radar_frames);
    warn_surplus(facts->kind, "--position", observation->fix_count, facts->position_fixes);
}

int bcue_cli_observe(bcue_cli *cli, bcue_cli_observation *observation, bcue_model **model,
                     bcue_model_facts *facts)
{
    bcue_error error = {""};
    *model = NULL;
    const int result = read_options(cli, observation);
    if (result != BCUE_EXIT_DONE)
        return result;
    const double started_ms = 1e3 * bcue_cli_now_s();
    const bcue_status status = bcue_model_load(cli->operands[0], model, &error);
    observation->open_ms = 1e3 * bcue_cli_now_s() - started_ms;
    if (status != BCUE_OK)
        return bcue_cli_fail(cli, status, &error);
    bcue_model_get_facts(*model, facts);
    warn_unused(facts, &observation->view);
    return BCUE_EXIT_DONE;
}

/* NULL: as trained. */
static bool parse_form(const char *text, bcue_weight_form *form)
{
    static const char *const names[] = {"f32", "bf16", "int8"};
    *form = BCUE_FORM_F32;
    for (int i = 0; text != NULL && i < 3; i++) {
        *form = (bcue_weight_form)i;
        if (strcmp(text, names[i]) == 0)
            return true;
    }
    return text == NULL;
}

static bool parse_pose(const char *text, bcue_session_options *options)
{
    char *end;
    if (text == NULL)
        return true;
    options->radar_height_m = strtod(text, &end);
    if (end == text || *end != ',' || !(options->radar_height_m >= 0.1 && options->radar_height_m <= 1000))
        return false;
    text = end + 1;
    options->radar_pitch_deg = strtod(text, &end);
    return end != text && *end == '\0' && fabs(options->radar_pitch_deg) <= 90;
}

int bcue_cli_session_options(bcue_cli *cli, bcue_session_options *options)
{
    const char *memory = bcue_cli_value(cli, "--memory");
    long threads = 0;
    *options = (bcue_session_options){0};
    if (memory != NULL && strcmp(memory, "fast") != 0 && strcmp(memory, "small") != 0)
        return bcue_cli_usage(cli, "--memory takes fast or small, not '%s'", memory);
    if (!parse_form(bcue_cli_value(cli, "--weights"), &options->weights))
        return bcue_cli_usage(cli, "--weights takes f32, bf16 or int8, not '%s'",
                              bcue_cli_value(cli, "--weights"));
    if (!parse_pose(bcue_cli_value(cli, "--radar-pose"), options))
        return bcue_cli_usage(
            cli,
            "--radar-pose needs metres above ground (0.1 to 1000) and degrees upwards (-90 to "
            "90), e.g. 4,-10, not '%s'",
            bcue_cli_value(cli, "--radar-pose"));
    const int result = bcue_cli_whole(cli, "--threads", 1, 4096, &threads);
    options->memory = memory != NULL && strcmp(memory, "small") == 0 ? BCUE_MEMORY_SMALL : BCUE_MEMORY_FAST;
    options->threads = (int)threads;
    return result;
}

void bcue_cli_observation_free(bcue_cli_observation *observation)
{
    for (int k = 0; k < BCUE_CLI_FRAME_KINDS; k++) {
        for (size_t i = 0; observation->frames[k] != NULL && i < observation->counts[k]; i++)
            free((void *)observation->frames[k][i].data);
        free(observation->frames[k]);
    }
    free(observation->fixes);
}
