/* Runs that are killed, stopped, run into a full disk, or shared out: what they leave, and that the end is
   the same, byte for byte. */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/text.h"
#include "beamcue/simulate.h"
#include "check.h"

static char root[512];
static const char *program;

static bcue_status simulate(const char *name, const bcue_simulate_options *options, const bcue_hooks *hooks,
                            const char *more, bcue_simulate_summary *summary, bcue_error *error)
{
    char output[640];
    snprintf(output, sizeof output, "output=%s/%s", root, name);
    const char *overrides[] = {output,
                               "seed=5",
                               "episodes=3",
                               "frame_rate_hz=5",
                               "max_frames_per_episode=6",
                               "camera={width: 64, height: 36}",
                               "channel.subcarriers=4",
                               "radar.enabled=true",
                               "scenes=[{name: a}, {name: b, episodes: 2, set: {weather.enabled: true}}]",
                               more ? more : "gnss.nmea=true"};
    return bcue_simulate_run(NULL, overrides, sizeof overrides / sizeof overrides[0], options, hooks, summary,
                             error);
}

static const char *in_tree(const char *name, const char *path)
{
    static char text[4][1024];
    static unsigned turn;
    turn = (turn + 1) % 4;
    snprintf(text[turn], sizeof text[turn], "%s/%s/%s", root, name, path);
    return text[turn];
}

/* All files but the configuration, which names its folder. */
static bool same_as_whole(const char *name)
{
    char command[2048];
    snprintf(command, sizeof command, "diff -r -x beamcue.yaml '%s/whole' '%s/%s' >&2", root, root, name);
    return system(command) == 0 && bcue_path_exists(in_tree(name, "beamcue.yaml")) &&
           !bcue_path_exists(in_tree(name, "episodes"));
}

static void a_whole_run(void)
{
    bcue_error error = {""};
    bcue_simulate_summary summary;
    CHECK_OK(simulate("whole", NULL, NULL, NULL, &summary, &error), error);
    CHECK_INT(summary.episodes, 5);
    CHECK_INT(summary.episodes_missing, 0);
    CHECK(summary.samples > 20);
    CHECK(!bcue_path_exists(in_tree("whole.partial", "")));
    CHECK(!bcue_path_exists(in_tree("whole", "episodes")));
    CHECK(!bcue_path_exists(in_tree("whole", "unfinished.json")));
}

