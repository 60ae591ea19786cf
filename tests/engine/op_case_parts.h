/* What the files of the operators' case table share. */
#ifndef BCUE_TESTS_OP_CASE_PARTS_H
#define BCUE_TESTS_OP_CASE_PARTS_H

#include "graph/graph.h"

bcue_value bcue_case_input(bcue_graph *g, const char *name, bcue_shape shape);
bcue_value bcue_case_parameter(bcue_graph *g, const char *name, bcue_shape shape); /* trained */
/* loss = sum(y * cotangent), so that any dy can be asked for. */
void bcue_case_finish(bcue_graph *g, bcue_value y);

/* op_cases_token.c */
void bcue_case_layer_norm_3d(bcue_graph *g);
void bcue_case_layer_norm_vector(bcue_graph *g);
void bcue_case_matmul_2d(bcue_graph *g);
void bcue_case_matmul_turned_a(bcue_graph *g);
void bcue_case_matmul_turned_b(bcue_graph *g);
void bcue_case_matmul_turned_both(bcue_graph *g);
void bcue_case_matmul_broadcast(bcue_graph *g);
void bcue_case_gelu_2d(bcue_graph *g);
void bcue_case_sigmoid_3d(bcue_graph *g);
void bcue_case_tanh_3d(bcue_graph *g);
void bcue_case_exp_2d(bcue_graph *g);
void bcue_case_resize_double(bcue_graph *g);
void bcue_case_resize_eightfold(bcue_graph *g);
void bcue_case_resize_uneven(bcue_graph *g);
void bcue_case_resize_same(bcue_graph *g);
void bcue_case_attention_self(bcue_graph *g);
void bcue_case_attention_cross(bcue_graph *g);
void bcue_case_attention_one_token(bcue_graph *g);
void bcue_case_attention_dropped(bcue_graph *g);
void bcue_case_attention_heads(bcue_graph *g);
void bcue_case_select_channels(bcue_graph *g);
void bcue_case_select_rows(bcue_graph *g);
/* op_cases_loss.c */
void bcue_case_cross_entropy_hard(bcue_graph *g);
void bcue_case_cross_entropy_one_row(bcue_graph *g);
void bcue_case_cross_entropy_smooth_weighted(bcue_graph *g);
void bcue_case_cross_entropy_soft(bcue_graph *g);
void bcue_case_cross_entropy_soft_weighted(bcue_graph *g);
void bcue_case_focal_softmax(bcue_graph *g);
void bcue_case_focal_softmax_weighted(bcue_graph *g);
void bcue_case_focal_sigmoid(bcue_graph *g);
void bcue_case_focal_sigmoid_weighted(bcue_graph *g);
void bcue_case_mse_3d(bcue_graph *g);
void bcue_case_smooth_l1(bcue_graph *g);
void bcue_case_smooth_l1_weighted(bcue_graph *g);
void bcue_case_kl_distill(bcue_graph *g);
void bcue_case_kl_distill_weighted(bcue_graph *g);
void bcue_case_gaussian_kl(bcue_graph *g);
void bcue_case_gaussian_kl_weighted(bcue_graph *g);

#endif
