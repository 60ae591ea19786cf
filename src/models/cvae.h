/* What every conditional variational auto-encoder here has in common (Kingma and Welling 2014; Sohn et al.
   2015): values of its numbers are (batch, latent). All pass BCUE_NO_VALUE on. */
#ifndef BCUE_MODELS_CVAE_H
#define BCUE_MODELS_CVAE_H

#include "models/completion.h"

/* A linear layer of x (batch, I), squashed to between -6 and 6: variances stay between 0.0025 and 400. */
bcue_value bcue_cvae_log_variance(bcue_graph *graph, const char *name, bcue_value x, int64_t latent);
/* mean + exp(log variance / 2) draw: the reparameterisation, `draw` of N(0, 1). */
bcue_value bcue_cvae_draw(bcue_graph *graph, bcue_value mean, bcue_value log_variance, bcue_value draw);
/* KL(N(mean, e^log_variance) || N(prior_mean, e^prior_log_variance)), summed over the latent numbers, mean
   over the batch: one number. prior_mean BCUE_NO_VALUE: the prior is N(0, 1). */
bcue_value bcue_cvae_divergence(bcue_graph *graph, bcue_value mean, bcue_value log_variance,
                                bcue_value prior_mean, bcue_value prior_log_variance);
/* scale times the sum over the numbers of x, mean over the batch (its first dimension): one number. */
bcue_value bcue_cvae_mean_sum(bcue_graph *graph, bcue_value x, double scale);

/* A generator that is being built: what its linear layers read of each modality, and its sizes. */
typedef struct bcue_cvae {
    bcue_graph *graph;
    const bcue_completion *completion; /* prior, latent, hidden */
    int64_t batch;
    const bcue_value *read;  /* by modality up to the position: (batch, numbers); BCUE_NO_VALUE: not there */
    const bcue_value *there; /* (batch, 1) of those that are read: training only, else NULL */
} bcue_cvae;

/* The input "latent": the draw of N(0, 1). */
bcue_value bcue_cvae_latent(const bcue_cvae *cvae);
/* The latent numbers for a draw by the prior, fixed or learned ("prior.M", "prior.to_mean", ...). */
bcue_value bcue_cvae_prior(const bcue_cvae *cvae, bcue_value draw);
/* KL of the posterior against that prior. */
bcue_value bcue_cvae_prior_divergence(const bcue_cvae *cvae, bcue_value mean, bcue_value log_variance);
/* The hidden layer of the decoder of what is there and of latent numbers ("decoder.M", ...): (batch, hidden).
 */
bcue_value bcue_cvae_decode(const bcue_cvae *cvae, bcue_value z);

/* The graph when it is right; otherwise it is destroyed. */
bcue_status bcue_cvae_deliver(bcue_graph *built, bcue_graph **graph, bcue_error *error);

#endif
