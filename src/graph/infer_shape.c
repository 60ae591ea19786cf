#include "graph/infer_shape.h"

#include <inttypes.h>
#include "base/fail.h"

enum { SHAPE_TEXT = 160 };

typedef struct shape_pair {
    char a[SHAPE_TEXT], b[SHAPE_TEXT];
} shape_pair;

static shape_pair pair_text(const bcue_shape *a, const bcue_shape *b)
{
    shape_pair pair;
    bcue_shape_text(a, pair.a, sizeof pair.a);
    bcue_shape_text(b, pair.b, sizeof pair.b);
    return pair;
}

static bcue_status misfit(const bcue_node *node, const char *first, const bcue_shape *a, const char *second,
                          const bcue_shape *b, const char *rule, bcue_error *error)
{
    shape_pair pair = pair_text(a, b);
    return bcue_fail(error, BCUE_ERROR_SHAPE, "%s (%s): %s %s and %s %s do not fit: %s", node->name,
                     bcue_op_name(node->op), first, pair.a, second, pair.b, rule);
}

static bcue_status bad_input(const bcue_node *node, const bcue_shape *x, const char *rule, bcue_error *error)
{
    char text[SHAPE_TEXT];
    return bcue_fail(error, BCUE_ERROR_SHAPE, "%s (%s): input %s: %s", node->name, bcue_op_name(node->op),
                     bcue_shape_text(x, text, sizeof text), rule);
}

static bcue_status bad_attribute(const bcue_node *node, const char *rule, bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s (%s): %s", node->name, bcue_op_name(node->op), rule);
}

static bool is_vector_of(const bcue_shape *shape, int64_t length)
{
    return shape->rank == 1 && shape->dim[0] == length;
}

/* Positions of a window of `kernel` taps `dilation` apart over `size` elements padded on both sides; < 1 when
 * it does not fit. */
static int64_t window_count(int64_t size, int64_t kernel, int stride, int padding, int dilation)
{
    int64_t span = (int64_t)dilation * (kernel - 1) + 1;
    int64_t room = size + 2 * (int64_t)padding - span;
    return room < 0 ? 0 : room / stride + 1;
}

static bcue_status infer_conv2d(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                bcue_error *error)
{
    const bcue_shape *x = &in[0]->shape, *w = &in[1]->shape;
    for (int i = 0; i < 2; i++) {
        if (node->u.conv.stride[i] < 1 || node->u.conv.dilation[i] < 1 || node->u.conv.padding[i] < 0)
            return bad_attribute(node, "stride and dilation must be at least 1 and padding at least 0",
                                 error);
    }
    int64_t groups = node->u.conv.groups;
    if (groups < 1)
        return bad_attribute(node, "groups must be at least 1", error);
    if (x->rank != 4 || w->rank != 4)
        return misfit(node, "input", x, "weight", w, "both need 4 dimensions", error);
    if (w->dim[0] % groups != 0 || x->dim[1] != w->dim[1] * groups)
        return misfit(node, "input", x, "weight", w,
                      "input channels must be weight.dim[1] * groups, and weight.dim[0] a multiple of groups",
                      error);
    if (node->input_count == 3 && !is_vector_of(&in[2]->shape, w->dim[0]))
        return misfit(node, "weight", w, "bias", &in[2]->shape, "the bias needs one value per output channel",
                      error);
    *shape = bcue_shape_of(x->dim[0], w->dim[0], 0, 0);
    for (int i = 0; i < 2; i++) {
        shape->dim[2 + i] = window_count(x->dim[2 + i], w->dim[2 + i], node->u.conv.stride[i],
                                         node->u.conv.padding[i], node->u.conv.dilation[i]);
        if (shape->dim[2 + i] < 1)
            return misfit(node, "input", x, "weight", w, "the kernel is larger than the padded input", error);
    }
    return BCUE_OK;
}

