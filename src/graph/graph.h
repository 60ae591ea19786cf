/* A model is a graph of operators with named parameters (PyTorch-style dotted names). The same graph is
   planned for training, planned for inference and described. Values are in static single assignment: every
   value has one producer. Shapes are concrete, batch included: a model is built once per batch size, and its
   parameters are matched by name.

   Building is sticky: an operator that cannot be built (shapes that do not fit, ...) records the first error,
   with the node's name and both shapes, and returns BCUE_NO_VALUE, which every other operator accepts and
   passes on; ask bcue_graph_check once at the end. Not thread-safe while being built; immutable and shareable
   afterwards. Layout of pictures: (N, C, H, W). */
#ifndef BCUE_GRAPH_GRAPH_H
#define BCUE_GRAPH_GRAPH_H

#include "tensor/tensor.h"

typedef struct bcue_graph bcue_graph;
typedef int32_t bcue_value;
enum { BCUE_NO_VALUE = -1 };

typedef enum bcue_op {
    BCUE_OP_CONV2D,     /* x (N,Ci,H,W), weight (Co,Ci/groups,Kh,Kw) [, bias (Co)] */
    BCUE_OP_BATCH_NORM, /* x (N,C[,H,W]), weight, bias, running_mean, running_var (C) */
    BCUE_OP_LINEAR,     /* x (...,I), weight (O,I) [, bias (O)] -> (...,O) */
    BCUE_OP_RELU,
    BCUE_OP_MAX_POOL, /* padding counts as -inf */
    BCUE_OP_AVG_POOL, /* padding counted (count_include_pad) as in PyTorch's default */
    BCUE_OP_ADAPTIVE_AVG_POOL,
    BCUE_OP_ADD,    /* a + b, NumPy broadcasting */
    BCUE_OP_MUL,    /* a * b, NumPy broadcasting */
    BCUE_OP_CONCAT, /* any number of inputs along axis */
    BCUE_OP_SLICE,  /* x[start:stop] along axis */
    BCUE_OP_SELECT, /* y[i] = x[index[i]] along axis, 0 where index[i] is -1 */
    BCUE_OP_RESHAPE,
    BCUE_OP_PERMUTE,
    BCUE_OP_REDUCE_MEAN, /* over the axes of a bit mask */
    BCUE_OP_REDUCE_SUM,
    BCUE_OP_SOFTMAX,       /* along axis */
    BCUE_OP_DROPOUT,       /* inverted; identity in inference */
    BCUE_OP_CROSS_ENTROPY, /* logits (N,C), target i32 (N) or float (N,C) [, weight (N)] -> scalar: weighted
                              mean of the rows. Rows of weight 0 are left out, whatever their label.
                              Differentiable by the logits only. */
    BCUE_OP_LAYER_NORM,    /* x (...,C), weight, bias (C): over the last dimension (Ba et al. 2016) */
    BCUE_OP_MATMUL, /* a (...,M,K), b (...,K,N) -> (...,M,N); leading dimensions by NumPy broadcasting */
    BCUE_OP_GELU,   /* x Phi(x), with the exact normal distribution (Hendrycks and Gimpel 2016) */
    BCUE_OP_SIGMOID,
    BCUE_OP_TANH,
    BCUE_OP_EXP,
    BCUE_OP_AFFINE,          /* scale x + shift, by two constants */
    BCUE_OP_RESIZE_BILINEAR, /* (N,C,H,W) to another height and width; PyTorch's align_corners = false */
    BCUE_OP_ATTENTION,       /* q (B,H,T,d), k (B,H,S,d), v (B,H,S,e) -> (B,H,T,e):
                                dropout(softmax(scale q k^T)) v (Vaswani et al. 2017, equation 1) */
    /* Losses, like cross-entropy: [, weight (N)] -> scalar, weighted mean of the rows, rows of weight 0 left
       out; differentiable by the first input only, unless said otherwise. */
    BCUE_OP_FOCAL_SOFTMAX, /* logits (N,C), label i32 (N): -(1-p)^gamma ln p of the label's softmax
                              probability (Lin et al. 2017, equation 4) */
    BCUE_OP_FOCAL_SIGMOID, /* logits, target (N,C) in 0 .. 1: the sum over the classes of
                              a (1-q)^gamma BCE with p = sigmoid(logit), q = p t + (1-p)(1-t) and
                              a = alpha t + (1-alpha)(1-t) (torchvision's sigmoid_focal_loss) */
    BCUE_OP_MSE,           /* x, target (N,...): mean over a row's elements of (x - target)^2 */
    BCUE_OP_SMOOTH_L1,     /* x, target (N,...): mean over a row's elements of d^2 / (2 beta) where
                              d = |x - target| < beta, else d - beta / 2 */
    BCUE_OP_KL_DISTILL,    /* student, teacher logits (N,C): T^2 KL(softmax(teacher/T) || softmax(student/T)),
                              summed over the classes (Hinton et al. 2015) */
    BCUE_OP_GAUSSIAN_KL,   /* mean, log variance (N,D): KL(N(mean, variance) || N(0, 1)), summed over D
                              (Kingma and Welling 2014, appendix B). Differentiable by both. */
    /* What layers in 8 bits read, but as real numbers (graph/fake_int8.h). The gradient passes straight
       through where nothing was cut off, and is 0 where it was (Bengio et al. 2013, Jacob et al. 2018). */
    BCUE_OP_FAKE_QUANTISE,        /* x: round(x / scale), half to even, cut to the levels, times scale */
    BCUE_OP_FAKE_QUANTISE_WEIGHT, /* weight (O,...): the same with a scale per output, max |w_o| / 127 */
    BCUE_OP_FAKE_QUANTISE_BIAS,   /* bias (O), weight (O,...): in whole steps of the weight's scale times that
                                     of   the input. Or the bias of the batch norm behind a layer, that layer's
                                     weight, the norm's weight, running mean and variance [, the layer's bias]:
                                     so that what all of them add lies on whole steps. Differentiable by the
                                     first input only. */
    BCUE_OP_COUNT
} bcue_op;

