/* All operators in one element type. Included once per type, with BCUE_REAL, BCUE_REF_FORWARD and
 * BCUE_REF_BACKWARD defined. */
#include "engine/reference_ops.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include "base/fail.h"
#include "base/parallel.h"

#include "engine/reference_dense.inc.h"
#include "engine/reference_fake.inc.h"
#include "engine/reference_loss.inc.h"
#include "engine/reference_matmul.inc.h"
#include "engine/reference_norm.inc.h"
#include "engine/reference_pool.inc.h"
#include "engine/reference_shape.inc.h"

/* What was fused behind the node: the residual, then ReLU. */
static void finish(const bcue_ref_call *call)
{
    const BCUE_REAL *residual = call->residual;
    BCUE_REAL *y = call->out;
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); residual != NULL && k < count; k++)
        y[k] += residual[k];
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); call->relu && k < count; k++)
        y[k] = y[k] < 0 ? 0 : y[k];
}

bcue_status BCUE_REF_FORWARD(const bcue_ref_call *call, bcue_error *error)
{
    switch (call->node->op) {
    case BCUE_OP_CONV2D:
        conv2d_forward(call);
        break;
    case BCUE_OP_BATCH_NORM:
        batch_norm_forward(call);
        break;
    case BCUE_OP_LINEAR:
        linear_forward(call);
        break;
    case BCUE_OP_RELU:
        relu_forward(call);
        break;
    case BCUE_OP_GELU:
    case BCUE_OP_SIGMOID:
    case BCUE_OP_TANH:
    case BCUE_OP_EXP:
        map_forward(call);
        break;
    case BCUE_OP_AFFINE:
        affine_forward(call);
        break;
    case BCUE_OP_LAYER_NORM:
        layer_norm_forward(call);
        break;
    case BCUE_OP_MATMUL:
        matmul_forward(call);
        break;
    case BCUE_OP_ATTENTION:
        attention_forward(call);
        break;
    case BCUE_OP_RESIZE_BILINEAR:
        resize(call, false);
        break;
    case BCUE_OP_MAX_POOL:
    case BCUE_OP_AVG_POOL:
    case BCUE_OP_ADAPTIVE_AVG_POOL:
        pool(call, false);
        break;
    case BCUE_OP_ADD:
    case BCUE_OP_MUL:
        broadcast_forward(call);
        break;
    case BCUE_OP_CONCAT:
        concat_forward(call);
        break;
    case BCUE_OP_SLICE:
        slice_both(call, false);
        break;
    case BCUE_OP_SELECT:
        select_both(call, false);
        break;
    case BCUE_OP_RESHAPE:
        reshape_both(call, false);
        break;
    case BCUE_OP_PERMUTE:
        permute_both(call, false);
        break;
    case BCUE_OP_REDUCE_MEAN:
    case BCUE_OP_REDUCE_SUM:
        reduce_both(call, false);
        break;
    case BCUE_OP_SOFTMAX:
        softmax_forward(call);
        break;
    case BCUE_OP_DROPOUT:
        apply_dropout(call, call->in[0], call->out, false);
        break;
    case BCUE_OP_CROSS_ENTROPY:
    case BCUE_OP_FOCAL_SOFTMAX:
    case BCUE_OP_FOCAL_SIGMOID:
    case BCUE_OP_MSE:
    case BCUE_OP_SMOOTH_L1:
    case BCUE_OP_KL_DISTILL:
    case BCUE_OP_GAUSSIAN_KL:
        BCUE_TRY(loss_forward(call, error));
        break;
    case BCUE_OP_FAKE_QUANTISE:
        fake_forward(call);
        break;
    case BCUE_OP_FAKE_QUANTISE_WEIGHT:
        fake_weight_forward(call);
        break;
    case BCUE_OP_FAKE_QUANTISE_BIAS:
        fake_bias_forward(call);
        break;
    case BCUE_OP_COUNT:
        break;
    }
    finish(call);
    return BCUE_OK;
}

void BCUE_REF_BACKWARD(const bcue_ref_call *call)
{
    switch (call->node->op) {
    case BCUE_OP_CONV2D:
        conv2d_backward(call);
        break;
    case BCUE_OP_BATCH_NORM:
        batch_norm_backward(call);
        break;
    case BCUE_OP_LINEAR:
        linear_backward(call);
        break;
    case BCUE_OP_RELU:
        relu_backward(call);
        break;
    case BCUE_OP_GELU:
    case BCUE_OP_SIGMOID:
    case BCUE_OP_TANH:
    case BCUE_OP_EXP:
        map_backward(call);
        break;
    case BCUE_OP_AFFINE:
        affine_backward(call);
        break;
    case BCUE_OP_LAYER_NORM:
        layer_norm_backward(call);
        break;
    case BCUE_OP_MATMUL:
        matmul_backward(call);
        break;
    case BCUE_OP_ATTENTION:
        attention_backward(call);
        break;
    case BCUE_OP_RESIZE_BILINEAR:
        resize(call, true);
        break;
    case BCUE_OP_MAX_POOL:
    case BCUE_OP_AVG_POOL:
    case BCUE_OP_ADAPTIVE_AVG_POOL:
        pool(call, true);
        break;
    case BCUE_OP_ADD:
    case BCUE_OP_MUL:
        broadcast_backward(call);
        break;
    case BCUE_OP_CONCAT:
        concat_backward(call);
        break;
    case BCUE_OP_SLICE:
        slice_both(call, true);
        break;
    case BCUE_OP_SELECT:
        select_both(call, true);
        break;
    case BCUE_OP_RESHAPE:
        reshape_both(call, true);
        break;
    case BCUE_OP_PERMUTE:
        permute_both(call, true);
        break;
    case BCUE_OP_REDUCE_MEAN:
    case BCUE_OP_REDUCE_SUM:
        reduce_both(call, true);
        break;
    case BCUE_OP_SOFTMAX:
        softmax_backward(call);
        break;
    case BCUE_OP_DROPOUT:
        apply_dropout(call, call->out_gradient, call->in_gradient[0], true);
        break;
    case BCUE_OP_CROSS_ENTROPY:
    case BCUE_OP_FOCAL_SOFTMAX:
    case BCUE_OP_FOCAL_SIGMOID:
    case BCUE_OP_MSE:
    case BCUE_OP_SMOOTH_L1:
    case BCUE_OP_KL_DISTILL:
    case BCUE_OP_GAUSSIAN_KL:
        loss_backward(call);
        break;
    case BCUE_OP_FAKE_QUANTISE:
        fake_backward(call);
        break;
    case BCUE_OP_FAKE_QUANTISE_WEIGHT:
        fake_weight_backward(call);
        break;
    case BCUE_OP_FAKE_QUANTISE_BIAS:
        fake_bias_backward(call);
        break;
    case BCUE_OP_COUNT:
        break;
    }
}