static bcue_status infer_batch_norm(const bcue_node *node, const bcue_value_info *const *in,
                                    bcue_shape *shape, bcue_error *error)
{
    static const char *const names[] = {"input", "weight", "bias", "running mean", "running variance"};
    const bcue_shape *x = &in[0]->shape;
    if (x->rank != 2 && x->rank != 4)
        return bad_input(node, x, "must be (N, C) or (N, C, H, W)", error);
    for (int i = 1; i < 5; i++) {
        if (!is_vector_of(&in[i]->shape, x->dim[1]))
            return misfit(node, "input", x, names[i], &in[i]->shape, "one value per channel is needed",
                          error);
    }
    for (int i = 3; i < 5; i++) {
        if (in[i]->kind != BCUE_VALUE_PARAMETER || !in[i]->spec.running)
            return bad_attribute(node, "the running statistics must be parameters marked as running", error);
    }
    if (!(node->u.norm.epsilon > 0) || !(node->u.norm.momentum >= 0 && node->u.norm.momentum <= 1))
        return bad_attribute(node, "epsilon must be above 0 and momentum within 0 .. 1", error);
    *shape = *x;
    return BCUE_OK;
}

static bcue_status infer_linear(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                bcue_error *error)
{
    const bcue_shape *x = &in[0]->shape, *w = &in[1]->shape;
    if (x->rank < 1 || w->rank != 2 || x->dim[x->rank - 1] != w->dim[1])
        return misfit(node, "input", x, "weight", w, "weight must be (outputs, last dimension of the input)",
                      error);
    if (node->input_count == 3 && !is_vector_of(&in[2]->shape, w->dim[0]))
        return misfit(node, "weight", w, "bias", &in[2]->shape, "the bias needs one value per output", error);
    *shape = *x;
    shape->dim[x->rank - 1] = w->dim[0];
    return BCUE_OK;
}

static bcue_status infer_pool(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                              bcue_error *error)
{
    const bcue_shape *x = &in[0]->shape;
    if (x->rank != 4)
        return bad_input(node, x, "must be (N, C, H, W)", error);
    *shape = *x;
    for (int i = 0; i < 2; i++) {
        int kernel = node->u.pool.kernel[i], padding = node->u.pool.padding[i];
        if (kernel < 1 || node->u.pool.stride[i] < 1 || padding < 0 || padding > kernel / 2)
            return bad_attribute(
                node, "kernel and stride must be at least 1, and padding within 0 .. half the kernel", error);
        shape->dim[2 + i] = window_count(x->dim[2 + i], kernel, node->u.pool.stride[i], padding, 1);
        if (shape->dim[2 + i] < 1)
            return bad_input(node, x, "smaller than the kernel, padding included", error);
    }
    return BCUE_OK;
}

static bcue_status infer_resized(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                 bcue_error *error)
{
    const bcue_shape *x = &in[0]->shape;
    if (x->rank != 4)
        return bad_input(node, x, "must be (N, C, H, W)", error);
    if (shape->dim[2] < 1 || shape->dim[3] < 1)
        return bad_attribute(node, "output height and width must be at least 1", error);
    shape->rank = 4;
    shape->dim[0] = x->dim[0];
    shape->dim[1] = x->dim[1];
    return BCUE_OK;
}

bool bcue_shape_broadcast(const bcue_shape *a, const bcue_shape *b, bcue_shape *result)
{
    bcue_shape joined = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int i = 1; i <= joined.rank; i++) {
        int64_t in_a = i <= a->rank ? a->dim[a->rank - i] : 1;
        int64_t in_b = i <= b->rank ? b->dim[b->rank - i] : 1;
        if (in_a != in_b && in_a != 1 && in_b != 1)
            return false;
        joined.dim[joined.rank - i] = in_a == 1 ? in_b : in_a;
    }
    *result = joined;
    return true;
}

static bcue_status infer_broadcast(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                   bcue_error *error)
{
    if (!bcue_shape_broadcast(&in[0]->shape, &in[1]->shape, shape))
        return misfit(node, "inputs", &in[0]->shape, "and", &in[1]->shape,
                      "dimensions, counted from the last, must be equal or 1", error);
    return BCUE_OK;
}

static bcue_status check_axis(const bcue_node *node, const bcue_shape *x, bcue_error *error)
{
    if (node->u.axis.axis < 0 || node->u.axis.axis >= x->rank)
        return bad_input(node, x, "has no such axis as was asked for", error);
    return BCUE_OK;
}

