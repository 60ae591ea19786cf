#define BCUE_REAL double
#define BCUE_REF_FORWARD bcue_ref_forward_f64
#define BCUE_REF_BACKWARD bcue_ref_backward_f64
#include "engine/reference_dispatch.inc.h"
