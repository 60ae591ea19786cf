/* A run that is killed before any one of its steps goes on to the same end, byte for byte; and processes of
   one run do not disturb each other, wherever one of them is held up. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "beamcue/simulate.h"
#include "check.h"
#include "kill_points.h"

static char root[512];

static const char *in_tree(const char *name, const char *path)
{
    static char text[8][1024];
    static unsigned turn;
    turn = (turn + 1) % 8;
    snprintf(text[turn], sizeof text[turn], "%s/%s%s", root, name, path);
    return text[turn];
}

/* Two short episodes with every kind of file. */
static bcue_status simulate(const char *name, const bcue_simulate_options *options, bool overwrite)
{
    bcue_error error = {""};
    char output[640];
    snprintf(output, sizeof output, "output=%s/%s", root, name);
    const char *overrides[] = {output,
                               overwrite ? "overwrite=true" : "overwrite=false",
                               "seed=5",
                               "episodes=2",
                               "frame_rate_hz=5",
                               "max_frames_per_episode=1",
                               "street.tree_spacing_m=0",
                               "camera={width: 32, height: 18}",
                               "channel={subcarriers: 4, record: power}",
                               "radar={enabled: true, rays: 200}",
                               "gnss.nmea=true"};
    bcue_status status = bcue_simulate_run(NULL, overrides, sizeof overrides / sizeof overrides[0], options,
                                           NULL, NULL, &error);
    if (status != BCUE_OK)
        fprintf(stderr, "%s\n", error.text);
    return status;
}

typedef struct child_run {
    const char *name;
    unsigned kill_at;
    const char *trace;
    bool overwrite;
    bcue_simulate_options options;
    struct {
        const char *call, *ending, *pause; /* in the tree */
    } waits[2];
} child_run;

static pid_t begin(const child_run *run)
{
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child != 0)
        return child;
    for (size_t i = 0; i < 2 && run->waits[i].call; i++)
        kill_points_wait_at(run->waits[i].call, run->waits[i].ending, in_tree(run->waits[i].pause, ""));
    kill_points_begin(run->kill_at, run->trace ? in_tree(run->trace, "") : NULL);
    _exit(simulate(run->name, &run->options, run->overwrite) == BCUE_OK ? 0 : 1);
}

