#include "api/site_tracks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "metrics/quantile.h"

#define DEGREE (BCUE_PI / 180.0)

bcue_status bcue_site_tracks_make(const bcue_site_config *site, const bcue_dataset *dataset,
                                  bcue_site_tracks *tracks, bcue_error *error)
{
    const size_t newest = 2 * ((size_t)bcue_dataset_gps_frames(dataset) - 1);
    const double none[2] = {NAN, NAN};
    *tracks = (bcue_site_tracks){.count = bcue_dataset_count(dataset),
                                 .dataset = dataset,
                                 .clock_offset_s = 1e-3 * site->gnss.clock_offset_ms};
    tracks->place = bcue_calloc(tracks->count, sizeof *tracks->place);
    if (tracks->place == NULL)
        return bcue_fail_memory(error, "the tracks");
    for (size_t i = 0; i < tracks->count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        const bool here =
            site->scene == NULL || (sample->scene != NULL && strcmp(sample->scene, site->scene) == 0);
        tracks->place[i] = bcue_site_place(site, here && sample->fix != NULL ? &sample->fix[newest] : none);
    }
    return BCUE_OK;
}

void bcue_site_tracks_free(bcue_site_tracks *tracks)
{
    free(tracks->place);
    *tracks = (bcue_site_tracks){0};
}

bcue_vec3 bcue_site_tracks_at(const bcue_site_tracks *tracks, size_t sample, double offset_s)
{
    const bcue_vec3 none = {NAN, NAN, NAN};
    const bcue_sample *wanted = bcue_dataset_sample(tracks->dataset, sample);
    const double time_s = wanted->time_s + offset_s - tracks->clock_offset_s;
    if (!(fabs(time_s - wanted->time_s) > 1e-6))
        return tracks->place[sample];
    const size_t step = time_s > wanted->time_s ? 1 : (size_t)-1;
    for (size_t i = sample;; i += step) {
        const size_t next = i + step;
        if (next >= tracks->count)
            return none;
        const bcue_sample *a = bcue_dataset_sample(tracks->dataset, i),
                          *b = bcue_dataset_sample(tracks->dataset, next);
        if (a->episode != b->episode || a->time_s == b->time_s)
            return none;
        const double part = (time_s - a->time_s) / (b->time_s - a->time_s);
        if (part <= 1)
            return bcue_vec3_add(tracks->place[i],
                                 bcue_vec3_scale(bcue_vec3_sub(tracks->place[next], tracks->place[i]), part));
    }
}

static double turn(double angle)
{
    return remainder(angle, 2 * BCUE_PI);
}

/* The middle of directions: the median of what they differ from their mean. Sorts. */
static double middle_direction(double *angles, size_t count, double *spread)
{
    double x = 0, y = 0;
    for (size_t i = 0; i < count; i++) {
        x += cos(angles[i]);
        y += sin(angles[i]);
    }
    const double mean = atan2(y, x);
    for (size_t i = 0; i < count; i++)
        angles[i] = turn(angles[i] - mean);
    const double off = bcue_median(angles, count);
    for (size_t i = 0; i < count; i++)
        angles[i] = fabs(angles[i] - off);
    *spread = bcue_median(angles, count);
    return mean + off;
}

bcue_status bcue_site_heading_fit(const bcue_site_config *site, const bcue_site_tracks *tracks,
                                  bcue_site_heading *heading, bcue_error *error)
{
    const int32_t beams = bcue_dataset_beams(tracks->dataset);
    *heading = (bcue_site_heading){0};
    double *angles = bcue_calloc(tracks->count, sizeof *angles);
    if (angles == NULL)
        return bcue_fail_memory(error, "the heading");
    for (int right = 0; right < 2; right++) {
        bcue_site_config sided = *site;
        size_t count = 0;
        sided.array.first_beam = right;
        for (size_t i = 0; i < tracks->count; i++) {
            const bcue_sample *sample = bcue_dataset_sample(tracks->dataset, i);
            const bcue_vec3 at = tracks->place[i];
            if (sample->label_now >= 0 && isfinite(at.x))
                angles[count++] =
                    turn(atan2(at.y, at.x) - bcue_site_beam_azimuth(&sided, sample->label_now, beams));
        }
        double spread = 0;
        const double yaw = count > 0 ? middle_direction(angles, count, &spread) : 0;
        if (count > 0 && (right == 0 || spread / DEGREE < heading->spread_deg))
            *heading = (bcue_site_heading){.samples = count,
                                           .heading_deg = fmod(450.0 - turn(yaw) / DEGREE, 360.0),
                                           .spread_deg = spread / DEGREE,
                                           .right = right == 1};
    }
    free(angles);
    return BCUE_OK;
}
