/* What a run will take, from a few instants of it. */
#include "simulate/sim_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"

/* So many scenes are looked at, so many episodes of each, so many instants of an episode. */
enum { SCENES = 6, EPISODES = 4, INSTANTS = 2 };

/* Of one episode, or the sum over several. */
typedef struct cost {
    double episodes, frames, samples, bytes, disk_bytes, seconds;
} cost;

static void add(cost *sum, const cost *part)
{
    sum->episodes += part->episodes;
    sum->frames += part->frames;
    sum->samples += part->samples;
    sum->bytes += part->bytes;
    sum->disk_bytes += part->disk_bytes;
    sum->seconds += part->seconds;
}

/* A few instants of an episode, and what all its instants will take if they are like those. */
static bcue_status measure_frames(bcue_sim_run *r, uint32_t number, const bcue_sim_episode *episode,
                                  uint32_t frames, cost *found, bcue_error *error)
{
    BCUE_TRY(bcue_sim_run_begin(r, number, episode, error));
    r->tree.bytes = r->tree.disk_bytes = 0;
    double start = bcue_clock_s();
    uint32_t kept = 0, done = 0;
    for (uint32_t frame = 0; frame < episode->frames; frame++) {
        if (!bcue_sim_keeps(r->config, frame))
            continue;
        /* In the middle of equal parts. */
        bool chosen = kept * INSTANTS / frames != (kept + 1) * INSTANTS / frames || frames <= INSTANTS;
        kept++;
        if (!chosen)
            continue;
        BCUE_TRY(bcue_sim_run_frame(r, number, episode, frame, error));
        done++;
    }
    double share = done > 0 ? (double)frames / done : 0.0;
    found->samples = share * (double)r->tally.samples;
    found->bytes = share * (double)r->tree.bytes;
    found->disk_bytes = share * (double)r->tree.disk_bytes;
    found->seconds += share * (bcue_clock_s() - start);
    return BCUE_OK;
}

static bcue_status measure_episode(bcue_sim_run *r, uint32_t number, cost *found, bcue_error *error)
{
    double start = bcue_clock_s();
    bcue_sim_episode episode;
    *found = (cost){.episodes = 1.0};
    r->tally = (bcue_sim_tally){0};
    BCUE_TRY(bcue_sim_scene_episode(&r->scene, number, number - r->staged->first_episode, &episode, error));
    uint32_t frames = 0;
    for (uint32_t frame = 0; frame < episode.frames; frame++)
        frames += bcue_sim_keeps(r->config, frame);
    found->frames = frames;
    found->seconds = bcue_clock_s() - start;
    bcue_status status = frames > 0 ? measure_frames(r, number, &episode, frames, found, error) : BCUE_OK;
    bcue_traffic_free(&episode.traffic);
    r->rows.size = r->truth.size = r->nmea.size = 0;
    bcue_output_tree_forget(&r->tree);
    return status;
}

/* A scene by some of its episodes. */
static bcue_status measure_scene(bcue_sim_run *r, size_t index, cost *mean, bcue_error *error)
{
    const bcue_sim_plan_scene *scene = &r->plan->scenes[index];
    uint32_t count = (uint32_t)scene->config.episodes, looks = count < EPISODES ? count : EPISODES;
    double start = bcue_clock_s();
    BCUE_TRY(bcue_sim_run_stage(r, index, error));
    double setting_up = bcue_clock_s() - start;
    cost sum = {0};
    for (uint32_t k = 0; k < looks; k++) {
        cost one;
        BCUE_TRY(measure_episode(r, scene->first_episode + (2 * k + 1) * count / (2 * looks), &one, error));
        add(&sum, &one);
    }
    double each = 1.0 / sum.episodes;
    *mean = (cost){.episodes = 1.0,
                   .frames = each * sum.frames,
                   .samples = each * sum.samples,
                   .bytes = each * sum.bytes,
                   .disk_bytes = each * sum.disk_bytes,
                   .seconds = each * sum.seconds + setting_up / count};
    return BCUE_OK;
}

static cost times(const cost *one, double episodes)
{
    return (cost){.episodes = episodes,
                  .frames = episodes * one->frames,
                  .samples = episodes * one->samples,
                  .bytes = episodes * one->bytes,
                  .disk_bytes = episodes * one->disk_bytes,
                  .seconds = episodes * one->seconds};
}

static bcue_status measure(bcue_sim_run *r, cost *total, bcue_error *error)
{
    size_t scenes = r->plan->scene_count, looks = scenes < SCENES ? scenes : SCENES;
    cost sum = {0};
    *total = (cost){0};
    for (size_t k = 0; k < looks; k++) {
        /* The scenes up to the next one that is looked at are taken to be like this one. */
        size_t index = k * scenes / looks, next = (k + 1) * scenes / looks;
        cost mean;
        BCUE_TRY(measure_scene(r, index, &mean, error));
        double episodes = 0.0;
        for (size_t s = index; s < next; s++)
            episodes += (double)r->plan->scenes[s].config.episodes;
        cost part = times(&mean, episodes);
        add(&sum, &part);
    }
    *total = sum;
    return BCUE_OK;
}

/* Free bytes where the output goes; 0: the system does not say. */
static double free_bytes(const char *target)
{
    struct statvfs info;
    char *path = bcue_path_dirname(target);
    while (path && statvfs(path, &info) != 0) { /* the nearest folder that is there */
        char *parent = strcmp(path, ".") == 0 || strcmp(path, "/") == 0 ? NULL : bcue_path_dirname(path);
        free(path);
        path = parent;
    }
    double free_space = path ? (double)info.f_bavail * (double)info.f_frsize : 0.0;
    free(path);
    return free_space;
}

double bcue_sim_room(const bcue_sim_run *r, double used)
{
    double room = free_bytes(r->tree.target), limit = 1e9 * r->plan->config.max_output_gb;
    if (limit > 0.0)
        room = room > 0.0 ? fmin(room, limit - used) : limit - used;
    return room > 0.0 || limit > 0.0 ? fmax(room, 0.0) : INFINITY;
}

bcue_status bcue_sim_estimate(bcue_sim_run *r, bcue_error *error)
{
    BCUE_TRY(bcue_output_tree_measure(&r->tree, r->plan->config.output, error));
    cost total;
    BCUE_TRY(measure(r, &total, error));
    r->summary.episodes = r->plan->episodes;
    r->summary.samples = (uint64_t)llround(total.samples);
    r->summary.frames_no_signal = (uint64_t)llround(fmax(0.0, total.frames - total.samples));
    r->summary.bytes = (uint64_t)llround(total.bytes);
    r->summary.seconds = total.seconds;
    double room = bcue_sim_room(r, 0.0);
    r->summary.bytes_free = isfinite(room) ? (uint64_t)room : 0;
    if (total.disk_bytes > room)
        return bcue_fail(
            error, BCUE_ERROR_IO,
            "%s: about %.3g GB are needed, but there is room for %.3g GB only; free some space, choose "
            "another output, or make less (scale, episodes, sensors)",
            r->tree.target, 1e-9 * total.disk_bytes, 1e-9 * room);
    return BCUE_OK;
}