const char *bcue_op_name(bcue_op op); /* "conv2d" */
/* Input 0 is the prediction, input 1 the target, input 2 the optional row weight; the result is one number.
 */
bool bcue_op_is_loss(bcue_op op);
/* Is the operator differentiable by its input of this number? (Targets, row weights and running statistics
   are constants.) */
bool bcue_op_passes_gradient(bcue_op op, int input);

enum { BCUE_MAX_OP_INPUTS = 16 };

typedef struct bcue_node {
    bcue_op op;
    const char
        *name; /* dotted, unique in the graph ("name#2" when a layer is called again); owned by the graph */
    bcue_value input[BCUE_MAX_OP_INPUTS];
    int input_count;
    bcue_value output;
    union {
        struct {
            int stride[2], padding[2], dilation[2], groups; /* [0] vertical, [1] horizontal */
        } conv;
        struct {
            double epsilon,
                momentum; /* running = (1 - momentum) running + momentum batch (unbiased variance) */
        } norm;
        struct {
            int kernel[2], stride[2], padding[2];
        } pool;
        struct {
            int axis;
            int64_t start, stop;
        } axis; /* concat, slice, softmax */
        struct {
            int axis;
            const int32_t *index; /* `count` of them, owned by the graph */
            int64_t count;
        } select;
        struct {
            int order[BCUE_MAX_RANK];
        } permute;
        struct {
            uint32_t axes; /* bit i = axis i */
            bool keep;
        } reduce;
        struct {
            double probability;
        } dropout;
        struct {
            double label_smoothing, alpha, gamma, beta, temperature;
        } loss;
        struct {
            double scale, shift;
        } affine;
        struct {
            bool transpose_a, transpose_b; /* the last two dimensions are stored the other way round */
        } matmul;
        struct {
            double scale, dropout; /* dropout: of the attention probabilities */
        } attention;
        struct {
            double scale;   /* of the layer's input */
            bool negative;  /* levels -128 .. 127, else 0 .. 255 */
            double epsilon; /* FAKE_QUANTISE_BIAS of a batch norm: the norm's */
        } quantise;
    } u;
} bcue_node;

typedef enum bcue_value_kind {
    BCUE_VALUE_INPUT,     /* written by the caller before each run */
    BCUE_VALUE_PARAMETER, /* trainable, or a running statistic */
    BCUE_VALUE_RESULT,    /* output of a node */
} bcue_value_kind;

typedef enum bcue_init {
    BCUE_INIT_ZERO,
    BCUE_INIT_ONE,
    BCUE_INIT_UNIFORM_FAN_IN, /* U(-1/sqrt(fan_in), +1/sqrt(fan_in)): PyTorch's default for linear and
                                 convolution, weight and bias */
    BCUE_INIT_NORMAL_FAN_OUT, /* N(0, 2/fan_out): He et al. 2015 for ReLU, as torchvision's ResNet */
    BCUE_INIT_NORMAL,         /* N(0, scale^2) */
} bcue_init;

