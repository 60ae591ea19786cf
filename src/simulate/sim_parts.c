#include "simulate/sim_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/report_hooks.h"

#define FOLDER "episodes"

typedef struct part_name {
    char text[48];
} part_name;

static part_name name_of(uint32_t episode, const char *ending)
{
    part_name name;
    snprintf(name.text, sizeof name.text, FOLDER "/%06u.%s", episode + 1, ending);
    return name;
}

/* Changes whenever a machine is started; empty where the system does not say. */
static void boot_of(char id[64])
{
    FILE *stream = fopen("/proc/sys/kernel/random/boot_id", "r");
    size_t got = stream ? fread(id, 1, 63, stream) : 0;
    id[got] = '\0';
    id[strcspn(id, "\n")] = '\0';
    if (stream)
        fclose(stream);
}

/* ---- writing ---- */

static json_t *describe_site(const bcue_sim_site *site)
{
    return json_pack("{s:[f,f,f], s:[f,f,f], s:f, s:f, s:f, s:I}", "place_m", site->place.x, site->place.y,
                     site->place.z, "radar_m", site->radar.x, site->radar.y, site->radar.z, "azimuth",
                     site->azimuth, "latitude_deg", site->latitude_deg, "longitude_deg", site->longitude_deg,
                     "beams", (json_int_t)site->beams);
}

bcue_status bcue_sim_part_write(bcue_sim_run *r, uint32_t episode, bcue_error *error)
{
    char boot[64];
    boot_of(boot);
    const bcue_sim_tally *tally = &r->tally;
    const bcue_sim_site *site = &r->sites[bcue_sim_plan_scene_of(r->plan, episode)];
    json_t *files = bcue_output_tree_list(&r->tree), *place = describe_site(site);
    json_t *record =
        r->rows.failed || r->truth.failed
            ? NULL
            : json_pack("{s:I, s:s, s:I, s:I, s:I, s:o*, s:s%, s:s%, s:o*}", "episode",
                        (json_int_t)episode + 1, "boot", boot, "samples", (json_int_t)tally->samples,
                        "samples_blocked", (json_int_t)tally->samples_blocked, "frames_no_signal",
                        (json_int_t)tally->frames_no_signal, "site", place, "rows",
                        r->rows.data ? r->rows.data : "", r->rows.size, "truth",
                        r->truth.data ? r->truth.data : "", r->truth.size, "files", files);
    char *text = record && files && place ? json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(record);
    bcue_status status = text ? bcue_output_tree_write_whole(&r->tree, name_of(episode, "json").text, text,
                                                             strlen(text), error)
                              : bcue_fail_memory(error, "the record of an episode");
    free(text);
    bcue_output_tree_forget(&r->tree);
    return status;
}

/* ---- reading ---- */

static bool file_holds(const bcue_sim_run *r, const json_t *entry, bool by_hash)
{
    const char *path = json_string_value(json_object_get(entry, "path"));
    const char *hash = json_string_value(json_object_get(entry, "hash"));
    char *full = path && hash ? bcue_output_tree_path(&r->tree, path) : NULL;
    struct stat info;
    bool holds =
        full && stat(full, &info) == 0 && info.st_size == json_integer_value(json_object_get(entry, "bytes"));
    bcue_mapping mapping = {0};
    if (holds && by_hash && info.st_size > 0) {
        char found[17] = "";
        if (bcue_file_map(full, &mapping, NULL) == BCUE_OK)
            bcue_hash_hex(mapping.data, mapping.size, found);
        bcue_file_unmap(&mapping);
        holds = strcmp(found, hash) == 0;
    }
    free(full);
    return holds;
}