static bcue_status infer_concat(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                bcue_error *error)
{
    int axis = node->u.axis.axis;
    *shape = in[0]->shape;
    BCUE_TRY(check_axis(node, shape, error));
    for (int i = 1; i < node->input_count; i++) {
        bcue_shape other = in[i]->shape;
        int64_t length = axis < other.rank ? other.dim[axis] : 0;
        if (axis < other.rank)
            other.dim[axis] = shape->dim[axis];
        if (!bcue_shape_equal(&other, shape))
            return misfit(node, "inputs", &in[0]->shape, "and", &in[i]->shape,
                          "all dimensions but the joined one must be equal", error);
        shape->dim[axis] += length;
    }
    return BCUE_OK;
}

static bcue_status infer_slice(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                               bcue_error *error)
{
    int axis = node->u.axis.axis;
    *shape = in[0]->shape;
    BCUE_TRY(check_axis(node, shape, error));
    int64_t start = node->u.axis.start, stop = node->u.axis.stop;
    if (start < 0 || stop <= start || stop > shape->dim[axis]) {
        char text[SHAPE_TEXT];
        return bcue_fail(error, BCUE_ERROR_SHAPE,
                         "%s (slice): input %s has no range %" PRId64 ":%" PRId64 " along axis %d",
                         node->name, bcue_shape_text(shape, text, sizeof text), start, stop, axis);
    }
    shape->dim[axis] = stop - start;
    return BCUE_OK;
}

static bcue_status infer_reshape(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                 bcue_error *error)
{
    const bcue_shape *x = &in[0]->shape, asked = *shape;
    int64_t have = 0, want = 0;
    int open = -1;
    bcue_shape rest = asked;
    if (asked.rank < 0 || asked.rank > BCUE_MAX_RANK)
        return bad_attribute(node, "the shape asked for has too many dimensions", error);
    for (int i = 0; i < asked.rank; i++) {
        if (asked.dim[i] == -1) {
            if (open >= 0)
                return bad_attribute(node, "only one dimension may be -1", error);
            open = i;
            rest.dim[i] = 1;
        }
    }
    if (!bcue_shape_count(x, &have) || !bcue_shape_count(&rest, &want) || want < 1 || have % want != 0 ||
        (open < 0 && have != want))
        return misfit(node, "input", x, "new shape", &asked, "the number of elements must stay the same",
                      error);
    if (open >= 0)
        shape->dim[open] = have / want;
    return BCUE_OK;
}

static bcue_status infer_select(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                bcue_error *error)
{
    const int axis = node->u.select.axis;
    *shape = in[0]->shape;
    if (axis < 0 || axis >= shape->rank)
        return bad_input(node, shape, "has no such axis as was asked for", error);
    if (node->u.select.count < 1)
        return bad_attribute(node, "at least one index is needed", error);
    for (int64_t i = 0; i < node->u.select.count; i++) {
        if (node->u.select.index[i] < -1 || node->u.select.index[i] >= shape->dim[axis])
            return bad_input(node, shape, "an index lies outside the axis", error);
    }
    shape->dim[axis] = node->u.select.count;
    return BCUE_OK;
}

static bcue_status infer_permute(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                 bcue_error *error)
{
    const bcue_shape *x = &in[0]->shape;
    uint32_t seen = 0;
    shape->rank = x->rank;
    for (int i = 0; i < x->rank; i++) {
        int axis = node->u.permute.order[i];
        if (axis < 0 || axis >= x->rank || (seen >> axis & 1U) != 0)
            return bad_input(node, x, "the order must name each axis once", error);
        seen |= 1U << axis;
        shape->dim[i] = x->dim[axis];
    }
    return BCUE_OK;
}

static bcue_status infer_reduce(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                bcue_error *error)
{
    const bcue_shape *x = &in[0]->shape;
    if (node->u.reduce.axes >> x->rank != 0)
        return bad_input(node, x, "the axis mask names an axis that is not there", error);
    *shape = (bcue_shape){0};
    for (int i = 0; i < x->rank; i++) {
        bool reduced = (node->u.reduce.axes >> i & 1U) != 0;
        if (!reduced || node->u.reduce.keep)
            shape->dim[shape->rank++] = reduced ? 1 : x->dim[i];
    }
    return BCUE_OK;
}

