beamcue predict "$TESTS/../../../pretrained/point_student_street_v1.safetensors" --radar-pose 4
