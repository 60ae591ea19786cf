#define BCUE_REAL float
#define BCUE_REF_FORWARD bcue_ref_forward_f32
#define BCUE_REF_BACKWARD bcue_ref_backward_f32
#include "engine/reference_dispatch.inc.h"
