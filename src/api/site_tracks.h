/* The fixes of a recording as tracks in the world of its site. */
#ifndef BCUE_API_SITE_TRACKS_H
#define BCUE_API_SITE_TRACKS_H

#include "dataset/site_config.h"

typedef struct bcue_site_tracks {
    size_t count; /* of samples */
    bcue_vec3
        *place; /* owned: of the vehicle's antenna at the sample's fix; NaN: none, or not of this scene */
    const bcue_dataset *dataset;
    double clock_offset_s; /* of the fixes */
} bcue_site_tracks;

/* Free with bcue_site_tracks_free. */
bcue_status bcue_site_tracks_make(const bcue_site_config *site, const bcue_dataset *dataset,
                                  bcue_site_tracks *tracks, bcue_error *error);
void bcue_site_tracks_free(bcue_site_tracks *tracks);
/* Where the vehicle of a sample was when a sensor whose clock is off by `offset_s` took what the sample has
   of it: between two fixes of the episode. NaN: unknown. */
bcue_vec3 bcue_site_tracks_at(const bcue_site_tracks *tracks, size_t sample, double offset_s);

/* Where the array looks, from the best beams and the fixes: the heading (degrees clockwise from north) and
   the side of beam 0 for which the directions of the best beams fit those of the fixes best, if the beams
   span site->array.field_of_view_deg. The heading of `site` is not used. */
typedef struct bcue_site_heading {
    size_t samples; /* 0: unknown */
    double heading_deg;
    double spread_deg; /* half of the samples are nearer than this to it */
    bool right;        /* beam 0 is furthest to the right */
} bcue_site_heading;
bcue_status bcue_site_heading_fit(const bcue_site_config *site, const bcue_site_tracks *tracks,
                                  bcue_site_heading *heading, bcue_error *error);

#endif
