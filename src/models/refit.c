#include "models/refit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "models/beamtransfuser.h"

/* Where the embeddings of one modality lie in both models. */
typedef struct token_block {
    int64_t frames[2];  /* before, after */
    int64_t grid[2][2]; /* likewise: rows and columns of a frame's tokens */
} token_block;

static token_block block_of(const bcue_model_config *config, const bcue_model_inputs *both[2],
                            bcue_model_input input, int stage)
{
    token_block block = {.grid = {{1, 1}, {1, 1}}};
    for (int k = 0; k < 2; k++) {
        block.frames[k] = input == BCUE_INPUT_POSITION ? both[k]->gps_frames : both[k]->frames;
        if (input != BCUE_INPUT_POSITION)
            bcue_beamtransfuser_grid(config, both[k], input, stage, block.grid[k]);
    }
    return block;
}

/* The place of row `i` of `to` rows among `from`, as a row and the share of the next. */
static int64_t place_of(int64_t i, int64_t from, int64_t to, double *share)
{
    double at = ((double)i + 0.5) * (double)from / (double)to - 0.5;
    at = fmin(fmax(at, 0), (double)(from - 1));
    const int64_t row = (int64_t)at;
    *share = at - (double)row;
    return row;
}

/* One frame's tokens (rows x columns x width). */
static void resample(const float *from, const int64_t before[2], float *to, const int64_t after[2],
                     int64_t width)
{
    for (int64_t r = 0; r < after[0]; r++) {
        double down, right;
        const int64_t row = place_of(r, before[0], after[0], &down);
        const int64_t next_row = row + 1 < before[0] ? row + 1 : row;
        for (int64_t c = 0; c < after[1]; c++) {
            const int64_t column = place_of(c, before[1], after[1], &right);
            const int64_t next = column + 1 < before[1] ? column + 1 : column;
            const float *a = from + (row * before[1] + column) * width,
                        *b = from + (row * before[1] + next) * width,
                        *d = from + (next_row * before[1] + column) * width,
                        *e = from + (next_row * before[1] + next) * width;
            float *out = to + (r * after[1] + c) * width;
            for (int64_t k = 0; k < width; k++)
                out[k] = (float)((1 - down) * ((1 - right) * (double)a[k] + right * (double)b[k]) +
                                 down * ((1 - right) * (double)d[k] + right * (double)e[k]));
        }
    }
}

static bcue_status refit_places(const bcue_model_config *config, const bcue_model_inputs *both[2], int stage,
                                const bcue_tensor *from, bcue_tensor *to, bcue_error *error)
{
    const int64_t width = from->shape.dim[from->shape.rank - 1];
    const float *read = from->data;
    float *write = to->data;
    int64_t tokens[2] = {0, 0};
    for (int m = 0; m <= BCUE_INPUT_POSITION; m++) {
        if (!bcue_model_needs(config, (bcue_model_input)m))
            continue;
        const token_block block = block_of(config, both, (bcue_model_input)m, stage);
        int64_t each[2];
        if (block.frames[1] > block.frames[0])
            return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                             "%lld frames of %s cannot be made of %lld; a model is refitted to fewer only",
                             (long long)block.frames[1], bcue_model_input_names[m],
                             (long long)block.frames[0]);
        for (int k = 0; k < 2; k++) {
            each[k] = block.grid[k][0] * block.grid[k][1] * width;
            tokens[k] += block.frames[k] * each[k] / width;
        }
        if (tokens[0] * width > bcue_tensor_count(from) || tokens[1] * width > bcue_tensor_count(to))
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "position embeddings of stage %d do not fit", stage);
        read += (block.frames[0] - block.frames[1]) * each[0]; /* the oldest go */
        for (int64_t f = 0; f < block.frames[1]; f++, read += each[0], write += each[1])
            resample(read, block.grid[0], write, block.grid[1], width);
    }
    return BCUE_OK;
}

static bcue_status refit_tensor(const bcue_model_config *config, const bcue_model_inputs *both[2],
                                const char *name, const bcue_tensor *from, bcue_tensor *to, bcue_error *error)
{
    int stage = 0, end = 0;
    const bool places = config->kind == BCUE_MODEL_BEAMTRANSFUSER &&
                        sscanf(name, "fusion.%d.pos_emb%n", &stage, &end) == 1 && name[end] == '\0' &&
                        end > 0;
    if (places)
        return refit_places(config, both, stage, from, to, error);
    if (!bcue_shape_equal(&from->shape, &to->shape))
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "%s depends on the sizes of the inputs; this %s cannot be refitted to others", name,
                         bcue_model_kind_names[config->kind]);
    memcpy(to->data, from->data, bcue_tensor_size(from));
    return BCUE_OK;
}

bcue_status bcue_model_refit(const bcue_model_config *config, const bcue_model_inputs *from,
                             const bcue_weights *weights, const bcue_model_inputs *to, bcue_weights *refit,
                             bcue_error *error)
{
    const bcue_model_inputs *both[2] = {from, to};
    const bcue_weights *sets[] = {weights};
    bcue_weights ordered = {0};
    bcue_graph *graph;
    BCUE_TRY(bcue_model_build(config, to, 1, &graph, error));
    bcue_status status = bcue_weights_create(graph, BCUE_F32, 0, refit, error);
    if (status == BCUE_OK)
        status = bcue_weights_select(graph, sets, 1, &ordered, error);
    for (int32_t i = 0; status == BCUE_OK && i < refit->count; i++)
        status = refit_tensor(config, both, refit->names[i], &ordered.tensors[i], &refit->tensors[i], error);
    bcue_weights_release(&ordered);
    bcue_graph_destroy(graph);
    if (status != BCUE_OK)
        bcue_weights_free(refit);
    return status;
}