/* The record of an episode whose files are all there; NULL: it has none. */
static json_t *read_part(const bcue_sim_run *r, uint32_t episode)
{
    char *path = bcue_output_tree_path(&r->tree, name_of(episode, "json").text);
    if (!path || !bcue_path_exists(path)) {
        free(path);
        return NULL;
    }
    char boot[64];
    boot_of(boot);
    json_t *record = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    const char *made = json_string_value(json_object_get(record, "boot"));
    bool by_hash = !made || !boot[0] || strcmp(made, boot) != 0;
    bool good = record && json_is_string(json_object_get(record, "rows")) &&
                json_is_string(json_object_get(record, "truth")) &&
                json_is_array(json_object_get(record, "files")) &&
                json_integer_value(json_object_get(record, "episode")) == (json_int_t)episode + 1;
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(record, "files"), i, entry)
    {
        good = good && file_holds(r, entry, by_hash);
    }
    if (!good) {
        bcue_log(r->hooks, BCUE_LOG_WARNING,
                 "%s: a file of episode %u is missing or damaged: it is made again", r->tree.temporary,
                 episode + 1);
        unlink(path);
        json_decref(record);
        record = NULL;
    }
    free(path);
    return record;
}

bcue_status bcue_sim_parts_open(bcue_sim_run *r, bcue_error *error)
{
    /* Through the folder itself, whatever its name is by now: another process may finish the run meanwhile.
     */
    int working = open(r->tree.temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC), reason = 0;
    if (working < 0)
        reason = errno;
    else if (faccessat(working, "manifest.json", F_OK, 0) == 0)
        r->gone = true;
    else if (mkdirat(working, FOLDER, 0777) != 0)
        reason = errno == EEXIST ? 0 : errno;
    else if (faccessat(working, "manifest.json", F_OK, 0) == 0) { /* a moment ago it had this folder too */
        (void)unlinkat(working, FOLDER, AT_REMOVEDIR);
        r->gone = true;
    }
    if (working >= 0)
        close(working);
    r->gone = r->gone || reason == ENOENT;
    if (reason == 0 || r->gone)
        return BCUE_OK;
    return bcue_fail(error, BCUE_ERROR_IO, "%s/" FOLDER ": cannot make the folder: %s", r->tree.temporary,
                     strerror(reason));
}

bool bcue_sim_parts_gone(const bcue_sim_run *r)
{
    char *folder = bcue_output_tree_path(&r->tree, FOLDER);
    bool gone = folder && !bcue_path_exists(folder);
    free(folder);
    return gone;
}

bool bcue_sim_part_done(bcue_sim_run *r, uint32_t episode)
{
    json_t *record = read_part(r, episode);
    bool done = record != NULL;
    json_decref(record);
    return done;
}

uint32_t bcue_sim_parts_count(const bcue_sim_run *r)
{
    uint32_t count = 0;
    char *path = bcue_output_tree_path(&r->tree, FOLDER);
    DIR *folder = path ? opendir(path) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += bcue_ends_with(entry->d_name, ".json");
    if (folder)
        closedir(folder);
    free(path);
    return count;
}

static void read_site(const json_t *record, bcue_sim_site *site)
{
    const json_t *from = json_object_get(record, "site");
    double place[3], radar[3];
    for (size_t i = 0; i < 3; i++) {
        place[i] = json_number_value(json_array_get(json_object_get(from, "place_m"), i));
        radar[i] = json_number_value(json_array_get(json_object_get(from, "radar_m"), i));
    }
    *site = (bcue_sim_site){.known = true,
                            .place = {place[0], place[1], place[2]},
                            .radar = {radar[0], radar[1], radar[2]},
                            .azimuth = json_number_value(json_object_get(from, "azimuth")),
                            .latitude_deg = json_number_value(json_object_get(from, "latitude_deg")),
                            .longitude_deg = json_number_value(json_object_get(from, "longitude_deg")),
                            .beams = (size_t)json_integer_value(json_object_get(from, "beams"))};
}