static bcue_status infer_layer_norm(const bcue_node *node, const bcue_value_info *const *in,
                                    bcue_shape *shape, bcue_error *error)
{
    const bcue_shape *x = &in[0]->shape;
    if (x->rank < 1)
        return bad_input(node, x, "needs at least one dimension", error);
    for (int i = 1; i < 3; i++) {
        if (!is_vector_of(&in[i]->shape, x->dim[x->rank - 1]))
            return misfit(node, "input", x, i == 1 ? "weight" : "bias", &in[i]->shape,
                          "one value per element of the last dimension is needed", error);
    }
    if (!(node->u.norm.epsilon > 0))
        return bad_attribute(node, "epsilon must be above 0", error);
    *shape = *x;
    return BCUE_OK;
}

static bcue_status infer_matmul(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                bcue_error *error)
{
    bcue_shape a = in[0]->shape, b = in[1]->shape;
    if (a.rank < 2 || b.rank < 2)
        return misfit(node, "inputs", &a, "and", &b, "both need at least 2 dimensions", error);
    bool turn_a = node->u.matmul.transpose_a, turn_b = node->u.matmul.transpose_b;
    int64_t rows = a.dim[a.rank - (turn_a ? 1 : 2)], columns = b.dim[b.rank - (turn_b ? 2 : 1)];
    if (a.dim[a.rank - (turn_a ? 2 : 1)] != b.dim[b.rank - (turn_b ? 1 : 2)])
        return misfit(node, "inputs", &in[0]->shape, "and", &in[1]->shape,
                      "the dimension that is summed over must be the same in both, transposition included",
                      error);
    a.rank -= 2;
    b.rank -= 2;
    if (!bcue_shape_broadcast(&a, &b, shape))
        return misfit(node, "inputs", &in[0]->shape, "and", &in[1]->shape,
                      "leading dimensions, counted from the last, must be equal or 1", error);
    shape->dim[shape->rank++] = rows;
    shape->dim[shape->rank++] = columns;
    return BCUE_OK;
}

static bcue_status infer_attention(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                                   bcue_error *error)
{
    const bcue_shape *q = &in[0]->shape, *k = &in[1]->shape, *v = &in[2]->shape;
    if (q->rank != 4 || k->rank != 4 || q->dim[0] != k->dim[0] || q->dim[1] != k->dim[1] ||
        q->dim[3] != k->dim[3])
        return misfit(node, "queries", q, "keys", k,
                      "they must be (batch, heads, tokens, width), of the same batch, heads and width",
                      error);
    if (v->rank != 4 || v->dim[0] != k->dim[0] || v->dim[1] != k->dim[1] || v->dim[2] != k->dim[2])
        return misfit(node, "keys", k, "values", v,
                      "they must be (batch, heads, tokens, width), of the same batch, heads and tokens",
                      error);
    if (!(node->u.attention.scale > 0 && node->u.attention.scale < 1e6))
        return bad_attribute(node, "the scale must be above 0 and below 10^6", error);
    if (!(node->u.attention.dropout >= 0 && node->u.attention.dropout < 1))
        return bad_attribute(node, "the dropout probability must be at least 0 and below 1", error);
    *shape = *q;
    shape->dim[3] = v->dim[3];
    return BCUE_OK;
}

static bcue_status check_loss_attributes(const bcue_node *node, bcue_error *error)
{
    double smoothing = node->u.loss.label_smoothing, alpha = node->u.loss.alpha, gamma = node->u.loss.gamma;
    if (!(smoothing >= 0 && smoothing <= 1))
        return bad_attribute(node, "label smoothing must lie within 0 .. 1", error);
    if (!(alpha >= 0 && alpha <= 1) || !(gamma >= 0 && gamma <= 100))
        return bad_attribute(node, "alpha must lie within 0 .. 1 and gamma within 0 .. 100", error);
    if (node->op == BCUE_OP_SMOOTH_L1 && !(node->u.loss.beta > 0))
        return bad_attribute(node, "beta must be above 0", error);
    if (node->op == BCUE_OP_KL_DISTILL && !(node->u.loss.temperature > 0))
        return bad_attribute(node, "the temperature must be above 0", error);
    return BCUE_OK;
}

