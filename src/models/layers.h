/* Layers that several models are made of. All pass BCUE_NO_VALUE on. */
#ifndef BCUE_MODELS_LAYERS_H
#define BCUE_MODELS_LAYERS_H

#include "graph/graph.h"
#include "models/pruned.h"

typedef enum bcue_linear_start {
    BCUE_LINEAR_TORCH,          /* weight and bias uniform in +-1/sqrt(inputs), as PyTorch's Linear */
    BCUE_LINEAR_GPT,            /* weight N(0, 0.02^2), bias 0: Radford et al. 2018; no decay on the bias */
    BCUE_LINEAR_TORCH_NO_DECAY, /* as the first, without decay on the bias */
} bcue_linear_start;

/* x (..., I) -> (..., outputs); parameters NAME.weight (outputs, I), NAME.bias (outputs). */
bcue_value bcue_linear_layer(bcue_graph *graph, const char *name, bcue_value x, int64_t outputs,
                             bcue_linear_start start);
/* Over the last dimension; NAME.weight, NAME.bias, without decay. */
bcue_value bcue_layer_norm_layer(bcue_graph *graph, const char *name, bcue_value x, double epsilon);

/* Inputs that switch channels of tokens (B, T, D) off, in evaluations of what they are worth: 0 or 1 for each
   channel, and what follows from how many of them, n, are 1. Layer norm then takes its statistics over these.
 */
typedef struct bcue_token_mask {
    bcue_value keep;   /* (B, 1, D) */
    bcue_value share;  /* (B, 1, 1): 1 / n */
    bcue_value spread; /* (B, 1, 1): sqrt(D / n) */
    bcue_value back;   /* (B, 1, 1): sqrt(n / D) */
} bcue_token_mask;

/* x times mask->keep; x itself without a mask (NULL). */
bcue_value bcue_masked_tokens(bcue_graph *graph, bcue_value x, const bcue_token_mask *mask);
/* bcue_layer_norm_layer of tokens that are masked already, over the kept channels; `mask` may be NULL. */
bcue_value bcue_masked_norm_layer(bcue_graph *graph, const char *name, bcue_value x, double epsilon,
                                  const bcue_token_mask *mask);

/* `blocks` pre-norm transformer blocks (Vaswani et al. 2017 with the norms of Radford et al. 2019, ReLU) on
   tokens (B, T, D), in scopes "blocks.0", ...: x += proj(attention(ln1(x))), x += mlp(ln2(x)). D must be a
   multiple of `heads`. `dropout` acts on the attention weights and on what each half adds. */
typedef struct bcue_transformer_config {
    int64_t blocks, heads, expansion;
    double dropout;
    /* For pruned tokens, whose D is smaller than the `width` they were made with: the scale of the scores
       stays 1 / sqrt(width / heads), the feed-forward layers expansion * width. 0: D. */
    int64_t width;
    const bcue_pruned_part *pruned; /* widths of the blocks; NULL: whole */
    /* With a mask every block has inputs "attn.mask_qk", "attn.mask_value" (B, heads, 1, d) and "mask_inner"
       (B, 1, neurons). NULL: none of it. */
    const bcue_token_mask *mask;
} bcue_transformer_config;
bcue_value bcue_transformer(bcue_graph *graph, bcue_value x, const bcue_transformer_config *config);

/* A gated recurrent unit (Cho et al. 2014, with PyTorch's two biases and its names: NAME.weight_ih_l0, ...)
   over the second axis of x (B, T, I), from a state of zeros. Returns the last state (B, hidden). */
bcue_value bcue_gru(bcue_graph *graph, const char *name, bcue_value x, int64_t hidden);

#endif
