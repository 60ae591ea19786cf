/* How far two sets of scores put units into the same order. */
#ifndef BCUE_COMPRESS_PRUNE_RANK_H
#define BCUE_COMPRESS_PRUNE_RANK_H

#include "compress/prune_space.h"

/* Spearman's rank correlation (Pearson's of the ranks, equal values sharing their mean rank), -1 .. 1; 0
   where one of them is constant. BCUE_ERROR_MEMORY. */
bcue_status bcue_rank_correlation(const double *a, const double *b, size_t count, double *correlation,
                                  bcue_error *error);
/* Of the scores of two spaces of one network over all units of the kinds (bit i: bcue_prune_kind i). */
bcue_status bcue_prune_agreement(const bcue_prune_space *a, const bcue_prune_space *b, unsigned kinds,
                                 double *correlation, bcue_error *error);

#endif