/* What a loss calls its first two inputs, and the rule that joins them. */
typedef struct loss_words {
    const char *x, *target, *rule;
} loss_words;

static loss_words loss_words_of(bcue_op op)
{
    switch (op) {
    case BCUE_OP_CROSS_ENTROPY:
        return (loss_words){"logits", "target", "the target must be labels i32 (N) or probabilities (N, C)"};
    case BCUE_OP_FOCAL_SOFTMAX:
        return (loss_words){"logits", "target", "the target must be labels i32 (N)"};
    case BCUE_OP_FOCAL_SIGMOID:
        return (loss_words){"logits", "target", "both must be (N, C)"};
    case BCUE_OP_KL_DISTILL:
        return (loss_words){"student", "teacher", "both must be (N, C)"};
    case BCUE_OP_GAUSSIAN_KL:
        return (loss_words){"mean", "log variance", "both must be (N, D)"};
    default:
        return (loss_words){"input", "target", "both must have the same shape"};
    }
}

static bool target_fits(const bcue_node *node, const bcue_shape *x, const bcue_value_info *target)
{
    if (target->dtype == BCUE_I32)
        return is_vector_of(&target->shape, x->dim[0]);
    return node->op != BCUE_OP_FOCAL_SOFTMAX && bcue_shape_equal(&target->shape, x);
}

static bcue_status infer_loss(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                              bcue_error *error)
{
    const bcue_shape *x = &in[0]->shape;
    const loss_words words = loss_words_of(node->op);
    bool any_rank = node->op == BCUE_OP_MSE || node->op == BCUE_OP_SMOOTH_L1;
    if (any_rank && x->rank < 1)
        return bad_input(node, x, "must be (N, ...)", error);
    if (!any_rank && x->rank != 2)
        return bad_input(
            node, x, node->op == BCUE_OP_GAUSSIAN_KL ? "the mean must be (N, D)" : "logits must be (N, C)",
            error);
    if (!target_fits(node, x, in[1]))
        return misfit(node, words.x, x, words.target, &in[1]->shape, words.rule, error);
    if (node->input_count == 3 && !is_vector_of(&in[2]->shape, x->dim[0]))
        return misfit(node, words.x, x, "row weight", &in[2]->shape, "one weight per row is needed", error);
    *shape = (bcue_shape){0};
    return check_loss_attributes(node, error);
}

static bcue_status infer_same(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                              bcue_error *error)
{
    *shape = in[0]->shape;
    if (node->op == BCUE_OP_SOFTMAX)
        return check_axis(node, shape, error);
    if (node->op == BCUE_OP_DROPOUT && !(node->u.dropout.probability >= 0 && node->u.dropout.probability < 1))
        return bad_attribute(node, "the probability must be at least 0 and below 1", error);
    return BCUE_OK;
}

static bcue_status infer_fake(const bcue_node *node, const bcue_value_info *const *in, bcue_shape *shape,
                              bcue_error *error)
{
    const bool is_bias = node->op == BCUE_OP_FAKE_QUANTISE_BIAS;
    *shape = in[0]->shape;
    if (shape->rank < 1)
        return bad_input(node, shape, "needs at least one dimension", error);
    if (node->op != BCUE_OP_FAKE_QUANTISE_WEIGHT &&
        !(node->u.quantise.scale > 0 && node->u.quantise.scale < 1e30))
        return bad_attribute(node, "the scale must be above 0 and finite", error);
    for (int i = 1; i < node->input_count; i++) {
        const bcue_shape *other = &in[i]->shape;
        if (i == 1 ? other->rank < 2 || !is_vector_of(shape, other->dim[0])
                   : !is_vector_of(other, shape->dim[0]))
            return misfit(node, "bias", shape, i == 1 ? "weight" : "batch norm", other,
                          "one value per output is needed", error);
    }
    if (is_bias && node->input_count > 2 && (node->input_count < 5 || !(node->u.quantise.epsilon > 0)))
        return bad_attribute(node, "a batch norm has a weight, a mean, a variance and an epsilon above 0",
                             error);
    return BCUE_OK;
}

