/* Training within a memory limit: runs of nodes whose values are dropped after the forward pass, and made
   again from the run's inputs when the backward pass gets there. The same kernels on the same numbers, the
   same dropout masks, running statistics left alone: every bit stays. */
#ifndef BCUE_ENGINE_ONEDNN_RECOMPUTE_H
#define BCUE_ENGINE_ONEDNN_RECOMPUTE_H

#include "engine/onednn_lower.h"

/* Nodes first .. last, in the graph's order. */
typedef struct bcue_dn_run_of_nodes {
    int32_t first, last;
    double bytes, macs; /* what nobody behind the run reads; what making it again takes */
    bool again;         /* chosen */
    bool made;          /* again, already, while the backward pass is lowered */
} bcue_dn_run_of_nodes;

struct bcue_dn_recompute {
    bcue_dn_run_of_nodes *runs; /* every needed node is in one */
    int32_t count;
    int32_t *run_of_node; /* per node, or -1 */
    int32_t *order;       /* runs, what saves most for its work first */
};

/* Cuts the graph where little is alive. After the survey of values. Free with bcue_dn_recompute_free. */
bcue_status bcue_dn_recompute_create(const bcue_dn_plan *plan, bcue_dn_recompute *recompute,
                                     bcue_error *error);
void bcue_dn_recompute_free(bcue_dn_recompute *recompute);
/* The first `count` of the order are made again. */
void bcue_dn_recompute_choose(bcue_dn_recompute *recompute, int32_t count);
double bcue_dn_recompute_macs(const bcue_dn_recompute *recompute);
/* Before the backward steps of a node: makes its run's values again, if that was chosen and is still to do.
   `lower` lowers one node's forward pass. */
void bcue_dn_recompute_before(bcue_dn_plan *plan, int32_t index,
                              void (*lower)(bcue_dn_plan *plan, int32_t node));

#endif
