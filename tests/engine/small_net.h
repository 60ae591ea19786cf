/* A small network with everything that training meets: convolutions, batch norm, pooling, residual sums, a
   projected shortcut, dropout, a side input by concat, linear layers. */
#ifndef BCUE_TESTS_SMALL_NET_H
#define BCUE_TESTS_SMALL_NET_H

#include "engine/plan.h"

enum { BCUE_SMALL_NET_CLASSES = 9 };

/* Inputs x (batch, 3, 40, 24), position (batch, 2), label (batch); outputs logits and loss. */
bcue_graph *bcue_small_net(int batch);
/* Fill the inputs from stream `index`. */
void bcue_small_net_fill(bcue_plan *plan, int batch, uint32_t index);

#endif