/* Integers are labels: only the target of a loss takes them. */
static bcue_status check_real(const bcue_node *node, const bcue_value_info *const *in, bcue_error *error)
{
    for (int i = 0; i < node->input_count; i++) {
        bool is_target = (node->op == BCUE_OP_CROSS_ENTROPY || node->op == BCUE_OP_FOCAL_SOFTMAX) && i == 1;
        if (in[i]->dtype != BCUE_F32 && !is_target)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "%s (%s): %s has element type %s; only f32 can be computed with", node->name,
                             bcue_op_name(node->op), in[i]->name, bcue_dtype_name(in[i]->dtype));
    }
    return BCUE_OK;
}

bcue_status bcue_infer_shape(const bcue_node *node, const bcue_value_info *const *inputs, bcue_shape *shape,
                             bcue_error *error)
{
    BCUE_TRY(check_real(node, inputs, error));
    switch (node->op) {
    case BCUE_OP_CONV2D:
        return infer_conv2d(node, inputs, shape, error);
    case BCUE_OP_BATCH_NORM:
        return infer_batch_norm(node, inputs, shape, error);
    case BCUE_OP_LINEAR:
        return infer_linear(node, inputs, shape, error);
    case BCUE_OP_MAX_POOL:
    case BCUE_OP_AVG_POOL:
        return infer_pool(node, inputs, shape, error);
    case BCUE_OP_ADAPTIVE_AVG_POOL:
    case BCUE_OP_RESIZE_BILINEAR:
        return infer_resized(node, inputs, shape, error);
    case BCUE_OP_ADD:
    case BCUE_OP_MUL:
        return infer_broadcast(node, inputs, shape, error);
    case BCUE_OP_CONCAT:
        return infer_concat(node, inputs, shape, error);
    case BCUE_OP_SLICE:
        return infer_slice(node, inputs, shape, error);
    case BCUE_OP_SELECT:
        return infer_select(node, inputs, shape, error);
    case BCUE_OP_RESHAPE:
        return infer_reshape(node, inputs, shape, error);
    case BCUE_OP_PERMUTE:
        return infer_permute(node, inputs, shape, error);
    case BCUE_OP_REDUCE_MEAN:
    case BCUE_OP_REDUCE_SUM:
        return infer_reduce(node, inputs, shape, error);
    case BCUE_OP_RELU:
    case BCUE_OP_GELU:
    case BCUE_OP_SIGMOID:
    case BCUE_OP_TANH:
    case BCUE_OP_EXP:
    case BCUE_OP_AFFINE:
    case BCUE_OP_SOFTMAX:
    case BCUE_OP_DROPOUT:
        return infer_same(node, inputs, shape, error);
    case BCUE_OP_LAYER_NORM:
        return infer_layer_norm(node, inputs, shape, error);
    case BCUE_OP_MATMUL:
        return infer_matmul(node, inputs, shape, error);
    case BCUE_OP_ATTENTION:
        return infer_attention(node, inputs, shape, error);
    case BCUE_OP_CROSS_ENTROPY:
    case BCUE_OP_FOCAL_SOFTMAX:
    case BCUE_OP_FOCAL_SIGMOID:
    case BCUE_OP_MSE:
    case BCUE_OP_SMOOTH_L1:
    case BCUE_OP_KL_DISTILL:
    case BCUE_OP_GAUSSIAN_KL:
        return infer_loss(node, inputs, shape, error);
    case BCUE_OP_FAKE_QUANTISE:
    case BCUE_OP_FAKE_QUANTISE_WEIGHT:
    case BCUE_OP_FAKE_QUANTISE_BIAS:
        return infer_fake(node, inputs, shape, error);
    case BCUE_OP_COUNT:
        break;
    }
    return bad_attribute(node, "no such operator", error);
}