/* The same run in a process of its own, killed after so many milliseconds; true: it came to its end. */
static bool run_and_kill(const char *name, long milliseconds)
{
    pid_t child = fork();
    if (child == 0) {
        execl(program, program, "child", root, name, (char *)NULL);
        _exit(9);
    }
    CHECK(child > 0);
    int status = 0;
    for (long waited = 0; waited < milliseconds; waited += 5) {
        if (waitpid(child, &status, WNOHANG) == child)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Killed at instants that grow, so that every stage of a run is met, however fast the machine is. */
static void killed_runs_go_on(void)
{
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    int kills = 0;
    bool done = false;
    for (long most = 40; !done && kills < 25; most += 80) {
        bool ended = run_and_kill("killed", 10 + (long)bcue_rng_below(&rng, (uint32_t)most));
        kills += !ended;
        done = bcue_path_exists(in_tree("killed", "")); /* it may be killed after its end as well */
        CHECK(done || !ended);
    }
    if (!done)
        done = run_and_kill("killed", 100000);
    CHECK(done && kills >= 3);
    CHECK(same_as_whole("killed"));
    CHECK(!bcue_path_exists(in_tree("killed.partial", "")));
}

static void shards_make_the_same(void)
{
    bcue_error error = {""};
    bcue_simulate_summary summary;
    const bcue_simulate_options merge = {.merge = true};
    bcue_set_threads(1);
    CHECK_OK(
        simulate("shards", &(bcue_simulate_options){.shard = 2, .shards = 3}, NULL, NULL, &summary, &error),
        error);
    CHECK_INT(summary.episodes_missing, 3);
    CHECK_CONTAINS(summary.output, "shards.partial");
    CHECK(!bcue_path_exists(in_tree("shards", "")));
    CHECK_STATUS(simulate("shards", &merge, NULL, NULL, &summary, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "2 of 5 episodes are finished");
    CHECK_OK(
        simulate("shards", &(bcue_simulate_options){.shard = 1, .shards = 3}, NULL, NULL, &summary, &error),
        error);
    bcue_set_threads(3);
    /* The third shard on another machine. */
    CHECK_OK(simulate("far", &(bcue_simulate_options){.shard = 3, .shards = 3}, NULL, NULL, &summary, &error),
             error);
    bcue_set_threads(0);
    CHECK_INT(summary.episodes, 1);
    char command[2048];
    snprintf(command, sizeof command,
             "cp -r '%s/far.partial/.' '%s/shards.partial' && rm -r '%s/far.partial'", root, root, root);
    CHECK(system(command) == 0);
    CHECK_OK(simulate("shards", &merge, NULL, NULL, &summary, &error), error);
    CHECK_INT(summary.episodes, 5);
    CHECK(same_as_whole("shards"));
    CHECK_STATUS(
        simulate("none", &(bcue_simulate_options){.shard = 4, .shards = 3}, NULL, NULL, NULL, &error),
        BCUE_ERROR_ARGUMENT);
}

/* Stops, or takes the disk away, once so many episodes are behind it. */
static uint64_t stop_at;
static bool fill_disk, stopping;
static struct rlimit before;

static void watch(void *cookie, const char *what, uint64_t done, uint64_t total)
{
    (void)cookie;
    (void)what;
    (void)total;
    if (done != stop_at)
        return;
    struct rlimit small = before;
    small.rlim_cur = 700;
    if (fill_disk)
        CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    else
        stopping = true;
}

static int asked_to_stop(void *cookie)
{
    (void)cookie;
    return stopping;
}

/* After the second episode no file may grow beyond 700 bytes, as on a full disk; afterwards there is room. */
static void a_full_disk_is_survived(void)
{
    bcue_error error = {""};
    const bcue_hooks hooks = {.progress = watch, .cancelled = asked_to_stop};
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    fill_disk = true;
    stop_at = 2;
    bcue_status status = simulate("full", NULL, &hooks, NULL, NULL, &error);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, handler);
    fill_disk = false;
    CHECK_INT(status, BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "cannot write");
    CHECK_CONTAINS(error.text, "2 of 5 episodes are finished in");
    CHECK(!bcue_path_exists(in_tree("full.partial", "unit1/camera_data/image_0003_0000.jpg")));
    CHECK(bcue_path_exists(in_tree("full.partial", "unit1/camera_data/image_0002_0000.jpg")));
    CHECK_OK(simulate("full", NULL, NULL, NULL, NULL, &error), error);
    CHECK(same_as_whole("full"));
}

static void stop(const char *name, uint64_t at)
{
    bcue_error error = {""};
    const bcue_hooks hooks = {.progress = watch, .cancelled = asked_to_stop};
    stop_at = at;
    CHECK_STATUS(simulate(name, NULL, &hooks, NULL, NULL, &error), BCUE_ERROR_CANCELLED);
    CHECK_CONTAINS(error.text, "the same command goes on from there");
    stopping = false;
}

/* A file that is cut, one that is gone, and a record that is no JSON: those episodes are made again. */
static void damage_is_found_and_mended(void)
{
    bcue_error error = {""};
    stop("damaged", 4);
    CHECK(truncate(in_tree("damaged.partial", "unit1/camera_data/image_0001_0002.jpg"), 100) == 0);
    CHECK(unlink(in_tree("damaged.partial", "unit1/radar_data/radar_data_0003_0001.npy")) == 0);
    CHECK(truncate(in_tree("damaged.partial", "episodes/000004.json"), 50) == 0);
    CHECK_OK(simulate("damaged", NULL, NULL, NULL, NULL, &error), error);
    CHECK(same_as_whole("damaged"));
}

/* Records that another machine made are believed only as far as the hashes go. */
static void files_from_elsewhere_are_hashed(void)
{
    bcue_error error = {""};
    stop("moved", 3);
    char command[2048];
    snprintf(
        command, sizeof command,
        "cd '%s/moved.partial' && sed -i 's/\"boot\":\"[^\"]*\"/\"boot\":\"another\"/' episodes/*.json && "
        "printf X | dd of=unit1/camera_data/image_0002_0001.jpg bs=1 seek=300 conv=notrunc 2>/dev/null",
        root);
    CHECK(system(command) == 0);
    CHECK_OK(simulate("moved", NULL, NULL, NULL, NULL, &error), error);
    CHECK(same_as_whole("moved"));
}

static void another_configuration_is_refused(void)
{
    bcue_error error = {""};
    stop("other", 2);
    CHECK_STATUS(simulate("other", NULL, NULL, "seed=6", NULL, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "other.partial: holds an unfinished run of another configuration");
    CHECK(bcue_path_exists(in_tree("other.partial", "episodes/000002.json")));
    CHECK_OK(simulate("other", NULL, NULL, "overwrite=true", NULL, &error), error);
    CHECK(!bcue_path_exists(in_tree("other.partial", "")));
    char *notes = bcue_path_join(root, "mine.partial/notes.txt"),
         *folder = bcue_path_join(root, "mine.partial");
    CHECK_OK(bcue_make_dirs(folder, &error), error);
    CHECK_OK(bcue_file_write(notes, "dear", 4, &error), error);
    CHECK_STATUS(simulate("mine", NULL, NULL, "overwrite=true", NULL, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "unfinished.json");
    CHECK(bcue_path_exists(notes));
    free(notes);
    free(folder);
}

/* A run that was killed over its first file, before it could say whose the folder is. */
static void a_folder_without_its_first_file_is_taken(void)
{
    bcue_error error = {""};
    CHECK_OK(bcue_make_dirs(in_tree("first.partial", ""), &error), error);
    CHECK_OK(bcue_file_write(in_tree("first.partial", "unfinished.json.tmp-1-0"), "{", 1, &error), error);
    CHECK_OK(simulate("first", NULL, NULL, NULL, NULL, &error), error);
    CHECK(same_as_whole("first"));
}

/* A run that was killed between its manifest and its name. */
static void a_name_is_given_late(void)
{
    bcue_error error = {""};
    bcue_simulate_summary summary;
    stop("late", 2);
    char command[2048];
    snprintf(command, sizeof command, "cp -r '%s/whole/.' '%s/late.partial'", root, root);
    CHECK(system(command) == 0);
    CHECK_OK(simulate("late", NULL, NULL, NULL, &summary, &error), error);
    CHECK_INT(summary.episodes, 5);
    CHECK(summary.samples > 20 && summary.bytes > 10000);
    CHECK(same_as_whole("late"));
}

/* Three processes share a run; one of them is killed while it holds an episode. */
static void processes_share_a_run(void)
{
    pid_t child[3];
    for (int rank = 0; rank < 3; rank++) {
        char place[16];
        snprintf(place, sizeof place, "%d", rank);
        child[rank] = fork();
        if (child[rank] == 0) {
            execl(program, program, "child", root, "ranks", place, (char *)NULL);
            _exit(9);
        }
        CHECK(child[rank] > 0);
    }
    const char *first = in_tree("ranks.partial", "episodes");
    char lock[1100];
    snprintf(lock, sizeof lock, "%s/000002.lock", first); /* where rank 1 of 3 begins */
    for (int tries = 0; tries < 4000 && !bcue_path_exists(lock); tries++)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    kill(child[1], SIGKILL);
    for (int rank = 0; rank < 3; rank++) {
        int status = 0;
        waitpid(child[rank], &status, 0);
        CHECK(rank == 1 || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    }
    CHECK(same_as_whole("ranks"));
    CHECK(!bcue_path_exists(in_tree("ranks.partial", "")));
}

/* This program again, by so many processes; its exit status, or with `process` at once. */
static int run_jobs(const char *name, const char *jobs, const char *more, pid_t *process)
{
    pid_t child = fork();
    if (child == 0) {
        execl(program, program, "child", root, name, jobs, more, (char *)NULL);
        _exit(99);
    }
    CHECK(child > 0);
    if (process) {
        *process = child;
        return 0;
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The processes of one run make what one makes; a failure ends all, and leaves what is finished. */
static void jobs_make_the_same(void)
{
    CHECK_INT(run_jobs("jobs", "3", "gnss.nmea=true", NULL), BCUE_OK);
    CHECK(same_as_whole("jobs"));
    CHECK_INT(run_jobs("many", "40", "gnss.nmea=true", NULL), BCUE_OK);
    CHECK(same_as_whole("many"));
    CHECK_INT(
        run_jobs("none", "2", "scenes=[{name: a, set: {scene: imported, imported.file: /none.xml}}]", NULL),
        -BCUE_ERROR_IO);
    CHECK(!bcue_path_exists(in_tree("none.partial", "")) && !bcue_path_exists(in_tree("none", "")));
    CHECK_INT(run_jobs("bad", "2",
                       "scenes=[{name: a}, {name: b, set: {scene: imported, imported.file: /none.xml}}]",
                       NULL),
              -BCUE_ERROR_IO);
    CHECK(!bcue_path_exists(in_tree("bad", "")));
}

/* Processes of a run, and the shell that counts them. */
static int still_running(const char *name)
{
    char command[700];
    int count = -1;
    snprintf(command, sizeof command, "pgrep -f 'child %s %s ' | wc -l", root, name);
    FILE *pipe = popen(command, "r");
    CHECK(pipe && fscanf(pipe, "%d", &count) == 1);
    if (pipe)
        pclose(pipe);
    return count;
}

/* A killed run takes its helpers along, and the next one goes on. */
static void helpers_die_with_their_run(void)
{
    pid_t process = 0;
    (void)run_jobs("orphans", "3", "gnss.nmea=true", &process);
    char lock[1100];
    snprintf(lock, sizeof lock, "%s", in_tree("orphans.partial", "episodes/000002.lock"));
    for (int tries = 0; tries < 4000 && !bcue_path_exists(lock); tries++)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    CHECK_INT(still_running("orphans"), 4);
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
    int left = 2;
    for (int tries = 0; tries < 200 && (left = still_running("orphans")) > 1; tries++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    CHECK_INT(left, 1);
    CHECK_INT(run_jobs("orphans", "2", "gnss.nmea=true", NULL), BCUE_OK);
    CHECK(same_as_whole("orphans"));
}

static void a_dry_run_predicts_and_refuses(void)
{
    bcue_error error = {""};
    bcue_simulate_summary truth, guess;
    const bcue_simulate_options dry = {.dry_run = true};
    CHECK_OK(simulate("real", NULL, NULL, NULL, &truth, &error), error);
    CHECK_OK(simulate("dry", &dry, NULL, NULL, &guess, &error), error);
    CHECK(!bcue_path_exists(in_tree("dry", "")) && !bcue_path_exists(in_tree("dry.partial", "")));
    CHECK_INT(guess.episodes, truth.episodes);
    CHECK_NEAR((double)guess.samples, (double)truth.samples, 0.25 * (double)truth.samples);
    CHECK_NEAR((double)guess.bytes, (double)truth.bytes, 0.3 * (double)truth.bytes);
    CHECK(guess.seconds > 0.0 && guess.bytes_free > 0);
    CHECK_STATUS(simulate("dry", &dry, NULL, "max_output_gb=0.0001", &guess, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "are needed, but there is room for 0.0001 GB only");
    /* Without a dry run it stops when the first episode has shown what each takes, and goes on with room. */
    CHECK_STATUS(simulate("tight", NULL, NULL, "max_output_gb=0.0002", NULL, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "GB more are needed");
    CHECK_CONTAINS(error.text, "1 of 5 episodes are finished");
    CHECK_OK(simulate("tight", NULL, NULL, "max_output_gb=1", NULL, &error), error);
    CHECK(bcue_path_exists(in_tree("tight", "manifest.json")));
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 5 && strcmp(argv[1], "child") == 0) {
        const bcue_simulate_options rank = {
            .together = true, .place = (uint32_t)strtoul(argv[4], NULL, 10), .places = 3};
        snprintf(root, sizeof root, "%s", argv[2]);
        return simulate(argv[3], &rank, NULL, NULL, NULL, NULL) == BCUE_OK ? 0 : 1;
    }
    if (argc == 6 && strcmp(argv[1], "child") == 0) {
        const bcue_simulate_options several = {.jobs = (uint32_t)strtoul(argv[4], NULL, 10)};
        snprintf(root, sizeof root, "%s", argv[2]);
        return -(int)simulate(argv[3], &several, NULL, argv[5], NULL, NULL);
    }
    if (argc == 4 && strcmp(argv[1], "child") == 0) {
        snprintf(root, sizeof root, "%s", argv[2]);
        return simulate(argv[3], NULL, NULL, NULL, NULL, NULL) == BCUE_OK ? 0 : 1;
    }
    snprintf(root, sizeof root, "%s/tests/simulate/shards_%ld", BCUE_BINARY_DIR, (long)getpid());
    mkdir(root, 0777);
    RUN(a_whole_run);
    RUN(killed_runs_go_on);
    RUN(shards_make_the_same);
    RUN(a_full_disk_is_survived);
    RUN(damage_is_found_and_mended);
    RUN(files_from_elsewhere_are_hashed);
    RUN(another_configuration_is_refused);
    RUN(a_folder_without_its_first_file_is_taken);
    RUN(a_name_is_given_late);
    RUN(processes_share_a_run);
    RUN(jobs_make_the_same);
    RUN(helpers_die_with_their_run);
    RUN(a_dry_run_predicts_and_refuses);
    char command[640];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CHECK(system(command) == 0);
    return check_summary();
}