static bcue_status merge_part(bcue_sim_run *r, uint32_t episode, const json_t *record, bcue_error *error)
{
    read_site(record, &r->sites[bcue_sim_plan_scene_of(r->plan, episode)]);
    bcue_text_puts(&r->rows, json_string_value(json_object_get(record, "rows")));
    bcue_text_puts(&r->truth, json_string_value(json_object_get(record, "truth")));
    r->summary.episodes++;
    r->summary.samples += (uint64_t)json_integer_value(json_object_get(record, "samples"));
    r->summary.samples_blocked += (uint64_t)json_integer_value(json_object_get(record, "samples_blocked"));
    r->summary.frames_no_signal += (uint64_t)json_integer_value(json_object_get(record, "frames_no_signal"));
    json_t *files = json_object_get(record, "files"), *entry;
    size_t i;
    json_array_foreach(files, i, entry)
    {
        r->summary.bytes += (uint64_t)json_integer_value(json_object_get(entry, "bytes"));
    }
    if (json_array_extend(r->files, files) != 0 || r->rows.failed || r->truth.failed)
        return bcue_fail_memory(error, "the records of the episodes");
    return BCUE_OK;
}

bcue_status bcue_sim_parts_merge(bcue_sim_run *r, bcue_error *error)
{
    r->rows.size = r->truth.size = 0;
    r->summary.episodes = r->summary.samples = r->summary.samples_blocked = r->summary.frames_no_signal = 0;
    r->summary.bytes = 0;
    json_decref(r->files);
    r->files = json_array();
    if (!r->files)
        return bcue_fail_memory(error, "the list of files");
    for (uint32_t episode = 0; episode < r->plan->episodes; episode++) {
        json_t *record = read_part(r, episode);
        if (!record)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: episode %u of %u is not there; run the same command again, or its shard",
                             r->tree.temporary, episode + 1, r->plan->episodes);
        bcue_status status = merge_part(r, episode, record, error);
        json_decref(record);
        BCUE_TRY(status);
    }
    return BCUE_OK;
}

/* ---- who makes which ---- */

/* Leave the name of this process; a name that is there already is of one that ended without a word. */
static void sign_claim(const bcue_sim_run *r, uint32_t episode, int claim)
{
    char before[160] = "", host[80] = "", mine[160];
    ssize_t got = pread(claim, before, sizeof before - 1, 0);
    before[got > 0 ? got : 0] = '\0';
    if (before[0])
        bcue_log(r->hooks, r->options.together ? BCUE_LOG_WARNING : BCUE_LOG_INFO,
                 "%s: episode %u was left unfinished by %s: it is made again", r->tree.temporary, episode + 1,
                 before);
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    int size = r->options.together ? snprintf(mine, sizeof mine, "rank %u (process %ld on %s)",
                                              r->options.place, (long)getpid(), host)
                                   : snprintf(mine, sizeof mine, "process %ld on %s", (long)getpid(), host);
    if (ftruncate(claim, 0) != 0 || pwrite(claim, mine, (size_t)size, 0) != size)
        return; /* only a courtesy */
}

bcue_status bcue_sim_part_claim(bcue_sim_run *r, uint32_t episode, int *claim, bcue_error *error)
{
    char *path = bcue_output_tree_path(&r->tree, name_of(episode, "lock").text);
    *claim = -1;
    if (!path)
        return bcue_fail_memory(error, FOLDER);
    bcue_status status = BCUE_OK;
    *claim = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*claim < 0 && errno == ENOENT) /* the folder has its name already */
        r->gone = true;
    else if (*claim < 0)
        status = bcue_fail(error, BCUE_ERROR_IO, "%s: cannot make the file: %s", path, strerror(errno));
    else if (flock(*claim, LOCK_EX | LOCK_NB) != 0 || !bcue_output_still_named(*claim, path)) {
        close(*claim);
        *claim = -1;
    } else {
        sign_claim(r, episode, *claim);
    }
    free(path);
    return status;
}

void bcue_sim_part_release(bcue_sim_run *r, uint32_t episode, int claim)
{
    char *path = bcue_output_tree_path(&r->tree, name_of(episode, "lock").text);
    if (path)
        unlink(path);
    free(path);
    close(claim);
}
