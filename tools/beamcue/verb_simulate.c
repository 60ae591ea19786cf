#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beamcue/simulate.h"
#include "cli.h"

static void write_time(FILE *out, const bcue_simulate_summary *summary)
{
    fprintf(out, "time      %.1f s", summary->seconds);
    if (summary->jobs > 1)
        fprintf(out, " by %" PRIu32 " processes, of theirs", summary->jobs);
    fprintf(out, ": channel %.1f, camera %.1f", summary->channel_seconds, summary->camera_seconds);
    if (summary->lidar_seconds > 0.0)
        fprintf(out, ", LiDAR %.1f", summary->lidar_seconds);
    if (summary->radar_seconds > 0.0)
        fprintf(out, ", radar %.1f", summary->radar_seconds);
    fputc('\n', out);
}

static void write_estimate(FILE *out, const bcue_simulate_summary *summary)
{
    fprintf(out, "episodes  %" PRIu64 "\n", summary->episodes);
    fprintf(out, "samples   about %.0f\n", (double)summary->samples);
    fprintf(out, "size      about %.3g GB", 1e-9 * (double)summary->bytes);
    if (summary->bytes_free > 0)
        fprintf(out, ", and there is room for %.3g GB", 1e-9 * (double)summary->bytes_free);
    fprintf(out, "\ntime      about %.0f s here, by one process, without the disk\n", summary->seconds);
}

static void write_text(FILE *out, const bcue_simulate_summary *summary, bool estimate)
{
    fprintf(out, "folder    %s\n", summary->output);
    if (estimate) {
        write_estimate(out, summary);
        return;
    }
    if (summary->episodes_missing > 0) {
        fprintf(out,
                "episodes  %" PRIu64 " of %" PRIu64
                " are finished; whoever finishes the last one puts all together\n",
                summary->episodes, summary->episodes + summary->episodes_missing);
        write_time(out, summary);
        return;
    }
    if (summary->merged_elsewhere) {
        fprintf(out, "episodes  all %" PRIu64 " are finished; another process is putting them together\n",
                summary->episodes);
        write_time(out, summary);
        return;
    }
    fprintf(out, "episodes  %" PRIu64 "\n", summary->episodes);
    fprintf(out, "samples   %" PRIu64 ", %" PRIu64 " of them without line of sight\n", summary->samples,
            summary->samples_blocked);
    if (summary->frames_no_signal > 0)
        fprintf(out, "left out  %" PRIu64 " frames in which no beam stood out of the noise\n",
                summary->frames_no_signal);
    fprintf(out, "size      %.1f MB\n", 1e-6 * (double)summary->bytes);
    write_time(out, summary);
}

static void write_json(FILE *out, const bcue_simulate_summary *summary)
{
    fputs("{\"output\": ", out);
    bcue_cli_json_text(out, summary->output);
    fprintf(out, ", \"episodes\": %" PRIu64 ", \"samples\": %" PRIu64 ", \"samples_blocked\": %" PRIu64,
            summary->episodes, summary->samples, summary->samples_blocked);
    fprintf(out, ", \"frames_no_signal\": %" PRIu64 ", \"bytes\": %" PRIu64, summary->frames_no_signal,
            summary->bytes);
    fprintf(out, ", \"bytes_free\": %" PRIu64, summary->bytes_free);
    fprintf(out, ", \"episodes_missing\": %" PRIu64, summary->episodes_missing);
    fprintf(out, ", \"jobs\": %" PRIu32, summary->jobs);
    fputs(", \"seconds\": ", out);
    bcue_cli_json_number(out, summary->seconds);
    fputs(", \"camera_seconds\": ", out);
    bcue_cli_json_number(out, summary->camera_seconds);
    fputs(", \"channel_seconds\": ", out);
    bcue_cli_json_number(out, summary->channel_seconds);
    fputs(", \"lidar_seconds\": ", out);
    bcue_cli_json_number(out, summary->lidar_seconds);
    fputs(", \"radar_seconds\": ", out);
    bcue_cli_json_number(out, summary->radar_seconds);
    fputc('}', out);
}

/* "2/8" */
static int read_shard(const bcue_cli *cli, bcue_simulate_options *options)
{
    const char *text = bcue_cli_value(cli, "--shard");
    unsigned shard = 0, shards = 0;
    char rest = 0;
    if (text == NULL)
        return BCUE_EXIT_DONE;
    if (strspn(text, "0123456789/") != strlen(text) ||
        sscanf(text, "%6u/%6u%c", &shard, &shards, &rest) != 2 || shard < 1 || shard > shards)
        return bcue_cli_usage(cli, "--shard %s: write I/N, the first of N shards being 1/N", text);
    if (bcue_cli_flag(cli, "--merge"))
        return bcue_cli_usage(cli, "--merge simulates nothing, so it takes no --shard");
    options->shard = shard;
    options->shards = shards;
    return BCUE_EXIT_DONE;
}

/* Under mpirun or srun each process is told its rank, and needs no more: they share the run through its
   folder. */
static void find_rank(bcue_simulate_options *options)
{
    static const char *const names[][2] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                           {"PMI_RANK", "PMI_SIZE"},
                                           {"SLURM_PROCID", "SLURM_NTASKS"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !options->together; i++) {
        const char *rank = getenv(names[i][0]), *size = getenv(names[i][1]);
        if (rank == NULL || size == NULL || atol(size) < 2)
            continue;
        options->together = true;
        options->place = (uint32_t)atol(rank);
        options->places = (uint32_t)atol(size);
    }
}