typedef struct bcue_parameter_spec {
    bcue_init init;
    double scale;  /* of BCUE_INIT_NORMAL */
    int64_t fan;   /* fan-in or fan-out for the two fan rules (a bias takes its layer's) */
    bool running;  /* a statistic kept by training, not trained */
    bool no_decay; /* outside weight decay */
} bcue_parameter_spec;

typedef struct bcue_value_info {
    bcue_value_kind kind;
    const char *name; /* inputs and parameters: theirs; results: their node's */
    bcue_dtype
        dtype; /* BCUE_F32 stands for "real": a double plan computes it in double. Labels are BCUE_I32. */
    bcue_shape shape;
    int32_t node;      /* producing node of a result, else -1 */
    int32_t parameter; /* index among the parameters, else -1 */
    bcue_parameter_spec spec;
    const char *output_name; /* set when marked as output, else NULL */
} bcue_value_info;

bcue_graph *bcue_graph_create(void); /* NULL: out of memory */
void bcue_graph_destroy(bcue_graph *graph);
/* The first error of building, if any. A graph that does not check must not be planned. */
bcue_status bcue_graph_check(const bcue_graph *graph, bcue_error *error);

/* Dotted scopes: names given between push and pop get "scope." in front. */
void bcue_graph_push(bcue_graph *graph, const char *scope);
void bcue_graph_pop(bcue_graph *graph);

bcue_value bcue_graph_input(bcue_graph *graph, const char *name, bcue_dtype dtype, const bcue_shape *shape);
/* Asking again for the same full name with the same shape gives the same value (a shared layer); another
 * shape is an error. */
bcue_value bcue_graph_parameter(bcue_graph *graph, const char *name, const bcue_shape *shape,
                                const bcue_parameter_spec *spec);
void bcue_graph_output(bcue_graph *graph, const char *name, bcue_value value);

/* C does not say in which order arguments are evaluated: where the order of parameters or nodes matters
 * (initial weights and dropout are keyed by it), give each call its own statement. Operators. `name` is the
 * node's (scoped) name; NULL makes one from op and number. */
bcue_value bcue_graph_conv2d(bcue_graph *graph, const char *name, bcue_value x, bcue_value weight,
                             bcue_value bias /* or BCUE_NO_VALUE */, const int stride[2],
                             const int padding[2], const int dilation[2], int groups);
bcue_value bcue_graph_batch_norm(bcue_graph *graph, const char *name, bcue_value x, bcue_value weight,
                                 bcue_value bias, bcue_value running_mean, bcue_value running_var,
                                 double epsilon, double momentum);
bcue_value bcue_graph_linear(bcue_graph *graph, const char *name, bcue_value x, bcue_value weight,
                             bcue_value bias /* or BCUE_NO_VALUE */);
bcue_value bcue_graph_relu(bcue_graph *graph, const char *name, bcue_value x);
bcue_value bcue_graph_max_pool(bcue_graph *graph, const char *name, bcue_value x, const int kernel[2],
                               const int stride[2], const int padding[2]);
bcue_value bcue_graph_avg_pool(bcue_graph *graph, const char *name, bcue_value x, const int kernel[2],
                               const int stride[2], const int padding[2]);
bcue_value bcue_graph_adaptive_avg_pool(bcue_graph *graph, const char *name, bcue_value x, int height,
                                        int width);
bcue_value bcue_graph_add(bcue_graph *graph, const char *name, bcue_value a, bcue_value b);
bcue_value bcue_graph_mul(bcue_graph *graph, const char *name, bcue_value a, bcue_value b);
bcue_value bcue_graph_concat(bcue_graph *graph, const char *name, const bcue_value *inputs, int count,
                             int axis);
bcue_value bcue_graph_slice(bcue_graph *graph, const char *name, bcue_value x, int axis, int64_t start,
                            int64_t stop);
/* `index` (0 .. size of the axis - 1, or -1 for zeros) is copied. */
bcue_value bcue_graph_select(bcue_graph *graph, const char *name, bcue_value x, int axis,
                             const int32_t *index, int64_t count);
bcue_value bcue_graph_reshape(bcue_graph *graph, const char *name, bcue_value x,
                              const bcue_shape *shape /* one dimension may be -1 */);
