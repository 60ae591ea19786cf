/* The widths of a network that was made smaller, part by part, and what was kept of the wider one. */
#ifndef BCUE_MODELS_PRUNED_H
#define BCUE_MODELS_PRUNED_H

#include "base/config.h"

/* One fusion stage ("fusion.3") or one stage of a trunk ("camera.2"). Empty lists: as wide as the network's
   configuration says. */
typedef struct bcue_pruned_part {
    char *part;
    bcue_int_list keep;  /* channels that are left, ascending: of the tokens; of what leaves the blocks of a
                            trunk's stage (stage 1: and the stem) */
    bcue_int_list qk;    /* fusion, per block: numbers of a query and of a key in each head */
    bcue_int_list value; /* fusion, per block: numbers of a value in each head */
    bcue_int_list inner; /* per block: neurons of the feed-forward layers, or channels between the two
                            convolutions */
} bcue_pruned_part;

extern const bcue_config_field bcue_pruned_part_fields[];

/* The part "NAME.STAGE" of a list of bcue_pruned_part; one with empty lists when it is not there. Lives with
   the list. */
const bcue_pruned_part *bcue_pruned_find(const bcue_section_list *parts, const char *name, int stage);

/* How wide something is: item `index` of `list`, `otherwise` where the list is empty. */
int64_t bcue_pruned_width(const bcue_int_list *list, int64_t index, int64_t otherwise);
/* How many of `all` channels are kept. */
int64_t bcue_pruned_kept(const bcue_int_list *keep, int64_t all);

#endif