/* Its exit status, or -1: it was killed. */
static int end_of(pid_t child)
{
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_child(const child_run *run)
{
    return end_of(begin(run));
}

static void shell(const char *format, const char *name)
{
    char command[2048];
    snprintf(command, sizeof command, format, root, name);
    CHECK(system(command) == 0);
}

/* All files but the configuration, which names its folder, and nothing beside the folder. */
static bool same_as_whole(const char *name)
{
    char command[2048];
    snprintf(command, sizeof command,
             "cd '%s' && diff -r -x beamcue.yaml whole '%s' >&2 && test -e '%s/beamcue.yaml' && "
             "! ls -d '%s'.* 2>/dev/null",
             root, name, name, name);
    return system(command) == 0;
}

static void clear(const char *name)
{
    shell("cd '%s' && rm -rf '%s' ", name);
    shell("cd '%s' && rm -rf '%s'.*", name);
}

/* ---- kills ---- */

static unsigned step_count;

/* The number of a step by its call and the end of its path, in the trace of a run; 0: none. */
static unsigned step_of(const char *trace, const char *call, const char *ending)
{
    FILE *stream = fopen(in_tree(trace, ""), "r");
    unsigned number, found = 0;
    char line[1300], its[32], path[1200];
    while (stream && fgets(line, sizeof line, stream)) {
        path[0] = '\0';
        if (sscanf(line, "%u %31s %1199s", &number, its, path) < 2)
            continue;
        size_t size = strlen(path), wanted = strlen(ending);
        if (strcmp(its, call) == 0 && size >= wanted && strcmp(path + size - wanted, ending) == 0)
            found = number;
        step_count = number;
    }
    if (stream)
        fclose(stream);
    return found;
}

static void a_whole_run(void)
{
    CHECK_INT(run_child(&(child_run){.name = "whole", .trace = "steps"}), 0);
    CHECK(bcue_path_exists(in_tree("whole", "/channel/channel_0002.h5")));
    CHECK(step_of("steps", "rename", "/episodes/000002.json") > 15);
    CHECK_INT(step_of("steps", "rename", "/whole"), step_count);
}

/* Kill one before step `at`, let another go on. */
static void kill_and_go_on(unsigned at, bool overwrite)
{
    CHECK_INT(run_child(&(child_run){.name = "killed", .kill_at = at, .overwrite = overwrite}), -1);
    CHECK_INT(run_child(&(child_run){.name = "killed", .overwrite = overwrite}), 0);
    if (!same_as_whole("killed"))
        CHECK_AT(false, "a run that was killed before step %u comes to another end", at);
    clear("killed");
}

/* The files of the second episode are written as those of the first. */
static void killed_before_any_step(void)
{
    unsigned last = step_count, from = step_of("steps", "unlink", "/episodes/000001.lock") + 3,
             to = step_of("steps", "rename", "/channel/channel_0002.h5");
    CHECK(to > from);
    for (unsigned at = 1; at <= last; at++)
        if (at < from || at >= to)
            kill_and_go_on(at, false);
}

/* Killed before step `at`, then before each step of the run that goes on. */
static void kill_twice(unsigned at)
{
    CHECK_INT(run_child(&(child_run){.name = "killed", .kill_at = at}), -1);
    shell("cd '%s' && mv '%s.partial' kept", "killed");
    int end = -1;
    for (unsigned again = 1; end == -1; again++) {
        shell("cd '%s' && cp -r kept '%s.partial'", "killed");
        end = run_child(&(child_run){.name = "killed", .kill_at = again});
        if (end == -1)
            CHECK_INT(run_child(&(child_run){.name = "killed"}), 0);
        if (!same_as_whole("killed"))
            CHECK_AT(false, "killed before step %u, then before its step %u: another end", at, again);
        clear("killed");
    }
    CHECK_INT(end, 0);
    clear("kept");
}

static void killed_twice(void)
{
    kill_twice(step_of("steps", "unlink", "/episodes/000002.lock"));
    kill_twice(step_of("steps", "rename", "/manifest.json") + 1);
}

/* An earlier simulation is there to be replaced. */
static void killed_while_it_replaces(void)
{
    shell("cd '%s' && cp -r whole '%s'", "killed");
    CHECK_INT(run_child(&(child_run){.name = "killed", .trace = "replacing", .overwrite = true}), 0);
    CHECK(same_as_whole("killed"));
    unsigned first = step_of("replacing", "rename", "/manifest.json"), last = step_count;
    CHECK(first > 15 && last > first + 16);
    clear("killed");
    /* Most of it is one file of the earlier simulation after the other. */
    for (unsigned at = first; at <= last; at += at < first + 12 || at + 4 >= last ? 1 : 3) {
        shell("cd '%s' && cp -r whole '%s'", "killed");
        kill_and_go_on(at, true);
    }
}

/* ---- held up ---- */

static void await(const char *name, const char *ending)
{
    for (int tries = 0; tries < 60000 && !bcue_path_exists(in_tree(name, ending)); tries++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    CHECK(bcue_path_exists(in_tree(name, ending)));
}

static void let_go(const char *name)
{
    bcue_error error = {""};
    CHECK_OK(bcue_file_write(in_tree(name, ".go"), "", 0, &error), error);
}

static void forget_waits(void)
{
    shell("cd '%s' && rm -f *.waits *.go%s", "");
}

/* Where the process that puts a run together may be held up: call and end of path. */
static const char *const late[][2] = {
    {"unlink", "/episodes/000002.lock"},
    {"fopen", "/scenario.csv"},
    {"fopen", "/beamcue.yaml"},
    {"rename", "/manifest.json"},
    {"rename", "/episodes.gone"},
    {"remove", "/episodes.gone/000001.json"},
    {"remove", "/episodes.gone"},
    {"remove", "/unfinished.json"},
    {"rename", "/shared"},
};
enum { LATE_COUNT = sizeof late / sizeof late[0] };

static const bcue_simulate_options first_rank = {.together = true, .place = 0, .places = 2},
                                   second_rank = {.together = true, .place = 1, .places = 2};

/* The first is held up at `point` while the second, or one that is begun anew, runs to its end: all is done
   once, and both are content. */
static void hold_up(unsigned point, const bcue_simulate_options *other)
{
    const child_run first = {
        .name = "shared", .options = first_rank, .waits = {{late[point][0], late[point][1], "one"}}};
    pid_t a = begin(&first);
    await("one", ".waits");
    /* Whoever holds an episode is waited for. */
    const pid_t b = begin(&(child_run){.name = "shared", .options = *other});
    if (point == 0)
        let_go("one");
    CHECK_INT(end_of(b), 0);
    let_go("one");
    CHECK_INT(end_of(a), 0);
    if (!same_as_whole("shared"))
        CHECK_AT(false, "held up before %s of %s: another end", late[point][0], late[point][1]);
    clear("shared");
    forget_waits();
}

static void another_process_comes_at_the_end(void)
{
    const bcue_simulate_options alone = {0};
    for (unsigned point = 0; point < LATE_COUNT; point++) {
        hold_up(point, &second_rank);
        if (point % 2 == 1)
            hold_up(point, &alone);
    }
}

/* The second is about to claim an episode that the first is making. It comes to it when the first has got as
   far as `point`, or to the end. */
static void claim_late(const char *call, const char *ending, unsigned point)
{
    const child_run first = {.name = "shared",
                             .options = first_rank,
                             .waits = {{"rename", "/episodes/000002.json", "one"},
                                       {late[point % LATE_COUNT][0], late[point % LATE_COUNT][1], "two"}}};
    const child_run second = {.name = "shared", .options = second_rank, .waits = {{call, ending, "three"}}};
    pid_t a = begin(&first);
    await("one", ".waits");
    pid_t b = begin(&second);
    await("three", ".waits");
    let_go("one");
    if (point < LATE_COUNT)
        await("two", ".waits");
    else {
        let_go("two");
        CHECK_INT(end_of(a), 0);
    }
    let_go("three");
    CHECK_INT(end_of(b), 0);
    if (point < LATE_COUNT) {
        let_go("two");
        CHECK_INT(end_of(a), 0);
    }
    if (!same_as_whole("shared"))
        CHECK_AT(false, "a claim that is late for point %u: another end", point);
    clear("shared");
    forget_waits();
}

static void a_claim_comes_too_late(void)
{
    for (unsigned point = 1; point <= LATE_COUNT; point++)
        claim_late("open", "/episodes/000002.lock", point);
}

/* Both are told that they share a run, but the first is through before the second begins. */
static void a_process_begins_too_late(void)
{
    CHECK_INT(run_child(&(child_run){.name = "shared", .options = first_rank}), 0);
    CHECK_INT(run_child(&(child_run){.name = "shared", .options = second_rank}), 0);
    CHECK(same_as_whole("shared"));
    /* One that shares nothing does not find its own. */
    CHECK_INT(run_child(&(child_run){.name = "shared"}), 1);
    clear("shared");
}

/* A helper whose caller dies before the helper has said that it wants to die too. */
static void a_helper_is_orphaned_early(void)
{
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    const child_run several = {.name = "helped", .options = {.jobs = 2}, .waits = {{"prctl", "", "one"}}};
    pid_t caller = begin(&several), helper;
    await("one", ".waits");
    kill(caller, SIGKILL);
    CHECK_INT(end_of(caller), -1);
    shell("cd '%s' && rm -rf '%s.partial/episodes'/*.json", "helped");
    let_go("one");
    int status = 0;
    helper = waitpid(-1, &status, 0);
    CHECK(helper > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1);
    CHECK(!bcue_path_exists(in_tree("helped", ".partial/episodes/000002.json")));
    forget_waits();
    CHECK_INT(run_child(&(child_run){.name = "helped", .options = {.jobs = 2}}), 0);
    CHECK(same_as_whole("helped"));
    clear("helped");
}

int main(void)
{
    snprintf(root, sizeof root, "%s/tests/simulate/kills_%ld", BCUE_BINARY_DIR, (long)getpid());
    mkdir(root, 0777);
    RUN(a_whole_run);
    RUN(killed_before_any_step);
    RUN(killed_twice);
    RUN(killed_while_it_replaces);
    RUN(another_process_comes_at_the_end);
    RUN(a_claim_comes_too_late);
    RUN(a_process_begins_too_late);
    RUN(a_helper_is_orphaned_early);
    shell("cd '%s' && rm -rf \"$PWD\" %s", "");
    return check_summary();
}