bcue_value bcue_graph_permute(bcue_graph *graph, const char *name, bcue_value x, const int *order);
bcue_value bcue_graph_reduce(bcue_graph *graph, const char *name, bcue_op op, bcue_value x, uint32_t axes,
                             bool keep);
bcue_value bcue_graph_softmax(bcue_graph *graph, const char *name, bcue_value x, int axis);
bcue_value bcue_graph_dropout(bcue_graph *graph, const char *name, bcue_value x, double probability);
bcue_value bcue_graph_cross_entropy(bcue_graph *graph, const char *name, bcue_value logits, bcue_value target,
                                    bcue_value row_weight /* or BCUE_NO_VALUE */, double label_smoothing);
bcue_value bcue_graph_layer_norm(bcue_graph *graph, const char *name, bcue_value x, bcue_value weight,
                                 bcue_value bias, double epsilon);
bcue_value bcue_graph_matmul(bcue_graph *graph, const char *name, bcue_value a, bcue_value b,
                             bool transpose_a, bool transpose_b);
bcue_value bcue_graph_gelu(bcue_graph *graph, const char *name, bcue_value x);
bcue_value bcue_graph_sigmoid(bcue_graph *graph, const char *name, bcue_value x);
bcue_value bcue_graph_tanh(bcue_graph *graph, const char *name, bcue_value x);
bcue_value bcue_graph_exp(bcue_graph *graph, const char *name, bcue_value x);
bcue_value bcue_graph_affine(bcue_graph *graph, const char *name, bcue_value x, double scale, double shift);
bcue_value bcue_graph_resize_bilinear(bcue_graph *graph, const char *name, bcue_value x, int height,
                                      int width);
bcue_value bcue_graph_attention(bcue_graph *graph, const char *name, bcue_value q, bcue_value k, bcue_value v,
                                double scale, double dropout);
/* Losses; row_weight may be BCUE_NO_VALUE in all of them. */
bcue_value bcue_graph_focal_softmax(bcue_graph *graph, const char *name, bcue_value logits, bcue_value label,
                                    bcue_value row_weight, double gamma);
bcue_value bcue_graph_focal_sigmoid(bcue_graph *graph, const char *name, bcue_value logits, bcue_value target,
                                    bcue_value row_weight, double alpha, double gamma);
bcue_value bcue_graph_mse(bcue_graph *graph, const char *name, bcue_value x, bcue_value target,
                          bcue_value row_weight);
bcue_value bcue_graph_smooth_l1(bcue_graph *graph, const char *name, bcue_value x, bcue_value target,
                                bcue_value row_weight, double beta);
bcue_value bcue_graph_kl_distill(bcue_graph *graph, const char *name, bcue_value student, bcue_value teacher,
                                 bcue_value row_weight, double temperature);
bcue_value bcue_graph_gaussian_kl(bcue_graph *graph, const char *name, bcue_value mean,
                                  bcue_value log_variance, bcue_value row_weight);
bcue_value bcue_graph_fake_quantise(bcue_graph *graph, const char *name, bcue_value x, double scale,
                                    bool negative);
bcue_value bcue_graph_fake_quantise_weight(bcue_graph *graph, const char *name, bcue_value weight);
/* `norm` (may be NULL): of the batch norm whose bias it is, the weight, running mean and variance, and the
   layer's bias or BCUE_NO_VALUE; epsilon is the norm's. */
bcue_value bcue_graph_fake_quantise_bias(bcue_graph *graph, const char *name, bcue_value bias,
                                         bcue_value weight, double scale, const bcue_value norm[4],
                                         double epsilon);

/* Reading. */
int32_t bcue_graph_node_count(const bcue_graph *graph);
const bcue_node *bcue_graph_node(const bcue_graph *graph, int32_t index); /* in execution order */
int32_t bcue_graph_value_count(const bcue_graph *graph);
const bcue_value_info *bcue_graph_value(const bcue_graph *graph, bcue_value value);
int32_t bcue_graph_parameter_count(const bcue_graph *graph);
bcue_value bcue_graph_parameter_value(const bcue_graph *graph, int32_t parameter);
bcue_value bcue_graph_find(const bcue_graph *graph,
                           const char *name); /* input, parameter, output or node name; BCUE_NO_VALUE */
/* Multiply-accumulates of one node's forward pass (convolution, linear, matmul and both products of
   attention; 0 for the rest). */
int64_t bcue_graph_node_macs(const bcue_graph *graph, int32_t index);

#endif