static int run(bcue_cli *cli)
{
    bcue_simulate_options asked = {.view = bcue_cli_value(cli, "--view"),
                                   .merge = bcue_cli_flag(cli, "--merge"),
                                   .dry_run = bcue_cli_flag(cli, "--dry-run")};
    int usage = read_shard(cli, &asked);
    if (usage != BCUE_EXIT_DONE)
        return usage;
    size_t count;
    const char *const *overrides = bcue_cli_values(cli, "--set", &count);
    bcue_simulate_summary summary;
    bcue_error error = {""};
    long episode = 0, jobs = 0;
    if (asked.dry_run && (asked.merge || asked.shards > 0 || asked.view != NULL))
        return bcue_cli_usage(cli, "--dry-run writes nothing, so it takes no --merge, --shard or --view");
    if (!asked.dry_run && !asked.merge && asked.shards == 0)
        find_rank(&asked);
    usage = bcue_cli_whole(cli, "--jobs", 1, 4096, &jobs);
    if (usage != BCUE_EXIT_DONE)
        return usage;
    if (jobs > 1 && (asked.view != NULL || asked.shards > 0))
        return bcue_cli_usage(cli, "--view and --shard work with one process; leave --jobs out");
    asked.jobs = jobs > 0 ? (uint32_t)jobs : BCUE_SIMULATE_JOBS_AUTO;
    usage = bcue_cli_whole(cli, "--view-episode", 1, 100000, &episode);
    if (usage != BCUE_EXIT_DONE)
        return usage;
    if (episode > 0 && asked.view == NULL)
        return bcue_cli_usage(cli, "--view-episode says which episode --view shows; give --view FILE too");
    asked.view_episode = (uint64_t)episode;
    const bcue_status status =
        bcue_simulate_run(cli->operands[0], overrides, count, &asked, bcue_cli_hooks(cli), &summary, &error);
    if (status != BCUE_OK)
        return bcue_cli_fail(cli, status, &error);
    bcue_cli_text answer;
    if (!bcue_cli_text_open(&answer))
        return bcue_cli_no_memory(cli);
    if (cli->json)
        write_json(answer.out, &summary);
    else {
        write_text(answer.out, &summary, asked.dry_run);
        if (summary.view_samples > 0)
            fprintf(answer.out, "view      %s, %" PRIu64 " samples\n", asked.view, summary.view_samples);
    }
    const char *files[] = {summary.output, asked.view};
    const size_t written = asked.dry_run ? 0 : summary.view_samples > 0 ? 2 : 1;
    return bcue_cli_finish_text(cli, &answer, files, written);
}

static const bcue_cli_option options[] = {
    BCUE_CLI_SET,
    {.name = "--view", .value = "FILE", .help = "write a page that plays an episode in any browser"},
    {.name = "--view-episode",
     .value = "N",
     .help = "which one, from 1; the first with a sample when absent"},
    {.name = "--jobs",
     .value = "N",
     .help = "processes that share the episodes out; as many as threads when absent"},
    {.name = "--shard", .value = "I/N", .help = "only every N-th episode from the I-th on; see below"},
    {.name = "--dry-run",
     .help = "only say how much and how long it will be; fails if the disk is too small"},
    {.name = "--merge", .help = "simulate nothing: put together what shards have finished"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_simulate = {
    .name = "simulate",
    .purpose = "simulate a street: camera, LiDAR, radar, GNSS, power per beam",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "A roadside unit watches a street with buildings and traffic; vehicles drive past,\n"
             "and one of them, or all, are served by its beams. The result is a scenario folder in\n"
             "the DeepSense 6G layout: camera, LiDAR, radar, GNSS and received power per beam.\n"
             "'beamcue help simulate-config' prints every key with type, range, default and\n"
             "meaning. The same configuration and seed give the same files.\n"
             "\n"
             "Examples:\n"
             "  beamcue simulate configs/street_demo.yaml --set seed=2 --set output=data/street2\n"
             "  beamcue simulate configs/street_demo.yaml --view street.html\n"
             "  beamcue simulate configs/street_osm.yaml --set imported.file=my.osm\n"
             "  beamcue simulate configs/paper_b.yaml --shard 1/4\n"
             "\n"
             "--view makes one HTML file that needs nothing else: the street from above with paths\n"
             "and the best beam's lobe, what every sensor saw, and the power per beam.\n"
             "\n"
             "A run that was stopped or killed leaves its finished episodes in OUTPUT.partial;\n"
             "the same command goes on from there. Shards may run at once, in one folder that\n"
             "they share, or on several machines, whose OUTPUT.partial are then copied into\n"
             "one; the last shard, or --merge, puts them together. The files are the same.\n"
             "On one machine --jobs does that by itself, one process for each thread.\n"
             "'mpirun --continuous -n 8 beamcue simulate ...' shares the episodes out by itself\n"
             "among processes that see the same disk; what one that dies leaves, others make.\n"
             "\n"
             "Writes the folder of the key 'output': it appears complete or not at all. An\n"
             "earlier simulation there is replaced only with 'overwrite: true'.\n",
    .run = run,
};
