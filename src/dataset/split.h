/* Which samples train, choose and test; and how much leaks between them. */
#ifndef BCUE_DATASET_SPLIT_H
#define BCUE_DATASET_SPLIT_H

#include "dataset/recordings.h"

typedef enum bcue_split_kind {
    BCUE_SPLIT_EPISODE,  /* whole episodes; with folds > 0: fold `fold` tests, every episode tested once */
    BCUE_SPLIT_BLOCK,    /* contiguous blocks with a guard gap */
    BCUE_SPLIT_OFFICIAL, /* CSV files that list rows */
    BCUE_SPLIT_PAPER_RANDOM, /* random over windows; leaks, and says so */
    BCUE_SPLIT_PAPER_A, /* the same as paper A's predecessor does it: floor(train x samples) train, all others
                           validate and test at once */
    BCUE_SPLIT_SCENARIO, /* unseen streets: samples of test_scenarios test, episodes of the others train and
                            validate */
    BCUE_SPLIT_FEW_SHOT, /* the first `shots` samples of every street train and validate, its later episodes
                            test */
} bcue_split_kind;

typedef struct bcue_split_config {
    int kind; /* bcue_split_kind */
    int64_t seed;
    double train, validation, test; /* shares; sum <= 1 */
    int64_t folds,
        fold; /* EPISODE: k-fold when folds > 0; the validation episodes are drawn from the other folds */
    double guard_s;                              /* BLOCK: at least 2 s and a window */
    int64_t block_rows;                          /* BLOCK: rows per block */
    char *train_csv, *validation_csv, *test_csv; /* OFFICIAL */
    char *match_column, *match_with; /* OFFICIAL: column of the split CSV, and of the source CSV, whose (base)
                                        names must agree */
    bcue_int_list test_scenarios;    /* SCENARIO */
    int64_t shots;                   /* FEW_SHOT */
    bool allow_leak;
} bcue_split_config;

extern const bcue_config_field bcue_split_config_fields[];

typedef struct bcue_leak {
    int64_t test_count;
    int64_t shared_frames; /* (i) test windows that share a frame with training */
    int64_t near_in_time;  /* (ii) test samples with a training sample of the same sequence within 2 s */
    int64_t augmented;     /* (iii) augmented copies across sides */
    int64_t adjacent_rows; /* test samples with a training sample one row away */
    double percent;        /* worst of (i)-(iii) as share of test samples */
} bcue_leak;

typedef struct bcue_split {
    size_t *train, *validation, *test; /* owned sample indices, ascending */
    size_t train_count, validation_count, test_count;
    bcue_leak leak;
} bcue_split;

/* Refused (BCUE_ERROR_DATA) when more than 1 % leaks, unless allow_leak. Unlabelled samples are never in a
 * split. */
bcue_status bcue_split_make(const bcue_dataset *dataset, const bcue_split_config *config,
                            const bcue_config *origin, bcue_split *split, bcue_error *error);
void bcue_split_free(bcue_split *split);
/* Are rows drawn, not whole episodes or streets? Then intervals over episodes understate. */
bool bcue_split_draws_rows(const bcue_split_config *config);
/* Identity of the samples that a model of this split has seen (training and validation), as 16 hex digits:
 * tells whether a model fits a split. */
void bcue_split_seen_hash(const bcue_dataset *dataset, const bcue_split *split, char text[17]);

#endif
