/* ResNet-18 and ResNet-34 (He et al. 2015) with torchvision's parameter names, without the classifier: conv1,
   bn1, layerS.B.conv1, layerS.B.bn1, layerS.B.conv2, layerS.B.bn2, layerS.B.downsample.0,
   layerS.B.downsample.1. The trunk divides the picture by 32. */
#ifndef BCUE_MODELS_RESNET_H
#define BCUE_MODELS_RESNET_H

#include "graph/graph.h"
#include "models/pruned.h"

enum { BCUE_RESNET_STAGES = 4 };

typedef struct bcue_resnet_config {
    int depth; /* 18 or 34 */
    int width; /* channels of the first stage, 64 in the paper; each further stage has twice as many */
    /* Widths of the four stages of a pruned trunk; NULL: all whole. The stem has those of the first. */
    const bcue_pruned_part *const *pruned;
    /* Inputs (N, channels, 1, 1) by which what leaves the blocks of each stage is multiplied. With them every
       block has an input "mask_inner" of the same kind between its convolutions. NULL: none of it. */
    const bcue_value *keep_mask;
} bcue_resnet_config;

/* The inputs for keep_mask, "mask_keep_1" .. "mask_keep_4", for `pictures` pictures. */
void bcue_resnet_mask_inputs(bcue_graph *graph, int64_t pictures, const bcue_resnet_config *config,
                             bcue_value masks[BCUE_RESNET_STAGES]);
/* Channels that leave stage 1 .. 4. */
int64_t bcue_resnet_channels(const bcue_resnet_config *config, int stage);

/* x: (N, C, H, W), any C. Returns the pooled (N, 8 * width) features; BCUE_NO_VALUE after an error of
   building (see bcue_graph_check). */
bcue_value bcue_resnet(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config);
/* The same with 64 channels in the first stage: (N, 512). */
bcue_value bcue_resnet_backbone(bcue_graph *graph, bcue_value x, int depth);

/* The parts, for models that work between the stages. */
bcue_value bcue_resnet_stem(bcue_graph *graph, bcue_value x,
                            const bcue_resnet_config *config); /* (N, width, H/4, W/4) */
bcue_value bcue_resnet_stage(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config,
                             int stage);                      /* stage 1 .. 4 */
bcue_value bcue_resnet_pool(bcue_graph *graph, bcue_value x); /* (N, C, H, W) -> (N, C) */
/* Stem and stage 1. */
bcue_value bcue_resnet_front(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config);
/* Stages 2 to 4 and the pooling. */
bcue_value bcue_resnet_back(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config);
/* All stage outputs at once: (N, width, H/4, W/4) .. (N, 8 width, H/32, W/32). */
void bcue_resnet_stages(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config,
                        bcue_value stages[BCUE_RESNET_STAGES]);

#endif
